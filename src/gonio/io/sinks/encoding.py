"""One MP4 file being encoded: what PyAV and FFmpeg must be told so that times and colours come out right."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.packet import Packet
from av.video.plane import VideoPlane
from av.video.stream import VideoStream

from gonio.arrays import ImageArray

_log = logging.getLogger(__name__)

QUICK = "quick"
"""Gonio's own setting of libx264: see `EncoderSettings.options`."""
PRESETS = (
    QUICK,
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
)
"""Gonio's own, and libx264's from the quickest to the smallest file."""

_H264_ENCODERS = ("libx264", "libopenh264", "h264_videotoolbox", "h264_mf")
_BT709 = 1  # the number of BT.709 in H.264's tables of colour matrices, primaries and transfers
_LIMITED_RANGE = 1
_BITS_PER_PIXEL = 0.15  # for encoders that know no constant quality

# Beyond ultrafast: sub-pixel search by a look at luma alone, and small blocks.
_QUICK_OPTIONS = {"preset": "ultrafast", "x264-params": "subme=1:partitions=i4x4,i8x8:8x8dct=1"}

_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722  # ITU-R BT.709-6, 3.2
_TO_YUV = np.array(
    [
        [219 / 255 * _RED, 219 / 255 * _GREEN, 219 / 255 * _BLUE, 16],
        [-112 / 255 * _RED / (1 - _BLUE), -112 / 255 * _GREEN / (1 - _BLUE), 112 / 255, 128],
        [112 / 255, -112 / 255 * _GREEN / (1 - _RED), -112 / 255 * _BLUE / (1 - _RED), 128],
    ],
    np.float32,
)
"""RGB of 0 to 255 to BT.709's luma and colour differences in the limited range."""


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """How to encode: the encoder's name, the rate it plans with, its threads and libx264's quality."""

    encoder: str
    fps: float
    threads: int
    crf: int
    preset: str

    @property
    def ticks_per_s(self) -> int:
        """Time base: 1/90000 s; for MPEG-4 part 2, which allows no denominator above 65535, 1/60000 s."""
        return 60_000 if self.encoder == "mpeg4" else 90_000

    @property
    def options(self) -> dict[str, str]:
        """What the encoder is told.

        ``quick`` quantises everything alike, ``crf`` being the quantiser: libx264's own rate control looks at each
        frame twice, which takes a good part of the time that an encoder in a hurry needs. ``veryfast`` takes twice as
        long, for files a third smaller. ``python -m benchmarks.encoding`` measures presets.
        """
        if self.encoder != "libx264":
            return {}
        if self.preset == QUICK:
            return {"qp": str(self.crf)} | _QUICK_OPTIONS
        return {"crf": str(self.crf), "preset": self.preset}


def pick_encoder() -> str:
    """The best encoder that this FFmpeg has; MPEG-4, with a warning, if none is for H.264."""
    for name in _H264_ENCODERS:
        if name in av.codecs_available:
            return name
    _log.warning("this FFmpeg has no H.264 encoder; videos are written as MPEG-4, which browsers do not play")
    return "mpeg4"


class Encoding:
    """A container with one video stream, open until `finish` or `abandon`.

    Args:
        path: ``.mov`` gives QuickTime, any other suffix MP4.
        size_wh: Even width and height in px.
        settings: How to encode.

    Raises:
        av.FFmpegError: From here and every method, if FFmpeg cannot do it; an OSError too where the disk is
            at fault.
    """

    def __init__(self, path: Path, size_wh: tuple[int, int], settings: EncoderSettings) -> None:
        self.size_wh = size_wh
        self._time_base = Fraction(1, settings.ticks_per_s)
        self._durations: dict[int, int] = {}  # of the frames that the encoder holds back, by tick
        form = "mov" if path.suffix.lower() == ".mov" else "mp4"
        # An absolute path, because FFmpeg takes "clip:1.mp4" for a protocol. Fast start: the index comes
        # first.
        self._container = av.open(str(path.absolute()), "w", format=form, options={"movflags": "+faststart"})
        self._stream = self._add_stream(settings)

    def add(self, image: ImageArray, tick: int, duration: int) -> None:
        """Encode one frame.

        Args:
            image: ``(H, W, 3)`` uint8 RGB of any size.
            tick: Its time, later than the one before.
            duration: Ticks that it lasts if it is the last one; else the next one's time decides.
        """
        frame = av.VideoFrame(*self.size_wh, "yuv420p")
        _write_yuv420(fitted(image, self.size_wh), [_pixels(plane) for plane in frame.planes])
        frame.pts = tick
        frame.time_base = self._time_base
        self._durations[tick] = duration
        self._mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write what the encoder holds back, and the index."""
        self._mux(self._stream.encode(None))
        self._container.close()

    def abandon(self) -> None:
        """Let go of the file, whatever state it is in."""
        self._container.close()

    def _mux(self, packets: Iterable["Packet[VideoStream]"]) -> None:
        for packet in packets:
            if packet.pts is not None:
                # The encoder loses the frame's own duration; the container needs the last one's.
                packet.duration = self._durations.pop(packet.pts, 0)
            self._container.mux(packet)

    def _add_stream(self, settings: EncoderSettings) -> VideoStream:
        rate = Fraction(settings.fps).limit_denominator(1001)
        # add_stream's type depends on the codec's name where that is a literal
        stream: VideoStream = self._container.add_stream(settings.encoder, rate=rate, options=settings.options)  # type: ignore[assignment]
        stream.width, stream.height = self.size_wh
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        stream.time_base = context.time_base = self._time_base
        context.thread_count = settings.threads
        context.gop_size = max(1, round(2 * settings.fps))  # a key frame every two seconds, for jumping about
        # With B frames FFmpeg gives a file of uneven rate too short a duration; without them it is quicker
        # too.
        context.max_b_frames = 0
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED_RANGE
        if settings.encoder != "libx264":
            stream.bit_rate = int(_BITS_PER_PIXEL * self.size_wh[0] * self.size_wh[1] * settings.fps)
        return stream


def to_yuv420(image: ImageArray) -> ImageArray:
    """BT.709 in the limited range, colours halved both ways by the mean of four pixels.

    OpenCV's own conversion to this layout is BT.601's, FFmpeg's takes three to five times as long.

    Args:
        image: ``(H, W, 3)`` uint8 RGB, H and W even.

    Returns:
        ``(3 H / 2, W)`` uint8: the planes Y, U, V one after the other, as FFmpeg's ``yuv420p``.
    """
    height, width = image.shape[:2]
    planes = np.empty((height * 3 // 2, width), np.uint8)
    _write_yuv420(image, [planes[:height], *planes[height:].reshape(2, height // 2, width // 2)])
    return planes


def _write_yuv420(image: ImageArray, planes: Sequence[ImageArray]) -> None:
    """`to_yuv420` into the three planes, in place."""
    full = cv2.transform(image, _TO_YUV)
    halved = cv2.resize(full, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    for channel, (pixels, plane) in enumerate(zip((full, halved, halved), planes, strict=True)):
        cv2.extractChannel(pixels, channel, dst=plane)


def _pixels(plane: VideoPlane) -> ImageArray:
    """``(H, W)`` view of a plane's bytes, without the padding at the end of its rows."""
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def even_size(image: ImageArray) -> tuple[int, int]:
    """Width and height, each rounded up to an even number, as 4:2:0 needs them."""
    height, width = image.shape[:2]
    return width + width % 2, height + height % 2


def fitted(image: ImageArray, size_wh: tuple[int, int]) -> ImageArray:
    """The image at ``size_wh``: as it is, last column and row doubled, or scaled and centred on black."""
    height, width = image.shape[:2]
    if (width, height) == size_wh:
        return np.ascontiguousarray(image)
    if even_size(image) == size_wh:
        return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return _letterboxed(image, size_wh)


def _letterboxed(image: ImageArray, size_wh: tuple[int, int]) -> ImageArray:
    (height, width), (target_w, target_h) = image.shape[:2], size_wh
    scale = min(target_w / width, target_h / height)
    inner_w, inner_h = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (target_w - inner_w) // 2, (target_h - inner_h) // 2
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.zeros((target_h, target_w, 3), np.uint8)
    canvas[top : top + inner_h, left : left + inner_w] = cv2.resize(
        image, (inner_w, inner_h), interpolation=interpolation
    )
    return canvas
