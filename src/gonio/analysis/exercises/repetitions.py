"""Repetitions of a recorded exercise: found by the same counter as live, then timed between the frames.

A repetition belongs to the recording in which it starts: where one video is cut into two, each repetition is counted
once. One that had begun before the recording is reported, not counted, unless the recording shows nothing else; one
that the recording cuts off counts once it has gone half of the usual way.
"""

from dataclasses import dataclass, replace

import numpy as np

from gonio.analysis.exercises.body import LIMBS, Body, LimbLengths
from gonio.analysis.exercises.conditions import is_allowed
from gonio.analysis.exercises.counter import Movement, RepetitionCounter
from gonio.analysis.exercises.curve import Curve
from gonio.analysis.exercises.signal_gradient import SignalGradient, signal_gradient
from gonio.analysis.exercises.signal_spec import SignalSpec
from gonio.analysis.exercises.signals import signal_series, sureness
from gonio.analysis.exercises.spec import Exercise, Range, Tempo
from gonio.analysis.exercises.steady import SteadySignal
from gonio.analysis.exercises.timing import Found, forwards, sides_joined, timed, with_rests
from gonio.analysis.keypoint_errors import KeypointErrors
from gonio.analysis.series import Series, Side
from gonio.arrays import FloatArray64

_SEEN_ENOUGH = 0.6
"""A signal with fewer valid samples gives way to the next one of the exercise."""
_SURE_ENOUGH = 0.5
"""So does one that is less than half as sure as the surest, scores differ between models: of feet that the picture cuts
off, a model still says where they might be."""
_CLEARLY = 2.8
"""Times the standard deviation of its range, a movement is clearly larger than its error: people who exercise were seen
to move by 2.9 of them and more, pictures that stand still by 2.7 at most (see docs)."""
_SEEN_DURING = 0.5
"""Part of a movement's frames in which the signal must be seen. Of true repetitions it is 0.8 and more; of somebody who
stands still, an arm that is found now and then is found elsewhere each time."""
_QUICK_S = 0.6
"""Until half of the way back is done. What is so quick bends so much within 0.1 s that it passes for trembling."""


@dataclass(frozen=True, slots=True, eq=False)
class Count:
    """All repetitions of a recording.

    Attributes:
        found: Those that count, in order of time.
        cut_off: The first, if it had begun before the recording and does not count.
        partial: How many movements were too small beside the others.
        not_allowed: How many had the range of a repetition, but broke a guard or moved what must stay in place.
        series: The signals that were counted on; two for a one-sided exercise.
        unsure: How many were not clearly larger than their error, and so may be none.
    """

    found: tuple[Found, ...]
    cut_off: Found | None
    partial: int
    not_allowed: int
    series: tuple[Series, ...]
    unsure: int = 0


def find_repetitions(
    body: Body, exercise: Exercise, lengths: LimbLengths, errors: KeypointErrors | None = None
) -> Count:
    """Find the repetitions of an exercise.

    Args:
        body: The person.
        exercise: Of kind ``repetitions``.
        lengths: Of the limbs, already learnt.
        errors: Of the keypoints, to follow into times and ranges; None: that is not asked for.
    """
    sides: tuple[Side, ...] = LIMBS if exercise.one_sided else ("both",)
    counts = [_one_side(body, exercise, lengths, side, errors) for side in sides]
    if len(counts) == 1:
        return counts[0]
    left, right = counts
    series = tuple(one for count in counts for one in count.series)
    found = sides_joined(left.found, right.found)
    partial, not_allowed = left.partial + right.partial, left.not_allowed + right.not_allowed
    return Count(found, None, partial, not_allowed, series, left.unsure + right.unsure)


def _one_side(body: Body, exercise: Exercise, lengths: LimbLengths, side: Side, errors: KeypointErrors | None) -> Count:
    signal, series = _best_signal(body, exercise, lengths, side)
    sign = 1.0 if exercise.extreme == "maximum" else -1.0
    upward = replace(series, values=sign * series.values)
    follow = None if errors is None else signal_gradient(body, signal, lengths, errors, side=side).times(sign)
    count = count_upward(upward, exercise.needed_range, exercise.tempo, side, follow=follow)

    def allowed(found: Found) -> bool:
        during = body.between(found.start.value, found.end.value)
        return is_allowed(during, exercise, lengths, side=side)

    found = tuple(one for one in count.found if allowed(one))
    cut_off = count.cut_off if count.cut_off is not None and allowed(count.cut_off) else None
    return replace(count, found=found, cut_off=cut_off, not_allowed=len(count.found) - len(found), series=(series,))


def count_upward(
    series: Series, wanted: Range, tempo: Tempo, side: Side, *, follow: SignalGradient | None = None
) -> Count:
    """Count the maxima of a signal and time them between the samples.

    Args:
        series: What goes up in each repetition.
        wanted: How far it must.
        tempo: How fast it may.
        side: To put on the repetitions.
        follow: What the samples rest on.
    """
    curve = Curve.of(series, follow)
    if len(curve) < 2:
        return Count((), None, 0, 0, (series,))
    movements = _movements(curve, wanted, tempo)
    halves = [] if any(one.counts or one.unsure for one in movements) else _second_half(curve, wanted, tempo)
    found = [timed(curve, one, side=side, unit=series.unit) for one in movements if one.counts]
    found += [forwards(timed(curve.backwards, one, side=side, unit=series.unit)) for one in halves if one.counts]
    if len(found) == 1 and not (found[0].begun and found[0].finished) and found[0].range.value < wanted.full:
        found = []  # half of a repetition and nothing to compare it with: no evidence unless it has the full range
    found = with_rests(found, (float(curve.time_s[0]), float(curve.time_s[-1])))
    cut_off = found[0] if len(found) > 1 and not found[0].begun else None
    partial = sum(not (movement.counts or movement.unsure) for movement in movements)
    unsure = sum(movement.unsure for movement in (*movements, *halves))
    return Count(tuple(found[1:] if cut_off else found), cut_off, partial, 0, (series,), unsure)


def _best_signal(body: Body, exercise: Exercise, lengths: LimbLengths, side: Side) -> tuple[SignalSpec, Series]:
    """The first signal that is seen for most of the time, and surely; if none is, the one seen most."""
    choices = [(signal, signal_series(body, signal, lengths, side=side)) for signal in exercise.signals]
    sure = [sureness(body, signal, side=side) for signal in exercise.signals]
    good = [
        choice
        for choice, score in zip(choices, sure, strict=True)
        if choice[1].excluded_fraction <= 1 - _SEEN_ENOUGH and score >= _SURE_ENOUGH * max(sure)
    ]
    return good[0] if good else min(choices, key=lambda choice: choice[1].excluded_fraction)


def _movements(curve: Curve, wanted: Range, tempo: Tempo) -> list[Movement]:
    """Count twice: what is typical of the whole recording is known the second time."""
    trembling = _trembling(curve)

    def run(typical: float | None) -> tuple[list[Movement], RepetitionCounter]:
        counter = RepetitionCounter(
            least_range=wanted.least,
            shortest_s=tempo.shortest_s,
            typical=typical,
            clearly=_CLEARLY,
            quick_s=_QUICK_S,
        )
        samples = zip(curve.values, curve.time_s, curve.value_sd, trembling, strict=True)
        steps = [counter.step(value, time_s, sd, trembling=stray) for value, time_s, sd, stray in samples]
        return [movement for movement in (*steps, counter.finish()) if movement is not None], counter

    movements, counter = run(None)
    return [_if_seen(one, curve) for one in run(counter.typical_range)[0]] if movements else []


def _if_seen(movement: Movement, curve: Curve) -> Movement:
    """Unsure where it is mostly a line between two glimpses."""
    share = curve.seen_share(movement.low.time_s, movement.confirmed_s)
    return movement if share >= _SEEN_DURING or not movement.counts else replace(movement, counts=False, unsure=True)


def _trembling(curve: Curve) -> FloatArray64:
    """``(T,)``: how much the signal trembled in the seconds before each sample, as live."""
    steady, strays = SteadySignal(), []
    for value, time_s in zip(curve.frames.tolist(), curve.frames_s.tolist(), strict=True):
        if np.isfinite(value):
            steady.step(value, time_s)
        strays.append(steady.trembling)
    return np.array(strays)[np.searchsorted(curve.frames_s, curve.time_s)]


def _second_half(curve: Curve, wanted: Range, tempo: Tempo) -> list[Movement]:
    """The way back alone, of a recording that shows no more: found on the signal run backwards."""
    movements = _movements(curve.backwards, wanted, tempo)
    return [one for one in movements if (one.counts or one.unsure) and not one.finished][-1:]
