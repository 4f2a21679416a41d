"""Rotations, against scipy's."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gonio.geometry.rotations import euler_zxy_deg, rotation_about, rotation_between

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_about_an_axis(axis: int) -> None:
    angles = RNG.uniform(-360, 360, 9)
    expected = Rotation.from_euler("xyz"[axis], angles[:, None], degrees=True).as_matrix()
    np.testing.assert_allclose(rotation_about(axis, angles), expected, atol=1e-12)


def test_euler_angles() -> None:
    rotations = Rotation.random(20, random_state=1)
    np.testing.assert_allclose(euler_zxy_deg(rotations.as_matrix()), rotations.as_euler("ZXY", degrees=True), atol=1e-9)


def test_euler_angles_at_the_pole_still_make_the_matrix() -> None:
    matrix = Rotation.from_euler("ZXY", [30, 90, 20], degrees=True).as_matrix()
    z, x, y = euler_zxy_deg(matrix)
    np.testing.assert_allclose(rotation_about(2, z) @ rotation_about(0, x) @ rotation_about(1, y), matrix, atol=1e-9)


def test_between_directions() -> None:
    start, end = RNG.normal(size=(2, 50, 3))
    start[:3] = [[1, 0, 0], [0, 0, 1], [1, 2, 3]]
    end[:3] = -start[:3]  # opposite
    turns = rotation_between(start, end)
    turned = (turns @ start[..., None])[..., 0]
    np.testing.assert_allclose(np.cross(turned, end), 0, atol=1e-9)
    assert ((turned * end).sum(axis=-1) > 0).all()
    np.testing.assert_allclose(turns @ turns.swapaxes(-1, -2), np.broadcast_to(np.eye(3), turns.shape), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(turns), 1)
    angles = np.rad2deg(np.arccos(np.clip((np.trace(turns, axis1=-2, axis2=-1) - 1) / 2, -1, 1)))
    cosines = (start * end).sum(-1) / np.linalg.norm(start, axis=-1) / np.linalg.norm(end, axis=-1)
    np.testing.assert_allclose(angles, np.rad2deg(np.arccos(np.clip(cosines, -1, 1))), atol=1e-5)  # the smallest


def test_in_the_picture_plane_turns_are_about_z() -> None:
    flat = RNG.normal(size=(2, 20, 3)) * (1, 1, 0)
    flat[1, 0] = -flat[0, 0]
    np.testing.assert_allclose(euler_zxy_deg(rotation_between(*flat))[:, 1:] % 360 % 359.999999, 0, atol=1e-5)


def test_no_length_is_no_turn() -> None:
    np.testing.assert_array_equal(rotation_between(np.array([0.0, 1, 0]), np.zeros(3)), np.eye(3))
