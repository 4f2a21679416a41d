"""When a repetition left the rest, reached its extreme, left it and was back: between the samples, each time followed.

What shifts all of a signal alike shifts the levels that it crosses, and no time.
"""

import math
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np

from gonio.analysis.estimate import Assumption, Estimate, changed, mean
from gonio.analysis.exercises.counter import Movement
from gonio.analysis.exercises.curve import SMOOTH_S, Curve
from gonio.analysis.exercises.stretches import (
    ABOUT_EXTREME,
    AT_EXTREME,
    BEFORE,
    BEYOND,
    ON_THE_WAY,
    centre_s,
    crossing,
    pause,
    until_risen,
)
from gonio.analysis.result import Repetition
from gonio.analysis.series import Side

NOT_THE_START = 0.3
"""A recording that begins further than this part of the range from the start position began within a repetition."""
_LOGISTIC = 1.702
"""Times this, the argument of a normal distribution is that of the logistic one that is most like it."""
_NOT_SHOWN = Assumption("the recording begins or ends just there", math.nan)
_SAME_WAY = 0.1
"""Part of a movement's range. Where lines through the samples go less far, out or back, the signal is too erratic for
them, and is timed as it was counted."""
_TOGETHER = 0.3
"""Left and right whose extremes are less than this part of a repetition apart move together."""


@dataclass(frozen=True, slots=True)
class Found:
    """A repetition and what only the analysis needs.

    Attributes:
        start: Leaving the start position.
        reached: At the extreme.
        turn: The middle of it.
        left: Leaving it.
        end: Back in the start position.
        range: How far the signal went.
        rest: The middle of the pause before it, at most half of the repetition's time before its start.
        finished: Whether the recording shows the way back.
        begun: Whether it shows the start.
        rest_after: The same after it, of the last one that is finished; else None.
        half_out_s: When half of the way to the extreme was done; NaN where that is not shown.
        range_sd: Standard deviation of the range.
        side: For one-sided exercises.
        unit: Of the range.
    """

    start: Estimate
    reached: Estimate
    turn: Estimate
    left: Estimate
    end: Estimate
    range: Estimate
    rest: Estimate
    finished: bool = True
    begun: bool = True
    rest_after: Estimate | None = None
    half_out_s: float = float("nan")
    range_sd: float = float("nan")
    side: Side = "both"
    unit: str = ""

    @classmethod
    def of(cls, times: Repetition, hold_s: tuple[float, float], *, finished: bool = True) -> "Found":
        """One of which no more is known."""
        return cls(
            start=Estimate(times.start_s, {}),
            reached=Estimate(hold_s[0], {}),
            turn=Estimate(times.turn_s, {}),
            left=Estimate(hold_s[1], {}),
            end=Estimate(times.end_s, {}),
            range=Estimate(times.range, {}),
            rest=Estimate(times.start_s, {}),
            finished=finished,
            range_sd=times.range_sd,
            side=times.side,
            unit=times.unit,
        )

    @property
    def repetition(self) -> Repetition:
        """Its times and range; faults not yet judged."""
        start_s, turn_s, end_s = self.start.value, self.turn.value, self.end.value
        return Repetition(start_s, turn_s, end_s, self.side, self.range.value, self.range_sd, unit=self.unit)

    @property
    def hold_s(self) -> tuple[float, float]:
        """When the extreme was reached and left."""
        return self.reached.value, self.left.value


def timed(curve: Curve, movement: Movement, *, side: Side, unit: str) -> Found:
    """When a movement of the counter began, turned and ended."""
    time_s = curve.time_s
    low, peak = (int(np.searchsorted(time_s, one.time_s)) for one in (movement.low, movement.high))
    after = peak + int(np.argmin(until_risen(curve.values[peak:], movement.range / 2)))
    counted = curve.values[[low, peak, after]]
    _, before = _extreme(curve, low, movement.range, sign=-1)
    peak, extreme = _extreme(curve, peak, movement.range, sign=1)
    _, behind = _extreme(curve, after, movement.range, sign=-1)
    reach, back = extreme - before, extreme - behind
    least = _SAME_WAY * movement.range
    if curve.steady is not curve.values and (reach.value < least or (movement.finished and back.value < least)):
        return timed(curve.as_counted, movement, side=side, unit=unit)
    near, half_way = (extreme - reach.scaled(part) for part in (ABOUT_EXTREME, 0.5))
    turn = _centre(curve, near, low, max(after, peak) + 1)
    first, last = _at(time_s[0]), _at(time_s[-1])
    start = _no_sooner(_left_rest(curve, reach, peak=peak, step=-1) or _at(time_s[low]), float(time_s[low]))
    reached = _at_extreme(curve, near, half_way, peak=peak, step=-1) or first
    left = _at_extreme(curve, near, half_way, peak=peak, step=1) or last
    end = (_left_rest(curve, back, peak=peak, step=1) if movement.finished else None) or last
    half = _crossed(curve, half_way, start=peak, step=-1)
    return Found(
        start=_no_later(start, turn.value),
        reached=_no_later(reached, turn.value),
        turn=turn,
        left=_no_sooner(left, turn.value),
        end=_no_sooner(_no_later(end, float(time_s[after])), turn.value) if movement.finished else last,
        range=reach,
        rest=start,
        finished=movement.finished,
        begun=low > 0 or counted[0] <= counted[2] + NOT_THE_START * (counted[1] - min(counted[0], counted[2])),
        half_out_s=half.value if half else float("nan"),
        range_sd=movement.range_sd,
        side=side,
        unit=unit,
    )


def forwards(one: Found) -> Found:
    """Of one that was found on a signal run backwards: the way back of a repetition that had begun before."""
    turned = replace(one, start=-one.end, reached=-one.left, turn=-one.turn, left=-one.reached, end=-one.start)
    return replace(turned, rest=turned.start, half_out_s=float("nan"), finished=True, begun=False)


def with_rests(found: list[Found], recorded_s: tuple[float, float]) -> list[Found]:
    """The moments of rest between repetitions, which share no time, before the first and after the last."""
    result: list[Found] = []
    rested, last = (Estimate(bound_s, {}) for bound_s in recorded_s)
    for one, following in zip_longest(found, found[1:]):
        start, end = one.start, one.end
        if following is not None and end.value > following.start.value:
            end = _no_sooner(following.start, one.turn.value)
        most = (end - start).scaled(0.5)
        before = max(mean([rested, start]), start - most, key=_value)
        after = min(mean([end, last]), end + most, key=_value)
        shown = following is None and one.finished
        result.append(replace(one, end=end, rest=before, rest_after=after if shown else None))
        rested = end
    return result


def sides_joined(left: tuple[Found, ...], right: tuple[Found, ...]) -> tuple[Found, ...]:
    """Left and right in order of time; those that move together are one repetition of both sides."""
    remaining = list(right)
    result = []
    for one in left:
        twin = next((other for other in remaining if _together(one, other)), None)
        if twin is None:
            result.append(one)
            continue
        remaining.remove(twin)
        result.append(_both(one, twin))
    return tuple(sorted([*result, *remaining], key=lambda found: found.turn.value))


def _extreme(curve: Curve, counted: int, reach: float, *, sign: int) -> tuple[int, Estimate]:
    """The sample in which the signal is highest, or lowest, about the one that was counted, and its value there.

    It moves as all samples do that errors may have kept from being the extreme: of two that are so far apart, the other
    one is, with a probability that is nearly a logistic function of that over their standard deviation.

    Args:
        curve: The signal.
        counted: Its extreme before it was steadied.
        reach: Of the movement.
        sign: 1: the highest, -1: the lowest.
    """
    start, stop = _about(curve, counted, reach)
    sample = start + int(np.argmax(sign * curve.steady[start:stop]))
    value = curve.at(sample)
    apart = curve.sd(curve.at(stop - 1) - curve.at(start))
    if not apart > 0:
        return sample, value
    chance = np.exp(-_LOGISTIC * np.abs(curve.steady[start:stop] - value.value) / apart)
    return sample, changed(value.value, (curve.total(np.arange(start, stop), chance / chance.sum()), 1.0))


def _about(curve: Curve, sample: int, reach: float) -> tuple[int, int]:
    """The unbroken stretch, exclusive of its end, in which what was counted on differs little from there."""
    near = np.abs(curve.values - curve.values[sample]) <= AT_EXTREME * reach
    after, before = np.flatnonzero(~near[sample:]), np.flatnonzero(~near[: sample + 1])
    return int(before[-1]) + 1 if len(before) else 0, sample + int(after[0]) if len(after) else len(near)


def _left_rest(curve: Curve, reach: Estimate, *, peak: int, step: int) -> Estimate | None:
    """As `left_rest_s`."""
    rest = pause(curve.steady[peak::step], reach.value, near=AT_EXTREME)
    rests = curve.total(peak + step * np.arange(len(rest.by_sample)), rest.by_sample)
    level = changed(rest.level, (rests, 1.0), (reach, rest.by_reach))
    near, far = (_crossed(curve, level + reach.scaled(part), start=peak, step=step) for part in ON_THE_WAY)
    return None if near is None or far is None else near + (near - far).scaled(BEFORE)


def _at_extreme(curve: Curve, near: Estimate, half_way: Estimate, *, peak: int, step: int) -> Estimate | None:
    """When the signal first reached its extreme, or last left it; None where that is not shown.

    The level near it is sought from outside, from half of the way.
    """
    below = np.flatnonzero(curve.steady[peak::step] < half_way.value)
    outside = peak + step * int(below[0]) if len(below) else (len(curve) - 1 if step > 0 else 0)
    there = _crossed(curve, near, start=outside, step=-step, rising=True)
    half = _crossed(curve, half_way, start=peak, step=step)
    return there if there is None or half is None else there + (there - half).scaled(BEYOND)


def _no_sooner(moment: Estimate, bound_s: float) -> Estimate:
    """A line is not followed further than the signal went: who stops on the way makes it a flat one."""
    return replace(moment, value=max(moment.value, bound_s))


def _no_later(moment: Estimate, bound_s: float) -> Estimate:
    return -_no_sooner(-moment, -bound_s)


def _crossed(curve: Curve, level: Estimate, *, start: int, step: int, rising: bool = False) -> Estimate | None:
    """Where the signal, followed from a sample, falls below the level, or rises above it; None where it does not."""
    sign = -1 if rising else 1
    if sign * (level.value - curve.steady[start]) > 0:
        return None
    found = crossing(curve.time_s, sign * curve.steady, sign * level.value, start=start, step=step)
    if found is None:
        return None
    there = curve.total(np.array([found.inner, found.outer]), np.array([1 - found.part, found.part]))
    between_s = float(abs(curve.time_s[found.outer] - curve.time_s[found.inner]))
    local = float(abs(curve.steady[found.outer] - curve.steady[found.inner])) / between_s
    later = sign * step / (_steepness(curve, found.time_s) or local)
    return changed(found.time_s, (there, later), (level, -later))


def _steepness(curve: Curve, moment_s: float) -> float:
    """How fast the signal changes about a time, so that its error over it is that of the time.

    The slope of what errs is now too small and now too large, and the square of its inverse the larger for it: to
    second order by three times the slope's variance over its square, which is taken out.
    """
    last = len(curve) - 1
    before = max(int(np.searchsorted(curve.time_s, moment_s - SMOOTH_S, side="right")) - 1, 0)
    after = min(int(np.searchsorted(curve.time_s, moment_s + SMOOTH_S)), last)
    slope = (curve.at(after) - curve.at(before)).scaled(1 / float(curve.time_s[after] - curve.time_s[before]))
    spread = curve.sd(slope)
    return float(np.hypot(slope.value, math.sqrt(2) * spread)) if math.isfinite(spread) else abs(slope.value)


def _centre(curve: Curve, level: Estimate, start: int, stop: int) -> Estimate:
    """Of what lies above the level, see `centre_s`."""
    time_s, values = curve.time_s[start:stop], curve.steady[start:stop]
    centre = centre_s(time_s, values, level.value)
    above = np.gradient(time_s) * (values > level.value)
    weights = above * (time_s - centre) / (above * (values - level.value)).sum()
    there = curve.total(np.arange(start, stop), weights)
    return changed(centre, (there, 1.0), (level, -float(weights.sum())))


def _together(one: Found, other: Found) -> bool:
    longest_s = max(single.end.value - single.start.value for single in (one, other))
    return abs(one.turn.value - other.turn.value) < _TOGETHER * longest_s


def _both(a: Found, b: Found) -> Found:
    return replace(
        a,
        start=mean([a.start, b.start]),
        reached=mean([a.reached, b.reached]),
        turn=mean([a.turn, b.turn]),
        left=mean([a.left, b.left]),
        end=mean([a.end, b.end]),
        range=mean([a.range, b.range]),
        range_sd=float(np.hypot(a.range_sd, b.range_sd)) / 2,
        side="both",
    )


def _at(time_s: float) -> Estimate:
    """A bound of the recording: what it stands for is not shown, and how far from it is not known."""
    return Estimate(float(time_s), {_NOT_SHOWN: 1.0})


def _value(number: Estimate) -> float:
    return number.value
