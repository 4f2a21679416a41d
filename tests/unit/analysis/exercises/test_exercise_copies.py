"""The same movement filmed otherwise: fewer frames, a limb at the edge of the picture, a long noisy pause."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gonio.analysis.exercises import LiveCounter, analyse_exercise, load_exercise
from gonio.analysis.exercises.stretches import centre_s, pause
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
    sequence = figure(yaw_deg=90).squat(*wave(3), follows=0.45)
    keypoints, scores = sequence.keypoints.copy(), sequence.scores.copy()
    rng = np.random.default_rng(0)
    for name in ("left_ankle", "right_ankle"):
        keypoints[:, :, sequence.skeleton.index(name), 1] -= rng.uniform(0, 40, (len(sequence), 1))
        scores[:, :, sequence.skeleton.index(name)] = 0.25
    analysis = analyse_exercise(replace(sequence, keypoints=keypoints, scores=scores), load_exercise("squat"))
    assert "hip_knee_lowering" in {series.name for series in analysis.series}
    assert len(analysis.repetitions) == 3
    assert analysis.facts["signal"] == "lowering of hip, knee"
    # Oracle: knees bent by 100 deg.
    assert analysis.measure("range").value == pytest.approx(100 * (1 - np.cos(np.radians(50))), abs=3)
    assert {one.unit for one in analysis.repetitions} == {"%"}


@pytest.mark.parametrize("yaw", [0, 90])
@pytest.mark.parametrize("deepest_deg", [62, 75, 95, 130])
def test_squats_are_judged_alike_without_feet(
    figure: "type[Figure]", wave: "Waves", yaw: float, deepest_deg: float
) -> None:
    """Of people who squat the shank tilts less than the thigh. From the front, hips behind the feet are not seen."""
    sequence = figure(yaw_deg=yaw).squat(*wave(4), deepest_deg=deepest_deg, follows=0.45)
    _same_without_feet(sequence, "squat", repetitions=4, within=4 if yaw else 0.5)


def test_standing_up_is_judged_alike_without_feet(figure: "type[Figure]", wave: "Waves") -> None:
    """Seated, the shank is nearly upright. Whoever hardly leaves the seat has not stood up."""
    time_s, depth = wave(4)
    whole = figure().squat(time_s, 1 - depth, deepest_deg=95, follows=0.05)
    _same_without_feet(whole, "sit-to-stand-5x", repetitions=4, within=3.5)
    part = figure().squat(time_s, 1 - 0.35 * depth, deepest_deg=95, follows=0.05)
    _same_without_feet(part, "sit-to-stand-5x", repetitions=4, within=3.5)


def _same_without_feet(sequence: PoseSequence, name: str, *, repetitions: int, within: float) -> None:
    scores = sequence.scores.copy()
    scores[:, :, [sequence.skeleton.index(f"{side}_ankle") for side in ("left", "right")]] = 0
    seen, unseen = (analyse_exercise(one, load_exercise(name)) for one in (sequence, replace(sequence, scores=scores)))
    assert unseen.facts["signal"] == "lowering of hip, knee"
    assert len(seen.repetitions) == len(unseen.repetitions) == repetitions
    assert unseen.measure("range").value == pytest.approx(seen.measure("range").value, abs=within)
    short = [["incomplete_range" in one.faults for one in analysis.repetitions] for analysis in (seen, unseen)]
    assert short[0] == short[1]


def test_balance_asks_of_the_shank_what_the_squat_says() -> None:
    """The centre of mass stays where it is, over the feet, and the trunk is parallel to the shank.

    Oracle: masses and centres of D. A. Winter, Biomechanics and Motor Control of Human Movement, 4th ed. 2009, table
    4.1 (both legs 0.093 of the body's mass, both thighs 0.2, all above 0.678), lengths of figure 4.1.
    """
    thigh_deg = np.array([43.0, 60.0, 90.0])
    shank, thigh, trunk = 0.246, 0.245, 0.288
    forward = 0.093 * 0.567 * shank + 0.2 * shank + 0.678 * (shank + 0.626 * trunk)
    backward = 0.2 * 0.567 * thigh + 0.678 * thigh
    ratios = np.degrees(np.arcsin(backward / forward * np.sin(np.radians(thigh_deg)))) / thigh_deg
    assert ratios == pytest.approx([0.51, 0.48, 0.37], abs=0.01)
    assert load_exercise("squat").signals[1].follows == pytest.approx(ratios.mean(), abs=0.01)


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
    assert pause(values, 50, near=0.1).level == pytest.approx(0, abs=1.1)


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
