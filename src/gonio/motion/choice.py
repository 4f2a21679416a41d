"""Whom to measure where several people are about as prominent: whoever does what was asked for."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from gonio.analysis.exercises import list_exercises
from gonio.analysis.gait.contacts import IN_TURN, share_in_turn
from gonio.analysis.result import Analysis, Finding
from gonio.structures.sequence import PoseSequence

_ENOUGH = 2
"""Repetitions after which nobody else is tried: once, a bystander may do it."""
_MOST_TRIED = 3
"""People: each costs the cleaning and the measuring of one."""


def found(analysis: Analysis, activity: str) -> int:
    """How much of what was asked for an analysis found: its repetitions, 2 (enough) of what has none, 0: nothing.

    Args:
        analysis: Of one person.
        activity: As it was asked for. Everybody does something, and has angles; what other packages measure is theirs
            to judge: all of that is found in whoever it is.
    """
    if activity in ("gait", "running"):
        return _ENOUGH * _goes(analysis)
    if activity in ("golf", "jump"):
        return _ENOUGH * bool(analysis.events)
    if activity in list_exercises() or Path(activity).suffix:
        return len(analysis.repetitions) or _ENOUGH * bool(analysis.events)  # a hold has events alone
    return _ENOUGH


def _goes(analysis: Analysis) -> bool:
    """Whether steps were found that are those of the gait that was asked for."""
    if analysis.events:
        return share_in_turn(analysis.events) >= IN_TURN and "looks like" not in analysis.facts
    return any(one.name == "cadence" and math.isfinite(one.value) for one in analysis.measures)  # from the front


def whoever_does_it(
    activity: str, tracks: Sequence[int], measured: Callable[[int], tuple[Analysis, PoseSequence]]
) -> tuple[Analysis, PoseSequence]:
    """The analysis of the first of some people in whom enough was found, else of whom most was, else of the first.

    Args:
        activity: As it was asked for.
        tracks: Whom to try, the most prominent first, one at least; the first three are tried.
        measured: Prepares and analyses one.

    Returns:
        The analysis, with a finding if somebody more in sight was passed over or nobody does it, and the person.
    """
    tried: list[tuple[int, Analysis, PoseSequence]] = []
    for track in tracks[:_MOST_TRIED]:
        analysis, person = measured(track)
        tried.append((found(analysis, activity), analysis, person))
        if tried[-1][0] >= _ENOUGH:
            break
    most, analysis, person = max(tried, key=lambda one: one[0])  # of equals the first
    others = ", ".join(str(track) for track in tracks[: len(tried)])
    if most == 0 and len(tried) > 1:
        text = f"None of those most in sight (tracks {others}) does what was asked for; measured is track {tracks[0]}."
    elif analysis is not tried[0][1]:
        text = f"Track {tracks[0]} is more in sight, and does not do what was asked for or does it less often."
    else:
        return analysis, person
    return replace(analysis, findings=(*analysis.findings, Finding("note", text))), person
