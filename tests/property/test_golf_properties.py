"""What is true of every swing: a mirror changes the hand, slow motion the clock, a zoom nothing."""

from dataclasses import replace

import numpy as np
from benchmarks.motion.golfer import Camera, filmed, random_golfer, swing
from hypothesis import given, settings
from hypothesis import strategies as st

from gonio.analysis.golf import analyse_golf
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis
from gonio.structures.sequence import PoseSequence

SEEDS = st.integers(0, 500)
CAMERAS: st.SearchStrategy[Camera] = st.sampled_from(["face_on", "down_the_line"])


def a_swing(seed: int, camera: Camera) -> PoseSequence:
    rng = np.random.default_rng(seed)
    return filmed(swing(random_golfer(rng)), camera=camera, noise=0.004, rng=rng)


def times(analysis: Analysis) -> dict[str, float]:
    return {event.name: event.time_s for event in analysis.events}


def values(analysis: Analysis) -> dict[str, float]:
    return {measure.name: measure.value for measure in analysis.measures}


def assert_same(found: dict[str, float], expected: dict[str, float], tolerance: float) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert np.isclose(found[name], value, rtol=tolerance, atol=tolerance, equal_nan=True), name


@settings(deadline=None, max_examples=20)
@given(SEEDS, CAMERAS)
def test_a_mirror_changes_the_hand_and_nothing_else(seed: int, camera: Camera) -> None:
    sequence = a_swing(seed, camera)
    flip = list(sequence.skeleton.flip_indices)
    mirrored = replace(
        sequence,
        keypoints=(sequence.keypoints[:, :, flip] * np.array([-1, 1], np.float32) + np.array([960, 0], np.float32)),
    )
    one, other = analyse_golf(sequence), analyse_golf(mirrored)
    assert {one.facts["handedness"], other.facts["handedness"]} == {"right-handed", "left-handed"}
    assert_same(times(other), times(one), 1e-3)
    assert_same(values(other), values(one), 2e-3)


@settings(deadline=None, max_examples=20)
@given(SEEDS, CAMERAS, st.floats(0.5, 10))
def test_slow_motion_stretches_times_and_keeps_the_tempo(seed: int, camera: Camera, slower: float) -> None:
    sequence = a_swing(seed, camera)
    one, slow = analyse_golf(sequence), analyse_golf(replace(sequence, time_s=sequence.time_s * slower))
    assert_same(times(slow), {name: slower * time_s for name, time_s in times(one).items()}, 1e-6)
    in_seconds = {"backswing_time", "downswing_time"}
    assert_same(values(slow), {n: v * (slower if n in in_seconds else 1) for n, v in values(one).items()}, 1e-6)


@settings(deadline=None, max_examples=20)
@given(SEEDS, CAMERAS, st.floats(0.3, 3), st.tuples(st.floats(-500, 500), st.floats(-500, 500)))
def test_zoom_and_shift_change_nothing(seed: int, camera: Camera, zoom: float, shift: tuple[float, float]) -> None:
    sequence = a_swing(seed, camera)
    moved = replace(
        sequence,
        keypoints=(sequence.keypoints * zoom + shift).astype(np.float32),
        keypoint_sd=None if sequence.keypoint_sd is None else (sequence.keypoint_sd * zoom).astype(np.float32),
    )
    one, other = analyse_golf(sequence), analyse_golf(moved)
    assert_same(times(other), times(one), 1e-3)
    assert_same(values(other), values(one), 5e-3)


@settings(deadline=None, max_examples=15)
@given(SEEDS, CAMERAS, st.floats(-20, 20))
def test_a_rolled_camera_is_taken_out(seed: int, camera: Camera, roll_deg: float) -> None:
    sequence = a_swing(seed, camera)
    cos, sin = np.cos(np.radians(roll_deg)), np.sin(np.radians(roll_deg))
    turned = sequence.keypoints.astype(np.float64) @ np.array([[cos, -sin], [sin, cos]])
    rolled = analyse_golf(replace(sequence, keypoints=turned.astype(np.float32)), AnalysisOptions(up_deg=roll_deg))
    assert_same(times(rolled), times(analyse_golf(sequence)), 1e-3)
