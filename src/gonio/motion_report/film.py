"""The film in the page: a part of the recording that is short and small enough, and an honest word about the rest."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from gonio.arrays import FloatArray64, ImageArray
from gonio.errors import ConfigError
from gonio.io.sinks.video import VideoSink
from gonio.motion_report.content import ReportContent, ReportOptions
from gonio.motion_report.faces import Heads, blur_heads
from gonio.motion_report.words import seconds

_MAX_FRAMES = 3600
"""Two minutes at 30 a second; a longer or quicker film shows every second, third... frame."""
_QUALITY = ((1.0, 27), (0.7, 31), (0.5, 35))
"""Part of the wanted size and libx264's rate factor, tried one after the other until the film is light enough."""
_LEAD_S = 1.0
"""How long before the first event the film of a long recording begins."""


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """An MP4 file and what it shows.

    Attributes:
        data: The file.
        size_wh: In px.
        scale: Film px per px of the recording.
        times: ``(F,)`` s of the recording, one for each frame; the film itself begins at 0.
        notes: What was left out or made coarser; sentences.
    """

    data: bytes
    size_wh: tuple[int, int]
    scale: float
    times: FloatArray64
    notes: tuple[str, ...]


def make_film(content: ReportContent, options: ReportOptions, heads: Heads | None) -> tuple[Film | None, str]:
    """Encode the film.

    Args:
        content: With ``pictures``, else there is none.
        options: Limits.
        heads: To blur; None to leave faces as they are.

    Returns:
        The film, or None and a sentence that says why there is none.
    """
    if content.pictures is None:
        return None, "Made from keypoints: there is no video to show."
    start_s, end_s = _part(content, options)
    step = max(1, -(-_frames_between(content, start_s, end_s) // _MAX_FRAMES))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        for part, crf in _QUALITY:
            times, size_wh, scale = _encode(
                path, _chosen(content, start_s, end_s, step), round(part * options.film_px), crf, heads
            )
            if not times:
                return None, "The video holds no picture of the time that was analysed."
            data = path.read_bytes()
            if len(data) <= options.film_bytes:
                notes = _notes(content, (start_s, end_s), step, scale)
                return Film(data, size_wh, scale, np.array(times), notes), ""
    limit = options.film_bytes / 1e6
    return None, f"The film is left out: even made coarser it would weigh more than {limit:g} MB."


def _part(content: ReportContent, options: ReportOptions) -> tuple[float, float]:
    """All of a short recording; of a long one, from shortly before the first event or repetition on."""
    first, last = content.span_s
    if last - first <= options.film_s:
        return first, last
    moments = [e.time_s for a in content.analyses for e in a.events]
    moments += [r.start_s for a in content.analyses for r in a.repetitions]
    begin = min((m for m in moments if first <= m <= last), default=first)
    start_s = min(max(begin - _LEAD_S, first), last - options.film_s)
    return start_s, start_s + options.film_s


def _frames_between(content: ReportContent, start_s: float, end_s: float) -> int:
    times = content.sequence.time_s
    return int(((times >= start_s) & (times <= end_s)).sum())


def _chosen(content: ReportContent, start_s: float, end_s: float, step: int) -> Iterator[tuple[float, ImageArray]]:
    count = 0
    for time_s, image in content.pictures() if content.pictures else ():
        if time_s > end_s + 1e-6:
            return
        if time_s >= start_s - 1e-6:
            if count % step == 0:
                yield time_s, image
            count += 1


def _encode(
    path: Path, pictures: Iterator[tuple[float, ImageArray]], longest: int, crf: int, heads: Heads | None
) -> tuple[list[float], tuple[int, int], float]:
    times: list[float] = []
    size_wh, scale, sink = (0, 0), 1.0, None
    for time_s, image in pictures:
        if sink is None:
            scale = min(1.0, longest / max(image.shape[:2]))
            size_wh = even((image.shape[1] * scale, image.shape[0] * scale))
            sink = VideoSink(path, crf=crf, preset="medium", start_s=time_s)
        elif time_s <= times[-1]:
            continue
        small = np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
        if heads is not None:
            # Blurred at this size, so that no trace of the face is left in a finer one.
            small = blur_heads(small, heads.at(time_s) * scale)
        sink.write(small, time_s)
        times.append(time_s)
    if sink is not None:
        sink.close()
    return times, size_wh, scale


def even(size: tuple[float, float]) -> tuple[int, int]:
    """Both numbers rounded to even ones, as H.264 needs them, and at least 2.

    Raises:
        ConfigError: If one is not above 0.
    """
    if min(size) <= 0:
        raise ConfigError(f"a picture of {size[0]:g} x {size[1]:g} px cannot be shown; give one that holds pixels")
    return max(2, 2 * round(size[0] / 2)), max(2, 2 * round(size[1] / 2))


def _notes(content: ReportContent, part: tuple[float, float], step: int, scale: float) -> tuple[str, ...]:
    notes = []
    first, last = content.span_s
    if part[1] - part[0] < last - first - 1e-6:
        shown = f"The film shows {seconds(part[0])} to {seconds(part[1])}"
        notes.append(f"{shown}; curves and numbers cover {seconds(first)} to {seconds(last)}.")
    if step > 1:
        notes.append(f"The film shows one frame in {step}.")
    if scale < 1:
        size = f"{100 * scale:.0f}\u202f% of its size"
        notes.append(f"The film is shown at {size}; measurements were made in the original.")
    return tuple(notes)
