"""A pin-hole camera, against OpenCV's projection."""

import cv2
import numpy as np
import pytest

from gonio.errors import ConfigError
from gonio.geometry.camera import PinholeCamera

POINTS = np.random.default_rng(0).uniform((-1, 0, -0.3), (2, 1.8, 0.3), (40, 3))


def test_projection_is_opencvs() -> None:
    camera = PinholeCamera.beside(POINTS, side="left", distance_m=3.0, size_wh=(641, 481))
    matrix = np.array([[camera.focal_px, 0, 320], [0, camera.focal_px, 240], [0, 0, 1]])
    turn, _ = cv2.Rodrigues(camera.rotation)
    expected, _ = cv2.projectPoints(POINTS, turn, -camera.rotation @ camera.position, matrix, None)
    np.testing.assert_allclose(camera.project(POINTS), expected[:, 0], atol=1e-6)


@pytest.mark.parametrize(("side", "sign"), [("right", 1), ("left", -1)])
def test_from_the_side(side: str, sign: int) -> None:
    camera = PinholeCamera.beside(POINTS, side=side)  # type: ignore[arg-type]  # one of the two
    assert np.linalg.det(camera.rotation) == pytest.approx(1)
    back, front, high = camera.project(np.array([[0.0, 1, 0], [0.5, 1, 0], [0.0, 1.5, 0]]))
    assert (front[0] - back[0]) * sign > 0
    assert high[1] < back[1]
    pixels = camera.project(POINTS)
    assert (pixels >= 0).all()
    assert (pixels <= (1919, 1079)).all()


def test_missing_points_and_given_focal_length() -> None:
    points = np.vstack([POINTS, np.full((1, 3), np.nan)])
    camera = PinholeCamera.beside(points, focal_px=800.0)
    assert camera.focal_px == 800
    assert np.isnan(camera.project(points)[-1]).all()
    assert np.isfinite(camera.project(points)[:-1]).all()


def test_one_point_fits_with_any_focal_length() -> None:
    camera = PinholeCamera.beside(np.array([[1.0, 1.0, 0.0]]))
    np.testing.assert_allclose(camera.project(np.array([1.0, 1.0, 0.0])), (959.5, 539.5))


@pytest.mark.parametrize(
    ("points", "distance_m", "message"),
    [(POINTS, 0.1, "among the points; give more than 0.3"), (POINTS * np.nan, 4.0, "at least one point")],
    ids=["too near", "nobody"],
)
def test_impossible(points: np.ndarray, distance_m: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PinholeCamera.beside(points, distance_m=distance_m)
    with pytest.raises(ConfigError, match="focal_px is 0"):
        PinholeCamera(np.zeros(3), np.eye(3), 0.0, (10, 10))
