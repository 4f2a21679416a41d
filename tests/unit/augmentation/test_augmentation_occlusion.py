from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gonio.arrays import ImageArray
from gonio.augmentation import Augmentation, Crop, Person, person_cutout
from gonio.augmentation.patches import Canvas, blend, covered, disc, outline, polygon, texture
from gonio.structures.skeleton import Skeleton

Make = Callable[..., Crop]
OCCLUDERS = ("self_occlusion", "limb_cutout", "object_patch", "pasted_person")
OTHERS = [np.full((120, 80, 3), 250, np.uint8)]


@pytest.mark.parametrize("kind", OCCLUDERS)
def test_what_is_covered_is_hidden_and_what_is_hidden_is_covered(make_crop: Make, kind: str) -> None:
    """A smooth edge changes pixels of which less than half is covered; keypoints on those are few."""
    settings, hidden, edges = Augmentation(hidden_weight=0.25).only(kind), 0, 0
    for seed in range(12):
        crop, plain = make_crop(settings, seed, others=OTHERS), make_crop(Augmentation.off())
        np.testing.assert_array_equal(crop.clean, plain.image)
        np.testing.assert_array_equal(crop.keypoints, plain.keypoints)
        changed = (crop.image != crop.clean).any(axis=-1)
        columns, rows = np.rint(crop.keypoints).astype(int).T
        behind = crop.visibility == 1
        edges += int(changed[rows, columns][~behind].sum())
        assert changed[rows, columns][behind].all()
        np.testing.assert_allclose(crop.weights[behind], plain.weights[behind] * 0.25)
        np.testing.assert_array_equal(crop.weights[~behind], plain.weights[~behind])
        hidden += int(behind.sum())
    assert hidden >= 8
    assert edges <= 0.1 * hidden


@pytest.mark.parametrize("kind", OCCLUDERS)
def test_no_more_is_hidden_than_the_setting_says(make_crop: Make, kind: str) -> None:
    huge = {
        "object_patch": {"size": (0.9, 1.0), "most": 10},
        "limb_cutout": {"width": (0.5, 0.9), "most": 10},
        "self_occlusion": {"size": (0.2, 0.3), "most": 10},
        "pasted_person": {"size": (3, 4), "distance": (0, 0)},
    }[kind]
    settings = Augmentation.model_validate({kind: huge, "most_hidden": 0.3}).only(kind)
    shares = [(make_crop(settings, seed, others=OTHERS).visibility == 1).mean() for seed in range(10)]
    assert max(shares) <= 0.3
    freely = settings.model_copy(update={"most_hidden": 1.0})
    assert max((make_crop(freely, seed, others=OTHERS).visibility == 1).mean() for seed in range(10)) > 0.3


def test_nobody_is_pasted_without_others(make_crop: Make) -> None:
    crop = make_crop(Augmentation().only("pasted_person"))
    assert crop.image is crop.clean


def test_a_hidden_keypoint_stays_hidden(make_crop: Make, standing: Person) -> None:
    person = replace(standing, visibility=np.ones(17, np.int64))
    assert (make_crop(Augmentation().only("object_patch"), person=person).visibility == 1).all()


def test_swapped_limbs_keep_every_pixel(make_crop: Make) -> None:
    """An exchange of two discs moves pixels, but for the smoothed edge it makes no new ones."""
    settings = Augmentation.model_validate({"self_occlusion": {"most": 1}}).only("self_occlusion")
    for seed in range(5):
        crop = make_crop(settings, seed)
        changed = (crop.image != crop.clean).any(axis=-1)
        assert changed.any()
        before, after = crop.clean[changed].mean(axis=0), crop.image[changed].mean(axis=0)
        np.testing.assert_allclose(before, after, atol=2)
        assert (crop.visibility == 1).sum() >= 2


def test_a_swap_needs_two_joints(make_crop: Make, standing: Person, coco: Skeleton) -> None:
    one = np.where(np.arange(17) == coco.index("left_knee"), 2, 0)
    crop = make_crop(Augmentation().only("self_occlusion"), person=replace(standing, visibility=one))
    assert crop.image is crop.clean


def test_a_limb_is_covered_from_end_to_end(make_crop: Make, standing: Person, coco: Skeleton) -> None:
    shin = np.isin(np.arange(17), [coco.index("left_knee"), coco.index("left_ankle")])
    settings = Augmentation(most_hidden=1).only("limb_cutout")
    crop = make_crop(settings, person=replace(standing, visibility=np.where(shin, 2, 0)))
    assert (crop.visibility[shin] == 1).all()
    start, end = crop.keypoints[shin]
    along = np.rint(start + np.linspace(0, 1, 30)[:, None] * (end - start)).astype(int)
    assert (crop.image != crop.clean).any(axis=-1)[along[:, 1], along[:, 0]].all()


def test_people_with_an_alpha_are_pasted_along_it(make_crop: Make) -> None:
    other = np.full((100, 60, 4), 255, np.uint8)
    other[:50, :, 3] = 0
    settings = Augmentation.model_validate({"pasted_person": {"size": (1, 1)}, "most_hidden": 1}).only("pasted_person")
    opaque = make_crop(settings, others=[np.full((100, 60, 4), 255, np.uint8)])
    lower = make_crop(settings, others=[other])
    whole, half = ((crop.image != crop.clean).any(axis=-1).sum() for crop in (opaque, lower))
    assert 0.3 < half / whole < 0.7


def test_a_canvas_takes_all_or_nothing() -> None:
    image = np.zeros((20, 20, 3), np.uint8)
    points = np.array([[[5, 5], [15, 15], [np.nan, np.nan]]], np.float32)
    canvas = Canvas.over(image, points, most_hidden=0.5)
    white, opaque = np.full((4, 4, 3), 255, np.uint8), np.full((4, 4), 255, np.uint8)
    assert not canvas.paste((white, opaque, 4, 4), (white, opaque, 14, 14))
    assert canvas.image is image
    assert canvas.paste((white, opaque, 4, 4))
    assert canvas.hidden.tolist() == [[True, False, False]]
    assert image.max() == 0
    assert canvas.image.sum() == 255 * 3 * 16


def test_blending_is_by_alpha_and_stays_on_the_picture() -> None:
    image = np.full((4, 4, 3), 100, np.uint8)
    blend(image, np.full((3, 3, 3), 200, np.uint8), np.full((3, 3), 51, np.uint8), -1, 2)
    assert image[..., 0].tolist() == [[100] * 4, [100] * 4, [120, 120, 100, 100], [120, 120, 100, 100]]
    blend(image, np.full((3, 3, 3), 200, np.uint8), np.full((3, 3), 255, np.uint8), 9, 9)


def test_covered_is_by_the_pixel_a_keypoint_is_on() -> None:
    alpha = np.zeros((3, 3), np.uint8)
    alpha[1, 1] = 128
    points = np.array([[11, 21], [11.4, 20.6], [11.6, 21], [np.nan, np.nan], [500, -3]], np.float32)
    assert covered(points, alpha, 10, 20).tolist() == [True, True, False, False, False]


def test_shapes_fill_their_squares_and_differ() -> None:
    assert (disc(40) > 127).mean() == pytest.approx(np.pi / 4, abs=0.05)  # its smooth edge is wider by half a pixel
    assert polygon(np.array([[0, 0], [9, 0], [9, 9], [0, 9]]), 10, 10).min() > 200
    shapes = [outline(40, np.random.default_rng(seed)) for seed in range(20)]
    assert {shape.shape for shape in shapes} == {(40, 40)}
    assert len({shape.tobytes() for shape in shapes}) == 20
    assert all((shape > 127).mean() > 0.1 for shape in shapes)


def test_textures_are_of_many_kinds(scene: ImageArray) -> None:
    many = [texture((20, 10), np.random.default_rng(seed), colours_of=scene) for seed in range(40)]
    assert {one.shape for one in many} == {(10, 20, 3)}
    colours = [len(np.unique(one.reshape(-1, 3), axis=0)) for one in many]
    assert min(colours) == 1
    assert max(colours) > 50


def test_a_cutout_is_where_the_person_is(scene: ImageArray, standing: Person, coco: Skeleton) -> None:
    cutout = person_cutout(scene, standing, skeleton=coco)
    assert cutout is not None
    assert cutout.shape == (250, 100, 4)
    np.testing.assert_array_equal(cutout[..., :3], scene[20:270, 50:150])
    columns, rows = np.rint(standing.keypoints - (50, 20)).astype(int).T
    assert (cutout[rows, columns, 3] > 127).all()
    assert cutout[125, 50, 3] == 255  # the trunk
    assert cutout[[0, 0, -1, -1], [0, -1, 0, -1], 3].max() == 0
    small = person_cutout(scene, standing, skeleton=coco, longest=50)
    assert small is not None
    assert small.shape == (50, 20, 4)


def test_no_cutout_of_someone_unknown_or_tiny(scene: ImageArray, standing: Person, coco: Skeleton) -> None:
    few = np.where(np.arange(17) < 8, 2, 0)
    assert person_cutout(scene, replace(standing, visibility=few), skeleton=coco) is None
    tiny = replace(standing, box=np.array([50, 20, 60, 40], np.float32))
    assert person_cutout(scene, tiny, skeleton=coco) is None
