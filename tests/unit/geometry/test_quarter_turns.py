"""Quarter turns are exact: the oracle is the picture itself."""

import numpy as np
import pytest

from gonio.geometry.quarter_turns import turn_boxes, turn_directions, turn_image, turn_points

SIZE_WH = (7, 4)


@pytest.mark.parametrize("turns", [-2, -1, 0, 1, 2, 3, 5])
def test_every_pixel_is_where_its_point_is(turns: int) -> None:
    image = np.arange(7 * 4 * 3, dtype=np.uint8).reshape(4, 7, 3)
    turned = turn_image(image, turns)
    assert np.array_equal(turned, np.rot90(image, turns))
    assert turned.flags["C_CONTIGUOUS"]
    y, x = np.mgrid[:4, :7]
    places = turn_points(np.stack([x, y], axis=-1).astype(np.float32), SIZE_WH, turns).astype(int)
    np.testing.assert_array_equal(turned[places[..., 1], places[..., 0]], image)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_box_holds_the_same_pixels(turns: int) -> None:
    box = np.array([[1, 0, 4, 3]], np.float32)
    image = np.zeros((4, 7, 3), np.uint8)
    image[0:3, 1:4] = 9
    x1, y1, x2, y2 = turn_boxes(box, SIZE_WH, turns)[0].astype(int)
    turned = turn_image(image, turns)
    assert turned[y1:y2, x1:x2].min() == 9
    assert turned.sum() == image.sum()
    whole = np.array([0, 0, *SIZE_WH], np.float32)
    assert turn_boxes(whole, SIZE_WH, turns).tolist() == [0, 0, *(SIZE_WH[::-1] if turns % 2 else SIZE_WH)]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_back_again_is_where_it_was(turns: int) -> None:
    drawn = np.random.default_rng(0)
    points = drawn.uniform(0, 4, (5, 17, 2)).astype(np.float32)
    points[0, 0] = np.nan
    turned_wh = SIZE_WH[::-1] if turns % 2 else SIZE_WH
    there = turn_points(points, SIZE_WH, turns)
    assert there.dtype == np.float32
    np.testing.assert_allclose(turn_points(there, turned_wh, -turns), points, atol=1e-6)
    vectors = drawn.normal(size=(5, 17, 3)).astype(np.float32)
    np.testing.assert_array_equal(turn_directions(turn_directions(vectors, turns), -turns), vectors)
    apart = turn_points(points[1], SIZE_WH, turns) - turn_points(points[2], SIZE_WH, turns)
    np.testing.assert_allclose(turn_directions(points[1] - points[2], turns), apart, atol=1e-6)
