"""The numbers of a report: the key ones as tiles, all of them as a table with their usual range and sources."""

import math
from collections.abc import Sequence
from html import escape

from gonio.analysis.result import Analysis, Measure
from gonio.motion_report.gauges import gauge, is_unusual, usual
from gonio.motion_report.markup import tag
from gonio.motion_report.words import DASH, is_count, join, measure_text, number, percent, title, with_error

_TILES = 6


def tiles(analysis: Analysis) -> str:
    """The first few quantities, large; the sides of one quantity share a tile."""
    groups: dict[tuple[str, str], list[Measure]] = {}
    for measure in analysis.measures:
        if math.isfinite(measure.value):
            groups.setdefault((measure.name, measure.unit), []).append(measure)
    shown = [_tile(name, group) for (name, _), group in list(groups.items())[:_TILES]]
    return tag("ul", *shown, class_="tiles") if shown else ""


def _tile(name: str, measures: list[Measure]) -> str:
    values = "".join(_tile_value(measure) for measure in measures)
    facts = []
    if ranges := list(dict.fromkeys(usual(measure) for measure in measures if measure.normal)):
        facts.append(f"usual {', '.join(ranges)}")
    if outside := [measure for measure in measures if is_unusual(measure)]:
        sides = join([measure.side for measure in outside if measure.side != "both"])
        facts.append(f"{sides} outside".strip())
    if not any(math.isfinite(m.sd) or is_count(m.value, m.unit) for m in measures):
        facts.append("error not known")
    note = tag("p", escape(" · ".join(facts)), class_="small") if facts else ""
    return tag("li", tag("h3", escape(title(name))), tag("div", values, class_="values"), gauge(measures), note)


def _tile_value(measure: Measure) -> str:
    side = tag("span", escape(measure.side), class_=f"side {measure.side}") if measure.side != "both" else ""
    value, _, error = with_error(measure.value, measure.sd, measure.unit).partition(" ")
    digits = number(measure.value, measure.unit)
    large = digits + tag("small", escape(value.removeprefix(digits)))
    return tag("p", side, tag("b", large), " ", tag("span", escape(error), class_="error"), class_="value")


def measures_table(measures: Sequence[Measure]) -> str:
    """Every measure; sources are numbered below. On a phone each row becomes a card."""
    if not measures:
        return tag("p", "This analysis has no measures.", class_="note")
    sources = list(dict.fromkeys(measure.source for measure in measures if measure.source))
    names = ("Measure", "Value ± sd", "Count", "Excluded", "Usual range", "Source")
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in names)))
    body = tag("tbody", *(_row(measure, names, sources) for measure in measures))
    listed = "".join(tag("li", escape(source)) for source in sources)
    below = "± is one standard deviation of the number itself, carried over from the keypoints."
    return (
        tag("table", head, body, class_="measures")
        + tag("p", f"{below} A dash: not known.", class_="note")
        + (tag("ol", listed, class_="sources") if sources else "")
    )


def _row(measure: Measure, names: Sequence[str], sources: list[str]) -> str:
    note = tag("span", escape(measure.note), class_="small") if measure.note else ""
    excluded = percent(measure.excluded_fraction) if measure.excluded_fraction > 0 else DASH
    bar = gauge([measure]) if measure.normal is not None else ""
    warning = tag("span", "outside", class_="flag") if is_unusual(measure) else ""
    reference = f"[{sources.index(measure.source) + 1}]" if measure.source else DASH
    cells = (
        escape(measure_text(measure)),
        str(measure.count) if math.isfinite(measure.value) else DASH,
        excluded,
        f"{bar}{tag('span', escape(usual(measure)), class_='small')}{warning}" if measure.normal else DASH,
        reference,
    )
    first = tag("th", f"{escape(title(measure.label))}{note}", scope="row")
    # The names appear again in the cards of a narrow page, where there is no head row.
    shown = [
        tag("td", cell, data_name=name, class_="nothing" if DASH in cell else None)
        for name, cell in zip(names[1:], cells, strict=True)
    ]
    return tag("tr", first, *shown)
