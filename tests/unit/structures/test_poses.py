from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest

from gonio.errors import ShapeError
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO17 = load_skeleton("coco17")


def poses_of(n: int, *, tracked: bool = True) -> Poses:
    """Person i lies at (i, i), with the score i / 10 and the track 100 + i."""
    return Poses(
        keypoints=np.arange(n, dtype=np.float32)[:, None, None] * np.ones((n, 17, 2), np.float32),
        scores=(np.arange(n)[:, None] / 10 * np.ones((n, 17))).astype(np.float32),
        boxes=np.arange(n, dtype=np.float32)[:, None] * np.ones((n, 4), np.float32),
        person_scores=(np.arange(n) / 10).astype(np.float32),
        skeleton=COCO17,
        track_ids=100 + np.arange(n) if tracked else None,
        frame_index=12,
        time_s=0.4,
    )


def people(poses: Poses) -> list[int]:
    return [int(x) for x in poses.boxes[:, 0]]


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        pytest.param(1, [1], id="one"),
        pytest.param(-1, [3], id="the last"),
        pytest.param(np.int64(2), [2], id="numpy integer"),
        pytest.param(slice(0, 2), [0, 1], id="slice"),
        pytest.param(slice(None, None, -1), [3, 2, 1, 0], id="reversed"),
        pytest.param(np.array([True, False, False, True]), [0, 3], id="mask"),
        pytest.param(np.array([3, 0, 0]), [3, 0, 0], id="indices"),
        pytest.param(np.array([], int), [], id="nobody"),
        pytest.param(slice(5, 9), [], id="slice beyond the end"),
    ],
)
def test_indexing_chooses_people_and_keeps_the_rest(index: Any, expected: list[int]) -> None:
    chosen = poses_of(4)[index]
    assert isinstance(chosen, Poses)
    assert people(chosen) == expected
    assert chosen.keypoints[:, 3, 1].tolist() == expected
    assert chosen.track_ids is not None
    assert (chosen.track_ids - 100).tolist() == expected
    assert (chosen.frame_index, chosen.time_s, chosen.skeleton) == (12, 0.4, COCO17)


def test_indexing_before_tracking_gives_no_tracks() -> None:
    assert poses_of(3, tracked=False)[1].track_ids is None


@pytest.mark.parametrize("index", [4, -5])
def test_nobody_beyond_the_last(index: int) -> None:
    with pytest.raises(IndexError):
        poses_of(4)[index]


def test_iterating_visits_everybody_once() -> None:
    assert [people(person) for person in poses_of(3)] == [[0], [1], [2]]


def test_nobody_is_a_valid_result() -> None:
    nobody = Poses.empty(COCO17)
    assert len(nobody) == 0
    assert len(nobody[nobody.person_scores > 0.5]) == 0
    assert nobody.visible(0.3).shape == (0, 17)


@pytest.mark.parametrize(
    ("field", "shape", "message"),
    [
        pytest.param("keypoints", (2, 16, 2), r"keypoints has shape \(2, 16, 2\), expected \(2, 17, 2\)", id="K"),
        pytest.param("keypoints", (2, 17, 3), r"keypoints has shape \(2, 17, 3\)", id="D"),
        pytest.param("scores", (1, 17), r"scores has shape \(1, 17\), expected \(2, 17\)", id="N"),
        pytest.param("boxes", (2, 5), r"boxes has shape \(2, 5\), expected \(2, 4\)", id="boxes"),
        pytest.param("person_scores", (2, 1), r"person_scores has shape \(2, 1\), expected \(2,\)", id="column"),
        pytest.param("track_ids", (3,), r"track_ids has shape \(3,\), expected \(2,\)", id="tracks"),
    ],
)
def test_arrays_that_disagree_are_refused(field: str, shape: tuple[int, ...], message: str) -> None:
    changes: dict[str, Any] = {field: np.zeros(shape)}
    with pytest.raises(ShapeError, match=message):
        replace(poses_of(2), **changes)


def test_visible_needs_a_score_and_coordinates() -> None:
    poses = poses_of(1)
    scores, keypoints = np.full((1, 17), 0.5, np.float32), poses.keypoints.copy()
    scores[0, 1] = 0.29
    keypoints[0, 2, 1] = np.nan
    visible = replace(poses, scores=scores, keypoints=keypoints).visible(0.3)
    assert np.flatnonzero(~visible[0]).tolist() == [1, 2]
    assert replace(poses, scores=scores).visible(0.5)[0, 0]  # at the limit is visible


def test_it_is_frozen_and_compares_by_identity() -> None:
    poses = poses_of(1)
    with pytest.raises(FrozenInstanceError):
        poses.time_s = 1.0  # type: ignore[misc]
    assert poses == poses
    assert poses != poses_of(1)


@pytest.mark.parametrize(
    ("time_s", "expected"),
    [
        (None, "Poses(2 people x 17 keypoints of coco17)"),
        (0.4, "Poses(2 people x 17 keypoints of coco17, time_s=0.400)"),
    ],
)
def test_it_says_in_a_line_what_it_is(time_s: float | None, expected: str) -> None:
    assert repr(replace(poses_of(2), time_s=time_s)) == expected


def test_positions_in_metres_go_with_their_people() -> None:
    world = np.arange(4, dtype=np.float32)[:, None, None] * np.ones((4, 17, 3), np.float32)
    poses = replace(poses_of(4), world=world)
    chosen = poses[np.array([3, 1])]
    assert chosen.world is not None
    assert chosen.world[:, 5, 2].tolist() == [3, 1]
    assert poses_of(4)[:2].world is None
    assert [one.world.shape for one in poses if one.world is not None] == [(1, 17, 3)] * 4


def test_positions_of_another_shape_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"world has shape \(2, 17, 3\), expected \(3, 17, 3\)"):
        replace(poses_of(3), world=np.zeros((2, 17, 3), np.float32))
