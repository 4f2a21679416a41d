"""Numbers of an exercise, each with its error bar: counts, range, tempo, symmetry and joint angles."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gonio.analysis.angle_table import angle_definition
from gonio.analysis.angles import angle_series
from gonio.analysis.exercises.body import LIMBS, Body, LimbLengths
from gonio.analysis.exercises.holds import Hold
from gonio.analysis.exercises.repetitions import Found
from gonio.analysis.exercises.signals import signal_series
from gonio.analysis.exercises.spec import Exercise
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Measure
from gonio.analysis.series import Series, Side
from gonio.analysis.view import View
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

_NAN = float("nan")


def repetition_measures(found: Sequence[Found], exercise: Exercise) -> Iterator[Measure]:
    """How many, how far, how fast."""
    yield Measure("repetitions", float(len(found)), _NAN, "1", count=len(found))
    if not found:
        return
    repetitions = [one.repetition for one in found]
    unit = exercise.signals[0].unit
    yield _mean("range", unit, [one.range for one in repetitions], [one.range_sd for one in repetitions])
    whole = [one for one in found if one.begun and one.finished]
    out, at_turn, back = (phase.replace(" ", "_") for phase in exercise.phases)
    yield _durations("repetition_time", whole, lambda one: (one.repetition.start_s, one.repetition.end_s))
    yield _durations(f"{out}_time", whole, lambda one: (one.repetition.start_s, one.hold_s[0]))
    yield _durations(f"{at_turn}_time", whole, lambda one: one.hold_s)
    yield _durations(f"{back}_time", whole, lambda one: (one.hold_s[1], one.repetition.end_s))


def symmetry_measure(
    body: Body, found: Sequence[Found], exercise: Exercise, lengths: LimbLengths, view: View
) -> Measure:
    """The smaller side's range as a part of the larger one's, 100 %: alike."""
    if view.kind == "side":
        return Measure("symmetry", _NAN, _NAN, "%", note="from the side, one limb covers the other")
    values, sds = [], []
    for one in found:
        during = body.between(one.repetition.start_s, one.repetition.end_s)
        series = [signal_series(during, exercise.signals[0], lengths, side=side) for side in LIMBS]
        ranges = [_range(signal.values) for signal in series]
        if not min(ranges) > 0:
            continue
        values.append(100 * min(ranges) / max(ranges))
        errors = [
            np.sqrt(2) * float(np.median(signal.sd)) / extent for signal, extent in zip(series, ranges, strict=True)
        ]
        sds.append(values[-1] * float(np.hypot(*errors)))
    return _mean("symmetry", "%", values, sds)


def hold_measures(holds: Sequence[Hold]) -> Iterator[Measure]:
    """How many, how long."""
    yield Measure("holds", float(len(holds)), _NAN, "1", count=len(holds))
    if holds:
        longest = max(holds, key=lambda hold: hold.duration_s)
        note = "at least: the recording begins or ends within it" if longest.open_ended else ""
        yield Measure("longest_hold", longest.duration_s, longest.sd_s, "s", note=note)
        total = sum(hold.duration_s for hold in holds)
        yield Measure("total_hold", total, float(np.hypot.reduce([h.sd_s for h in holds])), "s", count=len(holds))


def angles_of(sequence: PoseSequence, exercise: Exercise, view: View, options: AnalysisOptions) -> tuple[Series, ...]:
    """The joint angles that the exercise reports, of each side."""
    wanted: list[tuple[str, Side]] = []
    for name in exercise.angles:
        wanted += [(name, side) for side in LIMBS] if angle_definition(name).sided else [(name, "both")]
    return tuple(angle_series(sequence, name, side=side, view=view, options=options) for name, side in wanted)


def angle_measures(angles: Sequence[Series], found: Sequence[Found], turn: str) -> Iterator[Measure]:
    """Each joint angle at the extreme and its range in a repetition, where the view allows to measure it."""
    if not found:
        return
    for series in angles:
        at_turn = [_valid(series, *one.hold_s) for one in found]
        yield _angle_mean(f"{series.name}_at_{turn}", series, at_turn, lambda values: float(np.median(values)))
        during = [_valid(series, one.repetition.start_s, one.repetition.end_s) for one in found]
        yield _angle_mean(f"{series.name}_range", series, during, _range)


def _angle_mean(
    name: str,
    series: Series,
    parts: Sequence[tuple[FloatArray64, FloatArray64]],
    value_of: Callable[[FloatArray64], float],
) -> Measure:
    seen = [(values, sd) for values, sd in parts if len(values)]
    widen = np.sqrt(2) if name.endswith("_range") else 1.0
    measure = _mean(
        name, series.unit, [value_of(values) for values, _ in seen], [widen * float(np.median(sd)) for _, sd in seen]
    )
    note = getattr(series, "why", "")
    return Measure(name, measure.value, measure.sd, series.unit, series.side, len(seen), series.excluded_fraction, note)


def _valid(series: Series, start_s: float, end_s: float) -> tuple[FloatArray64, FloatArray64]:
    inside = (series.time_s >= start_s) & (series.time_s <= end_s) & series.valid
    return series.values[inside], series.sd[inside]


def _durations(name: str, found: Sequence[Found], ends: Callable[[Found], tuple[float, float]]) -> Measure:
    values = [end - start for start, end in map(ends, found)]
    # each end of a phase is a crossing of a level, timed as well as the two crossings that the extreme is between
    return _mean(name, "s", values, [2 * one.turn_sd_s for one in found])


def _mean(name: str, unit: str, values: Sequence[float], sds: Sequence[float]) -> Measure:
    """The mean of independent estimates, and the standard deviation of that mean."""
    if not values:
        return Measure(name, _NAN, _NAN, unit, count=0, note="not seen in any repetition")
    sd = float(np.sqrt(np.square(sds).sum())) / len(values)
    return Measure(name, float(np.mean(values)), sd, unit, count=len(values))


def _range(values: FloatArray64) -> float:
    known = values[np.isfinite(values)]
    return float(np.subtract(*np.percentile(known, [95, 5]))) if len(known) else _NAN
