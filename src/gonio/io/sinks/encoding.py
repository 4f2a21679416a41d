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
from av.video.stream import VideoStream

from gonio.arrays import ImageArray, PixelBox
from gonio.io.yuv import plane_pixels, write_yuv420
from gonio.structures.yuv import YuvColours, YuvPicture

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
_LIMITED_RANGE = 1
_BITS_PER_PIXEL = 0.15  # for encoders that know no constant quality

# Beyond ultrafast: smoothed block edges, which give it the quality of the next preset in half the time.
_QUICK_OPTIONS = {"preset": "ultrafast", "x264-params": "deblock=0,0"}


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
        colours: What the file's numbers shall mean.

    Raises:
        av.FFmpegError: From here and every method, if FFmpeg cannot do it; an OSError too where the disk is
            at fault.
    """

    def __init__(self, path: Path, size_wh: tuple[int, int], settings: EncoderSettings, colours: YuvColours) -> None:
        self.size_wh = size_wh
        self._colours = colours
        self._time_base = Fraction(1, settings.ticks_per_s)
        self._durations: dict[int, int] = {}  # of the frames that the encoder holds back, by tick
        form = "mov" if path.suffix.lower() == ".mov" else "mp4"
        # An absolute path, because FFmpeg takes "clip:1.mp4" for a protocol. Fast start: the index comes
        # first.
        self._container = av.open(str(path.absolute()), "w", format=form, options={"movflags": "+faststart"})
        self._stream = self._add_stream(settings)
        self._frame = av.VideoFrame(*size_wh, "yuv420p")
        self._frame.time_base = self._time_base

    def add(
        self,
        image: ImageArray,
        tick: int,
        duration: int,
        *,
        over: YuvPicture | None = None,
        changed: Sequence[PixelBox] = (),
    ) -> None:
        """Encode one frame.

        Args:
            image: ``(H, W, 3)`` uint8 RGB of any size.
            tick: Its time, later than the one before.
            duration: Ticks that it lasts if it is the last one; else the next one's time decides.
            over: The picture that ``image`` was before something was drawn on it: taken as it is, where it has the size
                and the colours of the file, but for ``changed``.
            changed: Where ``image`` differs from ``over``.
        """
        self._frame.make_writable()  # an encoder may still hold the last picture
        planes = [plane_pixels(plane) for plane in self._frame.planes]
        if over is None or over.size_wh != self.size_wh or over.colours != self._colours:
            write_yuv420(fitted(image, self.size_wh), planes, self._colours)
        else:
            for plane, decoded in zip(planes, over.planes, strict=True):
                np.copyto(plane, decoded)
            for box in changed:
                _overwrite(planes, image, box, self._colours)
        self._frame.pts = tick
        self._durations[tick] = duration
        self._mux(self._stream.encode(self._frame))

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
        context.colorspace = self._colours.matrix
        context.color_primaries = self._colours.primaries
        context.color_trc = self._colours.transfer
        context.color_range = _LIMITED_RANGE
        if settings.encoder != "libx264":
            stream.bit_rate = int(_BITS_PER_PIXEL * self.size_wh[0] * self.size_wh[1] * settings.fps)
        return stream


def _overwrite(planes: Sequence[ImageArray], image: ImageArray, box: PixelBox, colours: YuvColours) -> None:
    """Put one part of an image of even size into the planes; four pixels share a colour, so it grows to whole ones."""
    x1, y1, x2, y2 = box[0] & ~1, box[1] & ~1, (box[2] + 1) & ~1, (box[3] + 1) & ~1
    luma, *differences = planes
    halves = [plane[y1 // 2 : y2 // 2, x1 // 2 : x2 // 2] for plane in differences]
    write_yuv420(image[y1:y2, x1:x2], [luma[y1:y2, x1:x2], *halves], colours)


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
