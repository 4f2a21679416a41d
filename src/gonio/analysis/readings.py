"""Numbers read off keypoints, each with what an error of every keypoint coordinate makes of it, to first order.

A `Reading` is a number that small errors of coordinates change in proportion: a smoothed position at one time, a mean
lean. A result is a sum of readings, each times its derivative: its `Gradient`. Two results that look at the same frames
share their errors, and what shifts both ends of a length alike leaves it. `keypoint_errors` makes an sd of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from gonio.analysis.landmarks import Landmark
from gonio.arrays import FloatArray64, IntArray

AXIS_COUNT = 3
"""Coordinates of a keypoint: along the picture or forward, up, and to the person's right."""
Channels = Mapping[int, FloatArray64 | float]
"""Derivatives of what is followed over time, by ``AXIS_COUNT * keypoint + axis``: ``(T,)``, or one for all frames."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """How one number depends on the coordinates.

    Attributes:
        at: ``(M,)`` coordinates: ``channel * T + frame``, T the frames of the sequence; one may come twice.
        slopes: ``(M,)`` derivatives.
    """

    at: IntArray
    slopes: FloatArray64


Gradient = Mapping[Reading, float]
"""Readings that a number rests on, each with the derivative by it."""
NO_GRADIENT: Gradient = MappingProxyType({})


def reading(frames: IntArray, weights: FloatArray64, channels: Channels, length: int) -> Reading:
    """Of a weighted sum over a few frames.

    Args:
        frames: ``(M,)``.
        weights: ``(M,)`` of the frames.
        channels: What is summed; derivatives ``(T,)`` or numbers.
        length: T.
    """
    slopes = [weights * (one if np.ndim(one) == 0 else np.asarray(one)[frames]) for one in channels.values()]
    places = [channel * length + frames for channel in channels]
    if not places:
        return Reading(np.zeros(0, np.int64), np.zeros(0))
    return Reading(np.concatenate(places), np.concatenate(slopes))


def channels_of(where: Landmark, axis: int) -> Channels:
    """Of a point that is the middle of some keypoints, along one axis."""
    return {AXIS_COUNT * keypoint + axis: 1 / len(where.indices) for keypoint in where.indices}


def combined(*parts: tuple[Channels, FloatArray64 | float]) -> Channels:
    """Of a weighted sum.

    Example:
        >>> combined(({0: 1.0, 3: 0.5}, 1.0), ({0: 0.5}, -1.0))
        {0: 0.5, 3: 0.5}
    """
    total: dict[int, FloatArray64 | float] = {}
    for channels, weight in parts:
        for channel, slope in channels.items():
            total[channel] = total.get(channel, 0.0) + weight * slope
    return total


def summed(*parts: tuple[Gradient, float]) -> dict[Reading, float]:
    """The gradient of a weighted sum."""
    total: dict[Reading, float] = {}
    for gradient, weight in parts:
        for one, slope in gradient.items():
            total[one] = total.get(one, 0.0) + weight * slope
    return total
