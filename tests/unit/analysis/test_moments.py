"""Moments between frames."""

import numpy as np
import pytest

from gonio.analysis.moments import Moment, crossings, leaving_rest, rests, turning
from gonio.analysis.readings import Gradient
from gonio.arrays import FloatArray64, IntArray

TIME = np.linspace(0, 2, 41)


def test_crossings_of_both_directions() -> None:
    wave = np.sin(np.pi * TIME + 0.1)
    (up,) = crossings(TIME[20:], wave[20:], 0, rising=True) or [Moment()]
    (down,) = crossings(TIME, wave, 0, rising=False)
    assert down.time_s == pytest.approx(1 - 0.1 / np.pi, abs=1e-3)
    assert up.time_s == pytest.approx(2 - 0.1 / np.pi, abs=1e-3)


def test_no_crossing_beside_a_gap() -> None:
    assert crossings(np.arange(3.0), np.array([0.0, np.nan, 2.0]), 1.0, rising=True) == []


def test_the_error_of_a_crossing_is_that_of_the_signal_over_its_slope() -> None:
    (moment,) = crossings(TIME, 4 * TIME, 3.0, rising=True, sd=0.2)
    assert moment.sd_s == pytest.approx(0.05)


def test_a_parabola_turns_at_its_vertex() -> None:
    moment = turning(TIME, -((TIME - 0.77) ** 2), near_s=0.8, half_s=0.2)
    assert moment.time_s == pytest.approx(0.77)


def test_the_error_of_a_vertex_is_that_of_repeated_fits() -> None:
    """Monte Carlo is the oracle."""
    rng = np.random.default_rng(1)
    curve = -5 * (TIME - 1.01) ** 2
    fits = [turning(TIME, curve + rng.normal(0, 0.02, 41), near_s=1.0, half_s=0.4, sd=0.02) for _ in range(400)]
    spread = np.std([fit.time_s for fit in fits])
    assert np.mean([fit.sd_s for fit in fits]) == pytest.approx(spread, rel=0.15)


def test_a_vertex_follows_each_sample_as_its_gradient_says() -> None:
    """A small change of one sample is the oracle."""
    curve = -5 * (TIME - 1.013) ** 2
    seen: dict[int, float] = {}

    def made_of(frames: IntArray, weights: FloatArray64) -> Gradient:
        seen.update(zip(frames.tolist(), weights.tolist(), strict=True))
        return {}

    vertex = turning(TIME, curve, near_s=1.0, half_s=0.3, made_of=made_of)
    for frame, weight in seen.items():
        raised = turning(TIME, curve + 1e-6 * (np.arange(len(TIME)) == frame), near_s=1.0, half_s=0.3)
        assert (raised.time_s - vertex.time_s) / 1e-6 == pytest.approx(weight, rel=1e-3, abs=1e-6)


def test_a_line_does_not_turn() -> None:
    assert turning(TIME, 3 * TIME, near_s=1.0, half_s=0.2).time_s == 1.0


def test_leaving_rest() -> None:
    away = np.clip(TIME - 0.6, 0, None) ** 2
    assert leaving_rest(TIME, away, level=0.05).time_s == pytest.approx(0.6, abs=0.02)
    assert not leaving_rest(TIME, 0 * TIME, level=0.05).found


def test_rests_are_the_still_stretches() -> None:
    place = np.clip(TIME, 0.5, 1.5)[:, None]
    first, last = rests(TIME, place, length_s=0.3, extent=0.01)
    assert (TIME[first.start], TIME[first.stop - 1]) == pytest.approx((0, 0.5), abs=0.051)
    assert (TIME[last.start], TIME[last.stop - 1]) == pytest.approx((1.5, 2), abs=0.051)
    assert first.place == pytest.approx([0.5])


def test_what_moves_all_the_time_does_not_rest() -> None:
    assert rests(TIME, TIME[:, None], length_s=0.3, extent=0.01) == []


def test_a_clip_shorter_than_the_window_has_no_rest() -> None:
    assert rests(TIME[:3], TIME[:3, None], length_s=0.3, extent=0.01) == []


def test_differences_add_their_errors() -> None:
    assert Moment(3.0, 0.3) - Moment(1.0, 0.4) == Moment(2.0, 0.5)
