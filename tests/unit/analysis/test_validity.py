import numpy as np
import pytest
from benchmarks.motion.jointed_person import jointed_person, seen

from gonio.analysis.angles import angle_series
from gonio.analysis.series import Reason
from gonio.analysis.validity import blame, keypoint_reasons, out_of_plane, too_small


def test_low_scores_and_missing_keypoints() -> None:
    sequence = seen(jointed_person(3))
    sequence.scores[0, 0, 5] = 0.2
    sequence.keypoints[1, 0, 5] = np.nan
    assert keypoint_reasons(sequence, 0.3)[:, 5].tolist() == [Reason.LOW_SCORE, Reason.MISSING, 0]


@pytest.mark.parametrize(
    ("length", "sd", "unit", "expected"),
    [(7.0, np.nan, "px", True), (9.0, np.nan, "px", False), (9.0, 4.0, "px", True), (0.1, np.nan, "m", False)],
)
def test_too_small(length: float, sd: float, unit: str, expected: bool) -> None:
    assert too_small(np.array([length]), np.array([sd]), unit=unit).tolist() == [expected]


def test_a_segment_is_held_against_its_own_length() -> None:
    length = np.array([10.0] * 40 + [6.0, 8.0, np.nan])
    assert np.flatnonzero(out_of_plane(length, np.ones(43, np.bool_))).tolist() == [40]
    assert not out_of_plane(length, np.zeros(43, np.bool_)).any()


def test_a_thigh_that_points_at_the_camera_is_out_of_plane() -> None:
    person = jointed_person(40, knee_flexion=20.0, hip_flexion=15.0, hip_abduction=np.repeat([0.0, 60.0], [30, 10]))
    found = angle_series(seen(person), "knee_flexion", side="right")
    assert (found.reasons[30:] == Reason.OUT_OF_PLANE).all()
    assert found.valid[:30].all()
    assert found.why == "right thigh out of plane"


def test_the_wrong_view_excludes_everything() -> None:
    found = angle_series(seen(jointed_person(40), camera="front"), "knee_flexion", side="right")
    assert (found.reasons & Reason.OUT_OF_PLANE).all()
    found = angle_series(seen(jointed_person(40, knee_flexion=20.0)), "knee_valgus", side="right")
    assert (found.reasons & Reason.OUT_OF_PLANE).all()


def test_somebody_far_away_is_too_small() -> None:
    far = seen(jointed_person(10, knee_flexion=20.0), px_per_m=12.0)
    assert (angle_series(far, "knee_flexion", side="right").reasons == Reason.TOO_SMALL).all()


def test_the_worst_is_blamed() -> None:
    reasons = np.array([[0, Reason.LOW_SCORE], [Reason.MISSING, Reason.LOW_SCORE]], np.uint8)
    assert blame(reasons, ("left hip", "left knee")) == "left knee hidden or doubtful"
    assert blame(reasons * 0, ("left hip", "left knee")) == ""


def test_a_segment_and_its_end_may_go_by_one_name() -> None:
    """The hand is a point and the segment that ends in it: what is missing is not forgotten for the other's sake."""
    reasons = np.array([[Reason.MISSING, 0]] * 3, np.uint8)
    assert blame(reasons, ("left hand", "left hand")) == "left hand not found"
