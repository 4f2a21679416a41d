"""Where each foot is farthest ahead of and behind the pelvis: the frame that all events are looked for in.

It is found by amplitude alone, so no stride is lost to noise, and no step of it is in seconds or metres.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gonio.analysis.gait.coordinates import Leg
from gonio.analysis.gait.direction import LIMBS, Body
from gonio.analysis.gait.smoothing import Curve
from gonio.analysis.landmarks import landmark, positions
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

_SWING = 0.4
"""Part of the usual amplitude that a foot must go back for a turn to count; noise and standing still turn less."""
_LEAST_PASS = 0.1
"""Leg lengths between the feet's extremes below which they do not pass each other: who stands trembles and sways by
less, and a shuffling step of 10 cm goes twice as far."""
_ROUGHEST = 0.65
"""Of a sine, that of 7.6 frames a stride; with 8 and more strides come out right, with fewer some of them do not."""
_FEW_FRAMES = 9.5
"""A stride: of 10 and more the roughness is noise, as of quick short steps, and their strides come out right."""
_EDGE_SWING = 0.6
"""A record may end between two turns: then the foot must have come this far towards the usual one."""


@dataclass(frozen=True, slots=True)
class Stance:
    """A foot on its way back under the pelvis.

    Attributes:
        ahead_s: When it is farthest ahead; NaN: before the record.
        behind_s: When it is farthest behind; NaN: after the record.
    """

    ahead_s: float
    behind_s: float


def stride_time(body: Body, sequence: PoseSequence) -> float:
    """Usual time of a stride, from how the feet pass each other; NaN if they hardly do.

    Args:
        body: As `body_of` turned it.
        sequence: For times and skeleton.

    Returns:
        Twice the median time between neighbouring turns of the distance between the ankles (or heels). NaN too where
        the frames are too few to follow the feet: turns between frames are missed, and the others make false strides.
    """
    stride_s, few = _passing(body, sequence)
    return float("nan") if few else stride_s


def has_few_frames(body: Body, sequence: PoseSequence) -> bool:
    """Whether the feet pass each other, but with too few frames a stride to follow them; as `stride_time`."""
    return _passing(body, sequence)[1]


def _passing(body: Body, sequence: PoseSequence) -> tuple[float, bool]:
    """Stride time, NaN if the feet hardly pass each other, and whether the frames are too few to trust it."""
    apart = _apart(body, sequence)
    seen = np.isfinite(apart)
    time_s, apart = sequence.time_s[seen], apart[seen]
    if len(apart) < 5:
        return float("nan"), False
    swing = _amplitude(apart)
    if not swing > _LEAST_PASS * body.leg_length:
        return float("nan"), False
    passes = list(turns(apart, _SWING * swing))[1:]  # the first is where the record begins
    steps = np.diff([time_s[i] for i, _ in passes])
    stride_s = float(2 * np.median(steps)) if len(steps) else float("nan")
    few = stride_s < _FEW_FRAMES * float(np.median(np.diff(sequence.time_s)))
    return stride_s, few and _roughness(apart) > _ROUGHEST


def stances(leg: Leg) -> tuple[Stance, ...]:
    """All stances of a leg, in order; the first may begin before the record, the last end after it.

    None of a foot that stays under the pelvis: in walking both go as far, on the ground and on a treadmill.
    """
    forward = leg.foot.forward
    seen = np.flatnonzero(np.isfinite(forward.position))
    values = forward.position[seen]
    if len(seen) < 3:
        return ()
    swing = _amplitude(values)
    if not swing > _LEAST_PASS / 2 * float(np.nanmedian(leg.reach.position)):
        return ()  # the other foot alone goes to and fro, and this one trembles
    found_turns = [(int(seen[i]), is_max) for i, is_max in turns(values, _SWING * swing)]
    kept = _without_false_edges(found_turns, forward, swing, seen=(int(seen[0]), int(seen[-1])))
    times = [(float(forward.time_s[i]), is_max) for i, is_max in kept]
    found = []
    if times and not times[0][1]:
        found.append(Stance(float("nan"), times[0][0]))
    for n, (time_s, is_max) in enumerate(times):
        if is_max:
            found.append(Stance(time_s, times[n + 1][0] if n + 1 < len(times) else float("nan")))
    return tuple(found)


def _apart(body: Body, sequence: PoseSequence) -> FloatArray64:
    for name in ("ankle", "heel", "toe"):
        left, right = (positions(body.points, landmark(sequence.skeleton, name, side))[:, 0] for side in LIMBS)
        if np.isfinite(left - right).sum() > 0.5 * len(left):
            return np.asarray(left - right)
    return np.full(len(sequence), np.nan)


def _roughness(values: FloatArray64) -> float:
    """Second differences over the values' own spread: ``4 sin(pi / n)^2`` of a sine of n frames; NaN of no motion."""
    bend = np.diff(values, n=2)
    bend, known = bend[np.isfinite(bend)], values[np.isfinite(values)]
    spread = float(known.std()) if len(known) else 0.0
    return float(np.sqrt(np.mean(bend**2))) / spread if spread > 0 and len(bend) else float("nan")


def _amplitude(values: FloatArray64) -> float:
    low, high = np.percentile(values, (5, 95))
    return float(high - low)


def turns(values: FloatArray64, threshold: float) -> Iterator[tuple[int, bool]]:
    """Index of each turn and whether it is a maximum; alternating, each more than ``threshold`` from the one before.

    The ends of the record count as turns here.
    """
    if threshold <= 0:
        return
    low = high = 0
    rising: bool | None = None
    for i, value in enumerate(values):
        if value > values[high]:
            high = i
        if value < values[low]:
            low = i
        if rising is not False and value < values[high] - threshold:
            yield high, True
            rising, low = False, i
        elif rising is not True and value > values[low] + threshold:
            yield low, False
            rising, high = True, i
        if rising:
            low = i
        elif rising is False:
            high = i
    if rising is not None:
        yield (high, True) if rising else (low, False)


def _without_false_edges(
    ends: list[tuple[int, bool]], forward: Curve, swing: float, *, seen: tuple[int, int]
) -> list[tuple[int, bool]]:
    """Without an end of what was seen that looks like a turn, and without a last swing that has hardly begun."""
    if ends and ends[0][0] <= seen[0]:
        ends = ends[1:]
    if ends and ends[-1][0] >= seen[1]:
        ends = ends[:-1]
    if len(ends) >= 2:
        there = abs(forward.position[ends[-1][0]] - forward.position[ends[-2][0]])
        if there < _EDGE_SWING * swing:
            ends = ends[:-1]
    return ends
