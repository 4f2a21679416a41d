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
_LOST = 0.25
"""Part of a bound by which it may be passed within a hold, if the error bar is so long: a foot put down is lower."""


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
    conditions = [_kept(body, condition, lengths, side) for condition in exercise.posture]
    kept, not_lost = (np.logical_and.reduce(both) for both in zip(*conditions, strict=True))
    time_s, last = body.time_s, len(body) - 1
    sd_s = body.interval_s * np.sqrt(2 / 12)  # two times, each uniform between frames
    holds = []
    for start, stop in runs(_without_breaks(not_lost, body)):
        inside = start + np.flatnonzero(kept[start:stop])
        if len(inside):
            first, end = int(inside[0]), int(inside[-1])
            open_ended = first == 0 or end == last
            holds.append(Hold(float(time_s[first]), float(time_s[end]), side, sd_s, open_ended))
    return [hold for hold in holds if hold.duration_s >= exercise.hold_least_s]


def why_none(body: Body, exercise: Exercise, lengths: LimbLengths) -> str:
    """Of a recording without a hold: the condition that was kept for the least time, as a sentence."""
    sides: tuple[Side, ...] = LIMBS if exercise.one_sided else ("both",)
    shares = [
        max((float(_kept(body, one, lengths, side)[0].mean()) for side in sides), default=0.0) if len(body) else 0.0
        for one in exercise.posture
    ]
    worst = int(np.argmin(shares))
    return (
        f"No hold of {exercise.hold_least_s:g} s or more was found: {exercise.posture[worst].words} "
        f"for only {100 * shares[worst]:.0f} % of the time."
    )


def _kept(body: Body, condition: Condition, lengths: LimbLengths, side: Side) -> tuple[BoolArray, BoolArray]:
    """``(T,)`` each: whether the signal is within its bounds, and whether it is not clearly outside.

    It is clearly outside by more than its standard deviation or a quarter of the bound, whichever is less: at a bound,
    noise alone would end a hold again and again. What cannot be seen is neither.
    """
    one_side = side if condition.signal.sides == "each" else "both"
    series = signal_series(body, condition.signal, lengths, side=one_side)
    values = rolling_median(series.values, body.time_s, _SMOOTH_S)
    room = np.nan_to_num(series.sd)
    low = -np.inf if condition.least is None else condition.least
    high = np.inf if condition.most is None else condition.most
    lowest = low if np.isinf(low) else low - np.minimum(room, _LOST * abs(low))
    highest = high if np.isinf(high) else high + np.minimum(room, _LOST * abs(high))
    return np.asarray((values >= low) & (values <= high)), np.asarray((values >= lowest) & (values <= highest))


def _without_breaks(kept: BoolArray, body: Body) -> BoolArray:
    filled = kept.copy()
    for start, stop in runs(~kept):
        inside = start > 0 and stop < len(kept)
        if inside and body.time_s[stop] - body.time_s[start - 1] <= _WAVER_S:
            filled[start:stop] = True
    return filled
