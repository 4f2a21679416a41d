"""Times between samples: crossings of a level, the stretch about an extreme, the pause before and after it."""

import numpy as np

from gonio.arrays import FloatArray64

AT_EXTREME = 0.1
_AT_START = 0.05
"""Within these parts of the range the person is at the extreme, or in the start position; leaving is the crossing of
that level. A convention: far enough from the flat of the curve to be timed, near enough to be called leaving."""


def crossing_s(time_s: FloatArray64, values: FloatArray64, level: float, *, start: int, step: int) -> float | None:
    """When a signal, followed from a sample that is above a level, first falls below it.

    Args:
        time_s: ``(T,)``.
        values: ``(T,)`` without NaN.
        level: Not above ``values[start]``.
        start: Index to start from.
        step: 1: forwards in time, -1: backwards.

    Returns:
        The time, linear between the two samples; None if it stays above to the end.

    Example:
        >>> crossing_s(np.array([0.0, 1.0, 2.0]), np.array([4.0, 3.0, 1.0]), 2.0, start=0, step=1)
        1.5
    """
    ahead = values[start:] if step > 0 else values[start::-1]
    below = np.flatnonzero(ahead < level)
    if not len(below):
        return None
    inner, outer = start + step * (int(below[0]) - 1), start + step * int(below[0])
    part = (values[inner] - level) / (values[inner] - values[outer])
    return float(time_s[inner] + part * (time_s[outer] - time_s[inner]))


def stretch_s(time_s: FloatArray64, values: FloatArray64, *, peak: int, level: float) -> tuple[float, float]:
    """Begin and end of the unbroken stretch about a sample in which a signal is not below a level."""
    begin = crossing_s(time_s, values, level, start=peak, step=-1)
    end = crossing_s(time_s, values, level, start=peak, step=1)
    return (float(time_s[0]) if begin is None else begin, float(time_s[-1]) if end is None else end)


def centre_s(time_s: FloatArray64, values: FloatArray64, level: float) -> float:
    """Centre of the area between a signal and a level below it: the middle of its peak, also where the peak is broken.

    Example:
        >>> centre_s(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 2.0, 2.0, 0.0]), 1.0)
        1.5
    """
    above = np.maximum(values - level, 0.0) * np.gradient(time_s)
    return float((above * time_s).sum() / above.sum())


def until_risen(values: FloatArray64, rise: float) -> FloatArray64:
    """From a peak on, forwards or backwards, to where the signal has risen so far again."""
    risen = np.flatnonzero(values - np.minimum.accumulate(values) > rise)
    return values[: risen[0]] if len(risen) else values


def rest_level(values: FloatArray64, reach: float, *, near: float) -> float:
    """Level of the pause that follows a peak, or precedes it in values run backwards.

    It is the middle of what lies near the lowest tenth, not the lowest value, which is an error's and the lower the
    longer the pause: the start would be seen wherever the pause is a little less deep.

    Args:
        values: ``(T,)`` from the peak on.
        reach: From the pause to the peak.
        near: Part of ``reach`` that is near.
    """
    pause = until_risen(values, reach / 2)
    return float(np.median(pause[pause <= np.percentile(pause, 10) + near * reach]))


def left_rest_s(time_s: FloatArray64, values: FloatArray64, reach: float, *, peak: int, step: int) -> float | None:
    """When a signal left the rest before a peak, or came back to the one after it.

    Args:
        time_s: ``(T,)``.
        values: ``(T,)`` without NaN.
        reach: From the pause to the peak.
        peak: Index of the peak.
        step: -1: the pause before, 1: the one after.

    Returns:
        The crossing of the pause's level and 5 % of the reach; None if that is not shown.
    """
    level = rest_level(values[peak::step], reach, near=AT_EXTREME) + _AT_START * reach
    if level > values[peak]:
        return None
    return crossing_s(time_s, values, level, start=peak, step=step)


def slope_at(time_s: FloatArray64, values: FloatArray64, moment_s: float) -> float:
    """Steepness of a signal at a time, its unit per second, from the samples around."""
    after = int(np.clip(np.searchsorted(time_s, moment_s), 1, len(time_s) - 1))
    return float(abs(values[after] - values[after - 1]) / (time_s[after] - time_s[after - 1]))
