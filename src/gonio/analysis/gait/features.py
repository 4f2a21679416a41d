"""When a smooth curve turns or one of its derivatives crosses a level, and how sure that moment is."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gonio.analysis.gait.smoothing import Curve
from gonio.analysis.moments import Moment
from gonio.analysis.readings import NO_GRADIENT, Gradient, Reading, summed
from gonio.arrays import FloatArray64

_FLATTEST = 1e-12
_SLOPE_STEPS = 4
"""Grid steps beyond a window that are looked at: a slope reaches over two."""
_NOISE = 0.25
"""Standard deviations of a curve on either side of a level, that the chord spans whose slope is taken.

At the level itself a noisy curve is steep or flat by chance; far from it, the slope is no longer that at the level.
It was chosen with ``benchmarks/motion/parameter_error_bars.py`` in view; with 0.5 the walk's events move by less than
0.5 ms, and their error bars get up to 15 % wider.
"""
_CONTRADICTS = 2.5
"""Standard deviations between two moments of one event that are not chance."""


@dataclass(frozen=True, slots=True)
class Window:
    """From one time to another, in seconds."""

    start_s: float
    end_s: float

    def __contains__(self, time_s: float) -> bool:
        return self.start_s <= time_s <= self.end_s


def crossings(
    curve: Curve, window: Window, *, order: int, level: float, rising: bool, level_of: Gradient = NO_GRADIENT
) -> list[Moment]:
    """Moments within a window at which a derivative of the curve passes a level.

    Args:
        curve: Of any quantity.
        window: Where to look.
        order: Of the derivative; 0: the quantity itself.
        level: In its unit.
        rising: Upward through the level, else downward.
        level_of: What keypoint errors make of the level.

    Returns:
        In order of time. The sd is that of the derivative over its slope (first order), at most that of any time within
        the window: more than that it has been there is not known of a flat slope. So is what keypoint errors make of
        the time.
    """
    first, past = np.searchsorted(curve.time_s, (window.start_s, window.end_s))
    near = slice(max(int(first) - _SLOPE_STEPS, 0), int(past) + _SLOPE_STEPS)  # not the whole of a long recording
    grid_s, y = curve.time_s[near], curve.values[order, near] - level
    before, after = y[:-1], y[1:]
    most_s, sign = (window.end_s - window.start_s) / np.sqrt(12), 1.0 if rising else -1.0
    crosses = (before < 0) & (after >= 0) if rising else (before > 0) & (after <= 0)
    found = []
    for i in np.flatnonzero(crosses):
        step = grid_s[i + 1] - grid_s[i]
        time_s = float(grid_s[i] + before[i] / (before[i] - after[i]) * step)
        if time_s in window:
            sd = curve.sd_at(time_s, order)
            low, high = _about(y, int(i), sd)
            slope = float(y[high] - y[low]) / (high - low) / step
            slope = sign * max(sign * slope, sd / most_s, _FLATTEST)  # where noise turns it back, it is flat
            own = _gradient(curve.reading(time_s, order), -1 / slope)
            moved = summed((own, 1.0), (level_of, 1 / slope))
            found.append(Moment(time_s, sd / abs(slope), moved, slope=abs(slope)))
    return found


def turn(curve: Curve, window: Window, *, order: int, kind: Literal["max", "min"]) -> Moment | None:
    """The most extreme turn of a derivative within a window; None if it does not turn there.

    Args:
        curve: Of any quantity.
        window: Where to look.
        order: 0 to 2; its own derivative crosses zero where it turns.
        kind: What to look for.
    """
    sign = 1 if kind == "max" else -1
    turns = crossings(curve, window, order=order + 1, level=0.0, rising=kind == "min")
    return max(turns, key=lambda moment: sign * curve.at(moment.time_s, order), default=None)


def highest(curve: Curve, window: Window, *, order: int) -> Moment | None:
    """The highest local maximum of a derivative within a window, of order 3 too, whose own derivative is not fitted."""
    first = int(np.searchsorted(curve.time_s, window.start_s))
    past = int(np.searchsorted(curve.time_s, window.end_s, side="right"))
    y = np.nan_to_num(curve.values[order, first:past], nan=-np.inf)
    i = int(np.argmax(y)) if len(y) else 0
    if not 0 < i < len(y) - 1 or not np.isfinite(y[i - 1 : i + 2]).all():
        return None
    step = curve.time_s[1] - curve.time_s[0]
    bend = y[i - 1] - 2 * y[i] + y[i + 1]
    shift = 0.5 * (y[i - 1] - y[i + 1]) / bend if bend < 0 else 0.0
    return Moment(float(curve.time_s[first + i] + shift * step), float("nan"))


def _about(y: FloatArray64, i: int, sd: float) -> tuple[int, int]:
    """Between which samples a slope is taken: at least over a few grid steps, so that a kink does not count.

    And as far as the curve differs from the level by less than noise makes it: at the crossing itself it is steep or
    flat by chance.
    """
    far = ~(np.abs(y) < _NOISE * sd)
    low = next((n for n in range(i - 1, -1, -1) if far[n]), 0)
    high = next((n for n in range(i + 2, len(y)) if far[n]), len(y) - 1)
    return (low, high) if np.isfinite(y[high] - y[low]) else (i, i + 1)


def _gradient(reading: Reading | None, slope: float) -> Gradient:
    return NO_GRADIENT if reading is None else {reading: slope}


def weighted_mean(moments: list[Moment], spreads_s: list[float]) -> Moment | None:
    """Moments that mean the same event, each weighted by what it knows of it.

    One that contradicts the others, as where noise made a second turn, is left out. Where the rest differ by more than
    their sd, that of the mean is widened to match (Birge, Phys Rev 40, 1932).

    Args:
        moments: Of several methods.
        spreads_s: How far each method scatters about the true event on noiseless data; added in quadrature.

    Returns:
        The mean and its sd; None of nothing.
    """
    if not moments:
        return None
    times = np.array([moment.time_s for moment in moments])
    sd = np.hypot([moment.sd_s if np.isfinite(moment.sd_s) else 0.0 for moment in moments], spreads_s)
    middle = _weighted_median(times, 1 / sd**2)
    agrees = np.abs(times - times[middle]) <= _CONTRADICTS * np.hypot(sd, sd[middle])
    weights = np.where(agrees, 1 / sd**2, 0.0)
    mean = float(np.average(times, weights=weights))
    excess = (weights * (times - mean) ** 2).sum() / max(agrees.sum() - 1, 1)
    shares = weights / weights.sum()
    gradient = summed(*zip((moment.gradient for moment in moments), shares.tolist(), strict=True))
    widened_s = float(np.sqrt(max(excess - 1, 0.0) / weights.sum()))
    return Moment(mean, float(np.sqrt(max(excess, 1.0) / weights.sum())), gradient, widened_s)


def _weighted_median(values: FloatArray64, weights: FloatArray64) -> int:
    """Index of the value at which half of the weight is reached."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return int(order[np.searchsorted(reached, reached[-1] / 2)])
