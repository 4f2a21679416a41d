from dataclasses import replace

import cv2
import numpy as np
import pytest

from gonio.errors import ConfigError, ShapeError
from gonio.geometry.calibrated_camera import CalibratedCamera

MATRIX = np.array([[1680.0, 0, 533], [0, 1681.0, 948], [0, 0, 1]])
DISTORTION = np.array([-0.046, 0.14, 0.0006, 0.0007, 0.0])


@pytest.fixture
def camera() -> CalibratedCamera:
    turn = np.asarray(cv2.Rodrigues(np.array([0.1, -0.4, 0.05]))[0], np.float64)
    return CalibratedCamera("cam", (1088, 1920), MATRIX, DISTORTION, turn, np.array([0.2, -0.1, -3.0]))


def points(count: int = 50) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.random.default_rng(0).uniform(-0.5, 0.5, (count, 3))


def test_without_distortion_a_point_is_where_similar_triangles_put_it() -> None:
    camera = CalibratedCamera("cam", (1088, 1920), MATRIX, np.zeros(5), np.eye(3), np.array([0.0, 0.0, -2.0]))
    np.testing.assert_allclose(camera.project(np.array([0.1, -0.2, 0.0])), [533 + 84, 948 - 168.1])


def test_lines_of_sight_undo_the_lens(camera: CalibratedCamera) -> None:
    seen = (points() - camera.position) @ camera.rotation.T
    rays = camera.lines_of_sight(camera.project(points()))
    np.testing.assert_allclose(rays, seen[:, :2] / seen[:, 2:], atol=1e-6)


def test_projection_is_that_of_the_lines_of_sight(camera: CalibratedCamera) -> None:
    homogeneous = np.c_[points(), np.ones(50)] @ camera.projection.T
    rays = camera.lines_of_sight(camera.project(points()))
    np.testing.assert_allclose(homogeneous[:, :2] / homogeneous[:, 2:], rays, atol=1e-6)


def test_missing_points_and_points_behind_stay_missing(camera: CalibratedCamera) -> None:
    both = np.array([[[np.nan, 0, 0], [0, 0, 0]], [[0, 0, -9.0], [0, 0, 0]]])
    np.testing.assert_array_equal(np.isnan(camera.project(both)[..., 0]), [[True, False], [True, False]])
    np.testing.assert_array_equal(np.isnan(camera.lines_of_sight(np.array([[np.nan, 1], [1, 1]]))[:, 0]), [True, False])
    assert camera.project(np.empty((0, 3))).shape == (0, 2)


def test_letterboxed_points_lie_where_the_scaled_picture_has_them() -> None:
    """Oracle: cv2.resize of a picture with one bright block."""
    camera = CalibratedCamera("cam", (64, 96), np.array([[50.0, 0, 19.5], [0, 50, 29.5], [0, 0, 1]]), np.zeros(5),
                              np.eye(3), np.array([0.0, 0.0, -1.0]))  # fmt: skip
    picture = np.zeros((96, 64), np.float32)
    picture[28:32, 18:22] = 1  # its middle is (19.5, 29.5), where the camera sees the world's origin
    small = cv2.resize(picture, (32, 48), interpolation=cv2.INTER_AREA)
    framed = np.pad(small, ((0, 0), (14, 14)))  # 60 x 48
    middle = [float((framed.sum(axis=axis) * np.arange(n)).sum() / framed.sum()) for axis, n in ((0, 60), (1, 48))]
    np.testing.assert_allclose(camera.letterboxed((60, 48)).project(np.zeros(3)), middle, atol=1e-5)


def test_moved_centre_moves_the_picture(camera: CalibratedCamera) -> None:
    moved = camera.with_centre_moved((3, -4)).project(points())
    np.testing.assert_allclose(moved - camera.project(points()), np.tile([3, -4], (50, 1)), atol=1e-9)


@pytest.mark.parametrize(
    ("size_wh", "says"),
    [
        pytest.param((1080, 1920), r"'run.mp4' has frames of 1080 x 1920 px, .* 1088 x 1920", id="other size"),
        pytest.param((1920, 1088), "stands upright and the other lies", id="turned"),
    ],
)
def test_frames_of_another_size_are_refused(camera: CalibratedCamera, size_wh: tuple[int, int], says: str) -> None:
    camera.check_frame((1088, 1920), "run.mp4")
    with pytest.raises(ConfigError, match=says):
        camera.check_frame(size_wh, "run.mp4")


def test_wrong_numbers_are_refused(camera: CalibratedCamera) -> None:
    with pytest.raises(ConfigError, match="rotation of camera 'cam'"):
        replace(camera, rotation=np.diag([1.0, 1, -1]))
    with pytest.raises(ShapeError, match="distortion"):
        replace(camera, distortion=np.zeros(4))
