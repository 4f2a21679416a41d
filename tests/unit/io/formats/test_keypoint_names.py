import pytest

from gonio.errors import ConfigError, ShapeError
from gonio.io.formats.keypoint_names import (
    DEFAULT_SIGMA,
    known_skeleton,
    mirrored_names,
    normal_name,
    order_of,
    skeleton_of_names,
)
from gonio.structures.skeleton import load_skeleton, skeleton_names


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("left_knee", "left_knee"),
        ("Left Knee", "left_knee"),
        ("LKnee", "left_knee"),
        ("knee-l", "left_knee"),
        ("leftKnee", "left_knee"),
        ("KNEE_R", "right_knee"),
        ("lip", "lip"),
        ("L", "l"),
        ("toe1", "toe_1"),
        ("Nase", "nase"),
        ("---", "---"),
    ],
)
def test_spellings(name: str, normal: str) -> None:
    assert normal_name(name) == normal


@pytest.mark.parametrize("name", skeleton_names())
def test_every_skeleton_is_recognised_by_its_names_in_any_order(name: str) -> None:
    skeleton = load_skeleton(name)
    names = [own.replace("_", " ").title() for own in reversed(skeleton.keypoint_names)]
    assert known_skeleton(names) is skeleton


@pytest.mark.parametrize("name", skeleton_names())
def test_mirrored_names_are_the_skeletons_own_flip(name: str) -> None:
    skeleton = load_skeleton(name)
    assert mirrored_names(skeleton.keypoint_names) == skeleton.flip_indices


def test_a_made_skeleton() -> None:
    made = skeleton_of_names(["Tail", "paw_L", "paw_R"], name="cat", links=[(0, 1), (1, 0), (2, 2), (0, 2)])
    assert (made.name, made.keypoint_names) == ("cat", ("tail", "left_paw", "right_paw"))
    assert (made.links, made.flip_indices) == (((0, 1), (0, 2)), (0, 2, 1))
    assert made.sigmas == (DEFAULT_SIGMA,) * 3
    assert made.sides == ("centre", "left", "right")


def test_names_that_would_become_one_stay_as_they_are() -> None:
    assert skeleton_of_names(["LPaw", "left_paw"], name="odd").keypoint_names == ("LPaw", "left_paw")


def test_given_mirror_partners_win() -> None:
    assert skeleton_of_names(["a", "b"], name="x", flip_indices=[1, 0]).flip_indices == (1, 0)
    with pytest.raises(ConfigError, match="sends 0 to 1, which does not lead back"):
        skeleton_of_names(["a", "b"], name="x", flip_indices=[1, 1])
    with pytest.raises(ShapeError, match="flip_indices"):
        skeleton_of_names(["a", "b"], name="x", flip_indices=[0])


def test_order() -> None:
    coco = load_skeleton("coco17")
    assert order_of(["Right Ankle", "tail", "nose"], coco) == [16, None, 0]
    with pytest.raises(ConfigError, match=r"'coco17' has none of the 1 labelled keypoints \(tail …\)"):
        order_of(["tail"], coco)
