"""Two low-pass filters, and the cut-off frequency for one: zero-phase for recordings, causal for live pictures.

Both take the true times of the samples, which may be spaced unevenly, and keep missing samples missing.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import butter, filtfilt

from gonio.analysis.windows import runs, sample_interval_s
from gonio.arrays import FloatArray64
from gonio.errors import ConfigError

_EVEN = 1e-3
"""Steps that differ by less than this share of their median are even; then nothing is resampled."""
_CANDIDATES = 25
"""Cut-offs tried, evenly spaced: interpolation between them errs less than the method."""
_SHORTEST = 4
"""Samples: fewer say nothing about frequencies, and stay as they are."""


def butterworth_zero_phase(
    values: FloatArray64, time_s: FloatArray64, *, cutoff_hz: float, order: int = 4
) -> FloatArray64:
    """Low-pass filter without delay: a Butterworth filter run forwards and backwards.

    ``cutoff_hz`` is that of the whole, where the amplitude is 1 / sqrt(2): each pass gets a higher one to make up for
    the two passes. Uneven times are filtered on an even grid, to and from which cubic splines lead.

    Args:
        values: ``(T, ...)``, each column by itself; NaN splits it into parts that are filtered separately.
        time_s: ``(T,)`` increasing.
        cutoff_hz: Must be below half the sampling rate.
        order: Of both passes together, even: 4 is biomechanics' usual "fourth order, zero lag".

    Returns:
        ``(T, ...)``, NaN where ``values`` has it. Parts of fewer than four samples are returned as they are.

    Raises:
        ConfigError: If the cut-off is not between 0 and half the sampling rate, or the order is odd.

    Source:
        D. A. Winter, Biomechanics and Motor Control of Human Movement, 4th ed. 2009, page 69; the correction
        in the angular domain after D. G. E. Robertson and J. J. Dowling, J. Electromyogr. Kinesiol. 13, 2003.
    """
    if order < 2 or order % 2:
        raise ConfigError(f"order is {order}, but two passes make an even one; use 2, 4 or 6.")
    interval = sample_interval_s(time_s)
    if len(time_s) < _SHORTEST:
        return np.array(values, np.float64)
    if not 0 < cutoff_hz < 0.5 / interval:
        raise ConfigError(
            f"cutoff_hz is {cutoff_hz:g}, but at {1 / interval:.4g} samples/s it must be above 0 and below "
            f"{0.5 / interval:.4g}; lower it."
        )
    coefficients = _one_pass(cutoff_hz * interval, order // 2)
    reach = round(1 / (cutoff_hz * interval))
    columns = np.array(values, np.float64).reshape(len(time_s), -1)
    gaps, like = np.unique(np.isfinite(columns), axis=1, return_inverse=True)
    for group, seen in enumerate(gaps.T):  # columns with the same gaps, together
        chosen = like.ravel() == group
        for start, end in runs(seen):
            if end - start >= _SHORTEST:
                part = columns[start:end, chosen]
                columns[start:end, chosen] = _filter_part(part, time_s[start:end], interval, coefficients, reach)
    return columns.reshape(np.shape(values))


def _one_pass(cutoff: float, order: int) -> tuple[FloatArray64, FloatArray64]:
    """Coefficients of one of two passes; the cut-off of both is given in cycles per sample."""
    correction = (np.sqrt(2) - 1) ** (1 / (2 * order))  # 0.802 for two passes of second order
    b, a = butter(order, 2 / np.pi * np.arctan(np.tan(np.pi * cutoff) / correction))
    return b, a


def _filter_part(
    values: FloatArray64,
    time_s: FloatArray64,
    interval: float,
    coefficients: tuple[FloatArray64, FloatArray64],
    reach: int,
) -> FloatArray64:
    """``(T, C)`` columns without gaps. They are continued by half-turning its ends, over one period of the cut-off."""
    even = np.abs(np.diff(time_s) / interval - 1).max() < _EVEN
    count = len(time_s) if even else int(np.ceil((time_s[-1] - time_s[0]) / interval)) + 1
    grid = time_s if even else np.linspace(time_s[0], time_s[-1], count)
    samples = values if even else CubicSpline(time_s, values)(grid)
    smooth = filtfilt(*coefficients, samples, axis=0, padlen=min(max(3 * len(coefficients[0]), reach), count - 1))
    return np.asarray(smooth if even else CubicSpline(grid, smooth)(time_s))


def residual_cutoff_hz(
    values: FloatArray64, time_s: FloatArray64, *, limits_hz: tuple[float, float] = (3.0, 12.0)
) -> float:
    """Cut-off frequency at which the filter would take away as much as there is noise.

    The residual between raw and filtered samples falls with the cut-off, steeply while motion is lost and then along
    a line that noise alone makes. That line, continued to 0 Hz, tells the noise; the answer is where the residual
    equals it.

    Args:
        values: ``(T, ...)`` coordinates of one keypoint; NaN where missing.
        time_s: ``(T,)``.
        limits_hz: The answer lies within, and never above 0.4 times the sampling rate. Below 3 Hz steps are lost,
            above 12 Hz is no voluntary motion that a camera's keypoints resolve.

    Returns:
        The lower limit where too few samples tell anything.

    Source:
        D. A. Winter, Biomechanics and Motor Control of Human Movement, 4th ed. 2009, residual analysis.
    """
    columns = values.reshape(len(time_s), 1, math.prod(values.shape[1:]))
    return float(residual_cutoffs_hz(columns, time_s, limits_hz=limits_hz)[0])


def residual_cutoffs_hz(
    points: FloatArray64, time_s: FloatArray64, *, limits_hz: tuple[float, float] = (3.0, 12.0)
) -> FloatArray64:
    """``(K,)``: `residual_cutoff_hz` of each keypoint of ``(T, K, D)``, together and so in less time."""
    if len(time_s) < 3 * _SHORTEST:
        return np.full(points.shape[1], limits_hz[0])
    rate = 1 / sample_interval_s(time_s)
    low, high = min(limits_hz[0], 0.4 * rate), min(limits_hz[1], 0.4 * rate)
    candidates = np.linspace(min(1.0, 0.1 * rate), 0.4 * rate, _CANDIDATES)
    square = np.array([(points - butterworth_zero_phase(points, time_s, cutoff_hz=float(f))) ** 2 for f in candidates])
    seen = np.maximum(np.isfinite(points).sum(axis=(0, 2)), 1)
    residuals = np.sqrt(np.nansum(square, axis=(1, 3)) / seen)  # (F, K)
    # The line is taken above what bodies do at usual rates, and below where the residual of noise bends to zero.
    line_part = candidates >= 0.3 * rate
    _, noise = np.polyfit(candidates[line_part], residuals[line_part], 1)
    found = [_crossing(candidates, column, level) for column, level in zip(residuals.T, noise, strict=True)]
    return np.clip(found, low, high)


def _crossing(x: FloatArray64, falling: FloatArray64, level: float) -> float:
    """Where a falling curve reaches a level; its first x if it begins below, its last if it never does."""
    below = np.flatnonzero(falling <= level)
    if not len(below):
        return float(x[-1])
    after = max(int(below[0]), 1)
    return float(np.interp(-level, -falling[after - 1 : after + 1], x[after - 1 : after + 1]))


@dataclass(slots=True)
class OneEuroFilter:
    """Causal filter for live pictures: it smooths much at rest and follows closely in motion. Keeps state.

    Each value has its own speed and its own state. A missing value stays missing and leaves the state alone; after a
    longer gap the filter begins anew, so that nothing is dragged along from where the person was.

    Attributes:
        min_cutoff_hz: Cut-off at rest; lower is calmer and slower.
        beta: How much the cut-off (Hz) rises with the speed (units of the values per second); higher lags less.
        derivative_cutoff_hz: Cut-off for the speed itself.
        restart_s: Length of a gap after which the filter begins anew.

    Raises:
        ConfigError: If the time does not increase from step to step.

    Source:
        G. Casiez, N. Roussel, D. Vogel, "1 euro filter: a simple speed-based low-pass filter for noisy input in
        interactive systems", CHI 2012.

    Example:
        >>> smooth = OneEuroFilter()
        >>> smooth.step(np.array([0.0]), 0.0)
        array([0.])
        >>> bool(smooth.step(np.array([1.0]), 0.033)[0] < 1)
        True
    """

    min_cutoff_hz: float = 1.0
    beta: float = 0.5
    derivative_cutoff_hz: float = 1.0
    restart_s: float = 0.5
    _value: FloatArray64 | None = None
    _speed: FloatArray64 | None = None
    _seen_s: FloatArray64 | None = None
    _now_s: float = -np.inf

    def step(self, values: FloatArray64, time_s: float) -> FloatArray64:
        """Take in the values of one moment, of the same shape each time; gives their smoothed ones."""
        if not time_s > self._now_s:
            raise ConfigError(
                f"time_s is {time_s:g} after {self._now_s:g}; give a filter its samples in order of time."
            )
        self._now_s = time_s
        values = np.asarray(values, np.float64)
        if self._value is None or self._speed is None or self._seen_s is None:
            self._value, self._speed = np.full_like(values, np.nan), np.zeros_like(values)
            self._seen_s = np.full_like(values, -np.inf)
        seen = np.isfinite(values)
        fresh = seen & ~(time_s - self._seen_s <= self.restart_s)
        old = seen & ~fresh
        gap = time_s - self._seen_s[old]
        speed = (values[old] - self._value[old]) / gap
        self._speed[old] += _share(np.full_like(gap, self.derivative_cutoff_hz), gap) * (speed - self._speed[old])
        cutoff = self.min_cutoff_hz + self.beta * np.abs(self._speed[old])
        self._value[old] += _share(cutoff, gap) * (values[old] - self._value[old])
        self._value[fresh], self._speed[fresh] = values[fresh], 0.0
        self._seen_s[seen] = time_s
        return np.where(seen, self._value, np.nan)


def _share(cutoff_hz: FloatArray64, gap_s: FloatArray64) -> FloatArray64:
    """Weight of a new sample in a first-order low-pass."""
    turn = 2 * np.pi * cutoff_hz * gap_s
    return np.asarray(turn / (turn + 1))
