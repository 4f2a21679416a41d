"""What a trajectory says about its own error: how it trembles, and how far it may stray while it is not seen."""

import numpy as np

from gonio.arrays import BoolArray, FloatArray64

_WINDOW_S = 2.0
_LEAST_IN_WINDOW = 10
_MAD_TO_SD = 1.4826
"""Standard deviation over median absolute deviation of a normal distribution."""
_AROUND = (-2, -1, 1, 2)


def temporal_sd(points: FloatArray64, time_s: FloatArray64) -> FloatArray64:
    """Standard deviation of frame-to-frame noise along one axis, around each instant.

    Each sample is compared with the cubic through its two neighbours on either side, at their true times. For
    independent noise the difference is larger than the noise by a known factor, which is divided out. Movement leaves
    little in it: at evenly spaced times it is a sixth of the fourth difference.

    Args:
        points: ``(T, ..., D)``; NaN where not seen.
        time_s: ``(T,)``.

    Returns:
        ``(T, ...)``: 1.4826 times the median absolute residual within about two seconds, all axes together; NaN where
        fewer than ten are known.

    Source:
        Median absolute deviation: Rousseeuw and Croux, J Am Stat Assoc 88, 1993. Differences against noise:
        Gasser, Sroka and Jennen-Steinmetz, Biometrika 73, 1986.
    """
    shape = points.shape[:-1]
    if len(time_s) <= 4:
        return np.full(shape, np.nan)
    residual = np.abs(_residuals(points, time_s).reshape(len(time_s), -1, points.shape[-1]))
    half = _WINDOW_S / 2
    centres = np.arange(time_s[0], time_s[-1] + half, half)
    table = np.array([_median(residual[np.abs(time_s - centre) <= half]) for centre in centres])
    sd = np.full(residual.shape[:2], np.nan)
    for j in range(table.shape[1]):
        known = np.isfinite(table[:, j])
        if known.any():
            sd[:, j] = np.interp(time_s, centres[known], table[known, j])
    return _MAD_TO_SD * sd.reshape(shape)


def bridge_variance(points: FloatArray64, seen: BoolArray, time_s: FloatArray64) -> FloatArray64:
    """``(T,)``: variance along one axis of where a point may have been while it was not seen.

    Of a Brownian bridge between the last time it was seen and the next, as restless as the point is where it is seen.
    For smooth movement that is careful.

    Args:
        points: ``(T, D)``.
        seen: ``(T,)``.
        time_s: ``(T,)``.

    Source:
        Horne et al., "Analyzing animal movements using Brownian bridges", Ecology 88, 2007.
    """
    at = np.flatnonzero(seen)
    if len(at) < 2:
        return np.full(len(time_s), np.nan)
    steps = np.diff(points[at], axis=0) ** 2 / np.diff(time_s[at])[:, None]
    diffusion = float(steps.mean(axis=-1).mean())
    after = np.clip(np.searchsorted(at, np.arange(len(time_s))), 0, len(at) - 1)
    before = np.clip(after - 1, 0, None)
    since, until = np.abs(time_s - time_s[at[before]]), np.abs(time_s[at[after]] - time_s)
    beyond = (np.arange(len(time_s)) < at[0]) | (np.arange(len(time_s)) > at[-1])
    both = np.maximum(since + until, 1e-12)
    # beyond the ends nothing holds the other end of the bridge
    variance = np.where(beyond, np.minimum(since, until), since * until / both)
    return np.asarray(np.where(seen, 0.0, diffusion * variance), np.float64)


def _residuals(points: FloatArray64, time_s: FloatArray64) -> FloatArray64:
    """``(T, ..., D)`` differences from the cubic through the neighbours, scaled to the noise; NaN at the ends."""
    out = np.full(points.shape, np.nan)
    middle = np.arange(2, len(time_s) - 2)
    weights = _lagrange(time_s[middle[:, None] + np.array(_AROUND)], time_s[middle])
    gain = np.sqrt(1 + (weights**2).sum(axis=1))
    along = (slice(None), *[None] * (points.ndim - 1))
    curve = sum(weights[:, j][along] * points[middle + offset] for j, offset in enumerate(_AROUND))
    out[middle] = (points[middle] - curve) / gain[along]
    return out


def _lagrange(at: FloatArray64, where: FloatArray64) -> FloatArray64:
    """``(M, 4)`` weights of four samples in the cubic through them, at one place each."""
    weights = np.ones(at.shape)
    for j in range(at.shape[1]):
        for other in range(at.shape[1]):
            if other != j:
                weights[:, j] *= (where - at[:, other]) / (at[:, j] - at[:, other])
    return weights


def _median(residual: FloatArray64) -> FloatArray64:
    """``(J,)`` medians over time and axes of ``(W, J, D)``; NaN where too few are known."""
    flat = np.moveaxis(residual, 1, 0).reshape(residual.shape[1], -1)
    known = np.isfinite(flat).sum(axis=1) >= _LEAST_IN_WINDOW
    out = np.full(len(flat), np.nan)
    if known.any():
        out[known] = np.nanmedian(flat[known], axis=1)
    return out
