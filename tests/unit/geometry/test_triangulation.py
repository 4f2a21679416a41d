import cv2
import numpy as np
import pytest

from gonio.arrays import FloatArray64
from gonio.errors import ShapeError
from gonio.geometry.calibrated_camera import CalibratedCamera
from gonio.geometry.triangulation import triangulate

MATRIX = np.array([[1680.0, 0, 533], [0, 1681.0, 948], [0, 0, 1]])
DISTORTION = np.array([-0.046, 0.14, 0.0006, 0.0007, 0.0])


def around(angle: float, distortion: FloatArray64 = DISTORTION) -> CalibratedCamera:
    """On a circle of 3 m around the origin, looking at it."""
    rotation = np.asarray(cv2.Rodrigues(np.array([0.0, angle, 0.0]))[0], np.float64)
    return CalibratedCamera(f"at {angle}", (1088, 1920), MATRIX, distortion, rotation, -3.0 * rotation[2])


CAMERAS = tuple(around(angle) for angle in (0.0, 1.2, 2.5, 4.4))


def points() -> FloatArray64:
    return np.random.default_rng(1).uniform(-0.6, 0.6, (5, 7, 3))


def seen(cameras: tuple[CalibratedCamera, ...] = CAMERAS) -> FloatArray64:
    return np.stack([camera.project(points()) for camera in cameras])


def test_exact_pictures_give_the_points_back() -> None:
    np.testing.assert_allclose(triangulate(CAMERAS, seen()), points(), atol=1e-5)


def test_two_cameras_agree_with_opencv() -> None:
    """Oracle: cv2.triangulatePoints, on noisy pictures without distortion."""
    cameras = (around(0.0, np.zeros(5)), around(1.2, np.zeros(5)))
    noisy = seen(cameras) + np.random.default_rng(2).normal(0, 5, (2, 5, 7, 2))
    rays = [camera.lines_of_sight(pixels).reshape(-1, 2).T for camera, pixels in zip(cameras, noisy, strict=True)]
    theirs = cv2.triangulatePoints(cameras[0].projection, cameras[1].projection, rays[0], rays[1])
    np.testing.assert_allclose(triangulate(cameras, noisy).reshape(-1, 3), (theirs[:3] / theirs[3]).T, atol=1e-7)


def test_a_weight_of_zero_is_no_camera() -> None:
    pixels, weights = seen(), np.ones((4, 5, 7))
    pixels[3] += 200
    weights[3] = 0
    np.testing.assert_allclose(triangulate(CAMERAS, pixels, weights), points(), atol=1e-5)


def test_the_heavier_camera_is_believed_more() -> None:
    pixels, weights = seen(), np.ones((4, 5, 7))
    pixels[3] += 20

    def error(weight: float) -> float:
        weights[3] = weight
        return float(np.linalg.norm(triangulate(CAMERAS, pixels, weights) - points(), axis=-1).mean())

    assert error(0.1) < error(0.5) < error(1.0)


def test_missing_in_one_camera_is_made_up_by_the_others_and_alone_is_missing() -> None:
    pixels = seen()
    pixels[0, 0, 0] = np.nan
    pixels[1:, 1, 1] = np.nan
    found = triangulate(CAMERAS, pixels)
    np.testing.assert_allclose(found[0, 0], points()[0, 0], atol=1e-5)
    assert np.isnan(found[1, 1]).all()
    assert np.isfinite(found).all(axis=-1).sum() == 34


def test_one_camera_twice_tells_no_depth() -> None:
    cameras = (around(0.0, np.zeros(5)),) * 2
    middle = np.broadcast_to(MATRIX[:2, 2], (2, 1, 2))
    away = CalibratedCamera("beside", (1088, 1920), MATRIX, np.zeros(5), np.eye(3), np.array([1.0, 0.0, -3.0]))
    assert np.isnan(triangulate((cameras[0], away), middle)).all()  # parallel lines of sight


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError, match="pixels"):
        triangulate(CAMERAS[:3], seen())
    with pytest.raises(ShapeError, match="weights"):
        triangulate(CAMERAS, seen(), np.ones((4, 5)))
    with pytest.raises(ShapeError, match="no camera"):
        triangulate((), seen())
