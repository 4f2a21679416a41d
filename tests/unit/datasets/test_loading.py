import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gonio.datasets.export import write_splits, yolo_splits
from gonio.datasets.loading import load_sets, picture_folders
from gonio.errors import ConfigError, MediaError
from gonio.io.formats.labels import write_coco_keypoints

Make = Callable[..., Any]


def test_pictures_are_looked_for_where_they_usually_are(tmp_path: Path) -> None:
    for name in ("annotations/images", "images", "val2017", "other"):
        (tmp_path / name).mkdir(parents=True)
    labels = tmp_path / "annotations" / "person_keypoints_val2017.json"
    found = [place.relative_to(tmp_path).as_posix() for place in picture_folders(labels, (), "coco")]
    assert found == ["annotations/images", "annotations", "images", "val2017"]
    assert picture_folders(labels, [tmp_path / "other"], "coco") == (tmp_path / "other",)


def test_a_set_of_each_file(tmp_path: Path, make_person: Make) -> None:
    for name, i in (("train", 1), ("val", 2)):
        write_coco_keypoints(tmp_path / f"{name}.json", [make_person(i)])
    Image.new("RGB", (640, 480)).save(tmp_path / "001.png")
    train, val = load_sets([tmp_path / "train.json", tmp_path / "val.json"])
    assert (train.name, val.name, len(train.images)) == ("train", "val", 1)
    assert train.pictures() == [tmp_path / "001.png"]
    assert val.picture(val.images[0]) is None
    with pytest.raises(MediaError, match=r"'002.png' is not in .*--images"):
        val.pictures()


def test_a_set_of_each_split_of_a_yolo_data_set(tmp_path: Path, make_person: Make) -> None:
    pytest.importorskip("yaml", reason="PyYAML reads a YOLO data set")
    pictures = {}
    for i in (1, 2):
        Image.new("RGB", (640, 480)).save(tmp_path / f"00{i}.png")
        pictures[f"00{i}.png"] = tmp_path / f"00{i}.png"
    parts = {"train": [make_person(1)], "val": [make_person(2)], "test": []}
    (path,) = write_splits(tmp_path / "out", parts, kind="yolo", pictures=pictures)
    train, val = load_sets([path])
    assert (train.name, val.name) == ("train", "val")
    assert train.pictures() == [tmp_path / "out" / "images" / "train" / "001.png"]


def test_splits_as_coco_files(tmp_path: Path, make_person: Make) -> None:
    files = write_splits(tmp_path, {"a": [make_person(1)], "b": []}, kind="coco")
    assert files == [tmp_path / "a.json"]
    assert json.loads(files[0].read_text())["images"][0]["file_name"] == "001.png"


def test_what_cannot_be_written_is_said(tmp_path: Path, make_person: Make) -> None:
    with pytest.raises(ConfigError, match="there is no picture to write"):
        write_splits(tmp_path, {"a": []}, kind="coco")
    with pytest.raises(ConfigError, match="COCO files name pictures where they are"):
        write_splits(tmp_path, {"a": [make_person()]}, kind="coco", pictures={})
    with pytest.raises(ConfigError, match="no format to write is named 'voc'; there are: coco, yolo"):
        write_splits(tmp_path, {"a": [make_person()]}, kind="voc")  # type: ignore[arg-type]
    gone = {"001.png": tmp_path / "gone.png"}
    pytest.importorskip("yaml", reason="PyYAML writes a YOLO data set")
    with pytest.raises(MediaError, match=r"cannot read '.*gone\.png': No such file"):
        write_splits(tmp_path, {"train": [make_person()]}, kind="yolo", pictures=gone)


def test_no_picture_is_copied_in_part(tmp_path: Path, make_person: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("yaml", reason="PyYAML writes a YOLO data set")

    def full_disk(_: Path, target: Path) -> None:
        target.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(shutil, "copyfile", full_disk)
    with pytest.raises(MediaError, match=r"cannot write '.*001\.png': no space left on that disk"):
        write_splits(tmp_path, {"train": [make_person(1)]}, kind="yolo", pictures={"001.png": tmp_path / "001.png"})
    assert list((tmp_path / "images" / "train").iterdir()) == []


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["labels"], ["train"]),
        (["person_keypoints_val2017"], ["val"]),
        (["my_train", "my_val", "Test"], ["train", "val", "test"]),
    ],
)
def test_sets_are_named_as_yolo_does(make_set: Make, names: list[str], splits: list[str]) -> None:
    assert list(yolo_splits([make_set(name=name) for name in names])) == splits


@pytest.mark.parametrize("names", [["a", "train"], ["train1", "train2"]])
def test_sets_whose_split_is_not_clear(make_set: Make, names: list[str]) -> None:
    with pytest.raises(ConfigError, match="it is not clear which split"):
        yolo_splits([make_set(name=name) for name in names])
