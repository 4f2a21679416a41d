"""The self-check against a stand-in for the default model, on networks whose answers are known."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from gonio.arrays import FloatArray, ImageArray
from gonio.errors import ConfigError, ModelMismatchError
from gonio.geometry.boxes import box_around
from gonio.io.images import read_image
from gonio.models.card import ModelCard
from gonio.models.model import PoseModel
from gonio.models.recognise import Choices, recognise
from gonio.models.selfcheck import AGREES, CHECK_PICTURE, SOUND, causes, check_model
from gonio.models.skeleton_spec import SkeletonSpec
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO17 = load_skeleton("coco17")
PICTURE = np.full((640, 640, 3), 200, np.uint8)  # as large as the networks' input: pixels are pixels
BODY = np.array(
    [
        *[(320, 100), (330, 90), (310, 90), (345, 95), (295, 95), (370, 170), (270, 170), (400, 250), (240, 250)],
        *[(410, 330), (230, 330), (350, 340), (290, 340), (355, 460), (285, 460), (360, 580), (280, 580)],
    ],
    np.float32,
)


class Default:
    """Always finds the body."""

    def __init__(self, people: int = 1, sure: float = 0.9) -> None:
        self.people, self.sure = people, sure

    def __call__(self, image: ImageArray) -> Poses:
        return Poses(
            keypoints=BODY[None],
            scores=np.full((1, 17), self.sure, np.float32),
            boxes=box_around(BODY[None], np.ones((1, 17), bool)),
            person_scores=np.full(1, 0.9, np.float32),
            skeleton=COCO17,
        )[: self.people]


def default(**how: Any) -> PoseModel:
    return cast("PoseModel", Default(**how))


def rtmo_answers(points: FloatArray, *, score: float = 0.8) -> dict[str, FloatArray]:
    box = box_around(points[None], np.ones((1, len(points)), bool))
    keypoints = np.concatenate([points, np.full((len(points), 1), 0.8)], axis=1, dtype=np.float32)
    return {
        "dets": np.concatenate([box, [[score]]], axis=1, dtype=np.float32)[None],
        "keypoints": keypoints[None, None],
    }


def rtmo(answering: Any, folder: Path, points: FloatArray, **how: float) -> tuple[ModelCard, Path]:
    return recognise(answering(folder / "rtmo.onnx", rtmo_answers(points, **how), image=(1, 3, 640, 640))), folder


def test_a_model_that_agrees(answering: Any, tmp_path: Path) -> None:
    found = check_model(*rtmo(answering, tmp_path, BODY + 5), PICTURE, threads=1, default=default())
    assert found.finding == "agrees"
    assert found.likeness > 0.9
    assert found.median_px == pytest.approx(5 * np.sqrt(2), rel=1e-5)
    assert found.keypoints == 17
    assert found.better == ()


def test_keypoints_that_the_default_model_does_not_see_do_not_count(answering: Any, tmp_path: Path) -> None:
    found = check_model(*rtmo(answering, tmp_path, BODY), PICTURE, threads=1, default=default(sure=0.2))
    assert (found.finding, found.keypoints) == ("cannot be compared", 0)


def test_a_model_that_finds_nobody(answering: Any, tmp_path: Path) -> None:
    found = check_model(*rtmo(answering, tmp_path, BODY, score=0.05), PICTURE, threads=1, default=default())
    assert (found.finding, found.likeness, len(found.poses)) == ("finds nobody", 0, 0)
    assert any("--skeleton" in cause for cause in causes(found))


def test_a_model_that_sees_something_else(answering: Any, tmp_path: Path) -> None:
    found = check_model(*rtmo(answering, tmp_path, BODY[::-1] + 80), PICTURE, threads=1, default=default())
    assert (found.finding, found.mirrored, found.better) == ("disagrees", False, ())


def test_exchanged_sides_are_told(answering: Any, tmp_path: Path) -> None:
    turned = BODY[list(COCO17.flip_indices)]
    found = check_model(*rtmo(answering, tmp_path, turned), PICTURE, threads=1, default=default())
    assert (found.finding, found.mirrored) == ("disagrees", True)
    assert "left and right are exchanged" in causes(found)[0]


def test_other_keypoints_cannot_be_compared(answering: Any, tmp_path: Path) -> None:
    names = tuple(f"point_{i}" for i in range(17))
    own = SkeletonSpec(name="own", keypoint_names=names, flip_indices=tuple(range(17)), sigmas=(0.05,) * 17)
    file = answering(tmp_path / "rtmo.onnx", rtmo_answers(BODY), image=(1, 3, 640, 640))
    found = check_model(recognise(file, Choices(skeleton=own)), tmp_path, PICTURE, threads=1, default=default())
    assert (found.finding, len(found.poses)) == ("cannot be compared", 1)


@pytest.mark.parametrize(("shift", "finding"), [(3, "agrees"), (300, "disagrees")])
def test_a_detector_is_compared_by_its_box(answering: Any, tmp_path: Path, shift: float, finding: str) -> None:
    box = box_around(BODY[None] + shift, np.ones((1, 17), bool))
    dets = np.concatenate([box, [[0.9]]], axis=1, dtype=np.float32)[None]
    answers = {"dets": dets, "labels": np.zeros((1, 1), np.int64)}
    card = recognise(answering(tmp_path / "rtmdet.onnx", answers, image=(1, 3, 640, 640)))
    found = check_model(card, tmp_path, PICTURE, threads=1, default=default())
    assert (found.finding, np.isnan(found.median_px)) == (finding, True)


def dim_network(path: Path, *, brightest: float, wrong: float) -> Path:
    """RTMO's answer; where the input is brighter than this, keypoints are so many px off, or scores if below 10."""
    answers = rtmo_answers(BODY)
    weights = [numpy_helper.from_array(array, f"{name}_right") for name, array in answers.items()]
    off = np.zeros(3, np.float32)
    off[: 2 if wrong >= 10 else 3] = wrong
    weights += [
        numpy_helper.from_array(off, "off"),
        numpy_helper.from_array(np.array(brightest, np.float32), "brightest"),
    ]
    nodes = [
        helper.make_node("ReduceMax", ["image"], ["highest"], keepdims=0),
        helper.make_node("Greater", ["highest", "brightest"], ["bright"]),
        helper.make_node("Cast", ["bright"], ["factor"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["off", "factor"], ["shift"]),
        helper.make_node("Add", ["keypoints_right", "shift"], ["keypoints"]),
        helper.make_node("Identity", ["dets_right"], ["dets"]),
    ]
    inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 3, 640, 640))]
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape) for n, a in answers.items()]
    graph = helper.make_graph(nodes, "dim", inputs, outputs, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.mark.parametrize("wrong", [400, 5])
def test_a_better_preprocessing_is_found(tmp_path: Path, wrong: float) -> None:
    """RTMO's documented input is 0..255; this one wants 0..1, and else is far off, or has scores of 5.8."""
    card = recognise(dim_network(tmp_path / "dim.onnx", brightest=1.01, wrong=wrong))
    found = check_model(card, tmp_path, PICTURE, threads=1, default=default())
    assert found.finding == "disagrees"
    assert found.better[0].likeness == 1
    assert {variant.what for variant in found.better} >= {"RGB 0..1", "BGR 0..1", "RGB -1..1"}
    assert not any("0..255" in variant.what for variant in found.better)
    assert "--mean 0 0 0 --std 255 255 255 --channel-order rgb" in {variant.options for variant in found.better}
    assert causes(found)[0].startswith("the preprocessing: with")
    assert bool(found.refused) == (wrong < 10)


def test_a_middling_likeness_is_doubted_where_another_preprocessing_is_better(tmp_path: Path) -> None:
    """It was said to agree. The network of the test before, but little off."""
    card = recognise(dim_network(tmp_path / "dim.onnx", brightest=1.01, wrong=20))
    found = check_model(card, tmp_path, PICTURE, threads=1, default=default())
    assert AGREES < found.likeness < SOUND
    assert found.finding == "doubtful"
    assert found.better[0].likeness == 1
    assert causes(found)[0].startswith("the preprocessing: with")


def test_a_middling_likeness_that_no_preprocessing_betters_is_let_be(answering: Any, tmp_path: Path) -> None:
    found = check_model(*rtmo(answering, tmp_path, BODY + 18), PICTURE, threads=1, default=default())
    assert AGREES < found.likeness < SOUND
    assert (found.finding, found.better) == ("agrees", ())


def test_values_that_no_preprocessing_mends_are_an_error(answering: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelMismatchError, match="scores of people run from"):
        check_model(*rtmo(answering, tmp_path, BODY, score=7), PICTURE, threads=1, default=default())


def test_a_detector_given_as_a_pose_model_is_an_error(answering: Any, tmp_path: Path) -> None:
    card, folder = rtmo(answering, tmp_path, BODY)
    dets = {"dets": np.zeros((1, 3, 5), np.float32), "labels": np.zeros((1, 3), np.int64)}
    detector = recognise(answering(tmp_path / "rtmdet.onnx", dets, image=(1, 3, 640, 640)))
    with pytest.raises(ModelMismatchError, match="output 'keypoints'"):
        check_model(card.model_copy(update={"weights": detector.weights}), folder, PICTURE, default=default())


def test_a_picture_of_nobody_is_no_check(answering: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the default model finds nobody on this picture"):
        check_model(*rtmo(answering, tmp_path, BODY), PICTURE, threads=1, default=default(people=0))


def test_the_picture_that_ships() -> None:
    assert CHECK_PICTURE.stat().st_size < 60_000
    assert read_image(CHECK_PICTURE).shape == (512, 416, 3)
