import math

import numpy as np
import pytest

from gonio.arrays import FloatArray
from gonio.geometry.boxes import box_area, box_around, clip_boxes, iou, suppress

NAN = math.nan


def f32(values: object) -> FloatArray:
    return np.array(values, np.float32)


@pytest.mark.parametrize(
    ("box", "area"),
    [
        pytest.param([1, 2, 4, 6], 12, id="plain"),
        pytest.param([3, 3, 3, 9], 0, id="empty"),
        pytest.param([4, 6, 1, 2], 0, id="inside out"),
    ],
)
def test_box_area(box: list[float], area: float) -> None:
    assert box_area(f32(box)) == area


def test_the_area_of_a_nan_box_is_nan() -> None:
    assert np.isnan(box_area(f32([NAN, 0, 1, 1])))


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [
        pytest.param([0, 0, 2, 2], [0, 0, 2, 2], 1, id="same"),
        pytest.param([0, 0, 2, 2], [1, 0, 3, 2], 1 / 3, id="half"),
        pytest.param([0, 0, 4, 4], [1, 1, 3, 3], 4 / 16, id="inside"),
        pytest.param([0, 0, 2, 2], [2, 0, 4, 2], 0, id="touching"),
        pytest.param([0, 0, 2, 2], [5, 5, 6, 6], 0, id="apart"),
        pytest.param([1, 1, 1, 1], [1, 1, 1, 1], 0, id="both empty"),
        pytest.param([NAN, 0, 2, 2], [0, 0, 2, 2], 0, id="NaN"),
    ],
)
def test_iou_of_one_pair(a: list[float], b: list[float], value: float) -> None:
    assert iou(f32([a]), f32([b]))[0, 0] == pytest.approx(value)


def test_iou_is_of_every_pair() -> None:
    a, b = f32([[0, 0, 2, 2], [4, 4, 6, 6]]), f32([[0, 0, 2, 2], [1, 0, 3, 2], [4, 4, 6, 6]])
    np.testing.assert_allclose(iou(a, b), f32([[1, 1 / 3, 0], [0, 0, 1]]), atol=1e-6)
    assert iou(a, b).dtype == np.float32


@pytest.mark.parametrize(("n", "m"), [(0, 3), (3, 0), (0, 0)])
def test_iou_of_nothing_is_empty(n: int, m: int) -> None:
    assert iou(np.zeros((n, 4), np.float32), np.zeros((m, 4), np.float32)).shape == (n, m)


def test_clip_boxes_cuts_at_the_edges_of_the_image() -> None:
    boxes = f32([[-5, -6, 50, 60], [10, 20, 30, 70]])
    np.testing.assert_array_equal(clip_boxes(boxes, (40, 32)), [[0, 0, 32, 40], [10, 20, 30, 40]])


def test_box_around_covers_the_pixels_of_the_chosen_keypoints() -> None:
    keypoints = f32([[[2, 3], [5, 9], [100, 100]]])
    np.testing.assert_array_equal(box_around(keypoints, np.array([[True, True, False]])), [[2, 3, 6, 10]])


def test_box_around_one_point_is_one_pixel() -> None:
    assert box_area(box_around(f32([[[7, 8]]]), np.array([[True]]))).tolist() == [1]


def test_box_around_leaves_out_missing_keypoints() -> None:
    keypoints = f32([[[2, 3], [NAN, NAN], [4, NAN]]])
    np.testing.assert_array_equal(box_around(keypoints, np.ones((1, 3), bool)), [[2, 3, 3, 4]])


def test_box_around_nothing_is_nan() -> None:
    keypoints = f32([[[2, 3]], [[NAN, NAN]]])
    boxes = box_around(keypoints, np.array([[False], [True]]))
    assert np.isnan(boxes).all()
    assert box_around(np.zeros((0, 17, 2), np.float32), np.zeros((0, 17), bool)).shape == (0, 4)


def test_suppress_keeps_the_best_of_what_is_alike() -> None:
    boxes = f32([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]])
    assert suppress(iou(boxes, boxes), f32([0.5, 0.9, 0.7]), threshold=0.5).tolist() == [1, 2]


def test_suppress_does_not_chain() -> None:
    """The middle one goes; the last is alike only to it, and stays."""
    similarity = f32([[1, 0.6, 0], [0.6, 1, 0.6], [0, 0.6, 1]])
    assert suppress(similarity, f32([0.9, 0.8, 0.7]), threshold=0.5).tolist() == [0, 2]


def test_suppress_keeps_what_is_exactly_at_the_threshold() -> None:
    assert suppress(f32([[1, 0.5], [0.5, 1]]), f32([0.9, 0.8]), threshold=0.5).tolist() == [0, 1]


def test_suppress_prefers_the_earlier_of_a_tie() -> None:
    assert suppress(np.ones((3, 3), np.float32), f32([0.5, 0.5, 0.5]), threshold=0.5).tolist() == [0]


def test_suppress_with_a_threshold_of_one_keeps_all() -> None:
    assert suppress(np.ones((2, 2), np.float32), f32([0.1, 0.2]), threshold=1).tolist() == [1, 0]


def test_suppress_of_nothing_is_empty() -> None:
    assert suppress(np.zeros((0, 0), np.float32), f32([]), threshold=0.5).tolist() == []
