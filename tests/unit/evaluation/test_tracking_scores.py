"""Scores of tracking against a scene counted by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from gonio.errors import ConfigError, ShapeError
from gonio.evaluation.tracking import TrackingScores, scores_of_ids, tracking_scores
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO17 = load_skeleton("coco17")


def score(*frames: tuple[str, str, dict[str, float]], min_similarity: float = 0.5) -> TrackingScores:
    """Frames as ``("AB", "12", {"A1": 0.9, "B2": 0.8})``: true ids, found ids, similarities above 0."""
    similarities = [np.array([[alike.get(a + b, 0.0) for b in found] for a in true]) for true, found, alike in frames]
    return scores_of_ids(
        [np.array([ord(a) for a in true], np.int64) for true, _, _ in frames],
        [np.array([int(b) for b in found], np.int64) for _, found, _ in frames],
        [s.reshape(len(t), len(f)) for s, (t, f, _) in zip(similarities, frames, strict=True)],
        min_similarity=min_similarity,
    )


def test_a_scene_counted_by_hand() -> None:
    """Six frames of A and B.

    ===== ================= ========================================
    frame found             counted
    ===== ================= ========================================
    1     A as 1, B as 2
    2     A as 1            B missed
    3     A as 1, B as 2    B found again: fragmentation
    4     A as 2, B as 1    two switches: they met and changed ids
    5     A as 2, B as 1, 7 7 is nobody: false alarm
    6     A as 2            B missed
    ===== ================= ========================================

    12 people, 2 missed, 1 false alarm, 2 switches: MOTA = 1 - 5/12. Ids were together: A1 3, A2 3, B2 2, B1 2 frames;
    the best pairing has 3 + 2 = 5; 11 found: IDF1 = 10/23.
    """
    scores = score(
        ("AB", "12", {"A1": 0.9, "B2": 0.9}),
        ("AB", "1", {"A1": 0.9}),
        ("AB", "12", {"A1": 0.9, "B2": 0.9}),
        ("AB", "12", {"A2": 0.9, "B1": 0.9}),
        ("AB", "127", {"A2": 0.9, "B1": 0.9, "A7": 0.4}),
        ("AB", "2", {"A2": 0.9}),
    )
    assert scores == TrackingScores(
        people=12, misses=2, false_alarms=1, id_switches=2, fragmentations=1, id_matches=5, found=11
    )
    assert scores.mota == pytest.approx(7 / 12)
    assert scores.idf1 == pytest.approx(10 / 23)


def test_a_pair_stays_while_it_is_alike_enough() -> None:
    """CLEAR MOT: a better candidate is no reason to count a switch."""
    scores = score(("A", "1", {"A1": 0.9}), ("A", "12", {"A1": 0.6, "A2": 0.9}))
    assert (scores.id_switches, scores.false_alarms) == (0, 1)


def test_a_switch_counts_after_a_gap_and_leaving_is_no_fragmentation() -> None:
    gap = score(("A", "1", {"A1": 1.0}), ("A", "", {}), ("A", "2", {"A2": 1.0}))
    assert (gap.id_switches, gap.fragmentations) == (1, 1)
    away = score(("A", "1", {"A1": 1.0}), ("", "", {}), ("A", "1", {"A1": 1.0}))
    assert (away.id_switches, away.fragmentations) == (0, 0)


def test_as_many_pairs_as_possible_are_made() -> None:
    assert score(("AB", "12", {"A1": 0.9, "A2": 0.5, "B1": 0.5})).misses == 0


def test_perfect_and_nothing() -> None:
    perfect = score(*[("AB", "12", {"A1": 1.0, "B2": 1.0})] * 3)
    assert (perfect.mota, perfect.idf1) == (1.0, 1.0)
    nobody = score(("", "", {}))
    assert math.isnan(nobody.mota)
    assert math.isnan(nobody.idf1)
    assert score(("A", "", {})).mota == 0


def one(x: float, track_id: int | None) -> Poses:
    keypoints = np.arange(34, dtype=np.float32).reshape(1, 17, 2) + np.array([x, 0], np.float32)
    ids = None if track_id is None else np.array([track_id], np.int64)
    return Poses(
        keypoints,
        np.ones((1, 17), np.float32),
        np.array([[x, 0, x + 33, 34]], np.float32),
        np.ones(1, np.float32),
        COCO17,
        ids,
    )


@pytest.mark.parametrize("by", ["oks", "iou"])
def test_poses_are_paired_by_keypoints_or_boxes(by: str) -> None:
    truth, found = [one(0, 1), one(5, 1)], [one(0.5, 4), one(500, 4)]
    scores = tracking_scores(truth, found, by="oks" if by == "oks" else "iou")
    assert (scores.misses, scores.false_alarms, scores.id_matches) == (1, 1, 1)


def test_errors_name_the_frame() -> None:
    with pytest.raises(ConfigError, match="1 true and 2 found frames"):
        tracking_scores([one(0, 1)], [one(0, 1)] * 2)
    with pytest.raises(ConfigError, match="the found frame 3 has no track_ids"):
        tracking_scores([one(0, 1)], [replace(one(0, None), frame_index=3)])
    with pytest.raises(ConfigError, match=r"frame 0 has an id twice: \[1, 1\]"):
        score(("A", "11", {}))
    with pytest.raises(ConfigError, match=r"between 0 and 1, got 1\.5"):
        score(("A", "1", {}), min_similarity=1.5)
    with pytest.raises(ShapeError, match="similarities of frame 0"):
        scores_of_ids([np.array([1])], [np.array([1])], [np.ones((2, 1))])
