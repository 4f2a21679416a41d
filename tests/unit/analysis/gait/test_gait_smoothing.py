import numpy as np
import pytest

from gonio.analysis.gait.features import Window, crossings, highest, turn, weighted_mean
from gonio.analysis.gait.smoothing import Curve, fit_curve
from gonio.analysis.moments import Moment
from gonio.analysis.readings import Reading

TIMES = np.linspace(0, 2, 121)
GRID = np.linspace(0, 2, 401)


def test_a_cubic_is_fitted_exactly_with_its_derivatives() -> None:
    curve = fit_curve(TIMES, TIMES**3 - TIMES, GRID, half_width_s=0.1)
    for order, expected in enumerate((GRID**3 - GRID, 3 * GRID**2 - 1, 6 * GRID, np.full(401, 6.0))):
        np.testing.assert_allclose(curve.values[order], expected, atol=1e-3)


def test_uneven_times_and_a_missing_sample_change_nothing() -> None:
    times = TIMES + 0.004 * np.sin(37 * TIMES)
    samples = times**2
    samples[50] = np.nan
    np.testing.assert_allclose(fit_curve(times, samples, GRID, half_width_s=0.1).position, GRID**2, atol=1e-3)


def test_a_long_gap_has_no_curve() -> None:
    samples = TIMES.copy()
    samples[40:80] = np.nan
    curve = fit_curve(TIMES, samples, GRID, half_width_s=0.1)
    assert np.isnan(curve.at(1.0))
    assert curve.at(0.2) == pytest.approx(0.2)


def test_no_sample_gives_no_curve() -> None:
    assert np.isnan(fit_curve(TIMES, np.full(121, np.nan), GRID, half_width_s=0.1).values).all()


def test_claimed_sd_of_velocity_is_that_of_many_noisy_copies() -> None:
    rng = np.random.default_rng(0)
    curves = [fit_curve(TIMES, rng.normal(0, 0.01, 121), GRID, half_width_s=0.15) for _ in range(300)]
    seen = np.std([curve.at(1.0, 1) for curve in curves])
    claimed = np.mean([curve.sd_at(1.0, 1) for curve in curves])
    assert claimed == pytest.approx(seen, rel=0.1)


def test_a_known_sd_counts_where_the_samples_scatter_less() -> None:
    quiet = fit_curve(TIMES, TIMES, GRID, half_width_s=0.1)
    told = fit_curve(TIMES, TIMES, GRID, half_width_s=0.1, sample_sd=0.01)
    assert quiet.sd_at(1.0) < 1e-6 < 1e-3 < told.sd_at(1.0) < 0.01


def test_turns_and_crossings_are_found_between_samples() -> None:
    curve = fit_curve(TIMES, np.sin(np.pi * TIMES), GRID, half_width_s=0.1, sample_sd=0.01)
    top = turn(curve, Window(0.2, 0.8), order=0, kind="max")
    assert top is not None
    assert top.time_s == pytest.approx(0.5, abs=1e-3)
    (down,) = crossings(curve, Window(0.6, 1.4), order=0, level=0.0, rising=False)
    assert down.time_s == pytest.approx(1.0, abs=1e-3)
    assert down.sd_s == pytest.approx(curve.sd_at(1.0) / np.pi, rel=0.05)
    assert turn(curve, Window(0.6, 1.4), order=0, kind="max") is None
    assert crossings(curve, Window(0.6, 1.4), order=0, level=0.0, rising=True) == []


def test_a_slope_is_not_taken_within_the_noise() -> None:
    """A steep place of a few milliseconds at the very crossing makes no moment surer."""
    away = GRID - 1.0
    steep = away + 0.02 * np.tanh(away / 0.002)
    values, sd = np.stack([steep, *np.zeros((3, len(GRID)))]), np.full((4, len(GRID)), 0.4)
    (moment,) = crossings(Curve(GRID, values, sd), Window(0.5, 1.5), order=0, level=0.0, rising=True)
    assert moment.time_s == pytest.approx(1.0)
    assert moment.sd_s == pytest.approx(0.4 * 0.08 / 0.1, rel=0.1)


def test_noise_that_turns_a_curve_back_does_not_turn_its_slope() -> None:
    """A curve comes down to a level, dips below it by less than the noise, and goes up again slowly: it rises there."""
    away = np.where(GRID < 1.0, 1.0 - GRID, 0.1 * (GRID - 1.0)) - 0.01
    values, sd = np.stack([away, *np.zeros((3, len(GRID)))]), np.full((4, len(GRID)), 1.0)
    level = Reading(np.zeros(1, np.int64), np.ones(1))
    (up,) = crossings(Curve(GRID, values, sd), Window(0.5, 1.5), order=0, level=0.0, rising=True, level_of={level: 1.0})
    assert up.time_s == pytest.approx(1.1, abs=1e-3)
    assert up.gradient[level] > 0  # of a higher level it is later
    assert up.sd_s == pytest.approx(1 / np.sqrt(12), rel=0.01)  # somewhere within the window


def test_highest_needs_a_maximum_within_the_window() -> None:
    curve = fit_curve(TIMES, np.sin(np.pi * TIMES), GRID, half_width_s=0.1)
    found = highest(curve, Window(0.2, 0.8), order=0)
    assert found is not None
    assert found.time_s == pytest.approx(0.5, abs=2e-3)
    assert highest(curve, Window(0.6, 0.9), order=0) is None


def test_the_surer_moment_weighs_more() -> None:
    mean = weighted_mean([Moment(1.00, 0.03), Moment(1.02, 0.01)], [0.0, 0.0])
    assert mean is not None
    assert mean.time_s == pytest.approx(1.018)
    assert mean.sd_s == pytest.approx(0.0095, abs=1e-4)


def test_moments_that_differ_more_than_they_say_are_less_sure() -> None:
    mean = weighted_mean([Moment(1.00, 0.01), Moment(1.03, 0.01)], [0.0, 0.0])
    assert mean is not None
    assert mean.sd_s == pytest.approx(0.015)


def test_a_moment_that_contradicts_the_others_is_left_out() -> None:
    mean = weighted_mean([Moment(1.0, 0.01), Moment(1.01, 0.01), Moment(1.3, 0.01)], [0.0, 0.0, 0.0])
    assert mean is not None
    assert mean.time_s == pytest.approx(1.005)
    assert weighted_mean([], []) is None
