import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gonio.errors import ConfigError, ShapeError
from gonio.evaluation.matching import matched_people
from gonio.evaluation.reliability import ScoredKeypoints, reliability, scored_keypoints
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses

Label = Callable[..., Annotations]
PoseOf = Callable[..., Poses]


def test_by_hand() -> None:
    """Two bins: scores 0.2 and 0.4 with one of two right, 0.9 and 0.7 with both: |0.3 - 0.5| / 2 + |0.8 - 1| / 2."""
    measured = reliability(np.array([0.2, 0.4, 0.9, 0.7]), np.array([False, True, True, True]), bins=2)
    low, high = measured.bins
    assert [low.mean_score, high.mean_score] == pytest.approx([0.3, 0.8])
    assert (low.keypoints, low.correct, high.keypoints, high.correct) == (2, 0.5, 2, 1)
    assert measured.ece == pytest.approx(0.2)
    assert measured.brier == pytest.approx((0.04 + 0.36 + 0.01 + 0.09) / 4)
    assert measured.correct == 0.75


def test_a_score_of_one_is_in_the_last_bin() -> None:
    measured = reliability(np.array([0.0, 1.0]), np.array([False, True]))
    assert [one.keypoints for one in measured.bins] == [1, *[0] * 8, 1]
    assert (measured.ece, measured.brier) == (0, 0)
    assert math.isnan(measured.bins[4].correct)


def test_nothing_is_nan() -> None:
    measured = reliability(np.zeros(0), np.zeros(0, bool))
    assert math.isnan(measured.ece)
    assert math.isnan(measured.brier)


@pytest.mark.parametrize("scores", [[1.1], [-0.1], [math.nan]], ids=str)
def test_scores_must_be_scores(scores: list[float]) -> None:
    with pytest.raises(ConfigError, match="scores from 0 to 1"):
        reliability(np.array(scores), np.array([True]))


def test_right_is_an_oks_term_of_half(label: Label, pose_of: PoseOf) -> None:
    """By hand: area 20000, sigma of the nose 0.026: right up to 2 * 0.026 * sqrt(20000) * sqrt(2 ln 2) = 8.659 px."""
    labels = label()
    limit = 2 * 0.026 * math.sqrt(20_000) * math.sqrt(2 * math.log(2))
    assert limit == pytest.approx(8.659, abs=1e-3)
    for moved, right in ((limit - 0.01, True), (limit + 0.01, False)):
        keypoints = labels.keypoints.copy()
        keypoints[0, 0, 0] += moved
        scored = scored_keypoints(matched_people([labels], [replace(pose_of(labels), keypoints=keypoints)]))
        assert bool(scored.correct[0]) is right
        assert scored.correct[1:].all()
        assert scored.errors[0] == pytest.approx(moved / math.sqrt(20_000), rel=1e-4)


def test_only_what_can_be_judged_counts(label: Label, pose_of: PoseOf) -> None:
    labels = label([(0, 0), (300, 0), (600, 0)])
    visibility, keypoints = labels.visibility.copy(), labels.keypoints.copy()
    visibility[0, :4], keypoints[1, :2] = 0, np.nan
    labels = replace(labels, visibility=visibility)
    found = replace(pose_of(labels, [0.9, 0.8, 0.1]), keypoints=keypoints)
    people = matched_people([labels], [found])
    scored = scored_keypoints(people, min_person_score=0.5)
    assert len(scored) == 13 + 15  # without 4 unlabelled, 2 not predicted, and a person of a low score
    assert scored.correct.all()
    strict = scored_keypoints(people, min_person_score=0.5, unlabelled_wrong=True)
    assert len(strict) == 17 + 15
    assert (~strict.correct).sum() == np.isnan(strict.errors).sum() == 4


def test_a_pose_without_a_box_has_no_relative_error(label: Label, pose_of: PoseOf) -> None:
    found = replace(pose_of(label()), boxes=np.full((1, 4), np.nan, np.float32))
    scored = scored_keypoints(matched_people([label()], [found]))
    assert np.isnan(scored.errors).all()
    assert len(scored) == 17


def test_lengths_must_agree() -> None:
    with pytest.raises(ShapeError, match="differ in length"):
        ScoredKeypoints(np.zeros(2), np.zeros(2, bool), np.zeros(1), np.zeros(2, np.int64))
