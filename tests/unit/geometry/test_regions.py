import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonio.arrays import FloatArray64, ImageArray
from gonio.geometry.affine import transform
from gonio.geometry.regions import crop_region, region_matrix, regions_around, regions_between

angles = st.floats(-np.pi, np.pi)


def gradient(height: int, width: int) -> ImageArray:
    """A smooth picture: its red is the column, its green the row."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, x * 0], axis=-1).astype(np.uint8)


def spot(at_xy: tuple[int, int], size: int = 200) -> ImageArray:
    image = np.zeros((size, size, 3), np.uint8)
    image[at_xy[1] - 2 : at_xy[1] + 3, at_xy[0] - 2 : at_xy[0] + 3] = 255
    return image


def centre_of_mass(crop: ImageArray) -> FloatArray64:
    y, x = np.mgrid[: crop.shape[0], : crop.shape[1]]
    weight = crop[..., 0].astype(np.float64)
    return np.array([(x * weight).sum() / weight.sum(), (y * weight).sum() / weight.sum()])


@given(cx=st.floats(-50, 300), cy=st.floats(-50, 300), side=st.floats(2, 500), angle=angles)
def test_the_matrix_puts_the_centre_in_the_middle_and_up_upright(
    cx: float, cy: float, side: float, angle: float
) -> None:
    matrix = region_matrix(np.array([cx, cy, side, angle]), 256)
    up = np.array([np.sin(angle), -np.cos(angle)]) * side / 2
    np.testing.assert_allclose(transform(matrix, np.array([[cx, cy]])), [[128, 128]], atol=1e-2)
    np.testing.assert_allclose(transform(matrix, np.array([[cx, cy]]) + up), [[128, 0]], atol=1e-2)


@given(angle=angles, length=st.floats(1, 200))
def test_between_two_points_the_second_is_straight_above(angle: float, length: float) -> None:
    hips = np.array([[80.0, 90.0]])
    top = hips + np.array([[np.sin(angle), -np.cos(angle)]]) * length
    (region,) = regions_between(hips, top, margin=1.25)
    matrix = region_matrix(region, 100)
    np.testing.assert_allclose(transform(matrix, hips), [[50, 50]], atol=1e-3)
    np.testing.assert_allclose(transform(matrix, top), [[50, 10]], atol=1e-3)


def test_missing_points_give_missing_regions() -> None:
    nowhere = np.array([[np.nan, 1.0]])
    assert np.isnan(regions_between(nowhere, np.array([[1.0, 2.0]]), margin=1)[0, :2]).any()


def test_a_box_is_surrounded_upright() -> None:
    (region,) = regions_around(np.array([[10, 20, 30, 80]], np.float32), margin=1.5)
    assert region.tolist() == [19.5, 49.5, 90.0, 0.0]


@pytest.mark.parametrize("side", [40.0, 100.0, 190.0, 390.0])
@pytest.mark.parametrize("angle", [0.0, 0.5, -2.0])
def test_the_crop_shows_a_spot_where_the_matrix_says(side: float, angle: float) -> None:
    """Also where the picture is halved before it is turned."""
    crop, matrix = crop_region(spot((110, 90)), np.array([105.0, 95.0, side, angle]), side=48)
    np.testing.assert_allclose(centre_of_mass(crop), transform(matrix, np.array([110.0, 90.0])), atol=0.3)


def test_beyond_the_picture_its_edge_goes_on() -> None:
    image = gradient(60, 80)
    crop, matrix = crop_region(image, np.array([0.0, 30.0, 60.0, 0.0]), side=60)
    left = transform(matrix, np.array([0.0, 30.0]))[0]
    assert (crop[:, : int(left)] == crop[:, int(left), None]).all()


@pytest.mark.parametrize("centre", [(-500.0, -500.0), (1000.0, 20.0)])
def test_a_region_wholly_outside_is_no_error(centre: tuple[float, float]) -> None:
    crop, _ = crop_region(gradient(60, 80), np.array([*centre, 700.0, 1.0]), side=32)
    assert crop.shape == (32, 32, 3)


def test_a_tiny_picture_is_not_halved_away() -> None:
    crop, _ = crop_region(gradient(3, 3), np.array([1.0, 1.0, 4000.0, 0.0]), side=32)
    assert crop.shape == (32, 32, 3)
