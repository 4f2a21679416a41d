"""Numbers of an exercise, each with its error bar: counts, range, tempo, symmetry and joint angles."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from gonio.analysis.angle_table import angle_definition
from gonio.analysis.angles import angle_series
from gonio.analysis.exercises.body import LIMBS, Body, LimbLengths
from gonio.analysis.exercises.holds import Hold
from gonio.analysis.exercises.repetitions import Found
from gonio.analysis.exercises.signal_spec import SignalSpec
from gonio.analysis.exercises.signals import signal_series
from gonio.analysis.exercises.spec import Exercise
from gonio.analysis.kinematics import range_of_motion
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Measure
from gonio.analysis.series import Series, Side
from gonio.analysis.view import View
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

_NAN = float("nan")
_NEAR_THE_START = 0.25
"""Part of the way out, and of the way back, that is about the start posture."""


def repetition_measures(found: Sequence[Found], exercise: Exercise, signal: SignalSpec) -> Iterator[Measure]:
    """How many, how far of the signal that was counted on, how fast."""
    yield Measure("repetitions", float(len(found)), _NAN, "1", count=len(found))
    if not found:
        return
    repetitions = [one.repetition for one in found]
    far = _mean("range", signal.unit, [one.range for one in repetitions], [one.range_sd for one in repetitions])
    yield replace(far, note=signal.words)
    whole = [one for one in found if one.begun and one.finished]
    out, at_turn, back = (phase.replace(" ", "_") for phase in exercise.phases)
    yield _durations("repetition_time", whole, lambda one: (one.repetition.start_s, one.repetition.end_s))
    yield _durations(f"{out}_time", whole, lambda one: (one.repetition.start_s, one.hold_s[0]))
    yield _durations(f"{at_turn}_time", whole, lambda one: one.hold_s)
    yield _durations(f"{back}_time", whole, lambda one: (one.hold_s[1], one.repetition.end_s))


def symmetry_measure(
    body: Body, found: Sequence[Found], signal: SignalSpec, lengths: LimbLengths, view: View
) -> Measure:
    """The smaller side's range as a part of the larger one's, 100 %: alike."""
    if view.kind == "side":
        return Measure("symmetry", _NAN, _NAN, "%", note="from the side, one limb covers the other")
    values, sds = [], []
    for one in found:
        during = body.between(one.repetition.start_s, one.repetition.end_s)
        series = [signal_series(during, signal, lengths, side=side) for side in LIMBS]
        ranges = [_range(one.values) for one in series]
        if not min(ranges) > 0:
            continue
        values.append(100 * min(ranges) / max(ranges))
        errors = [
            np.sqrt(2) * float(np.median(one.sd[np.isfinite(one.values)])) / extent
            for one, extent in zip(series, ranges, strict=True)
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
    """Each joint angle at the extreme and its range from rest to rest, where the view allows to measure it.

    Of what is counted side by side, an angle is that of its own side's repetitions.
    """
    if not found:
        return
    for series in angles:
        own = [
            one for one in found if "both" in (series.side, one.repetition.side) or one.repetition.side == series.side
        ]
        at_turn = [_valid(series, *one.hold_s) for one in own]
        medians = [(float(np.median(values)), float(np.median(sd))) for values, sd in at_turn if len(values)]
        yield _angle_mean(f"{series.name}_at_{turn}", series, medians)
        ranges = [range_of_motion(part) for part in _from_rest_to_rest(series, own)]
        yield _angle_mean(f"{series.name}_range", series, [(one.value, one.sd) for one in ranges])


def _from_rest_to_rest(series: Series, found: Sequence[Found]) -> Iterator[Series]:
    """An angle in each repetition and the pauses about it; not where it is unseen at the extreme or in both pauses.

    The repetition itself begins where its signal has left the rest, and by then a joint has turned by many degrees.
    """
    for one, following in zip_longest(found, found[1:]):
        times = one.repetition
        shown_s = times.end_s if one.rest_after_s is None else one.rest_after_s
        end_s = max(times.end_s, following.rest_s) if following is not None else shown_s
        away_s = times.start_s + _NEAR_THE_START * (one.hold_s[0] - times.start_s)
        back_s = times.end_s - _NEAR_THE_START * (times.end_s - one.hold_s[1])
        parts = (one.hold_s, (one.rest_s, away_s), (back_s, end_s))
        at_turn, before, after = (len(_valid(series, *part)[0]) for part in parts)
        if at_turn and (before or after):
            inside = (series.time_s >= one.rest_s) & (series.time_s <= end_s)
            arrays = {name: getattr(series, name)[inside] for name in ("time_s", "values", "sd", "reasons")}
            yield replace(series, **arrays)


def _angle_mean(name: str, series: Series, seen: Sequence[tuple[float, float]]) -> Measure:
    measure = _mean(name, series.unit, [value for value, _ in seen], [sd for _, sd in seen])
    note = getattr(series, "why", "") or measure.note
    return replace(measure, side=series.side, excluded_fraction=series.excluded_fraction, note=note)


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
