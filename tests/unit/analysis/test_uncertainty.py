"""Oracle: noise of stated size."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.motion.jointed_person import jointed_person, one_track, seen

from gonio.analysis.propagation import error_correlation, sd_of_difference, sd_of_mean
from gonio.analysis.residual import bridge_variance, temporal_sd
from gonio.analysis.uncertainty import BOX_OVER_KEYPOINTS, with_uncertainty
from gonio.structures.flags import KeypointFlag
from gonio.structures.sequence import PoseSequence

_PHASE = np.linspace(0, 8 * np.pi, 400)
SQUATS = jointed_person(400, hip_flexion=50 - 50 * np.cos(_PHASE), knee_flexion=50 - 50 * np.cos(_PHASE))


def noisy(sd: float, *, unit: str = "m") -> PoseSequence:
    noise = np.random.default_rng(1).normal(0, sd, SQUATS.shape)
    if unit == "m":
        return one_track(SQUATS + noise, unit="m")
    return seen(SQUATS + noise)


def test_the_residual_finds_the_noise_under_the_movement() -> None:
    found = with_uncertainty(noisy(0.01))
    assert found.keypoint_sd is not None
    assert np.median(found.keypoint_sd) == pytest.approx(0.01, rel=0.06)
    assert found.history[-1] == "keypoint sd: larger of residual over time"


def test_the_residual_at_uneven_times_and_without_noise() -> None:
    rng = np.random.default_rng(0)
    time_s = np.cumsum(rng.uniform(0.01, 0.05, 500))
    points = np.sin(2 * time_s)[:, None, None] + rng.normal(0, 0.02, (500, 3, 2))
    assert np.median(temporal_sd(points, time_s)) == pytest.approx(0.02, rel=0.08)
    assert temporal_sd(np.sin(time_s)[:, None, None], time_s).max() < 1e-4
    assert np.isnan(temporal_sd(points[:4], time_s[:4])).all()


def test_the_score_says_how_far_off_of_the_size_of_the_person() -> None:
    sequence = noisy(0.0, unit="px")
    sequence.scores[:] = 0.5
    found = with_uncertainty(sequence, error_by_score=((0.0, 0.10), (1.0, 0.02))).keypoint_sd
    box = np.ptp(sequence.keypoints[7, 0], axis=0)
    assert found is not None
    assert found[7, 0, 3] == pytest.approx(0.06 * BOX_OVER_KEYPOINTS * np.sqrt(box.prod() / 2), rel=1e-4)


def test_a_filtered_sequence_has_no_residual_but_keeps_what_was_known() -> None:
    filtered = noisy(0.01).noted("Butterworth 6 Hz")
    unknown = with_uncertainty(filtered)
    assert unknown.keypoint_sd is not None
    assert np.isnan(unknown.keypoint_sd).all()
    known = with_uncertainty(noisy(0.01)).noted("Butterworth 6 Hz")
    np.testing.assert_array_equal(with_uncertainty(known).keypoint_sd, known.keypoint_sd)


def test_a_filled_gap_is_wider_in_its_middle() -> None:
    sequence = noisy(0.01)
    flags = np.zeros(sequence.scores.shape, np.uint8)
    flags[100:121, 0, 13] = KeypointFlag.FILLED
    found = with_uncertainty(replace(sequence, flags=flags)).keypoint_sd
    assert found is not None
    gap = found[99:122, 0, 13]
    assert gap[1] > gap[0]
    assert gap.argmax() == 11
    assert gap.max() > 2 * gap[0]


def test_a_missing_keypoint_has_none() -> None:
    sequence = noisy(0.01)
    sequence.keypoints[5, 0, 13] = np.nan
    found = with_uncertainty(sequence).keypoint_sd
    assert found is not None
    assert np.isnan(found[5, 0, 13])


def test_the_bridge_is_as_wide_as_a_random_walk_is() -> None:
    rng = np.random.default_rng(0)
    walks = np.cumsum(rng.normal(0, 0.1, (60, 400)), axis=0)
    time_s = np.arange(60) / 30
    seen_at = np.ones(60, np.bool_)
    seen_at[20:40] = False
    straight = np.array([np.interp(time_s, time_s[seen_at], walk[seen_at]) for walk in walks.T]).T
    expected = ((walks - straight) ** 2).mean(axis=1)[30]
    found = np.mean([bridge_variance(walk[:, None], seen_at, time_s)[30] for walk in walks.T])
    assert found == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize(
    ("lasting", "fresh", "correlation_s"), [(0.0, 0.2, 0.0), (0.7, 0.0, 0.1), (0.3, 0.4, 0.5), (1.0, 0.2, 0.1)]
)
def test_a_mean_is_the_sum_with_all_covariances(lasting: float, fresh: float, correlation_s: float) -> None:
    rng = np.random.default_rng(0)
    sd, time_s = rng.uniform(1, 3, 40), np.cumsum(rng.uniform(0.01, 0.1, 40))
    apart_s = time_s[:, None] - time_s
    shared = error_correlation(apart_s, lasting=lasting, fresh=fresh, correlation_s=correlation_s)
    whole = np.sqrt(sd @ shared @ sd) / 40
    assert sd_of_mean(sd, time_s, lasting=lasting, fresh=fresh, correlation_s=correlation_s) == pytest.approx(whole)


def test_edges_of_the_sums() -> None:
    assert np.isnan(sd_of_mean(np.zeros(0), np.zeros(0)))
    assert sd_of_difference(2.0, 2.0, correlation=1.0) == 0
    assert error_correlation(np.array([0.0, 1.0]), lasting=0, correlation_s=0).tolist() == [1, 0]


def test_a_mean_is_hardly_too_sure_where_errors_last_as_those_of_the_hips() -> None:
    """Of the variance of their error 0.78 is left after 0.5 s."""
    sd, time_s = np.ones(120), np.arange(120) / 30
    assert sd_of_mean(sd, time_s) > 0.94 * sd_of_mean(sd, time_s, lasting=0.78)


def test_errors_are_as_alike_as_was_measured_and_never_taken_for_better() -> None:
    """Below 0.1 s no more alike than was measured, so that velocities are careful; later no less."""
    measured = {1 / 60: 0.81, 2 / 60: 0.74, 3 / 60: 0.67, 0.1: 0.56, 0.2: 0.43, 0.3: 0.36, 0.5: 0.32}
    for apart_s, expected in measured.items():
        taken = float(error_correlation(np.array(apart_s)))
        assert expected - 0.05 < taken <= expected if apart_s <= 0.1 else taken >= expected
