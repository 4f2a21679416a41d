"""Metadata as Ultralytics 8.4.190 wrote them into exports of its own configurations."""

from collections.abc import Sequence
from typing import Any

import pytest

from gonio.errors import ModelMismatchError
from gonio.models.card import ModelCard
from gonio.models.ultralytics_metadata import card_fields, keypoint_shape
from gonio.structures.skeleton import load_skeleton

POSE = {
    "description": "Ultralytics YOLO11n-pose model trained on /data/coco-pose.yaml",
    "author": "Ultralytics",
    "date": "2026-11-22T14:03:06.525449+00:00",
    "version": "8.4.190",
    "license": "AGPL-3.0 License (https://ultralytics.com/license)",
    "docs": "https://docs.ultralytics.com",
    "stride": "32",
    "task": "pose",
    "head": "Pose",
    "batch": "1",
    "imgsz": "[640, 640]",
    "names": "{0: 'person'}",
    "args": "{'batch': 1, 'quantize': None, 'nms': None, 'dynamic': False, 'simplify': True, 'opset': None}",
    "channels": "3",
    "end2end": "False",
    "kpt_shape": "[17, 3]",
}
DETECT = {key: value for key, value in POSE.items() if key != "kpt_shape"} | {
    "task": "detect",
    "names": "{0: 'bicycle', 1: 'person', 2: 'car'}",
}
SQUARE = (1, 3, 640, 640)
OPEN = (None, 3, None, None)
LSP = load_skeleton("lsp14").keypoint_names


def fields(
    metadata: dict[str, str], output: Sequence[int | None], input_shape: Sequence[int | None] = SQUARE
) -> dict[str, Any]:
    found = card_fields(metadata, {"output0": output}, input_shape)
    assert found is not None
    return found


def test_a_pose_export_makes_a_card() -> None:
    found = fields(POSE, (1, 56, 8400))
    card = ModelCard.model_validate(found | {"name": "mine", "weights": {"file": "a.onnx", "sha256": "0" * 64}})
    assert card.task == "one-stage"
    assert card.skeleton == "coco17"
    assert card.outputs == {"predictions": "output0"}
    assert card.input.fixed_hw == (640, 640)
    assert card.input.std == (255.0, 255.0, 255.0)
    assert card.licence.weights.startswith("AGPL-3.0")
    assert card.licence.training_data == "coco-pose.yaml"
    assert card.summary == "YOLO11n-pose (pose network by Ultralytics)"
    assert card.build_codec().output_channels == {"predictions": 56}


@pytest.mark.parametrize(
    ("metadata", "output", "expected"),
    [
        pytest.param(
            POSE, (1, 56, 8400), {"kind": "yolo-pose", "classes": 1, "person_class": 0, "values": 3}, id="raw"
        ),
        pytest.param(
            POSE | {"kpt_shape": "[5, 2]", "names": "{0: 'dog', 1: 'person'}"},
            (1, 16, 8400),
            {"kind": "yolo-pose", "classes": 2, "person_class": 1, "values": 2},
            id="two-classes-no-visibility",
        ),
        pytest.param(
            POSE, (1, 300, 57), {"kind": "yolo-pose-end2end", "person_class": 0, "values": 3}, id="end-to-end"
        ),
        pytest.param(DETECT, (1, 7, 8400), {"kind": "yolo-detect", "person_class": 1}, id="detect"),
        pytest.param(DETECT, (1, 300, 6), {"kind": "yolo-detect-end2end", "person_class": 1}, id="detect-end-to-end"),
        pytest.param(DETECT, (None, None, None), {"kind": "yolo-detect", "person_class": 1}, id="open"),
        pytest.param(
            DETECT | {"end2end": "True"},
            (None, None, None),
            {"kind": "yolo-detect-end2end", "person_class": 1},
            id="open-end-to-end",
        ),
        pytest.param(
            DETECT | {"args": "{'nms': True}"},
            (None, 300, None),
            {"kind": "yolo-detect-end2end", "person_class": 1},
            id="open-nms-inside",
        ),
    ],
)
def test_the_codec_is_told_by_task_and_shape(
    metadata: dict[str, str], output: Sequence[int | None], expected: dict[str, Any]
) -> None:
    assert fields(metadata, output)["codec"] == expected


def test_a_network_of_any_size_takes_less_padding() -> None:
    assert fields(POSE, (None, 56, None), OPEN)["input"]["square"] is False
    assert fields(POSE | {"imgsz": "416"}, (None, 56, None), OPEN)["input"]["longer_side"] == 416


@pytest.mark.parametrize(
    ("changes", "output", "skeleton"),
    [
        ({"names": "{0: 'person'}"}, (1, 56, 8400), "coco17"),
        ({"names": "{0: 'tiger'}"}, (1, 56, 8400), None),
        ({"kpt_shape": "[21, 3]"}, (1, 68, 8400), None),
        ({"kpt_shape": "[14, 3]", "kpt_names": str({0: list(LSP)})}, (1, 47, 8400), "lsp14"),
        ({"kpt_names": str({0: [f"point {k}" for k in range(17)]})}, (1, 56, 8400), None),
    ],
)
def test_the_skeleton_is_told_or_left_open(
    changes: dict[str, str], output: Sequence[int], skeleton: str | None
) -> None:
    assert fields(POSE | changes, output).get("skeleton") == skeleton


def test_keypoint_shape() -> None:
    assert keypoint_shape(POSE) == (17, 3)
    assert keypoint_shape(POSE | {"kpt_shape": "(21, 2)"}) == (21, 2)
    assert keypoint_shape(DETECT) is None


@pytest.mark.parametrize("metadata", [{}, {"task": "pose"}, {"gonio.card": "{}"}, {"stride": "32", "names": "x"}])
def test_others_metadata_are_not_ours(metadata: dict[str, str]) -> None:
    assert card_fields(metadata, {"output0": (1, 56, 8400)}, SQUARE) is None


@pytest.mark.parametrize(
    ("changes", "output", "input_shape", "said"),
    [
        ({"task": "segment"}, (1, 116, 8400), SQUARE, "exported for the task 'segment'"),
        ({"channels": "1"}, (1, 56, 8400), SQUARE, "pictures of 1 channels"),
        (
            {"names": "{0: 'cat', 1: 'dog'}"},
            (1, 57, 8400),
            SQUARE,
            r"none of the file's 2 classes is a person \(cat, dog\)",
        ),
        ({"names": "__import__('os').system('false')"}, (1, 56, 8400), SQUARE, "metadata say names = "),
        ({"names": "{0: 'person'"}, (1, 56, 8400), SQUARE, "metadata say names = "),
        ({"names": "{3: 'person'}"}, (1, 56, 8400), SQUARE, "metadata say names = "),
        ({"names": "[" * 99_999}, (1, 56, 8400), SQUARE, "metadata say names = "),
        ({"kpt_shape": "[17, 4]"}, (1, 56, 8400), SQUARE, r"metadata say kpt_shape = '\[17, 4\]'"),
        ({"imgsz": "'large'"}, (1, 56, 8400), SQUARE, "metadata say imgsz = 'large'"),
        ({"stride": "0"}, (1, 56, 8400), SQUARE, "metadata say stride = '0'"),
        ({}, (1, 84, 8400), SQUARE, r"shape \(1, 84, 8400\); from its metadata one would expect \(1, 56, any\)"),
        ({}, (1, 8400), SQUARE, "exports of 'pose' and 'detect' have one of three axes"),
        ({}, (1, 56, 5040), (1, 3, 384, 640), r"pictures of 384 x 640 px"),
    ],
)
def test_what_finds_no_people_is_said(
    changes: dict[str, str], output: Sequence[int], input_shape: Sequence[int], said: str
) -> None:
    with pytest.raises(ModelMismatchError, match=said):
        card_fields(POSE | changes, {"output0": output}, input_shape)
