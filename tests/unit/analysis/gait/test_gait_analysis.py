import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from benchmarks.motion.gait_walker import Gait, walker

from gonio.analysis.gait import analyse_gait
from gonio.analysis.gait.contacts import flight_times, overlaps, strides_of
from gonio.analysis.gait.cycles import band, cycle_of
from gonio.analysis.gait.estimate import Estimate, between, mean, symmetry_index
from gonio.analysis.gait.events import find_steps
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Event
from gonio.analysis.series import Series
from gonio.errors import ConfigError

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


def test_the_front_view_counts_steps_and_measures_width() -> None:
    side = walker(seconds=6, treadmill=True)
    keypoints = side.keypoints.copy()
    for i, name in enumerate(side.skeleton.keypoint_names):
        keypoints[..., i, 0] = {"left": 0.1, "right": -0.1}.get(side.skeleton.sides[i], 0.0)
        if "shoulder" in name:
            keypoints[..., i, 0] *= 2
    found = analyse_gait(replace(side, keypoints=keypoints))
    assert found.facts["view"] == "frontal"
    assert found.events == ()
    assert found.measure("cadence").value == pytest.approx(120 / 1.1, abs=2)
    assert found.measure("step_width").value == pytest.approx(0.2, abs=0.01)


def test_fewer_frames_and_no_feet_are_limits() -> None:
    texts = " ".join(finding.text for finding in analyse_gait(walker(fps=30, skeleton="coco17")).findings)
    assert "30 frames per second" in texts
    assert "Heels and toes are not seen" in texts


def test_events_shared_by_neighbours_count_once() -> None:
    events = [Event("heel_strike", float(t), "left", 0.01) for t in range(5)]
    average = mean([between(a, b) for a, b in pairwise(events)])
    assert average.value == 1.0
    assert average.sd == pytest.approx(0.01 * math.sqrt(2) / 4)


def test_first_order_errors_agree_with_monte_carlo() -> None:
    rng = np.random.default_rng(0)
    a, b, c = (Event("heel_strike", time_s, "left", 0.02) for time_s in (0.0, 0.6, 1.0))
    share = between(a, b) / between(a, c)
    times = rng.normal((0.0, 0.6, 1.0), 0.02, (20_000, 3))
    sampled = (times[:, 1] - times[:, 0]) / (times[:, 2] - times[:, 0])
    assert share.sd == pytest.approx(float(sampled.std()), rel=0.1)


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
