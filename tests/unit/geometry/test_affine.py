import math

import numpy as np
import pytest

from gonio.arrays import FloatArray, ImageArray
from gonio.geometry.affine import crop_box, crop_matrix, invert, letterbox, transform, transform_boxes


def f32(values: object) -> FloatArray:
    return np.array(values, np.float32)


def grey(height: int, width: int, level: int = 100) -> ImageArray:
    return np.full((height, width, 3), level, np.uint8)


def test_the_whole_image_at_its_own_size_is_the_identity() -> None:
    np.testing.assert_array_equal(crop_matrix((0, 0, 64, 48), (64, 48)), [[1, 0, 0], [0, 1, 0]])


def test_halving_puts_a_pixel_between_two() -> None:
    """The centre of the first pixel of the small image lies between pixels 0 and 1 of the large one."""
    matrix = crop_matrix((0, 0, 64, 48), (32, 24))
    np.testing.assert_allclose(transform(matrix, f32([[0.5, 0.5], [62.5, 46.5]])), [[0, 0], [31, 23]], atol=1e-6)


def test_an_offset_box_shifts() -> None:
    np.testing.assert_allclose(transform(crop_matrix((10, 20, 20, 30), (10, 10)), f32([12, 25])), [2, 5])


def test_the_sides_may_scale_differently() -> None:
    matrix = crop_matrix((0, 0, 10, 10), (20, 40))
    np.testing.assert_allclose(matrix[:, :2], [[2, 0], [0, 4]])


def test_invert_goes_back() -> None:
    matrix = np.array([[2.0, 0.5, 3], [-0.5, 1, 4]])
    points = f32([[1, 2], [-3, 7]])
    np.testing.assert_allclose(transform(invert(matrix), transform(matrix, points)), points, atol=1e-5)


def test_nan_stays_nan_and_the_type_is_float32() -> None:
    moved = transform(crop_matrix((0, 0, 10, 10), (5, 5)), f32([[math.nan, math.nan], [1, 1]]))
    assert np.isnan(moved[0]).all()
    assert np.isfinite(moved[1]).all()
    assert moved.dtype == np.float32


@pytest.mark.parametrize("shape", [(0, 17, 2), (3, 17, 2), (2,)])
def test_transform_keeps_the_shape(shape: tuple[int, ...]) -> None:
    assert transform(crop_matrix((0, 0, 1, 1), (1, 1)), np.zeros(shape, np.float32)).shape == shape


def test_boxes_have_no_half_pixel() -> None:
    """A region becomes exactly the whole crop, and the crop's inverse exactly the region."""
    region = (10.0, 20.0, 50.0, 100.0)
    matrix = crop_matrix(region, (192, 256))
    np.testing.assert_allclose(transform_boxes(matrix, f32([region])), [[0, 0, 192, 256]], atol=1e-4)
    np.testing.assert_allclose(transform_boxes(invert(matrix), f32([[0, 0, 192, 256]])), [region], atol=1e-4)


@pytest.mark.parametrize("people", [0, 1, 4])
def test_transform_boxes_takes_any_number(people: int) -> None:
    assert transform_boxes(crop_matrix((0, 0, 2, 2), (4, 4)), np.zeros((people, 4), np.float32)).shape == (
        people,
        4,
    )


@pytest.mark.parametrize(
    ("image_hw", "expected_hw"),
    [
        pytest.param((480, 640), (256, 320), id="landscape: 240 is padded to 256"),
        pytest.param((640, 480), (320, 256), id="portrait"),
        pytest.param((320, 320), (320, 320), id="square, untouched"),
        pytest.param((100, 100), (320, 320), id="grown"),
        pytest.param((3, 3000), (32, 320), id="a thin strip"),
    ],
)
def test_letterbox_pads_to_the_multiple(image_hw: tuple[int, int], expected_hw: tuple[int, int]) -> None:
    image, _ = letterbox(grey(*image_hw), longer_side=320, multiple=32, pad_value=7)
    assert image.shape == (*expected_hw, 3)
    assert image.dtype == np.uint8


def test_letterbox_pads_right_and_below_only() -> None:
    image, matrix = letterbox(grey(480, 640), longer_side=320, multiple=32, pad_value=7)
    assert (image[:240] == 100).all()
    assert (image[240:] == 7).all()
    np.testing.assert_allclose(matrix, crop_matrix((0, 0, 640, 480), (320, 240)))


def test_crop_box_without_resizing_is_a_cut() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    crop, matrix = crop_box(image, f32([10, 20, 30, 50]), size_wh=(20, 30), margin=1, pad_value=0)
    np.testing.assert_array_equal(crop, image[20:50, 10:30])
    np.testing.assert_array_equal(matrix, [[1, 0, -10], [0, 1, -20]])


def test_crop_box_grows_the_box_to_the_aspect_about_its_centre() -> None:
    _, matrix = crop_box(grey(200, 200), f32([80, 40, 120, 160]), size_wh=(100, 100), margin=1, pad_value=0)
    np.testing.assert_allclose(
        transform_boxes(invert(matrix), f32([[0, 0, 100, 100]])), [[40, 40, 160, 160]], atol=1e-4
    )


def test_the_margin_makes_the_region_larger() -> None:
    _, matrix = crop_box(grey(200, 200), f32([80, 80, 120, 120]), size_wh=(50, 50), margin=1.5, pad_value=0)
    np.testing.assert_allclose(transform_boxes(invert(matrix), f32([[0, 0, 50, 50]])), [[70, 70, 130, 130]], atol=1e-4)


def test_outside_of_the_image_is_padding() -> None:
    crop, _ = crop_box(grey(20, 20), f32([-10, 0, 10, 20]), size_wh=(20, 20), margin=1, pad_value=9)
    assert (crop[:, :10] == 9).all()
    assert (crop[:, 10:] == 100).all()


def test_a_box_beside_the_image_is_all_padding() -> None:
    crop, matrix = crop_box(grey(20, 20), f32([100, 100, 120, 120]), size_wh=(10, 10), margin=1, pad_value=9)
    assert crop.shape == (10, 10, 3)
    assert (crop == 9).all()
    np.testing.assert_allclose(transform(matrix, f32([100.5, 100.5])), [0, 0], atol=1e-5)


def test_an_empty_box_still_gives_a_crop() -> None:
    crop, matrix = crop_box(grey(20, 20), f32([10, 10, 10, 10]), size_wh=(8, 8), margin=1, pad_value=0)
    assert crop.shape == (8, 8, 3)
    assert np.isfinite(matrix).all()


def test_shrinking_averages_every_pixel() -> None:
    """A checkerboard of single pixels becomes even grey; sampling single pixels would leave a pattern."""
    board = ((np.indices((64, 64)).sum(axis=0) % 2) * 200).astype(np.uint8)
    image = np.repeat(board[..., None], 3, axis=-1)
    crop, _ = crop_box(image, f32([0, 0, 64, 64]), size_wh=(8, 8), margin=1, pad_value=0)
    assert (crop == 100).all()


def test_the_image_is_left_alone() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    before = image.copy()
    crop, _ = crop_box(image, f32([10, 20, 30, 50]), size_wh=(20, 30), margin=1, pad_value=0)
    boxed, _ = letterbox(image, longer_side=80, multiple=1, pad_value=0)
    np.testing.assert_array_equal(image, before)
    assert not np.shares_memory(crop, image)
    assert not np.shares_memory(boxed, image)
