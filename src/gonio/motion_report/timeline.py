"""Quantities over time, one plot below the other, on the time axis that the film follows."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from gonio.analysis.result import Analysis, Event, Repetition
from gonio.analysis.series import REASON_TEXT, Reason, Series
from gonio.motion_report.curves import area, axis_row, grid, line, runs, scale_column, stretched, thinned
from gonio.motion_report.markup import tag
from gonio.motion_report.scales import Scale
from gonio.motion_report.words import percent, plural, seconds, title, unit

_HEIGHT = 150
_OPEN_PLOTS = 4
"""Plots that are seen at once; the others open on request."""
_SHAPES = (
    *("M0 0l-5 9h10z", "M0 9l-5-9h10z", "M0 0l5 5l-5 5l-5-5z", "M-4 1h8v8h-8z"),
    *("M-1.5 0h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5v-3h3.5z", "M-5 0h10l-10 10h10z", "M-2 0h4v10h-4z", "M-5 3h10v4h-10z"),
)
"""Of the markers of events, by their first appearance; eight, for golf has so many."""


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """Series that share a plot: one quantity, of one side or both."""

    name: str
    unit: str
    series: tuple[Series, ...]


def plots_of(analysis: Analysis) -> list[Plot]:
    """The series by name and unit, in their order.

    Empty ones are left out, and so are those without a valid sample, which the page lists by their reasons; only where
    there is no other are they drawn, pale.
    """
    groups: dict[tuple[str, str], list[Series]] = {}
    for series in analysis.series:
        if len(series):
            groups.setdefault((series.name, series.unit), []).append(series)
    plots = [Plot(name, unit_name, tuple(group)) for (name, unit_name), group in groups.items()]
    measured = [plot for plot in plots if any(series.valid.any() for series in plot.series)]
    return measured or plots


def timeline(analysis: Analysis, person: int, span_s: tuple[float, float]) -> str:
    """The plots of one person, the lane of events above them, the time axis below."""
    plots = plots_of(analysis)
    across = _time_scale(span_s)
    figures = [_figure(plot, f"{person}-{i}", across, analysis) for i, plot in enumerate(plots)]
    rows = [_events(analysis.events, across), *figures[:_OPEN_PLOTS], _axis(across)]
    if figures[_OPEN_PLOTS:]:
        more = tag("summary", plural(len(figures) - _OPEN_PLOTS, "more curve"))
        rows.append(tag("details", more, *figures[_OPEN_PLOTS:], _axis(across), class_="more"))
    if not figures:
        rows = [tag("p", "This analysis has no curves over time.", class_="note")]
    return tag("div", *rows, class_="timeline", data_low=f"{across.low:.6f}", data_high=f"{across.high:.6f}")


def curves_data(analysis: Analysis, person: int) -> list[dict[str, Any]]:
    """What the script shows at the cursor: thinned samples of every curve, rounded, None for NaN."""
    curves = []
    for i, plot in enumerate(plots_of(analysis)):
        for j, series in enumerate(plot.series):
            kept = thinned(series.values)
            valid = series.valid[kept]
            curves.append(
                {
                    "key": f"{person}-{i}-{j}",
                    "unit": unit(series.unit),
                    "t": [round(t, 4) for t in series.time_s[kept].tolist()],
                    "v": _rounded(series.values[kept].tolist()),
                    "sd": _rounded(series.sd[kept].tolist()),
                    "ok": "".join("1" if one else "0" for one in valid.tolist()),
                }
            )
    return curves


def _rounded(values: Iterable[float]) -> list[float | None]:
    return [float(f"{value:.5g}") if math.isfinite(value) else None for value in values]


def _time_scale(span_s: tuple[float, float]) -> Scale:
    low, high = span_s
    return Scale(low, high if high > low else low + 1.0)


def _figure(plot: Plot, key: str, across: Scale, analysis: Analysis) -> str:
    up = _value_scale(plot)
    drawn = "".join(_curve(series, across, up) for series in plot.series)
    area_svg = tag(
        "svg",
        _repetitions(analysis.repetitions, across),
        "".join(_excluded(series, across) for series in plot.series),
        grid(up),
        stretched(drawn),
        _event_lines(analysis.events, across),
        tag("line", class_="cursor", x1="0", x2="0", y1="0", y2="100%"),
        class_="area",
        width="100%",
        height=_HEIGHT,
    )
    keys = [_key(series, f"{key}-{j}") for j, series in enumerate(plot.series)]
    caption = tag("figcaption", tag("b", escape(title(plot.name))), *keys)
    label = f"{title(plot.name)} over time. Arrow keys move, Page Up and Page Down go to events."
    frame = tag("div", scale_column(up, _HEIGHT), area_svg, class_="frame")
    return tag("figure", caption, frame, class_="plot", tabindex=0, role="group", aria_label=label)


def _value_scale(plot: Plot) -> Scale:
    """Room for every valid value and most of its band, so that one wild error bar does not flatten the curve."""
    values = np.concatenate([series.valid_values for series in plot.series])
    spread = np.concatenate([series.sd for series in plot.series])
    usual = np.nanmedian(spread) if np.isfinite(spread).any() else 0.0
    finite = values[np.isfinite(values)]
    if not len(finite):
        finite = np.concatenate([series.values for series in plot.series])
    return Scale.around([*(finite - usual), *(finite + usual)])


def _key(series: Series, key: str) -> str:
    side = escape(series.side) if series.side != "both" else ""
    swatch = tag("svg", tag("line", x1=0, x2=16, y1=5, y2=5, class_=f"curve {series.side}"), width=16, height=10)
    shown = tag("output", "", data_key=key, aria_live="off")
    return tag("span", swatch, f"{side} ", shown, class_="key")


def _curve(series: Series, across: Scale, up: Scale) -> str:
    """Band, pale curve where it is excluded, curve where it is valid."""
    kept = thinned(series.values)
    x = across.places(series.time_s[kept])
    values, sd, valid = series.values[kept], series.sd[kept], series.valid[kept]
    y, trusted = up.places(values), np.where(valid, values, np.nan)
    # One sample on either side, so that the pale curve meets the other.
    pale = ~valid | np.roll(~valid, 1) | np.roll(~valid, -1)
    return (
        area(x, up.places(trusted - sd), up.places(trusted + sd), f"band {series.side}")
        + line(x, np.where(pale, y, np.nan), f"curve pale {series.side}")
        + line(x, up.places(trusted), f"curve {series.side}")
    )


def _excluded(series: Series, across: Scale) -> str:
    """Hatching over every stretch that is not valid, with its reasons to be read."""
    rects = []
    for start, end in runs(~series.valid):
        first, last = float(series.time_s[max(start - 1, 0)]), float(series.time_s[min(end, len(series) - 1)])
        why = reasons_text(int(np.bitwise_or.reduce(series.reasons[start:end])))
        tip = f"{series.label}: {why}, {seconds(first)} to {seconds(last)}"
        x, width = across.place(first), max(across.place(last) - across.place(first), 0.2)
        rects.append(
            tag(
                "rect",
                x=f"{x:.2f}%",
                y="0",
                width=f"{width:.2f}%",
                height="100%",
                class_=f"hatch {series.side}",
                data_tip=tip,
            )
        )
    return "".join(rects)


def reasons_text(reasons: int) -> str:
    """The reasons of a stretch in words."""
    return ", ".join(REASON_TEXT[one] for one in Reason if reasons & one) or "no value"


def _repetitions(repetitions: Sequence[Repetition], across: Scale) -> str:
    parts = []
    for i, one in enumerate(repetitions, start=1):
        start_s = one.start_s if math.isfinite(one.start_s) else across.low  # begun before the recording
        end_s = one.end_s if math.isfinite(one.end_s) else across.high
        x, width = across.place(start_s), across.place(end_s) - across.place(start_s)
        if not (math.isfinite(x) and width > 0):
            continue
        parts.append(tag("rect", x=f"{x:.2f}%", y="0", width=f"{width:.2f}%", height="100%", class_="repetition"))
        parts.append(tag("text", str(i), x=f"{x:.2f}%", y="12", dx="5", class_="count"))
    return "".join(parts)


def _event_lines(events: Sequence[Event], across: Scale) -> str:
    places = [(f"{across.place(e.time_s):.2f}%", e.side) for e in events if math.isfinite(e.time_s)]
    return "".join(tag("line", x1=x, x2=x, y1="0", y2="100%", class_=f"event {side}") for x, side in places)


def _events(events: Sequence[Event], across: Scale) -> str:
    """A lane of markers, one shape for each name, and what the shapes mean."""
    known = [event for event in events if math.isfinite(event.time_s)]
    if not known:
        return ""
    shapes = {name: _SHAPES[i % len(_SHAPES)] for i, name in enumerate(dict.fromkeys(e.name for e in known))}
    marks = []
    for event in known:
        side = "" if event.side == "both" else f"{event.side} "
        error = f" ± {event.sd_s:.3f}\u202fs" if math.isfinite(event.sd_s) else ""
        tip = f"{side}{title(event.name).lower()}, {event.time_s:.3f}\u202fs{error}"
        shape = tag("path", d=shapes[event.name], class_=f"mark {event.side}")
        x = f"{across.place(event.time_s):.2f}%"
        # The transparent square makes a target that a finger can hit.
        target = '<rect x="-9" y="-4" width="18" height="20" class="target"/>'
        marks.append(tag("svg", target, shape, x=x, y="5", class_="spot", data_t=f"{event.time_s:.6f}", data_tip=tip))
    legend = [
        tag(
            "span",
            tag("svg", tag("path", d=shape, transform="translate(6 1)"), width=12, height=12),
            escape(title(name)),
        )
        for name, shape in shapes.items()
    ]
    lane = tag(
        "div", tag("span", class_="scale"), tag("svg", *marks, class_="lane", width="100%", height="20"), class_="frame"
    )
    return tag("div", tag("div", *legend, class_="legend"), lane, class_="events")


def _axis(across: Scale) -> str:
    return tag("div", tag("span", class_="scale"), axis_row(across, "\u202fs"), class_="frame axis-row")


def excluded_text(series: Series) -> str:
    """``"12 % of samples: hidden or doubtful 9 %, jumped 4 %"``."""
    if not len(series):
        return "no samples"
    by_reason = [f"{REASON_TEXT[reason]} {percent(share)}" for reason, share in series.excluded_by().items()]
    without = percent(series.excluded_fraction)
    return f"{without} of samples" + (f": {', '.join(by_reason)}" if by_reason else "")
