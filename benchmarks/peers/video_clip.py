"""The clip that is timed: as it is, or scaled and cut once into the work folder."""

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

_QUALITY = {"crf": "18", "preset": "veryfast"}
_DEFAULT_FPS = Fraction(30)


@dataclass(frozen=True, slots=True)
class Clip:
    """A film to time.

    Attributes:
        name: What the report calls it.
        path: The file that every library reads.
        size_wh: Its width and height, px.
        frames: Frames in it.
    """

    name: str
    path: Path
    size_wh: tuple[int, int]
    frames: int


def prepared(path: Path, *, folder: Path, size_wh: tuple[int, int] | None = None, frames: int | None = None) -> Clip:
    """The clip in that size, cut after so many frames; the file itself where nothing is to be changed.

    Args:
        path: Any film.
        folder: Where a changed copy is kept; made if it is not there.
        size_wh: Even width and height, px; None: as it is.
        frames: Keep so many; None: all.

    Raises:
        FileNotFoundError: If there is no such file.
        av.FFmpegError: If it cannot be read or written.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no clip '{path}'")
    found_wh, count = _look(path)
    wanted_wh = size_wh or found_wh
    kept = min(frames or count, count)
    if (wanted_wh, kept) == (found_wh, count):
        return Clip(path.name, path.resolve(), found_wh, count)
    folder.mkdir(parents=True, exist_ok=True)
    origin = hashlib.blake2s(str(path.resolve()).encode(), digest_size=4).hexdigest()
    copy = folder / f"{path.stem}-{origin}-{wanted_wh[0]}x{wanted_wh[1]}-{kept}.mp4"
    if not copy.is_file() or copy.stat().st_mtime < path.stat().st_mtime:
        unfinished = copy.with_suffix(".part.mp4")
        _transcode(path, unfinished, wanted_wh, kept)
        unfinished.replace(copy)
    return Clip(path.name, copy, wanted_wh, kept)


def _look(path: Path) -> tuple[tuple[int, int], int]:
    """Size and number of frames, counted by decoding: containers are known to err."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        return (stream.width, stream.height), sum(1 for _ in container.decode(stream))


def _transcode(source: Path, target: Path, size_wh: tuple[int, int], frames: int) -> None:
    """The first frames in another size, at their times."""
    with av.open(str(source)) as reading, av.open(str(target), "w") as writing:
        old = reading.streams.video[0]
        new = writing.add_stream("libx264", rate=old.average_rate or _DEFAULT_FPS, options=_QUALITY)
        new.width, new.height = size_wh
        new.pix_fmt = "yuv420p"
        new.codec_context.time_base = old.time_base or 1 / _DEFAULT_FPS
        for _, frame in zip(range(frames), reading.decode(old), strict=False):
            scaled = frame.reformat(width=size_wh[0], height=size_wh[1], format="yuv420p", interpolation="BICUBIC")
            scaled.pts, scaled.time_base = frame.pts, frame.time_base
            scaled.pict_type = av.video.frame.PictureType.NONE  # else the encoder repeats the old choice of key frames
            writing.mux(new.encode(scaled))
        writing.mux(new.encode(None))
