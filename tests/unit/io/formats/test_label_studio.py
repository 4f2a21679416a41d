import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gonio.errors import MediaError
from gonio.io.formats.label_studio import read_label_studio
from gonio.structures.skeleton import load_skeleton

Region = dict[str, Any]
SIZE = {"original_width": 200, "original_height": 50, "image_rotation": 0}


def point(name: str, x: float, y: float, *, id_: str = "", **more: Any) -> Region:
    value = {"x": x, "y": y, "width": 0.5, "keypointlabels": [name]}
    return {"id": id_ or name, "type": "keypointlabels", "value": value} | SIZE | more


def box(id_: str, x: float, y: float, width: float, height: float) -> Region:
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": ["person"]}
    return {"id": id_, "type": "rectanglelabels", "value": value} | SIZE


def task(*regions: Region, image: str = "/data/upload/1/0a1b2c3d-a%20b.jpg", **more: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"image": image}, "annotations": [{"result": list(regions)} | more]}


def write(folder: Path, *tasks: Any) -> Path:
    path = folder / "export.json"
    path.write_text(json.dumps(list(tasks)))
    return path


def test_percent_become_pixels(tmp_path: Path) -> None:
    (labels,) = read_label_studio(write(tmp_path, task(point("top", 50, 10), point("LEnd", 25, 100))))
    assert labels.skeleton.keypoint_names == ("left_end", "top")
    np.testing.assert_allclose(labels.keypoints[0], [[50, 50], [100, 5]])
    assert labels.visibility.tolist() == [[2, 2]]
    assert (labels.file_name, labels.image_hw, labels.image_id) == ("0a1b2c3d-a b.jpg", (50, 200), 1)


def test_a_choice_on_a_point_hides_it(tmp_path: Path) -> None:
    choice = {"id": "top", "type": "choices", "value": {"choices": ["Occluded"]}} | SIZE
    (labels,) = read_label_studio(write(tmp_path, task(point("top", 50, 10), point("toe", 1, 1), choice)))
    assert labels.visibility.tolist() == [[2, 1]]


def test_points_belong_to_their_rectangle(tmp_path: Path) -> None:
    """By parent, by relation, by the smallest rectangle around it."""
    relation = {"type": "relation", "from_id": "linked", "to_id": "B", "direction": "right"}
    regions = [
        box("A", 0, 0, 100, 100),
        box("B", 0, 0, 40, 80),
        point("top", 90, 90, id_="parented", parentID="B"),
        point("mid", 90, 90, id_="linked"),
        point("toe", 20, 20, id_="inside"),
        point("toe", 60, 20, id_="outside"),
        relation,
    ]
    (labels,) = read_label_studio(write(tmp_path, task(*regions)))
    np.testing.assert_allclose(labels.boxes, [[0, 0, 200, 50], [0, 0, 80, 40]])
    assert labels.skeleton.keypoint_names == ("mid", "toe", "top")
    assert labels.visibility.tolist() == [[0, 2, 0], [2, 2, 2]]


def test_unfinished_and_cancelled_tasks_are_left_out_and_the_truth_comes_first(tmp_path: Path) -> None:
    good = task(point("top", 50, 10))
    good["annotations"].append({"result": [point("top", 75, 10)], "ground_truth": True})
    cancelled = task(point("top", 1, 1), was_cancelled=True)
    (labels,) = read_label_studio(write(tmp_path, {"id": 2, "data": {"image": "x.jpg"}}, cancelled, good))
    assert labels.keypoints[0, 0, 0] == 150


def test_a_local_file_keeps_its_name(tmp_path: Path) -> None:
    (labels,) = read_label_studio(write(tmp_path, task(point("top", 1, 1), image="/data/local-files/?d=gym/a%2Fb.png")))
    assert labels.file_name == "b.png"


def test_a_given_skeleton(tmp_path: Path) -> None:
    coco = load_skeleton("coco17")
    (labels,) = read_label_studio(write(tmp_path, task(point("Nose", 1, 1), point("tail", 1, 1))), coco)
    assert labels.visibility.sum() == labels.visibility[0, 0] == 2


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        pytest.param([{"image": "a.jpg", "kp": []}], "export the project as 'JSON', not 'JSON-MIN'", id="min"),
        pytest.param([task()], "it has no keypoints", id="none"),
        pytest.param([task(point("a", 1, 1) | {"image_rotation": 90})], "task 1 was rotated", id="rotated"),
        pytest.param([task(point("a", 1, 1), point("a", 2, 2, id_="b"))], "'a' twice for one person; draw", id="twice"),
        pytest.param([task({"type": "keypointlabels"} | SIZE)], r"odd or missing value \(KeyError", id="no value"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, tasks: list[Any], message: str) -> None:
    with pytest.raises(MediaError, match=message):
        read_label_studio(write(tmp_path, *tasks))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"height": -3}, "meta has the height -3"),
        ({"height": 0}, "meta has the height 0"),
        ({"width": 20.5}, "meta has the width 20.5"),
        ({"width": True}, "meta has the width True"),
        ({"width": "200"}, "meta has the width '200'"),
        ({"keypoints": "beak"}, "meta has the keypoints 'beak'"),
        ({"keypoints": ["beak", 1]}, r"meta has the keypoints \['beak', 1\]"),
        ({"keypoints": None}, "meta has the keypoints None"),
    ],
)
@pytest.mark.parametrize("regions", [[], [point("beak", 50, 10)]])
def test_a_meta_is_not_believed_unseen(
    tmp_path: Path, regions: list[Region], changed: dict[str, Any], message: str
) -> None:
    good = {"width": 200, "height": 50, "skeleton": "bird", "keypoints": ["beak", "tail"], "links": [[0, 1]]}
    (labels,) = read_label_studio(write(tmp_path, task(*regions) | {"meta": {"gonio": good}}))
    assert (labels.skeleton.keypoint_names, labels.image_hw) == (("beak", "tail"), (50, 200))
    with pytest.raises(MediaError, match=rf"a task has an odd or missing value \(ValueError: {message}\)"):
        read_label_studio(write(tmp_path, task(*regions) | {"meta": {"gonio": good | changed}}))


def test_a_picture_has_a_size(tmp_path: Path) -> None:
    flat = point("beak", 50, 10, original_height=0)
    with pytest.raises(MediaError, match="a picture of 200 x 0 px"):
        read_label_studio(write(tmp_path, task(flat)))
