"""The counter, sample by sample."""

import numpy as np
import pytest

from gonio.analysis.exercises.counter import RepetitionCounter
from gonio.analysis.exercises.stretches import crossing_s

TIME_S = np.arange(0, 12, 1 / 30)


def counted(values: np.ndarray, *, finish: bool = False, least: float = 20) -> RepetitionCounter:
    counter = RepetitionCounter(least_range=least)
    for value, time_s in zip(values, TIME_S, strict=False):
        counter.step(float(value), float(time_s))
    if finish:
        counter.finish()
    return counter


def test_a_pause_at_the_extreme_and_noise_about_it_count_once() -> None:
    noise = np.random.default_rng(1).normal(0, 2, len(TIME_S))
    assert counted(np.clip(60 - 20 * np.abs(TIME_S - 6), 0, 40) + noise).count == 1


def test_counted_when_half_of_the_way_is_undone_not_before() -> None:
    counter = RepetitionCounter(least_range=20)
    for step, value in enumerate([0, 20, 40, 40, 40, 30, 22]):
        assert counter.step(value, step / 5) is None
    movement = counter.step(19, 1.4)
    assert movement is not None
    assert (movement.range, movement.low.time_s, movement.confirmed_s) == (40, 0.0, 1.4)


def test_one_wrong_sample_does_not_count() -> None:
    values = np.zeros(len(TIME_S))
    values[100] = 500
    assert counted(values).count == 0


def test_small_movements_between_large_ones_are_partial() -> None:
    size = np.where(TIME_S % 4 < 2, 40, 15)
    assert counted(size * (1 - np.cos(np.pi * TIME_S)) / 2, least=10).count == 3


def test_a_person_who_goes_less_deep_from_now_on_is_counted_again_after_a_while() -> None:
    size = np.where(TIME_S < 2, 100, 35)
    assert counted(size * (1 - np.cos(2 * np.pi * TIME_S)) / 2).count >= 6


def test_an_unfinished_movement_counts_at_the_end_only_if_far_enough() -> None:
    values = 40 * (1 - np.cos(np.pi * TIME_S)) / 2
    assert counted(values[:75], finish=True).count == 1  # at 2.5 s half way down again: the second at 20 of 40
    assert counted(values[:88], finish=True).count == 2


def test_gaps_short_and_long() -> None:
    values = 40 * (1 - np.cos(np.pi * TIME_S)) / 2
    gap = values.copy()
    gap[25:35] = np.nan
    assert counted(gap).count == counted(values).count == 6
    away = np.where((TIME_S > 1.2) & (TIME_S < 6), np.nan, values)
    assert counted(away).count == 3


@pytest.mark.parametrize(("step", "expected"), [(1, 2.5), (-1, 0.5)], ids=["forwards", "backwards"])
def test_crossing(step: int, expected: float) -> None:
    assert crossing_s(np.arange(4.0), np.array([0.0, 2, 2, 0]), 1.0, start=1, step=step) == expected


def test_no_crossing_where_the_signal_stays_above() -> None:
    assert crossing_s(np.arange(4.0), np.array([3.0, 4, 4, 0]), -1.0, start=1, step=1) is None
