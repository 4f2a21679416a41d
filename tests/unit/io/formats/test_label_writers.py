"""What files look like to the programs that they are for; tests/property has what comes back."""

import csv
import json
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from gonio.errors import ConfigError, MissingDependencyError
from gonio.io.formats.keypoint_names import skeleton_of_names
from gonio.io.formats.label_losses import losses, people_held
from gonio.io.formats.labels import LabelFormat, output_format, read_labels, write_labels
from gonio.io.formats.yolo_dataset import read_yolo_dataset
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton, load_skeleton

BIRD = skeleton_of_names(["beak", "left_wing", "right_wing"], name="bird", links=[(0, 1), (0, 2)])
NAN = float("nan")


def labels(skeleton: Skeleton = BIRD, *, people: int = 2, file_name: str = "a.png", **changed: Any) -> Annotations:
    """The first point is hidden, the last not labelled; each person is 10 px right of the one before."""
    k = len(skeleton)
    keypoints = np.array([[(20 + 10 * n + i, 30 + i / 4) for i in range(k)] for n in range(people)], np.float32)
    visibility = np.array([[1] + [2] * (k - 2) + [0]] * people).reshape(people, k)
    values: dict[str, Any] = {
        "keypoints": np.where(visibility[..., None] > 0, keypoints.reshape(people, k, 2), np.nan),
        "visibility": visibility,
        "boxes": np.array([[10 + 10 * n, 20, 50 + 10 * n, 60.5] for n in range(people)], np.float32).reshape(-1, 4),
        "areas": np.full(people, 900, np.float32),
        "is_crowd": np.zeros(people, bool),
        "skeleton": skeleton,
        "image_id": 1,
        "file_name": file_name,
        "image_hw": (80, 100),
    }
    return Annotations(**values | changed)


def test_cvat_gets_labels_and_named_points(tmp_path: Path) -> None:
    write_labels(tmp_path / "a.xml", [labels(people=1), labels(people=0, file_name="sub/b.png")])
    root = ElementTree.parse(tmp_path / "a.xml").getroot()  # noqa: S314 - we made it
    assert root.findtext("version") == "1.1"
    kinds = [(one.findtext("name"), one.findtext("type"), one.findtext("parent")) for one in root.iter("label")]
    points = [(name, "points", "bird") for name in BIRD.keypoint_names]
    assert kinds == [("bird", "skeleton", None), *points, ("person box", "rectangle", None)]
    first, second = root.iter("image")
    assert first.attrib == {"id": "0", "name": "a.png", "width": "100", "height": "80"}
    assert (second.get("name"), len(second)) == ("sub/b.png", 0)
    (person,), (box,) = first.iter("skeleton"), first.iter("box")
    assert person.get("label") == "bird"
    assert person.get("group_id") == box.get("group_id") == "1"
    assert [box.get(edge) for edge in ("xtl", "ytl", "xbr", "ybr", "occluded")] == ["10.0", "20.0", "50.0", "60.5", "0"]
    found = [[point.get(key) for key in ("label", "outside", "occluded", "points")] for point in person]
    assert found == [
        ["beak", "0", "1", "20.0,30.0"],
        ["left_wing", "0", "0", "21.0,30.25"],
        ["right_wing", "1", "0", "30.0,40.25"],  # in the middle of the box
    ]


def test_cvat_zip_holds_the_same(tmp_path: Path) -> None:
    for name in ("a.xml", "a.zip"):
        write_labels(tmp_path / name, [labels()])
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.read("annotations.xml") == (tmp_path / "a.xml").read_bytes()


def test_label_studio_gets_percent_of_children(tmp_path: Path) -> None:
    write_labels(tmp_path / "a.json", [labels(people=1, file_name="gym/a b.png")], kind="label-studio")
    (task,) = json.loads((tmp_path / "a.json").read_text())
    assert task["data"] == {"image": "/data/local-files/?d=gym/a%20b.png"}
    box, beak, choice, wing = task["annotations"][0]["result"]
    assert {key: box["value"][key] for key in ("x", "y", "width", "height", "rotation")} == {
        "x": 10,
        "y": 25,
        "width": 40,
        "height": 50.625,
        "rotation": 0,
    }
    assert box["value"]["rectanglelabels"] == ["person"]
    assert (beak["type"], beak["value"]["keypointlabels"], beak["parentID"]) == ("keypointlabels", ["beak"], box["id"])
    assert (beak["value"]["x"], beak["value"]["y"]) == (20, 37.5)
    assert (choice["id"], choice["type"], choice["value"]["choices"]) == (beak["id"], "choices", ["occluded"])
    assert wing["value"]["keypointlabels"] == ["left_wing"]
    for region in (box, beak, choice, wing):
        assert (region["to_name"], region["original_width"], region["original_height"]) == ("image", 100, 80)
        assert region["image_rotation"] == 0


def test_a_label_that_label_studio_added_later_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_labels(path, [labels(people=1)], kind="label-studio")
    content = json.loads(path.read_text())
    content[0]["annotations"][0]["result"][1]["value"]["keypointlabels"] = ["tail"]
    path.write_text(json.dumps(content))
    (after,) = read_labels(path)
    assert after.skeleton.keypoint_names == ("beak", "left_wing", "right_wing", "tail")
    assert after.visibility.tolist() == [[0, 2, 0, 1]]


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_deeplabcut_of_one_animal(tmp_path: Path) -> None:
    path = tmp_path / "clip" / "CollectedData_Ann.csv"
    write_labels(path, [labels(people=1), labels(people=0, file_name="b.png")])
    assert rows(path) == [
        ["scorer", "", "", *["Ann"] * 6],
        ["bodyparts", "", "", "beak", "beak", "left_wing", "left_wing", "right_wing", "right_wing"],
        ["coords", "", "", *["x", "y"] * 3],
        ["labeled-data", "clip", "a.png", "20.0", "30.0", "21.0", "30.25", "", ""],
        ["labeled-data", "clip", "b.png", *[""] * 6],
    ]


def test_deeplabcut_of_several(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_labels(path, [labels(), labels(people=1, file_name="b.png")])
    head = rows(path)
    assert head[0][3] == "gonio"
    assert head[1] == ["individuals", "", "", *["individual1"] * 6, *["individual2"] * 6]
    assert head[4][9:] == ["30.0", "30.0", "31.0", "30.25", "", ""]
    assert head[5][9:] == [""] * 6


def test_deeplabcut_in_hdf_needs_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tables", None)
    with pytest.raises(MissingDependencyError, match=r"needs tables, .*pip install 'gonio\[deeplabcut\]'"):
        write_labels(tmp_path / "a.h5", [labels()])
    (tmp_path / "a.h5").write_bytes(b"HDF")
    with pytest.raises(MissingDependencyError, match=r"the \.csv beside it needs nothing.*gonio\[deeplabcut\]"):
        read_labels(tmp_path / "a.h5")


def test_sleap_needs_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sleap_io", None)
    with pytest.raises(MissingDependencyError, match=r"writing a SLEAP file needs sleap_io.*'gonio\[sleap\]'"):
        write_labels(tmp_path / "a.slp", [labels()])


def test_lsp_that_holds_hidden_joints_if_all_are_labelled(tmp_path: Path) -> None:
    scipy_io = pytest.importorskip("scipy.io", reason="scipy reads the file")
    lsp = load_skeleton("lsp14")
    whole = labels(lsp, people=1, visibility=np.array([[1] + [2] * 13]), keypoints=np.ones((1, 14, 2), np.float32))
    write_labels(tmp_path / "lsp.mat", [whole])
    joints = scipy_io.loadmat(tmp_path / "lsp.mat")["joints"]
    assert joints.shape == (3, 14, 1)
    assert joints[2, :, 0].tolist() == [1] + [0] * 13
    write_labels(tmp_path / "extended.mat", [whole, labels(lsp, people=1), labels(lsp, people=0)])
    joints = scipy_io.loadmat(tmp_path / "extended.mat")["joints"]
    assert joints.shape == (14, 3, 3)
    assert joints[:, 2].sum(axis=0).tolist() == [14, 13, 0]
    assert "1 hidden keypoint (visible when read)" in losses([whole, labels(lsp, people=0)], "lsp")
    assert not any("hidden" in words for words in losses([whole], "lsp"))


def test_lsp_holds_one_person_with_its_joints(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"LSP has 14 joints, and the skeleton 'bird' lacks 14 .* 'right_ankle'"):
        write_labels(tmp_path / "a.mat", [labels()])
    with pytest.raises(ConfigError, match=r"'a.png' has 2 people with LSP's joints, and LSP holds one a picture"):
        write_labels(tmp_path / "a.mat", [labels(load_skeleton("lsp14"))])
    assert not (tmp_path / "a.mat").exists()


@pytest.mark.parametrize(
    ("kind", "lost"),
    [
        ("coco", []),
        ("cvat", ["1 crowd", "1 area (0.53 of the box when read)", "1 image id (from 1 when read)"]),
        (
            "deeplabcut",
            [
                "1 crowd",
                "1 person without keypoints",
                "1 hidden keypoint (visible when read)",
                "1 keypoint without a position (not labelled when read)",
                "1 weight of a keypoint",
                "1 box (made of the keypoints when read)",
                "1 area (0.53 of the box when read)",
                "1 image id (from 1 when read)",
                "1 picture's folder",
                "1 picture's size (read from the pictures)",
                "the links between keypoints",
            ],
        ),
    ],
)
def test_what_is_lost_is_counted(kind: LabelFormat, lost: list[str]) -> None:
    image = labels(people=3, image_id=5, file_name="sub/a.png")
    image.is_crowd[0] = True
    image.visibility[1] = 0
    image.areas[1] = 0.53 * 40 * 40.5
    if kind != "deeplabcut":
        assert losses([image], kind) == lost
        return
    image.visibility[2, 2] = 2  # where there is no position
    weights = np.ones((3, 3), np.float32)
    weights[2, 0] = 0.5
    image = labels(
        people=3,
        visibility=image.visibility,
        is_crowd=image.is_crowd,
        areas=image.areas,
        weights=weights,
        image_id=5,
        file_name="sub/a.png",
    )
    assert losses([image], kind, pictures=False) == lost
    assert people_held([image], kind) == 1


def test_boxes_beyond_the_picture_are_cut_by_yolo() -> None:
    image = labels(people=1, boxes=np.array([[-5, 0, 50, 80]], np.float32), areas=np.array([0.53 * 4000], np.float32))
    assert losses([image], "yolo") == [
        "1 box beyond the picture (cut at its edges)",
        "the links between keypoints",
    ]
    assert losses([image], "label-studio") == ["1 area (0.53 of the box when read)"]


def test_mirror_pairs_without_sides_in_the_names(tmp_path: Path) -> None:
    """YOLO alone has them in its file; read with names, they were lost."""
    names = ("a", "b", "c")
    twins = Skeleton("twins", names, ((0, 1),), (0, 2, 1), (0.1,) * 3)
    write_labels(tmp_path / "set", [labels(twins)])
    assert read_yolo_dataset(tmp_path / "set" / "data.yaml").skeleton().flip_indices == (0, 2, 1)
    assert "which keypoints mirror each other" not in losses([labels(twins)], "yolo")
    for kind in ("coco", "cvat", "sleap"):
        assert losses([labels(twins)], kind)[-1] == "which keypoints mirror each other"


def test_a_box_that_is_not_finite_is_made(tmp_path: Path) -> None:
    boxes = np.array([[NAN] * 4, [20, 20, 60, 60]], np.float32)
    write_labels(tmp_path / "a.xml", [labels(boxes=boxes)])
    (after,) = read_labels(tmp_path / "a.xml")
    # Points at 20, 21 and 30, 30.25: pixels reach 1 further, and 0.1 of the longer side on each side.
    wanted = np.array([[19.8, 29.8, 22.2, 31.45], [20.0, 20.0, 60.0, 60.0]])
    np.testing.assert_allclose(after.boxes.astype(np.float64), wanted, rtol=1e-6)


@pytest.mark.parametrize("kind", ["cvat", "label-studio", "deeplabcut", "lsp", "sleap"])
def test_there_must_be_one_skeleton_and_a_picture(tmp_path: Path, kind: LabelFormat) -> None:
    name = {"cvat": "a.xml", "label-studio": "a.json", "deeplabcut": "a.csv", "lsp": "a.mat", "sleap": "a.slp"}[kind]
    with pytest.raises(ConfigError, match="there is no image to write"):
        write_labels(tmp_path / name, [], kind=kind)
    with pytest.raises(ConfigError, match="has the skeleton 'coco17', others 'bird'; write one file for each"):
        write_labels(tmp_path / name, [labels(), labels(load_skeleton("coco17"))], kind=kind)


@pytest.mark.parametrize(("kind", "name"), [("label-studio", "a.json"), ("deeplabcut", "a.csv"), ("sleap", "a.slp")])
def test_names_without_folders_must_differ(tmp_path: Path, kind: LabelFormat, name: str) -> None:
    same = [labels(file_name=f"{folder}/a.png") for folder in "xy"]
    with pytest.raises(ConfigError, match=r"2 pictures are called 'a.png', and this format has names without folders"):
        write_labels(tmp_path / name, same, kind=kind)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("a.json", "cvat", r"cannot write cvat labels as 'a.json'; end it in .xml or .zip"),
        ("a.csv", "label-studio", r"cannot write label-studio labels as 'a.csv'; end it in .json"),
        ("folder", "deeplabcut", r"end it in .csv or .h5 or .hdf5"),
        ("a.slp", "yolo", r"or name a folder for YOLO"),
        ("data.yaml", None, r"or name a folder for YOLO"),
    ],
)
def test_the_name_must_fit_the_format(name: str, kind: LabelFormat | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        output_format(name, kind)


def test_a_folder_that_is_there_is_yolo(tmp_path: Path) -> None:
    (tmp_path / "set.csv").mkdir()
    assert output_format(tmp_path / "set.csv") == "yolo"
    Image.new("L", (9, 9)).save(tmp_path / "a.png")  # and any other name is one
    assert output_format(tmp_path / "v1.2") == "yolo"


UNFIT = {
    "a.xml": "\x00\x08\x0b\x1f\udcff\ufffe\uffff",
    "a.zip": "\x0b\udcff",
    "a.json": "\udcff",
    "a.csv": "\x00\n\r\x0b\x0c\x1c\x85\u2028\\\udcff",
    "a.h5": "\n\\\udcff",
}
KINDS: dict[str, LabelFormat] = {".xml": "cvat", ".zip": "cvat", ".json": "label-studio"}


@pytest.mark.parametrize(("name", "odd"), [(name, odd) for name, several in UNFIT.items() for odd in several])
def test_a_name_that_could_not_be_read_again_is_refused(tmp_path: Path, name: str, odd: str) -> None:
    """Before anything is written; an XML file with some of them is read by nobody, CVAT included."""
    kind = KINDS.get(Path(name).suffix, "deeplabcut")
    with pytest.raises(ConfigError, match=r"the name 'b.*\.png' has the character .*, which .* cannot hold; rename it"):
        write_labels(tmp_path / name, [labels(), labels(file_name=f"b{odd}.png")], kind=kind)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.xml", "a.json", "a.csv"])
def test_other_odd_names_come_back(tmp_path: Path, name: str) -> None:
    kind = KINDS.get(Path(name).suffix, "deeplabcut")
    odd = "\t\x7f\u00a0 \ue000\ufffd\U0001f9a9,;'\"&<>%20#?" + "\n\r\\" * (kind != "deeplabcut")
    Image.new("L", (100, 80)).save(tmp_path / f"b{odd}.png")
    write_labels(tmp_path / name, [labels(file_name=f"b{odd}.png")], kind=kind)
    assert [one.file_name for one in read_labels(tmp_path / name)] == [f"b{odd}.png"]


@pytest.mark.parametrize(("name", "odd"), [("a.xml", "\x01"), ("a.xml", "\r"), ("a.csv", "\udcff"), ("a.csv", "\n")])
def test_keypoints_with_such_names_are_refused(tmp_path: Path, name: str, odd: str) -> None:
    skeleton = Skeleton("s", ("a", f"b{odd}"), (), (0, 1), (0.1, 0.1))
    with pytest.raises(ConfigError, match=r"the name 'b.*' has the character"):
        write_labels(tmp_path / name, [labels(skeleton)])


@pytest.mark.parametrize("place", ["clip\udcff/CollectedData_A.csv", "clip/CollectedData_A\udcff.csv"])
def test_deeplabcut_writes_folder_and_scorer_too(tmp_path: Path, place: str) -> None:
    with pytest.raises(ConfigError, match=r"has the character '\\udcff', which DeepLabCut cannot hold"):
        write_labels(tmp_path / place, [labels()])


def test_deeplabcut_says_which_file_stays_old(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """DeepLabCut trains from the .h5, so new labels in the .csv alone change nothing."""
    write_labels(tmp_path / "CollectedData_A.csv", [labels()])
    assert not caplog.messages
    (tmp_path / "CollectedData_A.h5").write_bytes(b"the old labels")
    write_labels(tmp_path / "CollectedData_A.csv", [labels()])
    (message,) = caplog.messages
    assert message.endswith("CollectedData_A.h5' stays as it was, and DeepLabCut trains from the .h5: write both files")
