"""What the sides mostly are in a posture, and that it decides where motion alone does not."""

import numpy as np
import pytest
from benchmarks.motion.moving_people import exercise, with_model_noise
from benchmarks.motion.side_swaps import NOISE, Tally, compare, height_px, plant, repaired_in

from gonio.analysis.side_habit import side_habit
from gonio.arrays import BoolArray, FloatArray64
from gonio.structures.sequence import PoseSequence

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
        truth = exercise("high knees", "left", 30.0, duration_s=8.0)
        spoilt, mask = plant(with_model_noise(truth, rng, NOISE), "whole body", rng)
        tally.add(compare(repaired_in(spoilt), mask, truth, NOISE * height_px(truth)))
    assert tally.found >= 0.93 * tally.planted
    assert tally.wrong <= 0.05 * tally.planted


def test_the_benchmark_judges_no_limb_that_is_not_in_the_picture() -> None:
    whole = exercise("squat", "frontal", 30.0, duration_s=2.0)
    cut = exercise("squat", "frontal", 30.0, duration_s=2.0)
    cut.keypoints[:, :, [whole.skeleton.index("left_hip"), whole.skeleton.index("right_hip")]] = np.nan
    nothing = np.zeros(whole.scores.shape, bool)
    assert compare(nothing, nothing, whole, 1.0).judged == 2 * len(whole)
    assert compare(nothing, nothing, cut, 1.0).judged == len(cut)


def _legs(apart_px: FloatArray64) -> PoseSequence:
    """A person whose left knee and ankle are so far beside the right ones; the arms are always apart."""
    clean = exercise("squat", "frontal", 30.0, duration_s=2.0)
    legs = np.array([clean.skeleton.index(f"left_{joint}") for joint in ("hip", "knee", "ankle")])
    clean.keypoints[:, :, legs] = clean.keypoints[:, :, legs + 1]
    clean.keypoints[:, 0, legs[1:], 0] += apart_px[:, None]
    return clean


def _planted(clean: PoseSequence, start: int, end: int) -> BoolArray:
    mask = np.zeros(clean.scores.shape, bool)
    mask[start:end, :, 11:17] = True
    return mask


@pytest.mark.parametrize(
    ("start", "end", "planted", "no_truth"),
    [
        pytest.param(18, 42, 0, 20, id="from rest to rest"),
        pytest.param(18, 38, 18, 0, id="to before the rest"),
        pytest.param(22, 42, 18, 0, id="from after the rest"),
    ],
)
def test_the_benchmark_judges_what_can_be_known(start: int, end: int, planted: int, no_truth: int) -> None:
    frame = np.arange(60.0)
    clean = _legs(np.where(((frame >= 20) & (frame < 40)) | (frame >= 50), 50.0, 0.0))
    mask = _planted(clean, start, end)
    tally = compare(np.zeros_like(mask), mask, clean, 1.0)
    assert (tally.planted, tally.no_truth) == (planted, no_truth)
    assert compare(mask, mask, clean, 1.0).no_truth_found == no_truth


def test_the_benchmark_judges_crossings_that_are_no_rests() -> None:
    clean = _legs(20.0 * (np.arange(60.0) % 15 - 7))
    assert compare(_planted(clean, 0, 0), _planted(clean, 8, 22), clean, 1.0).planted == 14
    assert compare(_planted(clean, 0, 0), _planted(clean, 7, 23), clean, 1.0).no_truth == 0


def test_the_benchmark_takes_noise_for_no_distance() -> None:
    """Arms that hang, seen from the side: what is apart by noise alone has no sides to find."""
    clean = exercise("lunge", "left", 30.0, duration_s=4.0)
    nothing = np.zeros(clean.scores.shape, bool)
    sd = NOISE * height_px(clean)
    legs_alone = int(_apart(clean, slice(11, 17), sd).sum())
    assert compare(nothing, nothing, clean, sd).judged == legs_alone
    trembling = np.full(clean.scores[:, 0].shape, sd)
    trembling[:, 11:17] = 1000.0
    assert compare(nothing, nothing, clean, trembling).judged == 0


def _apart(clean: PoseSequence, keypoints: slice, sd: float) -> BoolArray:
    points = clean.keypoints[:, 0, keypoints]
    between = np.linalg.norm(points[:, ::2] - points[:, 1::2], axis=-1)
    return np.asarray((between > 3 * np.sqrt(2) * sd).any(axis=1))


def test_a_long_recording_is_compared_in_parts_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    points = _limb(np.full(len(TIME_S), 0.3))
    points[100:104] = points[100:104, ::-1]
    whole = side_habit(points, NOISE_VARIANCE, TIME_S, apart_s=0.5)
    monkeypatch.setattr("gonio.analysis.side_habit._AT_ONCE", 37)
    np.testing.assert_array_equal(side_habit(points, NOISE_VARIANCE, TIME_S, apart_s=0.5), whole)
