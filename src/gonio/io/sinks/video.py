"""Annotated video: H.264 in MP4, every frame at its true time, whole also when the run is stopped."""

import errno
import logging
import math
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import av

from gonio.arrays import ImageArray, PixelBox
from gonio.errors import ConfigError, MediaError, ShapeError
from gonio.io.atomic import atomic_path
from gonio.io.sinks.encoding import PRESETS, QUICK, EncoderSettings, Encoding, even_size, pick_encoder
from gonio.processors import available_cpus
from gonio.structures.yuv import BT709, YuvPicture
from gonio.timing import timed

_log = logging.getLogger(__name__)

SUFFIXES = (".mp4", ".m4v", ".mov")
DEFAULT_CRF = 23
"""Quality of a drawn video where nobody chose one."""
_DEFAULT_FPS = 30.0


class VideoSink:
    """Writes frames at the times that they have, constant rate or not.

    The file is MP4 or QuickTime with H.264 (MPEG-4, with a warning, where FFmpeg has no H.264 encoder), 4:2:0, index at
    the front, in the colours of the first frame's ``over``, without one in BT.709. Times are kept to one tick of
    1/90000 s. The last frame lasts 1 / ``fps_hint``, or as long as the one before it. A frame whose time is not later
    than that of the one before is written one tick after it; the first such is logged.

    H.264 needs even sizes: an odd picture is extended by a copy of its last column or row. The first frame
    sets the size; a later one of another size is scaled to fit, centred on black.

    Use it in a ``with`` block. The file takes its name when the block ends, also by Ctrl-C or an error of the
    caller. A file that cannot be written is dropped, and an earlier one left as it was. Without a frame there
    is no file.

    Args:
        path: Ends in ``.mp4``, ``.m4v`` or ``.mov``. Missing parent folders are created.
        fps_hint: Frames per second to expect; the encoder plans with it, the times do not follow it. A value
            that no camera has, outside 1 to 1000, is ignored: containers are known to hold such.
        threads: Encoder threads; left out, half of the usable processors, at most 4: models need the rest.
        crf: Quality, 0 (lossless) to 51; 23 keeps thin lines clean. With ``"quick"`` it is the
            quantiser of every frame.
        preset: ``"quick"``, or one of libx264's, from ``"ultrafast"`` to ``"veryslow"``: the slower, the smaller the
            file.
        start_s: The time that is 0 in the file, so that a clip that was started at 60 s need not begin with a
            minute of nothing.

    Raises:
        ConfigError: If the suffix or a setting is out of range.
        MediaError: If the file cannot be made.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        fps_hint: float | None = None,
        threads: int | None = None,
        crf: int = DEFAULT_CRF,
        preset: str = QUICK,
        start_s: float = 0.0,
    ) -> None:
        self.path = Path(path)
        _check(self.path, threads=threads, crf=crf, preset=preset)
        self.frames_written = 0
        self._fps = fps_hint if fps_hint is not None and 1 <= fps_hint <= 1000 else None
        self._settings = EncoderSettings(
            encoder=pick_encoder(),
            fps=self._fps or _DEFAULT_FPS,
            threads=threads or _default_threads(),
            crf=crf,
            preset=preset,
        )
        self._start_s = start_s
        self._last_tick = -1
        self._encoding: Encoding | None = None
        self._warned: set[str] = set()
        self._closed = False
        self._place = ExitStack()
        self._temporary = self._place.enter_context(atomic_path(self.path))

    def write(
        self,
        image: ImageArray,
        time_s: float,
        *,
        over: YuvPicture | None = None,
        changed: Sequence[PixelBox] = (),
    ) -> None:
        """Add one frame.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
            time_s: Its presentation time in seconds; frames come in order of time.
            over: What ``image`` was before it was drawn on, as its video holds it. A film of such pictures keeps their
                colours, and what was not drawn on exactly as it was, and takes less time.
            changed: Where in the image the two differ.

        Raises:
            ConfigError: If the time is not a number or lies before ``start_s``.
            ShapeError: If the image is not ``(H, W, 3)`` uint8.
            MediaError: If it cannot be encoded or written, or the sink is closed.
        """
        if self._closed:
            raise MediaError(f"cannot write to '{self.path}': it is closed; open a new sink")
        if image.ndim != 3 or image.shape[2] != 3 or image.size == 0 or image.dtype != "uint8":
            raise ShapeError(f"image has shape {image.shape} and type {image.dtype}, expected (H, W, 3) uint8")
        tick = self._tick(time_s)
        with timed("encode"):
            try:
                if self._encoding is None:
                    colours = BT709 if over is None else over.colours
                    self._encoding = Encoding(self._temporary, even_size(image), self._settings, colours)
                self._tell_of_size(image, self._encoding.size_wh)
                self._encoding.add(image, tick, self._duration(tick), over=over, changed=changed)
            except (av.FFmpegError, OSError) as error:
                self._give_up(error)
        self._last_tick = tick
        self.frames_written += 1

    def close(self) -> None:
        """Finish the file and give it its name; a second call does nothing.

        Raises:
            MediaError: If the end cannot be written; an earlier file of the same name is left as it was.
        """
        if self._closed:
            return
        if self._encoding is None or not self.frames_written:
            self._drop(MediaError("no frame was written"))
            return
        with timed("encode"):
            try:
                self._encoding.finish()
            except (av.FFmpegError, OSError) as error:
                self._give_up(error)
        self._closed = True
        self._place.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _tick(self, time_s: float) -> int:
        if not math.isfinite(time_s) or time_s < self._start_s:
            raise ConfigError(f"time_s is {time_s}; give each frame its time in seconds, from {self._start_s} on")
        tick = round((time_s - self._start_s) * self._settings.ticks_per_s)
        if tick > self._last_tick:
            return tick
        self._warn_once(
            "time",
            f"the frame at {time_s:.6f} s is not later than the one before; it is written one tick later",
        )
        return self._last_tick + 1

    def _duration(self, tick: int) -> int:
        """Ticks that a frame lasts if it turns out to be the last one."""
        ticks_per_s = self._settings.ticks_per_s
        if self._fps is not None or self._last_tick < 0:
            return max(1, round(ticks_per_s / self._settings.fps))
        return min(tick - self._last_tick, ticks_per_s)  # a gap in a stream is not a frame's duration

    def _tell_of_size(self, image: ImageArray, size_wh: tuple[int, int]) -> None:
        if even_size(image) != size_wh:
            (height, width), (w, h) = image.shape[:2], size_wh
            self._warn_once("size", f"a frame of {width} x {height} px is scaled to fit the video's {w} x {h} px")

    def _warn_once(self, kind: str, message: str) -> None:
        if kind not in self._warned:
            self._warned.add(kind)
            _log.warning("'%s': %s", self.path, message)

    def _drop(self, error: Exception) -> None:
        """Leave no file; atomic_path removes its temporary one, and explains an error of the disk."""
        self._closed = True
        if self._encoding is not None:
            with suppress(av.FFmpegError, OSError):  # it is dropped because it cannot be finished
                self._encoding.abandon()
        self._place.__exit__(type(error), error, error.__traceback__)

    def _give_up(self, error: Exception) -> NoReturn:
        if isinstance(error, OSError) and error.errno not in (errno.EINVAL, None):
            # With the file's name, by which atomic_path knows the error for its own.
            self._drop(OSError(error.errno, error.strerror, str(self._temporary)))
        self._drop(error)
        size = "frames" if self._encoding is None else "frames of {} x {} px".format(*self._encoding.size_wh)
        raise MediaError(
            f"cannot write '{self.path}': {self._settings.encoder} refuses {size} ({error}); "
            "write single pictures instead, or smaller frames"
        ) from error


def _check(path: Path, *, threads: int | None, crf: int, preset: str) -> None:
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"cannot write a video as '{path.name}'; end the name in one of {', '.join(SUFFIXES)}")
    check_settings(threads=threads, crf=crf, preset=preset)


def check_settings(*, threads: int | None, crf: int, preset: str) -> None:
    """Refuse settings of a `VideoSink` before there is one.

    Raises:
        ConfigError: If one is out of range.
    """
    if threads is not None and threads < 1:
        raise ConfigError(f"threads is {threads}; use at least 1")
    if not 0 <= crf <= 51:
        raise ConfigError(f"crf is {crf}; choose 0 (lossless) to 51")
    if preset not in PRESETS:
        raise ConfigError(f"no preset is named {preset!r}; there are: {', '.join(PRESETS)}")


def _default_threads() -> int:
    return max(1, min(4, available_cpus() // 2))
