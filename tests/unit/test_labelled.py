import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gonio.errors import ConfigError, MediaError
from gonio.evaluation.calibration import fit_calibration
from gonio.evaluation.reliability import ScoredKeypoints
from gonio.io.formats.labels import write_coco_keypoints, write_yolo_pose
from gonio.labelled import (
    calibration_of,
    load_labelled,
    predict_labelled,
    without_calibration,
    write_calibrated_card,
)
from gonio.models.calibration import Calibration
from gonio.models.card import read_card
from gonio.models.loader import load_model
from gonio.models.registry import WEIGHTS_FOLDER, find_card
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import load_skeleton

FACTS: dict[str, Any] = {
    **{"ece_before": 0.4, "ece_after": 0.02, "brier_before": 0.2, "brier_after": 0.1},
    **{"data": "two pictures", "images": 2, "keypoints": 300},
}
CALIBRATION = Calibration(method="temperature", temperature=0.5, bias=1.0, **FACTS)


def labels_of(name: str, image_id: int) -> Annotations:
    return Annotations(
        keypoints=np.random.default_rng(0).uniform(10, 50, (1, 17, 2)).astype(np.float32),
        visibility=np.full((1, 17), 2, np.int64),
        boxes=np.array([[5, 5, 55, 55]], np.float32),
        areas=np.array([1500], np.float32),
        is_crowd=np.zeros(1, bool),
        skeleton=load_skeleton("coco17"),
        image_id=image_id,
        file_name=name,
        image_hw=(64, 64),
    )


def save_pictures(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.new("RGB", (64, 64), (90, 90, 90)).save(folder / name)


def test_pictures_are_found_beside_their_labels(tmp_path: Path) -> None:
    save_pictures(tmp_path / "images", "a.png")
    save_pictures(tmp_path / "val2017", "b.png")
    write_coco_keypoints(tmp_path / "one.json", [labels_of("a.png", 1)])
    write_coco_keypoints(tmp_path / "annotations" / "person_val2017.json", [labels_of("b.png", 1)])
    found = load_labelled([tmp_path / "one.json", tmp_path / "annotations" / "person_val2017.json"])
    assert [file.name for file in found.files] == ["a.png", "b.png"]
    assert [one.file_name for one in found.annotations] == ["a.png", "b.png"]
    assert len({one.image_id for one in found.annotations}) == 2  # both files say 1
    assert found.names == ("one", "person_val2017")


def test_of_a_yolo_data_set_val_is_taken_unless_asked(tmp_path: Path) -> None:
    write_yolo_pose(tmp_path, {"train": [labels_of("t.png", 1)], "val": [labels_of("v.png", 2)]})
    for split, name in (("train", "t.png"), ("val", "v.png")):
        save_pictures(tmp_path / "images" / split, name)
    yaml = tmp_path / "data.yaml"
    assert [file.name for file in load_labelled([yaml]).files] == ["v.png"]
    assert load_labelled([yaml]).names == ("data.yaml: val",)
    assert [file.name for file in load_labelled([yaml], split="train").files] == ["t.png"]
    with pytest.raises(ConfigError, match=r"has no split 'test'; it has: train, val"):
        load_labelled([yaml], split="test")


def test_a_split_is_not_asked_of_a_file_without_splits(tmp_path: Path) -> None:
    save_pictures(tmp_path / "images", "a.png")
    write_coco_keypoints(tmp_path / "one.json", [labels_of("a.png", 1)])
    with pytest.raises(ConfigError, match=r"one.json' has no splits, and so no 'test'; leave --split out"):
        load_labelled([tmp_path / "one.json"], split="test")


def test_nobody_counts_twice(tmp_path: Path) -> None:
    save_pictures(tmp_path / "images", "a.png")
    write_coco_keypoints(tmp_path / "one.json", [labels_of("a.png", 1)])
    with pytest.raises(ConfigError, match=r"one.json' is given twice, .*; give it once"):
        load_labelled([tmp_path / "one.json", tmp_path / "images" / ".." / "one.json"])


def test_no_picture_counts_twice(tmp_path: Path) -> None:
    """As of labels that were exported again, under another name."""
    save_pictures(tmp_path, "a.png")
    for name in ("labels.json", "again.json"):
        write_coco_keypoints(tmp_path / name, [labels_of("a.png", 1)])
    with pytest.raises(ConfigError, match=r"a.png' is labelled twice \(1 pictures are\)"):
        load_labelled([tmp_path / "labels.json", tmp_path / "again.json"])


def test_a_missing_picture_is_named_at_once(tmp_path: Path) -> None:
    write_coco_keypoints(tmp_path / "labels.json", [labels_of("gone.png", 1)])
    with pytest.raises(MediaError, match=r"are not in .*, such as 'gone.png'; .*--images"):
        load_labelled([tmp_path / "labels.json"])


def test_poses_come_in_the_order_of_the_labels(tmp_path: Path) -> None:
    save_pictures(tmp_path, "b.png", "a.png")
    write_coco_keypoints(tmp_path / "labels.json", [labels_of("b.png", 2), labels_of("a.png", 1)])
    pictures = load_labelled([tmp_path / "labels.json"], folders=[tmp_path])
    assert len(list(predict_labelled(load_model("multipose", threads=1, input_size=64), pictures))) == 2


def test_a_picture_of_another_size_than_its_labels_is_refused(tmp_path: Path) -> None:
    """Measured as it is, a good model would find nobody."""
    save_pictures(tmp_path, "a.png")
    write_coco_keypoints(tmp_path / "labels.json", [replace(labels_of("a.png", 1), image_hw=(128, 128))])
    model = load_model("lightning", threads=1)
    with pytest.raises(MediaError, match=r"'.*a.png' is 64 x 64 px upright, its labels are of 128 x 128 px; take the"):
        list(predict_labelled(model, load_labelled([tmp_path / "labels.json"])))


@pytest.mark.parametrize("name", ["thunder", "thunder-int8"])
def test_a_new_card_finds_its_weights_and_is_not_the_default(tmp_path: Path, name: str) -> None:
    card = find_card(name)[0]
    write_calibrated_card(tmp_path / "mine.json", card, CALIBRATION, weights=WEIGHTS_FOLDER)
    written = read_card(tmp_path / "mine.json")
    assert written.calibration == CALIBRATION
    assert not written.default
    assert written.model_copy(
        update={"calibration": None, "default": card.default, "weights": card.weights}
    ) == card.model_copy(update={"calibration": None})
    model = load_model(tmp_path / "mine.json", threads=1)
    assert model.card.calibration == CALIBRATION
    assert without_calibration(model).card.calibration is None


def test_a_card_beside_its_weights_keeps_their_name(tmp_path: Path) -> None:
    card = find_card("multipose")[0]
    write_calibrated_card(tmp_path / "mine.json", card, CALIBRATION, weights=tmp_path)
    assert read_card(tmp_path / "mine.json").weights.file == card.weights.file


def test_a_card_that_is_there_gets_the_calibration_only(tmp_path: Path) -> None:
    card = find_card("multipose")[0]
    path = tmp_path / "mine.json"
    before = card.model_dump(mode="json", exclude_none=True) | {"summary": "Mine."}
    path.write_text(json.dumps(before))
    write_calibrated_card(path, card, CALIBRATION, weights=WEIGHTS_FOLDER)
    after = json.loads(path.read_text())
    assert after.pop("calibration")["temperature"] == 0.5
    before.pop("calibration", None)
    assert after == before


def test_another_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    for content in ('{"a": 1}', find_card("thunder")[0].model_dump_json(exclude_none=True)):
        path.write_text(content)
        with pytest.raises(ConfigError, match="exists and is not a card of the model 'multipose'"):
            write_calibrated_card(path, find_card("multipose")[0], CALIBRATION, weights=WEIGHTS_FOLDER)
        assert path.read_text() == content
    with pytest.raises(ConfigError, match=r"a model card is a \.json file, got '.*card.txt'"):
        write_calibrated_card(tmp_path / "card.txt", find_card("multipose")[0], CALIBRATION, weights=WEIGHTS_FOLDER)


@pytest.mark.parametrize("method", ["isotonic", "temperature"])
def test_the_card_maps_scores_as_the_fit_does(method: str) -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 1, 1000)
    keypoints = ScoredKeypoints(scores, rng.random(1000) < scores**0.5, rng.random(1000), rng.integers(0, 50, 1000))
    fit = fit_calibration(keypoints, method=method)  # type: ignore[arg-type]
    calibration = calibration_of(fit, data="synthetic")
    assert Calibration.model_validate_json(calibration.model_dump_json()) == calibration
    np.testing.assert_allclose(calibration.apply(scores.astype(np.float32)), fit.map(scores), atol=1e-5)
    assert calibration.keypoints == 1000
    assert calibration.ece_after == round(fit.after[fit.map.method].ece, 4)
    assert len(calibration.keypoint_error) == len(fit.errors)
