"""Boxes and chips: where they are drawn, and what they say without drawing outside the picture."""

from dataclasses import replace

import numpy as np
import pytest

from gonio.draw.tags import draw_boxes, draw_tags
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton


def people(*boxes: tuple[float, float, float, float]) -> Poses:
    n = len(boxes)
    return Poses(
        keypoints=np.full((n, 17, 2), np.nan, np.float32),
        scores=np.zeros((n, 17), np.float32),
        boxes=np.array(boxes, np.float32),
        person_scores=np.full(n, 0.5, np.float32),
        skeleton=load_skeleton("coco17"),
    )


def test_a_box_is_drawn_along_its_edges_only() -> None:
    canvas = np.full((100, 200, 3), 90, np.uint8)
    draw_boxes(canvas, people((50, 20, 150, 80)), np.array([2.0]))
    changed = (canvas != 90).any(axis=2)
    assert changed[20, 100]
    assert changed[50, 50]
    assert not changed[50, 100]
    assert not changed[5, 100]


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((np.nan, 0, 10, 10), id="NaN"),
        pytest.param((-50, -50, -10, -10), id="left of the picture"),
        pytest.param((500, 10, 600, 40), id="right of the picture"),
    ],
)
def test_a_box_that_cannot_be_seen_draws_nothing(box: tuple[float, float, float, float]) -> None:
    canvas = np.full((100, 200, 3), 90, np.uint8)
    draw_boxes(canvas, people(box), np.array([2.0]))
    draw_tags(canvas, people(box))
    assert (canvas == 90).all()


def test_a_chip_stays_in_the_picture_even_in_its_corner() -> None:
    canvas = np.full((100, 200, 3), 90, np.uint8)
    draw_tags(canvas, people((190, 0, 200, 50)))
    rows, columns = np.nonzero((canvas != 90).any(axis=2))
    assert len(rows)
    assert columns.min() < 190  # moved to the left to fit


def test_tracks_have_colours_of_their_own() -> None:
    poses = replace(people((20, 40, 80, 90), (120, 40, 180, 90)), track_ids=np.array([1, 2]))
    canvas = np.full((100, 200, 3), 90, np.uint8)
    draw_boxes(canvas, poses, np.array([3.0, 3.0]))
    assert tuple(canvas[65, 20]) != tuple(canvas[65, 120])
