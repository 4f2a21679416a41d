"""A signal over a recording: what is counted on, what is timed on, and which samples each is made of."""

import math
from dataclasses import dataclass, replace

import numpy as np

from gonio.analysis.doubt import Doubt
from gonio.analysis.estimate import Estimate, read
from gonio.analysis.exercises.signal_gradient import SignalGradient
from gonio.analysis.series import Series
from gonio.analysis.windows import known_between, median_without_nan, neighbours, rolling_median, sample_interval_s
from gonio.arrays import BoolArray, FloatArray64, IntArray

SMOOTH_S = 0.1
"""Half the window of the median that single wrong frames must not pass; at least one sample. At 10 frames per second
more would take fast repetitions away with the errors."""
_AGREE = 4.0
"""Robust standard deviations from the median of its window; samples farther off are not timed with."""
_HARMLESS = 0.2
"""Part of the signal's range: no farther off, a sample may take part. It hardly moves the line, and of so few samples
some are always close together, beside which a good one looks wrong."""
_MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A signal without gaps: ``(T,)`` times, values that rise in a repetition, standard deviations, and as it was seen.

    Attributes:
        time_s: Increasing.
        values: Medians, without single wrong samples: what is counted on.
        steady: What is timed on, where lines through the samples about each are: they tremble less, and it is known how
            much of each sample they hold.
        value_sd: Standard deviations.
        index: ``(T, W)`` frames that ``steady`` is made of.
        shares: ``(T, W)`` their weights.
        frames_s: Times of all frames.
        frames: The values in them, NaN where there is none: they show how much the signal trembles.
        follow: What the frames rest on; None where that is not followed.
    """

    time_s: FloatArray64
    values: FloatArray64
    steady: FloatArray64
    value_sd: FloatArray64
    index: IntArray
    shares: FloatArray64
    frames_s: FloatArray64
    frames: FloatArray64
    follow: SignalGradient | None = None

    @classmethod
    def of(cls, series: Series, follow: SignalGradient | None = None) -> "Curve":
        """Where there is a value within the window."""
        time_s = series.time_s
        half_s = float(np.nanmax([SMOOTH_S, sample_interval_s(time_s)]))
        smooth = rolling_median(series.values, time_s, half_s)
        seen = np.isfinite(smooth)
        index, shares = _lines(series.values, time_s, half_s)
        steady = np.where(shares != 0, shares * series.values[index], 0.0).sum(axis=1)
        return cls(
            time_s=time_s[seen],
            values=smooth[seen],
            steady=steady[seen],
            value_sd=known_between(time_s, series.sd)[seen],
            index=index[seen],
            shares=shares[seen],
            frames_s=time_s,
            frames=series.values,
            follow=follow,
        )

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def backwards(self) -> "Curve":
        """As if time ran the other way."""
        return Curve(
            time_s=-self.time_s[::-1],
            values=self.values[::-1],
            steady=self.steady[::-1],
            value_sd=self.value_sd[::-1],
            index=self.index[::-1],
            shares=self.shares[::-1],
            frames_s=-self.frames_s[::-1],
            frames=self.frames[::-1],
            follow=self.follow,
        )

    @property
    def as_counted(self) -> "Curve":
        """Timed on what is counted on; what its errors are is not followed."""
        return replace(self, steady=self.values, follow=None)

    def seen_share(self, start_s: float, end_s: float) -> float:
        """Part of the frames from one time to another in which the signal was seen."""
        during = (self.frames_s >= start_s) & (self.frames_s <= end_s)
        return float(np.isfinite(self.frames[during]).mean()) if during.any() else 0.0

    def total(self, samples: IntArray, weights: FloatArray64) -> Estimate:
        """A weighted sum of ``steady``."""
        value = float(weights @ self.steady[samples])
        if self.follow is None:
            return Estimate(value, {})
        shares = weights[:, None] * self.shares[samples]
        used = shares != 0
        return read(value, *self.follow.of(self.index[samples][used], shares[used]).items())

    def sd(self, number: Estimate) -> float:
        """Of something made of this curve; NaN where that is not followed."""
        return math.nan if self.follow is None else Doubt(self.follow.errors).sd_of(number)

    def at(self, sample: int) -> Estimate:
        """``steady`` in one sample."""
        return self.total(np.array([sample]), np.ones(1))


def _lines(values: FloatArray64, time_s: FloatArray64, half_s: float) -> tuple[IntArray, FloatArray64]:
    """``(T, W)`` frames about each, and their weights in the value there of the line through those that agree.

    In the middle of even samples that is their mean.

    Source:
        Local linear regression: Cleveland, "Robust locally weighted regression and smoothing scatterplots", JASA 74,
        1979. Those that agree: Hampel, "The influence curve and its role in robust estimation", JASA 69, 1974.
    """
    index, counted = neighbours(time_s, half_s)
    kept = _agreeing(np.where(counted, values[index], np.nan), values)
    offset = time_s[index] - time_s[:, None]
    count = np.maximum(kept.sum(axis=1, keepdims=True), 1)
    middle = (kept * offset).sum(axis=1, keepdims=True) / count
    away = kept * (offset - middle)
    spread = (away**2).sum(axis=1, keepdims=True)
    tilt = np.divide(middle * away, spread, out=np.zeros_like(away), where=spread > 0)
    return index, kept / count - tilt


def _agreeing(around: FloatArray64, values: FloatArray64) -> BoolArray:
    """``(T, W)``: of the samples of each window, those near its median."""
    known = values[np.isfinite(values)]
    harmless = _HARMLESS * float(np.subtract(*np.percentile(known, [95, 5]))) if len(known) else 0.0
    away = np.abs(around - median_without_nan(around, axis=1)[:, None])
    spread = _MAD_TO_SD * median_without_nan(away, axis=1)[:, None]
    return np.asarray(away <= np.maximum(_AGREE * spread, harmless))
