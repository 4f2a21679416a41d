"""Error bars of repetitions against Monte Carlo: errors drawn as they are said to be, of a signal and of a person."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gonio.analysis.doubt import Doubt
from gonio.analysis.estimate import Assumption, Estimate, mean, read
from gonio.analysis.exercises import analyse_exercise, load_exercise
from gonio.analysis.exercises.body import Body, LimbLengths
from gonio.analysis.exercises.repetitions import count_upward
from gonio.analysis.exercises.signal_gradient import SignalGradient, signal_gradient
from gonio.analysis.exercises.signals import chains_of, signal_series
from gonio.analysis.exercises.spec import Range, Tempo
from gonio.analysis.exercises.stretches import pause
from gonio.analysis.exercises.timing import Found
from gonio.analysis.keypoint_errors import KeypointErrors, Shape
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis
from gonio.analysis.series import Series
from gonio.arrays import FloatArray64

if TYPE_CHECKING:
    from tests.unit.analysis.exercises.conftest import Figure, Waves

DRAWS = 100
"""The sd of so many draws is itself known to 7 %, and what is stated from a few of them well enough."""
TIME_S = np.arange(0, 9, 1 / 30)
WAVE = 40 * np.clip(np.sin(2 * np.pi * TIME_S / 3), 0, None) ** 2
WANTED = Range(least=15, full=30, source="a test")


def drawn_error(shape: Shape, rng: np.random.Generator) -> FloatArray64:
    """``(T,)`` of variance 1."""
    kept, fresh = np.exp(-(TIME_S[1] - TIME_S[0]) / shape.fading_s), rng.standard_normal(len(TIME_S))
    fading = fresh.copy()
    for step in range(1, len(fading)):
        fading[step] = kept * fading[step - 1] + np.sqrt(1 - kept**2) * fresh[step]
    frames = np.sqrt(shape.fresh) * rng.standard_normal(len(TIME_S))
    return np.asarray(frames + np.sqrt(shape.fading) * fading + np.sqrt(shape.lasting) * rng.standard_normal())


def found_in(values: FloatArray64, sd: float, shape: Shape) -> tuple[tuple[Found, ...], KeypointErrors]:
    """Repetitions of a signal that is one coordinate of one keypoint."""
    errors = KeypointErrors(TIME_S, np.full((len(TIME_S), 1), sd), (shape,) * 3)
    follow = SignalGradient({0: np.ones(len(TIME_S))}, (), errors)
    series = Series("height", "%", "both", TIME_S, values, np.full(len(TIME_S), sd), np.zeros(len(TIME_S), np.uint8))
    return count_upward(series, WANTED, Tempo(), "both", follow=follow).found, errors


NUMBERS: dict[str, Callable[[Found], Estimate]] = {
    "start": lambda one: one.start,
    "reached": lambda one: one.reached,
    "turn": lambda one: one.turn,
    "end": lambda one: one.end,
    "rest": lambda one: one.rest,
    "out": lambda one: one.reached - one.start,
    "hold": lambda one: one.left - one.reached,
    "whole": lambda one: one.end - one.start,
    "range": lambda one: one.range,
}


@pytest.mark.parametrize(
    "shape", [Shape(1.0, 0.0, 1.0, 0.0), Shape(0.1, 0.6, 0.2, 0.3)], ids=["new in every frame", "as a network errs"]
)
def test_times_and_range_of_a_signal_err_as_drawn(shape: Shape) -> None:
    rng, sd = np.random.default_rng(0), 1.0
    draws = [found_in(WAVE + sd * drawn_error(shape, rng), sd, shape) for _ in range(DRAWS)]
    assert all(len(found) == 3 for found, _ in draws)
    for name, number in NUMBERS.items():
        own = [(number(found[1]), errors) for found, errors in draws]
        drawn = np.std([one.value for one, _ in own], ddof=1)
        stated = np.sqrt(np.mean([Doubt(errors).sd_of(one) ** 2 for one, errors in own[::4]]))
        assert stated == pytest.approx(drawn, rel=0.25), name


def test_a_start_after_a_long_pause_is_found_where_a_twentieth_of_the_range_is_less_than_the_noise() -> None:
    rng, sd, shape = np.random.default_rng(2), 2.5, Shape(0.1, 0.6, 0.2, 0.3)
    draws = [found_in(WAVE + sd * drawn_error(shape, rng), sd, shape) for _ in range(DRAWS)]
    own = [(found[1].end - found[1].start, errors) for found, errors in draws if len(found) == 3]
    drawn = np.std([one.value for one, _ in own], ddof=1)
    assert len(own) > 0.9 * DRAWS
    assert drawn < 0.1
    stated = np.sqrt(np.mean([Doubt(errors).sd_of(one) ** 2 for one, errors in own]))
    assert stated == pytest.approx(drawn, rel=0.25)


def test_a_hold_lasts_from_reaching_the_extreme_to_leaving_it_also_if_the_signal_dips_between() -> None:
    on_the_way = 20 * (1 - np.cos(np.pi * np.linspace(0, 1, 30)))
    whole = np.concatenate([np.zeros(30), on_the_way, np.full(60, 40.0), on_the_way[::-1], np.zeros(120)])
    whole = whole[: len(TIME_S)]
    dipped = whole.copy()
    dipped[75:95] -= 6.0  # more than a tenth of the range, not half of it
    (one,), (other,) = (found_in(values, 1.0, Shape(1.0, 0.0, 1.0, 0.0))[0] for values in (whole, dipped))
    assert other.hold_s == pytest.approx(one.hold_s, abs=0.02)
    assert one.hold_s[1] - one.hold_s[0] > 2.0


def test_a_line_is_not_followed_to_before_the_lowest_sample() -> None:
    stopped = np.concatenate(
        [np.linspace(40, 0, 60), np.linspace(0, 10, 10), np.full(40, 10.0), np.linspace(10, 40, 30)]
    )
    values = np.concatenate([np.linspace(0, 40, 60), stopped, np.linspace(40, 0, 60), np.zeros(10)])[: len(TIME_S)]
    first, second = found_in(values, 1.0, Shape(1.0, 0.0, 1.0, 0.0))[0]
    assert second.start.value >= TIME_S[119] - 0.1  # the lowest sample; the line would begin sooner
    assert first.end.value <= TIME_S[119] + 0.1


def test_what_lasts_moves_no_time() -> None:
    shape = Shape(0.0, 0.0, 1.0, 1.0)
    (_, one, _), errors = found_in(WAVE, 3.0, shape)
    for moment in (one.start, one.reached, one.turn, one.left, one.end, one.rest):
        assert Doubt(errors).sd_of(moment) == pytest.approx(0, abs=1e-4)
    assert Doubt(errors).sd_of(one.range) == pytest.approx(0, abs=1e-6)


def test_a_time_that_is_not_shown_has_no_error_bar_and_spoils_no_other() -> None:
    cut = TIME_S <= 3.75  # at the second extreme
    shape = Shape(0.5, 0.5, 0.2, 0.0)
    errors = KeypointErrors(TIME_S[cut], np.ones((cut.sum(), 1)), (shape,) * 3)
    follow = SignalGradient({0: np.ones(cut.sum())}, (), errors)
    series = Series("height", "%", "both", TIME_S[cut], WAVE[cut], np.ones(cut.sum()), np.zeros(cut.sum(), np.uint8))
    one = count_upward(series, WANTED, Tempo(), "both", follow=follow).found[1]
    assert not one.finished
    assert 0 < Doubt(errors).sd_of(one.reached - one.start) < 0.1
    assert np.isnan(Doubt(errors).sd_of(one.left))
    assert np.isnan(Doubt(errors).sd_of(one.end))


def test_the_level_of_a_pause_is_differentiated_as_it_is() -> None:
    values = np.concatenate([np.linspace(40, 4, 15), 2 * np.sin(np.arange(20)), np.linspace(4, 40, 15)])
    known = pause(values, 40.0, near=0.1)
    assert known.by_sample.sum() == pytest.approx(1.0)  # what shifts all shifts the level
    higher, lower = (pause(values, 40.0 + step, near=0.1).level for step in (0.01, -0.01))
    assert known.by_reach == pytest.approx((higher - lower) / 0.02, rel=0.05)


@pytest.mark.parametrize("name", ["squat", "jumping-jack", "elbow-curl"])
def test_a_signal_moves_with_its_keypoints_as_its_gradient_says(
    figure: "type[Figure]", wave: "Waves", name: str
) -> None:
    time_s, depth = wave(2)
    rng, exercise = np.random.default_rng(1), load_exercise(name)
    sequence = figure(yaw_deg=30, noise_px=1).squat(time_s, depth)
    sequence = replace(sequence, keypoint_sd=np.full(sequence.scores.shape, 0.01, np.float32))
    body, lengths = Body.of(sequence, AnalysisOptions()), LimbLengths()
    lengths.learn(body, chains_of(exercise))
    signal, errors = exercise.signals[0], KeypointErrors.of(sequence)
    gradient = signal_gradient(body, signal, lengths, errors, side="left")
    aside = rng.normal(0, 0.01, body.points.shape)
    moved = replace(body, points=body.points + aside)
    change = (
        signal_series(moved, signal, lengths, side="left").values
        - signal_series(body, signal, lengths, side="left").values
    )
    linear = sum(slopes * aside[:, channel // 3, channel % 3] for channel, slopes in gradient.channels.items())
    apart = np.abs(linear - change) / np.abs(change).max()
    assert np.quantile(apart, 0.95) < 0.02  # not where an arm hangs, and its elevation has no slope


def squats(figure: "type[Figure]", wave: "Waves", seed: int, sd_px: float) -> Analysis:
    sequence = figure(yaw_deg=80).squat(*wave(3))
    keypoints = sequence.keypoints + np.random.default_rng(seed).normal(0, sd_px, sequence.keypoints.shape)
    sd = np.full(sequence.scores.shape, sd_px, np.float32)
    return analyse_exercise(
        replace(sequence, keypoints=keypoints.astype(np.float32), keypoint_sd=sd), load_exercise("squat")
    )


def test_numbers_of_a_squatting_person_err_as_drawn(figure: "type[Figure]", wave: "Waves") -> None:
    draws = [squats(figure, wave, seed, 1.5) for seed in range(DRAWS)]
    times = dict.fromkeys(("repetition_time", "descent_time", "hold_time", "ascent_time"), 0.25)
    for name, near in {"range": 0.25, **times, "symmetry": 0.4}.items():  # a ratio of two that are alike is folded
        own = [one.measure(name) for one in draws]
        drawn = np.std([one.value for one in own], ddof=1)
        stated = np.sqrt(np.mean([one.sd**2 for one in own]))
        assert stated == pytest.approx(drawn, rel=near), name


def test_every_event_of_a_repetition_has_an_error_bar(figure: "type[Figure]", wave: "Waves") -> None:
    for event in squats(figure, wave, 0, 1.0).events:
        assert 0 < event.sd_s < 0.1, event


def test_shared_errors_count_once_and_what_is_unknown_is_said() -> None:
    errors = found_in(WAVE, 1.0, Shape(1.0, 0.0, 1.0, 0.0))[1]
    follow, sd_of = SignalGradient({0: np.ones(len(TIME_S))}, (), errors), Doubt(errors).sd_of
    one, other = (read(5.0, *follow.of(np.array([frame]), np.ones(1)).items()) for frame in (3, 9))
    assert sd_of(one - one) == 0
    assert sd_of(one - other) == pytest.approx(np.sqrt(2))
    assert sd_of(mean([one, one])) == pytest.approx(1.0)
    assert sd_of(one + Estimate(2.0, {})) == pytest.approx(1.0)  # an exact number
    assert np.isnan(sd_of(one + Estimate(2.0, {Assumption("just there", np.nan): 1.0})))  # of which nothing is known
    assert np.isnan(Doubt(None).sd_of(one))
