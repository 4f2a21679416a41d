"""Conditions on a stretch of time: does the statistic of a signal lie between its bounds, and does the anchor stay?"""

from dataclasses import dataclass

import numpy as np

from gonio.analysis.exercises.body import LIMBS, Body, LimbLengths
from gonio.analysis.exercises.signals import signal_series
from gonio.analysis.exercises.spec import Anchor, Condition, Exercise
from gonio.analysis.series import Side
from gonio.arrays import FloatArray64

_LEAST_SEEN = 3
"""Samples; from fewer, nothing is concluded."""
_EXTREMES = (5, 95)
"""Percentiles that stand for minimum and maximum, so that one wrong sample does not decide."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a condition.

    Attributes:
        holds: None where too little was seen to tell.
        value: Of the statistic, in the signal's unit; NaN where not seen.
        sd: Its standard deviation; NaN where unknown.
    """

    holds: bool | None
    value: float
    sd: float


def check(body: Body, condition: Condition, lengths: LimbLengths, *, side: Side = "both") -> Checked:
    """Check a condition over all of ``body``; of one side alone where the exercise is counted so."""
    one_side = side if condition.signal.sides == "each" else "both"
    series = signal_series(body, condition.signal, lengths, side=one_side)
    values = series.values[series.valid]
    if len(values) < _LEAST_SEEN:
        return Checked(None, float("nan"), float("nan"))
    value = _statistic(values, condition.statistic)
    low = -np.inf if condition.least is None else condition.least
    high = np.inf if condition.most is None else condition.most
    sd = float(np.median(series.sd[series.valid]))
    return Checked(bool(low <= value <= high), value, sd * (np.sqrt(2) if condition.statistic == "range" else 1.0))


def is_allowed(body: Body, exercise: Exercise, lengths: LimbLengths, *, side: Side = "both") -> bool:
    """Whether a movement is one of the exercise: the anchor stayed, and no guard is broken; unseen ones are not."""
    guarded = (check(body, guard, lengths, side=side).holds is not False for guard in exercise.guards)
    return is_anchored(body, exercise.anchor) and all(guarded)


def is_anchored(body: Body, anchor: Anchor | None) -> bool:
    """Whether the fixed point kept its height while the moving one changed it; True where it cannot be seen."""
    if anchor is None:
        return True
    fixed, moving = (_height_range(body, point) for point in (anchor.fixed, anchor.moving))
    return not fixed > anchor.most * moving


def _height_range(body: Body, point: str) -> float:
    """How far a point went up and down, the mean of both sides by how well they are seen; NaN if they are not.

    Each side by itself: where one is seen only now and then, their mean would jump between them.
    """
    ranges, weights = [], []
    for side in LIMBS:
        heights = body.at(point, side)[:, 1]
        seen = np.isfinite(heights)
        if seen.sum() >= _LEAST_SEEN:
            ranges.append(_spread(heights[seen]))
            weights.append(body.weight(point, side)[seen].sum())
    return float(np.average(ranges, weights=weights)) if ranges else float("nan")


def _spread(values: FloatArray64) -> float:
    low, high = np.percentile(values, _EXTREMES)
    return float(high - low)


def _statistic(values: FloatArray64, name: str) -> float:
    if name == "range":
        return _spread(values)
    low, high = _EXTREMES
    return float(np.percentile(values, {"minimum": low, "median": 50, "maximum": high}[name]))
