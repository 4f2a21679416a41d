"""Times between samples: where a signal crosses a level, and the stretch about an extreme."""

import numpy as np

from gonio.arrays import FloatArray64


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


def slope_at(time_s: FloatArray64, values: FloatArray64, moment_s: float) -> float:
    """Steepness of a signal at a time, its unit per second, from the samples around."""
    after = int(np.clip(np.searchsorted(time_s, moment_s), 1, len(time_s) - 1))
    return float(abs(values[after] - values[after - 1]) / (time_s[after] - time_s[after - 1]))
