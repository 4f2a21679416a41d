"""The turn from one direction to another, and how it changes when their ends move: the mathematics of every angle."""

from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray64


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """A turn over time, with its first derivatives.

    Attributes:
        rad: ``(T,)``; NaN where a direction is missing or has no length.
        by_reference: ``(T, 3)`` radians per unit of length: how it grows as the reference's end moves.
        by_segment: ``(T, 3)`` the same of the segment's end.
    """

    rad: FloatArray64
    by_reference: FloatArray64
    by_segment: FloatArray64


def turn_between(reference: FloatArray64, segment: FloatArray64, axis: FloatArray64 | None) -> Turn:
    """Turn from ``reference`` to ``segment``.

    Args:
        reference: ``(T, 3)``, any length.
        segment: ``(T, 3)``, any length.
        axis: ``(3,)`` that the turn goes about, right-handed, made square to the reference at every instant: the
            mediolateral axis of a proximal segment, for flexion. The part of the segment along it does not count.
            None: about whichever axis is square to both; the turn is then in [0, pi].

    Returns:
        The turn in (-pi, pi]. The derivatives hold the axis fixed.

    Source:
        The flexion axis is that of Grood and Suntay, J Biomech Eng 105, 1983, with the mediolateral axis of the body in
        the place of the epicondyles', which no keypoint shows.

    Example:
        >>> turn = turn_between(np.array([[1.0, 0, 0]]), np.array([[0.0, 2, 0]]), np.array([0.0, 0, 1]))
        >>> np.degrees(turn.rad)
        array([90.])
    """
    along, reference_length = _unit(reference)
    if axis is None:
        off = segment - _dot(segment, along)[:, None] * along
        square = _unit(np.where(_dot(off, off)[:, None] > 0, off, _any_square_to(along)))[0]
    else:
        square = np.cross(_unit(axis - _dot(axis, along)[:, None] * along)[0], along)
    cos, sin = _dot(segment, along), _dot(segment, square)
    with np.errstate(invalid="ignore", divide="ignore"):  # a segment without length has no direction: NaN
        by_segment = (cos[:, None] * square - sin[:, None] * along) / (cos**2 + sin**2)[:, None]
        by_reference = -square / reference_length[:, None]
    rad = np.where(cos**2 + sin**2 > 0, np.arctan2(sin, cos), np.nan)
    return Turn(rad, by_reference, by_segment)


def _unit(vectors: FloatArray64) -> tuple[FloatArray64, FloatArray64]:
    """Directions and lengths; NaN directions where the length is 0."""
    length = np.linalg.norm(vectors, axis=-1)
    direction = np.divide(vectors, length[:, None], out=np.full(vectors.shape, np.nan), where=length[:, None] > 0)
    return direction, np.asarray(length, np.float64)


def _any_square_to(along: FloatArray64) -> FloatArray64:
    """One direction square to each: in the picture plane, if they lie in it."""
    square = np.stack([-along[:, 1], along[:, 0], np.zeros(len(along))], axis=-1)
    return np.where(_dot(square, square)[:, None] > 0, square, np.array([1.0, 0.0, 0.0]))


def _dot(a: FloatArray64, b: FloatArray64) -> FloatArray64:
    return np.asarray((a * b).sum(axis=-1), np.float64)
