"""The state machine by its table, and the settings' ranges."""

import math

import pytest

from gonio.errors import ConfigError
from gonio.tracking.settings import TrackSettings
from gonio.tracking.track import State, next_state

SETTINGS = TrackSettings(confirm_sightings=3, confirm_s=0.1, tentative_s=0.5, lost_s=2.0)
T, C, L, R = State.TENTATIVE, State.CONFIRMED, State.LOST, State.REMOVED


@pytest.mark.parametrize(
    ("state", "sightings", "seen_for_s", "after"),
    [
        pytest.param(T, 2, 0.2, T, id="seen twice"),
        pytest.param(T, 3, 0.05, T, id="seen often but not long"),
        pytest.param(T, 3, 0.1, C, id="sure"),
        pytest.param(C, 9, 0.3, C, id="still there"),
        pytest.param(L, 9, 1.3, C, id="back"),
        pytest.param(R, 9, 1.3, R, id="gone for good"),
    ],
)
def test_after_a_sighting(state: State, sightings: int, seen_for_s: float, after: State) -> None:
    seen = next_state(state, seen=True, sightings=sightings, seen_for_s=seen_for_s, unseen_s=0.0, settings=SETTINGS)
    assert seen is after


@pytest.mark.parametrize(
    ("state", "unseen_s", "after"),
    [
        pytest.param(T, 0.5, T, id="flickers"),
        pytest.param(T, 0.51, R, id="was a false alarm"),
        pytest.param(C, 0.03, L, id="lost"),
        pytest.param(C, 2.1, R, id="lost in a long gap"),
        pytest.param(L, 2.0, L, id="still waited for"),
        pytest.param(L, 2.01, R, id="given up"),
        pytest.param(R, 0.0, R, id="stays gone"),
    ],
)
def test_without_a_sighting(state: State, unseen_s: float, after: State) -> None:
    unseen = next_state(state, seen=False, sightings=5, seen_for_s=1.0, unseen_s=unseen_s, settings=SETTINGS)
    assert unseen is after


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("same_oks", 1.1, "between 0 and 1"),
        ("min_appearance", math.nan, "between 0 and 1"),
        ("lost_s", -1.0, "at least 0 and finite"),
        ("lost_s", math.inf, "at least 0 and finite"),
        ("confirm_sightings", 0, "at least 1 and finite"),
        ("max_size_ratio", 0.9, "at least 1 and finite"),
        ("position_noise", 0.0, "positive and finite"),
    ],
)
def test_settings_out_of_range(name: str, value: float, wanted: str) -> None:
    with pytest.raises(ConfigError, match=rf"tracking setting {name} is .*; it must be {wanted}\."):
        TrackSettings(**{name: value})  # type: ignore[arg-type]
