"""ImageSink: names that are kept, and files that are not overwritten."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gonio.errors import MediaError
from gonio.io.sinks.image import ImageSink

GREY = np.full((6, 8, 3), 120, np.uint8)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jpg", "a.jpg"),
        ("folder/a.JPEG", "a.jpeg"),
        ("a.webp", "a.webp"),
        ("a.tif", "a.png"),
        ("a.bmp", "a.png"),
        ("run.0042", "run.0042.png"),
        ("array", "array.png"),
        ("camera:0", "camera_0.png"),
        ("https://example.org/x/my%20dog.jpg?size=2#top", "my dog.jpg"),
        ("https://example.org/", "image.png"),
        ("C:\\pictures\\cat.png", "cat.png"),
        ("..", "image.png"),
        ("", "image.png"),
        ("x" * 300 + ".jpg", "x" * 150 + ".jpg"),
    ],
)
def test_names(tmp_path: Path, name: str, expected: str) -> None:
    path = ImageSink(tmp_path / "out").write(GREY, name)
    assert path == tmp_path / "out" / expected
    with Image.open(path) as picture:
        assert picture.size == (8, 6)
        assert np.abs(np.asarray(picture.convert("RGB")).astype(int) - 120).max() <= 2


def test_two_sources_of_one_name(tmp_path: Path) -> None:
    sink = ImageSink(tmp_path)
    names = [sink.write(GREY, name).name for name in ("a.jpg", "b/a.jpg", "c/A.jpg", "a.png", "d/a-2.jpg")]
    assert names == ["a.jpg", "a-2.jpg", "A-3.jpg", "a.png", "a-2-2.jpg"]
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(names)


def test_earlier_run_is_replaced(tmp_path: Path) -> None:
    first = ImageSink(tmp_path).write(GREY, "a.png")
    second = ImageSink(tmp_path).write(np.zeros((3, 3, 3), np.uint8), "a.png")
    assert first == second
    with Image.open(second) as picture:
        assert picture.size == (3, 3)


def test_source_is_never_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whatever way the folder is written."""
    source = tmp_path / "pictures" / "a.jpg"
    source.parent.mkdir()
    source.write_bytes(b"source")
    (tmp_path / "link").symlink_to(source.parent)
    monkeypatch.chdir(tmp_path)
    assert ImageSink(source.parent).write(GREY, str(source)).name == "a-poses.jpg"
    assert ImageSink("pictures/../pictures").write(GREY, str(source)).name == "a-poses-2.jpg"
    assert ImageSink("link").write(GREY, "pictures/a.jpg").name == "a-poses-3.jpg"
    assert source.read_bytes() == b"source"


def test_another_source_beside_it_is_not_overwritten(tmp_path: Path) -> None:
    for name in ("a.jpg", "a-poses.jpg"):
        (tmp_path / name).write_bytes(b"source")
    assert ImageSink(tmp_path).write(GREY, str(tmp_path / "a.jpg")).name == "a-poses-2.jpg"
    assert (tmp_path / "a-poses.jpg").read_bytes() == b"source"


def test_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    sink = ImageSink(tmp_path / "file")
    with pytest.raises(MediaError, match="cannot write"):
        sink.write(GREY, "a.jpg")


def test_nothing_is_made_without_a_picture(tmp_path: Path) -> None:
    ImageSink(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
