"""Quantities over the gait cycle: cut at heel strikes, stretched to 0 to 100 %, with their mean and band."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonio.analysis.gait.contacts import Stride
from gonio.analysis.result import CYCLE_POINTS, Cycle
from gonio.analysis.series import Series
from gonio.arrays import FloatArray64, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Of the cycles of one quantity, each ``(101,)``.

    Attributes:
        mean: NaN where no cycle is valid.
        sd: Between cycles; NaN where fewer than two are valid.
        count: Valid cycles.
    """

    mean: FloatArray64
    sd: FloatArray64
    count: IntArray


def cycle_of(series: Series, strides: Sequence[Stride]) -> Cycle:
    """Cut a series into cycles, one for each stride.

    Args:
        series: Over the whole time.
        strides: Of the side that the cycles begin with.

    Returns:
        Linear between neighbouring samples; NaN where one of the two is not valid.
    """
    starts = np.array([stride.strike.time_s for stride in strides], np.float64)
    ends = np.array([stride.end.time_s for stride in strides], np.float64)
    share = np.linspace(0, 1, CYCLE_POINTS)
    times = starts[:, None] + share * (ends - starts)[:, None]
    values, sd = (np.interp(times, series.time_s, column) for column in (series.valid_values, series.sd))
    outside = (times < series.time_s[0]) | (times > series.time_s[-1])
    values[outside], sd[outside] = np.nan, np.nan
    return Cycle(series.name, series.unit, series.side, values, sd, starts, ends)


def band(cycle: Cycle) -> Band:
    """Mean and standard deviation over the cycles, sample by sample."""
    valid = np.isfinite(cycle.values)
    count = valid.sum(axis=0)
    total = np.where(valid, cycle.values, 0.0).sum(axis=0)
    mean = np.divide(total, count, out=np.full(CYCLE_POINTS, np.nan), where=count > 0)
    squares = (np.where(valid, cycle.values - mean, 0.0) ** 2).sum(axis=0)
    variance = np.divide(squares, count - 1, out=np.full(CYCLE_POINTS, np.nan), where=count > 1)
    return Band(mean, np.sqrt(variance), count.astype(np.int64))
