"""Numbers of an exercise, each with its error bar: counts, range, tempo, symmetry and joint angles."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from gonio.analysis.angle_readings import of_median, of_range
from gonio.analysis.angle_table import angle_definition
from gonio.analysis.angles import angle_series
from gonio.analysis.exercises.body import LIMBS
from gonio.analysis.exercises.holds import Hold
from gonio.analysis.exercises.repetitions import Found
from gonio.analysis.exercises.signal_spec import SignalSpec
from gonio.analysis.exercises.spec import Exercise
from gonio.analysis.keypoint_errors import KeypointErrors
from gonio.analysis.kinematics import range_of_motion
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.readings import Gradient, summed
from gonio.analysis.result import Measure
from gonio.analysis.series import Series, Side
from gonio.analysis.view import View
from gonio.arrays import IntArray
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


def symmetry_measure(each: Sequence[Measure]) -> Measure:
    """The mean of the repetitions of which it was measured; where it was of none, why."""
    seen = [one for one in each if math.isfinite(one.value)]
    mean = _mean("symmetry", "%", [one.value for one in seen], [one.sd for one in seen])
    return mean if seen or not each else replace(mean, note=each[0].note)


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
    errors = None if sequence.keypoint_sd is None else KeypointErrors.of(sequence)
    found = (angle_series(sequence, name, side=side, view=view, options=options) for name, side in wanted)
    return tuple(replace(series, errors=errors) for series in found)


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
        at_turn = [frames for one in own if len(frames := _valid(series, *one.hold_s))]
        medians = [(float(np.median(series.values[frames])), of_median(series, frames)) for frames in at_turn]
        yield _angle_mean(f"{series.name}_at_{turn}", series, medians)
        whole = list(_from_rest_to_rest(series, own))
        ranges = [(range_of_motion(_at(series, frames)).value, of_range(series, frames)) for frames in whole]
        yield _angle_mean(f"{series.name}_range", series, ranges)


def _from_rest_to_rest(series: Series, found: Sequence[Found]) -> Iterator[IntArray]:
    """Frames of each repetition and the pauses about it; not where an angle is unseen at the extreme or in both pauses.

    The repetition itself begins where its signal has left the rest, and by then a joint has turned by many degrees.
    """
    for one, following in zip_longest(found, found[1:]):
        times = one.repetition
        shown_s = times.end_s if one.rest_after_s is None else one.rest_after_s
        end_s = max(times.end_s, following.rest_s) if following is not None else shown_s
        away_s = times.start_s + _NEAR_THE_START * (one.hold_s[0] - times.start_s)
        back_s = times.end_s - _NEAR_THE_START * (times.end_s - one.hold_s[1])
        parts = (one.hold_s, (one.rest_s, away_s), (back_s, end_s))
        at_turn, before, after = (len(_valid(series, *part)) for part in parts)
        if at_turn and (before or after):
            yield np.flatnonzero((series.time_s >= one.rest_s) & (series.time_s <= end_s))


def _angle_mean(name: str, series: Series, seen: Sequence[tuple[float, Gradient]]) -> Measure:
    """The mean over repetitions: what lasts is the same in all of them, and does not average out."""
    errors = getattr(series, "errors", None)
    mean = summed(*((gradient, 1 / len(seen)) for _, gradient in seen))
    sd = errors.sd_of(mean) if errors is not None and seen else _NAN
    measure = _mean(name, series.unit, [value for value, _ in seen], [sd] * len(seen))
    note = getattr(series, "why", "") or measure.note
    return replace(measure, sd=sd, side=series.side, excluded_fraction=series.excluded_fraction, note=note)


def _at(series: Series, frames: IntArray) -> Series:
    return replace(series, **{name: getattr(series, name)[frames] for name in ("time_s", "values", "sd", "reasons")})


def _valid(series: Series, start_s: float, end_s: float) -> IntArray:
    return np.flatnonzero((series.time_s >= start_s) & (series.time_s <= end_s) & series.valid)


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
