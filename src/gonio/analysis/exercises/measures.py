"""Numbers of an exercise, each with its error bar: counts, range, tempo, symmetry and joint angles."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from gonio.analysis.angle_readings import of_median, of_range
from gonio.analysis.angle_table import angle_definition
from gonio.analysis.angles import angle_series
from gonio.analysis.doubt import Doubt
from gonio.analysis.estimate import Estimate, mean, read
from gonio.analysis.exercises.body import LIMBS
from gonio.analysis.exercises.holds import Hold
from gonio.analysis.exercises.signal_spec import SignalSpec
from gonio.analysis.exercises.single import phase_names
from gonio.analysis.exercises.spec import Exercise
from gonio.analysis.exercises.timing import Found
from gonio.analysis.keypoint_errors import KeypointErrors
from gonio.analysis.kinematics import range_of_motion
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Measure
from gonio.analysis.series import Series, Side
from gonio.analysis.view import View
from gonio.arrays import IntArray
from gonio.structures.sequence import PoseSequence

_NAN = float("nan")
_NEAR_THE_START = 0.25
"""Part of the way out, and of the way back, that is about the start posture."""


def repetition_measures(
    found: Sequence[Found], exercise: Exercise, signal: SignalSpec, doubt: Doubt
) -> Iterator[Measure]:
    """How many, how far of the signal that was counted on, how fast."""
    yield Measure("repetitions", float(len(found)), _NAN, "1", count=len(found))
    if not found:
        return
    far = _mean("range", signal.unit, [one.range for one in found], doubt)
    yield replace(far, note=signal.words)
    whole = [one for one in found if one.begun and one.finished]
    out, at_turn, back = phase_names(exercise)
    yield _mean("repetition_time", "s", [one.end - one.start for one in whole], doubt)
    yield _mean(out, "s", [one.reached - one.start for one in whole], doubt)
    yield _mean(at_turn, "s", [one.left - one.reached for one in whole], doubt)
    yield _mean(back, "s", [one.end - one.left for one in whole], doubt)


def hold_measures(holds: Sequence[Hold]) -> Iterator[Measure]:
    """How many, how long."""
    yield Measure("holds", float(len(holds)), _NAN, "1", count=len(holds))
    if holds:
        longest = max(holds, key=lambda hold: hold.duration_s)
        note = "at least: the recording begins or ends within it" if longest.open_ended else ""
        yield Measure("longest_hold", longest.duration_s, longest.sd_s, "s", note=note)
        total = sum(hold.duration_s for hold in holds)
        yield Measure("total_hold", total, float(np.hypot.reduce([h.sd_s for h in holds])), "s", count=len(holds))


def angles_of(
    sequence: PoseSequence,
    exercise: Exercise,
    view: View,
    options: AnalysisOptions,
    errors: KeypointErrors | None = None,
) -> tuple[Series, ...]:
    """The joint angles that the exercise reports, of each side."""
    wanted: list[tuple[str, Side]] = []
    for name in exercise.angles:
        wanted += [(name, side) for side in LIMBS] if angle_definition(name).sided else [(name, "both")]
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
        medians = [
            read(float(np.median(series.values[frames])), *of_median(series, frames).items()) for frames in at_turn
        ]
        yield _angle_mean(f"{series.name}_at_{turn}", series, medians)
        whole = list(_from_rest_to_rest(series, own))
        ranges = [
            read(range_of_motion(_at(series, frames)).value, *of_range(series, frames).items()) for frames in whole
        ]
        yield _angle_mean(f"{series.name}_range", series, ranges)


def _from_rest_to_rest(series: Series, found: Sequence[Found]) -> Iterator[IntArray]:
    """Frames of each repetition and the pauses about it; not where an angle is unseen at the extreme or in both pauses.

    The repetition itself begins where its signal has left the rest, and by then a joint has turned by many degrees.
    """
    for one, following in zip_longest(found, found[1:]):
        start_s, back_at_s, (reached_s, left_s) = one.start.value, one.end.value, one.hold_s
        shown_s = back_at_s if one.rest_after is None else one.rest_after.value
        rest_s, end_s = one.rest.value, shown_s if following is None else max(back_at_s, following.rest.value)
        away_s = start_s + _NEAR_THE_START * (reached_s - start_s)
        back_s = back_at_s - _NEAR_THE_START * (back_at_s - left_s)
        parts = (one.hold_s, (rest_s, away_s), (back_s, end_s))
        at_turn, before, after = (len(_valid(series, *part)) for part in parts)
        if at_turn and (before or after):
            yield np.flatnonzero((series.time_s >= rest_s) & (series.time_s <= end_s))


def _angle_mean(name: str, series: Series, seen: Sequence[Estimate]) -> Measure:
    """The mean over repetitions: what lasts is the same in all of them, and does not average out."""
    measure = _mean(name, series.unit, seen, Doubt(getattr(series, "errors", None)))
    note = getattr(series, "why", "") or measure.note
    return replace(measure, side=series.side, excluded_fraction=series.excluded_fraction, note=note)


def _at(series: Series, frames: IntArray) -> Series:
    return replace(series, **{name: getattr(series, name)[frames] for name in ("time_s", "values", "sd", "reasons")})


def _valid(series: Series, start_s: float, end_s: float) -> IntArray:
    return np.flatnonzero((series.time_s >= start_s) & (series.time_s <= end_s) & series.valid)


def _mean(name: str, unit: str, seen: Sequence[Estimate], doubt: Doubt) -> Measure:
    """The mean of estimates that may share errors."""
    if not seen:
        return Measure(name, _NAN, _NAN, unit, count=0, note="not seen in any repetition")
    number = mean(seen)
    return Measure(name, number.value, doubt.sd_of(number), unit, count=len(seen))
