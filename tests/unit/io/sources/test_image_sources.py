import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from gonio.errors import ConfigError, MediaError
from gonio.io.sources import SourceLike, open_source
from gonio.timing import record_stages

GREY = np.full((4, 6, 3), 9, np.uint8)


def shades(source: SourceLike, **settings: Any) -> list[int]:
    return [int(frame.image[-1, -1, 0]) for frame in open_source(source, **settings)]


@pytest.mark.parametrize("prefetch", [0, 4])
def test_a_folder_in_natural_order(folder: Path, prefetch: int) -> None:
    source = open_source(folder, prefetch=prefetch)
    frames = list(source)
    assert [int(frame.image[-1, -1, 0]) for frame in frames] == list(range(12))
    assert [frame.index for frame in frames] == list(range(12))
    assert [Path(frame.source).name for frame in frames][9:11] == ["run9.png", "run10.png"]
    assert frames[0].time_s is None
    assert (source.frame_count, source.frames_decoded, source.failures) == (12, 12, [])
    assert (source.is_video, source.is_live, source.fps) == (False, False, None)


def test_stride(folder: Path) -> None:
    source = open_source(folder, stride=5)
    assert [frame.index for frame in source] == [0, 5, 10]
    assert source.frame_count == 3


def test_a_pattern(folder: Path) -> None:
    assert shades(str(folder / "run1*.png")) == [1, 10, 11]
    assert shades(str(folder / "run7.*")) == [7]
    with pytest.raises(MediaError, match=r"no file matches '.*walk"):
        open_source(str(folder / "walk*.png"))


def test_a_name_that_looks_like_a_pattern(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "a[1].png")
    assert shades(tmp_path / "a[1].png") == [9]


@pytest.mark.parametrize("bad", [b"", b"text", b"\x89PNG\r\n\x1a\n"], ids=["empty", "text", "cut"])
def test_bad_pictures_do_not_stop_the_rest(folder: Path, bad: bytes, caplog: pytest.LogCaptureFixture) -> None:
    for index in (0, 4, 11):
        (folder / f"run{index}.png").write_bytes(bad)
    source = open_source(folder)
    with caplog.at_level(logging.WARNING):
        frames = list(source)
    assert [frame.index for frame in frames] == [1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert (source.frame_count, source.frames_decoded) == (12, 9)
    for failure, index in zip(source.failures, (0, 4, 11), strict=True):
        assert f"run{index}.png" in str(failure)
    assert caplog.text.count("WARNING") == 3
    assert len(list(source)) == 9
    assert len(source.failures) == 3  # of this run, not of both


def test_only_bad_pictures(folder: Path) -> None:
    for path in folder.glob("run*.png"):
        path.write_bytes(b"")
    with pytest.raises(MediaError, match=r"none of the 12 pictures .* could be read; the first error: .*run0.png"):
        list(open_source(folder))


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(
        MediaError, match=r"no image in .*\(no file lies directly in it\); it needs files ending in .bmp"
    ):
        open_source(tmp_path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(MediaError, match=r"no image in .*\(found 1 other"):
        open_source(tmp_path)
    (tmp_path / "run.mp4").touch()
    with pytest.raises(MediaError, match=r"no image in .*, but 1 video; give each video by its name, such as"):
        open_source(tmp_path)


def test_a_list_refuses_a_video_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"item 1 of the list is the video '.*run.mp4'; open videos one at a time"):
        open_source([np.zeros((4, 4, 3), np.uint8), tmp_path / "run.mp4"])


@pytest.mark.parametrize("name", ["a" * 300, "a" * 300 + ".jpg", "*" + "a" * 300])
def test_a_name_that_no_file_can_have(name: str) -> None:
    with pytest.raises(MediaError, match="no file"):
        open_source(name)


def test_an_empty_name_is_not_the_present_folder() -> None:
    with pytest.raises(ConfigError, match="empty name"):
        open_source("")


def test_a_single_bad_picture_raises(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_text("text")
    source = open_source(path)
    with pytest.raises(MediaError, match=r"cannot decode '.*a.jpg'"):
        list(source)


def test_a_missing_picture_is_told_when_opened(folder: Path) -> None:
    with pytest.raises(MediaError, match=r"no file .*; did you mean '.*run3.png'\?"):
        open_source(folder / "run3.pn")


def test_arrays_and_pil_images() -> None:
    (frame,) = open_source(GREY)
    assert (frame.source, frame.index, frame.time_s) == ("array", 0, None)
    assert frame.image is GREY
    assert shades(Image.fromarray(GREY)) == [9]
    assert shades(np.stack([GREY, GREY + 1])) == [9, 10]


def test_a_mixed_list_keeps_its_order(folder: Path) -> None:
    pictures: list[str | Path | npt.NDArray[Any] | Image.Image] = [
        GREY,
        folder / "run5.png",
        Image.fromarray(GREY + 1),
        str(folder / "run2.png"),
    ]
    assert shades(pictures) == [9, 5, 10, 2]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param([], "list of pictures is empty", id="empty"),
        pytest.param([GREY, 3], "item 1 of the list is int", id="number"),
        pytest.param(["http://host/a.png"], "item 0 of the list is the address", id="address"),
        pytest.param({"a": 1}, "a source cannot be dict", id="dict"),
        pytest.param(None, "a source cannot be NoneType", id="none"),
        pytest.param(True, "source is True", id="bool"),
        pytest.param("ftp://host/a.png", "begins with 'ftp://'; known are http", id="ftp"),
        pytest.param("file:///etc/passwd", "give the path alone", id="file address"),
        pytest.param("camera:front", "camera number is 'front'", id="camera name"),
        pytest.param(-1, "camera number is '-1'", id="negative camera"),
    ],
)
def test_unusable_sources(source: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_source(source)


def test_a_wrong_array_in_a_list_is_one_failure() -> None:
    source = open_source([GREY, GREY.astype(np.float32)])
    assert len(list(source)) == 1
    assert "picture 1: image has type float32" in str(source.failures[0])


def test_stills_have_no_time(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"have no time; leave out start and end"):
        open_source(folder, start_s=1.0)


def test_an_open_source_is_itself(folder: Path) -> None:
    source = open_source(folder)
    assert open_source(source) is source
    with pytest.raises(ConfigError, match=r"open it again"):
        open_source(source, stride=2)


def test_a_picture_without_suffix(folder: Path) -> None:
    (folder / "run3.png").rename(folder / "picture")
    assert shades(folder / "picture") == [3]


def test_decoding_is_timed_once_a_picture(folder: Path) -> None:
    with record_stages() as times:
        list(open_source(folder))
    assert len(times["decode"]) == 12
