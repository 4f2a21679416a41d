import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from benchmarks.motion.gait_walker import Gait, walker

from gonio.analysis.doubt import Doubt
from gonio.analysis.estimate import Estimate, between, mean, symmetry_index
from gonio.analysis.gait import analyse_gait
from gonio.analysis.gait.contacts import flight_times, overlaps, share_in_turn, strides_of
from gonio.analysis.gait.cycles import band, cycle_of
from gonio.analysis.gait.events import find_steps
from gonio.analysis.keypoint_errors import KeypointErrors
from gonio.analysis.landmarks import Limb
from gonio.analysis.moments import Moment
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Event
from gonio.analysis.series import Series
from gonio.errors import ConfigError
from gonio.structures.sequence import PoseSequence

RUN = Gait(stride_s=0.7, stance=0.35, speed=3.5)


def test_walking_gives_back_what_it_was_made_of() -> None:
    gait = Gait(stride_s=1.2, stance=0.6, speed=1.1)
    found = analyse_gait(walker(gait, seconds=8))
    assert found.activity == "gait"
    assert found.measure("cadence").value == pytest.approx(100.0, abs=0.5)
    assert found.measure("speed").value == pytest.approx(1.1, rel=0.02)
    for side in ("left", "right"):
        assert found.measure("stride_time", side).value == pytest.approx(1.2, abs=0.005)
        assert found.measure("stride_length", side).value == pytest.approx(1.32, rel=0.02)
        assert found.measure("step_length", side).value == pytest.approx(0.66, rel=0.03)
        assert found.measure("stance", side).value == pytest.approx(60, abs=3)
        assert found.measure("swing", side).value == pytest.approx(40, abs=3)
    assert found.measure("double_support").value == pytest.approx(20, abs=6)
    assert found.measure("step_time_symmetry_index").value == pytest.approx(0, abs=1)
    assert {cycle.name for cycle in found.cycles} >= {"knee_flexion", "hip_flexion"}
    assert found.facts["movement"] == "over the ground"


def test_lengths_without_scale_are_in_leg_lengths_and_with_height_in_metres() -> None:
    metres = walker()
    picture = replace(metres, keypoints=metres.keypoints * np.array([200, -200], np.float32), unit="px")
    assert analyse_gait(picture).measure("stride_length", "left").unit == "leg lengths"
    scaled = analyse_gait(picture, AnalysisOptions(metres_per_px=1 / 200))
    assert scaled.measure("stride_length", "left").unit == "m"
    assert scaled.measure("stride_length", "left").value == pytest.approx(1.43, rel=0.02)


def test_running_has_flight_and_no_double_support() -> None:
    found = analyse_gait(walker(RUN, treadmill=True))
    assert found.activity == "running"
    assert found.facts["movement"] == "in place, as on a treadmill"
    assert found.measure("cadence").value == pytest.approx(171.4, abs=1)
    assert found.measure("speed").value == pytest.approx(3.5, rel=0.05)
    assert found.measure("vertical_oscillation").value == pytest.approx(0.04, abs=0.005)
    assert found.measure("duty_factor", "left").value < 50
    assert 0 < found.measure("flight_time").value < 0.2
    with pytest.raises(KeyError):
        found.measure("double_support")


def test_a_walk_measured_as_a_run_is_said() -> None:
    found = analyse_gait(walker(), activity="running")
    assert any("looks like walking" in one.text and "--as gait" in one.text for one in found.findings)
    (force,) = [one for one in found.measures if one.name == "peak_vertical_force_estimate"]
    assert (math.isnan(force.value), force.note) == (True, "there is no flight")
    for as_it_is in (analyse_gait(walker(RUN), activity="running"), analyse_gait(walker(), activity="gait")):
        assert not any("looks like" in one.text for one in as_it_is.findings)


def test_activity_may_be_told() -> None:
    assert analyse_gait(walker(), activity="running").activity == "running"
    with pytest.raises(ConfigError, match="knows no activity 'jump'"):
        analyse_gait(walker(), activity="jump")  # type: ignore[arg-type]


def test_every_measure_has_an_error_bar_or_says_why_not() -> None:
    for sequence in (walker(), walker(RUN)):
        for measure in analyse_gait(sequence).measures:
            assert math.isfinite(measure.sd) or measure.note, measure.name


def test_standing_still_is_said_and_measures_nothing() -> None:
    walking = walker(seconds=3.0)
    found = analyse_gait(replace(walking, keypoints=np.repeat(walking.keypoints[:1], len(walking), axis=0)))
    assert found.events == ()
    assert any("No steps were found" in finding.text for finding in found.findings)


@pytest.mark.parametrize("front", [False, True], ids=["side", "front"])
def test_the_trembling_of_somebody_who_stands_is_no_step(front: bool) -> None:
    walking = _from_the_front() if front else walker(seconds=6.0)
    noise = np.random.default_rng(0).normal(0, 0.007, walking.keypoints.shape)  # m; of a body 240 px tall, a pixel
    standing = np.repeat(walking.keypoints[:1], len(walking), axis=0) + noise
    found = analyse_gait(replace(walking, keypoints=standing.astype(np.float32)), activity="gait")
    assert found.events == ()
    assert not any(math.isfinite(one.value) for one in found.measures if one.name in ("cadence", "step_width"))
    assert any("No steps were found" in finding.text for finding in found.findings)


def test_strikes_that_take_no_turns_are_no_walking() -> None:
    feet: list[Limb] = ["left", "right", "left", "left", "right"]
    strikes = [Event("heel_strike", float(i), side, sd_s=0.01) for i, side in enumerate(feet)]
    assert share_in_turn(strikes) == 0.75
    assert share_in_turn([*strikes[::-1], Event("toe_off", 0.5, "left", sd_s=0.01)]) == 0.75
    assert math.isnan(share_in_turn(strikes[:2]))
    walking = walker(seconds=8, treadmill=True)
    points = walking.keypoints.copy()
    for k in _leg(walking, "left"):  # takes two steps where the right one takes one
        points[:, :, k] = np.concatenate([points[::2, :, k], points[::2, :, k]])
    texts = [one.text for one in analyse_gait(replace(walking, keypoints=points)).findings]
    assert any("do not take turns" in text for text in texts)


def test_a_foot_that_stays_makes_no_steps() -> None:
    walking = walker(seconds=8, treadmill=True)
    points = walking.keypoints.copy()
    for k in _leg(walking, "right"):
        points[:, :, k] = points[:, :, k].mean(axis=0)
    points += np.random.default_rng(0).normal(0, 0.005, points.shape).astype(np.float32)  # m
    found = analyse_gait(replace(walking, keypoints=points))
    assert not [event for event in found.events if event.side == "right"]


def _leg(sequence: PoseSequence, side: str) -> list[int]:
    return [sequence.skeleton.index(f"{side}_{name}") for name in ("knee", "ankle", "heel", "big_toe")]


def test_feet_without_hips_give_no_steps_and_no_warning() -> None:
    sequence = walker()
    keypoints = sequence.keypoints.copy()
    for name in ("mid_hip", "left_hip", "right_hip"):
        if name in sequence.skeleton.keypoint_names:
            keypoints[:, :, sequence.skeleton.index(name)] = np.nan
    assert analyse_gait(replace(sequence, keypoints=keypoints)).events == ()


def test_a_foot_that_is_never_seen_is_named() -> None:
    sequence = walker()
    keypoints = sequence.keypoints.copy()
    for part in ("ankle", "heel", "big_toe", "small_toe"):
        keypoints[:, :, sequence.skeleton.index(f"left_{part}")] = np.nan
    texts = [finding.text for finding in analyse_gait(replace(sequence, keypoints=keypoints)).findings]
    assert any("the left ankle is hidden" in text for text in texts)


def test_of_somebody_who_turns_round_one_way_is_measured() -> None:
    gait, out = Gait(), walker(seconds=5.0)
    back = out.keypoints * np.array([-1, 1], np.float32) + np.array([gait.speed * 5.0, 0], np.float32)
    to_and_fro = replace(
        out,
        keypoints=np.concatenate([out.keypoints, back]),
        scores=np.concatenate([out.scores, out.scores]),
        time_s=np.concatenate([out.time_s, out.time_s + 5.0]),
    )
    found = analyse_gait(to_and_fro)
    assert found.measure("speed").value == pytest.approx(gait.speed, rel=0.03)
    assert found.measure("stance", "left").value == pytest.approx(100 * gait.stance, abs=3)
    assert any("goes to and fro" in finding.text for finding in found.findings)
    assert found.excluded_fraction == pytest.approx(0.5, abs=0.1)
    times = [event.time_s for event in found.events]
    assert max(times) <= 5.0 or min(times) >= 5.0
    assert not any("goes to and fro" in finding.text for finding in analyse_gait(out).findings)


@pytest.mark.parametrize(
    ("way_s", "lead"), [(1.2, "No steps were found"), (2.0, "Means are of little weight")], ids=["none", "few"]
)
def test_ways_that_are_too_short_are_said(way_s: float, lead: str) -> None:
    gait, out, n = Gait(), walker(seconds=way_s), 8
    back = out.keypoints * np.array([-1, 1], np.float32) + np.array([gait.speed * way_s, 0], np.float32)
    pacing = replace(
        out,
        keypoints=np.concatenate([out.keypoints, back] * (n // 2)),
        scores=np.concatenate([out.scores] * n),
        time_s=np.concatenate([out.time_s + way_s * i for i in range(n)]),
    )
    found = analyse_gait(pacing.between(0.3, n * way_s - 0.3))
    to_and_fro, short, *others = [finding.text for finding in found.findings]
    assert "goes to and fro" in to_and_fro
    assert short == f"{lead}: without its turns even this way is less than two strides; film longer ways."
    assert not any("No steps" in text for text in others)


@pytest.mark.parametrize(("fps", "reason"), [(10, "10 frames per second"), (18, "so few frames a stride")])
def test_feet_that_are_too_quick_for_the_frames_are_the_reason_for_no_steps(fps: int, reason: str) -> None:
    found = analyse_gait(walker(Gait(stride_s=0.38, stance=0.65, speed=1.0), fps=fps))
    assert not found.events
    (text,) = [finding.text for finding in found.findings if "No steps" in finding.text]
    assert reason in text


def test_of_walking_backwards_no_phases_are_measured() -> None:
    sequence = walker()
    found = analyse_gait(replace(sequence, keypoints=sequence.keypoints[::-1].copy()))
    assert found.measure("cadence").value == pytest.approx(120 / 1.1, abs=2)
    for measure in (found.measure("stance", "left"), found.measure("speed")):
        assert math.isnan(measure.value)
        assert measure.note == "the person moves backwards"


def test_a_footprint_that_is_not_seen_costs_only_its_own_stride() -> None:
    sequence = walker(seconds=8.0)
    keypoints = sequence.keypoints.copy()
    strike_s = Gait().strikes("left", 8.0)[3]  # lands as the person goes out of the picture for a second
    keypoints[(sequence.time_s > strike_s + 0.02) & (sequence.time_s < strike_s + 1.0)] = np.nan
    found = analyse_gait(replace(sequence, keypoints=keypoints))
    assert found.measure("stride_length", "left").value == pytest.approx(1.43, rel=0.02)


def _from_the_front() -> PoseSequence:
    side = walker(seconds=6, treadmill=True)
    keypoints = side.keypoints.copy()
    for i, name in enumerate(side.skeleton.keypoint_names):
        keypoints[..., i, 0] = {"left": 0.1, "right": -0.1}.get(side.skeleton.sides[i], 0.0)
        if "shoulder" in name:
            keypoints[..., i, 0] *= 2
    return replace(side, keypoints=keypoints)


def test_the_front_view_counts_steps_and_measures_width() -> None:
    found = analyse_gait(_from_the_front())
    assert found.facts["view"] == "frontal"
    assert found.events == ()
    assert found.measure("cadence").value == pytest.approx(120 / 1.1, abs=2)
    assert found.measure("step_width").value == pytest.approx(0.2, abs=0.01)
    assert found.measure("pelvis_obliquity_range").unit == found.measure("trunk_lateral_lean_range").unit == "deg"
    assert {measure.side for measure in found.measures} == {"both"}


def test_a_range_from_the_front_is_of_the_stride_and_not_of_the_largest_errors() -> None:
    front = _from_the_front()
    swing = np.sin(2 * np.pi * front.time_s / 1.1) * 0.2 * np.tan(np.radians(4))  # hips are 0.2 apart
    tilted = front.keypoints.copy()
    hips = [front.skeleton.index(f"{side}_hip") for side in ("left", "right")]
    tilted[:, 0, hips, 1] += np.stack([swing, -swing], axis=1) / 2 * np.sign(tilted[0, 0, 0, 1] or 1)
    noise = np.random.default_rng(0).normal(0, 0.004, tilted.shape)
    values = []
    for keypoints in (tilted, tilted + noise):
        found = analyse_gait(replace(front, keypoints=keypoints.astype(np.float32)))
        values.append(found.measure("pelvis_obliquity_range").value)
    assert values[0] == pytest.approx(8, abs=0.5)
    assert values[1] == pytest.approx(8, abs=1.5)


def test_a_range_without_steps_is_not_given() -> None:
    front = _from_the_front()
    still = np.broadcast_to(front.keypoints[:1], front.keypoints.shape)
    found = analyse_gait(replace(front, keypoints=still), AnalysisOptions(view="frontal"))
    measure = found.measure("pelvis_obliquity_range")
    assert not np.isfinite(measure.value)
    assert measure.note == "too few steps were seen"


def test_fewer_frames_and_no_feet_are_limits() -> None:
    texts = " ".join(finding.text for finding in analyse_gait(walker(fps=30, skeleton="coco17")).findings)
    assert "30 frames per second" in texts
    assert "Heels and toes are not seen" in texts


def doubt(*events: Event) -> Doubt:
    """Of events that only methods are wrong about, each by its sd."""
    nothing = KeypointErrors(np.zeros(0), np.zeros((0, 0)), ())
    return Doubt(nothing, {event: Moment(event.time_s, method_s=event.sd_s) for event in events})


def test_events_shared_by_neighbours_count_once() -> None:
    events = [Event("heel_strike", float(t), "left", 0.01) for t in range(5)]
    average = mean([between(a, b) for a, b in pairwise(events)])
    assert average.value == 1.0
    assert doubt(*events).sd_of(average) == pytest.approx(0.01 * math.sqrt(2) / 4)


def test_first_order_errors_agree_with_monte_carlo() -> None:
    rng = np.random.default_rng(0)
    a, b, c = (Event("heel_strike", time_s, "left", 0.02) for time_s in (0.0, 0.6, 1.0))
    share = between(a, b) / between(a, c)
    times = rng.normal((0.0, 0.6, 1.0), 0.02, (20_000, 3))
    sampled = (times[:, 1] - times[:, 0]) / (times[:, 2] - times[:, 0])
    assert doubt(a, b, c).sd_of(share) == pytest.approx(float(sampled.std()), rel=0.1)


def test_symmetry_index_is_robinsons() -> None:
    assert symmetry_index(Estimate(1.1, {}), Estimate(0.9, {})).value == pytest.approx(20.0)


def test_overlap_of_walking_is_flight_of_running() -> None:
    walking, running = find_steps(walker()), find_steps(walker(RUN))
    assert all(overlap.value > 0 for _, overlap in overlaps(walking))
    assert all(flight.value < 0 for flight in flight_times(walking))
    assert all(flight.value > 0 for flight in flight_times(running))


def test_cycles_are_resampled_between_strikes() -> None:
    steps = find_steps(walker())
    strides = strides_of(steps, "left")
    times = np.linspace(0, 6, 361)
    ramp = Series("ramp", "s", "left", times, times, np.full(361, 0.1), np.zeros(361, np.uint8))
    cycle = cycle_of(ramp, strides)
    np.testing.assert_allclose(cycle.values[:, 0], cycle.start_s, atol=1e-9)
    np.testing.assert_allclose(cycle.values[:, -1], cycle.end_s, atol=1e-9)
    middle = band(cycle)
    assert middle.count.tolist() == [len(strides)] * 101
    np.testing.assert_allclose(middle.mean, cycle.values.mean(axis=0))
    np.testing.assert_allclose(middle.sd, cycle.values.std(axis=0, ddof=1))
