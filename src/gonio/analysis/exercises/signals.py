"""Signals: numbers that go up and down with an exercise, from keypoints, whatever the view.

Heights and the distance between the ends of an upright limb are the same seen from the front, the side or between,
while the angle at a joint is not: a squat seen from the front hardly bends the knees in the picture, yet the hips come
down to the ankles. So repetitions are counted on ``shortening``, ``elevation`` and ``height``, in parts of the person's
own limbs; joint angles are reported where the view allows to measure them.
"""

from collections.abc import Iterable

import numpy as np

from gonio.analysis.exercises.body import LIMBS, Body, Chain, LimbLengths
from gonio.analysis.exercises.signal_spec import SignalSpec
from gonio.analysis.exercises.spec import Condition, Exercise
from gonio.analysis.landmarks import Limb
from gonio.analysis.series import Reason, Series, Side
from gonio.arrays import BoolArray, FloatArray64
from gonio.geometry.angles import joint_angle_deg

Values = tuple[FloatArray64, FloatArray64]
"""``(T,)`` values and their standard deviations."""

_STEEPEST = 0.1
"""Near 0 and 180 deg the arc cosine is infinitely steep; for error bars its slope is taken no nearer than this."""


def chains_of(exercise: Exercise) -> set[Chain]:
    """The limbs whose lengths an exercise needs."""
    return set().union(*(limbs_of(signal) for signal in _signals_of(exercise)))


def limbs_of(signal: SignalSpec) -> set[Chain]:
    """The limbs whose lengths a signal is measured in."""
    if signal.kind in ("shortening", "lowering", "elevation"):
        return {signal.points}
    return {signal.per} if signal.per else set()


def signal_series(body: Body, signal: SignalSpec, lengths: LimbLengths, *, side: Side = "both") -> Series:
    """A signal over time.

    Args:
        body: The person.
        signal: What to measure.
        lengths: Of the limbs, already learnt.
        side: ``"left"`` or ``"right"`` for one side alone; ``"both"``: as ``signal.sides`` says.

    Returns:
        Values in ``signal.unit``; NaN, with reason MISSING, where a point is not usable. The standard deviation is that
        of the keypoints carried through to first order; NaN without it.
    """
    values, sd = _one_side(body, signal, lengths, side) if side != "both" else _combined(body, signal, lengths)
    reasons = np.where(np.isfinite(values), 0, Reason.MISSING).astype(np.uint8)
    return Series(signal.name, signal.unit, side, body.time_s, values, sd, reasons)


def sureness(body: Body, signal: SignalSpec, *, side: Side = "both") -> float:
    """Median score of the worst of a signal's points, the mean of the sides; 0 where most are not seen."""
    sides = LIMBS if side == "both" else (side,)
    return float(np.median(np.mean([np.sqrt(_weight(body, signal, one)) for one in sides], axis=0)))


def joined(signal: SignalSpec, sides: tuple[FloatArray64, FloatArray64], weights: list[FloatArray64]) -> FloatArray64:
    """``(T,)``: left and right made one as the signal says; a side that is not seen is left out.

    Args:
        signal: What is measured.
        sides: ``(T,)`` values of each.
        weights: Of each, see `side_weights`.
    """
    left, right = sides
    if signal.sides == "difference":
        return np.abs(left - right)
    if signal.sides in ("mean", "each"):
        return _mean(list(zip(sides, weights, strict=True)))
    return np.where(_takes_left(signal, left, right), left, right)


def side_weights(body: Body, signal: SignalSpec) -> list[FloatArray64]:
    """``(T,)`` of left and right in their mean; none where the signal is no mean."""
    return [_weight(body, signal, side) for side in LIMBS] if signal.sides in ("mean", "each") else []


def _combined(body: Body, signal: SignalSpec, lengths: LimbLengths) -> Values:
    (left, left_sd), (right, right_sd) = (_one_side(body, signal, lengths, side) for side in LIMBS)
    weights = side_weights(body, signal)
    values = joined(signal, (left, right), weights)
    if signal.sides == "difference":
        return values, np.hypot(left_sd, right_sd)
    if weights:
        return values, _mean_sd((left_sd, right_sd), (left, right), weights)
    return values, np.where(_takes_left(signal, left, right), left_sd, right_sd)


def _takes_left(signal: SignalSpec, left: FloatArray64, right: FloatArray64) -> BoolArray:
    return np.isnan(right) | ((left < right) if signal.sides == "both" else (left > right))


def _one_side(body: Body, signal: SignalSpec, lengths: LimbLengths, side: Limb) -> Values:
    points = [body.at(name, side) for name in signal.points]
    sd = [body.sd_of(name, side) for name in signal.points]
    ends_sd = np.sqrt(sd[0] ** 2 + sd[-1] ** 2) if len(sd) > 1 else sd[0]
    if signal.kind == "bend":
        return _bend(points, sd)
    if signal.kind == "elevation":
        return _elevation(points, ends_sd, lengths.of(signal.points, side))
    if signal.follows is not None:
        return _lowering(points, ends_sd, lengths.of(signal.points, side), (1 + signal.follows) / 2)
    percent = 100 / lengths.of(signal.points if signal.kind == "shortening" else signal.per, side)
    apart = np.linalg.norm(points[-1] - points[0], axis=-1)
    if signal.kind == "shortening":
        values = 100 - percent * apart
    elif signal.kind == "distance":
        values = percent * apart
    else:
        above = points[0] if signal.kind == "rise" else points[0] - points[-1]
        values = percent * above[:, 1]
    return np.asarray(values), percent * ends_sd


def _bend(points: list[FloatArray64], sd: list[FloatArray64]) -> Values:
    """180 deg minus the angle at the middle point.

    A segment turns by an end's error across it over its length; an error of the middle point turns both segments.
    """
    angle_deg = joint_angle_deg(*points)
    with np.errstate(divide="ignore", invalid="ignore"):
        to_a, to_c = (1 / np.linalg.norm(end - points[1], axis=-1) for end in (points[0], points[2]))
        middle = to_a**2 + to_c**2 - 2 * to_a * to_c * np.cos(np.radians(angle_deg))
        variance = (sd[0] * to_a) ** 2 + (sd[2] * to_c) ** 2 + sd[1] ** 2 * middle
    return 180 - angle_deg, np.degrees(np.sqrt(variance))


def _elevation(points: list[FloatArray64], ends_sd: FloatArray64, length: float) -> Values:
    """From the height of the segment's end over its length: the same from every side, unlike the angle as seen."""
    down = np.clip((points[0] - points[1])[:, 1] / length, -1, 1)
    slope = np.sqrt(np.maximum(1 - down**2, _STEEPEST))
    return np.degrees(np.arccos(down)), np.degrees(ends_sd / length / slope)


def _lowering(points: list[FloatArray64], ends_sd: FloatArray64, length: float, half: float) -> Values:
    """1 - cos(bend / 2), where the bend is that of the upper segment, of which the height is seen, and of the lower.

    Args:
        points: Ends of the upper segment.
        ends_sd: Of the way between them.
        length: Of the segment.
        half: Half of the bend, as a part of the upper segment's tilt.
    """
    tilt = np.arccos(np.clip((points[0] - points[1])[:, 1] / length, -1, 1))
    steep = np.arcsin(np.sqrt(_STEEPEST))
    inside = np.clip(tilt, steep, np.pi - steep)
    slope = half * np.sin(half * inside) / np.sin(inside)
    return 100 * (1 - np.cos(half * tilt)), 100 / length * ends_sd * slope


def _weight(body: Body, signal: SignalSpec, side: Limb) -> FloatArray64:
    """``(T,)``: squared, so that the clearly better seen side decides and the switch to the other is smooth."""
    return np.asarray(np.min([body.weight(name, side) for name in signal.points], axis=0) ** 2)


def _mean(sides: list[tuple[FloatArray64, FloatArray64]]) -> FloatArray64:
    """Weighted mean of what is not NaN."""
    values, weights = (np.stack(arrays) for arrays in zip(*sides, strict=True))
    weights = np.where(np.isnan(values), 0.0, weights)
    total = weights.sum(axis=0)
    return _divided((np.nan_to_num(values) * weights).sum(axis=0), total)


def _mean_sd(
    sds: tuple[FloatArray64, FloatArray64], values: tuple[FloatArray64, FloatArray64], weights: list[FloatArray64]
) -> FloatArray64:
    """Standard deviation of `_mean`, the sides' errors taken as independent."""
    seen = np.where(np.isnan(np.stack(values)), 0.0, np.stack(weights))
    total = seen.sum(axis=0)
    spread = np.sqrt((np.where(seen > 0, seen * np.stack(sds), 0.0) ** 2).sum(axis=0))
    return _divided(spread, total)


def _divided(sums: FloatArray64, weights: FloatArray64) -> FloatArray64:
    """NaN where nothing was weighed."""
    empty = np.full_like(weights, np.nan)
    return np.asarray(np.divide(sums, weights, out=empty, where=weights > 0))


def _signals_of(exercise: Exercise) -> Iterable[SignalSpec]:
    yield from exercise.signals
    conditions: tuple[Condition, ...] = (*exercise.guards, *exercise.posture, *exercise.rules)
    yield from (condition.signal for condition in conditions)
