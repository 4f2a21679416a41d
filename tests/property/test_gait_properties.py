"""Gait does not depend on where the camera stands, how large the person is, or how fast the clip is played."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.motion.correlated_noise import draw, read_errors
from benchmarks.motion.gait_walker import Gait, walker
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gonio.analysis.gait import analyse_gait
from gonio.analysis.gait.events import Steps, find_steps
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

GAITS = st.builds(
    Gait,
    stride_s=st.floats(0.9, 1.4),
    stance=st.floats(0.56, 0.68),
    speed=st.floats(0.7, 1.8),
    start_s=st.floats(0.0, 0.9),
)


def times(steps: Steps) -> dict[tuple[str, str], FloatArray64]:
    kinds = {(event.name, event.side) for event in steps.events}
    return {
        kind: np.array([event.time_s for event in steps.events if (event.name, event.side) == kind]) for kind in kinds
    }


def assert_same(one: Steps, other: Steps, *, factor: float = 1.0, shift: float = 0.0) -> None:
    first, second = times(one), times(other)
    assert first.keys() == second.keys()
    for kind, expected in first.items():
        np.testing.assert_allclose(second[kind], factor * expected + shift, atol=2e-3 * factor)


def mirrored(sequence: PoseSequence) -> PoseSequence:
    flipped = sequence.keypoints * np.array([-1, 1], np.float32)
    return replace(sequence, keypoints=flipped[:, :, list(sequence.skeleton.flip_indices)])


@settings(max_examples=8, deadline=None)
@given(GAITS, st.booleans())
def test_a_mirrored_picture_swaps_the_sides(gait: Gait, treadmill: bool) -> None:
    sequence = walker(gait, seconds=4, treadmill=treadmill)
    own, other = times(find_steps(sequence)), times(find_steps(mirrored(sequence)))
    for (name, side), expected in own.items():
        np.testing.assert_allclose(other[name, "left" if side == "right" else "right"], expected, atol=2e-3)


@settings(max_examples=8, deadline=None)
@given(GAITS, st.floats(20, 2000), st.floats(-5000, 5000))
def test_scale_and_place_in_the_picture_do_not_matter(gait: Gait, scale: float, shift: float) -> None:
    sequence = walker(gait, seconds=4)
    picture = replace(
        sequence, keypoints=(sequence.keypoints * np.array([scale, -scale], np.float32) + np.float32(shift)), unit="px"
    )
    assert_same(find_steps(sequence), find_steps(picture))


@settings(max_examples=8, deadline=None)
@given(GAITS, st.floats(0.25, 8.0), st.floats(-10, 100))
@example(Gait(stride_s=1.330078125, stance=0.5859375, speed=1.0, start_s=0.0), 1.5, 0.0)  # a strike at the very end
def test_slow_motion_stretches_all_times(gait: Gait, factor: float, start_s: float) -> None:
    sequence = walker(gait, seconds=4)
    slow = replace(sequence, time_s=factor * sequence.time_s + start_s)
    assert_same(find_steps(sequence), find_steps(slow), factor=factor, shift=start_s)


@settings(max_examples=8, deadline=None)
@given(GAITS, st.integers(0, 1000))
def test_a_variable_frame_rate_gives_the_same_times(gait: Gait, seed: int) -> None:
    fine = walker(gait, seconds=4, fps=240)
    rng = np.random.default_rng(seed)
    kept = np.cumsum(rng.integers(2, 7, 400))
    kept = kept[kept < len(fine)]
    uneven = replace(fine, keypoints=fine.keypoints[kept], scores=fine.scores[kept], time_s=fine.time_s[kept])
    one, other = times(find_steps(fine)), times(find_steps(uneven))
    for kind, expected in one.items():
        inner = expected[(expected > 0.4) & (expected < 3.6)]
        for time_s in inner:
            # 15 ms in a stance of two thirds: of two turns of the shortening leg that are alike, another is steeper
            assert np.abs(other[kind] - time_s).min() < 0.017


@settings(max_examples=6, deadline=None)
@given(GAITS, st.booleans())
def test_error_bars_cover_noise(gait: Gait, white: bool) -> None:
    """White, or as it was measured: a part of it lasts and a part fades."""
    sequence = walker(gait, seconds=8)
    clean = find_steps(sequence)
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.01, sequence.keypoints.shape)
    if not white:
        noise = 1.8 * draw(sequence.skeleton, sequence.time_s, read_errors(), rng)[:, None]
    noisy = find_steps(replace(sequence, keypoints=(sequence.keypoints + noise).astype(np.float32)))
    truth = times(clean)
    inside = [
        np.abs(truth[event.name, event.side] - event.time_s).min() < 2 * event.sd_s
        for event in noisy.events
        if (event.name, event.side) in truth
    ]
    assert np.mean(inside) > 0.8


@settings(max_examples=6, deadline=None)
@given(GAITS)
def test_cadence_is_that_of_the_walker(gait: Gait) -> None:
    assert analyse_gait(walker(gait)).measure("cadence").value == pytest.approx(120 / gait.stride_s, rel=0.01)
