"""Windows of true time around each sample, and runs of samples: what outliers, gaps and filters share."""

from collections.abc import Iterator

import numpy as np

from gonio.arrays import BoolArray, FloatArray, FloatArray64, IntArray


def is_seen(points: FloatArray | FloatArray64) -> BoolArray:
    """``(...)`` of ``(..., D)``: points that have all their coordinates."""
    return np.asarray(np.isfinite(points).all(axis=-1))


def runs(mask: BoolArray) -> Iterator[tuple[int, int]]:
    """Start and end (exclusive) of each unbroken run of True.

    Example:
        >>> list(runs(np.array([True, True, False, True])))
        [(0, 2), (3, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def sample_interval_s(time_s: FloatArray64) -> float:
    """Median time between samples; NaN for fewer than two."""
    return float(np.median(np.diff(time_s))) if len(time_s) > 1 else float("nan")


def neighbours(time_s: FloatArray64, half_s: float) -> tuple[IntArray, BoolArray]:
    """Which samples lie within ``half_s`` of each.

    Returns:
        ``(T, W)`` indices, clipped into 0..T - 1, and ``(T, W)``: whether they count. Column W // 2 is the sample.
    """
    t = len(time_s)
    ahead = np.searchsorted(time_s, time_s + half_s * (1 + 1e-9), side="right") - np.arange(t) - 1
    behind = np.arange(t) - np.searchsorted(time_s, time_s - half_s * (1 + 1e-9), side="left")
    reach = int(max(ahead.max(initial=0), behind.max(initial=0)))
    offsets = np.arange(-reach, reach + 1)
    counted = (offsets <= ahead[:, None]) & (offsets >= -behind[:, None])
    return np.clip(np.arange(t)[:, None] + offsets, 0, max(t - 1, 0)), counted


def median_without_nan(values: FloatArray64, axis: int) -> FloatArray64:
    """The median along an axis of what is not NaN; NaN where nothing is left, without numpy's warning."""
    missing = np.isnan(values)
    empty = missing.all(axis=axis, keepdims=True)
    median = np.nanmedian(np.where(empty, 0.0, values), axis=axis)
    return np.where(np.squeeze(empty, axis), np.nan, median)


def known_between(time_s: FloatArray64, values: FloatArray64) -> FloatArray64:
    """``(T,)``: with gaps filled along straight lines, and from the ends as they are; all NaN stays so."""
    known = np.isfinite(values)
    return np.interp(time_s, time_s[known], values[known]) if known.any() else values


def rolling_median(values: FloatArray64, time_s: FloatArray64, half_s: float) -> FloatArray64:
    """``(T, ...)``: median of the samples within ``half_s`` of each; NaN are left out."""
    if not len(time_s):
        return values
    index, counted = neighbours(time_s, half_s)
    mask = counted.reshape(*counted.shape, *[1] * (values.ndim - 1))
    return median_without_nan(np.where(mask, values[index], np.nan), axis=1)
