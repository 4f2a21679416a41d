"""Networks that Gonio does not ship, from cards alone: a YOLO pose export, and detectors that propose people.

Oracle of the first: Ultralytics' own pipeline (version 8.4.190, conf 0.001, IoU 0.7, run by hand) on the same pictures,
scored by pycocotools: AP 65.3 on these 20, 51.9 on all 100 of coco-mini.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from gonio.errors import ModelMismatchError
from gonio.evaluation.coco import CocoScores, coco_ap
from gonio.labelled import LabelledPictures, load_labelled, predict_labelled
from gonio.models.loader import load_model

PICTURES = 20
THEIRS = 65.3
IMAGENET = {"mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375]}
LETTERBOX = {"kind": "letterbox", "multiple": 32, "pad_value": 114, "square": True}
YOLO: dict[str, Any] = {
    "task": "one-stage",
    "input": LETTERBOX | {"longer_side": 640, "placement": "centre", "mean": [0, 0, 0], "std": [255, 255, 255]},
    "codec": {"kind": "yolo-pose"},
    "outputs": {"predictions": "output0"},
}
PICODET: dict[str, Any] = {
    "task": "detector",
    "input": {"kind": "stretch", "input_hw": [320, 320]} | IMAGENET,
    "codec": {"kind": "picodet"},
}
RTMDET: dict[str, Any] = {
    "task": "detector",
    "input": LETTERBOX
    | {"longer_side": 320, "channel_order": "bgr", "mean": IMAGENET["mean"][::-1], "std": IMAGENET["std"][::-1]},
    "codec": {"kind": "rtmdet"},
}
TINYPOSE: dict[str, Any] = {
    "task": "top-down",
    "input": {"kind": "crop", "input_hw": [256, 192], "margin": 1.25, "pad_value": 0} | IMAGENET,
    "codec": {"kind": "heatmap", "refinement": "dark", "blur": 3, "alignment": "indices", "flip_shift": 1},
    "max_oks": 0.7,
}
FILES = {
    "yolo": "yolo11n-pose-640.onnx",
    "picodet": "picodet-s-320-pedestrian.onnx",
    "rtmdet": "rtmdet-nano-person.onnx",
    "tinypose": "tinypose-256x192.onnx",
}


@pytest.fixture(scope="module")
def labels(shared_data: Path) -> LabelledPictures:
    found = load_labelled([shared_data / "coco-mini" / "annotations" / "person_keypoints_val2017.json"])
    return LabelledPictures(found.annotations[:PICTURES], found.files[:PICTURES], found.names)


def write_card(folder: Path, name: str, card: dict[str, Any]) -> Path:
    root = Path(__file__).resolve().parents[2]
    source = Path(os.environ.get("GONIO_SHARED", root.parent / "shared")) / "models" / FILES[name]
    if not source.is_file():
        pytest.skip(f"no weights at {source}; set GONIO_SHARED to the folder that holds models/")
    (folder / source.name).symlink_to(source)
    common = {
        "name": name,
        "summary": f"{name}, as its authors export it.",
        "weights": {"file": source.name, "sha256": hashlib.sha256(source.read_bytes()).hexdigest()},
        "skeleton": "coco17",
        "min_person_score": 0.25,
        "max_oks": 1.0,
        "licence": {"weights": "its authors'", "training_data": "COCO", "origin": source.name},
        "paper": "none",
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(common | card))
    return path


def score(card: Path, labels: LabelledPictures) -> CocoScores:
    model = load_model(card, threads=1)
    return coco_ap(labels.annotations, list(predict_labelled(model, labels)))


def test_yolo_pose_equals_its_own_pipeline(labels: LabelledPictures, tmp_path: Path) -> None:
    """Measured: 65.3, and 51.9 on all 100 pictures. Half a pixel more or less costs 0.8 there."""
    card = write_card(tmp_path, "yolo", YOLO)
    found = score(card, labels).AP
    assert found == pytest.approx(THEIRS, abs=0.5)


def test_a_card_with_another_number_of_classes_says_so(tmp_path: Path) -> None:
    card = write_card(tmp_path, "yolo", YOLO | {"codec": {"kind": "yolo-pose", "classes": 2}})
    with pytest.raises(ModelMismatchError, match="there should be an output 'output0' with 57 channels"):
        load_model(card, threads=1)


@pytest.mark.parametrize(("name", "card", "least"), [("picodet", PICODET, 76), ("rtmdet", RTMDET, 70)])
def test_a_detector_before_tinypose(
    name: str, card: dict[str, Any], least: float, labels: LabelledPictures, tmp_path: Path
) -> None:
    """Measured: 81.0 behind PicoDet, 75.5 behind RTMDet; behind MultiPose 70.3."""
    write_card(tmp_path, name, card)
    proposals = {"model": f"{name}.json", "min_score": 0.3}
    found = score(write_card(tmp_path, "tinypose", TINYPOSE | {"proposals": proposals}), labels).AP
    assert found > least
