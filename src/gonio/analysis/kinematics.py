"""From an angle over time to numbers with error bars: velocity, range of motion, peak, mean."""

import math
from dataclasses import replace

import numpy as np

from gonio.analysis.angles import AngleSeries
from gonio.analysis.propagation import CORRELATION_S, FRESH, LASTING, error_correlation, sd_of_difference, sd_of_mean
from gonio.analysis.result import Measure
from gonio.analysis.series import REASON_TEXT, Series
from gonio.arrays import FloatArray64


def angular_velocity(
    series: Series, *, lasting: float = LASTING, fresh: float = FRESH, correlation_s: float = CORRELATION_S
) -> Series:
    """How fast a quantity changes.

    The slope of the parabola through a sample and its two neighbours, at their true times; at the ends and beside gaps,
    of the line to the one neighbour.

    Args:
        series: Of anything; an excluded sample keeps its reason, and has a velocity to be drawn pale.
        lasting: Part of the errors that neighbouring samples share, see `error_correlation`; what lasts adds no speed.
        fresh: Part of the rest that is new in every frame.
        correlation_s: In which what is neither fades to 1 / e.

    Returns:
        In the unit per second, named ``knee_flexion_velocity``; NaN where no neighbour has a value.
    """
    values, slope_sd = np.full(len(series), np.nan), np.full(len(series), np.nan)
    known = np.isfinite(series.values)
    before, after = np.append(False, known[:-1])[: len(known)], np.append(known[1:], False)[: len(known)]
    for steps, there in (((-1, 0, 1), before & after), ((-1, 0), before & ~after), ((0, 1), after & ~before)):
        at = np.flatnonzero(known & there)
        around = at[:, None] + steps
        times = series.time_s[around]
        weights = _slope_weights(times - series.time_s[at, None])
        values[at] = (weights * series.values[around]).sum(axis=1)
        scaled, apart_s = weights * series.sd[around], times[:, :, None] - times[:, None]
        shared = error_correlation(apart_s, lasting=lasting, fresh=fresh, correlation_s=correlation_s)
        slope_sd[at] = np.sqrt(np.maximum(np.einsum("ni,nij,nj->n", scaled, shared, scaled), 0))
    return replace(series, name=f"{series.name}_velocity", unit=f"{series.unit}/s", values=values, sd=slope_sd)


def range_of_motion(series: Series) -> Measure:
    """Largest minus smallest valid value.

    Each extreme is the middle one of three neighbours, so that one bad frame does not make it.
    """
    steady = _steady(series.valid_values)
    if not np.isfinite(steady).any():
        return _measure(series, f"{series.name}_range", math.nan, math.nan)
    high, low = int(np.nanargmax(steady)), int(np.nanargmin(steady))
    spread = sd_of_difference(float(series.sd[high]), float(series.sd[low]))
    return _measure(series, f"{series.name}_range", float(steady[high] - steady[low]), spread)


def peak(series: Series, *, least: bool = False) -> Measure:
    """The largest valid value, or the least; the middle one of three neighbours, as in `range_of_motion`."""
    name = f"{'least' if least else 'peak'}_{series.name}"
    steady = _steady(series.valid_values)
    if not np.isfinite(steady).any():
        return _measure(series, name, math.nan, math.nan)
    at = int(np.nanargmin(steady) if least else np.nanargmax(steady))
    return _measure(series, name, float(steady[at]), float(series.sd[at]))


def mean(series: Series) -> Measure:
    """The mean of the valid samples; its error shrinks little with their number, see `sd_of_mean`."""
    valid = series.valid
    if not valid.any():
        return _measure(series, f"mean_{series.name}", math.nan, math.nan)
    spread = sd_of_mean(series.sd[valid], series.time_s[valid])
    return _measure(series, f"mean_{series.name}", float(series.values[valid].mean()), spread, int(valid.sum()))


def fastest(series: Series) -> Measure:
    """The largest speed, whichever way, of a quantity whose samples are valid: ``peak_knee_flexion_velocity``.

    Of the velocity, not below 0; the middle one of three neighbours, as in `range_of_motion`.
    """
    slope = angular_velocity(replace(series, values=series.valid_values))
    return replace(peak(replace(slope, values=np.abs(slope.values))), source="largest of either direction")


def summarise(series: Series) -> tuple[Measure, ...]:
    """Mean, peak, least, range, and the largest speed."""
    return mean(series), peak(series), peak(series, least=True), range_of_motion(series), fastest(series)


def exclusion_note(series: Series) -> str:
    """What excluded samples, in words: ``"right knee hidden or doubtful"``; empty if none is excluded."""
    if isinstance(series, AngleSeries) and series.why:
        return series.why
    reason = next(iter(series.excluded_by()), None)
    return REASON_TEXT[reason] if reason is not None else ""


def _measure(series: Series, name: str, value: float, sd: float, count: int = 1) -> Measure:
    note = exclusion_note(series)
    if not math.isfinite(value) and not note:
        note = "no sample"
    return Measure(name, value, sd, series.unit, series.side, count, series.excluded_fraction, note)


def _steady(values: FloatArray64) -> FloatArray64:
    """The middle one of each value and its two neighbours; the value itself where one of them is missing."""
    out = values.copy()
    if len(values) > 2:
        middle = np.median(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)
        out[1:-1] = np.where(np.isfinite(middle), middle, values[1:-1])
    return out


def _slope_weights(offsets_s: FloatArray64) -> FloatArray64:
    """``(N, M)``: of two or three samples each in the slope at offset 0 of the polynomial through them."""
    count = offsets_s.shape[1]
    powers = offsets_s[:, None] ** np.arange(count)[:, None]
    wanted = np.zeros((count, 1))
    wanted[1] = 1.0
    return np.asarray(np.linalg.solve(powers, wanted)[..., 0], np.float64)
