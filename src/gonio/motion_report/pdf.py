"""The report on A4 paper, for the file of a patient or athlete: what the page shows, without the film."""

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from gonio.analysis.result import CYCLE_POINTS, NOT_MEDICAL, Analysis, Cycle, Measure, Repetition
from gonio.io.atomic import atomic_path
from gonio.motion_report.content import ReportContent, ReportOptions
from gonio.motion_report.curves import runs, thinned
from gonio.motion_report.cycles import mean_and_spread
from gonio.motion_report.faces import Heads
from gonio.motion_report.gauges import is_unusual, usual
from gonio.motion_report.page import heads_to_blur, titled
from gonio.motion_report.repetitions import cells, columns, label, reasons
from gonio.motion_report.sheets import WIDTH_IN, Sheets
from gonio.motion_report.stills import take_stills
from gonio.motion_report.timeline import Plot, excluded_text, plots_of
from gonio.motion_report.words import DASH, activity, measure_text, percent, seconds, title, unit, verdict

_COLOURS = {"left": "#b95a06", "right": "#1a63c0", "both": "#2b7a55"}
_DASHES = {"left": "-", "right": "--", "both": "-"}
_GRID, _SOFT = "#dfddd8", "#5c646d"
_COLUMNS_IN = (0.0, 2.35, 4.05, 4.45, 5.1, 6.45)
_MOMENTS = ("Start", "Turn", "End")
_LABEL_IN, _MOMENT_IN, _NUMBER_IN = 0.5, 0.6, 0.9
"""Widths in the table of repetitions."""
_STILLS_A_ROW = 5


def write_pdf(path: Path, content: ReportContent, options: ReportOptions | None = None) -> None:
    """Write the report as A4 pages.

    Args:
        path: A PDF file; it is complete or absent.
        content: What to show.
        options: Limits, and whether faces are blurred; the defaults if left out.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
        MediaError: If the video cannot be read or the file cannot be written.
    """
    options = options or ReportOptions()
    heads = heads_to_blur(content, options)
    foot = " · ".join(part for part in (NOT_MEDICAL, content.source, f"{content.created:%Y-%m-%d}") if part)
    name = titled(content.analyses)
    with atomic_path(path) as temporary, Sheets(temporary, foot=foot, title=name) as sheets:
        sheets.text(f"Motion report · {content.source}", size=9, soft=True)
        sheets.space(0.05)
        sheets.text(name, size=24, bold=True)
        sheets.space(0.1)
        for analysis in content.analyses:
            _person(sheets, content, analysis, options, heads)
        if not content.analyses:
            sheets.text("Nobody was analysed.")
        _method(sheets, content)


def _person(
    sheets: Sheets, content: ReportContent, analysis: Analysis, options: ReportOptions, heads: Heads | None
) -> None:
    if len(content.analyses) > 1:
        sheets.heading(f"Person {analysis.track_id}, {activity(analysis.activity).lower()}", size=16, below_in=2)
    sheets.text(verdict(analysis), size=12)
    _measures(sheets, analysis.measures)
    _findings(sheets, analysis)
    _stills(sheets, content, analysis, options, heads)
    _repetitions(sheets, analysis.repetitions)
    for plot in plots_of(analysis):
        _curves(sheets, plot, analysis, content.span_s)
    _cycles(sheets, analysis.cycles)
    sheets.heading("What was excluded, and why")
    sheets.text(f"{percent(analysis.excluded_fraction)} of the frames could not be used at all.")
    for series in analysis.series:
        if series.excluded_fraction > 0:
            sheets.text(f"{title(series.label)}: {excluded_text(series)}", indent_in=0.15)


def _measures(sheets: Sheets, measures: Sequence[Measure]) -> None:
    if not measures:
        return
    sheets.heading("Measures")
    names = ("", "Value ± sd", "Count", "Excluded", "Usual range", "Source")
    sheets.row(list(zip(_COLUMNS_IN, names, strict=True)), size=7.5, soft=True)
    sources = list(dict.fromkeys(measure.source for measure in measures if measure.source))
    for measure in measures:
        excluded = percent(measure.excluded_fraction) if measure.excluded_fraction > 0 else DASH
        outside = " · outside" if is_unusual(measure) else ""
        source = f"[{sources.index(measure.source) + 1}]" if measure.source else DASH
        cells = (
            title(measure.label)[:36],
            measure_text(measure),
            str(measure.count) if math.isfinite(measure.value) else DASH,
            excluded,
            (usual(measure) or DASH) + outside,
            source,
        )
        sheets.row(list(zip(_COLUMNS_IN, cells, strict=True)), bold=bool(outside))
        if measure.note:
            sheets.text(measure.note, size=7.5, soft=True, indent_in=0.1)
    sheets.space(0.08)
    sheets.text(
        "± is one standard deviation of the number itself, carried over from the keypoints.", size=7.5, soft=True
    )
    for i, source in enumerate(sources, start=1):
        sheets.text(f"[{i}] {source}", size=7.5, soft=True)


def _findings(sheets: Sheets, analysis: Analysis) -> None:
    if analysis.findings:
        sheets.heading("Findings")
    for finding in analysis.findings:
        moments = f" ({', '.join(map(seconds, finding.times_s[:20]))})" if finding.times_s else ""
        source = f" [{finding.source}]" if finding.source else ""
        sheets.text(f"{title(finding.kind)}: {finding.text}{moments}{source}")


def _repetitions(sheets: Sheets, repetitions: Sequence[Repetition]) -> None:
    if not repetitions:
        return
    sheets.heading("Repetition by repetition")
    *names, _ = columns(repetitions)
    places = list(accumulate([_LABEL_IN, *(_MOMENT_IN if name in _MOMENTS else _NUMBER_IN for name in names)]))[:-1]
    sheets.row(list(zip(places, names, strict=True)), size=7.5, soft=True)
    for i, one in enumerate(repetitions, start=1):
        *shown, faults = cells(one, repetitions)
        sheets.row([(0.0, label(i, one)), *zip(places, shown, strict=True)], size=7.5)
        if one.faults:
            sheets.row([(_LABEL_IN, faults)], size=7.5, bold=True)
    for text in reasons(repetitions):
        sheets.text(text, size=7.5, soft=True)


def _stills(
    sheets: Sheets, content: ReportContent, analysis: Analysis, options: ReportOptions, heads: Heads | None
) -> None:
    stills = take_stills(content, analysis, options, heads)
    if not stills:
        return
    width_in = WIDTH_IN / _STILLS_A_ROW - 0.1
    height_in = width_in * max(still.image.shape[0] / still.image.shape[1] for still in stills)
    sheets.heading("Repetitions" if analysis.repetitions else "Moments", below_in=height_in + 0.3)
    for start in range(0, len(stills), _STILLS_A_ROW):
        sheets.room(height_in + 0.4)
        part = stills[start : start + _STILLS_A_ROW]
        for column, still in enumerate(part):
            axes = sheets.axes(height_in, left_in=column * (width_in + 0.1), width_in=width_in, advance=False)
            axes.imshow(still.image)
            axes.set_axis_off()
        sheets.space(height_in + 0.05)
        places = [column * (width_in + 0.1) for column in range(len(part))]
        sheets.row([(x, f"{s.moment.caption}"[:26]) for x, s in zip(places, part, strict=True)], size=7, bold=True)
        second = [", ".join([seconds(s.moment.time_s), *s.moment.faults])[:30] for s in part]
        sheets.row(list(zip(places, second, strict=True)), size=7, soft=True)
        sheets.space(0.06)


def _curves(sheets: Sheets, plot: Plot, analysis: Analysis, span_s: tuple[float, float]) -> None:
    sheets.room(2.0)
    sheets.space(0.12)
    axes = _plot_axes(sheets, f"{title(plot.name)}{f', {unit(plot.unit).strip()}' if unit(plot.unit) else ''}")
    for series in plot.series:
        kept, colour = thinned(series.values), _COLOURS[series.side]
        time_s, values = series.time_s[kept], np.where(series.valid, series.values, np.nan)[kept]
        sd = series.sd[kept]
        axes.fill_between(time_s, values - sd, values + sd, color=colour, alpha=0.2, linewidth=0)
        axes.plot(time_s, values, _DASHES[series.side], color=colour, linewidth=1.1, label=series.side)
        for start, end in runs(~series.valid):
            edges = series.time_s[max(start - 1, 0)], series.time_s[min(end, len(series) - 1)]
            axes.axvspan(*edges, facecolor="none", edgecolor=colour, alpha=0.35, hatch="////", linewidth=0)
    for event in analysis.events:
        if math.isfinite(event.time_s):
            axes.axvline(event.time_s, color=_COLOURS[event.side], linewidth=0.5, alpha=0.5, linestyle=":")
    low, high = span_s
    axes.set_xlim(low, high if high > low else low + 1)
    axes.set_xlabel("s", fontsize=7, color=_SOFT, labelpad=0)
    _legend(axes, [series.side for series in plot.series])
    sheets.space(0.3)


def _cycles(sheets: Sheets, cycles: Sequence[Cycle]) -> None:
    groups: dict[tuple[str, str], list[Cycle]] = {}
    for cycle in cycles:
        groups.setdefault((cycle.name, cycle.unit), []).append(cycle)
    if groups:
        sheets.heading("Cycles, 0 to 100 %: mean, and one standard deviation between cycles", below_in=2)
    for (name, unit_name), group in groups.items():
        sheets.room(2.1)
        axes = _plot_axes(sheets, f"{title(name)}, {unit(unit_name).strip()}")
        for cycle in group:
            mean, spread = mean_and_spread(cycle.values)
            percents, colour = np.linspace(0, 100, CYCLE_POINTS), _COLOURS[cycle.side]
            axes.fill_between(percents, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0)
            axes.plot(percents, mean, _DASHES[cycle.side], color=colour, linewidth=1.2, label=cycle.side)
        axes.set_xlim(0, 100)
        axes.set_xlabel("%", fontsize=7, color=_SOFT, labelpad=0)
        _legend(axes, [cycle.side for cycle in group])
        sheets.space(0.4)


def _plot_axes(sheets: Sheets, name: str) -> Any:
    sheets.text(name, size=9, bold=True)
    axes = sheets.axes(1.4, left_in=0.35, width_in=WIDTH_IN - 0.35)
    axes.tick_params(labelsize=7, length=2, colors=_SOFT)
    axes.grid(color=_GRID, linewidth=0.5)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(_GRID)
    return axes


def _legend(axes: Any, sides: Sequence[str]) -> None:
    if any(side != "both" for side in sides):
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderpad=0, fontsize=7, frameon=False, ncols=2)


def _method(sheets: Sheets, content: ReportContent) -> None:
    sheets.heading("Method")
    facts = {"Made": f"{content.created:%Y-%m-%d %H:%M}", "Input": content.source, "SHA-256": content.sha256}
    groups: list[Mapping[str, str]] = [
        facts,
        {"command": content.command},
        content.model,
    ]
    groups += [analysis.facts for analysis in content.analyses]
    groups += [content.settings, {f"{key} version": text for key, text in content.versions.items()}]
    for group in groups:
        for key, text in group.items():
            if text:
                sheets.text(f"{title(key)}: {text}")
    histories = [analysis.history for analysis in content.analyses if analysis.history] or [content.sequence.history]
    for history in dict.fromkeys(histories):
        for i, line in enumerate(history, start=1):
            sheets.text(f"{i}. {line}", indent_in=0.15)
    sheets.space(0.1)
    sheets.text(NOT_MEDICAL, bold=True)
