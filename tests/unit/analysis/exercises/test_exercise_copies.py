"""The same movement filmed otherwise: fewer frames, a limb at the edge of the picture, a long noisy pause."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gonio.analysis.exercises import LiveCounter, analyse_exercise, load_exercise
from gonio.analysis.exercises.stretches import centre_s, rest_level
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence

if TYPE_CHECKING:
    from tests.unit.analysis.exercises.conftest import Figure, Waves


@pytest.mark.parametrize("fps", [60, 30, 15, 10])
def test_fast_repetitions_count_at_any_frame_rate(figure: "type[Figure]", wave: "Waves", fps: float) -> None:
    sequence = figure().push_up(*wave(5, period_s=0.5, fps=fps))
    assert len(analyse_exercise(sequence, load_exercise("push-up")).repetitions) == 5


def test_a_hand_seen_now_and_then_elsewhere_stays_in_place(figure: "type[Figure]", wave: "Waves") -> None:
    """One hand is nearer to the camera, so lower in the picture; their mean would jump whenever it is not seen."""
    sequence = figure().push_up(*wave(3))
    left_wrist = sequence.skeleton.index("left_wrist")
    keypoints, scores = sequence.keypoints.copy(), sequence.scores.copy()
    keypoints[:, :, left_wrist, 1] += 180
    scores[::2, :, left_wrist] = 0
    changed = replace(sequence, keypoints=keypoints, scores=scores)
    assert len(analyse_exercise(changed, load_exercise("push-up")).repetitions) == 3


def test_feet_that_the_picture_cuts_off_are_not_counted_on(figure: "type[Figure]", wave: "Waves") -> None:
    sequence = figure(yaw_deg=90).squat(*wave(3))
    keypoints, scores = sequence.keypoints.copy(), sequence.scores.copy()
    rng = np.random.default_rng(0)
    for name in ("left_ankle", "right_ankle"):
        keypoints[:, :, sequence.skeleton.index(name), 1] -= rng.uniform(0, 40, (len(sequence), 1))
        scores[:, :, sequence.skeleton.index(name)] = 0.25
    analysis = analyse_exercise(replace(sequence, keypoints=keypoints, scores=scores), load_exercise("squat"))
    assert "knee_hip_height" in {series.name for series in analysis.series}
    assert len(analysis.repetitions) == 3
    assert analysis.facts["signal"] == "height of knee over hip"
    # Oracle: a thigh that leans by 50 deg is 1 - cos(50 deg) less high, as much as the whole leg is shorter.
    assert analysis.measure("range").value == pytest.approx(100 * (1 - np.cos(np.radians(50))), abs=3)
    assert {one.unit for one in analysis.repetitions} == {"%"}


def test_a_single_error_in_the_pause_does_not_move_the_start(figure: "type[Figure]", wave: "Waves") -> None:
    time_s, depth = wave(1, rest_s=2.0)
    steady = 0.35 + 0.65 * depth
    spoilt = np.where((time_s > 0.4) & (time_s < 0.55), 0.0, steady)
    starts = [
        analyse_exercise(figure().squat(time_s, values), load_exercise("squat")).repetitions[0].start_s
        for values in (steady, spoilt)
    ]
    assert starts[1] == pytest.approx(starts[0], abs=0.05)


def test_the_centre_of_a_broken_peak_is_its_middle() -> None:
    time_s = np.arange(0, 2.01, 0.1)
    values = np.where((time_s > 0.45) & (time_s < 1.55), 10.0, 0.0)
    values[7] = 8.0
    assert centre_s(time_s, values, 9.0) == pytest.approx(1.0, abs=0.06)


def test_the_rest_is_not_its_lowest_sample() -> None:
    values = np.concatenate([np.linspace(50, 1, 20), np.tile([1.0, -1.0], 20), [-20.0], np.linspace(-1, 50, 20)])
    assert rest_level(values, 50, near=0.1) == pytest.approx(0, abs=1.1)


@pytest.mark.parametrize(("periods", "during", "finished"), [(2.5, 2, 3), (2.2, 2, 2), (0.5, 0, 1), (3.0, 3, 3)])
def test_the_live_count_at_the_end_has_the_repetition_that_was_cut_off(
    figure: "type[Figure]", wave: "Waves", periods: float, during: int, finished: int
) -> None:
    time_s, depth = wave(periods)
    shown = time_s <= 0.5 + 2.0 * periods
    sequence = figure().squat(time_s[shown], depth[shown])
    counter = LiveCounter(load_exercise("squat"))
    counts = [counter.step(_poses(sequence, step), float(time)).count for step, time in enumerate(sequence.time_s)]
    assert counts[-1] == during
    assert counter.finish().count == finished
    assert counter.finish().count == finished


def _poses(sequence: PoseSequence, step: int) -> Poses:
    boxes, sure = np.zeros((1, 4), np.float32), np.ones(1, np.float32)
    return Poses(sequence.keypoints[step], sequence.scores[step], boxes, sure, sequence.skeleton)
