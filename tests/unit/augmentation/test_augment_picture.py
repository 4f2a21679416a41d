from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gonio.arrays import ImageArray
from gonio.augmentation import Augmentation, Person, Picture, augment_picture
from gonio.geometry.affine import letterbox, transform
from gonio.structures.skeleton import Skeleton

Make = Callable[..., Picture]


def shifted(person: Person, x: float, y: float) -> Person:
    return replace(
        person,
        keypoints=person.keypoints + np.array([x, y], np.float32),
        box=person.box + np.array([x, y, x, y], np.float32),
    )


@pytest.fixture
def make_picture(scene: ImageArray, standing: Person, coco: Skeleton) -> Make:
    two = [standing, shifted(standing, 60, 10)]

    def make(settings: Any, seed: int = 0, people: Sequence[Person] = two, hw: tuple[int, int] = (320, 320)) -> Picture:
        rng = np.random.default_rng(seed)
        options: dict[str, Any] = {"input_hw": hw, "pad_value": 114, "skeleton": coco, "rng": rng}
        return augment_picture(scene, people, settings=settings, **options)

    return make


def test_off_is_the_letterbox_of_inference(make_picture: Make, scene: ImageArray, standing: Person) -> None:
    whole = make_picture(Augmentation.off())
    image, matrix = letterbox(scene, longer_side=320, multiple=320, pad_value=114)
    np.testing.assert_allclose(whole.matrix, matrix, atol=5e-3)
    assert np.abs(whole.image.astype(int) - image)[:, :230].mean() < 3
    np.testing.assert_array_equal(whole.keypoints[0], transform(whole.matrix, standing.keypoints))
    np.testing.assert_array_equal(whole.people, [0, 1])
    np.testing.assert_allclose(whole.boxes[0], standing.box * 320 / 300, atol=0.5)
    assert (whole.image[:, 240:] == 114).all()


@pytest.mark.parametrize("hw", [(160, 320), (320, 160), (192, 192)])
def test_the_picture_fits_into_any_input(make_picture: Make, hw: tuple[int, int]) -> None:
    whole = make_picture(Augmentation.off(), hw=hw)
    assert whole.image.shape == (*hw, 3)
    scale = min(hw[0] / 300, hw[1] / 220)
    np.testing.assert_allclose(whole.matrix[:, :2], np.eye(2) * scale, rtol=0.01, atol=1e-9)


def test_a_flip_moves_boxes_and_sides(make_picture: Make, coco: Skeleton) -> None:
    plain, mirrored = make_picture(Augmentation.off()), make_picture(Augmentation().only("flip"))
    np.testing.assert_allclose(
        mirrored.boxes[:, [2, 1, 0, 3]], plain.boxes * (-1, 1, -1, 1) + (320, 0, 320, 0), atol=0.01
    )
    order = list(coco.flip_indices)
    np.testing.assert_allclose(mirrored.keypoints[:, order, 0], 319 - plain.keypoints[..., 0], atol=1e-3)


def test_boxes_hold_their_keypoints_when_turned(make_picture: Make) -> None:
    for seed in range(8):
        turned = make_picture(Augmentation().only("turn"), seed)
        for points, box in zip(turned.keypoints + 0.5, turned.boxes, strict=True):
            known = points[np.isfinite(points[:, 0])]
            assert (known >= box[:2] - 1e-3).all()
            assert (known <= box[2:] + 1e-3).all()
        # a body is no rectangle: the box around the turned box would be larger
        assert (np.prod(turned.boxes[:, 2:] - turned.boxes[:, :2], axis=1) < 320 * 320).all()


def test_who_leaves_the_picture_is_dropped(make_picture: Make, standing: Person) -> None:
    people = [shifted(standing, 0, 240), standing, shifted(standing, -140, 0), shifted(standing, 75, 0)]
    found = make_picture(Augmentation.off(), people=people)
    assert found.people.tolist() == [1, 3]
    assert (found.boxes >= 0).all()
    strict = make_picture(Augmentation.off().model_copy(update={"least_seen": 0.99}), people=people)
    assert set(strict.people.tolist()) == {1, 3}
    zoomed = Augmentation.model_validate({"scale": {"factor": (3, 3)}, "least_seen": 0.9}).only("scale")
    assert len(make_picture(zoomed, people=people).people) < 2


def test_truncation_drops_and_shortens(make_picture: Make, standing: Person) -> None:
    settings = Augmentation.model_validate({"truncation": {"share": (0.4, 0.4)}}).only("truncation")
    heights = [make_picture(settings, seed, people=[standing]).boxes[0] for seed in range(12)]
    assert min(box[3] - box[1] for box in heights) == pytest.approx(250 * 0.6 * 320 / 300, abs=2)


def test_nobody_is_fine(make_picture: Make) -> None:
    empty = make_picture(Augmentation().only(*Augmentation.kinds()), people=[])
    assert empty.keypoints.shape == (0, 17, 2)
    assert empty.boxes.shape == (0, 4)
    assert empty.image.shape == (320, 320, 3)


def test_occluders_hide_whomever_they_cover(make_picture: Make) -> None:
    """On an edge a pixel may change of which less than half is covered."""
    hidden, edges = 0, 0
    for seed in range(8):
        whole = make_picture(Augmentation().only("object_patch", "limb_cutout"), seed)
        columns, rows = np.rint(whole.keypoints.reshape(-1, 2)).astype(int).T
        changed = (whole.image != whole.clean).any(axis=-1)[rows, columns].reshape(whole.visibility.shape)
        behind = whole.visibility == 1
        assert changed[behind].all()
        hidden, edges = hidden + int(behind.sum()), edges + int(changed[~behind].sum())
    assert hidden > 20
    assert edges <= 0.1 * hidden


def test_the_same_state_gives_the_same_picture(make_picture: Make) -> None:
    once, again = make_picture(Augmentation(), 9), make_picture(Augmentation(), 9)
    for name in Picture.__slots__:
        np.testing.assert_array_equal(getattr(once, name), getattr(again, name))
    assert (make_picture(Augmentation(), 10).image != once.image).any()
