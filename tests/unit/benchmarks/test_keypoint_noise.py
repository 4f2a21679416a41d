"""The oracle is noise that was drawn: its sd and how long it lasts are known."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from benchmarks.motion.correlated_noise import Error, draw, read_errors, write_errors
from benchmarks.motion.keypoint_noise import Seen, autocovariance, late_s, movement, parted, residuals, shares

from gonio.arrays import FloatArray64
from gonio.geometry.calibrated_camera import CalibratedCamera
from gonio.structures.skeleton import load_skeleton

ERROR = Error(0.002, 0.006, 0.1, 0.005)
MATRIX = np.array([[1680.0, 0, 533], [0, 1681.0, 948], [0, 0, 1]])


def camera(angle: float) -> CalibratedCamera:
    """Around the origin, 3 m away and looking at it."""
    rotation = np.asarray(cv2.Rodrigues(np.array([0.0, angle, 0.0]))[0], np.float64)
    return CalibratedCamera(f"at {angle}", (1088, 1920), MATRIX, np.zeros(5), rotation, -3.0 * rotation[2])


CAMERAS = tuple(camera(angle) for angle in (0.0, 1.2, 2.5, 4.4))
HEIGHT_PX = 900.0


def four_views(noise: FloatArray64, *, late_frames: int = 0) -> Seen:
    """``(C, T, K, 2)`` parts of the height are added to points that move back and forth."""
    steps, keypoints = noise.shape[1:3]
    start = np.random.default_rng(1).uniform(-0.3, 0.3, (keypoints, 3))
    swing = 0.3 * np.sin(np.arange(-late_frames, steps) / 15)[:, None, None] * np.array([1.0, 0.3, 0.5])
    pictures = np.stack([one.project(start + swing) for one in CAMERAS])
    pixels = pictures[:, late_frames:]
    if late_frames:
        pixels = pixels.copy()
        pixels[0] = pictures[0, :-late_frames]
    return Seen(pixels + HEIGHT_PX * noise, CAMERAS, 1 / 60, np.full((4, steps, 1), HEIGHT_PX))


def test_the_errors_of_single_cameras_come_out_of_their_disagreement() -> None:
    sd = np.array([0.004, 0.008])
    seen = four_views(np.random.default_rng(0).normal(0, sd, (4, 60, 200, 2)))
    found = autocovariance(residuals(seen), shares(seen), 0).mean(axis=0)
    np.testing.assert_allclose(np.sqrt(found), sd, rtol=0.03)


def test_an_error_is_parted_by_how_long_it_lasts() -> None:
    lags_s = np.arange(31) / 60
    fading = ERROR.quick**2 * np.exp(-lags_s / ERROR.quick_s)
    found = parted(ERROR.frame**2 * (lags_s == 0) + fading + ERROR.lasting**2, lags_s)
    assert found.quick_s == pytest.approx(ERROR.quick_s, rel=0.1)
    assert (found.frame, found.quick, found.lasting) == pytest.approx((0.002, 0.006, 0.005), rel=0.1)


def test_a_camera_that_trails_is_found_out() -> None:
    velocity, off = movement(four_views(np.zeros((4, 120, 3, 2)), late_frames=2))
    assert late_s(velocity[[0]], off[[0]]) == pytest.approx(2 / 60, rel=0.05)
    velocity, off = movement(four_views(np.zeros((4, 120, 3, 2))))
    assert late_s(velocity, off) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("fps", [30.0, 60.0])
def test_drawn_noise_is_the_same_at_every_frame_rate(fps: float) -> None:
    rng, time_s = np.random.default_rng(0), np.arange(0, 2, 1 / fps)
    drawn = np.stack([ERROR.draw(time_s, rng) for _ in range(4000)])
    assert drawn.std() == pytest.approx(np.sqrt(0.002**2 + 0.006**2 + 0.005**2), rel=0.03)
    lag = round(0.1 * fps)
    still = (drawn[:, :-lag] * drawn[:, lag:]).mean()
    assert still == pytest.approx(0.006**2 / np.e + 0.005**2, rel=0.05)


def test_what_was_measured_is_read_back(tmp_path: Path) -> None:
    write_errors(tmp_path / "errors.toml", {"ankle": (ERROR, ERROR.times(2))}, model="thunder")
    assert read_errors(tmp_path / "errors.toml") == {"ankle": (ERROR, Error(0.004, 0.012, 0.1, 0.01))}


@pytest.mark.parametrize("skeleton", ["coco17", "halpe26"])
def test_every_keypoint_has_an_error_of_its_own(skeleton: str) -> None:
    drawn = draw(load_skeleton(skeleton), np.arange(100) / 30, read_errors(), np.random.default_rng(0))
    spreads = drawn.std(axis=0).ravel()
    assert (spreads > 0).all()
    assert len(np.unique(spreads)) == len(spreads)
