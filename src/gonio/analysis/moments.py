"""Moments between frames: where a signal crosses a level, turns round, or leaves its rest.

All of them work on samples at uneven times and need no frame rate, so a clip in slow motion gives the same moments,
later.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from gonio.analysis.readings import NO_GRADIENT, Gradient, summed
from gonio.analysis.windows import runs
from gonio.arrays import BoolArray, FloatArray64, IntArray

MadeOf = Callable[[IntArray, FloatArray64], Gradient]
"""What keypoint errors make of a weighted sum of a signal's samples: frames and their weights to a gradient."""

_VERTEX_SAMPLES = 5
"""A parabola is fitted to at least so many samples, where there are as many."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time between frames.

    Attributes:
        time_s: NaN where there is none.
        sd_s: What the error of the signal makes of it; NaN where unknown.
        gradient: What keypoint coordinates make of it, where that is followed; in seconds.
        method_s: Part of ``sd_s`` that no keypoint's error makes.
        slope: Of the signal where it passes a level, up or down, in its unit per second; NaN where that is not known.
    """

    time_s: float = math.nan
    sd_s: float = math.nan
    gradient: Gradient = field(default_factory=dict, compare=False, repr=False)
    method_s: float = field(default=0.0, compare=False, repr=False)
    slope: float = field(default=math.nan, compare=False, repr=False)

    @property
    def found(self) -> bool:
        """Whether there is such a time."""
        return math.isfinite(self.time_s)

    def __sub__(self, earlier: "Moment") -> "Moment":
        """The time between, errors independent."""
        gradient = summed((self.gradient, 1.0), (earlier.gradient, -1.0))
        return Moment(self.time_s - earlier.time_s, math.hypot(self.sd_s, earlier.sd_s), gradient)

    def widened(self, sd_s: float) -> "Moment":
        """With one more independent error."""
        return replace(self, sd_s=math.hypot(self.sd_s, sd_s), method_s=math.hypot(self.method_s, sd_s))


def crossings(
    time_s: FloatArray64, values: FloatArray64, level: float, *, rising: bool, sd: float = math.nan
) -> list[Moment]:
    """Every time that a signal passes a level in one direction, by linear interpolation.

    Args:
        time_s: ``(T,)``.
        values: ``(T,)``; there is no crossing next to a NaN.
        level: In the unit of the values.
        rising: From below to above, else from above to below.
        sd: Of a value; divided by the slope, it is that of the time.

    Example:
        >>> crossings(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 3.0]), 2.0, rising=True, sd=0.2)
        [Moment(time_s=1.5, sd_s=0.1)]
    """
    before, after = values[:-1] - level, values[1:] - level
    passed = (before < 0) & (after >= 0) if rising else (before >= 0) & (after < 0)
    found = []
    for i in np.flatnonzero(passed):
        step_s = time_s[i + 1] - time_s[i]
        share = before[i] / (before[i] - after[i])
        found.append(Moment(float(time_s[i] + share * step_s), float(sd * step_s / abs(after[i] - before[i]))))
    return found


def turning(
    time_s: FloatArray64,
    values: FloatArray64,
    *,
    near_s: float,
    half_s: float,
    sd: float = math.nan,
    made_of: MadeOf | None = None,
) -> Moment:
    """Where a signal turns round: the vertex of the parabola that fits best near a time.

    Args:
        time_s: ``(T,)``.
        values: ``(T,)``; NaN are left out.
        near_s: Roughly where.
        half_s: Samples within this time take part, and at least the five nearest.
        sd: Of a value; the fit carries it to the vertex.
        made_of: Of the values, to follow keypoint errors to the vertex.

    Returns:
        ``near_s`` if there are too few samples for a parabola, or it does not turn within ``half_s`` of there.
    """
    away = np.abs(time_s - near_s)
    known = np.isfinite(values)
    if known.sum() < 3:
        return Moment(near_s)
    reach = max(half_s, float(np.sort(away[known])[:_VERTEX_SAMPLES][-1]))
    within = known & (away <= reach * (1 + 1e-6))  # samples at both ends are equally far, up to rounding
    t = time_s[within] - near_s
    design = np.stack([t**2, t, np.ones_like(t)], axis=-1)
    (a, b, _), *_ = np.linalg.lstsq(design, values[within], rcond=None)
    vertex = -b / (2 * a) if a else math.inf
    if abs(vertex) > np.abs(t).max():
        return Moment(near_s)
    weights = np.array([b / (2 * a**2), -1 / (2 * a), 0.0]) @ np.linalg.pinv(design)  # of the samples in the vertex
    gradient = made_of(np.flatnonzero(within), weights) if made_of else NO_GRADIENT
    return Moment(near_s + float(vertex), float(sd * np.linalg.norm(weights)), gradient)


def leaving_rest(time_s: FloatArray64, distance: FloatArray64, *, level: float, sd: float = math.nan) -> Moment:
    """When something that rests begins to move away.

    A start from rest grows with the square of time at first, so the times at which the distance passes a level and
    four times that level lie as far from each other as the first lies from the start.

    Args:
        time_s: ``(T,)``.
        distance: ``(T,)`` from the place of rest, at least 0; at rest first.
        level: Of the distance, large compared with the noise.
        sd: Of a distance.

    Returns:
        NaN if it never passes the levels. Half of the time between them is added to the error: who starts more gently
        than with the square has started earlier, by two thirds of it with the cube.

    Example:
        >>> t = np.linspace(0, 2, 201)
        >>> round(leaving_rest(t, np.clip(t - 1, 0, None) ** 2, level=0.1).time_s, 3)
        1.0
    """
    far = next(iter(crossings(time_s, distance, 4 * level, rising=True, sd=sd)), Moment())
    near = [one for one in crossings(time_s, distance, level, rising=True, sd=sd) if one.time_s <= far.time_s]
    if not near:
        return Moment()
    between = far - near[-1]
    start = Moment(max(near[-1].time_s - between.time_s, float(time_s[0])), math.hypot(2 * near[-1].sd_s, far.sd_s))
    return start.widened(between.time_s / 2)


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """A stretch of stillness.

    Attributes:
        start: First sample.
        stop: After the last sample.
        place: ``(D,)`` median of the points.
        spread: Root mean square distance from the mean, in the stillest window of the whole search.
    """

    start: int
    stop: int
    place: FloatArray64
    spread: float


def rests(time_s: FloatArray64, points: FloatArray64, *, length_s: float, extent: float) -> list[Rest]:
    """Stretches in which a point stays about where it is.

    Args:
        time_s: ``(T,)``.
        points: ``(T, D)`` without NaN.
        length_s: Of the windows that are looked at; a shorter stretch is none.
        extent: The root mean square distance from a window's mean must stay below this, in the unit of the points.
            Where the stillest window is shakier, half as much again as there, which is then the noise; twice
            ``extent`` at most.

    Returns:
        In order; windows that overlap are joined.
    """
    stop = np.searchsorted(time_s, time_s + length_s * (1 - 1e-9)) + 1
    start = np.flatnonzero(stop <= len(time_s))
    if not len(start):
        return []
    stop = stop[start]
    count = (stop - start)[:, None]
    centred = points - points.mean(axis=0)  # keeps the difference of squares exact
    sums = np.concatenate([np.zeros((1, points.shape[1])), np.cumsum(centred, axis=0)])
    squares = np.concatenate([np.zeros((1, points.shape[1])), np.cumsum(centred**2, axis=0)])
    mean = (sums[stop] - sums[start]) / count
    variance = ((squares[stop] - squares[start]) / count - mean**2).sum(axis=-1)
    spread = np.sqrt(np.clip(variance, 0, None))
    still: BoolArray = np.zeros(len(time_s), np.bool_)
    for i in np.flatnonzero(spread <= np.clip(1.5 * spread.min(), extent, 2 * extent)):
        still[start[i] : stop[i]] = True
    return [Rest(a, b, np.median(points[a:b], axis=0), float(spread.min())) for a, b in runs(still)]
