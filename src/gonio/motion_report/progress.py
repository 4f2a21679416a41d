"""How the numbers of one person went from session to session, and which changes are more than error of measurement."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path

import numpy as np

from gonio.analysis.result import NOT_MEDICAL
from gonio.errors import ConfigError
from gonio.io.atomic import atomic_path
from gonio.motion_report.curves import grid, line, scale_column, stretched
from gonio.motion_report.markup import page, tag
from gonio.motion_report.scales import Scale
from gonio.motion_report.sessions import Session
from gonio.motion_report.words import activity, is_count, number, percent, plural, title, unit, with_error

MDC_SOURCE = (
    "Minimal detectable change at 95 % confidence: 1.96 times the root of the sum of both squared standard errors "
    "(J. P. Weir, J Strength Cond Res 19(1), 2005, 231-240)."
)
_LIMIT = (
    "The standard errors are those of the measurement. How much the same person varies from day to day comes on top: "
    "a change just above the limit may still be chance."
)
_OF_SIGNAL = ("range", "symmetry")
"""Measures of what an exercise was counted on: of another signal they are other quantities under the same name."""
_HEIGHT = 170
_EDGE = 6.0
"""Per cent of a plot left free at either side, for the error bars."""


@dataclass(frozen=True, slots=True)
class Trend:
    """One number over the sessions.

    Attributes:
        name: As of the measure.
        unit: Of the values.
        side: The person's.
        signal: What the exercise was counted on, where that makes it another number; else empty.
        dates: Of the sessions that have it, in order.
        values: One for each date.
        sds: One for each date; NaN where unknown.
    """

    name: str
    unit: str
    side: str
    signal: str
    dates: tuple[datetime, ...]
    values: tuple[float, ...]
    sds: tuple[float, ...]

    @property
    def change(self) -> float:
        """From the first to the last session."""
        return self.values[-1] - self.values[0]

    @property
    def minimal_detectable_change(self) -> float:
        """Between first and last session; NaN where an error is not known. Source: `MDC_SOURCE`.

        Example:
            >>> day = datetime(2026, 1, 1)
            >>> round(Trend("a", "deg", "left", "", (day, day), (50, 60), (3, 4)).minimal_detectable_change, 6)
            9.8
        """
        return 1.96 * math.hypot(self.sds[0], self.sds[-1])


def write_progress(path: Path, sessions: Sequence[Session], *, person: str = "") -> None:
    """Write a page with one trend for each number that at least two sessions have.

    Args:
        path: An HTML file; it is complete or absent.
        sessions: Of one person, all of one activity, in any order.
        person: Name or number to show; empty for none.

    Raises:
        ConfigError: If there are fewer than two sessions, or they are of several activities.
        MediaError: If the file cannot be written.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(progress_html(sessions, person=person), "utf-8")


def progress_html(sessions: Sequence[Session], *, person: str = "") -> str:
    """The page as text; see `write_progress`."""
    names = sorted({session.activity for session in sessions})
    if len(sessions) < 2 or len(names) > 1:
        raise ConfigError(
            f"progress needs two or more sessions of one activity, got {len(sessions)} of {', '.join(names) or 'none'}"
        )
    ordered = sorted(sessions, key=lambda session: session.created.timestamp())
    trends = trends_of(ordered)
    first, last = (f"{one.created.day} {one.created:%B %Y}" for one in (ordered[0], ordered[-1]))
    over = " · ".join(part for part in ("Progress", person, f"{first} to {last}") if part)
    theme = tag("button", "Dark", type="button", id="theme", class_="screen")
    header = tag("div", tag("p", escape(over), class_="over"), theme)
    name = activity(names[0])
    body = [
        tag("header", header, tag("h1", escape(name))),
        tag("p", escape(_summary(trends, len(ordered))), class_="verdict"),
        tag("div", *map(_figure, trends), class_="cycles"),
        tag("section", tag("h2", "Changes"), _table(trends), tag("p", escape(f"{MDC_SOURCE} {_LIMIT}"), class_="note")),
        tag("section", tag("h2", "Sessions"), tag("ul", *map(_session, ordered), class_="plain"), _warnings(ordered)),
        tag("footer", tag("p", tag("strong", NOT_MEDICAL))),
    ]
    return page(title=f"Progress: {name}", body="\n".join(body))


def trends_of(sessions: Sequence[Session]) -> list[Trend]:
    """By name, side, unit and signal, in their first order; what fewer than two sessions measured is left out.

    Args:
        sessions: In order of time.
    """
    several = len(_known(sessions, "signal")) > 1
    found: dict[tuple[str, str, str, str], list[tuple[datetime, float, float]]] = {}
    for session in sessions:
        for measure in session.measures:
            if measure.value is not None:
                sd = math.nan if measure.sd is None else measure.sd
                signal = session.circumstances["signal"] if several and measure.name in _OF_SIGNAL else ""
                key = (measure.name, measure.unit, measure.side, signal)
                found.setdefault(key, []).append((session.created, measure.value, sd))
    return [
        Trend(*key, *(tuple(column) for column in zip(*points, strict=True)))
        for key, points in found.items()
        if len(points) > 1
    ]


def _summary(trends: Sequence[Trend], count: int) -> str:
    judged = [trend for trend in trends if math.isfinite(trend.minimal_detectable_change)]
    clear = [trend for trend in judged if abs(trend.change) > trend.minimal_detectable_change]
    if not judged:
        return f"{plural(count, 'session')}; no number has an error bar in both the first and the last."
    numbers = f"{len(clear)} of {plural(len(judged), 'number')}"
    return f"{plural(count, 'session')}: {numbers} changed by more than measurement error explains."


def _judgement(trend: Trend) -> str:
    limit = trend.minimal_detectable_change
    if all(is_count(value, trend.unit) and not math.isfinite(sd) for value, sd in _points(trend)):
        return "a count"
    if not math.isfinite(limit):
        return "cannot be judged: an error is not known"
    return "beyond measurement error" if abs(trend.change) > limit else "within measurement error"


def _label(trend: Trend) -> str:
    name = title(trend.name if trend.side == "both" else f"{trend.side} {trend.name}")
    return f"{name}, {trend.signal}" if trend.signal else name


def _figure(trend: Trend) -> str:
    lows, highs = ([v + sign * (s if math.isfinite(s) else 0) for v, s in _points(trend)] for sign in (-1, 1))
    up, x = Scale.around(lows + highs, margin=0.12), _across(trend.dates)
    values = np.array(trend.values)
    curve = line(np.array(x), up.places(values), f"curve thin {trend.side}")
    marks = []
    for place, low, high, (value, sd) in zip(x, lows, highs, _points(trend), strict=True):
        ends = [f"{100 - up.place(end):.2f}%" for end in (low, high)]
        if math.isfinite(sd):
            marks.append(tag("line", x1=f"{place:.2f}%", x2=f"{place:.2f}%", y1=ends[0], y2=ends[1], class_="whisker"))
        tip = with_error(value, sd, trend.unit)
        marks.append(
            tag(
                "circle",
                cx=f"{place:.2f}%",
                cy=f"{100 - up.place(value):.2f}%",
                r=5,
                class_=f"dot {trend.side}",
                data_tip=tip,
            )
        )
    plot = tag(
        "svg",
        grid(up),
        stretched(curve),
        *marks,
        class_="area",
        width="100%",
        height=_HEIGHT,
        role="img",
        aria_label=f"{_label(trend)} over the sessions",
    )
    caption = tag(
        "figcaption",
        tag("b", escape(_label(trend))),
        escape(unit(trend.unit).strip()),
        tag("span", escape(_judgement(trend)), class_="key"),
    )
    axis = tag("div", tag("span", class_="scale"), _dates(trend.dates), class_="frame axis-row")
    return tag("figure", caption, tag("div", scale_column(up, _HEIGHT), plot, class_="frame"), axis)


def _points(trend: Trend) -> list[tuple[float, float]]:
    return list(zip(trend.values, trend.sds, strict=True))


def _across(dates: Sequence[datetime]) -> list[float]:
    """Places in per cent, at their true distances; evenly where all are of one moment."""
    stamps = [date.timestamp() for date in dates]
    if stamps[-1] <= stamps[0]:
        stamps = [float(i) for i in range(len(stamps))]
    scale = Scale(stamps[0], stamps[-1])
    return [_EDGE + (100 - 2 * _EDGE) * scale.place(stamp) / 100 for stamp in stamps]


def _dates(dates: Sequence[datetime]) -> str:
    ends = [(0.0, "start", dates[0]), (100.0, "end", dates[-1])]
    texts = [tag("text", f"{d.day} {d:%b %Y}", x=f"{x:.0f}%", y="13", text_anchor=anchor) for x, anchor, d in ends]
    return tag("svg", *texts, class_="axis", width="100%", height="18", aria_hidden="true")


def _table(trends: Sequence[Trend]) -> str:
    names = ("Measure", "First", "Last", "Change", "Detectable from", "Judgement")
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in names)))
    rows = []
    for trend in trends:
        points, after = _points(trend), unit(trend.unit)
        limit = trend.minimal_detectable_change
        cells = (
            with_error(*points[0], trend.unit),
            with_error(*points[-1], trend.unit),
            f"{'+' if trend.change > 0 else ''}{number(trend.change, trend.unit)}{after}",
            f"{number(limit, trend.unit)}{after if math.isfinite(limit) else ''}",
            _judgement(trend),
        )
        shown = [tag("td", escape(cell), data_name=name) for name, cell in zip(names[1:], cells, strict=True)]
        rows.append(tag("tr", tag("th", escape(_label(trend)), scope="row"), *shown))
    return tag("table", head, tag("tbody", *rows), class_="measures")


def _session(session: Session) -> str:
    measured = plural(sum(measure.value is not None for measure in session.measures), "number")
    parts = [measured, f"{percent(session.excluded_fraction)} of the frames excluded"]
    parts += [f"{name} {value}" for name, value in session.circumstances.items() if value]
    return tag("li", escape(f"{session.created:%Y-%m-%d %H:%M}: {', '.join(parts)}"))


def _warnings(sessions: Sequence[Session]) -> str:
    """What makes numbers of these sessions no comparison: other views, models or signals, other units."""
    texts = [
        f"The sessions differ in {name}: a difference between them may come from that."
        for name in sessions[0].circumstances
        if len(_known(sessions, name)) > 1
    ]
    measured = {measure.name for session in sessions for measure in session.measures if measure.value is not None}
    if len(_known(sessions, "signal")) > 1 and (apart := [title(name) for name in _OF_SIGNAL if name in measured]):
        texts.append(f"Compared only between sessions that were counted on the same signal: {', '.join(apart)}.")
    units: dict[str, set[str]] = {}
    for session in sessions:
        for measure in session.measures:
            if measure.value is not None:
                units.setdefault(measure.name, set()).add(measure.unit)
    if mixed := [title(name) for name, seen in units.items() if len(seen) > 1]:
        texts.append(f"Not compared, because the sessions have them in different units: {', '.join(mixed)}.")
    return "".join(tag("p", escape(text), class_="note") for text in texts)


def _known(sessions: Sequence[Session], name: str) -> set[str]:
    """What a circumstance was, where that is known."""
    return {session.circumstances[name] for session in sessions} - {""}
