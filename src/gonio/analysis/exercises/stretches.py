"""Times between samples: crossings of a level, the stretch about an extreme, the pause before and after it."""

from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray64

AT_EXTREME = 0.1
"""Within this part of the range the person is at the extreme. A convention: far enough from the flat of the curve to be
timed, near enough to be called leaving."""
ABOUT_EXTREME = 0.2
"""The extreme itself is the middle of what lies within this part: of less, errors would decide where that is."""
ON_THE_WAY = (0.15, 0.5)
"""Parts of the range; the rest is left where the line through the two meets it. A twentieth of the range may be noise,
and in a long pause is passed anywhere. Of a raised cosine, which has no jerks, 5 % are done where the line begins."""
BEFORE = ON_THE_WAY[0] / (ON_THE_WAY[1] - ON_THE_WAY[0])
"""Of the time between the two, that from the rest to the first of them."""
BEYOND = 0.44
"""Of the time from half of the way to `ABOUT_EXTREME`, that from there to `AT_EXTREME` in a raised cosine: so long
after that the extreme is reached. In a long hold, errors let a signal pass `AT_EXTREME` anywhere."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where a signal falls below a level.

    Attributes:
        time_s: Linear between two samples.
        inner: The last sample that is not below.
        outer: The first that is.
        part: Of the way from the one to the other.
    """

    time_s: float
    inner: int
    outer: int
    part: float


def crossing(time_s: FloatArray64, values: FloatArray64, level: float, *, start: int, step: int) -> Crossing | None:
    """When a signal, followed from a sample that is above a level, first falls below it.

    Args:
        time_s: ``(T,)``.
        values: ``(T,)`` without NaN.
        level: Not above ``values[start]``.
        start: Index to start from.
        step: 1: forwards in time, -1: backwards.

    Returns:
        None if it stays above to the end.

    Example:
        >>> crossing(np.array([0.0, 1.0, 2.0]), np.array([4.0, 3.0, 1.0]), 2.0, start=0, step=1)
        Crossing(time_s=1.5, inner=1, outer=2, part=0.5)
    """
    ahead = values[start:] if step > 0 else values[start::-1]
    below = np.flatnonzero(ahead < level)
    if not len(below):
        return None
    inner, outer = start + step * (int(below[0]) - 1), start + step * int(below[0])
    part = float((values[inner] - level) / (values[inner] - values[outer]))
    return Crossing(float(time_s[inner] + part * (time_s[outer] - time_s[inner])), inner, outer, part)


def crossing_s(time_s: FloatArray64, values: FloatArray64, level: float, *, start: int, step: int) -> float | None:
    """The time of `crossing` alone."""
    found = crossing(time_s, values, level, start=start, step=step)
    return None if found is None else found.time_s


def centre_s(time_s: FloatArray64, values: FloatArray64, level: float) -> float:
    """Centre of the area between a signal and a level below it: the middle of its peak, also where the peak is broken.

    Example:
        >>> centre_s(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 2.0, 2.0, 0.0]), 1.0)
        1.5
    """
    above = np.maximum(values - level, 0.0) * np.gradient(time_s)
    centre = float((above * time_s).sum() / above.sum())
    return min(max(centre, float(time_s[0])), float(time_s[-1]))  # where rounding would leave it outside


def until_risen(values: FloatArray64, rise: float) -> FloatArray64:
    """From a peak on, forwards or backwards, to where the signal has risen so far again."""
    risen = np.flatnonzero(values - np.minimum.accumulate(values) > rise)
    return values[: risen[0]] if len(risen) else values


@dataclass(frozen=True, slots=True, eq=False)
class Pause:
    """Where a signal rests.

    Attributes:
        level: Mean of what lies near the lowest tenth or below, near the bound of that with less weight.
        by_sample: ``(M,)`` derivatives of the level, of the samples from the peak on.
        by_reach: Derivative by the reach.
    """

    level: float
    by_sample: FloatArray64
    by_reach: float


def pause(values: FloatArray64, reach: float, *, near: float) -> Pause:
    """The pause that follows a peak, or precedes it in values run backwards.

    Its level is not the lowest value, which is an error's and the lower the longer the pause: the start would be seen
    wherever the pause is a little less deep. What is at the bound of what is near counts nothing, so the level does not
    jump with it.

    Args:
        values: ``(T,)`` from the peak on.
        reach: From the pause to the peak.
        near: Part of ``reach`` that is near.
    """
    seen = until_risen(values, reach / 2)
    tenth = np.percentile(seen, 10)
    depth = np.clip(tenth + near * reach - seen, 0.0, near * reach)
    total = float(depth.sum())
    if not total > 0:
        return Pause(float(tenth), np.full(len(seen), 1 / len(seen)), 0.0)
    level = float(depth @ seen) / total
    by_depth = (depth > 0) * (seen - level) / total
    partly = by_depth * (depth < near * reach)
    lowest = seen <= np.percentile(seen, 20)  # the tenth lies in their middle
    by_sample = depth / total - partly + float(partly.sum()) * lowest / lowest.sum()
    return Pause(level, by_sample, near * float(by_depth.sum()))


def left_rest_s(time_s: FloatArray64, values: FloatArray64, reach: float, *, peak: int, step: int) -> float | None:
    """When a signal left the rest before a peak, or came back to the one after it.

    Args:
        time_s: ``(T,)``.
        values: ``(T,)`` without NaN.
        reach: From the pause to the peak.
        peak: Index of the peak.
        step: -1: the pause before, 1: the one after.

    Returns:
        Where the line through two points on the way meets the level of the pause; None if one of them is not shown.
    """
    level = pause(values[peak::step], reach, near=AT_EXTREME).level
    levels = [level + part * reach for part in ON_THE_WAY]
    if max(levels) > values[peak]:
        return None
    near_s, far_s = (crossing_s(time_s, values, one, start=peak, step=step) for one in levels)
    return None if near_s is None or far_s is None else near_s + BEFORE * (near_s - far_s)
