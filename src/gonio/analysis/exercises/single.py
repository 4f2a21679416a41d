"""Numbers of one repetition, each with its error bar: how long its phases took, and left beside right."""

import math
from collections.abc import Iterator

import numpy as np

from gonio.analysis.exercises.body import LIMBS, Body, LimbLengths
from gonio.analysis.exercises.repetitions import Found
from gonio.analysis.exercises.signal_spec import SignalSpec
from gonio.analysis.exercises.signals import signal_series
from gonio.analysis.exercises.spec import Exercise
from gonio.analysis.result import Measure
from gonio.analysis.view import View
from gonio.arrays import FloatArray64

BEGUN = "the recording begins within it"
CUT_OFF = "the recording ends within it"
COVERED = "from the side, one limb covers the other"
ONE_BY_ONE = "left and right are counted one by one"


def phase_names(exercise: Exercise) -> tuple[str, str, str]:
    """Of the durations: out to the extreme, at it, and back: ``descent_time``, ``hold_time``, ``ascent_time``."""
    out, at_turn, back = (f"{phase.replace(' ', '_')}_time" for phase in exercise.phases)
    return out, at_turn, back


def phase_durations(found: Found, exercise: Exercise) -> Iterator[Measure]:
    """Of a repetition; NaN of the phases that the recording does not show all of."""
    times, (reached_s, left_s) = found.repetition, found.hold_s
    begun, ended = "" if found.begun else BEGUN, "" if found.finished else CUT_OFF
    out, at_turn, back = phase_names(exercise)
    # each end of a phase is a crossing of a level, timed as well as the two crossings that the extreme is between
    sd_s = 2 * found.turn_sd_s
    yield _unless(begun, Measure(out, reached_s - times.start_s, sd_s, "s"))
    yield _unless(begun or ended, Measure(at_turn, left_s - reached_s, sd_s, "s"))
    yield _unless(ended, Measure(back, times.end_s - left_s, sd_s, "s"))


def symmetry(
    body: Body, found: Found, exercise: Exercise, signal: SignalSpec, lengths: LimbLengths, view: View
) -> Measure:
    """The smaller side's range as a part of the larger one's, 100 %: alike. Both are told in the note.

    NaN where one side covers the other or is not seen, and of what is counted side by side.
    """
    if exercise.one_sided:
        return _none(ONE_BY_ONE)
    if view.kind == "side":
        return _none(COVERED)
    during = body.between(found.repetition.start_s, found.repetition.end_s)
    series = [signal_series(during, signal, lengths, side=side) for side in LIMBS]
    ranges = [_range(one.values) for one in series]
    for side, extent in zip(LIMBS, ranges, strict=True):
        if not extent > 0:
            return _none(f"the {side} side is not seen")
    value = 100 * min(ranges) / max(ranges)
    errors = [
        math.sqrt(2) * float(np.median(one.sd[np.isfinite(one.values)])) / extent
        for one, extent in zip(series, ranges, strict=True)
    ]
    note = ", ".join(f"{side} {extent:.1f} {signal.unit}" for side, extent in zip(LIMBS, ranges, strict=True))
    return Measure("symmetry", value, value * math.hypot(*errors), "%", note=note)


def _range(values: FloatArray64) -> float:
    known = values[np.isfinite(values)]
    return float(np.subtract(*np.percentile(known, [95, 5]))) if len(known) else math.nan


def _unless(why: str, measure: Measure) -> Measure:
    return Measure(measure.name, math.nan, math.nan, measure.unit, count=0, note=why) if why else measure


def _none(why: str) -> Measure:
    return Measure("symmetry", math.nan, math.nan, "%", count=0, note=why)
