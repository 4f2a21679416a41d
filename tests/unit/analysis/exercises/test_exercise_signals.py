"""Signals of a stick figure whose lengths and angles are known."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gonio.analysis.exercises.body import Body, LimbLengths
from gonio.analysis.exercises.conditions import check, is_anchored
from gonio.analysis.exercises.signal_spec import SidePolicy, SignalKind, SignalSpec
from gonio.analysis.exercises.signals import chains_of, signal_series
from gonio.analysis.exercises.spec import Anchor, Condition, Exercise, Range
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.series import Series, Side
from gonio.structures.sequence import PoseSequence

if TYPE_CHECKING:
    from tests.unit.analysis.exercises.conftest import Figure, Waves

LEG, ARM, TRUNK = ("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist"), ("hip", "shoulder")


def measured(sequence: PoseSequence, signal: SignalSpec, side: Side = "both") -> Series:
    body = Body.of(sequence, AnalysisOptions())
    exercise = Exercise(name="x", title="x", source="x", signals=(signal,), range=Range(least=1, full=1, source="x"))
    lengths = LimbLengths()
    lengths.learn(body, chains_of(exercise))
    return signal_series(body, signal, lengths, side=side)


@pytest.mark.parametrize("yaw", [0, 30, 60, 90])
def test_shortening_does_not_depend_on_the_view(figure: "type[Figure]", wave: "Waves", yaw: float) -> None:
    time_s, depth = wave(1)
    series = measured(figure(yaw_deg=yaw).squat(time_s, depth), SignalSpec(kind="shortening", points=LEG))
    assert np.nanmax(series.values) == pytest.approx(100 * (1 - np.cos(np.radians(50))), abs=2)
    assert series.unit == "%"


@pytest.mark.parametrize("yaw", [0, 90])
def test_elevation_of_the_arm_does_not_depend_on_the_view(figure: "type[Figure]", wave: "Waves", yaw: float) -> None:
    sequence = figure(yaw_deg=yaw).raise_arms(*wave(1))
    series = measured(sequence, SignalSpec(kind="elevation", points=("shoulder", "elbow")))
    assert (series.values[0], np.nanmax(series.values)) == pytest.approx((0, 150), abs=3)


def test_bend_is_seen_from_the_side_alone(figure: "type[Figure]", wave: "Waves") -> None:
    signal = SignalSpec(kind="bend", points=LEG)
    side, front = (measured(figure(yaw_deg=yaw).squat(*wave(1)), signal).values.max() for yaw in (0, 90))
    assert side == pytest.approx(100, abs=2)
    assert front < 10


@pytest.mark.parametrize(
    ("kind", "points", "per", "expected"),
    [
        pytest.param("height", ("wrist", "shoulder"), TRUNK, -120, id="height"),
        pytest.param("distance", ("wrist", "shoulder"), TRUNK, 120, id="distance"),
        pytest.param("distance", ("knee", "other_knee"), LEG, 100 * 0.24 / 0.9, id="other side"),
        pytest.param("height", ("mid_shoulder", "mid_hip"), TRUNK, 100, id="middles"),
    ],
)
def test_lengths_in_parts_of_a_limb(
    figure: "type[Figure]", kind: SignalKind, points: tuple[str, ...], per: tuple[str, ...], expected: float
) -> None:
    time_s = np.arange(0, 1, 0.1)
    standing = figure(yaw_deg=90).raise_arms(time_s, 0 * time_s)
    series = measured(standing, SignalSpec(kind=kind, points=points, per=per))
    assert series.values == pytest.approx(np.full(10, expected), abs=4)  # shoulders are wider than hips


def test_sides(figure: "type[Figure]", wave: "Waves") -> None:
    sequence = figure().raise_arms(*wave(1), side="left")
    policies: tuple[SidePolicy, ...] = ("mean", "both", "either", "difference")
    highest = {
        policy: measured(
            sequence, SignalSpec(kind="elevation", points=("shoulder", "elbow"), sides=policy)
        ).values.max()
        for policy in policies
    }
    assert highest == pytest.approx({"mean": 75, "both": 0, "either": 150, "difference": 150}, abs=4)


def test_the_side_that_is_seen_is_used(figure: "type[Figure]", wave: "Waves") -> None:
    sequence = figure().squat(*wave(1))
    scores = sequence.scores.copy()
    scores[:, 0, sequence.skeleton.index("left_knee")] = 0.01
    one = measured(replace(sequence, scores=scores), SignalSpec(kind="shortening", points=LEG))
    assert one.excluded_fraction == 0
    assert one.values == pytest.approx(measured(sequence, SignalSpec(kind="shortening", points=LEG)).values, abs=1e-6)


def test_error_bar_agrees_with_simulation(figure: "type[Figure]") -> None:
    """Oracle: 4000 samples of a still figure with 2 px of noise; first order within 10 %."""
    time_s = np.arange(4000) / 100
    still = figure(yaw_deg=30).squat(time_s, np.full(4000, 0.6))
    noisy = figure(yaw_deg=30, noise_px=2).squat(time_s, np.full(4000, 0.6))
    noisy = replace(noisy, keypoint_sd=np.full(noisy.scores.shape, 2.0, np.float32))
    for signal in (
        SignalSpec(kind="shortening", points=LEG),
        SignalSpec(kind="bend", points=LEG, sides="each"),
        SignalSpec(kind="elevation", points=("hip", "knee")),
        SignalSpec(kind="lowering", points=("hip", "knee"), follows=0.45),
        SignalSpec(kind="height", points=("wrist", "ankle"), per=LEG),
    ):
        side: Side = "right" if signal.sides == "each" else "both"
        series = measured(noisy, signal, side)
        assert np.median(series.sd) == pytest.approx(series.values.std(), rel=0.1), signal.kind
    assert np.isnan(measured(still, SignalSpec(kind="shortening", points=LEG)).sd).all()


def test_a_skeleton_without_the_point_gives_nothing(figure: "type[Figure]", wave: "Waves") -> None:
    signal = SignalSpec(kind="height", points=("heel", "toe"), per=LEG)
    assert measured(figure().squat(*wave(1)), signal).excluded_fraction == 1


def test_conditions_and_anchors(figure: "type[Figure]", wave: "Waves") -> None:
    body = Body.of(figure().push_up(*wave(2)), AnalysisOptions())
    lengths = LimbLengths()
    lengths.learn(body, [ARM])
    signal = SignalSpec(kind="shortening", points=ARM)
    assert check(body, Condition(signal=signal, statistic="range", least=20), lengths).holds is True
    assert check(body, Condition(signal=signal, statistic="maximum", most=20), lengths).holds is False
    assert check(body.steps(0, 2), Condition(signal=signal, most=20), lengths).holds is None
    assert is_anchored(body, Anchor(fixed="wrist", moving="shoulder"))
    assert not is_anchored(body, Anchor(fixed="shoulder", moving="wrist"))
    assert is_anchored(body, None)
