"""Repetition by repetition: times, how long each phase took, range, left beside right, faults."""

import math
from collections.abc import Sequence
from html import escape

from gonio.analysis.result import Repetition
from gonio.motion_report.markup import tag
from gonio.motion_report.words import DASH, join, measure_text, seconds, title, with_error

_DURATION = "_time"
"""What the names of phases end with: ``descent_time``."""


def repetitions_table(repetitions: Sequence[Repetition]) -> str:
    """Every repetition; empty where there are none."""
    if not repetitions:
        return ""
    names = columns(repetitions)
    head = tag("thead", tag("tr", *(tag("th", escape(name), scope="col") for name in ("Repetition", *names))))
    body = tag("tbody", *(_row(i, one, repetitions, names) for i, one in enumerate(repetitions, start=1)))
    below = "".join(tag("p", escape(text), class_="note") for text in reasons(repetitions))
    return tag("table", head, body, class_="measures repetitions") + below


def label(number: int, one: Repetition) -> str:
    """``"3"``, ``"3 left"``."""
    return f"{number}{'' if one.side == 'both' else f' {one.side}'}"


def columns(repetitions: Sequence[Repetition]) -> tuple[str, ...]:
    """Heads of the table: phases by the names that the exercise gives them, where it has any."""
    phases, others = (list(map(_title, names)) for names in _measured(repetitions))
    return ("Start", "Turn", "End", *(phases or ("There", "Back")), "Range ± sd", *others, "Faults")


def cells(one: Repetition, repetitions: Sequence[Repetition]) -> tuple[str, ...]:
    """Of one row, in the order of `columns`; a dash for what was not measured."""
    phases, others = ([_text(one, name) for name in names] for names in _measured(repetitions))
    there_and_back = [seconds(one.turn_s - one.start_s), seconds(one.end_s - one.turn_s)]
    times = map(seconds, (one.start_s, one.turn_s, one.end_s))
    reached = with_error(one.range, one.range_sd, one.unit)
    faults = ", ".join(map(title, one.faults)) or "none"
    return (*times, *(phases or there_and_back), reached, *others, faults)


def reasons(repetitions: Sequence[Repetition]) -> list[str]:
    """Why numbers are not there, each reason once."""
    missing: dict[str, dict[str, None]] = {}
    for one in repetitions:
        for measure in one.measures:
            if not math.isfinite(measure.value):
                missing.setdefault(measure.note or "no reason known", {})[_title(measure.name)] = None
    return [f"{join(list(names))} not measured: {why}." for why, names in missing.items()]


def _row(number: int, one: Repetition, repetitions: Sequence[Repetition], names: Sequence[str]) -> str:
    notes = {_title(own.name): own.note for own in one.measures if own.note and math.isfinite(own.value)}
    shown = []
    for name, cell in zip(names, cells(one, repetitions), strict=True):
        note = tag("span", escape(notes[name]), class_="small") if name in notes else ""
        shown.append(tag("td", escape(cell), note, data_name=name))
    return tag("tr", tag("th", escape(label(number, one)), scope="row"), *shown)


def _measured(repetitions: Sequence[Repetition]) -> tuple[list[str], list[str]]:
    """Names of the phases, and of the other numbers, that were measured of a repetition at least."""
    measured = {own.name for one in repetitions for own in one.measures if math.isfinite(own.value)}
    names = list(dict.fromkeys(own.name for one in repetitions for own in one.measures if own.name in measured))
    phases = [name for name in names if name.endswith(_DURATION)]
    return phases, [name for name in names if name not in phases]


def _title(name: str) -> str:
    return title(name.removesuffix(_DURATION))


def _text(one: Repetition, name: str) -> str:
    found = next((own for own in one.measures if own.name == name), None)
    return DASH if found is None or not math.isfinite(found.value) else measure_text(found)
