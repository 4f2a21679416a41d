"""What holds for every exercise signal: the count depends on neither amplitude, tempo, sample rate nor direction."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gonio.analysis.exercises.counter import RepetitionCounter
from gonio.analysis.exercises.repetitions import count_upward
from gonio.analysis.exercises.spec import Range, Tempo
from gonio.analysis.series import Series
from gonio.arrays import FloatArray64

LEAST = 10.0
FEW = settings(max_examples=40, deadline=None)

reps = st.integers(1, 8)
amplitudes = st.floats(20, 200)
periods_s = st.floats(0.8, 8)
rates_hz = st.floats(12, 120)
seeds = st.integers(0, 2**32 - 1)


def signal(
    count: int, *, amplitude: float = 50, period_s: float = 2, rate_hz: float = 30
) -> tuple[FloatArray64, FloatArray64]:
    time_s = np.arange(0, (count + 0.5) * period_s, 1 / rate_hz)
    phase = np.clip(time_s / period_s - 0.25, 0, count)
    return time_s, amplitude * (1 - np.cos(2 * np.pi * phase)) / 2


def live_count(time_s: FloatArray64, values: FloatArray64) -> int:
    counter = RepetitionCounter(least_range=LEAST)
    for value, time in zip(values, time_s, strict=True):
        counter.step(value, time)
    return counter.count


def turns_s(time_s: FloatArray64, values: FloatArray64) -> list[float]:
    series = Series("x", "1", "both", time_s, values, np.full(len(values), np.nan), np.zeros(len(values), np.uint8))
    counted = count_upward(series, Range(least=LEAST, full=LEAST, source="test"), Tempo(), "both")
    return [found.repetition.turn_s for found in counted.found]


@FEW
@given(reps, amplitudes, periods_s, rates_hz)
def test_count_is_that_of_the_signal(count: int, amplitude: float, period_s: float, rate_hz: float) -> None:
    time_s, values = signal(count, amplitude=amplitude, period_s=period_s, rate_hz=rate_hz)
    assert live_count(time_s, values) == count
    found = turns_s(time_s, values)
    assert len(found) == count
    assert np.allclose(found, (np.arange(count) + 0.75) * period_s, atol=0.03 * period_s + 0.2 / rate_hz)


@FEW
@given(reps, seeds)
def test_uneven_sampling_keeps_count_and_times(count: int, seed: int) -> None:
    time_s, values = signal(count, rate_hz=60)
    kept = np.random.default_rng(seed).random(len(time_s)) < 0.5
    kept[[0, -1]] = True
    found = turns_s(time_s[kept], values[kept])
    assert len(found) == count
    assert np.allclose(found, turns_s(time_s, values), atol=0.1)


@FEW
@given(reps, seeds)
def test_a_recording_run_backwards_has_the_same_extremes(count: int, seed: int) -> None:
    time_s, values = signal(count)
    values = values + np.random.default_rng(seed).normal(0, 0.5, len(values))
    backwards = [-turn for turn in turns_s(-time_s[::-1], values[::-1])][::-1]
    assert np.allclose(backwards, turns_s(time_s, values), atol=0.05)


@FEW
@given(st.floats(0, LEAST / 8), st.floats(-50, 50), seeds)
def test_idle_noise_never_counts(noise: float, level: float, seed: int) -> None:
    time_s = np.arange(0, 20, 1 / 30)
    values = level + np.random.default_rng(seed).normal(0, noise, len(time_s))
    assert live_count(time_s, values) == 0
    assert turns_s(time_s, values) == []


@FEW
@given(reps, st.floats(-1000, 1000))
def test_shifting_the_signal_changes_nothing(count: int, shift: float) -> None:
    time_s, values = signal(count)
    assert np.allclose(turns_s(time_s, values + shift), turns_s(time_s, values))
