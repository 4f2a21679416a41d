import math
from dataclasses import replace

import numpy as np
import pytest

from gonio.errors import ConfigError
from gonio.evaluation.matching import KeypointErrors
from gonio.evaluation.pck import end_point_error, joint_errors, pck, pck_curve
from gonio.structures.skeleton import Skeleton

NAN = math.nan
TWO = Skeleton("two", ("nose", "tail"), ((0, 1),), (0, 1), (0.1, 0.1))


def errors_of(distances: list[list[float]], labelled: list[list[int]], torso: list[float]) -> KeypointErrors:
    return KeypointErrors(np.array(distances, float), np.array(labelled, bool), np.array(torso, float))


# three people: a torso of 100 px, one of 50 px and a keypoint missed, a torso that is not labelled
THREE = errors_of([[20, 20.1], [NAN, 4], [1, 3]], [[1, 1], [1, 1], [1, 1]], [100, 50, NAN])


def test_correct_is_at_most_the_threshold() -> None:
    score = pck(THREE, threshold=0.2)
    assert score.pck == 50  # 20 of 100 is right, 20.1 is not; a missing one is not; 4 of 50 is
    assert (score.keypoints, score.missed, score.people, score.without_torso) == (4, 1, 2, 1)


def test_unlabelled_keypoints_do_not_count() -> None:
    score = pck(errors_of([[1, NAN]], [[1, 0]], [100]))
    assert (score.pck, score.keypoints, score.missed) == (100, 1, 0)


def test_without_any_torso_pck_is_nan() -> None:
    score = pck(errors_of([[1, 1]], [[1, 1]], [NAN]))
    assert math.isnan(score.pck)
    assert score.without_torso == 1


@pytest.mark.parametrize("threshold", [0, -0.2, NAN, math.inf])
def test_a_threshold_must_be_positive(threshold: float) -> None:
    with pytest.raises(ConfigError, match="positive number of torso lengths, got"):
        pck(THREE, threshold=threshold)


def test_each_joint_has_its_own_row() -> None:
    nose, tail = joint_errors(THREE, TWO)
    assert (nose.name, nose.labelled, nose.missed) == ("nose", 3, 1)
    assert (nose.mean_px, nose.median_px) == (
        10.5,
        10.5,
    )  # of 20 and 1: missing ones are counted, not averaged
    assert (nose.mean_torso, nose.median_torso) == (0.2, 0.2)  # only where there is a torso
    assert nose.pck == 50
    assert tail.mean_px == pytest.approx(27.1 / 3)
    assert tail.median_px == 4
    assert tail.mean_torso == pytest.approx((0.201 + 0.08) / 2)


def test_a_joint_never_labelled_is_nan() -> None:
    _, tail = joint_errors(errors_of([[1, NAN]], [[1, 0]], [100]), TWO)
    assert (tail.labelled, tail.missed) == (0, 0)
    assert all(math.isnan(value) for value in (tail.mean_px, tail.median_px, tail.mean_torso, tail.pck))


def test_the_area_under_the_curve_is_exact() -> None:
    """By hand: errors of 0, 0.25 and 0.5 of a torso leave 1, 1/2 and 0 of the area; one missed leaves 0."""
    curve = pck_curve(errors_of([[0, 25, 50, NAN]], [[1, 1, 1, 1]], [100]))
    assert curve.auc == pytest.approx(100 * 1.5 / 4)
    assert (curve.thresholds[0], curve.thresholds[-1]) == (0, 0.5)
    assert curve.pck[0] == 25
    assert curve.pck[25] == 50  # at 0.25, which is still near enough
    assert curve.pck[-1] == 75


def test_the_curve_agrees_with_pck() -> None:
    curve = pck_curve(THREE)
    for threshold, value in zip(curve.thresholds[1:], curve.pck[1:], strict=True):
        assert value == pck(THREE, threshold=threshold).pck


def test_a_curve_of_nothing_is_nan() -> None:
    curve = pck_curve(errors_of([[1, 1]], [[1, 1]], [NAN]))
    assert math.isnan(curve.auc)
    assert all(math.isnan(value) for value in curve.pck)


def test_the_end_point_error_is_over_what_was_predicted() -> None:
    distance = end_point_error(THREE)
    assert distance.mean_px == pytest.approx((20 + 20.1 + 4 + 1 + 3) / 5)
    assert distance.median_px == 4
    assert distance.p95_px == pytest.approx(20.08)  # 0.8 of the way from the fourth to the fifth
    assert (distance.keypoints, distance.missed) == (5, 1)


def test_the_end_point_error_of_nothing_is_nan() -> None:
    distance = end_point_error(errors_of([[NAN]], [[1]], [100]))
    assert math.isnan(distance.mean_px)
    assert math.isnan(distance.p95_px)
    assert distance.missed == 1


def test_by_the_box_there_are_no_torso_lengths() -> None:
    boxed = KeypointErrors(THREE.distances_px, THREE.labelled, THREE.unit_px, "box")
    assert pck(boxed) == replace(pck(THREE), unit="box")
    nose, _ = joint_errors(boxed, TWO)
    assert math.isnan(nose.mean_torso)
    assert nose.pck == 50
    with pytest.raises(ConfigError, match="number of box lengths"):
        pck(boxed, threshold=0)
