"""``gonio evaluate`` beyond AP: the page, calibrated cards, labels of other formats and skeletons."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gonio.io.formats.labels import read_labels, write_coco_keypoints, write_yolo_pose
from gonio.structures.annotations import Annotations
from gonio.structures.conversion import convert_keypoints
from gonio.structures.skeleton import load_skeleton

if TYPE_CHECKING:
    from tests.e2e.conftest import Gonio

COCO17 = load_skeleton("coco17")


@pytest.fixture
def labels(gonio: "Gonio", astronaut: Path, tmp_path: Path) -> Annotations:
    """The astronaut as the model finds her."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "astronaut.jpg").write_bytes(astronaut.read_bytes())
    found = gonio("predict", "images/astronaut.jpg", "--json", "-")
    (frame,) = json.loads(found.stdout)["frames"]
    (person,) = frame["people"]
    return Annotations(
        keypoints=np.array([[[x, y] for x, y, _ in person["keypoints"]]], np.float32),
        visibility=np.full((1, 17), 2, np.int64),
        boxes=np.array([person["box"]], np.float32),
        areas=np.array([60_000], np.float32),
        is_crowd=np.zeros(1, bool),
        skeleton=COCO17,
        image_id=1,
        file_name="astronaut.jpg",
        image_hw=(512, 512),
    )


def test_a_page_with_pictures_found_beside_their_labels(gonio: "Gonio", labels: Annotations, tmp_path: Path) -> None:
    write_coco_keypoints(tmp_path / "labels.json", [labels])
    result = gonio("evaluate", "--annotations", "labels.json", "--html", "page.html")
    assert result.returncode == 0, result.stderr
    assert "not a medical device" in result.stdout
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") == 2
    assert page.count("<svg") == 2
    assert "thunder-int8: 1 people in 1 pictures" in page


def test_boxes_instead_of_keypoints(gonio: "Gonio", labels: Annotations, tmp_path: Path) -> None:
    write_coco_keypoints(tmp_path / "labels.json", [labels])
    result = gonio("evaluate", "--annotations", "labels.json", "--boxes", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    facts = json.loads(result.stdout)
    assert (facts["measured"], facts["people"], facts["AP"]) == ("boxes", 1, pytest.approx(100))
    shown = gonio("evaluate", "--annotations", "labels.json", "--boxes", "--model", "multipose")
    assert "COCO, boxes" in shown.stdout
    refused = gonio("evaluate", "--annotations", "labels.json", "--boxes", "--html", "page.html")
    assert (refused.returncode, "leave --calibrate and --html out" in refused.stderr) == (1, True)


def test_labels_of_yolo(gonio: "Gonio", labels: Annotations, tmp_path: Path) -> None:
    write_yolo_pose(tmp_path / "set", {"val": [labels]})
    (tmp_path / "set" / "images").mkdir(exist_ok=True)
    (tmp_path / "images").rename(tmp_path / "set" / "images" / "val")
    result = gonio("evaluate", "--annotations", "set/data.yaml", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    facts = json.loads(result.stdout)
    assert facts["AP"] == pytest.approx(100)
    assert facts["notes"] == []


def test_labels_of_another_skeleton(gonio: "Gonio", labels: Annotations, tmp_path: Path) -> None:
    """LSP's neck and head top are not among COCO's points: 12 of 14 are compared."""
    lsp = load_skeleton("lsp14")
    points, scores = convert_keypoints(labels.keypoints, np.ones((1, 17), np.float32), source=COCO17, target=lsp)
    visibility = np.where(scores > 0, 2, 0)
    there = Annotations(
        points, visibility, labels.boxes, labels.areas, labels.is_crowd, lsp, 1, "astronaut.jpg", (512, 512)
    )
    write_coco_keypoints(tmp_path / "labels.json", [there])
    result = gonio("evaluate", "--annotations", "labels.json", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    facts = json.loads(result.stdout)
    assert facts["notes"][0].startswith("compared on 12 keypoints")
    assert len(facts["joints"]) == 12
    assert facts["AP"] == pytest.approx(100)


def test_calibration_needs_enough(gonio: "Gonio", labels: Annotations, tmp_path: Path) -> None:
    write_coco_keypoints(tmp_path / "labels.json", [labels])
    result = gonio("evaluate", "--annotations", "labels.json", "--calibrate", "card.json", "--html", "page.html")
    assert result.returncode == 1
    assert "give more labelled pictures" in result.stderr
    assert not (tmp_path / "card.json").exists()
    assert not (tmp_path / "page.html").exists()


def test_calibration_is_of_the_model_as_its_card_has_it(gonio: "Gonio") -> None:
    for option in (("--flip-test",), ("--input-size", "256")):
        result = gonio("evaluate", "--annotations", "labels.json", "--calibrate", "card.json", *option)
        assert result.returncode == 1
        assert "as its card has it" in result.stderr


def test_the_card_is_that_of_the_model_that_ran(gonio: "Gonio", labels: Annotations, tmp_path: Path) -> None:
    """In OpenVINO the default is another model than in ONNX Runtime."""
    pytest.importorskip("openvino")
    points = labels.keypoints.copy()
    points[:, ::2] += 200  # wrong labels, as a calibration needs some
    pictures = []
    for number in range(13):
        name = f"{number}.jpg"
        (tmp_path / "images" / name).write_bytes((tmp_path / "images" / "astronaut.jpg").read_bytes())
        pictures.append(replace(labels, keypoints=points, image_id=number + 1, file_name=name))
    write_coco_keypoints(tmp_path / "labels.json", pictures)
    options = ("--runtime", "openvino", "--unlabelled-wrong", "--calibrate", "card.json")
    made = gonio("evaluate", "--annotations", "labels.json", *options)
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("thunder: ")
    card = json.loads((tmp_path / "card.json").read_text())
    assert (card["name"], Path(card["weights"]["file"]).name) == ("thunder", "movenet-thunder.onnx")
    assert "--model thunder " in card["calibration"]["command"]


def test_a_calibrated_card(gonio: "Gonio", shared_data: Path, astronaut: Path, tmp_path: Path) -> None:
    """Fitted on coco-mini's val part; half the pictures then judge the card that the other half made."""
    folder = shared_data / "coco-mini"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    everything = read_labels(folder / "annotations" / "person_keypoints_val2017.json")
    for name, part in (("fit", everything[::2]), ("judge", everything[1::2])):
        write_coco_keypoints(tmp_path / f"{name}.json", part)
    options = ("--images", folder / "val2017", "--json")
    made = gonio(
        *("evaluate", "--model", "multipose", "--annotations", "fit.json", *options),
        *("--calibrate", "card.json", "--html", "page.html"),
    )
    assert (made.returncode, made.stderr) == (0, "")
    facts = json.loads(made.stdout)["calibration"]
    assert facts["after"][facts["map"]["method"]]["ece"] < facts["before"]["ece"]
    assert "on held-out pictures" in (tmp_path / "page.html").read_text("utf-8")
    before, after = (
        json.loads(gonio("evaluate", "--model", model, "--annotations", "judge.json", *options).stdout)
        for model in ("multipose", "card.json")
    )
    assert after["AP"] == before["AP"]  # scores of keypoints, not of people
    assert after["reliability"]["ece"] < before["reliability"]["ece"]
    assert after["reliability"]["brier"] < before["reliability"]["brier"]
    assert json.loads((tmp_path / "card.json").read_text())["calibration"]["keypoint_error"]
    result = gonio("predict", astronaut, "--model", "card.json", "--json", "-")
    assert result.returncode == 0, result.stderr
