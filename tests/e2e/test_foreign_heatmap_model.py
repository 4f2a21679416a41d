"""A network that Gonio does not ship runs from a card alone: PP-TinyPose, whose conventions differ from ours.

Its heatmaps are indexed without half pixels, and the maps of mirrored inputs are moved by a cell.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from gonio.errors import ConfigError, ModelMismatchError
from gonio.evaluation.coco import CocoScores, coco_ap
from gonio.labelled import LabelledPictures, load_labelled, predict_labelled
from gonio.models.loader import load_model

PICTURES = 20
CARD: dict[str, Any] = {
    "name": "tinypose",
    "summary": "PP-TinyPose at 256 x 192 behind MultiPose.",
    "task": "top-down",
    "input": {
        "kind": "crop",
        "input_hw": [256, 192],
        "margin": 1.25,
        "pad_value": 0,
        "mean": [123.675, 116.28, 103.53],  # ImageNet's 0.485, 0.456, 0.406 of 255
        "std": [58.395, 57.12, 57.375],  # and 0.229, 0.224, 0.225
    },
    "codec": {"kind": "heatmap", "stride": 4, "refinement": "dark", "blur": 3, "alignment": "indices", "flip_shift": 1},
    "skeleton": "coco17",
    "min_person_score": 0.15,
    "max_oks": 0.7,
    "proposals": {"model": "multipose", "min_score": 0.05},
    "licence": {"weights": "Apache-2.0", "training_data": "COCO and AI Challenger", "origin": "PaddleDetection"},
    "paper": "https://github.com/PaddlePaddle/PaddleDetection/tree/release/2.8/configs/keypoint/tiny_pose",
}


@pytest.fixture(scope="module")
def weights() -> Path:
    root = Path(__file__).resolve().parents[2]
    path = Path(os.environ.get("GONIO_SHARED", root.parent / "shared")) / "models" / "tinypose-256x192.onnx"
    if not path.is_file():
        pytest.skip(f"no TinyPose weights at {path}; set GONIO_SHARED to the folder that holds models/")
    return path


@pytest.fixture(scope="module")
def labels(shared_data: Path) -> LabelledPictures:
    found = load_labelled([shared_data / "coco-mini" / "annotations" / "person_keypoints_val2017.json"])
    return LabelledPictures(found.annotations[:PICTURES], found.files[:PICTURES], found.names)


def write_card(folder: Path, weights: Path, **codec: object) -> Path:
    shutil.copy(weights, folder)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    card = CARD | {"weights": {"file": weights.name, "sha256": digest}, "codec": CARD["codec"] | codec}
    path = folder / "tinypose.json"
    path.write_text(json.dumps(card))
    return path


def score(card: Path, labels: LabelledPictures, *, flip_test: bool = False) -> CocoScores:
    model = load_model(card, threads=1)
    return coco_ap(labels.annotations, list(predict_labelled(model, labels, flip_test=flip_test)))


def test_tinypose_from_a_card(weights: Path, labels: LabelledPictures, tmp_path: Path) -> None:
    """Oracle: COCO labels of 20 pictures. Measured: AP 70.3; read as if cells had a middle 68.6; with flip 70.9."""
    right = score(write_card(tmp_path, weights), labels)
    assert right.AP > 66
    assert right.AP50 > 82
    assert score(write_card(tmp_path, weights), labels, flip_test=True).AP > 66
    wrong = score(write_card(tmp_path, weights, alignment="centres"), labels)
    assert wrong.AP < right.AP


def test_a_card_with_an_unknown_parameter_says_so(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="refinement is 'drak'; known are dark, dark-wide, udp"):
        load_model(write_card(tmp_path, weights, refinement="drak"), threads=1)
    with pytest.raises(ModelMismatchError, match="there should be an output 'maps' with 17 channels"):
        load_model(write_card(tmp_path, weights, output="maps"), threads=1)
