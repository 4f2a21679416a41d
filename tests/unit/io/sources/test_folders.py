"""What a folder or a pattern stands for."""

from pathlib import Path

import pytest
from PIL import Image

from gonio.errors import MediaError
from gonio.io.sources import open_source
from gonio.io.sources.folders import sources_named


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("take10.mp4", "take2.MOV", "._take2.MOV", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "more.mp4").mkdir()
    return tmp_path


def test_a_folder_of_videos_is_each_of_them(folder: Path) -> None:
    assert sources_named(str(folder)) == [str(folder / "take2.MOV"), str(folder / "take10.mp4")]


def test_a_folder_with_pictures_stays_one_source_and_its_videos_are_said(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Image.new("RGB", (8, 8)).save(folder / "photo.jpg")
    assert sources_named(str(folder)) == [str(folder)]
    assert len(list(open_source(str(folder)))) == 1
    assert "give its videos (2) by their names" in caplog.text


def test_what_was_drawn_before_is_no_source(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "take10-poses.mp4").write_bytes(b"x")
    (folder / "other-poses.mp4").write_bytes(b"x")  # whose source is not here
    names = [Path(name).name for name in sources_named(str(folder))]
    assert names == ["other-poses.mp4", "take2.MOV", "take10.mp4"]
    assert "take10-poses.mp4" in caplog.text


def test_a_pattern(folder: Path) -> None:
    assert sources_named(f"{folder}/*.mp4") == [str(folder / "take10.mp4")]
    assert sources_named(f"{folder}/*.png") == [f"{folder}/*.png"]


def test_a_file_may_be_called_like_a_pattern(folder: Path) -> None:
    (folder / "a[1].mp4").write_bytes(b"x")
    assert sources_named(f"{folder}/a[1].mp4") == [f"{folder}/a[1].mp4"]


@pytest.mark.parametrize("name", ["photo.jpg", "0", "camera:1", "", "rtsp://host/a*b", "a\0b", "x" * 5000])
def test_everything_else_stays_as_it_is(name: str) -> None:
    assert sources_named(name) == [name]


def test_a_folder_without_videos_stays_as_it_is(tmp_path: Path) -> None:
    assert sources_named(str(tmp_path)) == [str(tmp_path)]


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(MediaError, match="no permission"):
        sources_named(str(tmp_path))
