"""Two ways to turn a score into a probability. Evaluation fits them, models apply them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gonio.arrays import FloatArray64

Scores = npt.NDArray[np.floating[Any]]

_EDGE = 1e-4
"""Scores are kept this far from 0 and 1 before their logit is taken, which is infinite there."""
_NEAR = 2**-25
"""Half the distance of 1 to the float32 below it: so near to 0 and 1 a float32 probability may be."""


def logit(scores: Scores) -> FloatArray64:
    """``log(p / (1 - p))`` of scores in [0, 1], finite at both ends."""
    inside = np.clip(np.asarray(scores, np.float64), _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside / (1 - inside)))


def through_knots(scores: Scores, knots: Sequence[tuple[float, float]]) -> FloatArray64:
    """Straight lines between ``(score, value)`` knots of increasing score, level beyond the first and the last.

    Example:
        >>> through_knots(np.array([0.0, 0.5, 1.0]), [(0.25, 0.1), (0.75, 0.9)])
        array([0.1, 0.5, 0.9])
    """
    at, values = np.array(knots, np.float64).T
    return np.asarray(np.interp(np.asarray(scores, np.float64), at, values))


def through_logit(scores: Scores, *, temperature: float, bias: float) -> FloatArray64:
    """``sigmoid(logit(score) / temperature + bias)``.

    Source:
        Platt, "Probabilistic Outputs for Support Vector Machines", 1999; the temperature of Guo et al., "On
        Calibration of Modern Neural Networks", ICML 2017, for two classes, with Platt's bias.

    Example:
        >>> through_logit(np.array([0.5, 0.9]), temperature=1, bias=0).round(6)
        array([0.5, 0.9])
    """
    return np.asarray(1 / (1 + np.exp(-(logit(scores) / temperature + bias))))


def back_through_knots(values: Scores, knots: Sequence[tuple[float, float]]) -> FloatArray64:
    """Scores that `through_knots` gives these values, for values that never fall; where several do, their middle.

    Example:
        >>> back_through_knots(np.array([0.1, 0.5]), [(0.25, 0.1), (0.5, 0.1), (0.75, 0.9)])
        array([0.375 , 0.5625])
    """
    at, of_knots = np.array(knots, np.float64).T
    levels, group = np.unique(of_knots, return_inverse=True)
    middles = np.bincount(group, at) / np.bincount(group)
    return np.asarray(np.interp(np.asarray(values, np.float64), levels, middles))


def back_through_logit(values: Scores, *, temperature: float, bias: float) -> FloatArray64:
    """The scores that `through_logit` gives these values, which may be float32: its inverse.

    Example:
        >>> back_through_logit(np.array([0.5, 0.9]), temperature=1, bias=0).round(6)
        array([0.5, 0.9])
    """
    inside = np.clip(np.asarray(values, np.float64), _NEAR, 1 - _NEAR)
    return np.asarray(1 / (1 + np.exp((bias - np.log(inside / (1 - inside))) * temperature)))
