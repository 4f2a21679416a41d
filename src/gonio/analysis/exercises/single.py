"""Numbers of one repetition, each with its error bar: how long its phases took, and left beside right."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gonio.analysis.doubt import Doubt
from gonio.analysis.estimate import NOTHING, Estimate, changed, mean, read
from gonio.analysis.exercises.body import LIMBS, Body, LimbLengths
from gonio.analysis.exercises.signal_gradient import SignalGradient, signal_gradient
from gonio.analysis.exercises.signal_spec import SignalSpec
from gonio.analysis.exercises.signals import signal_series
from gonio.analysis.exercises.spec import Exercise
from gonio.analysis.exercises.timing import Found
from gonio.analysis.result import Measure
from gonio.analysis.series import Series
from gonio.analysis.view import View

BEGUN = "the recording begins within it"
CUT_OFF = "the recording ends within it"
COVERED = "from the side, one limb covers the other"
ONE_BY_ONE = "left and right are counted one by one"


def phase_names(exercise: Exercise) -> tuple[str, str, str]:
    """Of the durations: out to the extreme, at it, and back: ``descent_time``, ``hold_time``, ``ascent_time``."""
    out, at_turn, back = (f"{phase.replace(' ', '_')}_time" for phase in exercise.phases)
    return out, at_turn, back


def phase_durations(found: Found, exercise: Exercise, doubt: Doubt) -> Iterator[Measure]:
    """Of a repetition; NaN of the phases that the recording does not show all of."""
    begun, ended = "" if found.begun else BEGUN, "" if found.finished else CUT_OFF
    out, at_turn, back = phase_names(exercise)
    for name, why, lasted in (
        (out, begun, found.reached - found.start),
        (at_turn, begun or ended, found.left - found.reached),
        (back, ended, found.end - found.left),
    ):
        yield _none(name, "s", why) if why else Measure(name, lasted.value, doubt.sd_of(lasted), "s")


@dataclass(frozen=True, slots=True, eq=False)
class BesideEachOther:
    """The signal of each side, to compare them.

    Attributes:
        sides: Left and right; empty where they cannot be compared.
        follow: What each rests on; None where that is not followed.
        why: They cannot be compared.
    """

    sides: tuple[Series, ...] = ()
    follow: tuple[SignalGradient | None, ...] = ()
    why: str = ""


def beside_each_other(
    body: Body,
    exercise: Exercise,
    signal: SignalSpec,
    lengths: LimbLengths,
    view: View,
    doubt: Doubt,
) -> BesideEachOther:
    """None where one side covers the other, and of what is counted side by side."""
    if exercise.one_sided or view.kind == "side":
        return BesideEachOther(why=ONE_BY_ONE if exercise.one_sided else COVERED)
    sides = tuple(signal_series(body, signal, lengths, side=side) for side in LIMBS)
    follow = tuple(
        None if doubt.keypoints is None else signal_gradient(body, signal, lengths, doubt.keypoints, side=side)
        for side in LIMBS
    )
    return BesideEachOther(sides, follow)


def symmetry(found: Found, beside: BesideEachOther, doubt: Doubt) -> tuple[Estimate, str]:
    """The smaller side's range as a part of the larger one's, 100 %: alike. Both are told in words.

    NaN where they cannot be compared or one is not seen, and why.
    """
    if beside.why:
        return NOTHING, beside.why
    ranges = [_range(series, follow, found) for series, follow in zip(beside.sides, beside.follow, strict=True)]
    for series, extent in zip(beside.sides, ranges, strict=True):
        if not extent.value > 0:
            return NOTHING, f"the {series.side} side is not seen"
    left, right = ranges
    words = ", ".join(f"{one.side} {own.value:.1f} {one.unit}" for one, own in zip(beside.sides, ranges, strict=True))
    return _smaller_part(left, right, step=doubt.sd_of(left - right)), words


def _smaller_part(left: Estimate, right: Estimate, *, step: float) -> Estimate:
    """In percent. Errors decide which one is the smaller while they are no farther apart than ``step``, their error."""

    def part(a: float, b: float) -> float:
        return 100 * min(a, b) / max(a, b)

    a, b = left.value, right.value
    step = step if step > 0 else 1e-6 * a
    by_left, by_right = (
        (part(a + by_a, b + by_b) - part(a - by_a, b - by_b)) / (2 * step) for by_a, by_b in ((step, 0.0), (0.0, step))
    )
    return changed(part(a, b), (left, by_left), (right, by_right))


def symmetry_measure(each: Sequence[tuple[Estimate, str]], doubt: Doubt) -> Measure:
    """Of one repetition, or the mean of those of which it was measured; where it was of none, why."""
    seen = [one for one, _ in each if math.isfinite(one.value)]
    if not seen:
        return _none("symmetry", "%", each[0][1] if each else "")
    number = mean(seen)
    return Measure(
        "symmetry", number.value, doubt.sd_of(number), "%", count=len(seen), note=each[0][1] if len(each) == 1 else ""
    )


def _range(series: Series, follow: SignalGradient | None, found: Found) -> Estimate:
    """Between the 5th and the 95th percentile: each moves as what is beyond the 10th, or the 90th, does."""
    during = (series.time_s >= found.start.value) & (series.time_s <= found.end.value)
    frames = np.flatnonzero(during & np.isfinite(series.values))
    if not len(frames):
        return NOTHING
    values = series.values[frames]
    low, lowest, highest, high = np.percentile(values, [5, 10, 90, 95])
    weights = sum(sign * part / part.sum() for sign, part in ((1, values >= highest), (-1, values <= lowest)))
    return read(float(high - low), *(() if follow is None else follow.of(frames, weights).items()))


def _none(name: str, unit: str, why: str) -> Measure:
    return Measure(name, math.nan, math.nan, unit, count=0, note=why)
