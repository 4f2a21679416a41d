"""What ``gonio analyse`` says in a terminal: measures with error bars, what was found, what was left out."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from gonio.analysis.result import NOT_MEDICAL, Analysis, Measure, error_text, excluded_text, value_decimals

if TYPE_CHECKING:
    from gonio.motion.analyse import Motion

_MOST_EVENTS, _MOST_TIMES = 12, 6


def print_analysis(motion: "Motion") -> None:
    """Everything that was measured, on standard output."""
    analysis = motion.analysis
    counted = f", {_plural(len(analysis.repetitions), 'repetition')}" if analysis.repetitions else ""
    typer.echo(f"{motion.source}: {analysis.activity}{counted}, track {analysis.track_id}")
    others = [str(one) for one in motion.everyone.track_ids.tolist() if one != analysis.track_id]
    if others:
        typer.echo(f"  other people: track {', '.join(others)}; measure one with --person ID")
    for name, text in analysis.facts.items():
        typer.echo(f"  {name.replace('_', ' ')}: {text}")
    for line in measure_lines(analysis.measures):
        typer.echo(line)
    _print_events(analysis)
    for finding in analysis.findings:
        times = ", ".join(f"{time:.1f} s" for time in finding.times_s[:_MOST_TIMES])
        typer.echo(f"{finding.kind}: {finding.text}{f' ({times})' if times else ''}")
    if analysis.excluded_fraction > 0:
        typer.echo(excluded_text(analysis.excluded_fraction))
    typer.echo(NOT_MEDICAL)


def measure_lines(measures: Sequence[Measure]) -> list[str]:
    """One line for each number, in columns; those that could not be measured together, by their reason."""
    found = [one for one in measures if math.isfinite(one.value)]
    width = max((len(one.label) for one in found), default=0)
    lines = [f"  {one.label:{width}}  {_number(one)}" for one in found]
    reasons: dict[str, list[str]] = {}
    for one in measures:
        if not math.isfinite(one.value):
            reasons.setdefault(one.note or "no reason known", []).append(one.label)
    return lines + [f"  not measured ({reason}): {', '.join(labels)}" for reason, labels in reasons.items()]


def _number(measure: Measure) -> str:
    digits = value_decimals(measure.value, measure.unit)
    text = f"{measure.value:9.{digits}f}"
    text += f" +- {error_text(measure.sd, measure.unit)}" if math.isfinite(measure.sd) else ""
    text += "" if measure.unit == "1" else f" {measure.unit}"
    if measure.normal:
        text += f"   usual {measure.normal[0]:g} to {measure.normal[1]:g}"
    if measure.excluded_fraction > 0:
        text += f"   ({excluded_text(measure.excluded_fraction)}{': ' * bool(measure.note)}{measure.note})"
    elif measure.note:
        text += f"   ({measure.note})"
    return text


def _print_events(analysis: Analysis) -> None:
    shown = analysis.events[:_MOST_EVENTS]
    if not shown:
        return
    texts = [f"{'' if one.side == 'both' else one.side + ' '}{one.name} {one.time_s:.2f} s" for one in shown]
    more = len(analysis.events) - len(shown)
    typer.echo("events: " + ", ".join(texts) + (f" and {more} more" if more else ""))


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
