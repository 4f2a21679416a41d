"""Crops against ``cv2.warpAffine`` with the matrix that comes with them: the same picture, so it is exact."""

import cv2
import numpy as np
import pytest

from gonio.arrays import FloatArray, FloatArray64, ImageArray
from gonio.geometry.affine import crop_box, letterbox


def smooth_image(height: int, width: int) -> ImageArray:
    """Noise blurred to slopes of a few grey levels a pixel: half a pixel of error would show."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    blurred = cv2.GaussianBlur(noise, (0, 0), 3).astype(np.float64)
    spread = (blurred - blurred.min()) / np.ptp(blurred) * 255
    return np.asarray(np.round(spread), np.uint8)


def warped(image: ImageArray, crop: ImageArray, matrix: FloatArray64) -> ImageArray:
    size_wh = (crop.shape[1], crop.shape[0])
    return np.asarray(cv2.warpAffine(image, matrix, size_wh, flags=cv2.INTER_LINEAR), np.uint8)


def without_half_pixels(matrix: FloatArray64) -> FloatArray64:
    """The matrix of those who forget that boxes and pixel centres differ: ``u = s (x - x1)``."""
    naive = matrix.copy()
    naive[:, 2] -= (np.diag(matrix) - 1) / 2
    return naive


def mean_difference(a: ImageArray, b: ImageArray, edge: int) -> float:
    """Without the edge, where a resize repeats the region's last pixel and a warp looks beyond it."""
    inner = np.s_[edge:-edge, edge:-edge]
    return float(np.abs(a[inner].astype(np.float64) - b[inner]).mean())


@pytest.mark.parametrize(
    ("box", "size_wh"),
    [
        pytest.param([20, 30, 68, 94], (192, 256), id="four times"),
        pytest.param([20.4, 30.7, 90.2, 94.1], (256, 256), id="between pixels"),
        pytest.param([50, 10, 60, 100], (200, 300), id="a narrow box"),
    ],
)
def test_a_growing_crop_is_the_warp_of_its_matrix(box: list[float], size_wh: tuple[int, int]) -> None:
    image = smooth_image(130, 160)
    region: FloatArray = np.array(box, np.float32)
    crop, matrix = crop_box(image, region, size_wh=size_wh, margin=1.1, pad_value=0)
    # the warp interpolates at 1/32 of a pixel, and both round to whole grey levels
    assert mean_difference(crop, warped(image, crop, matrix), 12) < 0.5
    assert mean_difference(crop, warped(image, crop, without_half_pixels(matrix)), 12) > 1.5


@pytest.mark.parametrize("longer_side", [160, 320, 500])
def test_a_growing_letterbox_is_the_warp_of_its_matrix(longer_side: int) -> None:
    image = smooth_image(120, 160)
    boxed, matrix = letterbox(image, longer_side=longer_side, multiple=1, pad_value=0)
    assert mean_difference(boxed, warped(image, boxed, matrix), 12) < 0.5


def test_a_crop_shrunk_by_two_averages_what_the_warp_samples() -> None:
    """At exactly one half, the warp's sample lies between four pixels: their mean, as INTER_AREA has it."""
    image = smooth_image(200, 200)
    box: FloatArray = np.array([20, 20, 180, 180], np.float32)
    boxed, matrix = crop_box(image, box, size_wh=(80, 80), margin=1, pad_value=0)
    np.testing.assert_allclose(boxed.astype(int), warped(image, boxed, matrix).astype(int), atol=1)
