"""Conversion between skeletons: which points are carried over, which are not, and what stays."""

import numpy as np
import pytest

from gonio.errors import ConfigError, ShapeError
from gonio.structures.conversion import convert_keypoints, convert_poses, shared_keypoints
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # Oracle: MediaPipe's list of landmarks read against COCO's.
        ("blazepose33", [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]),
        ("halpe26", list(range(17))),
        ("coco_wholebody133", list(range(17))),
        ("coco17", list(range(17))),
    ],
)
def test_sets_that_contain_coco17(source: str, expected: list[int]) -> None:
    in_source, in_target = shared_keypoints(load_skeleton(source), load_skeleton("coco17"))
    assert in_source.tolist() == expected
    assert in_target.tolist() == list(range(17))


LIMBS = {f"{side}_{joint}" for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist")} | {
    f"{side}_{joint}" for side in ("left", "right") for joint in ("hip", "knee", "ankle")
}
HEELS = {"left_heel", "right_heel"}
TOES = {f"{side}_{toe}" for side in ("left", "right") for toe in ("big_toe", "small_toe")}
COCO = set(load_skeleton("coco17").keypoint_names)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("lsp14", "mpii16", LIMBS | {"head_top"}),
        ("lsp14", "halpe26", LIMBS | {"head_top"}),
        ("mpii16", "halpe26", LIMBS | {"head_top"}),
        ("lsp14", "coco17", LIMBS),
        ("mpii16", "coco17", LIMBS),
        ("blazepose33", "halpe26", COCO | HEELS),
        ("blazepose33", "coco_wholebody133", COCO | HEELS),
        ("halpe26", "coco_wholebody133", COCO | HEELS | TOES),
    ],
)
def test_what_two_sets_share(one: str, other: str, shared: set[str]) -> None:
    """The necks, MPII's pelvis, Halpe's mid_hip and BlazePose's foot index are absent on purpose."""
    source, target = load_skeleton(one), load_skeleton(other)
    in_source, in_target = shared_keypoints(source, target)
    assert {source.keypoint_names[i] for i in in_source} == shared
    assert {target.keypoint_names[i] for i in in_target} == shared


def test_known_values_move_and_the_rest_is_nan() -> None:
    mpii, coco = load_skeleton("mpii16"), load_skeleton("coco17")
    keypoints = np.arange(32, dtype=np.float32).reshape(1, 16, 2)
    scores = np.linspace(0.1, 0.9, 16, dtype=np.float32)[None]
    converted, converted_scores = convert_keypoints(keypoints, scores, source=mpii, target=coco)
    assert converted[0, coco.index("right_wrist")].tolist() == [20.0, 21.0]
    assert converted_scores[0, coco.index("right_wrist")] == scores[0, 10]
    assert np.isnan(converted[0, :5]).all()
    assert (converted_scores[0, :5] == 0).all()


@pytest.mark.parametrize("shape", [(), (0,), (3,), (4, 2)], ids=["one person", "nobody", "people", "over time"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_any_leading_axes_and_both_dimensions(shape: tuple[int, ...], dimensions: int) -> None:
    keypoints = np.ones((*shape, 14, dimensions), np.float32)
    scores = np.ones((*shape, 14), np.float32)
    converted, converted_scores = convert_keypoints(
        keypoints, scores, source=load_skeleton("lsp14"), target=load_skeleton("halpe26")
    )
    assert converted.shape == (*shape, 26, dimensions)
    assert converted_scores.shape == (*shape, 26)
    assert converted.dtype == converted_scores.dtype == np.float32


def test_the_input_stays_as_it_was() -> None:
    coco = load_skeleton("coco17")
    keypoints, scores = np.ones((1, 17, 2), np.float32), np.ones((1, 17), np.float32)
    converted, converted_scores = convert_keypoints(keypoints, scores, source=coco, target=coco)
    converted[:] = 0
    converted_scores[:] = 0
    assert (keypoints == 1).all()
    assert (scores == 1).all()


@pytest.mark.parametrize(
    ("keypoints", "scores", "message"),
    [
        pytest.param((2, 16, 2), (2, 17), r"keypoints has shape \(2, 16, 2\), expected \(2, 17, 2\)", id="K"),
        pytest.param((2, 17, 2), (2, 16), r"scores has shape \(2, 16\), expected \(2, 17\)", id="K of scores"),
        pytest.param((2, 17, 2), (3, 17), r"keypoints has shape \(2, 17, 2\), expected \(3, 17, 2\)", id="N"),
        pytest.param((17,), (17,), r"keypoints has shape \(17,\)", id="no coordinates"),
    ],
)
def test_shapes_must_fit(keypoints: tuple[int, ...], scores: tuple[int, ...], message: str) -> None:
    coco = load_skeleton("coco17")
    with pytest.raises(ShapeError, match=message):
        convert_keypoints(np.zeros(keypoints, np.float32), np.zeros(scores, np.float32), source=coco, target=coco)


def test_poses_keep_everything_but_their_keypoints() -> None:
    poses = Poses(
        keypoints=np.ones((2, 26, 2), np.float32),
        scores=np.ones((2, 26), np.float32),
        boxes=np.array([[0, 0, 4, 5], [1, 1, 2, 2]], np.float32),
        person_scores=np.array([0.9, 0.8], np.float32),
        skeleton=load_skeleton("halpe26"),
        track_ids=np.array([7, 3]),
        frame_index=11,
        time_s=0.44,
    )
    converted = convert_poses(poses, load_skeleton("coco17"))
    assert converted.skeleton.name == "coco17"
    assert converted.keypoints.shape == (2, 17, 2)
    assert converted.boxes is poses.boxes
    assert converted.person_scores is poses.person_scores
    assert converted.track_ids is poses.track_ids
    assert (converted.frame_index, converted.time_s) == (11, 0.44)


def test_a_skeleton_may_be_named() -> None:
    """As it may everywhere else."""
    poses = Poses.empty(load_skeleton("halpe26"))
    assert convert_poses(poses, "coco17").skeleton is load_skeleton("coco17")
    with pytest.raises(ConfigError, match="no skeleton named 'coco71'; did you mean 'coco17'"):
        convert_poses(poses, "coco71")
