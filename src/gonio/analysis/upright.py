"""Coordinates that every analysis uses: right and up in a picture, forward, up and right in space.

Pixels have y down, metres y up, and a camera may be rolled; in space, walking may go anywhere. After this file nobody
asks again.
"""

import numpy as np

from gonio.analysis.landmarks import Landmark, landmark, positions
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

_TRAVELLED = 1.5
"""Trunk lengths that the hips must move for their path to say where forward is."""
_NEAR_DEG = 45.0
"""A path farther than this from where the hips face is sideways or a turn, not the direction of progression."""


def upright(sequence: PoseSequence, *, up_deg: float = 0.0) -> FloatArray64:
    """Keypoints with up as their second coordinate.

    Args:
        sequence: Of any number of people.
        up_deg: Direction of true up in the picture, degrees counter-clockwise from the picture's own up. Of two
            dimensions only: in space, y is up.

    Returns:
        ``(T, N, K, 2)`` (right in the picture, up), or ``(T, N, K, 3)`` (forward, up, to the person's right), float64
        in the sequence's unit, origin unchanged; NaN where a keypoint is missing.

    Source:
        The axes in space are those of Wu and Cavanagh, "ISB recommendations for standardization in the reporting of
        kinematic data", J Biomech 28, 1995: x along progression, y up, z right.
    """
    points = sequence.keypoints.astype(np.float64)
    if points.shape[-1] == 2:
        return roll(points * (1, -1) if sequence.unit == "px" else points, up_deg)
    headings = np.array([_heading(points[:, n], sequence) for n in range(points.shape[1])]).reshape(-1, 1, 2)
    return turned_to(points, headings)


def roll(points: FloatArray64, up_deg: float) -> FloatArray64:
    """``(..., 2)`` of ``(right, up)``, both turned so that up is ``up_deg`` counter-clockwise of what it was.

    Example:
        >>> roll(np.array([0.0, 1.0]), 90.0).round(6)
        array([1., 0.])
    """
    cos, sin = np.cos(np.radians(up_deg)), np.sin(np.radians(up_deg))
    return np.asarray(points @ np.array([[cos, -sin], [sin, cos]]), np.float64)


def turned_to(points: FloatArray64, heading: FloatArray64) -> FloatArray64:
    """Points ``(..., 3)`` with y up as (forward, up, right).

    Args:
        points: Right-handed, y up.
        heading: ``(..., 2)`` unit vectors: x and z of forward.
    """
    x, y, z = np.moveaxis(points, -1, 0)
    forward_x, forward_z = np.moveaxis(heading, -1, 0)
    return np.stack([x * forward_x + z * forward_z, y, z * forward_x - x * forward_z], axis=-1)


def facing_xz(points: FloatArray64, sequence: PoseSequence) -> FloatArray64:
    """``(T, 2)`` unit vectors: x and z of where hips and shoulders face; NaN where neither pair is seen.

    Args:
        points: ``(T, K, 3)`` of one person, y up.
        sequence: For the skeleton.
    """
    across = np.full((len(points), 2), np.nan)
    for name in ("shoulder", "hip"):  # the hips last: they win
        left, right = (positions(points, landmark(sequence.skeleton, name, side)) for side in ("left", "right"))
        pair = (right - left)[:, ::2]
        across = np.where(np.isfinite(pair), pair, across)
    forward = np.stack([across[:, 1], -across[:, 0]], axis=-1)  # up x right
    length = np.linalg.norm(forward, axis=-1, keepdims=True)
    return np.asarray(np.divide(forward, length, out=np.full_like(forward, np.nan), where=length > 0), np.float64)


def _heading(points: FloatArray64, sequence: PoseSequence) -> FloatArray64:
    """Forward of one person, its x and z: along the path if it leads where the hips face, else where they face."""
    facing = facing_xz(points, sequence)
    faced = facing[np.isfinite(facing).all(axis=-1)].sum(axis=0)
    hips = positions(points, landmark(sequence.skeleton, "mid_hip"))
    hips_xz = hips[np.isfinite(hips).all(axis=-1)][:, ::2]
    path = hips_xz[-1] - hips_xz[0] if len(hips_xz) else np.zeros(2)
    far = np.linalg.norm(path) > _TRAVELLED * trunk_length(points, sequence)
    if not faced.any():
        chosen = path if far else np.array([1.0, 0.0])
    else:
        near = far and path @ faced > np.cos(np.radians(_NEAR_DEG)) * np.linalg.norm(path) * np.linalg.norm(faced)
        chosen = path if near else faced
    return np.asarray(chosen / np.linalg.norm(chosen), np.float64)


def trunk_length(points: FloatArray64, sequence: PoseSequence) -> float:
    """Length of the trunk of one person, seldom foreshortened: its 90th percentile over time; NaN if never seen.

    Args:
        points: ``(T, K, D)``.
        sequence: For the skeleton.
    """
    ends: list[Landmark] = [landmark(sequence.skeleton, name) for name in ("mid_hip", "mid_shoulder")]
    length = np.linalg.norm(positions(points, ends[1]) - positions(points, ends[0]), axis=-1)
    length = length[np.isfinite(length)]
    return float(np.percentile(length, 90)) if len(length) else float("nan")
