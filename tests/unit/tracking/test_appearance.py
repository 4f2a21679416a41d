"""Colours of clothes: of whom they are known, and that they tell people apart."""

from dataclasses import replace

import numpy as np
import pytest

from gonio.arrays import FloatArray, ImageArray
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton
from gonio.tracking.appearance import alike, blend, colours, unknown

COCO17 = load_skeleton("coco17")


def person(x: float) -> Poses:
    """Shoulders, hips and knees of a person of 100 px."""
    keypoints = np.full((1, 17, 2), np.nan, np.float32)
    keypoints[0, [5, 6, 11, 12, 13, 14]] = [(x + dx, y) for y in (20, 60, 90) for dx in (12, -12)]
    return Poses(keypoints, np.ones((1, 17), np.float32), np.zeros((1, 4), np.float32), np.ones(1, np.float32), COCO17)


def dressed(x: int, shirt: tuple[int, int, int], trousers: tuple[int, int, int], seed: int = 0) -> ImageArray:
    image = np.full((120, 200, 3), 128, np.uint8)
    image[15:60, x - 16 : x + 16] = shirt
    image[60:95, x - 18 : x + 18] = trousers
    noise = np.random.default_rng(seed).integers(0, 20, image.shape)
    return np.asarray((image + noise).clip(0, 255), np.uint8)


def seen(image: ImageArray, poses: Poses) -> FloatArray:
    return colours(image, poses, poses.visible(0.2))


def test_the_same_clothes_are_alike_and_others_are_not() -> None:
    here = seen(dressed(50, (200, 30, 30), (30, 30, 120)), person(50))
    there = seen(dressed(140, (200, 30, 30), (30, 30, 120), seed=1), person(140))
    other = seen(dressed(140, (30, 160, 40), (220, 220, 210)), person(140))
    np.testing.assert_allclose(here.sum(axis=-1), 1, rtol=1e-5)
    assert alike(here, there)[0, 0] > 0.95
    assert alike(here, other)[0, 0] < 0.1


def test_only_the_regions_that_both_show_are_compared() -> None:
    image = dressed(50, (200, 30, 30), (30, 30, 120))
    whole = seen(image, person(50))
    keypoints = person(50).keypoints.copy()
    keypoints[:, 13:15] = np.nan
    upper = seen(image, replace(person(50), keypoints=keypoints))
    assert np.isnan(upper[0, 1]).all()
    assert alike(whole, upper)[0, 0] == pytest.approx(1)
    assert np.isnan(alike(whole, unknown(1))).all()


@pytest.mark.parametrize("x", [-500, 1e6, 212])
def test_a_person_outside_the_picture_has_no_colours(x: float) -> None:
    assert np.isnan(seen(dressed(50, (200, 30, 30), (30, 30, 120)), person(x))).all()


def test_a_tiny_person_and_a_strange_skeleton_have_no_colours() -> None:
    image = dressed(50, (200, 30, 30), (30, 30, 120))
    tiny = replace(person(50), keypoints=person(50).keypoints / np.float32(20))
    assert np.isnan(seen(image, tiny)).all()
    hand = replace(COCO17, keypoint_names=tuple(f"finger_{i}" for i in range(17)))
    assert np.isnan(seen(image, replace(person(50), skeleton=hand))).all()


def test_nobody() -> None:
    nobody = Poses.empty(COCO17)
    found = seen(np.zeros((10, 10, 3), np.uint8), nobody)
    assert found.shape == unknown(0).shape
    assert alike(found, unknown(2)).shape == (0, 2)


def test_blend_learns_what_was_unknown() -> None:
    old, new = np.array([[1, 0], [np.nan, np.nan]], np.float32), np.array([[0, 1], [0.5, 0.5]], np.float32)
    np.testing.assert_allclose(blend(old, new, 0.25), [[0.75, 0.25], [0.5, 0.5]])
    np.testing.assert_array_equal(blend(old, np.full_like(old, np.nan), 0.25), old)
