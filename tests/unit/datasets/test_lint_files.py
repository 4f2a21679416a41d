import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gonio.datasets.lint_files import examine_file
from gonio.errors import MediaError
from gonio.structures.skeleton import load_skeleton

yaml = pytest.importorskip("yaml", reason="PyYAML reads a YOLO data set")

NAMES = list(load_skeleton("coco17").keypoint_names)
FLIP = list(load_skeleton("coco17").flip_indices)


def person(**changes: Any) -> dict[str, Any]:
    keypoints = [number for k in range(17) for number in (10 * k + 1, 5, 2)]
    return {"image_id": 4, "category_id": 1, "keypoints": keypoints, "bbox": [0, 0, 180, 10], "area": 900} | changes


def coco(folder: Path, *people: Any) -> Path:
    content = {
        "images": [{"id": 4, "file_name": "a.png", "width": 200, "height": 100}],
        "annotations": list(people),
        "categories": [{"id": 1, "name": "person", "keypoints": NAMES}],
    }
    (folder / "a.json").write_text(json.dumps(content))
    return folder / "a.json"


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"keypoints": [1, 2, 2] * 16}, "keypoint-count", "48 numbers, 17 keypoints need 51"),
        ({"keypoints": [1, 2, 3] * 17}, "visibility-value", "the visibility 3"),
        ({"keypoints": None}, "bad-number", "keypoints is None"),
        ({"keypoints": [1, 2, "2"] * 17}, "bad-number", "keypoints is"),
        ({"bbox": [1, 2, 3]}, "bad-number", "bbox has 3 numbers"),
        ({"area": None}, "bad-number", "area is None"),
    ],
)
def test_who_cannot_be_used_is_found_and_left_out(
    tmp_path: Path, changes: dict[str, Any], code: str, message: str
) -> None:
    (dataset,), (finding,) = examine_file(coco(tmp_path, person(**changes), person()))
    assert (finding.code, finding.split, finding.image, finding.person) == (code, "a", "a.png", 0)
    assert message in finding.message
    (labels,) = dataset.images
    assert len(labels) == 1
    assert dataset.position(labels, 0) == 1  # the file's numbers, though the first was left out


def test_positions_of_points_that_are_not_labelled(tmp_path: Path) -> None:
    dropped = person()
    dropped["keypoints"][2] = 0
    (dataset,), (finding,) = examine_file(coco(tmp_path, dropped))
    assert finding.code == "visibility-dropped"
    assert "1 keypoints of visibility 0 have a position, such as (1, 5)" in finding.message
    assert len(dataset.images[0]) == 1


def test_a_good_file(tmp_path: Path) -> None:
    (dataset,), findings = examine_file(coco(tmp_path, person(), person(category_id=9), person(image_id=77)))
    assert findings == []
    assert len(dataset.images[0]) == 1


def yolo(folder: Path, lines: str = "", **settings: Any) -> Path:
    (folder / "images" / "val").mkdir(parents=True)
    (folder / "labels" / "val").mkdir(parents=True)
    Image.new("RGB", (200, 100)).save(folder / "images" / "val" / "a.png")
    (folder / "labels" / "val" / "a.txt").write_text(lines)
    base = {"val": "images/val", "names": {0: "person"}, "kpt_shape": [17, 3], "flip_idx": FLIP}
    content = {key: value for key, value in (base | settings).items() if value is not None}
    (folder / "data.yaml").write_text(yaml.safe_dump(content))
    return folder / "data.yaml"


WRONG = [0, 2, 1, 3, 4, *FLIP[5:]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param(
            {"flip_idx": WRONG, "kpt_names": {0: NAMES}}, "mirrors left_ear to left_ear, by the names", id="ear"
        ),
        pytest.param(
            {"flip_idx": None, "kpt_names": {0: NAMES}}, "there is no flip_idx; by the names it is", id="none"
        ),
        pytest.param({"flip_idx": None}, "there is neither flip_idx nor kpt_names", id="nothing known"),
        pytest.param({"flip_idx": FLIP[:16]}, "is no swapping of pairs of 17 keypoints", id="too few"),
        pytest.param({"flip_idx": [1, 2, 0, *FLIP[3:]]}, "is no swapping of pairs", id="no pairs"),
        pytest.param({"flip_idx": list(range(17))}, "mirrors every keypoint to itself", id="identity"),
    ],
)
def test_flip_pairs(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    _, (finding,) = examine_file(yolo(tmp_path, **settings))
    assert (finding.code, finding.split, finding.image) == ("flip-pairs", "data", None)
    assert message in finding.message


def test_flip_pairs_against_a_given_skeleton(tmp_path: Path) -> None:
    _, (finding,) = examine_file(yolo(tmp_path, flip_idx=WRONG), skeleton=load_skeleton("coco17"))
    assert finding.code == "flip-pairs"


def test_right_flip_pairs(tmp_path: Path) -> None:
    assert examine_file(yolo(tmp_path, kpt_names={0: NAMES}))[1] == []


def test_lines_of_a_yolo_set(tmp_path: Path) -> None:
    box = "0 .5 .5 .2 .2"
    lines = [f"{box} .5 .5 2", f"{box}" + " .5 .5 4" * 17, f"{box}" + " .5 .5 0" * 17, f"{box}" + " nan .5 2" * 17]
    (dataset,), findings = examine_file(yolo(tmp_path, "\n".join([*lines, f"{box}" + " .5 .5 2" * 17])))
    assert [(finding.code, finding.person) for finding in findings] == [
        ("keypoint-count", 0),
        ("visibility-value", 1),
        ("visibility-dropped", 2),
        ("bad-number", 3),
    ]
    (labels,) = dataset.images
    assert [dataset.position(labels, n) for n in range(len(labels))] == [2, 4]
    assert findings[0].image == "images/val/a.png"


def test_a_label_file_of_words(tmp_path: Path) -> None:
    _, (finding,) = examine_file(yolo(tmp_path, "person left"))
    assert (finding.code, finding.image) == ("unreadable-image", "images/val/a.png")


def test_other_formats_are_read_or_not(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<a/>")
    with pytest.raises(MediaError, match="its root is <a>"):
        examine_file(tmp_path / "a.xml")
