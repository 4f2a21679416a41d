"""Exports of DETRPose and RF-DETR by the real door: ``gonio predict --model my.onnx``, ``gonio models add``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from gonio.arrays import FloatArray
from gonio.io.images import read_image

if TYPE_CHECKING:
    from tests.e2e.conftest import Check, Gonio

SHARES = np.random.default_rng(0).uniform(0.2, 0.8, (2, 17, 2)).astype(np.float32)
"""Where the keypoints of two people lie, x y, as shares of the picture."""


def in_pixels(shares: FloatArray, picture: Path, side: int) -> FloatArray:
    """The same in pixels of the picture, of which the network sees a square of ``side`` px."""
    height, width = read_image(picture).shape[:2]
    size = np.array([width, height])
    return np.asarray((shares * side + 0.5) / side * size - 0.5, np.float32)


def detrpose_file(path: Path) -> Path:
    """A file as DETRPose's export script writes it: queries sorted and scaled by ``orig_target_sizes`` inside.

    Of 70 queries two show somebody; one of these is the second best of class 0, too, which is nobody's.
    """
    logits = np.full((1, 70, 2), -6, np.float32)
    logits[0, 40], logits[0, 3] = (1.5, 3), (-5, 2)
    points = np.zeros((1, 70, 17, 2), np.float32)
    points[0, 40], points[0, 3] = SHARES
    weights = {
        "logits": logits,
        "points": points[0],
        "flat": np.array([1, 140]),
        "count": np.array([60]),
        "classes": np.array(2),
        "axes": np.array([1, 2]),
    }
    nodes = [
        helper.make_node("Sigmoid", ["logits"], ["likely"]),
        helper.make_node("Reshape", ["likely", "flat"], ["pairs"]),
        helper.make_node("TopK", ["pairs", "count"], ["scores", "best"], axis=1),
        helper.make_node("Mod", ["best", "classes"], ["labels"]),
        helper.make_node("Div", ["best", "classes"], ["queries"]),
        helper.make_node("Gather", ["points", "queries"], ["shares"]),
        helper.make_node("Cast", ["orig_target_sizes"], ["sizes"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["sizes", "axes"], ["scale"]),
        helper.make_node("Mul", ["shares", "scale"], ["keypoints"]),
    ]
    graph = helper.make_graph(
        nodes,
        "detrpose",
        [
            helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, 640, 640]),
            helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, ["N", 2]),
        ],
        [
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 60]),
            helper.make_tensor_value_info("labels", TensorProto.INT64, ["N", 60]),
            helper.make_tensor_value_info("keypoints", TensorProto.FLOAT, ["N", 60, 17, 2]),
        ],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8), path)
    return path


def rfdetr_answers() -> dict[str, Any]:
    """Raw outputs as RF-DETR's export of the published checkpoint has them, background first."""
    answers = {
        "dets": np.full((1, 100, 4), 0.5, np.float32),
        "labels": np.full((1, 100, 2), -6, np.float32),
        "keypoints": np.zeros((1, 100, 34, 8), np.float32),
    }
    for query, shares, logit in ((40, SHARES[0], 5), (3, SHARES[1], 4)):
        answers["labels"][0, query, 1] = logit
        answers["keypoints"][0, query, 17:, :2] = shares
        answers["keypoints"][0, query, 17:, 2:7] = (2, 1, 3, 0, 3)
    return answers


def points(document: dict[str, Any]) -> FloatArray:
    (frame,) = document["frames"]
    return np.array([person["keypoints"] for person in frame["people"]], np.float32)[..., :2]


def test_detrpose(gonio: "Gonio", astronaut: Path, check: "Check", tmp_path: Path) -> None:
    detrpose_file(tmp_path / "detrpose_hgnetv2_n.onnx")
    result = gonio("predict", astronaut, "--model", "detrpose_hgnetv2_n.onnx", "--json", "-")
    assert result.returncode == 0, result.stderr
    np.testing.assert_allclose(
        points(check.document_text(result.stdout)), in_pixels(SHARES, astronaut, 640), rtol=0, atol=0.02
    )
    (said,) = [line for line in result.stderr.splitlines() if "taken for" in line]
    assert "taken for DETRPose, skeleton coco17; assumed: RGB 0..1, the picture stretched to the input" in said


def test_a_card_of_detrpose_is_written_and_used(gonio: "Gonio", astronaut: Path, tmp_path: Path) -> None:
    detrpose_file(tmp_path / "mine.onnx")
    done = gonio("models", "add", "mine.onnx")
    assert done.returncode == 0, done.stderr
    card = json.loads((tmp_path / "mine.json").read_text())
    assert card["constants"] == {"orig_target_sizes": [640, 640]}
    result = gonio("predict", astronaut, "--model", "mine.onnx", "--json", "-")
    assert "taken for" not in result.stderr
    assert points(json.loads(result.stdout)).shape == (2, 17, 2)
    (tmp_path / "mine.json").write_text(json.dumps(card | {"constants": {"orig_target_sizes": [1, 1]}}))
    refused = gonio("predict", astronaut, "--model", "mine.onnx", "--json", "-")
    assert refused.returncode == 1
    assert "give the width and height of the network's input as 'orig_target_sizes'" in refused.stderr


def test_rfdetr(gonio: "Gonio", answering: Any, astronaut: Path, check: "Check", tmp_path: Path) -> None:
    answering(tmp_path / "rfdetr-keypoint-preview.onnx", rfdetr_answers(), image=(1, 3, 576, 576))
    result = gonio("predict", astronaut, "--model", "rfdetr-keypoint-preview.onnx", "--json", "-")
    assert result.returncode == 0, result.stderr
    found = check.document_text(result.stdout)
    np.testing.assert_allclose(points(found), in_pixels(SHARES, astronaut, 576), rtol=0, atol=0.02)
    (frame,) = found["frames"]
    scores = [person["score"] for person in frame["people"]]
    # a keypoint's trace is 2 / e^6; the score is s / (1 + s), s = p (e^6 / 2)^0.2
    weighed = (np.exp(6) / 2) ** 0.2 / (1 + np.exp([-5, -4]))
    assert scores == pytest.approx(weighed / (1 + weighed), abs=1e-3)
    (said,) = [line for line in result.stderr.splitlines() if "taken for" in line]
    assert "RF-DETR keypoint network, skeleton coco17; assumed: RGB with ImageNet's mean and std, class 1 is" in said


def test_a_wrong_file_stops_with_one_sentence(
    gonio: "Gonio", answering: Any, astronaut: Path, check: "Check", tmp_path: Path
) -> None:
    """Coordinates in pixels, as another tool may have changed the graph to give."""
    answers = rfdetr_answers()
    answers["keypoints"][..., :2] *= 576
    answering(tmp_path / "pixels.onnx", answers, image=(1, 3, 576, 576))
    added = gonio("models", "add", "pixels.onnx")  # the file is sound by its shapes
    assert added.returncode == 0, added.stderr
    check.refused(gonio("predict", astronaut, "--model", "pixels.onnx", "--json", "-"), "shares of keypoints reach")
