"""What the sides mostly are in a posture, and that it decides where motion alone does not."""

import numpy as np
import pytest
from benchmarks.motion.moving_people import exercise, with_model_noise
from benchmarks.motion.side_swaps import NOISE, Tally, compare, height_px, plant, repaired_in

from gonio.analysis.side_habit import side_habit
from gonio.arrays import FloatArray64

TIME_S = np.arange(0, 8, 1 / 25)
NOISE_VARIANCE = np.full(2, 0.02**2)


def _limb(apart: FloatArray64) -> FloatArray64:
    """``(T, 2, 2, 2)``: a joint at the trunk, and one that goes up and down twice a second, its sides so far apart."""
    points = np.zeros((len(TIME_S), 2, 2, 2))
    points[:, :, 1, 1] = (1 - np.cos(2 * np.pi * TIME_S))[:, None]
    points[:, 0, 1, 0], points[:, 1, 1, 0] = apart / 2, -apart / 2
    return points


def test_a_frame_unlike_all_others_of_its_posture_is_doubtful() -> None:
    points = _limb(np.full(len(TIME_S), 0.3))
    points[100:104] = points[100:104, ::-1]
    habit = side_habit(points, NOISE_VARIANCE, TIME_S, apart_s=0.5)[:, 1]
    assert (habit[100:104] < -0.5).all()
    assert (np.delete(habit, np.arange(100, 104)) > 0.5).all()


def test_sides_that_change_places_say_nothing() -> None:
    habit = side_habit(_limb(0.3 * np.sign(np.sin(np.pi * TIME_S))), NOISE_VARIANCE, TIME_S, apart_s=0.5)
    assert np.abs(habit[:, 1]).max() < 0.4


def test_sides_that_depend_on_the_posture_are_known_in_each() -> None:
    """As those of arms from the side: below the camera the nearer one is lower, above it higher."""
    points = _limb(0.3 * np.sign(np.cos(2 * np.pi * TIME_S) + 1e-9))
    habit = side_habit(points, NOISE_VARIANCE, TIME_S, apart_s=0.5)[:, 1]
    assert np.median(habit) > 0.6


def test_what_is_missing_and_what_is_never_alike_say_nothing() -> None:
    points = _limb(np.full(len(TIME_S), 0.3))
    points[:, :, 1, 1] = 10 * TIME_S[:, None]
    points[5] = np.nan
    habit = side_habit(points, NOISE_VARIANCE, TIME_S, apart_s=0.5)
    assert (habit[5] == 0).all()
    assert np.abs(habit[:, 1]).max() < 0.1


@pytest.mark.parametrize("seed", [0, 1])
def test_exchanges_of_the_whole_body_seen_from_the_side_are_found(seed: int) -> None:
    """Running on the spot: legs and arms pass each other at rest, where motion says little."""
    rng = np.random.default_rng(seed)
    tally = Tally()
    for _ in range(2):
        clean = with_model_noise(exercise("high knees", "left", 30.0, duration_s=8.0), rng, NOISE)
        spoilt, mask = plant(clean, "whole body", rng)
        tally.add(compare(repaired_in(spoilt), mask, clean, NOISE * height_px(clean)))
    assert tally.found >= 0.93 * tally.planted
    assert tally.wrong <= 0.05 * tally.planted


def test_the_benchmark_judges_no_limb_that_is_not_in_the_picture() -> None:
    whole = exercise("squat", "frontal", 30.0, duration_s=2.0)
    cut = exercise("squat", "frontal", 30.0, duration_s=2.0)
    cut.keypoints[:, :, [whole.skeleton.index("left_hip"), whole.skeleton.index("right_hip")]] = np.nan
    nothing = np.zeros(whole.scores.shape, bool)
    assert compare(nothing, nothing, whole, 1.0).judged == 2 * len(whole)
    assert compare(nothing, nothing, cut, 1.0).judged == len(cut)


def test_a_long_recording_is_compared_in_parts_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    points = _limb(np.full(len(TIME_S), 0.3))
    points[100:104] = points[100:104, ::-1]
    whole = side_habit(points, NOISE_VARIANCE, TIME_S, apart_s=0.5)
    monkeypatch.setattr("gonio.analysis.side_habit._AT_ONCE", 37)
    np.testing.assert_array_equal(side_habit(points, NOISE_VARIANCE, TIME_S, apart_s=0.5), whole)
