"""Counting frame by frame gives what counting the recording gives, and nothing that was not seen yet."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gonio.analysis.cleaning import clean
from gonio.analysis.exercises import LiveCounter, LiveState, analyse_exercise, load_exercise
from gonio.analysis.uncertainty import with_uncertainty
from gonio.errors import ConfigError
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence

if TYPE_CHECKING:
    from tests.unit.analysis.exercises.conftest import Figure, Waves

    from gonio.arrays import FloatArray64

Errors = list[tuple[float, float]]


def poses_of(sequence: PoseSequence, step: int) -> Poses:
    return Poses(
        sequence.keypoints[step],
        sequence.scores[step],
        np.zeros((1, 4), np.float32),
        np.ones(1, np.float32),
        sequence.skeleton,
    )


def states(sequence: PoseSequence, name: str, errors: "Errors | None" = None) -> list[LiveState]:
    counter = LiveCounter(load_exercise(name), error_by_score=errors)
    return [counter.step(poses_of(sequence, i), float(t)) for i, t in enumerate(sequence.time_s)]


def test_counts_up_once_a_repetition_on_the_way_back(figure: "type[Figure]", wave: "Waves") -> None:
    time_s, depth = wave(4)
    seen = states(figure(noise_px=1).squat(time_s, depth), "squat")
    risen = time_s[np.flatnonzero(np.diff([state.count for state in seen]))]
    assert seen[-1].count == 4
    assert ((risen > [1.5, 3.5, 5.5, 7.5]) & (risen < [2.5, 4.5, 6.5, 8.5])).all()


def test_phases_follow_the_movement(figure: "type[Figure]", wave: "Waves") -> None:
    phases = [state.phase for state in states(figure().squat(*wave(1)), "squat")]
    order = [phase for i, phase in enumerate(phases) if i == 0 or phase != phases[i - 1]]
    assert order == ["rest", "descent", "ascent", "rest"]


def test_cue_says_what_to_do_better(figure: "type[Figure]", wave: "Waves") -> None:
    time_s, depth = wave(2)
    assert states(figure().squat(time_s, depth, deepest_deg=70), "squat")[-1].cue == "Go deeper"
    assert states(figure().squat(time_s, depth), "squat")[-1].cue == ""


@pytest.mark.parametrize("name", ["squat", "push-up", "pull-up", "dip", "elbow-curl", "jumping-jack"])
def test_walking_and_waving_do_not_count(figure: "type[Figure]", name: str) -> None:
    time_s = np.arange(0, 6, 1 / 30)
    for idle in (figure(noise_px=2).walk(time_s), figure(yaw_deg=90, noise_px=2).wave_hand(time_s)):
        assert states(idle, name)[-1].count == 0


def test_both_arms_together_are_one(figure: "type[Figure]", wave: "Waves") -> None:
    assert states(figure().raise_arms(*wave(3)), "shoulder-flexion")[-1].count == 3


def test_nobody_and_two_people(figure: "type[Figure]", wave: "Waves") -> None:
    sequence = figure().squat(*wave(1))
    counter = LiveCounter(load_exercise("squat"))
    assert counter.step(Poses.empty(sequence.skeleton), 0.0).count == 0
    one = poses_of(sequence, 0)
    two = one[np.array([0, 0])]
    with pytest.raises(ConfigError, match="follows one person, got 2"):
        counter.step(two, 0.1)


def test_hold_runs(figure: "type[Figure]") -> None:
    time_s = np.arange(0, 5, 0.1)
    seen = states(figure().push_up(time_s, 0 * time_s), "plank")
    assert seen[-1].held_s == pytest.approx(4.9)
    assert (seen[-1].phase, seen[0].phase) == ("hold", "rest")


@pytest.mark.parametrize(("rms", "count"), [(0.03, 3), (0.5, 0)])
def test_a_movement_smaller_than_its_own_error_is_none_as_in_a_recording(
    figure: "type[Figure]", wave: "Waves", rms: float, count: int
) -> None:
    sequence, errors = figure(yaw_deg=90).squat(*wave(3)), [(0.0, rms), (1.0, rms)]
    assert states(sequence, "squat", errors)[-1].count == count
    recorded = analyse_exercise(with_uncertainty(sequence, error_by_score=errors), load_exercise("squat"))
    assert len(recorded.repetitions) == count


def test_the_error_of_doubtful_keypoints_is_known_without_being_told(figure: "type[Figure]", wave: "Waves") -> None:
    sequence = figure(yaw_deg=90).squat(*wave(3), deepest_deg=60)
    assert states(sequence, "squat")[-1].count == 3
    doubtful = replace(sequence, scores=np.full_like(sequence.scores, 0.2))
    assert states(doubtful, "squat")[-1].count == 0


@pytest.mark.parametrize(("deepest_deg", "count"), [(60, 0), (120, 5)])
def test_squats_at_doubtful_scores_count_where_they_are_deep(
    figure: "type[Figure]", wave: "Waves", deepest_deg: float, count: int
) -> None:
    """A shallow one is about as large as its error bar, and so is what models see of somebody who stands still."""
    sequence = figure(noise_px=1.4).squat(*wave(5), deepest_deg=deepest_deg)  # 0.4 % of the height
    doubtful = replace(sequence, scores=np.full_like(sequence.scores, 0.75))
    errors = [(0.75, 0.11)]  # of the default model at that score
    cleaned = clean(with_uncertainty(doubtful, error_by_score=errors))
    recorded = analyse_exercise(with_uncertainty(cleaned, error_by_score=errors), load_exercise("squat"))
    assert len(recorded.repetitions) == count
    assert states(cleaned, "squat", errors)[-1].count == count


def joined(*parts: PoseSequence) -> PoseSequence:
    """One after the other, with as long between them as between frames."""
    times, end_s = [], 0.0
    for part in parts:
        times.append(part.time_s - part.time_s[0] + end_s)
        end_s = times[-1][-1] + float(np.median(np.diff(part.time_s)))
    return replace(
        parts[0],
        keypoints=np.concatenate([part.keypoints for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        time_s=np.concatenate(times),
    )


def moved(
    sequence: PoseSequence, size: "FloatArray64 | float" = 1.0, across_px: "FloatArray64 | float" = 0.0
) -> PoseSequence:
    """Seen larger, about the middle of the picture, and moved sideways; numbers or ``(T,)``."""
    centre = np.array([500, 500])
    sizes, aside = (np.broadcast_to(one, len(sequence))[:, None, None, None] for one in (size, across_px))
    points = centre + (sequence.keypoints - centre) * sizes + aside * np.array([1.0, 0.0])
    return replace(sequence, keypoints=points.astype(np.float32))


SURE = [(0.0, 0.001), (1.0, 0.001)]
"""Errors by score of a model that is always sure: only the trembling itself is left to tell."""


@pytest.mark.parametrize("name", ["squat", "shoulder-flexion", "heel-raise"])
@pytest.mark.parametrize("fps", [20, 30, 60])
def test_somebody_who_stands_still_does_nothing_however_the_keypoints_tremble(
    figure: "type[Figure]", name: str, fps: int
) -> None:
    """Errors last for a tenth of a second, about as those of a model do."""
    lasts = round(fps / 10)
    time_s = np.arange(0, 8, lasts / fps)
    still = figure(yaw_deg=90, noise_px=16).squat(time_s, 0 * time_s)
    still = replace(
        still,
        keypoints=np.repeat(still.keypoints, lasts, axis=0),
        scores=np.repeat(np.full_like(still.scores, 0.25), lasts, axis=0),
        time_s=np.arange(lasts * len(time_s)) / fps,
    )
    assert states(still, name, SURE)[-1].count == 0


def test_a_movement_that_is_lost_in_trembling_is_told(figure: "type[Figure]", wave: "Waves") -> None:
    lost = figure(yaw_deg=90, noise_px=16).squat(*wave(2), deepest_deg=70)
    state = states(lost, "squat", SURE)[-1]
    assert (state.count, state.cue) == (0, "Not counted: the body is not seen clearly enough")


def test_whoever_steps_back_from_the_camera_first_is_counted(figure: "type[Figure]", wave: "Waves") -> None:
    """As somebody does who has just started it: legs are learnt longer than they are seen from then on."""
    time_s = np.arange(0, 6, 1 / 30)
    near = figure(yaw_deg=90, noise_px=1).squat(time_s, 0 * time_s)
    near = moved(near, size=np.interp(time_s, [2, 5], [2.2, 1.0]))
    seen = states(joined(near, figure(yaw_deg=90, noise_px=1).squat(*wave(4))), "squat")
    assert seen[-1].count == 4
    assert {state.cue for state in seen} == {""}


def test_who_goes_about_between_repetitions_is_counted(figure: "type[Figure]", wave: "Waves") -> None:
    """What moves in the pause is no part of the movement."""
    time_s = np.arange(0, 5, 1 / 30)
    squats = figure(yaw_deg=90, noise_px=1).squat(*wave(2))
    lift = 150 * np.clip(np.sin(np.pi * time_s), 0, None)  # a foot and its knee, some steps on the spot
    about = figure(yaw_deg=90, noise_px=1).squat(time_s, 0 * time_s)
    points = about.keypoints.copy()
    points[:, 0, [14, 16], 1] -= lift[:, None]
    about = replace(about, keypoints=points)
    assert states(joined(squats, about, squats), "squat")[-1].count == 4


@pytest.mark.parametrize(("hold_s", "sway"), [(17, 0.0), (19, 0.05), (25, 0.0), (25, -0.05)])
def test_however_long_the_extreme_is_held_it_counts(figure: "type[Figure]", hold_s: int, sway: float) -> None:
    """Also where the way out is forgotten before the way back begins."""
    fps = 15
    out = (1 - np.cos(np.pi * np.arange(fps) / fps)) / 2
    held = np.linspace(1, 1 + sway, hold_s * fps)
    depth = np.concatenate([np.zeros(2 * fps), out, held, held[-1] * out[::-1], np.zeros(fps)])
    sequence = figure(yaw_deg=90, noise_px=1).squat(np.arange(len(depth)) / fps, depth)
    counter = LiveCounter(load_exercise("squat"))
    counts = [counter.step(poses_of(sequence, i), float(t)).count for i, t in enumerate(sequence.time_s)]
    assert (counts[(2 + hold_s) * fps], counts[-1], counter.finish().count) == (0, 1, 1)
    cut_off = LiveCounter(load_exercise("squat"))
    for i in range((3 + hold_s) * fps):
        cut_off.step(poses_of(sequence, i), float(sequence.time_s[i]))
    assert cut_off.finish().count == 1


@pytest.mark.parametrize("pause_s", [1.0, 5.0])
def test_a_pause_deep_down_is_not_taken_for_going_away(figure: "type[Figure]", wave: "Waves", pause_s: float) -> None:
    """Seen from the front, with the trunk and the arms forwards: all is foreshortened but the breadth."""
    _, once = wave(1)
    lowest = int(once.argmax())
    depth = np.concatenate([*[once[:lowest], np.ones(round(30 * pause_s)), once[lowest:]] * 3])
    sequence = figure(yaw_deg=90, noise_px=1).squat(np.arange(len(depth)) / 30, depth, deepest_deg=110)
    points, index = sequence.keypoints.copy(), sequence.skeleton.index
    for side in ("left", "right"):
        hip, shoulder, elbow, wrist = (index(f"{side}_{name}") for name in ("hip", "shoulder", "elbow", "wrist"))
        trunk = sequence.keypoints[:, 0, hip, 1] - sequence.keypoints[:, 0, shoulder, 1]
        sunk = trunk * (1 - np.cos(np.radians(45) * depth))
        for joint in (shoulder, elbow, wrist):
            arm = sequence.keypoints[:, 0, joint, 1] - sequence.keypoints[:, 0, shoulder, 1]
            points[:, 0, joint, 1] += sunk - arm * (1 - np.cos(np.radians(75) * depth))
    assert states(replace(sequence, keypoints=points), "squat")[-1].count == 3


def test_arms_in_turn_count_one_by_one(figure: "type[Figure]", wave: "Waves") -> None:
    left, right = (figure(noise_px=1).raise_arms(*wave(1, rest_s=0.1), side=side) for side in ("left", "right"))
    assert states(joined(left, right, left, right), "shoulder-flexion")[-1].count == 4


def test_too_fast_is_judged_by_the_movement_and_not_by_the_pause(figure: "type[Figure]", wave: "Waves") -> None:
    quick = figure().squat(*wave(1, period_s=0.8, rest_s=4))
    assert states(quick, "squat")[-1].cue == "Slow down"
    assert states(figure().squat(*wave(1, period_s=1.6, rest_s=4)), "squat")[-1].cue == ""


def test_in_the_end_one_that_had_begun_before_does_not_count_as_in_a_recording(
    figure: "type[Figure]", wave: "Waves"
) -> None:
    time_s, depth = wave(3)
    begun = time_s >= 1.07  # legs shortened by a third of the way
    sequence = figure().squat(time_s[begun], depth[begun])
    counter = LiveCounter(load_exercise("squat"))
    counts = [counter.step(poses_of(sequence, i), float(t)).count for i, t in enumerate(sequence.time_s)]
    assert (counts[-1], counter.finish().count) == (3, 2)
    assert len(analyse_exercise(sequence, load_exercise("squat")).repetitions) == 2
