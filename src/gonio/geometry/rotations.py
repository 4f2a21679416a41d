"""Rotation matrices and Euler angles: arrays in, arrays out."""

import numpy as np

from gonio.arrays import FloatArray64


def rotation_about(axis: int, angles_deg: FloatArray64) -> FloatArray64:
    """``(..., 3, 3)`` right-handed rotations about x (0), y (1) or z (2).

    Example:
        >>> (rotation_about(2, np.array(90.0)) @ [1, 0, 0]).round(9)
        array([0., 1., 0.])
    """
    radians = np.deg2rad(angles_deg)
    a, b = (axis + 1) % 3, (axis + 2) % 3
    matrices = np.zeros((*radians.shape, 3, 3))
    matrices[..., axis, axis] = 1
    matrices[..., a, a] = matrices[..., b, b] = np.cos(radians)
    matrices[..., b, a] = np.sin(radians)
    matrices[..., a, b] = -np.sin(radians)
    return matrices


def rotation_between(start: FloatArray64, end: FloatArray64) -> FloatArray64:
    """The smallest rotation that turns one direction into another.

    Args:
        start: ``(..., 3)``, any length but 0.
        end: ``(..., 3)``.

    Returns:
        ``(..., 3, 3)``; half a turn about z, or about x for directions along z, where they are opposite; no turn where
        one has no length.

    Source:
        O. Rodrigues' rotation formula, in the form of T. Möller, J. F. Hughes, Efficiently building a matrix to rotate
        one vector to another, J. Graphics Tools 4 (1999) 1-4.
    """
    a, b = np.broadcast_arrays(_unit(start), _unit(end))
    v, c = np.cross(a, b), (a * b).sum(axis=-1)
    opposite = c < -1 + 1e-12
    factor = 1 / np.where(opposite, 1.0, 1 + c)
    skew = np.zeros((*c.shape, 3, 3))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        skew[..., i, j], skew[..., j, i] = -v[..., k], v[..., k]
    matrices = np.eye(3) + skew + skew @ skew * factor[..., None, None]
    along_z = np.abs(a[..., 2]) > 1 - 1e-9
    half_turn: FloatArray64 = np.where(along_z[..., None, None], np.diag([1.0, -1, -1]), np.diag([-1.0, -1, 1]))
    # Half a turn about z leads a direction to its opposite only within the picture plane; elsewhere about a normal.
    level = opposite & ~along_z & (np.abs(a[..., 2]) > 1e-9)
    if level.any():
        normal = _unit(np.cross(a[level], [0.0, 0.0, 1.0]))
        half_turn[level] = 2 * normal[..., :, None] * normal[..., None, :] - np.eye(3)
    return np.asarray(np.where(opposite[..., None, None], half_turn, matrices), np.float64)


def euler_zxy_deg(matrices: FloatArray64) -> FloatArray64:
    """Angles ``(..., 3)`` about z, x and y, in degrees, with ``matrix = Rz @ Rx @ Ry``; y is 0 where x is 90."""
    x = np.arcsin(np.clip(matrices[..., 2, 1], -1, 1))
    locked = np.abs(matrices[..., 2, 1]) > 1 - 1e-9
    z = np.where(
        locked,
        np.arctan2(matrices[..., 1, 0], matrices[..., 0, 0]),
        np.arctan2(-matrices[..., 0, 1], matrices[..., 1, 1]),
    )
    y = np.where(locked, 0.0, np.arctan2(-matrices[..., 2, 0], matrices[..., 2, 2]))
    return np.asarray(np.rad2deg(np.stack([z, x, y], axis=-1)), np.float64)


def _unit(vectors: FloatArray64) -> FloatArray64:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(np.where(lengths > 0, vectors / np.where(lengths > 0, lengths, 1.0), (0.0, 1.0, 0.0)), np.float64)
