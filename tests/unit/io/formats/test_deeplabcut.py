from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.deeplabcut import read_deeplabcut
from gonio.structures.skeleton import load_skeleton

SINGLE = """scorer,Ann,Ann,Ann,Ann
bodyparts,snout,snout,leftear,leftear
coords,x,y,x,y
labeled-data/clip/img001.png,10.5,20,,
labeled-data/clip/img002.png,1,2,3,4
"""
SEVERAL = """scorer,,,Ann,Ann,Ann,Ann,Ann,Ann
individuals,,,one,one,two,two,single,single
bodyparts,,,snout,snout,snout,snout,corner,corner
coords,,,x,y,x,y,x,y
labeled-data,clip,img001.png,10,20,30,40,5,6
labeled-data,clip,img002.png,,,30,40,nan,nan
"""


def write(folder: Path, text: str) -> Path:
    for name in ("img001.png", "img002.png"):
        Image.new("RGB", (64, 48)).save(folder / name)
    path = folder / "CollectedData_Ann.csv"
    path.write_text(text)
    return path


def test_one_individual(tmp_path: Path) -> None:
    first, second = read_deeplabcut(write(tmp_path, SINGLE))
    assert first.skeleton.keypoint_names == ("snout", "leftear")
    np.testing.assert_array_equal(first.keypoints[0], [[10.5, 20], [np.nan, np.nan]])
    assert (first.visibility.tolist(), second.visibility.tolist()) == ([[2, 0]], [[2, 2]])
    assert (first.file_name, first.image_hw, second.image_id) == ("img001.png", (48, 64), 2)


def test_several_individuals_and_three_columns_of_path(tmp_path: Path) -> None:
    first, second = read_deeplabcut(write(tmp_path, SEVERAL))
    assert first.skeleton.keypoint_names == ("snout", "corner")
    assert first.visibility.tolist() == [[2, 0], [2, 0], [0, 2]]
    assert second.visibility.tolist() == [[2, 0]]  # who has no number is not in the picture


def test_pictures_in_another_folder(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    path = write(tmp_path / "pictures", SINGLE)
    moved = path.rename(tmp_path / "labels.csv")
    with pytest.raises(MediaError, match=r"'img001.png' is not in .*; give its folder with images"):
        read_deeplabcut(moved)
    assert len(read_deeplabcut(moved, images=tmp_path / "pictures")) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a,b\n1,2\n", "lacks the rows scorer, bodyparts and coords", id="another csv"),
        pytest.param(SINGLE.replace("x,y,x,y", "a,b,a,b"), "no columns x and y", id="no columns"),
        pytest.param(SINGLE.replace("10.5", "ten"), "'labeled-data/clip/img001.png' has an odd cell", id="text"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(MediaError, match=message):
        read_deeplabcut(write(tmp_path, text))


def test_a_skeleton_must_fit(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'coco17' has none"):
        read_deeplabcut(write(tmp_path, SINGLE), load_skeleton("coco17"))


TURNS = """scorer,,,Ann,Ann,Ann,Ann
individuals,,,mouse,mouse,rat,rat
bodyparts,,,snout,snout,snout,snout
coords,,,x,y,x,y
labeled-data,clip,img001.png,1,2,,
labeled-data,clip,img002.png,,,3,4
"""
DEFAULT_NAMES = TURNS.replace("mouse", "individual1").replace("rat", "individual2")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param(SEVERAL, "one, two, single", id="names"),
        pytest.param(TURNS, "mouse, rat", id="one in each picture"),
        pytest.param(DEFAULT_NAMES, "individual1, individual2", id="only the second in a picture"),
    ],
)
def test_individuals_are_not_lost_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, names: str
) -> None:
    """Of a mouse and a rat that are never seen together, one animal is left."""
    read_deeplabcut(write(tmp_path, text))
    (message,) = caplog.messages
    assert f"the names of individuals are lost ({names}), and in a picture without one of them the next" in message


@pytest.mark.parametrize(
    "text", [pytest.param(SINGLE, id="one"), pytest.param(DEFAULT_NAMES.replace("g,,,3", "g,1,2,3"), id="in order")]
)
def test_where_nothing_is_lost_nothing_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str) -> None:
    assert len(read_deeplabcut(write(tmp_path, text))) == 2
    assert not caplog.messages
