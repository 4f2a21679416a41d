"""Where in a clip a club was swung: the hands fall from high up and rise again, as fast as they can."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import find_peaks

from gonio.analysis.moments import crossings
from gonio.arrays import FloatArray64

_FALL = 0.5
"""Arm lengths that the hands must fall and rise again to have swung a club, half of what a three-quarter swing does."""
_BACKSWING_FALLS = 20.0
"""A backswing takes at most this many times the fall's middle half, at a tempo of 6. Earlier is another story."""
_READY = 0.15
"""Arm lengths above their lowest place at which the hands are still about at address."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """One fall and rise of the hands, in samples.

    Attributes:
        ready: Roughly at address.
        top: Highest before the fall.
        low: Lowest between fall and rise.
        fall_s: Time for the middle half of the fall.
    """

    ready: int
    top: int
    low: int
    fall_s: float


def find_strokes(time_s: FloatArray64, height: FloatArray64) -> list[Stroke]:
    """All of them, in order.

    Args:
        time_s: ``(T,)``.
        height: ``(T,)`` of the hands, in arm lengths.
    """
    lows, _ = find_peaks(-height, prominence=_FALL)
    strokes, start = [], 0
    for low in lows.tolist():
        top = start + int(np.argmax(height[start:low])) if low > start else low
        if height[top] - height[low] >= _FALL:
            fall_s = _middle_half_s(time_s[top : low + 1], height[top : low + 1])
            strokes.append(Stroke(_ready(time_s, height, top, fall_s), top, low, fall_s))
        start = low
    return strokes


def _middle_half_s(time_s: FloatArray64, height: FloatArray64) -> float:
    """Time from last being above three quarters of a fall to first being below one quarter of it."""
    share = (height - height[-1]) / (height[0] - height[-1])
    upper_s = crossings(time_s, share, 0.75, rising=False)[-1].time_s
    lower_s = next(one.time_s for one in crossings(time_s, share, 0.25, rising=False) if one.time_s > upper_s)
    return lower_s - upper_s


def _ready(time_s: FloatArray64, height: FloatArray64, top: int, fall_s: float) -> int:
    """The last sample before the top at which the hands are as low as they get in the time of a backswing."""
    first = int(np.searchsorted(time_s, time_s[top] - _BACKSWING_FALLS * fall_s))
    before = height[first : top + 1]
    return first + int(np.flatnonzero(before <= before.min() + _READY)[-1])
