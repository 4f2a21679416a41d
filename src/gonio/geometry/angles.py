"""Angles between three points, in the picture or in space."""

from typing import Any

import numpy as np
import numpy.typing as npt

from gonio.arrays import FloatArray64, check_shape

Points = npt.NDArray[np.floating[Any]]


def joint_angle_deg(a: Points, b: Points, c: Points) -> FloatArray64:
    """Angle at ``b`` between the segments ``b->a`` and ``b->c``.

    Args:
        a: ``(..., D)`` first end point, D = 2 or 3, any length unit.
        b: ``(..., D)`` joint centre.
        c: ``(..., D)`` second end point.

    Returns:
        ``(...)`` degrees in [0, 180]; NaN where a point is missing or two points coincide.

    Raises:
        ShapeError: If the three arrays differ in shape.

    Source:
        Kahan's half-angle form, stable near 0 and 180 degrees: W. Kahan, "How Futile are Mindless Assessments of
        Roundoff", 2006.

    Example:
        >>> joint_angle_deg(np.array([0.0, 1.0]), np.zeros(2), np.array([1.0, 0.0]))
        array(90.)
    """
    check_shape("b", b.shape, a.shape)
    check_shape("c", c.shape, a.shape)
    to_a, to_c = _unit(a, b), _unit(c, b)
    half = np.arctan2(np.linalg.norm(to_a - to_c, axis=-1), np.linalg.norm(to_a + to_c, axis=-1))
    return np.asarray(np.degrees(2 * half), np.float64)


def _unit(end: Points, joint: Points) -> FloatArray64:
    """The direction from the joint to the end; NaN where they coincide or one is not finite."""
    segment = np.subtract(end, joint, dtype=np.float64, where=np.isfinite(end) & np.isfinite(joint), out=_nan(end))
    # scaled first, so that the squares of very long or very short segments neither overflow nor vanish
    longest = np.abs(segment).max(axis=-1, keepdims=True)
    segment = np.divide(segment, longest, out=_nan(end), where=longest > 0)
    return np.asarray(segment / np.linalg.norm(segment, axis=-1, keepdims=True), np.float64)


def _nan(like: Points) -> FloatArray64:
    return np.full(like.shape, np.nan)
