"""Oracle: sines, whose slope and range are known."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.motion.jointed_person import jointed_person, seen

from gonio.analysis.angles import angle_series
from gonio.analysis.kinematics import angular_velocity, fastest, mean, peak, range_of_motion, summarise
from gonio.analysis.propagation import LASTING_IN_MEAN
from gonio.analysis.series import Reason, Series
from gonio.analysis.uncertainty import with_uncertainty


def series(values: np.ndarray, time_s: np.ndarray, *, sd: float = 2.0) -> Series:
    reasons = np.where(np.isfinite(values), 0, Reason.MISSING).astype(np.uint8)
    return Series("knee_flexion", "deg", "right", time_s, values, np.full(len(values), sd), reasons)


TIME_S = np.cumsum(np.random.default_rng(0).uniform(0.01, 0.03, 300))
SWING = series(30 + 25 * np.sin(4 * TIME_S), TIME_S)


def test_the_slope_at_uneven_times() -> None:
    found = angular_velocity(SWING)
    assert (found.name, found.unit) == ("knee_flexion_velocity", "deg/s")
    np.testing.assert_allclose(found.values[1:-1], 100 * np.cos(4 * TIME_S[1:-1]), atol=0.3)
    np.testing.assert_allclose(found.values, 100 * np.cos(4 * TIME_S), atol=7)


def test_the_error_of_a_slope_of_independent_samples() -> None:
    even = series(np.zeros(5), np.arange(5) / 50)
    found = angular_velocity(even, lasting=0, correlation_s=0)
    assert found.sd[2] == pytest.approx(np.sqrt(2) * 2.0 / (2 / 50))
    assert angular_velocity(even, lasting=1).sd[2] == pytest.approx(0, abs=1e-6)
    assert angular_velocity(even).sd[2] < found.sd[2] / np.sqrt(2)


def test_beside_a_gap_the_one_neighbour_counts_and_a_lone_sample_has_no_slope() -> None:
    found = angular_velocity(series(np.array([0.0, 1.0, np.nan, 5.0, np.nan]), np.arange(5.0)))
    assert found.values[:2].tolist() == [1.0, 1.0]
    assert np.isnan(found.values[2:]).all()


def test_range_peak_and_mean() -> None:
    rom = range_of_motion(SWING)
    assert (rom.name, rom.unit, rom.side) == ("knee_flexion_range", "deg", "right")
    assert rom.value == pytest.approx(50, abs=0.1)
    assert rom.sd == pytest.approx(2 * np.sqrt(2))
    assert peak(SWING).value == pytest.approx(55, abs=0.1)
    assert peak(SWING, least=True).value == pytest.approx(5, abs=0.1)
    assert 2 * np.sqrt(LASTING_IN_MEAN) < mean(SWING).sd < 2 * np.sqrt(LASTING_IN_MEAN + 0.05)
    assert [measure.name for measure in summarise(SWING)] == [
        "mean_knee_flexion",
        "peak_knee_flexion",
        "least_knee_flexion",
        "knee_flexion_range",
        "peak_knee_flexion_velocity",
    ]


def test_the_largest_speed_whichever_way_of_valid_samples() -> None:
    found = fastest(SWING)
    assert (found.name, found.unit, found.side) == ("peak_knee_flexion_velocity", "deg/s", "right")
    assert found.value == pytest.approx(100, abs=1)
    assert found.sd > 0
    falling = series(30 - 50 * TIME_S[:20], TIME_S[:20])
    assert fastest(falling).value == pytest.approx(50)
    wild = SWING.values.copy()
    wild[100:103] += (500, 900, 500)
    excluded = SWING.reasons.copy()
    excluded[100:103] = Reason.OUTLIER
    found = fastest(replace(SWING, values=wild, reasons=excluded))
    assert found.value == pytest.approx(100, abs=1)
    assert found.excluded_fraction == pytest.approx(0.01)
    assert str(fastest(series(np.full(5, np.nan), np.arange(5.0)))).endswith("velocity not measured (not found)")


def test_the_slope_of_many_samples_is_that_of_each_alone() -> None:
    """Oracle: a polynomial through three points, one sample after the other."""
    values = SWING.values.copy()
    values[[3, 40, 41, 80]] = np.nan
    found = angular_velocity(series(values, TIME_S))
    for i in (1, 10, 39, 79, 200):
        near = [j for j in (i - 1, i, i + 1) if np.isfinite(values[j])]
        slope = np.polynomial.Polynomial.fit(TIME_S[near], values[near], len(near) - 1).deriv()
        assert found.values[i] == pytest.approx(slope(TIME_S[i]))
    assert len(angular_velocity(series(np.zeros(0), np.zeros(0)))) == 0


def test_one_bad_frame_makes_no_range() -> None:
    values = SWING.values.copy()
    values[100] = 170.0
    assert range_of_motion(series(values, TIME_S)).value == pytest.approx(50, abs=0.2)


def test_nothing_valid_is_not_measured_and_says_why() -> None:
    nothing = series(np.full(5, np.nan), np.arange(5.0))
    assert str(range_of_motion(nothing)) == "right knee flexion range not measured (not found)"
    assert str(mean(series(np.zeros(0), np.zeros(0)))) == "right mean knee flexion not measured (no sample)"


def test_it_reads_like_a_sentence() -> None:
    sequence = seen(jointed_person(100, hip_flexion=30.0, knee_flexion=61.3), px_per_m=200)
    sequence.scores[:12, 0, sequence.skeleton.index("right_knee")] = 0.1
    found = angle_series(with_uncertainty(sequence), "knee_flexion", side="right")
    text = str(mean(found))
    assert text.startswith("right mean knee flexion 61.3 deg +- ")
    assert text.endswith("(12 % of frames excluded: right knee hidden or doubtful)")
