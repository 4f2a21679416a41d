"""What PyAV hands out, turned into Gonio's terms: header facts, true times, upright RGB pixels."""

import logging
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from av.buffer import Buffer
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from gonio.arrays import ImageArray
from gonio.io.yuv import as_decoded
from gonio.structures.frame import Frame

_log = logging.getLogger(__name__)

_JUMP_S = 1.0  # stamps that fall back further than this belong to another recording


@dataclass(frozen=True, slots=True)
class VideoHeader:
    """What a video file says about itself before a frame is decoded.

    Attributes:
        fps: Average frames per second, None if unknown.
        frames: Number of frames in the header, None if it has none (Matroska, WebM, MPEG-TS).
        duration_s: Length of the video stream in seconds, None if unknown.
        is_cut: The last part of the file is longer than what is left of it (MP4 and MOV only).
    """

    fps: float | None
    frames: int | None
    duration_s: float | None
    is_cut: bool = False

    @property
    def frame_s(self) -> float | None:
        """Average seconds per frame."""
        if self.frames and self.duration_s:
            return self.duration_s / self.frames
        return 1.0 / self.fps if self.fps else None

    @property
    def announced(self) -> int | None:
        """The number of frames, by the header or, failing that, by duration and rate."""
        if self.frames is not None:
            return self.frames
        if self.duration_s is None or not self.fps:
            return None
        return round(self.duration_s * self.fps)

    def ended_early(self, frames: int, covered_s: float) -> bool:
        """Whether ``frames`` frames that cover ``covered_s`` seconds are fewer than announced.

        A count alone is not believed: an edit list may rightly hide frames that the header counts, and then
        the duration is shorter as well. A duration alone is believed to within 1.5 frames, for containers
        round it.
        """
        missing_s = math.inf if self.duration_s is None else self.duration_s - covered_s
        frame_s = self.frame_s or 0.04
        if self.frames is not None:
            return frames < self.frames and missing_s > 0.5 * frame_s
        return self.is_cut or (self.duration_s is not None and missing_s > 1.5 * frame_s)


def read_header(path: Path, container: InputContainer, stream: VideoStream) -> VideoHeader:
    """Read what the container says about its video stream."""
    rate = stream.average_rate or stream.guessed_rate
    return VideoHeader(
        fps=float(rate) if rate else None,
        frames=stream.frames or None,
        duration_s=_duration_s(container, stream),
        is_cut="mp4" in container.format.name and mp4_is_cut(path),
    )


def mp4_is_cut(path: Path) -> bool:
    """Whether the last box of an MP4 or MOV file is longer than what is left of the file.

    Source:
        ISO/IEC 14496-12, 4.2: each box begins with its size in 4 bytes; 1 stands for a size in 8 bytes after the
        4 of its type, 0 for the rest of the file.
    """
    left = path.stat().st_size
    with path.open("rb") as file:
        while left > 0:
            head = file.read(16)
            if len(head) < 8:
                return True
            size = int.from_bytes(head[:4], "big")
            if size == 1:
                size = int.from_bytes(head[8:], "big")
            if size < 8:  # 0, or no box at all but bytes that some cameras append
                return False
            left -= size
            file.seek(size - len(head), 1)
    return left < 0


def _duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    tag = stream.metadata.get("DURATION", "")  # Matroska's statistics: 00:00:03.000000000
    parts = tag.split(":")
    if len(parts) == 3 and all(part.replace(".", "", 1).isdecimal() for part in parts):
        return 3600 * float(parts[0]) + 60 * float(parts[1]) + float(parts[2])
    # The container's duration is that of its longest stream, which may be the sound.
    if container.duration and len(container.streams) == 1:
        return container.duration / 1_000_000
    return None


class Clock:
    """Times of successive frames, in seconds from the first one, strictly increasing.

    A frame without a time stamp, or with one that does not lie after the frame before it, gets the time of
    the frame before it plus one frame at the average rate. When the stamps jump back by more than a second
    (recordings joined end to end), all later ones are shifted. Either is logged once.

    Args:
        frame_s: Average seconds per frame; None counts 25 a second.
        name: The source, for the log.
    """

    def __init__(self, frame_s: float | None, name: str) -> None:
        self._frame_s = frame_s or 0.04
        self._name = name
        self._first_pts: int | None = None
        self._shift_s = 0.0
        self._latest_s: float | None = None
        self._warned = False

    def time_s(self, picture: VideoFrame) -> float:
        """Time of the next frame."""
        stamp_s = self._stamp_s(picture)
        if self._latest_s is None:
            time_s = stamp_s or 0.0
        elif stamp_s is None or stamp_s <= self._latest_s:
            time_s = self._latest_s + self._frame_s
            if stamp_s is not None and self._latest_s - stamp_s > _JUMP_S:
                self._shift_s += time_s - stamp_s
            self._warn(stamp_s)
        else:
            time_s = stamp_s
        self._latest_s = time_s
        return time_s

    def _stamp_s(self, picture: VideoFrame) -> float | None:
        if picture.pts is None or picture.time_base is None:
            return None
        if self._first_pts is None:
            self._first_pts = picture.pts
            if self._latest_s is not None:  # frames without a stamp came before
                self._shift_s = self._latest_s + self._frame_s
        return float((picture.pts - self._first_pts) * picture.time_base) + self._shift_s

    def _warn(self, stamp_s: float | None) -> None:
        if not self._warned:
            self._warned = True
            what = "is missing" if stamp_s is None else f"({stamp_s:.3f} s) does not lie after the one before"
            _log.warning("'%s': a time stamp %s; such times are taken from the average frame rate", self._name, what)


def frame_duration_s(picture: VideoFrame) -> float | None:
    """How long a frame is shown, in seconds; None if the container does not say."""
    if not picture.duration or picture.time_base is None:
        return None
    return float(picture.duration * picture.time_base)


class Uprighter:
    """Turns decoded frames into upright RGB pixels, as their display matrix says.

    The matrix is read from the first frame, and again when a frame's rotation is another. Not from each: PyAV's frame
    and its side data hold each other, so a frame whose side data was looked at stays in memory until Python's next full
    garbage collection, hundreds of frames later.
    """

    def __init__(self, *, keep_yuv: bool = False) -> None:
        self._keep_yuv = keep_yuv
        self._to_rgb = VideoReformatter()  # one for all frames: each would start threads of its own
        self._rotation: int | None = None
        self._matrix = _UNTURNED

    def frame(self, picture: VideoFrame, *, index: int, time_s: float, source: str) -> Frame:
        """A decoded frame in Gonio's terms; with ``keep_yuv`` also as it was, unless it was turned or mirrored.

        Nobody can write into an image that is kept in both ways: the two would differ.
        """
        rgb = self.rgb(picture)
        yuv = as_decoded(picture, rgb) if self._keep_yuv and self._matrix == _UNTURNED else None
        rgb.flags.writeable = yuv is None
        return Frame(rgb, index=index, time_s=time_s, source=source, yuv=yuv)

    def rgb(self, picture: VideoFrame) -> ImageArray:
        """Pixels of a frame, ``(H, W, 3)`` uint8 RGB, turned and mirrored.

        Source:
            ISO/IEC 14496-12, 8.3.2 (track header): the matrix ``(a b u, c d v, x y w)`` takes a pixel ``(p, q)``
            to ``(a p + c q, b p + d q)``. Phones write quarter turns and mirrorings only; other angles go to the
            nearest.
        """
        if picture.rotation != self._rotation:
            self._rotation, self._matrix = picture.rotation, _display_matrix(picture)
        rgb = self._to_rgb.reformat(picture, format="rgb24").to_ndarray().astype(np.uint8, copy=False)
        a, b, c, d = self._matrix
        if abs(b) > abs(a):
            rgb, a, d = rgb.transpose(1, 0, 2), c, b
        return np.ascontiguousarray(rgb[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])


_UNTURNED = (1, 0, 0, 1)


def _display_matrix(picture: VideoFrame) -> tuple[int, int, int, int]:
    """``a b c d`` of the frame's display matrix, up to a positive factor."""
    side_data = cast("Mapping[str, Buffer]", picture.side_data)  # PyAV's stubs know one kind only
    if "DISPLAYMATRIX" not in side_data:
        return _UNTURNED
    a, b, _, c, d = struct.unpack("=5i", bytes(side_data["DISPLAYMATRIX"])[:20])
    return a, b, c, d
