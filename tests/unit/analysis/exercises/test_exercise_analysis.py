"""Whole exercises of a stick figure whose times and depths are known."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gonio.analysis.exercises import analyse_exercise, list_exercises, load_exercise
from gonio.analysis.exercises.repetitions import count_upward
from gonio.analysis.exercises.spec import Range, Tempo
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.series import Series
from gonio.errors import ConfigError
from gonio.structures.sequence import PoseSequence

if TYPE_CHECKING:
    from tests.unit.analysis.exercises.conftest import Figure, Waves


@pytest.mark.parametrize("yaw", [0, 45, 90], ids=["side", "oblique", "front"])
@pytest.mark.parametrize(
    ("name", "motion"), [("squat", "squat"), ("push-up", "push_up"), ("pull-up", "pull_up")], ids=lambda x: x
)
def test_counts_and_times_from_every_side(
    figure: "type[Figure]", wave: "Waves", name: str, motion: str, yaw: float
) -> None:
    time_s, depth = wave(4, period_s=2.0, rest_s=0.5)
    result = analyse_exercise(getattr(figure(yaw_deg=yaw, noise_px=1), motion)(time_s, depth), load_exercise(name))
    turns = [one.turn_s for one in result.repetitions]
    assert turns == pytest.approx([1.5, 3.5, 5.5, 7.5], abs=0.04)


def test_events_are_named_by_the_exercise_and_in_order(figure: "type[Figure]", wave: "Waves") -> None:
    result = analyse_exercise(figure().squat(*wave(2)), load_exercise("squat"))
    names = [event.name for event in result.events]
    assert names == ["top", "rep_start", "bottom", "rep_end", "top", "rep_start", "bottom", "rep_end", "top"]
    times = [event.time_s for event in result.events]
    assert times == sorted(times)


def test_range_is_the_shortening_of_the_leg_and_knees_are_measured_from_the_side(
    figure: "type[Figure]", wave: "Waves"
) -> None:
    """Oracle: two equal segments bent by 100 deg are 1 - cos(50 deg) shorter."""
    result = analyse_exercise(figure().squat(*wave(3)), load_exercise("squat"))
    assert result.measure("range").value == pytest.approx(100 * (1 - np.cos(np.radians(50))), abs=1)
    assert result.measure("knee_flexion_at_bottom", "right").value == pytest.approx(97, abs=4)


def test_times_are_those_of_leaving_and_returning(figure: "type[Figure]", wave: "Waves") -> None:
    """Oracle: the lines through 15 and 50 % of the range that the leg is shorter by, down to none."""
    time_s, depth = wave(3)
    shorter = 1 - np.cos(np.radians(50) * (1 - np.cos(2 * np.pi * np.linspace(0, 1, 10001))) / 2)
    near, far = (2.0 * np.mean(shorter > part * shorter.max()) for part in (0.15, 0.5))
    expected = near + 0.15 / 0.35 * (near - far)
    result = analyse_exercise(figure().squat(time_s, depth), load_exercise("squat"))
    assert result.measure("repetition_time").value == pytest.approx(expected, abs=0.03)
    parts = [result.measure(f"{phase}_time").value for phase in ("descent", "hold", "ascent")]
    assert sum(parts) == pytest.approx(result.measure("repetition_time").value)


def test_error_bars_come_from_the_keypoints(figure: "type[Figure]", wave: "Waves") -> None:
    sequence = figure().squat(*wave(3))
    known = replace(sequence, keypoint_sd=np.full(sequence.scores.shape, 2.0, np.float32))
    assert np.isnan(analyse_exercise(sequence, load_exercise("squat")).measure("range").sd)
    assert 0.3 < analyse_exercise(known, load_exercise("squat")).measure("range").sd < 3
    assert all(0 < e.sd_s < 0.2 for e in analyse_exercise(known, load_exercise("squat")).events if e.name == "bottom")


def test_a_recording_cut_into_two_has_each_repetition_once(figure: "type[Figure]", wave: "Waves") -> None:
    time_s, depth = wave(5, period_s=2.0, rest_s=0.4)
    whole = figure(noise_px=0.5).squat(time_s, depth)
    for cut_s in np.arange(2.2, 6.6, 0.4):
        parts = whole.between(0, cut_s), whole.between(cut_s, 99)
        counts = [len(analyse_exercise(part, load_exercise("squat")).repetitions) for part in parts]
        assert abs(sum(counts) - 5) <= 1, f"cut at {cut_s}: {counts}"


def test_one_half_of_a_repetition_alone_counts(figure: "type[Figure]", wave: "Waves") -> None:
    time_s, depth = wave(1, period_s=2.0, rest_s=0.5)
    whole = figure().squat(time_s, depth)
    down, up = whole.between(0, 1.5), whole.between(1.5, 9)
    for part, start, end in ((down, True, False), (up, False, True)):
        (one,) = analyse_exercise(part, load_exercise("squat")).repetitions
        assert one.turn_s == pytest.approx(1.5, abs=0.15)
        assert (np.isfinite(one.start_s), np.isfinite(one.end_s)) == (start, end)  # what is not shown is not guessed


def test_five_times_needs_the_whole_of_the_fifth(figure: "type[Figure]", wave: "Waves") -> None:
    time_s, depth = wave(5)
    sequence = figure().squat(time_s, 1 - depth, deepest_deg=120)
    cut = analyse_exercise(sequence.between(0, 9.6), load_exercise("sit-to-stand-5x"))  # stood up, not yet seated
    assert len(cut.repetitions) == 5
    assert not np.isfinite(cut.measure("five_times").value)
    assert "does not show the whole" in cut.measure("five_times").note


def test_partial_movements_are_not_counted_and_shallow_ones_are_faults(figure: "type[Figure]", wave: "Waves") -> None:
    time_s, depth = wave(6)
    third = (time_s > 4.5) & (time_s <= 6.5)
    mixed = analyse_exercise(figure().squat(time_s, np.where(third, 0.4 * depth, depth)), load_exercise("squat"))
    assert len(mixed.repetitions) == 5
    shallow = analyse_exercise(figure().squat(time_s, depth, deepest_deg=70), load_exercise("squat"))
    assert [one.faults for one in shallow.repetitions] == [("incomplete_range",)] * 6
    assert shallow.findings[0].text == "The range was less than 25 % in 6 of 6."


@pytest.mark.parametrize("name", list_exercises())
@pytest.mark.parametrize("yaw", [0, 90], ids=["side", "front"])
def test_idle_people_do_no_repetitions(figure: "type[Figure]", name: str, yaw: float) -> None:
    time_s = np.arange(0, 8, 1 / 30)
    seen = figure(yaw_deg=yaw, noise_px=2)
    for idle in (seen.raise_arms(time_s, 0 * time_s), seen.walk(time_s), seen.wave_hand(time_s)):
        result = analyse_exercise(idle, load_exercise(name))
        assert not result.repetitions
        assert not [event for event in result.events if event.name != "hold_start"]


def test_why_nothing_was_counted_is_said(figure: "type[Figure]", wave: "Waves") -> None:
    time_s, depth = wave(3)
    shallow = analyse_exercise(figure().squat(time_s, depth, deepest_deg=30), load_exercise("squat"))
    assert [finding.text for finding in shallow.findings] == [
        "No repetition was found: the shortening of hip, knee, ankle changes by 3 % in all, and a repetition needs 12."
    ]
    standing = analyse_exercise(figure().raise_arms(time_s, 0 * time_s), load_exercise("single-leg-stance"))
    assert [finding.text for finding in standing.findings] == [
        "No hold of 2 s or more was found: height of ankle over other ankle at least 10 % for only 0 % of the time."
    ]


@pytest.mark.parametrize(("raised", "holds"), [(0.0093, 1), (0.002, 0)], ids=["at the bound", "on the floor"])
def test_trembling_at_a_bound_does_not_end_a_hold(figure: "type[Figure]", raised: float, holds: int) -> None:
    time_s = np.arange(0, 12, 1 / 30)
    sequence = figure(yaw_deg=90).raise_arms(time_s, 0 * time_s)
    points, ankle = sequence.keypoints.copy(), sequence.skeleton.index("left_ankle")
    trembling = 1.5 * np.sin(2 * np.pi * 0.7 * time_s)  # px of a leg that looks 163 long: 1 % about the bound of 10 %
    points[:, 0, ankle, 1] -= (180 * 10 * raised + trembling).astype(np.float32)
    sd = np.full(sequence.scores.shape, 2.0, np.float32)
    result = analyse_exercise(replace(sequence, keypoints=points, keypoint_sd=sd), load_exercise("single-leg-stance"))
    assert result.measure("holds").value == holds
    if holds:
        assert result.measure("longest_hold").value > 10


def test_one_arm_after_the_other_and_both_together(figure: "type[Figure]", wave: "Waves") -> None:
    exercise = load_exercise("shoulder-flexion")
    time_s, depth = wave(3)
    left, both = (figure().raise_arms(time_s, depth, side=side) for side in ("left", "both"))
    assert [one.side for one in analyse_exercise(left, exercise).repetitions] == ["left"] * 3
    assert [one.side for one in analyse_exercise(both, exercise).repetitions] == ["both"] * 3


def test_sit_to_stand_counts_standing_up(figure: "type[Figure]", wave: "Waves") -> None:
    time_s, depth = wave(5)
    result = analyse_exercise(figure().squat(time_s, 1 - depth, deepest_deg=120), load_exercise("sit-to-stand-5x"))
    assert [event.name for event in result.events].count("standing") == 5
    assert result.measure("five_times").value == pytest.approx(10, abs=0.5)


def test_chair_stands_after_half_a_minute_do_not_count(figure: "type[Figure]", wave: "Waves") -> None:
    time_s, depth = wave(18, period_s=2.0)
    result = analyse_exercise(figure().squat(time_s, 1 - depth, deepest_deg=120), load_exercise("sit-to-stand-30s"))
    assert len(result.repetitions) == 15


def test_a_chair_stand_more_than_half_way_up_at_half_a_minute_counts(figure: "type[Figure]", wave: "Waves") -> None:
    """Oracle: the rule of the test (Rikli and Jones 1999). The 15th stands at 30.45 s and is half way up at 29.8 s."""
    time_s, depth = wave(17, period_s=2.1)
    result = analyse_exercise(figure().squat(time_s, 1 - depth, deepest_deg=120), load_exercise("sit-to-stand-30s"))
    assert len(result.repetitions) == 15
    assert result.repetitions[-1].turn_s - result.repetitions[0].start_s > 30
    assert [finding.text for finding in result.findings if "after the time" in finding.text] == [
        "Repetitions after the time of the test, not counted: 2."
    ]
    assert any("after the time of the test" in finding.text for finding in result.findings)


def test_rolled_camera(figure: "type[Figure]", wave: "Waves") -> None:
    sequence = figure(yaw_deg=45).squat(*wave(3))
    angle = np.radians(30)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    rolled = replace(sequence, keypoints=(sequence.keypoints @ turn.T).astype(np.float32))
    straight = analyse_exercise(sequence, load_exercise("squat"))
    corrected = analyse_exercise(rolled, load_exercise("squat"), AnalysisOptions(up_deg=-30))
    assert [one.turn_s for one in corrected.repetitions] == pytest.approx([one.turn_s for one in straight.repetitions])


def test_nobody_in_sight_and_two_people(figure: "type[Figure]", wave: "Waves") -> None:
    sequence = figure().squat(*wave(1))
    unseen = replace(sequence, keypoints=np.full_like(sequence.keypoints, np.nan), scores=0 * sequence.scores)
    result = analyse_exercise(unseen, load_exercise("squat"))
    assert (len(result.repetitions), result.excluded_fraction) == (0, 1.0)
    assert "shortening of hip, knee, ankle is never seen well enough" in result.findings[0].text
    two = PoseSequence(
        np.repeat(sequence.keypoints, 2, axis=1),
        np.repeat(sequence.scores, 2, axis=1),
        sequence.time_s,
        np.arange(2),
        sequence.skeleton,
    )
    with pytest.raises(ConfigError, match="one person"):
        analyse_exercise(two, load_exercise("squat"))


def test_plank_is_a_hold_with_a_duration(figure: "type[Figure]") -> None:
    time_s = np.arange(0, 10, 1 / 30)
    result = analyse_exercise(figure().push_up(time_s, 0 * time_s), load_exercise("plank"))
    assert not result.repetitions
    longest = result.measure("longest_hold")
    assert longest.value == pytest.approx(time_s[-1])
    assert "at least" in longest.note


def test_what_cannot_be_judged_from_here_is_said(figure: "type[Figure]", wave: "Waves") -> None:
    result = analyse_exercise(figure(yaw_deg=90).squat(*wave(2)), load_exercise("squat"))
    assert any("Trunk lean cannot be judged" in finding.text for finding in result.findings if finding.kind == "limit")
    between = analyse_exercise(figure(yaw_deg=40).squat(*wave(2)), load_exercise("squat"))
    assert any("cannot be judged in an oblique view" in finding.text for finding in between.findings)


def test_knees_falling_inwards_are_a_fault(figure: "type[Figure]", wave: "Waves") -> None:
    sequence = figure(yaw_deg=90).squat(*wave(2))
    points, (left, right) = sequence.keypoints.copy(), map(sequence.skeleton.index, ("left_knee", "right_knee"))
    middle = (points[:, :, left, 0] + points[:, :, right, 0]) / 2
    for knee in (left, right):
        points[:, :, knee, 0] = middle + 0.1 * (points[:, :, knee, 0] - middle)
    result = analyse_exercise(replace(sequence, keypoints=points), load_exercise("squat"))
    assert [one.faults for one in result.repetitions] == [("knee_valgus",)] * 2


def test_a_movement_smaller_than_its_own_error_is_none(figure: "type[Figure]", wave: "Waves") -> None:
    sequence = figure().squat(*wave(3))
    blurred = replace(sequence, keypoint_sd=np.full(sequence.scores.shape, 60.0, np.float32))
    result = analyse_exercise(blurred, load_exercise("squat"))
    assert not result.repetitions
    assert [finding.text for finding in result.findings] == [
        "Movements not clearly larger than their own error, not counted: 3.",
        "No repetition was found: the shortening of hip, knee, ankle changes by little more than its error; "
        "the points may be hidden or out of the picture.",
    ]


@pytest.mark.parametrize("name", ["squat", "lunge", "sit-to-stand-5x", "shoulder-flexion", "elbow-curl"])
def test_somebody_who_stands_still_does_nothing_while_keypoints_wander(figure: "type[Figure]", name: str) -> None:
    """Errors of the standard deviation that the score tells, which fade within half a second."""
    time_s = np.arange(0, 20, 1 / 30)
    still = figure(yaw_deg=60).squat(time_s, 0 * time_s)
    rng, sd_px = np.random.default_rng(4), 25.0
    wander = rng.normal(0, sd_px, still.keypoints.shape)
    for step in range(1, len(time_s)):
        wander[step] = 0.94 * wander[step - 1] + np.sqrt(1 - 0.94**2) * wander[step]
    known = np.full(still.scores.shape, sd_px, np.float32)
    seen = replace(still, keypoints=(still.keypoints + wander).astype(np.float32), keypoint_sd=known)
    assert analyse_exercise(seen, load_exercise(name)).repetitions == ()


@pytest.mark.parametrize(("noise", "unsure"), [(0.5, 0), (4.0, 2)])
def test_a_movement_lost_in_trembling_is_none(noise: float, unsure: int) -> None:
    """Each error lasts for a tenth of a second, as those of a model do; the extremes of noise are six of it apart."""
    time_s = np.arange(300) / 30
    strays = np.repeat(np.random.default_rng(1).normal(0, noise, 100), 3)
    values = 10 - 10 * np.cos(2 * np.pi * time_s / 2.5) + strays
    series = Series("signal", "%", "both", time_s, values, np.full(300, np.nan), np.zeros(300, np.uint8))
    found = count_upward(series, Range(least=15, full=15, source="none"), Tempo(), "both")
    assert found.unsure == unsure


@pytest.mark.parametrize(("shown", "count"), [(0.7, 3), (0.2, 0)])
def test_a_line_between_glimpses_is_no_movement(
    figure: "type[Figure]", wave: "Waves", shown: float, count: int
) -> None:
    time_s, depth = wave(3)
    sequence = figure().squat(time_s, depth)
    keypoints = sequence.keypoints.copy()
    keypoints[np.arange(len(time_s)) % 10 >= 10 * shown] = np.nan
    assert len(analyse_exercise(replace(sequence, keypoints=keypoints), load_exercise("squat")).repetitions) == count


def test_each_repetition_has_the_durations_of_its_phases(figure: "type[Figure]", wave: "Waves") -> None:
    sequence = figure(yaw_deg=90, noise_px=0.5).squat(*wave(3))
    result = analyse_exercise(with_sd(sequence, 2.0), load_exercise("squat"))
    for one in result.repetitions:
        phases = {measure.name: measure for measure in one.measures}
        names = ["descent_time", "hold_time", "ascent_time"]
        assert list(phases) == [*names, "symmetry"]
        assert sum(phases[name].value for name in names) == pytest.approx(one.end_s - one.start_s)
        assert all(0 < phases[name].sd < 0.2 for name in names)
    for name in ("descent_time", "hold_time", "ascent_time", "symmetry"):
        own = [next(measure.value for measure in one.measures if measure.name == name) for one in result.repetitions]
        assert result.measure(name).value == pytest.approx(np.mean(own))


def test_phases_that_the_recording_cuts_off_are_not_measured(figure: "type[Figure]", wave: "Waves") -> None:
    time_s, depth = wave(3)
    sequence = figure().squat(time_s, depth).between(0, 5.6)
    last = {one.name: one for one in analyse_exercise(sequence, load_exercise("squat")).repetitions[-1].measures}
    assert last["descent_time"].value > 0.5
    for name in ("hold_time", "ascent_time"):
        assert np.isnan(last[name].value)
        assert last[name].note == "the recording ends within it"


def test_symmetry_of_each_repetition_is_left_beside_right(figure: "type[Figure]", wave: "Waves") -> None:
    """The right leg goes as far as a squat of 100 deg shortens it, the left one as far as one of 80 deg."""
    time_s, depth = wave(3)
    less, more = (figure(yaw_deg=90).squat(time_s, depth, deepest_deg=deg) for deg in (80, 100))
    keypoints = more.keypoints.copy()
    for name in ("left_hip", "left_knee", "left_ankle"):
        keypoints[:, :, more.skeleton.index(name)] = less.keypoints[:, :, more.skeleton.index(name)]
    uneven = replace(more, keypoints=keypoints)
    expected = 100 * (1 - np.cos(np.radians(40))) / (1 - np.cos(np.radians(50)))
    for one in analyse_exercise(with_sd(uneven, 2.0), load_exercise("squat")).repetitions:
        symmetry = one.measures[-1]
        assert symmetry.value == pytest.approx(expected, abs=2)
        assert 0 < symmetry.sd < 15
        assert symmetry.note.startswith("left 2")


@pytest.mark.parametrize(
    ("yaw", "hidden", "why"),
    [
        (0, "", "from the side, one limb covers the other"),
        (90, "right_knee", "the right side is not seen"),
    ],
)
def test_symmetry_that_cannot_be_seen_has_a_reason(
    figure: "type[Figure]", wave: "Waves", yaw: float, hidden: str, why: str
) -> None:
    sequence = figure(yaw_deg=yaw).squat(*wave(3))
    keypoints = sequence.keypoints.copy()
    if hidden:
        for name in ("right_hip", "right_knee", "right_ankle"):
            keypoints[:, :, sequence.skeleton.index(name)] = np.nan
    result = analyse_exercise(replace(sequence, keypoints=keypoints), load_exercise("squat"))
    notes = {one.measures[-1].note for one in result.repetitions}
    assert notes == {why}
    assert all(np.isnan(one.measures[-1].value) for one in result.repetitions)


def test_of_what_is_counted_side_by_side_there_is_no_symmetry(figure: "type[Figure]", wave: "Waves") -> None:
    result = analyse_exercise(figure().raise_arms(*wave(2)), load_exercise("shoulder-flexion"))
    for one in result.repetitions:
        assert (one.measures[0].name, one.measures[-1].note) == ("raise_time", "left and right are counted one by one")


def with_sd(sequence: PoseSequence, sd_px: float) -> PoseSequence:
    return replace(sequence, keypoint_sd=np.full(sequence.scores.shape, sd_px, np.float32))


def test_a_count_on_the_height_in_the_picture_says_so(figure: "type[Figure]", wave: "Waves") -> None:
    """A camera in the hand cannot be told from somebody who goes up and down."""
    time_s, depth = wave(3)
    still = figure(yaw_deg=90).squat(time_s, 0 * depth)
    risen = still.keypoints - (15 * depth)[:, None, None, None] * np.array([0, 1], np.float32)
    result = analyse_exercise(replace(still, keypoints=risen.astype(np.float32)), load_exercise("heel-raise"))
    assert len(result.repetitions) == 3
    assert any("a camera that moves" in finding.text for finding in result.findings)


def test_error_bars_are_there_where_single_samples_are_not_seen(figure: "type[Figure]", wave: "Waves") -> None:
    """A median bridges missing samples; their error is that of their neighbours, not unknown."""
    time_s, depth = wave(3)
    sequence = figure(noise_px=1).squat(time_s, depth)
    keypoints = sequence.keypoints.copy()
    sd = np.full(sequence.scores.shape, 2.0, np.float32)
    missing = np.random.default_rng(0).random(len(time_s)) < 0.4
    keypoints[missing], sd[missing] = np.nan, np.nan
    result = analyse_exercise(replace(sequence, keypoints=keypoints, keypoint_sd=sd), load_exercise("squat"))
    assert len(result.repetitions) == 3
    assert all(0 < one.range_sd < 3 for one in result.repetitions)


@pytest.mark.parametrize("unseen", ["extreme", "start"])
def test_the_range_of_an_angle_needs_both_of_its_ends(figure: "type[Figure]", wave: "Waves", unseen: str) -> None:
    time_s, depth = wave(3)
    sequence = figure().squat(time_s, depth)
    hidden = depth > 0.5 if unseen == "extreme" else depth < 0.5
    scores = sequence.scores.copy()
    for side in ("left", "right"):
        scores[hidden, :, sequence.skeleton.index(f"{side}_ankle")] = 0.3  # counted with, not measured with
    whole = analyse_exercise(sequence, load_exercise("squat"))
    part = analyse_exercise(replace(sequence, scores=scores), load_exercise("squat"))
    assert len(part.repetitions) == 3
    assert whole.measure("knee_flexion_range", "right").value == pytest.approx(100, abs=3)
    assert not np.isfinite(part.measure("knee_flexion_range", "right").value)
    assert part.measure("knee_flexion_range", "right").note


def test_an_angle_is_that_of_its_own_sides_repetitions(figure: "type[Figure]", wave: "Waves") -> None:
    """Left and right arm in turn, each raised by 150 deg while the other hangs."""
    time_s, depth = wave(4)
    left = figure().raise_arms(time_s, depth, side="left")
    right = figure().raise_arms(time_s, depth, side="right")
    own = (time_s < 2.5) | ((time_s >= 4.5) & (time_s < 6.5))
    keypoints = np.where(own[:, None, None, None], left.keypoints, right.keypoints)
    result = analyse_exercise(replace(left, keypoints=keypoints), load_exercise("shoulder-flexion"))
    assert [one.side for one in result.repetitions] == ["left", "right", "left", "right"]
    for side in ("left", "right"):
        for name in ("shoulder_elevation_at_top", "shoulder_elevation_range"):
            assert result.measure(name, side).value == pytest.approx(150, abs=8)
            assert result.measure(name, side).count == 2


@pytest.mark.parametrize(("count", "told"), [(5, True), (17, False)], ids=["10 s", "34 s"])
def test_a_recording_shorter_than_the_test_is_told(
    figure: "type[Figure]", wave: "Waves", count: int, told: bool
) -> None:
    time_s, depth = wave(count)
    result = analyse_exercise(figure().squat(time_s, 1 - depth, deepest_deg=120), load_exercise("sit-to-stand-30s"))
    assert any("the test takes 30 s" in finding.text for finding in result.findings) is told


def test_symmetry_has_an_error_bar_where_a_frame_is_missing(figure: "type[Figure]", wave: "Waves") -> None:
    sequence = figure(yaw_deg=90).squat(*wave(3))
    keypoints = sequence.keypoints.copy()
    sd = np.full(sequence.scores.shape, 2.0, np.float32)
    ankle = sequence.skeleton.index("left_ankle")
    keypoints[40:45, :, ankle], sd[40:45, :, ankle] = np.nan, np.nan
    result = analyse_exercise(replace(sequence, keypoints=keypoints, keypoint_sd=sd), load_exercise("squat"))
    assert result.measure("symmetry").value == pytest.approx(100, abs=3)
    assert 0 < result.measure("symmetry").sd < 10
