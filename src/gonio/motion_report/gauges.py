"""Small horizontal bars: a value with its error bar, before the range that is usual."""

import math
from collections.abc import Sequence

from gonio.analysis.result import Measure
from gonio.motion_report.markup import tag
from gonio.motion_report.scales import Scale, tick_text
from gonio.motion_report.words import unit

_ROW = 16


def gauge(measures: Sequence[Measure]) -> str:
    """One row for each measure, all on one axis; empty where nothing can be shown.

    The usual range is the grey band. Without one the axis begins at 0, so that lengths can be compared.
    """
    shown = [measure for measure in measures if math.isfinite(measure.value)]
    if not shown:
        return ""
    scale = _scale(shown)
    rows = "".join(_row(measure, scale, _ROW * i) for i, measure in enumerate(shown))
    height = _ROW * len(shown)
    return tag("svg", rows, class_="gauge", width="100%", height=height, role="img", aria_label=_spoken(shown))


def usual(measure: Measure) -> str:
    """``"55 to 65°"``; empty where no source gives a range."""
    if measure.normal is None:
        return ""
    low, high = (tick_text(bound) for bound in measure.normal)
    return f"{low} to {high}{unit(measure.unit)}"


def is_unusual(measure: Measure) -> bool:
    """Whether the value lies outside the usual range by more than twice its standard deviation.

    Twice, because 95 % of a normal error lie within; an error that is not known counts as none.
    """
    if measure.normal is None or not math.isfinite(measure.value):
        return False
    room = 2 * measure.sd if math.isfinite(measure.sd) else 0.0
    low, high = measure.normal
    return measure.value + room < low or measure.value - room > high


def _scale(measures: Sequence[Measure]) -> Scale:
    values = [m.value + sign * (m.sd if math.isfinite(m.sd) else 0.0) for m in measures for sign in (-1, 1)]
    bounds = [bound for m in measures if m.normal is not None for bound in m.normal]
    return Scale.around(values + bounds, margin=0.25 if bounds else 0.08, zero=not bounds)


def _row(measure: Measure, scale: Scale, top: float) -> str:
    x, middle = scale.place(measure.value), top + _ROW / 2
    css = f"{measure.side}{' unusual' if is_unusual(measure) else ''}"
    track = tag("line", x1="0", x2="100%", y1=middle, y2=middle, class_="track")
    if measure.normal is not None:
        low, high = (scale.place(bound) for bound in measure.normal)
        band = tag(
            "rect",
            x=f"{low:.2f}%",
            width=f"{max(high - low, 0.5):.2f}%",
            y=top + 2,
            height=_ROW - 4,
            rx=2,
            class_="usual",
        )
    else:
        start = scale.place(0.0)
        left, width = min(start, x), abs(x - start)
        band = tag("rect", x=f"{left:.2f}%", width=f"{width:.2f}%", y=middle - 3, height=6, rx=1, class_=f"bar {css}")
    whisker = ""
    if math.isfinite(measure.sd):
        ends = [f"{scale.place(measure.value + sign * measure.sd):.2f}%" for sign in (-1, 1)]
        whisker = tag("line", x1=ends[0], x2=ends[1], y1=middle, y2=middle, class_=f"whisker {css}")
        whisker += "".join(tag("line", x1=e, x2=e, y1=middle - 4, y2=middle + 4, class_=f"whisker {css}") for e in ends)
    dot = tag("circle", cx=f"{x:.2f}%", cy=middle, r=4, class_=f"dot {css}") if measure.normal is not None else ""
    return track + band + whisker + dot


def _spoken(measures: Sequence[Measure]) -> str:
    parts = []
    for measure in measures:
        range_text = f", usual {usual(measure)}" if measure.normal else ""
        parts.append(f"{measure}{range_text}")
    return "; ".join(parts)
