"""`Pace`: which frames of a video to look at so that a run holds a rate, and how many it left out."""

import math
from collections.abc import Callable, Generator, Iterable
from time import perf_counter

from gonio.errors import ConfigError
from gonio.structures.frame import Frame

_EARLY = 0.25
"""Of a slot: so early a frame may come and still belongs to it, by a container's rounding or a camera's jitter."""


class Pace:
    """Takes at most one frame in each slot of ``1 / target_fps`` s, and none that the run is too late for.

    The frames that are taken keep their index and their time, so that what is left out shows as a gap. A file is read
    as if it were played: where the machine is slower than that, frames are left out and the run takes as long as the
    clip; where it is quicker, the run is done sooner. A live source sets its own pace and drops frames itself; here it
    is thinned only. It keeps state: one per run.

    Attributes:
        taken: Frames that were passed on.
        dropped: Frames that were left out.

    Args:
        target_fps: Frames a second of the source's time.
        is_live: The source waits for nobody.
        clock: Seconds, for tests.

    Raises:
        ConfigError: If the rate is not above 0.
    """

    def __init__(self, target_fps: float, *, is_live: bool, clock: Callable[[], float] = perf_counter) -> None:
        if not 0 < target_fps < math.inf:
            raise ConfigError(f"target_fps is {target_fps}; give the frames a second to hold, a number above 0")
        self.taken = 0
        self.dropped = 0
        self._slot_s = 1 / target_fps
        self._is_live = is_live
        self._clock = clock
        self._ahead_s: float | None = None  # of the source's time, of the clock
        self._first_s = 0.0
        self._slot = -1

    def over(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        """The frames to look at, in order."""
        for frame in frames:
            if self._wants(frame):
                self.taken += 1
                yield frame
            else:
                self.dropped += 1

    def _wants(self, frame: Frame) -> bool:
        if frame.time_s is None:
            return True
        if self._ahead_s is None:
            self._ahead_s, self._first_s = frame.time_s - self._clock(), frame.time_s
        slot = math.floor((frame.time_s - self._first_s) / self._slot_s + _EARLY)
        if slot <= self._slot:
            return False
        late_s = self._clock() + self._ahead_s - frame.time_s
        if not self._is_live and late_s > self._slot_s:
            return False
        self._slot = slot
        return True
