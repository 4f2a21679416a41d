"""A noisy coordinate as a smooth curve with its derivatives, and how sure each of them is.

Events are found where velocities and accelerations turn, so these are fitted, not differenced: a cubic through the
samples around each moment. That needs no constant frame rate, bridges single missing samples, gives values between
frames, and the sd of every derivative follows from the sd of the samples.
"""

from dataclasses import dataclass

import numpy as np

from gonio.analysis.readings import Channels, Reading, reading
from gonio.arrays import FloatArray64, IntArray

DEGREE = 3
_FACTORIALS = np.array([1.0, 1.0, 2.0, 6.0])
_MIN_SAMPLES = DEGREE + 2
"""One more than a cubic needs: with fewer, the noise would be fitted."""
_WIDENED = 2.5
"""Times wider a window may get to hold them; in longer gaps there is no curve."""
_SWINGS = 2.0
"""A value with more than this part of the samples' sd: the cubic swings freely beyond or between them."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """How a curve was made of samples.

    Attributes:
        index: ``(G, W)`` samples that each value is made of.
        gain: ``(4, G, W)`` their weights in it, by order of the derivative.
        frames: ``(T,)`` of the sequence at which was sampled.
        channels: What was sampled.
        length: Frames of the sequence.
    """

    index: IntArray
    gain: FloatArray64
    frames: IntArray
    channels: Channels
    length: int


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A quantity on a fine grid of times.

    Attributes:
        time_s: ``(G,)`` even steps.
        values: ``(4, G)``: the quantity and its first three derivatives by time; NaN in gaps.
        sd: ``(4, G)`` their standard deviations, errors new in every sample.
        fit: To follow the errors of keypoints; None where they are not followed.
    """

    time_s: FloatArray64
    values: FloatArray64
    sd: FloatArray64
    fit: Fit | None = None

    @property
    def position(self) -> FloatArray64:
        """``(G,)``."""
        return np.asarray(self.values[0])

    @property
    def velocity(self) -> FloatArray64:
        """``(G,)`` per second."""
        return np.asarray(self.values[1])

    def at(self, time_s: float, order: int = 0) -> float:
        """The derivative of that order at one time; NaN outside the grid and in gaps."""
        return float(np.interp(time_s, self.time_s, self.values[order], left=np.nan, right=np.nan))

    def sd_at(self, time_s: float, order: int = 0) -> float:
        """Standard deviation of `at`, errors new in every sample."""
        return float(np.interp(time_s, self.time_s, self.sd[order], left=np.nan, right=np.nan))

    def reading(self, time_s: float, order: int = 0) -> Reading | None:
        """`at` as a sum of keypoint coordinates; None where they are not followed."""
        place = float(np.clip(np.interp(time_s, self.time_s, np.arange(len(self.time_s))), 0, len(self.time_s) - 1))
        low = min(int(place), len(self.time_s) - 2)
        return self.mean_reading(np.array([low, low + 1]), order, np.array([low + 1 - place, place - low]))

    def mean_reading(self, grid: IntArray, order: int, weights: FloatArray64 | None = None) -> Reading | None:
        """The same of a mean over some of the grid.

        Args:
            grid: ``(M,)`` indices.
            order: Of the derivative.
            weights: ``(M,)``; None: all alike.
        """
        if self.fit is None:
            return None
        shares = np.full(len(grid), 1 / max(len(grid), 1)) if weights is None else weights
        gain = shares[:, None] * self.fit.gain[order, grid]
        frames = self.fit.frames[self.fit.index[grid]]
        return reading(frames.ravel(), gain.ravel(), self.fit.channels, self.fit.length)


class Smoother:
    """Fits a local cubic around every time of a grid, to any quantity that was sampled at the same times.

    Source:
        Local polynomial regression: Cleveland, "Robust locally weighted regression and smoothing scatterplots",
        JASA 74, 1979; derivatives and variances: Fan and Gijbels, Local Polynomial Modelling and Its Applications,
        1996, chapter 3.

    Example:
        >>> t = np.linspace(0, 1, 31)
        >>> curve = Smoother(t, t, half_width_s=0.2).fit(t**2)
        >>> round(curve.at(0.5), 6), round(curve.at(0.5, 1), 6), round(curve.at(0.5, 2), 6)
        (0.25, 1.0, 2.0)
    """

    def __init__(self, time_s: FloatArray64, grid_s: FloatArray64, *, half_width_s: float) -> None:
        """Prepare everything that does not depend on the samples.

        Args:
            time_s: ``(T,)`` increasing, any spacing, at least one.
            grid_s: ``(G,)`` where the curves are wanted.
            half_width_s: Samples within it count, with biweight weights that fall to 0 there. About the period of a
                low-pass filter's cut-off.
        """
        self._time_s, self._grid_s = time_s, grid_s
        self._index, weight, offset, half = _windows(time_s, grid_s, half_width_s)
        powers = offset[..., None] ** np.arange(DEGREE + 1)
        normal = np.einsum("gwi,gw,gwj->gij", powers, weight, powers)
        enough = (weight > 0).sum(axis=1) >= _MIN_SAMPLES
        normal[~enough] = 0
        inverse = np.linalg.inv(normal + 1e-10 * np.eye(DEGREE + 1))
        gain = np.einsum("gij,gwj,gw->igw", inverse, powers, weight)  # coefficients are gain x samples
        steady = enough & ((gain[0] ** 2).sum(axis=1) < _SWINGS**2)
        scale = _FACTORIALS[:, None] / half ** np.arange(DEGREE + 1)[:, None]
        self._gain = np.where(steady, 1, np.nan)[:, None] * scale[..., None] * gain
        self._sd = np.sqrt((self._gain**2).sum(axis=2))
        self._freedom = self._left_to_noise(inverse[:, 0, 0])

    def fit(self, samples: FloatArray64, *, sample_sd: float = float("nan")) -> Curve:
        """The curve through ``(T,)`` samples.

        Args:
            samples: None missing.
            sample_sd: What is known of their sd; their scatter about the curve counts where it is larger.
        """
        values = np.einsum("igw,gw->ig", self._gain, samples[self._index])
        residual = samples - np.interp(self._time_s, self._grid_s, values[0], left=np.nan, right=np.nan)
        residual = residual[np.isfinite(residual)]
        scatter = float(np.sqrt(np.mean(residual**2) / self._freedom)) if len(residual) else 0.0
        return Curve(self._grid_s, values, self._sd * np.nanmax([sample_sd, scatter]))

    def made_of(self, channels: Channels, frames: IntArray, length: int) -> Fit:
        """How its curves rest on keypoint coordinates.

        Args:
            channels: What is sampled.
            frames: ``(T,)`` of the sequence at which it is.
            length: Frames of the sequence.
        """
        return Fit(self._index, self._gain, frames, channels, length)

    def _left_to_noise(self, own_weight: FloatArray64) -> float:
        """Share of the samples' variance left about the curve: 1 - 2 h + squared gains, h a sample's own gain."""
        seen = np.isfinite(self._sd[0])
        if not seen.any():
            return 1.0
        return max(float(np.median(1 - 2 * own_weight[seen] + self._sd[0, seen] ** 2)), 0.1)


def fit_curve(
    time_s: FloatArray64,
    samples: FloatArray64,
    grid_s: FloatArray64,
    *,
    half_width_s: float,
    sample_sd: float = float("nan"),
) -> Curve:
    """One curve through samples of which some may be missing; see `Smoother`."""
    seen = np.isfinite(samples)
    if not seen.any():
        return no_curve(grid_s)
    return Smoother(time_s[seen], grid_s, half_width_s=half_width_s).fit(samples[seen], sample_sd=sample_sd)


def no_curve(grid_s: FloatArray64) -> Curve:
    """All NaN."""
    nothing = np.full((DEGREE + 1, len(grid_s)), np.nan)
    return Curve(grid_s, nothing, nothing)


def _windows(
    time_s: FloatArray64, grid_s: FloatArray64, half_width_s: float
) -> tuple[IntArray, FloatArray64, FloatArray64, FloatArray64]:
    """Samples around each time of the grid.

    Returns:
        ``(G, W)`` indices, weights, and offsets in half widths; ``(G,)`` half widths: wider at the ends of the record
        and in short gaps, where too few samples are near.
    """
    half = np.maximum(half_width_s, 1.05 * _distance_of_nth(time_s, grid_s, _MIN_SAMPLES))
    half[half > _WIDENED * half_width_s] = half_width_s
    first = np.searchsorted(time_s, grid_s - half)
    past = np.searchsorted(time_s, grid_s + half, side="right")
    index = first[:, None] + np.arange(max(1, int((past - first).max(initial=1))))
    inside = index < past[:, None]
    index = np.minimum(index, len(time_s) - 1)
    offset = np.where(inside, (time_s[index] - grid_s[:, None]) / half[:, None], 0.0)
    return index, np.where(inside, (1 - offset**2).clip(0) ** 2, 0.0), offset, half


def _distance_of_nth(time_s: FloatArray64, grid_s: FloatArray64, n: int) -> FloatArray64:
    """``(G,)``: from each time of the grid to the n-th nearest sample; infinite if there are fewer."""
    padded = np.concatenate([np.full(n, -np.inf), time_s, np.full(n, np.inf)])
    near = np.searchsorted(time_s, grid_s)[:, None] + np.arange(2 * n)
    return np.asarray(np.sort(np.abs(padded[near] - grid_s[:, None]), axis=1)[:, n - 1])
