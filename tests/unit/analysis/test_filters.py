from typing import Any

import numpy as np
import pytest
from scipy.signal import butter, filtfilt

from gonio.analysis.filters import OneEuroFilter, butterworth_zero_phase, residual_cutoff_hz
from gonio.arrays import FloatArray64
from gonio.errors import ConfigError


def _amplitude(values: FloatArray64, time_s: FloatArray64, frequency: float) -> float:
    """Of one sine, by least squares, away from the ends."""
    inner = slice(len(time_s) // 4, -len(time_s) // 4)
    basis = np.stack([np.sin(2 * np.pi * frequency * time_s), np.cos(2 * np.pi * frequency * time_s)], axis=1)[inner]
    return float(np.linalg.norm(np.linalg.lstsq(basis, values[inner], rcond=None)[0]))


def test_agrees_with_scipys_two_passes() -> None:
    """Oracle: scipy.signal.filtfilt with the cut-off raised by Robertson and Dowling's formula, written out here."""
    rng = np.random.default_rng(0)
    time_s, values = np.arange(200) / 50, rng.normal(size=(200, 2)).cumsum(axis=0)
    raised = np.arctan(np.tan(np.pi * 6 / 50) / (2**0.5 - 1) ** 0.25) * 50 / np.pi
    expected = filtfilt(*butter(2, raised, fs=50), values, axis=0, padlen=9)
    np.testing.assert_allclose(butterworth_zero_phase(values, time_s, cutoff_hz=6), expected, atol=1e-9)


@pytest.mark.parametrize("order", [2, 4, 6])
def test_amplitude_at_the_cutoff_is_minus_three_decibels_after_both_passes(order: int) -> None:
    time_s = np.arange(1000) / 100
    smooth = butterworth_zero_phase(np.sin(2 * np.pi * 6 * time_s), time_s, cutoff_hz=6, order=order)
    assert _amplitude(smooth, time_s, 6) == pytest.approx(2**-0.5, abs=2e-3)


def test_slow_motion_passes_without_delay() -> None:
    time_s = np.arange(300) / 30
    values = np.sin(2 * np.pi * 1.0 * time_s)
    np.testing.assert_allclose(butterworth_zero_phase(values, time_s, cutoff_hz=6)[10:-10], values[10:-10], atol=2e-3)


def test_uneven_times_are_taken_as_they_are() -> None:
    rng = np.random.default_rng(1)
    time_s = np.arange(400) / 60 + rng.uniform(-0.006, 0.006, 400)
    values = np.sin(2 * np.pi * 1.0 * time_s)
    smooth = butterworth_zero_phase(values, time_s, cutoff_hz=6)
    np.testing.assert_allclose(smooth[15:-15], values[15:-15], atol=5e-3)


def test_parts_beside_a_gap_do_not_know_of_each_other() -> None:
    time_s = np.arange(60) / 30
    values = np.where(np.arange(60) < 30, 0.0, 100.0)
    values[28:32] = np.nan
    smooth = butterworth_zero_phase(values, time_s, cutoff_hz=3)
    assert np.isnan(smooth[28:32]).all()
    np.testing.assert_allclose(smooth[:28], 0, atol=1e-9)
    np.testing.assert_allclose(smooth[32:], 100, atol=1e-9)


def test_columns_with_different_gaps_are_filtered_each_by_itself() -> None:
    rng = np.random.default_rng(2)
    time_s, values = np.arange(80) / 30, rng.normal(size=(80, 2, 2))
    values[20:25, 0, 1] = np.nan
    smooth = butterworth_zero_phase(values, time_s, cutoff_hz=5)
    for i, j in np.ndindex(2, 2):
        np.testing.assert_allclose(smooth[:, i, j], butterworth_zero_phase(values[:, i, j], time_s, cutoff_hz=5))


@pytest.mark.parametrize("length", [0, 1, 2, 3])
def test_too_short_parts_stay_as_they_are(length: int) -> None:
    values = np.arange(length, dtype=np.float64)
    np.testing.assert_array_equal(butterworth_zero_phase(values, np.arange(length) / 30.0, cutoff_hz=5), values)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"cutoff_hz": 16}, "below 15"), ({"cutoff_hz": 0}, "above 0"), ({"cutoff_hz": 6, "order": 3}, "order is 3")],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        butterworth_zero_phase(np.zeros(30), np.arange(30) / 30, **settings)


def _noisy_motion(
    frequency: float, noise: float, *, rate: int = 100
) -> tuple[FloatArray64, FloatArray64, FloatArray64]:
    time_s = np.arange(10 * rate) / rate
    motion = np.sin(2 * np.pi * frequency * time_s) + 0.3 * np.sin(2 * np.pi * 3 * frequency * time_s)
    return motion, motion + np.random.default_rng(3).normal(0, noise, len(time_s)), time_s


def test_residual_cutoff_is_near_the_best_one() -> None:
    """Oracle: the cut-off of the least error to the noise-free motion, found by trying all."""
    motion, noisy, time_s = _noisy_motion(1.0, 0.05)
    errors = {f: np.std(butterworth_zero_phase(noisy, time_s, cutoff_hz=f) - motion) for f in np.arange(3, 12, 0.5)}
    chosen = residual_cutoff_hz(noisy, time_s)
    assert np.std(butterworth_zero_phase(noisy, time_s, cutoff_hz=chosen) - motion) < 1.4 * min(errors.values())


def test_residual_cutoff_follows_the_motion_up() -> None:
    slow, fast = (residual_cutoff_hz(_noisy_motion(f, 0.02)[1], np.arange(1000) / 100) for f in (0.8, 2.5))
    assert 3 <= slow < fast <= 12


def test_residual_cutoff_stays_within_its_limits_and_the_sampling_rate() -> None:
    _, noisy, time_s = _noisy_motion(1.0, 0.001, rate=10)
    assert residual_cutoff_hz(noisy, time_s) <= 4.0 + 1e-9
    assert residual_cutoff_hz(np.full(5, np.nan), np.arange(5) / 30) == 3.0
    assert residual_cutoff_hz(np.zeros(0), np.zeros(0)) == 3.0


def test_one_euro_matches_the_papers_recurrence() -> None:
    """Oracle: the recurrence of Casiez et al. 2012 for one number, written out."""
    rng, rate = np.random.default_rng(4), 60.0
    values = rng.normal(size=50).cumsum()
    smooth = OneEuroFilter(1.2, 0.3, 0.9)
    got = [float(smooth.step(np.array([v]), i / rate)[0]) for i, v in enumerate(values)]

    def alpha(cutoff: float) -> float:
        return 1 / (1 + rate / (2 * np.pi * cutoff))

    x, dx, expected = values[0], 0.0, [values[0]]
    for v in values[1:]:
        dx += alpha(0.9) * ((v - x) * rate - dx)
        x += alpha(1.2 + 0.3 * abs(dx)) * (v - x)
        expected.append(x)
    np.testing.assert_allclose(got, expected)


def test_one_euro_keeps_missing_missing_and_goes_on_after_a_short_gap() -> None:
    smooth = OneEuroFilter(restart_s=0.5)
    smooth.step(np.array([0.0, 0.0]), 0.0)
    assert np.isnan(smooth.step(np.array([np.nan, 1.0]), 0.1)[0])
    after = smooth.step(np.array([1.0, 1.0]), 0.2)
    assert 0 < after[0] < 1


def test_one_euro_begins_anew_after_a_long_gap() -> None:
    smooth = OneEuroFilter(restart_s=0.5)
    smooth.step(np.array([0.0]), 0.0)
    assert smooth.step(np.array([7.0]), 0.6)[0] == 7.0


def test_one_euro_refuses_time_that_stands_still() -> None:
    smooth = OneEuroFilter()
    smooth.step(np.zeros(1), 1.0)
    with pytest.raises(ConfigError, match="1 after 1"):
        smooth.step(np.zeros(1), 1.0)
