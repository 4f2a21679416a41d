"""What every source of frames is, and what they share: which frames are asked for, and the reading ahead."""

import logging
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from gonio.errors import ConfigError, MediaError
from gonio.io.sources.prefetch import SilentError, prefetched
from gonio.structures.frame import Frame

_log = logging.getLogger(__name__)


@runtime_checkable
class Source(Protocol):
    """Anything that yields frames: a picture, a folder, a video, a camera, a stream.

    Attributes:
        name: The path, address or ``camera:0`` that it reads.
        is_video: Frames follow each other in time, and have a ``time_s``.
        is_live: Frames come when they come: the source has no end of its own, and with a prefetch it drops
            frames that the reader is too slow for.
        frame_count: Number of frames that the source announces, after start, end and stride: exact for
            pictures, from the file's header for a video (estimated from its duration if the header has no
            count), None if unknown.
        fps: Nominal frames per second, to show to people; times come from each frame's ``time_s``.
        failures: What went wrong without ending the source, in the present or latest run through it.
        frames_decoded: Frames decoded so far in that run, also those that start or stride left out.
    """

    name: str
    is_video: bool
    is_live: bool
    frame_count: int | None
    fps: float | None
    failures: list[MediaError]
    frames_decoded: int

    def __iter__(self) -> Iterator[Frame]:
        """Run through the source from its start."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which frames of a source are asked for.

    Attributes:
        start_s: First time that is wanted, in seconds from the first frame; None for the beginning.
        end_s: First time that is no longer wanted; None for the end.
        stride: 1 for every frame, n for every n-th from the first wanted one.

    Raises:
        ConfigError: If a number is out of range, or the end is not after the start.
    """

    start_s: float | None = None
    end_s: float | None = None
    stride: int = 1

    def __post_init__(self) -> None:
        for name, value in (("start", self.start_s), ("end", self.end_s)):
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ConfigError(f"{name} is {value} s; give a time of 0 s or later, or leave it out")
        if self.end_s is not None and self.end_s <= (self.start_s or 0.0):
            start = self.start_s or 0.0
            raise ConfigError(f"end is {self.end_s} s, start is {start} s; put the end after the start")
        if isinstance(self.stride, bool) or not isinstance(self.stride, int) or self.stride < 1:
            raise ConfigError(f"stride is {self.stride}; give a whole number from 1 (every frame) upwards")

    def __str__(self) -> str:
        """The part in words.

        Example:
            >>> print(Selection(3.5, 12.0), Selection(end_s=0.25), sep="; ")
            from 3.5 s to 12.0 s; from the start to 0.25 s
        """
        first = "the start" if self.start_s is None else f"{self.start_s} s"
        last = "the end" if self.end_s is None else f"{self.end_s} s"
        return f"from {first} to {last}"

    @property
    def has_times(self) -> bool:
        """Whether a start or an end is given."""
        return self.start_s is not None or self.end_s is not None

    def is_before(self, time_s: float) -> bool:
        """Whether ``time_s`` lies before the start."""
        return self.start_s is not None and time_s < self.start_s

    def is_past(self, time_s: float) -> bool:
        """Whether ``time_s`` lies at or after the end."""
        return self.end_s is not None and time_s >= self.end_s

    def count(self, frames: int, frame_s: float | None = None) -> int:
        """How many of ``frames`` frames, ``frame_s`` seconds apart, are wanted."""
        first, last = 0, frames
        if frame_s:
            # A hair is taken off, so that 1 s / (1/30 s) is 30 and not 31.
            first = math.ceil((self.start_s or 0.0) / frame_s - 1e-6)
            last = frames if self.end_s is None else min(frames, math.ceil(self.end_s / frame_s - 1e-6))
        return max(0, math.ceil((last - first) / self.stride))


class FrameSource(ABC):
    """Base of Gonio's sources: keeps the tallies, reads ahead, and stops when the reader stops.

    Attributes:
        frames_dropped: In the present or latest run: frames that a live source went on without, because the reader was
            slower, and those that a run with a target rate left out.
        patience_s: How long a frame is waited for, where a thread reads ahead; None: for ever.
        heard_s: When a frame last came that start or stride left out, by `time.monotonic`: it counts as one that came.
    """

    def __init__(self, name: str, *, is_video: bool, is_live: bool = False, prefetch: int = 0) -> None:
        if isinstance(prefetch, bool) or not isinstance(prefetch, int) or prefetch < 0:
            raise ConfigError(f"prefetch is {prefetch}; give 0 (off) or the number of frames to read ahead")
        self.name = name
        self.is_video = is_video
        self.is_live = is_live
        self.frame_count: int | None = None
        self.fps: float | None = None
        self.failures: list[MediaError] = []
        self.frames_decoded = 0
        self.frames_dropped = 0
        self.patience_s: float | None = None
        self.heard_s = -math.inf
        self._prefetch = prefetch

    def __iter__(self) -> Generator[Frame, None, None]:
        """Run through the source from its start."""
        self.failures = []
        self.frames_decoded = 0
        self.frames_dropped = 0
        try:
            yield from prefetched(
                self._frames(),
                self._prefetch,
                drop_oldest=self.is_live,
                on_drop=self._drop,
                on_close=self._stop_waiting,
                patience_s=self.patience_s,
                heard_s=lambda: self.heard_s,
            )
        except SilentError:
            raise MediaError(
                f"'{self.name}' gave no picture for {self.patience_s:g} s, after {self.frames_decoded} frames; check "
                "its cable, and whether another program took it"
            ) from None

    @abstractmethod
    def _frames(self) -> Generator[Frame, None, None]:
        """Open, yield the wanted frames, close; runs in the prefetch thread."""

    def _stop_waiting(self) -> None:  # noqa: B027 - most sources never wait
        """Wake the source from a pause, because the reader has stopped."""

    def _drop(self) -> None:
        self.frames_dropped += 1

    def _record(self, failure: MediaError) -> None:
        _log.warning("%s", failure)
        self.failures.append(failure)


def natural_key(name: str) -> tuple[list[tuple[int, str]], str]:
    """Sort key by which ``frame2`` comes before ``frame10``.

    Example:
        >>> sorted(["frame10.png", "frame2.png"], key=natural_key)
        ['frame2.png', 'frame10.png']
    """
    parts = re.split(r"([0-9]+)", name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name
