from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gonio.arrays import ImageArray
from gonio.augmentation import Augmentation, Crop, Person
from gonio.errors import ConfigError, ShapeError
from gonio.geometry.affine import crop_box, transform
from gonio.structures.skeleton import Skeleton

Make = Callable[..., Crop]
GEOMETRY = ("scale", "rotation", "turn", "translation", "aspect", "flip", "half_body", "truncation")
OTHERS = [np.full((120, 80, 3), 250, np.uint8)]


def test_off_is_the_crop_of_inference(make_crop: Make, scene: ImageArray, standing: Person) -> None:
    crop = make_crop(Augmentation.off())
    image, matrix = crop_box(scene, standing.box, size_wh=(192, 256), margin=1.25, pad_value=114)
    np.testing.assert_array_equal(crop.image, image)
    np.testing.assert_array_equal(crop.matrix, matrix)
    np.testing.assert_array_equal(crop.keypoints, transform(matrix, standing.keypoints))
    np.testing.assert_array_equal(crop.visibility, standing.visibility)
    np.testing.assert_array_equal(crop.weights, standing.weights)
    assert crop.clean is crop.image


@pytest.mark.parametrize("kind", Augmentation.kinds())
def test_each_kind_alone_does_something_and_again_the_same(make_crop: Make, scene: ImageArray, kind: str) -> None:
    settings, before = Augmentation().only(kind), scene.copy()
    once, again = make_crop(settings, 3, others=OTHERS), make_crop(settings, 3, others=OTHERS)
    for name in Crop.__slots__:
        np.testing.assert_array_equal(getattr(once, name), getattr(again, name))
    np.testing.assert_array_equal(scene, before)
    plain = make_crop(Augmentation.off())
    assert (once.image != plain.image).any()
    moved = not np.array_equal(once.matrix, plain.matrix)
    assert moved == (kind in GEOMETRY)
    assert (once.clean is once.image) == (kind in GEOMETRY)
    images = {make_crop(settings, seed, others=OTHERS).image.tobytes() for seed in range(6)}
    assert (len(images) == 1) == (kind in ("flip", "grey"))


def test_a_flip_exchanges_the_sides(make_crop: Make, coco: Skeleton, standing: Person) -> None:
    plain, mirrored = make_crop(Augmentation.off()), make_crop(Augmentation().only("flip"))
    wrist = coco.index("left_wrist")
    x, y = plain.keypoints[wrist]
    np.testing.assert_allclose(mirrored.keypoints[coco.index("right_wrist")], [191 - x, y], atol=1e-3)
    assert mirrored.weights[coco.index("right_wrist")] == standing.weights[wrist]
    np.testing.assert_array_equal(mirrored.image, plain.image[:, ::-1])


def test_beyond_a_cut_nothing_is_known(make_crop: Make) -> None:
    settings = Augmentation.model_validate({"truncation": {"share": (0.3, 0.3)}}).only("truncation")
    counts = set()
    for seed in range(8):
        crop = make_crop(settings, seed)
        missing = crop.visibility == 0
        counts.add(int(missing.sum()))
        assert np.isnan(crop.keypoints[missing]).all()
        assert (crop.weights[missing] == 0).all()
        columns, rows = np.rint(crop.keypoints[~missing]).astype(int).T
        assert (crop.image[rows, columns] != 114).any(axis=-1).all()
        x1, y1, x2, y2 = np.rint(crop.box).astype(int)
        assert (crop.image[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2] != 114).any(axis=-1).all()  # the box ends at the cut
    assert len(counts) > 1
    assert min(counts) > 0


def test_half_a_body_is_larger(make_crop: Make) -> None:
    plain = make_crop(Augmentation.off())
    for seed in range(4):
        assert make_crop(Augmentation().only("half_body"), seed).matrix[0, 0] > 1.3 * plain.matrix[0, 0]


def test_what_was_missing_stays_missing(make_crop: Make, standing: Person) -> None:
    points, visibility = standing.keypoints.copy(), standing.visibility.copy()
    points[3], visibility[3], visibility[5] = np.nan, 0, 0
    for seed in range(5):
        crop = make_crop(Augmentation(), seed, person=replace(standing, keypoints=points, visibility=visibility))
        assert (crop.visibility == 0).sum() >= 2
        assert (np.isnan(crop.keypoints[:, 0]) == (crop.visibility == 0)).all()


def test_a_person_without_keypoints_is_no_problem(make_crop: Make, standing: Person) -> None:
    nobody = replace(standing, keypoints=np.full((17, 2), np.nan, np.float32), visibility=np.zeros(17, np.int64))
    for seed in range(5):
        settings = Augmentation().only(*Augmentation.kinds())
        assert make_crop(settings, seed, person=nobody, others=OTHERS).image.shape == (256, 192, 3)


def test_what_does_not_fit(make_crop: Make, standing: Person, scene: ImageArray) -> None:
    short = Person(standing.keypoints[:3], standing.visibility[:3], standing.box, standing.weights[:3])
    with pytest.raises(ShapeError, match=r"keypoints of a person of coco17 has shape \(3, 2\), expected \(17, 2\)"):
        make_crop(Augmentation(), person=short)
    with pytest.raises(ShapeError, match=r"image has shape \(300, 220\)"):
        make_crop(Augmentation(), image=scene[..., 0])
    with pytest.raises(ShapeError, match=r"image is float32; give uint8"):
        make_crop(Augmentation(), image=scene.astype(np.float32))
    with pytest.raises(ShapeError, match=r"weights has shape \(2,\), expected \(17,\)"):
        replace(standing, weights=np.ones(2, np.float32))
    with pytest.raises(ConfigError, match=r"box of a person is \[nan, 0.0, 1.0, 1.0\]; all four"):
        replace(standing, box=np.array([np.nan, 0, 1, 1], np.float32))
