"""Skeletons: the six that ship, against the published definitions, and the checks on one that is built."""

import re
from typing import Any

import cv2
import numpy as np
import pytest

from gonio.arrays import FloatArray64
from gonio.errors import ConfigError, ShapeError
from gonio.structures.skeleton import Colour, Skeleton, load_skeleton, skeleton_names

COUNTS = {
    "coco17": 17,
    "halpe26": 26,
    "blazepose33": 33,
    "coco_wholebody133": 133,
    "lsp14": 14,
    "mpii16": 16,
}


def tiny(**changes: Any) -> Skeleton:
    fields: dict[str, Any] = {
        "name": "tiny",
        "keypoint_names": ("nose", "left_ear", "right_ear"),
        "links": ((0, 1), (0, 2), (1, 2)),
        "flip_indices": (0, 2, 1),
        "sigmas": (0.1, 0.2, 0.2),
    }
    return Skeleton(**(fields | changes))


def test_the_six_sets_ship() -> None:
    assert set(skeleton_names()) == set(COUNTS)


@pytest.mark.parametrize("name", COUNTS)
def test_a_shipped_skeleton(name: str) -> None:
    skeleton = load_skeleton(name)
    assert skeleton.name == name
    assert len(skeleton) == COUNTS[name]
    assert load_skeleton(name) is skeleton
    assert len(skeleton.keypoint_colours) == len(skeleton)
    assert len(skeleton.link_colours) == len(skeleton.links)
    assert skeleton.source
    assert [skeleton.index(point) for point in skeleton.keypoint_names] == list(range(len(skeleton)))


@pytest.mark.parametrize("name", COUNTS)
def test_the_flip_swaps_the_words_left_and_right_and_nothing_else(name: str) -> None:
    skeleton = load_skeleton(name)
    for point, mirrored in zip(skeleton.keypoint_names, skeleton.flip_indices, strict=True):
        swapped = re.sub(r"^(left|right)_", lambda m: "right_" if m[1] == "left" else "left_", point)
        assert skeleton.keypoint_names[mirrored] == swapped


@pytest.mark.parametrize("name", COUNTS)
def test_the_links_are_mirror_images_of_themselves(name: str) -> None:
    skeleton = load_skeleton(name)
    links = {frozenset(link) for link in skeleton.links}
    assert {frozenset(skeleton.flip_indices[i] for i in link) for link in links} == links


@pytest.mark.parametrize("name", COUNTS)
def test_no_keypoint_is_left_without_a_line(name: str) -> None:
    skeleton = load_skeleton(name)
    assert {i for link in skeleton.links for i in link} == set(range(len(skeleton)))


@pytest.mark.parametrize("name", ["halpe26", "coco_wholebody133"])
def test_supersets_of_coco_begin_with_it(name: str) -> None:
    assert load_skeleton(name).keypoint_names[:17] == load_skeleton("coco17").keypoint_names


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("coco17", {0: "nose", 1: "left_eye", 9: "left_wrist", 12: "right_hip", 16: "right_ankle"}),
        ("halpe26", {17: "head_top", 18: "neck", 19: "mid_hip", 21: "right_big_toe", 24: "left_heel"}),
        ("blazepose33", {1: "left_eye_inner", 9: "left_mouth", 17: "left_pinky", 22: "right_thumb"}),
        ("blazepose33", {29: "left_heel", 30: "right_heel", 31: "left_foot_index", 32: "right_foot_index"}),
        ("coco_wholebody133", {17: "left_big_toe", 19: "left_heel", 22: "right_heel", 31: "chin"}),
        ("coco_wholebody133", {91: "left_hand_root", 96: "left_forefinger_1", 132: "right_pinky_finger_4"}),
        ("lsp14", {0: "right_ankle", 5: "left_ankle", 6: "right_wrist", 12: "lsp_neck", 13: "head_top"}),
        ("mpii16", {6: "pelvis", 7: "thorax", 8: "upper_neck", 9: "head_top", 10: "right_wrist"}),
    ],
)
def test_the_order_is_the_published_one(name: str, points: dict[int, str]) -> None:
    names = load_skeleton(name).keypoint_names
    assert {i: names[i] for i in points} == points


def test_the_wholebody_face_mirrors_like_the_68_points_of_ibug() -> None:
    """Oracle: the mirrored order of the 68 points as published with iBUG 300-W, here counted from 0."""
    jaw, brows, bridge, nostrils = range(16, -1, -1), range(26, 16, -1), range(27, 31), range(35, 30, -1)
    eyes = [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    lips = [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
    face = [*jaw, *brows, *bridge, *nostrils, *eyes, *lips]
    assert [i - 23 for i in load_skeleton("coco_wholebody133").flip_indices[23:91]] == face


def test_sides_are_the_persons() -> None:
    skeleton = tiny()
    assert skeleton.sides == ("centre", "left", "right")
    assert skeleton.link_sides == ("left", "right", "centre")


def test_colours_follow_the_sides_where_none_are_given() -> None:
    skeleton = tiny()
    centre, left, right = skeleton.keypoint_colours
    assert skeleton.link_colours == (left, right, centre)


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize(
    "simulated",
    [
        pytest.param(np.eye(3), id="full colour vision"),
        # G. M. Machado et al., A Physiologically-based Model for Simulation of Color Vision Deficiency,
        # IEEE TVCG 2009, severity 1.0, to three digits.
        pytest.param(
            np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
            id="protanopia",
        ),
        pytest.param(
            np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
            id="deuteranopia",
        ),
    ],
)
def test_left_and_right_limbs_look_different_to_everyone(name: str, simulated: FloatArray64) -> None:
    """The distance is CIE 1976 delta E, where about 2 is just noticeable."""
    skeleton = load_skeleton(name)
    for point in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
        left, right = (
            _lab(skeleton.keypoint_colours[skeleton.index(f"{side}_{point}")], simulated) for side in ("left", "right")
        )
        assert np.linalg.norm(left - right) > 60


def _lab(colour: Colour, simulated: FloatArray64) -> FloatArray64:
    """CIE L*a*b* of an sRGB colour as seen with the given matrix over linear RGB."""
    srgb = np.array(colour) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(simulated @ linear, 0, 1)
    encoded = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    lab = cv2.cvtColor(encoded.astype(np.float32).reshape(1, 1, 3), cv2.COLOR_RGB2LAB)
    return lab.reshape(3).astype(np.float64)


def test_an_unknown_skeleton_is_answered_with_the_nearest_name_and_the_list() -> None:
    with pytest.raises(ConfigError, match=r"no skeleton named 'coco71'; did you mean 'coco17'\? there are: .*mpii16"):
        load_skeleton("coco71")
    with pytest.raises(ConfigError, match=r"no skeleton named '\.\./coco17'"):
        load_skeleton("../coco17")


def test_an_unknown_keypoint_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"'coco17' has no keypoint 'left_kne'; did you mean 'left_knee'\?"):
        load_skeleton("coco17").index("left_kne")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"sigmas": (0.1,)}, r"sigmas of skeleton 'tiny' has shape \(1,\), expected \(3,?\)", id="sigmas"),
        pytest.param({"flip_indices": (0, 1, 2, 3)}, r"flip_indices of skeleton 'tiny' has shape \(4,\)", id="flip"),
        pytest.param({"keypoint_colours": ((0, 0, 0),)}, r"keypoint_colours .* has shape \(1,\)", id="point colours"),
        pytest.param({"link_colours": ((0, 0, 0),)}, r"link_colours .* expected \(3,?\)", id="link colours"),
    ],
)
def test_lengths_must_agree(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        tiny(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"keypoint_names": ("a", "b", "a")}, "has 'a' twice", id="name twice"),
        pytest.param(
            {"keypoint_names": (), "flip_indices": (), "sigmas": (), "links": ()},
            "is empty",
            id="no keypoints",
        ),
        pytest.param({"links": ((0, 3),)}, r"has \(0, 3\); a link joins two different indices in 0..2", id="range"),
        pytest.param({"links": ((-1, 0),)}, r"has \(-1, 0\)", id="negative"),
        pytest.param({"links": ((1, 1),)}, r"has \(1, 1\)", id="to itself"),
        pytest.param({"links": ((0, 1), (1, 0))}, r"has \(0, 1\) twice", id="link twice"),
        pytest.param({"flip_indices": (1, 2, 0)}, "sends 0 to 1, which does not lead back", id="flip is a cycle"),
        pytest.param({"flip_indices": (0, 1, 3)}, "sends 2 to 3", id="flip out of range"),
        pytest.param({"sigmas": (0.1, 0.0, 0.1)}, "has 0.0; every sigma must be a positive number", id="zero sigma"),
        pytest.param({"sigmas": (0.1, float("nan"), 0.1)}, "has nan", id="NaN sigma"),
        pytest.param({"link_colours": ((0, 0, 256),) * 3}, r"has \(0, 0, 256\)", id="colour"),
    ],
)
def test_values_must_make_sense(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        tiny(**changes)
