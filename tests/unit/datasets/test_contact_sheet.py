from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gonio.datasets.sheet import Tile, contact_sheets, poses_of_labels
from gonio.errors import ConfigError

Make = Callable[..., Any]
GREY = np.full((480, 640, 3), 120, np.uint8)


def test_labels_become_what_can_be_drawn(make_person: Make) -> None:
    poses = poses_of_labels(make_person(hidden=["nose"], missing=["left_eye"]))
    assert poses.scores[0, :3].tolist() == pytest.approx([0.35, 0, 1])
    assert np.isnan(poses.keypoints[0, 1]).all()


def test_a_sheet_has_its_size_and_what_is_drawn(make_person: Make) -> None:
    tiles = [Tile(GREY, make_person(i), f"{i}") for i in range(3)]
    (sheet,) = contact_sheets(tiles, columns=2, rows=2, tile_px=100)
    assert sheet.shape == (2 * (100 + 22 + 6) + 6, 2 * 106 + 6, 3)
    blank = replace(make_person(), visibility=np.zeros((1, 17), np.int64))
    (without,) = contact_sheets([Tile(GREY, blank, "0")] * 3, columns=2, rows=2, tile_px=100, boxes=False)
    assert (sheet != without).any(axis=-1).mean() > 0.01


def test_a_last_sheet_is_as_small_as_it_can_be(make_person: Make) -> None:
    tiles = [Tile(GREY, make_person(i), "") for i in range(5)]
    first, last = contact_sheets(tiles, columns=2, rows=2, tile_px=64)
    assert first.shape[0] == 2 * (64 + 28) + 6
    assert last.shape == (64 + 28 + 6, 70 + 6, 3)


def test_no_more_is_read_than_a_sheet_needs(make_person: Make) -> None:
    read = 0

    def reading() -> Iterator[Tile]:
        nonlocal read
        while True:
            read += 1
            yield Tile(GREY, make_person(), "")

    next(contact_sheets(reading(), columns=2, rows=1, tile_px=32))
    assert read == 2


def test_a_person_fills_their_tile(make_person: Make) -> None:
    """The picture is red around the person and grey elsewhere: the tile is all red."""
    image = GREY.copy()
    image[0:430, 20:280] = (200, 0, 0)
    labels = replace(make_person(), visibility=np.zeros((1, 17), np.int64))
    (sheet,) = contact_sheets([Tile(image, labels, "", person=0)], tile_px=100, boxes=False)
    tile = sheet[6:106, 6:106]
    assert (tile == (200, 0, 0)).all(axis=-1).sum() > 3000
    assert not (tile == 120).all(axis=-1).any()


def test_a_box_without_size_and_people_at_the_edge_can_be_shown(make_person: Make) -> None:
    lost = replace(make_person(offset=(620, 470)), boxes=np.full((1, 4), np.nan, np.float32))
    for labels in (lost, make_person(missing=make_person().skeleton.keypoint_names), make_person(offset=(900, 900))):
        (sheet,) = contact_sheets([Tile(GREY, labels, "ü", person=0)], tile_px=64)
        assert sheet.shape == (98, 76, 3)


def test_labels_of_a_larger_picture_can_be_shown(make_person: Make) -> None:
    """A sheet is where one sees that pictures and labels do not belong together."""
    (sheet,) = contact_sheets([Tile(GREY[:60, :80], make_person(), "", person=0)], tile_px=64)
    assert sheet.shape == (98, 76, 3)


def test_captions_are_cut_to_their_tile(make_person: Make) -> None:
    (short,) = contact_sheets([Tile(GREY, make_person(), "M" * 5)], tile_px=64)
    (long,) = contact_sheets([Tile(GREY, make_person(), "M" * 99)], tile_px=64)
    assert (long[:, -4:] == long[0, -1]).all()
    assert long.shape == short.shape


@pytest.mark.parametrize("wrong", [{"columns": 0}, {"rows": 0}, {"tile_px": 31}])
def test_impossible_sheets(make_person: Make, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="cannot be made"):
        next(contact_sheets([Tile(GREY, make_person(), "")], **wrong))
