"""Holds: for how long a posture was kept."""

from dataclasses import dataclass

import numpy as np

from gonio.analysis.exercises.body import LIMBS, Body, LimbLengths
from gonio.analysis.exercises.signals import signal_series
from gonio.analysis.exercises.spec import Condition, Exercise
from gonio.analysis.series import Side
from gonio.analysis.windows import rolling_median, runs
from gonio.arrays import BoolArray

_WAVER_S = 0.25
"""Shorter breaks of the posture, or of the view of it, do not end a hold."""
_SMOOTH_S = 0.1


@dataclass(frozen=True, slots=True)
class Hold:
    """An unbroken time in which the posture was kept.

    Attributes:
        start_s: First moment.
        end_s: Last moment.
        side: Of what is held up, where the exercise is of one side.
        sd_s: Standard deviation of the duration: of two moments, each somewhere between two frames.
        open_ended: Whether the recording begins or ends within it: it may have been longer.
    """

    start_s: float
    end_s: float
    side: Side
    sd_s: float
    open_ended: bool

    @property
    def duration_s(self) -> float:
        """How long."""
        return self.end_s - self.start_s


def find_holds(body: Body, exercise: Exercise, lengths: LimbLengths) -> tuple[Hold, ...]:
    """Find the holds of an exercise of kind ``hold``."""
    sides: tuple[Side, ...] = LIMBS if exercise.one_sided else ("both",)
    holds = [hold for side in sides for hold in _of_side(body, exercise, lengths, side)]
    return tuple(sorted(holds, key=lambda hold: hold.start_s))


def _of_side(body: Body, exercise: Exercise, lengths: LimbLengths, side: Side) -> list[Hold]:
    if len(body) < 2:
        return []
    kept = np.logical_and.reduce([_kept(body, condition, lengths, side) for condition in exercise.posture])
    kept = _without_breaks(kept, body)
    time_s, last = body.time_s, len(body) - 1
    sd_s = body.interval_s * np.sqrt(2 / 12)  # two times, each uniform between frames
    holds = [
        Hold(float(time_s[start]), float(time_s[stop - 1]), side, sd_s, start == 0 or stop - 1 == last)
        for start, stop in runs(kept)
    ]
    return [hold for hold in holds if hold.duration_s >= exercise.hold_least_s]


def _kept(body: Body, condition: Condition, lengths: LimbLengths, side: Side) -> BoolArray:
    """``(T,)``: whether the signal is within its bounds, moment by moment; not where it cannot be seen."""
    one_side = side if condition.signal.sides == "each" else "both"
    values = signal_series(body, condition.signal, lengths, side=one_side).values
    values = rolling_median(values, body.time_s, _SMOOTH_S)
    low = -np.inf if condition.least is None else condition.least
    high = np.inf if condition.most is None else condition.most
    return np.asarray((values >= low) & (values <= high))


def _without_breaks(kept: BoolArray, body: Body) -> BoolArray:
    filled = kept.copy()
    for start, stop in runs(~kept):
        inside = start > 0 and stop < len(kept)
        if inside and body.time_s[stop] - body.time_s[start - 1] <= _WAVER_S:
            filled[start:stop] = True
    return filled
