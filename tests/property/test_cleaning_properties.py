from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gonio.analysis.cleaning import clean
from gonio.analysis.filters import OneEuroFilter, butterworth_zero_phase, residual_cutoff_hz
from gonio.analysis.outliers import impossible_bones
from gonio.arrays import FlagArray
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

COCO = load_skeleton("coco17")
FLIP = np.array(COCO.flip_indices)
seeds = st.integers(0, 2**32 - 1)


def _stepping(seed: int) -> PoseSequence:
    """Marching on the spot, half from the front, with noise, low scores, an outlier and exchanged legs."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(60) / 30
    points = np.zeros((len(time_s), 1, 17, 2))
    pace_hz = rng.uniform(0.8, 1.2)
    heights = {0: 10, 1: 5, 3: 8, 5: 60, 7: 120, 9: 175, 11: 180, 13: 265, 15: 345}
    for left, y in heights.items():
        for k in {left, COCO.flip_indices[left]}:
            sign = {"left": 1, "right": -1, "centre": 0}[COCO.sides[k]]
            lift = np.clip(np.sin(2 * np.pi * time_s * pace_hz + np.pi * (sign > 0)), 0, None)
            points[:, 0, k] = (25 * sign, y)
            points[:, 0, k, 1] -= 60 * lift * (left >= 13)
            points[:, 0, k, 0] += 20 * lift * (left >= 13)
    points += rng.normal(0, 1, points.shape)
    points[20, 0, 9] += (90, -70)
    points[40:43, 0, 11:] = points[40:43, 0][:, [12, 11, 14, 13, 16, 15]]
    scores = np.ones(points.shape[:3], np.float32)
    scores[30:33, 0, 10] = 0.05
    return PoseSequence(points.astype(np.float32), scores, time_s, np.zeros(1, np.int64), COCO)


def _flags(sequence: PoseSequence) -> FlagArray:
    assert sequence.flags is not None
    return sequence.flags


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(1, 12), st.floats(-1e4, 1e4))
def test_filters_keep_constants_at_any_times(seed: int, cutoff: float, level: float) -> None:
    rng = np.random.default_rng(seed)
    time_s = np.cumsum(rng.uniform(0.02, 0.04, 50))
    values = np.full(50, level)
    np.testing.assert_allclose(butterworth_zero_phase(values, time_s, cutoff_hz=cutoff), values, rtol=1e-7, atol=1e-9)
    smooth = OneEuroFilter()
    for t in time_s:
        assert np.isclose(smooth.step(np.array([level]), float(t))[0], level)


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(2, 8))
def test_missing_samples_stay_missing_and_no_others_become_so(seed: int, cutoff: float) -> None:
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((60, 2)) < 0.2, np.nan, rng.normal(size=(60, 2)))
    smooth = butterworth_zero_phase(values, np.arange(60) / 30, cutoff_hz=cutoff)
    np.testing.assert_array_equal(np.isnan(smooth), np.isnan(values))


@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(0.01, 100), st.floats(-1000, 1000))
def test_the_residual_cutoff_knows_no_unit_and_no_origin(seed: int, scale: float, shift: float) -> None:
    time_s = np.arange(120) / 60
    values = np.sin(2 * np.pi * 1.3 * time_s) + np.random.default_rng(seed).normal(0, 0.05, 120)
    expected = residual_cutoff_hz(values, time_s)
    assert abs(residual_cutoff_hz(scale * values + shift, time_s) - expected) < 1e-3


@settings(max_examples=5, deadline=None)
@given(seeds, st.sampled_from([0.25, 1.0, 4.0]), st.integers(-500, 500), st.integers(0, 1000))
def test_cleaning_commutes_with_scale_shift_and_later_start(
    seed: int, scale: float, shift: float, later_s: int
) -> None:
    sequence = _stepping(seed)
    moved = replace(sequence, keypoints=sequence.keypoints * np.float32(scale) + np.float32(shift))
    moved = replace(moved, time_s=sequence.time_s + later_s)
    one, other = clean(sequence), clean(moved)
    np.testing.assert_array_equal(_flags(one), _flags(other))
    np.testing.assert_allclose(one.keypoints * scale + shift, other.keypoints, atol=0.01 * max(scale, 1))


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_cleaning_commutes_with_a_mirror_that_exchanges_sides(seed: int) -> None:
    sequence = _stepping(seed)
    sign = np.array([-1, 1], np.float32)
    mirrored = replace(sequence, keypoints=sequence.keypoints[:, :, FLIP] * sign, scores=sequence.scores[:, :, FLIP])
    one, other = clean(sequence), clean(mirrored)
    np.testing.assert_array_equal(_flags(one)[:, :, FLIP], _flags(other))
    np.testing.assert_allclose(one.keypoints[:, :, FLIP] * sign, other.keypoints, atol=1e-2)


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_cleaning_repairs_what_was_planted(seed: int) -> None:
    cleaned = clean(_stepping(seed))
    assert (_flags(cleaned)[40:43, 0, 13:] & 64).any(axis=-1).all()
    assert np.isfinite(cleaned.keypoints).all()
    assert _flags(cleaned)[20, 0, 9] == 32


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(0.05, 1.0))
def test_a_bone_is_never_too_short(seed: int, shrink: float) -> None:
    """Foreshortening one limb at any time makes nothing impossible."""
    sequence = _stepping(seed).keypoints[:, 0].astype(np.float64)
    sequence[20], sequence[40:43] = sequence[19], sequence[39]
    shortened = sequence.copy()
    rng = np.random.default_rng(seed)
    times = rng.random(len(sequence)) < 0.5
    shortened[times, 9] = sequence[times, 7] + shrink * (sequence[times, 9] - sequence[times, 7])
    assert not impossible_bones(shortened, np.arange(len(sequence)) / 30, COCO).any()
