from dataclasses import replace

import numpy as np
import pytest

from gonio.augmentation import Augmentation, Person
from gonio.augmentation.body import clip_boxes, draw_half, draw_window, limb_joints, lower_half, within
from gonio.augmentation.settings import HalfBody, Truncation
from gonio.structures.skeleton import Skeleton, load_skeleton

HW = (300, 220)


def test_halves_and_limbs_are_told_by_name(coco: Skeleton) -> None:
    assert np.flatnonzero(lower_half(coco)).tolist() == [11, 12, 13, 14, 15, 16]
    assert np.flatnonzero(limb_joints(coco)).tolist() == [7, 8, 9, 10, 13, 14, 15, 16]
    assert limb_joints(load_skeleton("lsp14")).sum() == 8
    toy = Skeleton("toy", ("tip", "tail"), ((0, 1),), (0, 1), (0.1, 0.1))
    assert limb_joints(toy).all()
    assert not lower_half(toy).any()


def test_a_half_is_around_its_keypoints(standing: Person, coco: Skeleton) -> None:
    settings = HalfBody(probability=1, extent=0.1)
    found = set()
    for seed in range(10):
        box = draw_half(standing, HW, settings=settings, skeleton=coco, rng=np.random.default_rng(seed))
        assert box is not None
        found.add(tuple(box.tolist()))
    upper, lower = (50 - 0.0, 36 - 10.4, 140 + 10.4, 140 + 10.4), (84 - 10, 150 - 10, 116 + 10, 250 + 10)
    lowest = sorted(found, key=lambda box: box[1])
    assert len(lowest) == 2
    assert lowest[0][1:] == pytest.approx(upper[1:], abs=0.01)
    assert lowest[1] == pytest.approx(lower, abs=0.01)


def test_no_half_without_keypoints_enough(standing: Person, coco: Skeleton) -> None:
    rng, settings = np.random.default_rng(0), HalfBody(fewest=7)
    legs = replace(standing, visibility=np.where(lower_half(coco), 2, 0))
    assert draw_half(legs, HW, settings=settings, skeleton=coco, rng=rng) is None
    assert draw_half(legs, HW, settings=HalfBody(fewest=2), skeleton=coco, rng=rng) is None


def test_a_window_cuts_one_side_of_the_person(standing: Person) -> None:
    settings, sides = Truncation(share=(0.2, 0.2)), set()
    for seed in range(40):
        window = draw_window(standing, HW, settings=settings, rng=np.random.default_rng(seed))
        assert window is not None
        sides.add(window)
    assert sides == {(0, 0, 220, 220), (0, 70, 220, 300), (70, 0, 220, 300), (0, 0, 130, 300)}


def test_no_window_that_leaves_too_little(standing: Person) -> None:
    few = Truncation(share=(0.5, 0.5), fewest=17)
    assert all(draw_window(standing, HW, settings=few, rng=np.random.default_rng(seed)) is None for seed in range(10))
    everything = Truncation(share=(1, 1), fewest=1)
    assert draw_window(standing, HW, settings=everything, rng=np.random.default_rng(0)) is None


def test_within_is_about_pixels() -> None:
    points = np.array([[-0.5, 0], [-0.6, 0], [9.4, 4], [9.5, 4], [np.nan, 1]], np.float32)
    assert within(points, (0, 0, 10, 5)).tolist() == [True, False, True, False, False]


def test_boxes_are_clipped() -> None:
    boxes = np.array([[-5, 2, 8, 90], [20, 20, 30, 30]], np.float32)
    np.testing.assert_array_equal(clip_boxes(boxes, (0, 0, 10, 50)), [[0, 2, 8, 50], [10, 20, 10, 30]])


def test_half_bodies_are_on_by_default() -> None:
    assert {"half_body", "truncation"} <= set(Augmentation().switched_on())
