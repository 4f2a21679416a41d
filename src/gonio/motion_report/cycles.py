"""Cycles laid over each other, 0 to 100 %: each one thin, their mean bold, the spread between them as a band."""

import warnings
from collections.abc import Iterable
from html import escape

import numpy as np

from gonio.analysis.result import CYCLE_POINTS, Cycle
from gonio.arrays import FloatArray64
from gonio.motion_report.curves import area, axis_row, grid, line, scale_column, stretched
from gonio.motion_report.markup import tag
from gonio.motion_report.scales import Scale
from gonio.motion_report.words import plural, title, unit

_HEIGHT = 170
_MAX_LINES = 40
"""Single cycles that are drawn; mean and band are of all."""
_PERCENT = np.linspace(0.0, 100.0, CYCLE_POINTS)


def cycle_plots(cycles: Iterable[Cycle]) -> str:
    """One plot for each quantity, both sides in it; nothing where there are no cycles."""
    groups: dict[tuple[str, str], list[Cycle]] = {}
    for cycle in cycles:
        if len(cycle.start_s):
            groups.setdefault((cycle.name, cycle.unit), []).append(cycle)
    if not groups:
        return ""
    figures = [_figure(name, unit_name, group) for (name, unit_name), group in groups.items()]
    note = "Thin: each cycle. Bold: their mean. Band: one standard deviation between cycles."
    return tag("div", *figures, class_="cycles") + tag("p", note, class_="note")


def mean_and_spread(values: FloatArray64) -> tuple[FloatArray64, FloatArray64]:
    """Mean of each column and standard deviation (of the sample; NaN below two), NaN left out.

    Args:
        values: ``(C, P)``.
    """
    with warnings.catch_warnings():  # a column without any value is NaN, which is what numpy warns of
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmean(values, axis=0), np.nanstd(values, axis=0, ddof=1)


def _figure(name: str, unit_name: str, cycles: list[Cycle]) -> str:
    up = _scale(cycles)
    body = "".join(_lines(cycle, up) for cycle in cycles) + "".join(_mean(cycle, up) for cycle in cycles)
    keys = [_key(cycle) for cycle in cycles]
    caption = tag("figcaption", tag("b", escape(title(name))), f" {escape(unit(unit_name).strip())} ", *keys)
    plot = tag(
        "svg",
        grid(up),
        stretched(body),
        class_="area",
        width="100%",
        height=_HEIGHT,
        role="img",
        aria_label=f"{title(name)} over the cycle",
    )
    frame = tag("div", scale_column(up, _HEIGHT), plot, class_="frame")
    axis = tag("div", tag("span", class_="scale"), axis_row(Scale(0, 100), "\u202f%", 4), class_="frame axis-row")
    return tag("figure", caption, frame, axis)


def _scale(cycles: list[Cycle]) -> Scale:
    bounds = []
    for cycle in cycles:
        mean, spread = mean_and_spread(cycle.values)
        bounds += [cycle.values.ravel(), mean - spread, mean + spread]
    return Scale.around(np.concatenate(bounds).tolist(), margin=0.05)


def _lines(cycle: Cycle, up: Scale) -> str:
    return "".join(line(_PERCENT, up.places(row), f"curve thin {cycle.side}") for row in cycle.values[:_MAX_LINES])


def _mean(cycle: Cycle, up: Scale) -> str:
    mean, spread = mean_and_spread(cycle.values)
    band = area(_PERCENT, up.places(mean - spread), up.places(mean + spread), f"band {cycle.side}")
    return band + line(_PERCENT, up.places(mean), f"curve {cycle.side}")


def _key(cycle: Cycle) -> str:
    swatch = tag("svg", tag("line", x1=0, x2=16, y1=5, y2=5, class_=f"curve {cycle.side}"), width=16, height=10)
    side = "" if cycle.side == "both" else f"{cycle.side}, "
    return tag("span", swatch, f"{side}{plural(len(cycle.start_s), 'cycle')}", class_="key")
