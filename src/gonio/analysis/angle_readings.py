"""What a median, or a range, of an angle over some frames rests on: for error bars that know how long errors last."""

import numpy as np

from gonio.analysis.readings import Gradient, reading, summed
from gonio.analysis.series import Series
from gonio.arrays import IntArray


def of_median(series: Series, frames: IntArray) -> Gradient:
    """Of the median of a few frames: it moves as the middle half of the values do."""
    away = np.abs(series.values[frames] - np.median(series.values[frames]))
    return _of_mean(series, frames[np.argsort(away)[: max(1, len(frames) // 2)]])


def of_range(series: Series, frames: IntArray) -> Gradient:
    """Of the largest minus the smallest valid value: each moves as it and its neighbours do.

    Each is the middle one of three, see `kinematics.range_of_motion`.
    """
    valid = frames[series.valid[frames]]
    if not len(valid):
        return {}
    places = (int(pick(series.values[valid])) for pick in (np.argmax, np.argmin))
    largest, smallest = (_of_mean(series, valid[max(place - 1, 0) : place + 2]) for place in places)
    return summed((largest, 1.0), (smallest, -1.0))


def _of_mean(series: Series, frames: IntArray) -> Gradient:
    channels = getattr(series, "channels", {})
    return {reading(frames, np.full(len(frames), 1 / len(frames)), channels, len(series)): 1.0}
