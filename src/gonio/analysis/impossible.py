"""Numbers of walking and running that no body does are left out, with the reason: they are none of somebody's gait."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import resources

from gonio.analysis.gait.contacts import IN_TURN, share_in_turn
from gonio.analysis.result import Analysis, Finding, Measure, value_decimals

_Limits = Mapping[str, Mapping[str, tuple[float, float]]]
"""Measure, unit, least and most."""


def without_impossible(analysis: Analysis) -> Analysis:
    """Without the numbers that lie beyond ``body_limits.toml``, and with a finding that names them.

    Where there are such, and the feet do not take turns either, nothing that was found is a step: no number is kept.

    Example:
        >>> bounce = Measure("vertical_ratio", 395.3, 0.7, "%")
        >>> print(without_impossible(Analysis("running", 0, measures=(bounce,))).measures[0])
        vertical ratio not measured (395.3 % is more than a body does: 0 to 50)
    """
    limits = _limits().get(analysis.activity, {})
    reasons = {id(one): reason for one in analysis.measures if (reason := _beyond(one, limits))}
    if not reasons:
        return analysis
    beyond = [one for one in analysis.measures if id(one) in reasons]
    named = ", ".join(one.label for one in beyond)
    if share_in_turn(analysis.events) < IN_TURN:
        why = f"heel strikes do not take turns, and impossible came out: {named}"
        reasons = {id(one): reasons.get(id(one), why) for one in analysis.measures if math.isfinite(one.value)}
        text = f"This is no {analysis.activity} that can be measured: {why}. All numbers are left out."
    else:
        text = f"Left out, because no body does it: {named}. Events may be wrong, and the other numbers with them."
    kept = tuple(_left_out(one, reasons[id(one)]) if id(one) in reasons else one for one in analysis.measures)
    return replace(analysis, measures=kept, findings=(Finding("limit", text), *analysis.findings))


def _beyond(measure: Measure, limits: _Limits) -> str:
    """What is impossible about a number; empty if nothing is."""
    low, high = limits.get(measure.name, {}).get(measure.unit, (-math.inf, math.inf))
    if not math.isfinite(measure.value) or low <= measure.value <= high:
        return ""
    value = f"{measure.value:.{value_decimals(measure.value, measure.unit)}f} {measure.unit}"
    return f"{value} is {'less' if measure.value < low else 'more'} than a body does: {low:g} to {high:g}"


def _left_out(measure: Measure, reason: str) -> Measure:
    return replace(measure, value=math.nan, sd=math.nan, note=reason)


@cache
def _limits() -> Mapping[str, _Limits]:
    data = tomllib.loads((resources.files("gonio.analysis") / "body_limits.toml").read_text("utf-8"))
    return {
        activity: {name: {unit: (low, high) for unit, (low, high) in units.items()} for name, units in table.items()}
        for activity, table in data.items()
    }
