"""`Pace`: how a run holds a rate: first the detector rests longer, then frames are left out, and both are counted."""

import math
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from gonio.errors import ConfigError
from gonio.following import FollowSettings
from gonio.structures.frame import Frame

_EARLY = 0.25
"""Of a slot: so early a frame may come and still belongs to it, by a container's rounding or a camera's jitter."""
_HEADROOM = 0.9
"""Of a slot: what a frame may cost on average. The rest is for those that cost more."""
_WEIGHT = 0.2
"""Of the latest frame in the running means of costs."""


@dataclass(slots=True)
class PaceReport:
    """What a run did to hold its rate; filled in when it ends.

    Attributes:
        taken: Frames that were looked at.
        dropped: Frames that were left out.
        detections: In how many of those taken a detector that may rest ran; None where none may.
    """

    taken: int = 0
    dropped: int = 0
    detections: int | None = None


class Resting(Protocol):
    """What a `gonio.following.Follower` shows of itself.

    Attributes:
        detections: In how many frames the detector ran.
        rest_s: How long it may rest now.
        settings: The limits of that.
    """

    detections: int
    rest_s: float
    settings: FollowSettings


class DetectorRest:
    """Lets a detector rest for as long as it takes for frames to fit into their slots on average.

    With ``d`` s for a frame in which it runs, ``f`` s for one in which it rests and ``b`` s that a frame may cost, it
    can run in the share ``(b - f) / (d - f)`` of the frames. Costs are running means of what the clock says.

    Args:
        follower: Whose detector; never made to run more often than its settings say.
        frame_s: Of the source's time, between two frames that are looked at; may be set anew.
    """

    def __init__(self, follower: Resting, frame_s: float) -> None:
        self.follower = follower
        self.frame_s = frame_s
        self._detections = follower.detections
        self._costs_s: dict[bool, float] = {}

    def spent(self, seconds: float) -> None:
        """Take note of what the latest frame cost, and choose the rest that follows from it."""
        ran = self.follower.detections > self._detections
        self._detections = self.follower.detections
        before = self._costs_s.get(ran, seconds)
        self._costs_s[ran] = before + _WEIGHT * (seconds - before)
        if True in self._costs_s:
            self.follower.rest_s = self._rest_s(self._costs_s[True], self._costs_s.get(False))

    def _rest_s(self, with_s: float, without_s: float | None) -> float:
        settings, budget_s = self.follower.settings, _HEADROOM * self.frame_s
        shortest, longest = settings.detect_every_s, max(settings.detect_every_s, settings.longest_rest_s)
        if with_s <= budget_s:
            return shortest
        if without_s is None or without_s >= budget_s:  # not known where every frame is later than the last rest's end
            return longest
        spare_s = budget_s - without_s
        frames = math.ceil((with_s - without_s) / spare_s)
        # a quarter of a frame less, by which a time stamp may be early
        return min(max((frames - _EARLY) * self.frame_s, shortest), longest)


class Pace:
    """Takes at most one frame in each slot of ``1 / target_fps`` s, and none that the run is too late for.

    The frames that are taken keep their index and their time, so that what is left out shows as a gap. A file is read
    as if it were played: where the machine is slower than that, frames are left out and the run takes as long as the
    clip; where it is quicker, the run is done sooner. A live source sets its own pace and drops frames itself; here it
    is thinned only. Where people are followed, the detector rests longer before a frame is left out. It keeps state:
    one per run.

    Attributes:
        taken: Frames that were passed on.
        dropped: Frames that were left out.

    Args:
        target_fps: Frames a second of the source's time.
        is_live: The source waits for nobody.
        rest: Of the detector; None where there is none that may rest.
        clock: Seconds, for tests.

    Raises:
        ConfigError: If the rate is not above 0.
    """

    def __init__(
        self,
        target_fps: float,
        *,
        is_live: bool,
        rest: DetectorRest | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        if not 0 < target_fps < math.inf:
            raise ConfigError(f"target_fps is {target_fps}; give the frames a second to hold, a number above 0")
        self.taken = 0
        self.dropped = 0
        self._slot_s = 1 / target_fps
        self._is_live = is_live
        self._rest = rest
        self._clock = clock
        self._ahead_s: float | None = None  # of the source's time, of the clock
        self._first_s = 0.0
        self._slot = -1
        self._last_s: float | None = None  # the time of the frame before
        self._apart_s: float | None = None  # from frame to frame, a running mean

    def over(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        """The frames to look at, in order."""
        begin_s: float | None = None
        for frame in frames:
            self._note_time(frame.time_s)
            if not self._wants(frame):
                self.dropped += 1
                continue
            if begin_s is not None:
                self._account(begin_s)  # of a file: reading up to here too
            begin_s = self._clock()
            self.taken += 1
            yield frame
            if self._is_live:
                self._account(begin_s)  # waiting for the next frame costs nothing
                begin_s = None

    def report(self, to: PaceReport) -> None:
        """Say what was done."""
        to.taken, to.dropped = self.taken, self.dropped
        to.detections = None if self._rest is None else self._rest.follower.detections

    def _note_time(self, time_s: float | None) -> None:
        """How far apart frames come, whatever the source says of its rate, decides what one may cost."""
        last, self._last_s = self._last_s, time_s
        if self._rest is None or time_s is None or last is None or time_s <= last:
            return
        before = time_s - last if self._apart_s is None else self._apart_s
        self._apart_s = before + _WEIGHT * (time_s - last - before)
        self._rest.frame_s = max(self._slot_s, self._apart_s)

    def _account(self, begin_s: float) -> None:
        if self._rest is not None:
            self._rest.spent(self._clock() - begin_s)

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
