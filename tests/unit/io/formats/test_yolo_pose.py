import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.keypoint_names import skeleton_of_names
from gonio.io.formats.yolo_dataset import label_file, read_yolo_dataset
from gonio.io.formats.yolo_pose import read_yolo_pose, write_yolo_pose
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import load_skeleton

yaml = pytest.importorskip("yaml", reason="PyYAML reads a YOLO data set")

COCO_FLIP = list(load_skeleton("coco17").flip_indices)
TOY = skeleton_of_names(["top", "left_end", "right_end"], name="toy")


def write_set(folder: Path, settings: dict[str, object], labels: dict[str, str]) -> Path:
    """A data set with pictures of 200 x 100 px, all in the split train."""
    for name, text in labels.items():
        picture = folder / "images" / "train" / name
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (200, 100)).save(picture)
        if text:
            label_file(picture).parent.mkdir(parents=True, exist_ok=True)
            label_file(picture).write_text(text)
    path = folder / "data.yaml"
    path.write_text(yaml.safe_dump({"train": "images/train", "names": {0: "person"}} | settings))
    return path


def test_three_numbers_a_keypoint(tmp_path: Path) -> None:
    text = "0 0.5 0.5 0.2 0.4 0.25 0.5 2 0.1 0.2 1 0.3 0.3 0\n\n"
    path = write_set(
        tmp_path, {"kpt_shape": [3, 3], "kpt_names": {0: ["top", "left_end", "right_end"]}}, {"a.png": text}
    )
    (labels,) = read_yolo_pose(path)
    np.testing.assert_allclose(labels.keypoints[0], np.array([[50, 50], [20, 20], [np.nan, np.nan]]), rtol=1e-6)
    assert labels.visibility.tolist() == [[2, 1, 0]]
    np.testing.assert_allclose(labels.boxes, [[80, 30, 120, 70]], rtol=1e-6)
    assert labels.areas[0] == pytest.approx(0.53 * 40 * 40)
    assert (labels.image_id, labels.file_name, labels.image_hw) == (1, "images/train/a.png", (100, 200))
    assert labels.skeleton.flip_indices == (0, 2, 1)


def test_numbers_are_finite(tmp_path: Path) -> None:
    text = "0 0.5 0.5 0.2 0.4 0.25 0.5 2 0.1 0.2 1 nan 0.3 0\n"
    with pytest.raises(MediaError, match="line 1 has a number that is infinite or NaN"):
        read_yolo_pose(write_set(tmp_path, {"kpt_shape": [3, 3]}, {"a.png": text}))


def test_two_numbers_a_keypoint_have_a_rule_for_visibility(tmp_path: Path) -> None:
    text = "0 0.5 0.5 0.2 0.4 0.25 0.5 0 0 -1 0.5\n"
    (labels,) = read_yolo_pose(write_set(tmp_path, {"kpt_shape": [3, 2]}, {"a.png": text}))
    assert labels.visibility.tolist() == [[2, 0, 0]]


def test_a_picture_without_labels_has_no_people(tmp_path: Path) -> None:
    images = read_yolo_pose(write_set(tmp_path, {"kpt_shape": [3, 2]}, {"b.png": "", "a.png": ""}))
    assert [(one.file_name, one.image_id, len(one)) for one in images] == [
        ("images/train/a.png", 1, 0),
        ("images/train/b.png", 2, 0),
    ]


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        pytest.param({"kpt_shape": [17, 3], "flip_idx": COCO_FLIP}, "coco17", id="coco by its flips"),
        pytest.param({"kpt_shape": [17, 3]}, "data", id="17 alone say nothing"),
        pytest.param({"kpt_shape": [17, 3], "flip_idx": list(range(17))}, "data", id="17 with other flips"),
        pytest.param({"kpt_shape": [3, 3], "kpt_names": ["top", "a_l", "a_r"]}, "data", id="names in a list"),
    ],
)
def test_what_the_keypoints_are(tmp_path: Path, settings: dict[str, object], names: str) -> None:
    assert read_yolo_dataset(write_set(tmp_path, settings, {"a.png": ""})).skeleton().name == names


def test_the_root_is_beside_the_file_where_the_named_one_is_gone(tmp_path: Path) -> None:
    path = write_set(tmp_path, {"kpt_shape": [3, 2], "path": "/somewhere/else"}, {"a.png": ""})
    assert read_yolo_dataset(path).root == tmp_path
    other = tmp_path / "settings" / "data.yaml"
    other.parent.mkdir()
    other.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"path": ".."}))
    assert len(read_yolo_pose(other)) == 1


def test_a_list_of_pictures(tmp_path: Path) -> None:
    path = write_set(tmp_path, {"kpt_shape": [3, 2], "train": ["few.txt"]}, {"a.png": "", "b.png": ""})
    (tmp_path / "few.txt").write_text("./images/train/b.png\n")
    assert [Path(one.file_name).name for one in read_yolo_pose(path, "train")] == ["b.png"]


def test_one_class_of_several(tmp_path: Path) -> None:
    text = "1 0.5 0.5 0.2 0.4 0.25 0.5\n0 0.5 0.5 0.1 0.1 0.5 0.5\n"
    path = write_set(tmp_path, {"kpt_shape": [1, 2], "names": ["dog", "person"]}, {"a.png": text})
    assert read_yolo_pose(path)[0].keypoints[0, 0, 0] == 50
    assert read_yolo_pose(path, category="dog")[0].keypoints[0, 0, 0] == 100
    with pytest.raises(ConfigError, match=r"no class 'cat'; name one with category: dog, person"):
        read_yolo_pose(path, category="cat")


@pytest.mark.parametrize(
    ("settings", "text", "message"),
    [
        pytest.param({"kpt_shape": [1, 2], "train": None}, "", "names no train, val or test", id="no split"),
        pytest.param({}, "", "kpt_shape is None; give the number", id="no shape"),
        pytest.param({"kpt_shape": [17, 4]}, "", r"kpt_shape is \[17, 4\]", id="four numbers"),
        pytest.param({"kpt_shape": [1, 2], "names": None}, "", "names is None", id="no classes"),
        pytest.param({"kpt_shape": [1, 2], "flip_idx": "no"}, "", "flip_idx is 'no'", id="flips"),
        pytest.param({"kpt_shape": [2, 2], "kpt_names": ["a"]}, "", "kpt_names does not have 2", id="names"),
        pytest.param({"kpt_shape": [1, 2]}, "0 1 1 1 1 1\n", "line 1 has 6 numbers, .* needs 7", id="short line"),
        pytest.param({"kpt_shape": [1, 2]}, "0 1 1 1 1 1 x\n", "could not convert", id="no number"),
        pytest.param({"kpt_shape": [1, 3]}, "0 1 1 1 1 1 1 3\n", "line 1 has the visibility 3", id="visibility"),
        pytest.param({"kpt_shape": [1, 2]}, "3 1 1 1 1 1 1\n", "line 1 has the class 3, names has 0;", id="class"),
        pytest.param({"kpt_shape": [1, 2], "train": "images/none"}, "", "no folder", id="no folder"),
        pytest.param({"kpt_shape": [1, 2], "train": "none.txt"}, "", "cannot be read", id="no list"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, settings: dict[str, object], text: str, message: str) -> None:
    with pytest.raises(MediaError, match=message):
        read_yolo_pose(write_set(tmp_path, settings, {"a.png": text}))


@pytest.mark.parametrize(
    ("content", "message"),
    [("a: [", "it is not YAML"), ("just text", "holds no settings"), (None, "cannot be read")],
)
def test_no_data_set(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "data.yaml"
    if content:
        path.write_text(content)
    with pytest.raises(MediaError, match=message):
        read_yolo_dataset(path)


def test_an_unknown_split_and_a_wrong_skeleton(tmp_path: Path) -> None:
    path = write_set(tmp_path, {"kpt_shape": [1, 2]}, {"a.png": ""})
    with pytest.raises(ConfigError, match="no split 'val'; it has: train"):
        read_yolo_pose(path, "val")
    with pytest.raises(ConfigError, match=r"'toy' has 3 keypoints, kpt_shape .* says 1"):
        read_yolo_pose(path, skeleton=TOY)


def test_labels_lie_where_ultralytics_looks() -> None:
    assert label_file(Path("a/images/b/images/c.jpg")) == Path("a/images/b/labels/c.txt")
    assert label_file(Path("images.jpg")) == Path("images.txt")


def person(keypoints: list[list[float]], visibility: list[int], *, crowd: bool = False) -> Annotations:
    return Annotations(
        keypoints=np.array([keypoints], np.float32),
        visibility=np.array([visibility]),
        boxes=np.array([[-5, 10, 90, 60]], np.float32),
        areas=np.array([99], np.float32),
        is_crowd=np.array([crowd]),
        skeleton=TOY,
        image_id=5,
        file_name="deep/a.png",
        image_hw=(100, 200),
    )


def test_what_is_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    labels = person([[50, 50], [210, 50], [np.nan, np.nan]], [2, 2, 0])
    with caplog.at_level(logging.WARNING):
        path = write_yolo_pose(tmp_path, {"train": [labels], "val": [replace(labels, file_name="b.png")]})
    assert (tmp_path / "labels" / "train" / "a.txt").read_text() == "0 0.225 0.35 0.45 0.5 0.25 0.5 2 0 0 0 0 0 0\n"
    assert "2 keypoints outside their picture" in caplog.text
    assert yaml.safe_load(path.read_text()) == {
        "train": "images/train",
        "val": "images/val",
        "kpt_shape": [3, 3],
        "flip_idx": [0, 2, 1],
        "names": {0: "person"},
        "kpt_names": {0: ["top", "left_end", "right_end"]},
    }


def test_crowds_are_not_written(tmp_path: Path) -> None:
    write_yolo_pose(tmp_path, {"train": [person([[1, 1]] * 3, [2, 2, 2], crowd=True)]})
    assert (tmp_path / "labels" / "train" / "a.txt").read_text() == ""


def test_nothing_and_equal_names_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no image to write"):
        write_yolo_pose(tmp_path, {"train": []})
    one = person([[1, 1]] * 3, [2, 2, 2])
    with pytest.raises(ConfigError, match="YOLO knows no split 'all'; name them: train, val, test"):
        write_yolo_pose(tmp_path, {"all": [one]})
    with pytest.raises(ConfigError, match="2 images of the split 'train' have 1 different names"):
        write_yolo_pose(tmp_path, {"train": [one, replace(one, file_name="other/a.jpg")]})
