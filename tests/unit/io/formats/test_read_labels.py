from pathlib import Path

import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.labels import label_format, read_labels
from gonio.structures.skeleton import load_skeleton


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.json", ' {"images": []}', "coco"),
        ("a.JSON", "\ufeff[]", "label-studio"),
        ("data.yaml", "", "yolo"),
        ("data.yml", "", "yolo"),
        ("annotations.xml", "", "cvat"),
        ("task.zip", "", "cvat"),
        ("joints.mat", "", "lsp"),
        ("a.slp", "", "sleap"),
        ("CollectedData_Ann.csv", "scorer,Ann\n", "deeplabcut"),
    ],
)
def test_the_format_of_a_file(tmp_path: Path, name: str, content: str, kind: str) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    assert label_format(tmp_path / name) == kind


@pytest.mark.parametrize(("name", "content"), [("a.csv", "x,y\n"), ("a.json", "12"), ("a.txt", "hello")])
def test_what_is_no_format_names_those_that_are(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=r"no format of labels is known .*COCO keypoints .*YOLO.*CVAT.*SLEAP"):
        read_labels(tmp_path / name)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no file"):
        label_format(tmp_path / "none.json")


def test_an_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no format of labels is named 'voc'; there are: coco, yolo"):
        read_labels(tmp_path / "a", kind="voc")  # type: ignore[arg-type]


def test_lsp_is_lsp14(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has LSP's joints, not those of 'coco17'"):
        read_labels(tmp_path / "joints.mat", skeleton=load_skeleton("coco17"))


def test_each_format_is_read_by_its_reader(tmp_path: Path) -> None:
    """Each says in its own way that there is nothing to read."""
    for name, content, message in [
        ("a.json", "{}", "lacks 'images'"),
        ("b.json", "[]", "has no keypoints"),
        ("c.yaml", "names: [x]", "kpt_shape is None"),
        ("d.xml", "<a/>", "its root is <a>"),
        ("e.csv", "scorer,A\n", "lacks the rows"),
    ]:
        (tmp_path / name).write_text(content)
        with pytest.raises(MediaError, match=message):
            read_labels(tmp_path / name)
