"""The repetition counter: one causal state machine, fed sample by sample, live and offline alike.

It follows the signal from its lowest value up to its highest and back. A turn is confirmed when half of the way up is
undone, so noise about the extreme and pauses there count once; what is small beside the person's own repetitions or the
least that the exercise allows, or not clearly larger than its error, does not count at all.
"""

from collections import deque
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

Motion = Literal["rest", "out", "back"]

_RETURNED = 0.5
"""Part of the way out that must be undone before the extreme is behind us and the next repetition can begin."""
_PARTIAL = 0.5
"""Movements smaller than this part of the typical one are partial. Half is where a movement is as near to none as to a
whole one: a convention, not fitted to data."""
_TYPICAL = 75
"""Percentile of recent movements that is typical: not the largest, which may be an error; above the partial ones."""
_REMEMBERED = 8
_SUSTAINED = 0.25
"""Part of the shortest repetition for which the signal must stay out: a few wrong samples do not."""
_CLEARLY = 1.9
"""Times its own standard deviation, a movement is clearly larger than its error. This is for live keypoints, which are
not cleaned: the least of a true repetition was 1.98 (``thunder-int8``, a squat without feet). Recorded, it is more."""
_STRAYS = 6.0
"""The lowest and the highest of a hundred independent values of noise are about so many standard deviations apart,
twice the root of 2 ln 100; and somebody who stands still gives a counter more values than that in a minute."""
_LONGEST_GAP_S = 3.0
"""After so long unseen, what was before says nothing about now."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A value, its time and its standard deviation; NaN where that is unknown."""

    value: float
    time_s: float
    sd: float = float("nan")


@dataclass(frozen=True, slots=True)
class Movement:
    """The way from a low to a high of the signal.

    Attributes:
        low: Where it began.
        high: The extreme.
        confirmed_s: When the signal had come back far enough; the last time seen for a movement not finished.
        finished: Whether it came back.
        counts: Whether it is a repetition.
        unsure: Whether it would be one, but is not clearly larger than the error of its range, or than what trembling
            alone gives, and so may be none.
    """

    low: Sample
    high: Sample
    confirmed_s: float
    finished: bool
    counts: bool
    unsure: bool = False

    @property
    def range(self) -> float:
        """How far it went."""
        return self.high.value - self.low.value

    @property
    def range_sd(self) -> float:
        """Standard deviation of the range; NaN where unknown."""
        return float(np.hypot(self.high.sd, self.low.sd))


class RepetitionCounter:
    """Counts the maxima of a signal. Keeps state: feed it in order of time.

    Args:
        least_range: Smaller movements are never repetitions.
        shortest_s: Shortest plausible repetition.
        typical: The person's usual range, if already known; else learnt.
        clearly: How many of its standard deviations a movement must be.
        quick_s: A movement that takes less bends as trembling does, which then says nothing of it.

    Example:
        >>> counter = RepetitionCounter(least_range=20, shortest_s=0.4)
        >>> for step in range(150):  # three periods of 50 samples
        ...     _ = counter.step(45 - 45 * np.cos(2 * np.pi * step / 50), step / 25)
        >>> counter.count
        3
    """

    def __init__(
        self,
        *,
        least_range: float,
        shortest_s: float = 0.4,
        typical: float | None = None,
        clearly: float = _CLEARLY,
        quick_s: float = 0.0,
    ) -> None:
        self.count = 0
        self.motion: Motion = "rest"
        self._least = least_range
        self._sustained_s = _SUSTAINED * shortest_s
        self._fixed = typical
        self._clearly, self._quick_s = clearly, quick_s
        self._ranges: deque[float] = deque(maxlen=_REMEMBERED)
        self._low: Sample | None = None
        self._high: Sample | None = None
        self._risen_s = 0.0
        self._last_s = -np.inf
        self._trembling = 0.0

    @property
    def low(self) -> Sample | None:
        """Lowest sample since the last movement."""
        return self._low

    @property
    def typical_range(self) -> float:
        """What is usual for this person: given, or learnt from recent movements; the least range before the first."""
        if self._fixed is not None:
            return self._fixed
        return float(np.percentile(self._ranges, _TYPICAL)) if self._ranges else self._least

    def step(self, value: float, time_s: float, sd: float = float("nan"), *, trembling: float = 0.0) -> Movement | None:
        """Feed one sample and its standard deviation; a value of NaN is skipped.

        Args:
            value: Of the signal.
            time_s: Its time.
            sd: Of the value.
            trembling: Standard deviation of what of the signal lately was no movement. The extremes of noise alone are
                several of it apart: what is not larger is unsure.

        Returns:
            The movement that this sample finished, whether it counts or not.
        """
        if not np.isfinite(value):
            return None
        if time_s - self._last_s > _LONGEST_GAP_S:
            self.restart()
        self._last_s, self._trembling = time_s, trembling
        sample = Sample(float(value), float(time_s), float(sd))
        if self._low is None or (self._high is None and sample.value <= self._low.value):
            self._low = sample
        if self._high is not None:
            return self._follow_high(sample, self._low, self._high)
        self._wait_at_low(sample, self._low)
        return None

    def finish(self) -> Movement | None:
        """The movement that was under way when the signal ended, counted if it had gone far enough."""
        if self._low is None or self._high is None:
            return None
        movement = self._judged(self._low, self._high, self._last_s, finished=False)
        self.restart()
        return movement

    def restart(self) -> None:
        """Forget where the signal was, not what was counted."""
        self._low = self._high = None
        self.motion = "rest"

    def _wait_at_low(self, sample: Sample, low: Sample) -> None:
        risen = sample.value - low.value
        self.motion = "out" if risen > 0.5 * self._least and risen > 0.25 * self.typical_range else "rest"
        if risen >= self._least:
            self._high, self._risen_s, self.motion = sample, sample.time_s, "out"

    def _follow_high(self, sample: Sample, low: Sample, high: Sample) -> Movement | None:
        if sample.value > high.value:
            self._high, self.motion = sample, "out"
            return None
        if high.value - sample.value > 0.15 * (high.value - low.value):
            self.motion = "back"
        if high.value - sample.value < _RETURNED * (high.value - low.value):
            return None
        movement = self._judged(low, high, sample.time_s, finished=True)
        self._low, self._high = sample, None
        return movement

    def _judged(self, low: Sample, high: Sample, now_s: float, *, finished: bool) -> Movement:
        reached = high.value - low.value
        sustained = now_s - self._risen_s >= self._sustained_s
        if sustained:
            self._ranges.append(reached)
        far_enough = sustained and reached >= max(self._least, _PARTIAL * self.typical_range)
        movement = Movement(low, high, now_s, finished, far_enough)
        trembling = self._trembling if now_s - low.time_s >= self._quick_s else 0.0
        if far_enough and reached < np.fmax(self._clearly * movement.range_sd, _STRAYS * trembling):
            return replace(movement, counts=False, unsure=True)
        self.count += far_enough
        return movement
