"""What no walker or runner does is no number."""

import math

import pytest
from benchmarks.motion.gait_walker import walker

from gonio.analysis.gait import analyse_gait
from gonio.analysis.impossible import without_impossible
from gonio.analysis.result import Analysis, Event, Finding, Measure
from gonio.analysis.series import Side

BOUNCE = Measure("vertical_ratio", 395.3, 0.7, "%")
CADENCE = Measure("cadence", 162.6, 7.9, "steps/min")
SAID = (Finding("limit", "something else"),)


def strikes(sides: str) -> tuple[Event, ...]:
    names: dict[str, Side] = {"l": "left", "r": "right"}
    return tuple(Event("heel_strike", 0.5 * i, names[side]) for i, side in enumerate(sides))


def test_an_impossible_number_is_left_out_and_the_others_stay() -> None:
    found = without_impossible(Analysis("running", 0, strikes("lrlrl"), measures=(BOUNCE, CADENCE), findings=SAID))
    assert math.isnan(found.measures[0].value)
    assert math.isnan(found.measures[0].sd)
    assert found.measures[0].note == "395.3 % is more than a body does: 0 to 50"
    assert found.measures[1] is CADENCE
    assert [one.kind for one in found.findings] == ["limit", "limit"]
    assert found.findings[0].text.startswith("Left out, because no body does it: vertical ratio.")


def test_where_feet_do_not_take_turns_either_nothing_is_kept() -> None:
    found = without_impossible(Analysis("running", 0, strikes("rrlll"), measures=(CADENCE, BOUNCE), findings=SAID))
    assert all(math.isnan(one.value) for one in found.measures)
    assert found.measures[0].note == "heel strikes do not take turns, and impossible came out: vertical ratio"
    assert "no running that can be measured" in found.findings[0].text


def test_feet_that_do_not_take_turns_alone_take_no_number() -> None:
    missed = Analysis("gait", 0, strikes("rrlll"), measures=(CADENCE,), findings=SAID)
    assert without_impossible(missed) is missed


@pytest.mark.parametrize(
    ("activity", "measure", "is_possible"),
    [
        ("running", Measure("vertical_oscillation", 0.652, 0.001, "leg lengths"), False),
        ("running", Measure("vertical_oscillation", 0.1, 0.01, "m"), True),
        ("running", Measure("step_length", -0.148, 0.04, "leg lengths", "right"), False),
        ("gait", Measure("step_length", -0.148, 0.04, "leg lengths", "right"), True),
        ("running", Measure("speed", 12.4, 0.1, "m/s"), True),
        ("gait", Measure("speed", 12.4, 0.1, "m/s"), False),
        ("running", Measure("speed", 12.4, 0.1, "px/s"), True),
        ("squat", Measure("speed", 99.0, 0.1, "m/s"), True),
        ("gait", Measure("speed", math.nan, math.nan, "m/s", note="no whole stride"), True),
    ],
    ids=str,
)
def test_the_limits(activity: str, measure: Measure, is_possible: bool) -> None:
    analysis = Analysis(activity, 0, strikes("lrlr"), measures=(measure,))
    assert (without_impossible(analysis) is analysis) == is_possible


def test_a_walker_loses_nothing() -> None:
    analysis = analyse_gait(walker(seconds=4.0))
    assert analysis.measures
    assert without_impossible(analysis) is analysis
