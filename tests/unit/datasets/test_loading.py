import errno
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
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
    with pytest.raises(
        MediaError, match=r"1 of the \d pictures that '.*' labels are not in .*, such as '002.png'; .*--images"
    ):
        val.pictures()


def test_people_without_an_area_get_a_part_of_their_box(tmp_path: Path, make_person: Make) -> None:
    """As some tools write people: an OKS by an area of 0 is 0, however good the pose."""
    person = make_person()
    write_coco_keypoints(tmp_path / "train.json", [replace(person, areas=np.zeros(1, np.float32))])
    ((labels,),) = (one.images for one in load_sets([tmp_path / "train.json"]))
    assert labels.areas == pytest.approx([0.53 * 110 * 300])
    write_coco_keypoints(tmp_path / "train.json", [person])
    ((labels,),) = (one.images for one in load_sets([tmp_path / "train.json"]))
    assert labels.areas.tolist() == [17_000]


def test_a_set_of_each_split_of_a_yolo_data_set(tmp_path: Path, make_person: Make) -> None:
    pytest.importorskip("yaml", reason="PyYAML reads a YOLO data set")
    for i in (1, 2):
        Image.new("RGB", (640, 480)).save(tmp_path / f"00{i}.png")
    pictures = {"train": [tmp_path / "001.png"], "val": [tmp_path / "002.png"]}
    parts = {"train": [make_person(1)], "val": [make_person(2)], "test": []}
    (path,) = write_splits(tmp_path / "out", parts, kind="yolo", pictures=pictures)
    train, val = load_sets([path])
    assert (train.name, val.name) == ("train", "val")
    assert train.pictures() == [tmp_path / "out" / "images" / "train" / "001.png"]


def test_pictures_of_one_name_in_two_splits_are_each_their_own(tmp_path: Path, make_person: Make) -> None:
    """They were copied by name, so that what was measured on was learnt from."""
    pytest.importorskip("yaml", reason="PyYAML writes a YOLO data set")
    for i, split in enumerate(("train", "val")):
        (tmp_path / split).mkdir()
        Image.new("RGB", (640, 480), (90 * i, 0, 0)).save(tmp_path / split / "001.png")
    parts = {"train": [make_person(1)], "val": [make_person(1)]}
    pictures = {split: [tmp_path / split / "001.png"] for split in parts}
    write_splits(tmp_path / "out", parts, kind="yolo", pictures=pictures)
    for split in parts:
        copy = tmp_path / "out" / "images" / split / "001.png"
        assert copy.read_bytes() == pictures[split][0].read_bytes()


def test_another_division_s_pictures_are_not_left_among_the_new(tmp_path: Path, make_person: Make) -> None:
    """A picture that was in train would stay there, beside itself in val."""
    pytest.importorskip("yaml", reason="PyYAML writes a YOLO data set")
    for i in (1, 2):
        Image.new("RGB", (640, 480)).save(tmp_path / f"00{i}.png")
    one, two = ([make_person(i)] for i in (1, 2))
    first, second = ([tmp_path / f"00{i}.png"] for i in (1, 2))
    out = tmp_path / "out"
    for _ in range(2):
        write_splits(out, {"train": one, "val": two}, kind="yolo", pictures={"train": first, "val": second})
    with pytest.raises(ConfigError, match=r"holds 2 pictures that belong to no split of these, such as '.*'"):
        write_splits(out, {"train": two, "val": one}, kind="yolo", pictures={"train": second, "val": first})


def test_two_pictures_of_one_name_are_not_written_to_one_file(tmp_path: Path, make_person: Make) -> None:
    """As of DeepLabCut's folders, each with an img0001.png."""
    with pytest.raises(ConfigError, match=r"2 pictures are called '001.png', and the labels of one would go to the"):
        write_splits(tmp_path, {"a": [make_person(1), replace(make_person(1), image_id=2)]}, kind="coco")


def test_a_picture_as_label_studio_calls_it(tmp_path: Path, make_person: Make) -> None:
    """It puts eight digits before the names of uploads; the pictures at home have none."""
    pytest.importorskip("yaml", reason="PyYAML writes a YOLO data set")
    Image.new("RGB", (640, 480)).save(tmp_path / "me.png")
    write_coco_keypoints(tmp_path / "labels.json", [replace(make_person(), file_name="0a1b2c3d-me.png")])
    (found,) = load_sets([tmp_path / "labels.json"])
    assert found.pictures() == [tmp_path / "me.png"]
    (path,) = write_splits(tmp_path / "out", {"train": found.images}, kind="yolo", pictures={"train": found.pictures()})
    ((labels,),) = (one.images for one in load_sets([path]))
    assert len(labels) == 1


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
    gone = {"train": [tmp_path / "gone.png"]}
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
        write_splits(tmp_path, {"train": [make_person(1)]}, kind="yolo", pictures={"train": [tmp_path / "001.png"]})
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
