"""Repetitions of a recorded exercise: found by the same counter as live, then timed between the frames.

A repetition belongs to the recording in which it starts: where one video is cut into two, each repetition is counted
once. One that had begun before the recording is reported, not counted, unless the recording shows nothing else; one
that the recording cuts off counts once it has gone half of the usual way.
"""

from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np

from gonio.analysis.exercises.body import LIMBS, Body, LimbLengths
from gonio.analysis.exercises.conditions import is_allowed
from gonio.analysis.exercises.counter import Movement, RepetitionCounter
from gonio.analysis.exercises.signals import signal_series, sureness
from gonio.analysis.exercises.spec import Exercise, Range, Tempo
from gonio.analysis.exercises.steady import SteadySignal
from gonio.analysis.exercises.stretches import (
    AT_EXTREME,
    centre_s,
    crossing_s,
    left_rest_s,
    slope_at,
    stretch_s,
    until_risen,
)
from gonio.analysis.result import Repetition
from gonio.analysis.series import Series, Side
from gonio.analysis.windows import known_between, rolling_median, sample_interval_s
from gonio.arrays import FloatArray64

_SEEN_ENOUGH = 0.6
"""A signal with fewer valid samples gives way to the next one of the exercise."""
_SURE_ENOUGH = 0.5
"""So does one that is less than half as sure as the surest, scores differ between models: of feet that the picture cuts
off, a model still says where they might be."""
NOT_THE_START = 0.3
"""A recording that begins further than this part of the range from the start position began within a repetition."""
_SMOOTH_S = 0.1
"""Half the window of the median that single wrong frames must not pass; at least one sample. At 10 frames per second
more would take fast repetitions away with the errors."""
_CLEARLY = 2.8
"""Times the standard deviation of its range, a movement is clearly larger than its error: people who exercise were seen
to move by 2.9 of them and more, pictures that stand still by 2.7 at most (see docs)."""
_SEEN_DURING = 0.5
"""Part of a movement's frames in which the signal must be seen. Of true repetitions it is 0.8 and more; of somebody who
stands still, an arm that is found now and then is found elsewhere each time."""
_QUICK_S = 0.6
"""Until half of the way back is done. What is so quick bends so much within 0.1 s that it passes for trembling."""
_TOGETHER = 0.3
"""Left and right whose extremes are less than this part of a repetition apart move together."""


@dataclass(frozen=True, slots=True)
class Found:
    """A repetition and what only the analysis needs.

    Attributes:
        repetition: Times and range; faults not yet judged.
        rest_s: The middle of the pause before it, at most half of the repetition's time before its start.
        rest_after_s: The same after it, of the last one that is finished; else None.
        hold_s: When the extreme was reached and left.
        turn_sd_s: Standard deviation of the time of the extreme.
        finished: Whether the recording shows the way back.
        begun: Whether it shows the start.
        half_out_s: When half of the way to the extreme was done; NaN where that is not shown.
    """

    repetition: Repetition
    rest_s: float
    hold_s: tuple[float, float]
    turn_sd_s: float
    finished: bool
    begun: bool
    rest_after_s: float | None = None
    half_out_s: float = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A signal without gaps: ``(T,)`` times, values that rise in a repetition, standard deviations, and as it was seen.

    Attributes:
        time_s: Increasing.
        values: Without single wrong samples.
        sd: Standard deviations.
        frames_s: Times of all frames.
        frames: The values in them before the median, NaN where there is none: they show how much the signal trembles.
    """

    time_s: FloatArray64
    values: FloatArray64
    sd: FloatArray64
    frames_s: FloatArray64
    frames: FloatArray64

    @property
    def backwards(self) -> "Curve":
        """As if time ran the other way."""
        turned = (self.values[::-1], self.sd[::-1], -self.frames_s[::-1], self.frames[::-1])
        return Curve(-self.time_s[::-1], *turned)

    def seen_share(self, start_s: float, end_s: float) -> float:
        """Part of the frames from one time to another in which the signal was seen."""
        during = (self.frames_s >= start_s) & (self.frames_s <= end_s)
        return float(np.isfinite(self.frames[during]).mean()) if during.any() else 0.0


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


def find_repetitions(body: Body, exercise: Exercise, lengths: LimbLengths) -> Count:
    """Find the repetitions of an exercise.

    Args:
        body: The person.
        exercise: Of kind ``repetitions``.
        lengths: Of the limbs, already learnt.
    """
    sides: tuple[Side, ...] = LIMBS if exercise.one_sided else ("both",)
    counts = [_one_side(body, exercise, lengths, side) for side in sides]
    if len(counts) == 1:
        return counts[0]
    left, right = counts
    series = tuple(one for count in counts for one in count.series)
    found = _sides_joined(left.found, right.found)
    partial, not_allowed = left.partial + right.partial, left.not_allowed + right.not_allowed
    return Count(found, None, partial, not_allowed, series, left.unsure + right.unsure)


def _one_side(body: Body, exercise: Exercise, lengths: LimbLengths, side: Side) -> Count:
    series = _best_series(body, exercise, lengths, side)
    upward = series if exercise.extreme == "maximum" else replace(series, values=-series.values)
    count = count_upward(upward, exercise.needed_range, exercise.tempo, side)

    def allowed(found: Found) -> bool:
        during = body.between(found.repetition.start_s, found.repetition.end_s)
        return is_allowed(during, exercise, lengths, side=side)

    found = tuple(one for one in count.found if allowed(one))
    cut_off = count.cut_off if count.cut_off is not None and allowed(count.cut_off) else None
    return replace(count, found=found, cut_off=cut_off, not_allowed=len(count.found) - len(found), series=(series,))


def count_upward(series: Series, wanted: Range, tempo: Tempo, side: Side) -> Count:
    """Count the maxima of a signal and time them between the samples.

    Args:
        series: What goes up in each repetition.
        wanted: How far it must.
        tempo: How fast it may.
        side: To put on the repetitions.
    """
    half_s = np.nanmax([_SMOOTH_S, sample_interval_s(series.time_s)])
    smooth = rolling_median(series.values, series.time_s, half_s)
    seen = np.isfinite(smooth)
    if seen.sum() < 2:
        return Count((), None, 0, 0, (series,))
    sd = known_between(series.time_s, series.sd)[seen]
    curve = Curve(series.time_s[seen], smooth[seen], sd, series.time_s, series.values)
    movements = _movements(curve, wanted, tempo)
    halves = [] if any(one.counts or one.unsure for one in movements) else _second_half(curve, wanted, tempo)
    timed = [_timed(curve, movement, side) for movement in movements if movement.counts]
    timed += [_forwards(_timed(curve.backwards, movement, side)) for movement in halves if movement.counts]
    timed = [replace(one, repetition=replace(one.repetition, unit=series.unit)) for one in timed]
    if len(timed) == 1 and not (timed[0].begun and timed[0].finished) and timed[0].repetition.range < wanted.full:
        timed = []  # half of a repetition and nothing to compare it with: no evidence unless it has the full range
    timed = _with_rests(timed, (float(curve.time_s[0]), float(curve.time_s[-1])))
    cut_off = timed[0] if len(timed) > 1 and not timed[0].begun else None
    partial = sum(not (movement.counts or movement.unsure) for movement in movements)
    unsure = sum(movement.unsure for movement in (*movements, *halves))
    return Count(tuple(timed[1:] if cut_off else timed), cut_off, partial, 0, (series,), unsure)


def _best_series(body: Body, exercise: Exercise, lengths: LimbLengths, side: Side) -> Series:
    """The first signal that is seen for most of the time, and surely; if none is, the one seen most."""
    choices = [signal_series(body, signal, lengths, side=side) for signal in exercise.signals]
    sure = [sureness(body, signal, side=side) for signal in exercise.signals]
    good = [
        series
        for series, score in zip(choices, sure, strict=True)
        if series.excluded_fraction <= 1 - _SEEN_ENOUGH and score >= _SURE_ENOUGH * max(sure)
    ]
    return good[0] if good else min(choices, key=lambda series: series.excluded_fraction)


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
        samples = zip(curve.values, curve.time_s, curve.sd, trembling, strict=True)
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


def _timed(curve: Curve, movement: Movement, side: Side) -> Found:
    """When a movement of the counter began, turned and ended, between the samples."""
    time_s, values = curve.time_s, curve.values
    low, peak = (int(np.searchsorted(time_s, one.time_s)) for one in (movement.low, movement.high))
    after = peak + int(np.argmin(until_risen(values[peak:], movement.range / 2)))
    reach, back = movement.range, values[peak] - values[after]
    extreme = values[peak] - AT_EXTREME * reach
    hold_s = stretch_s(time_s, values, peak=peak, level=extreme)
    start_s = left_rest_s(time_s, values, reach, peak=peak, step=-1)
    end_s = left_rest_s(time_s, values, back, peak=peak, step=1)
    repetition = Repetition(
        start_s=float(time_s[low]) if start_s is None else start_s,
        turn_s=centre_s(time_s[low : after + 1], values[low : after + 1], extreme),
        end_s=float(time_s[-1]) if end_s is None or not movement.finished else end_s,
        side=side,
        range=reach,
        range_sd=movement.range_sd,
    )
    begun = low > 0 or values[low] <= values[after] + NOT_THE_START * max(reach, back)
    half_s = crossing_s(time_s, values, values[peak] - reach / 2, start=peak, step=-1)
    half_out_s = float("nan") if half_s is None else half_s
    turn_sd_s, rest_s = _turn_sd_s(curve, hold_s, movement.high.sd), repetition.start_s
    return Found(repetition, rest_s, hold_s, turn_sd_s, movement.finished, begun, half_out_s=half_out_s)


def _turn_sd_s(curve: Curve, hold_s: tuple[float, float], sd: float) -> float:
    """The extreme is the middle of two crossings; each is wrong by the signal's error over its slope."""
    reached, left = (slope_at(curve.time_s, curve.values, edge) for edge in hold_s)
    return float(np.hypot(sd / reached, sd / left)) / 2 if min(reached, left) > 0 else float("nan")


def _with_rests(found: list[Found], recorded_s: tuple[float, float]) -> list[Found]:
    """The moments of rest between repetitions, which share no time, before the first and after the last."""
    result: list[Found] = []
    rested_s, last_s = recorded_s
    for one, following in zip_longest(found, found[1:]):
        times = one.repetition
        if following is not None and times.end_s > following.repetition.start_s:
            times = replace(times, end_s=following.repetition.start_s)
        most = (times.end_s - times.start_s) / 2
        before_s = times.start_s - min((times.start_s - rested_s) / 2, most)
        after_s = times.end_s + min((last_s - times.end_s) / 2, most)
        shown = following is None and one.finished
        result.append(replace(one, repetition=times, rest_s=before_s, rest_after_s=after_s if shown else None))
        rested_s = times.end_s
    return result


def _second_half(curve: Curve, wanted: Range, tempo: Tempo) -> list[Movement]:
    """The way back alone, of a recording that shows no more: found on the signal run backwards."""
    movements = _movements(curve.backwards, wanted, tempo)
    return [one for one in movements if (one.counts or one.unsure) and not one.finished][-1:]


def _forwards(one: Found) -> Found:
    times = one.repetition
    turned = replace(times, start_s=-times.end_s, turn_s=-times.turn_s, end_s=-times.start_s)
    hold_s = (-one.hold_s[1], -one.hold_s[0])
    shown = replace(one, repetition=turned, rest_s=turned.start_s, hold_s=hold_s, half_out_s=float("nan"))
    return replace(shown, finished=True, begun=False)


def _sides_joined(left: tuple[Found, ...], right: tuple[Found, ...]) -> tuple[Found, ...]:
    """Left and right in order of time; those that move together are one repetition of both sides."""
    remaining = list(right)
    result = []
    for one in left:
        twin = next((other for other in remaining if _together(one, other)), None)
        if twin is None:
            result.append(one)
            continue
        remaining.remove(twin)
        hold_s = ((one.hold_s[0] + twin.hold_s[0]) / 2, (one.hold_s[1] + twin.hold_s[1]) / 2)
        turn_sd_s = float(np.hypot(one.turn_sd_s, twin.turn_sd_s)) / 2
        both = _both(one.repetition, twin.repetition)
        result.append(replace(one, repetition=both, hold_s=hold_s, turn_sd_s=turn_sd_s))
    return tuple(sorted([*result, *remaining], key=lambda found: found.repetition.turn_s))


def _together(one: Found, other: Found) -> bool:
    a, b = one.repetition, other.repetition
    return abs(a.turn_s - b.turn_s) < _TOGETHER * max(a.end_s - a.start_s, b.end_s - b.start_s)


def _both(a: Repetition, b: Repetition) -> Repetition:
    starts, turns, ends = ((getattr(a, n) + getattr(b, n)) / 2 for n in ("start_s", "turn_s", "end_s"))
    sd = float(np.hypot(a.range_sd, b.range_sd)) / 2
    return Repetition(starts, turns, ends, "both", range=(a.range + b.range) / 2, range_sd=sd, unit=a.unit)
