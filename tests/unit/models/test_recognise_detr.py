"""Exports of DETRPose and RF-DETR: told by shapes and names, by metadata where there are some."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gonio.arrays import FloatArray
from gonio.errors import ModelError, ModelMismatchError
from gonio.models.card import ModelCard, StretchInput
from gonio.models.families_detr import RFDETR_KEY
from gonio.models.loader import load_model
from gonio.models.recognise import Choices, recognise
from gonio.models.skeleton_spec import SkeletonSpec

SECOND_INPUT = {"orig_target_sizes": (1, 2)}
SQUARE = (1, 3, 640, 640)
SMALL = (1, 3, 96, 96)


def zeros(*shape: int) -> Any:
    return np.zeros(shape, np.float32)


def skeleton(k: int) -> SkeletonSpec:
    names = tuple(f"point_{i}" for i in range(k))
    return SkeletonSpec(name="own", keypoint_names=names, flip_indices=tuple(range(k)), sigmas=(0.05,) * k)


def detrpose(k: int = 17) -> dict[str, Any]:
    return {"scores": zeros(1, 60), "labels": np.ones((1, 60), np.int64), "keypoints": zeros(1, 60, k, 2)}


def rfdetr(slots: int = 34, classes: int = 2) -> dict[str, Any]:
    nobody = np.full((1, 100, classes), -9, np.float32)
    return {"dets": zeros(1, 100, 4), "labels": nobody, "keypoints": zeros(1, 100, slots, 8)}


def told(**changes: Any) -> dict[str, str]:
    """Metadata as RF-DETR writes them, of one class of people."""
    facts: dict[str, Any] = {
        "schema_version": 1,
        "task": "keypoints",
        "class_names": ["person"],
        "class_id_to_name": {"0": "person"},
        "num_keypoints_per_class": [17],
        "means": [0.485, 0.456, 0.406],
        "stds": [0.229, 0.224, 0.225],
        "num_select": 100,
        "trace_alpha": 0.2,
    }
    return {RFDETR_KEY: json.dumps(facts | changes)}


def parameters(card: ModelCard) -> dict[str, Any]:
    return dict(card.codec.model_extra or {})


def test_detrpose(answering: Any, tmp_path: Path) -> None:
    file = answering(tmp_path / "detrpose_hgnetv2_n.onnx", detrpose(), image=SQUARE, more_inputs=SECOND_INPUT)
    card = recognise(file)
    assert (card.task, card.codec.kind, card.skeleton, card.max_oks) == ("one-stage", "detrpose", "coco17", 1)
    assert isinstance(card.input, StretchInput)
    assert (card.input.input_hw, card.input.std, card.input.channel_order) == ((640, 640), (255, 255, 255), "rgb")
    assert card.constants == {"orig_target_sizes": (640, 640)}
    assert card.outputs == {}
    assert len(load_model(file)(np.zeros((60, 80, 3), np.uint8))) == 0


def test_detrpose_of_another_size_is_told_width_before_height(answering: Any, tmp_path: Path) -> None:
    shape = (1, 3, "h", "w")
    file = answering(tmp_path / "wide.onnx", detrpose(), image=shape, more_inputs=SECOND_INPUT)
    assert recognise(file).input.fixed_hw == (640, 640)
    card = recognise(file, Choices(input_hw=(320, 512)))
    assert (card.input.fixed_hw, card.constants) == ((320, 512), {"orig_target_sizes": (512, 320)})


def test_detrpose_with_boxes_and_own_keypoints(answering: Any, tmp_path: Path) -> None:
    """A fork exports boxes as well; CrowdPose has 14 keypoints, whose names the file does not tell."""
    file = answering(
        tmp_path / "crowd.onnx", detrpose(14) | {"boxes": zeros(1, 60, 4)}, image=SQUARE, more_inputs=SECOND_INPUT
    )
    with pytest.raises(ModelError, match=r"looks like DETRPose, but which 14 keypoints.*--skeleton NAME"):
        recognise(file)
    assert recognise(file, Choices(skeleton=skeleton(14))).codec.kind == "detrpose"


@pytest.mark.parametrize(
    ("answers", "more"),
    [
        (detrpose(), {}),
        (detrpose() | {"labels": zeros(1, 60)}, SECOND_INPUT),
        (detrpose() | {"keypoints": zeros(1, 60, 17, 3)}, SECOND_INPUT),
    ],
    ids=["no second input", "labels that are no whole numbers", "three numbers a keypoint"],
)
def test_what_only_resembles_detrpose_is_asked_for(answering: Any, tmp_path: Path, answers: Any, more: Any) -> None:
    with pytest.raises(ModelError, match="no family of models has such shapes"):
        recognise(answering(tmp_path / "other.onnx", answers, image=SQUARE, more_inputs=more))


@pytest.mark.parametrize(("slots", "person"), [(34, 1), (17, 0)], ids=["background first", "people first"])
def test_rfdetr(answering: Any, tmp_path: Path, slots: int, person: int) -> None:
    file = answering(tmp_path / "rfdetr-keypoint-preview.onnx", rfdetr(slots), image=SMALL)
    card = recognise(file)
    assert (card.task, card.codec.kind, card.skeleton, card.max_oks) == ("one-stage", "rfdetr-keypoint", "coco17", 1)
    assert isinstance(card.input, StretchInput)
    assert (card.input.input_hw, card.input.mean, card.input.std[0]) == ((96, 96), (123.675, 116.28, 103.53), 58.395)
    assert parameters(card) == {"person_class": person}
    assert any(f"class {person} is people" in limit for limit in card.limits)
    assert len(load_model(file)(np.zeros((60, 80, 3), np.uint8))) == 0


def test_rfdetr_of_own_keypoints(answering: Any, tmp_path: Path) -> None:
    file = answering(tmp_path / "own.onnx", rfdetr(10), image=SMALL)
    with pytest.raises(ModelError, match="which 10 keypoints these are"):
        recognise(file)
    assert parameters(recognise(file, Choices(skeleton=skeleton(10)))) == {"person_class": 0}
    assert parameters(recognise(file, Choices(skeleton=skeleton(5)))) == {"person_class": 1}
    with pytest.raises(ModelError, match="does not fit the codec rfdetr-keypoint"):
        recognise(file, Choices(skeleton=skeleton(4), codec="rfdetr-keypoint"))


def test_rfdetr_of_several_classes_needs_its_metadata(answering: Any, tmp_path: Path) -> None:
    names = {"class_id_to_name": {"0": "ball", "1": "Person", "2": "racket"}, "num_keypoints_per_class": [0, 17, 20]}
    answers = rfdetr(60, 4)
    bare = answering(tmp_path / "bare.onnx", answers, image=SMALL)
    with pytest.raises(ModelError, match="no family of models has such shapes"):
        recognise(bare)
    file = answering(
        tmp_path / "told.onnx", answers, image=SMALL, metadata=told(**names, means=[0.5] * 3, stds=[0.25] * 3)
    )
    card = recognise(file)
    assert parameters(card) == {"person_class": 1, "keypoint_slots": 20, "uncertainty": 0.2}
    assert (card.skeleton, card.input.mean, card.input.std) == ("coco17", (127.5,) * 3, (63.75,) * 3)
    assert not any("class" in limit or "mean" in limit for limit in card.limits)  # nothing of it is assumed
    assert card.outputs == {}  # though both boxes and logits are four numbers a query
    assert len(load_model(file)(np.zeros((60, 80, 3), np.uint8))) == 0


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({RFDETR_KEY: "{"}, "are not what RF-DETR writes \\(no JSON"),
        ({RFDETR_KEY: "[]"}, "are not what RF-DETR writes"),
        (told(trace_alpha=-1), "trace_alpha: Input should be greater than or equal to 0"),
        (told(num_keypoints_per_class=[17, 4]), r"\[17, 4\] keypoints of its classes, but output 'keypoints' has 17"),
        (told(num_keypoints_per_class=[]), r"\[\] keypoints of its classes"),
    ],
)
def test_damaged_metadata(answering: Any, tmp_path: Path, metadata: dict[str, str], said: str) -> None:
    file = answering(tmp_path / "damaged.onnx", rfdetr(17), image=SMALL, metadata=metadata)
    with pytest.raises(ModelMismatchError, match=said):
        recognise(file)


def test_classes_without_a_person(answering: Any, tmp_path: Path) -> None:
    def file(slots: int, **changes: Any) -> Path:
        return Path(answering(tmp_path / "horse.onnx", rfdetr(slots, 3), image=SMALL, metadata=told(**changes)))

    only = file(40, class_id_to_name={"0": "cart", "1": "horse"}, num_keypoints_per_class=[0, 20])
    assert parameters(recognise(only, Choices(skeleton=skeleton(20))))["person_class"] == 1
    two = file(40, class_id_to_name={"0": "cow", "1": "horse"}, num_keypoints_per_class=[20, 20])
    with pytest.raises(ModelMismatchError, match="the classes with keypoints are cow, horse, and none of them alone"):
        recognise(two, Choices(skeleton=skeleton(20)))


def test_people_come_home_from_the_stretched_picture(answering: Any, tmp_path: Path) -> None:
    """A wide picture in a square input: shares of the input are shares of the picture."""
    answers = rfdetr(34)
    point: FloatArray = np.array([0.25, 0.75, 3, 0, 2, 0, 2, 0], np.float32)
    answers["keypoints"][0, 7, 17:] = point
    answers["dets"][0, 7] = (0.25, 0.5, 0.1, 0.6)
    answers["labels"][0, 7, 1] = 3
    found = load_model(answering(tmp_path / "one.onnx", answers, image=SMALL))(np.zeros((192, 384, 3), np.uint8))
    assert len(found) == 1
    # input pixel 24 of 96 is the middle of pixels 96..99 of 384, pixel 72 that of 144..145 of 192
    np.testing.assert_allclose(found.keypoints[0], np.tile([97.5, 144.5], (17, 1)), atol=1e-3)
    np.testing.assert_allclose(found.boxes[0], [76.8, 38.4, 115.2, 153.6], atol=1e-3)
