"""Recognition among the shipped exercises, and counting without knowing which."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from gonio.analysis.exercises import count_repetitions, load_exercise, recognise

if TYPE_CHECKING:
    from tests.unit.analysis.exercises.conftest import Figure, Waves


@pytest.mark.parametrize("yaw", [0, 90], ids=["side", "front"])
@pytest.mark.parametrize(
    ("name", "motion"), [("squat", "squat"), ("push-up", "push_up"), ("pull-up", "pull_up")], ids=lambda x: x
)
def test_recognises(figure: "type[Figure]", wave: "Waves", name: str, motion: str, yaw: float) -> None:
    found = recognise(getattr(figure(yaw_deg=yaw, noise_px=1), motion)(*wave(3)))
    assert found.exercise == name
    assert found.scores[0] == (name, found.score)


def test_raising_the_arms_from_the_side(figure: "type[Figure]", wave: "Waves") -> None:
    assert recognise(figure().raise_arms(*wave(3))).exercise == "shoulder-flexion"


@pytest.mark.parametrize("yaw", [0, 90], ids=["side", "front"])
def test_idle_is_unknown(figure: "type[Figure]", yaw: float) -> None:
    time_s = np.arange(0, 8, 1 / 30)
    seen = figure(yaw_deg=yaw, noise_px=2)
    for idle in (seen.raise_arms(time_s, 0 * time_s), seen.walk(time_s), seen.wave_hand(time_s)):
        assert recognise(idle).exercise is None


def test_among_the_given_ones_only(figure: "type[Figure]", wave: "Waves") -> None:
    squat = figure().squat(*wave(3))
    assert recognise(squat, ["push-up", load_exercise("pull-up")]).exercise is None
    assert recognise(squat, []).score == 0


@pytest.mark.parametrize("motion", ["squat", "push_up", "pull_up", "raise_arms"])
def test_counts_without_knowing(figure: "type[Figure]", wave: "Waves", motion: str) -> None:
    result = count_repetitions(getattr(figure(yaw_deg=30, noise_px=1), motion)(*wave(4)))
    assert [one.turn_s for one in result.repetitions] == pytest.approx([1.5, 3.5, 5.5, 7.5], abs=0.1)


def test_standing_is_nothing_to_count(figure: "type[Figure]") -> None:
    time_s = np.arange(0, 6, 1 / 30)
    result = count_repetitions(figure(noise_px=2).raise_arms(time_s, 0 * time_s))
    assert not result.repetitions
    assert "hardly moved" in result.findings[0].text
