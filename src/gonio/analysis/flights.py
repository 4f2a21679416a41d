"""When both feet are in the air: take-off and landing between the frames, from the height of the feet."""

import math
from dataclasses import dataclass

import numpy as np

from gonio.analysis.estimate import Assumption, Estimate, read
from gonio.analysis.jumper import Height, Jumper
from gonio.analysis.moments import crossings, turning
from gonio.analysis.windows import runs
from gonio.arrays import BoolArray, FloatArray64, IntArray

_OFF_GROUND = 0.08
"""Leg lengths that both feet must rise for a jump: about 7 cm, more than heels rise on tiptoe."""
_TOP = 0.2
"""Part of a flight about its middle whose mean height is the flight's: 1 % below the vertex of a parabola."""
_EDGE = 0.2
"""Part of a flight's rise at which its edges are timed: clear of the noise at the ground, and still steep."""
_LONGER = math.sqrt(1 / (1 - _EDGE))
"""Times that the whole of a parabola takes of what it takes above its edges."""
_ON_TIPTOE = 0.10
"""Leg lengths by which ankles are higher at take-off and landing than in standing, where toes are not seen.

An assumption: 8 to 9 cm, of a leg of 0.86 m. It is the largest error of a jump measured without toes.
"""
_TIPTOE = Assumption("how much higher ankles are on tiptoe than in standing", 0.025)
_POSTURE_SD = 0.02
"""Leg lengths by which the posture at landing differs from that at take-off, where both look alike: an assumption."""
_HIPS_RISE = 0.3
"""Part of the feet's rise that the hips must rise too; who sits or hangs and draws up the feet does not jump."""


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """One time in the air.

    Attributes:
        take_off: When the feet leave the ground.
        apex: When the hips are highest.
        landing: When the feet meet the ground again.
        rise: Of the hips from take-off to apex, in legs.
        sunk: How much lower the hips are at landing than at take-off, in legs.
        posture: That the body is as long at landing as at take-off; its sd is in legs.
    """

    take_off: Estimate
    apex: Estimate
    landing: Estimate
    rise: Estimate
    sunk: float
    posture: Assumption

    @property
    def time(self) -> Estimate:
        """From take-off to landing; what shifts both alike leaves it."""
        return self.landing - self.take_off


def find_flights(jumper: Jumper) -> list[Flight]:
    """All jumps, in order."""
    above = jumper.feet.values - _floor(jumper)
    lifted: BoolArray = above > _OFF_GROUND / 2  # half, so that noise at the edge does not make two flights of one
    found = (_flight(jumper, a, b) for a, b in runs(lifted) if above[a:b].max() > _OFF_GROUND)
    return [flight for flight in found if flight is not None]


def _flight(jumper: Jumper, start: int, stop: int) -> Flight | None:
    """The flight around some samples in the air.

    Feet fly on a parabola with the hips, so the time between two equal heights says how long the whole parabola
    takes: ``T = t sqrt(A / (A - level))``, A its height.
    """
    count = max(1, round(_TOP * (stop - start)))
    top = np.arange(count) + (start + stop - count) // 2
    height = _mean_height(jumper.feet, top) - Estimate(_floor(jumper), {})
    edges = _edges(jumper, top, height)
    if edges is None:
        return None  # it began before the clip, or ends after it
    up, down = edges
    seen = down - up
    later = Estimate(0.0, {} if jumper.toes else {_TIPTOE: seen.value * _LONGER / (4 * height.value)})
    outside = seen.scaled((_LONGER - 1) / 2) - later
    take_off, landing = up - outside, down + outside
    apex = _apex(jumper, near_s=(take_off.value + landing.value) / 2, half_s=0.35 * seen.value)
    at_take_off, at_apex, at_landing = (_hips(jumper, when) for when in (take_off, apex, landing))
    rise, sunk = at_apex - at_take_off, (at_take_off - at_landing).value
    if not (min(rise.value, rise.value + sunk) > _HIPS_RISE * height.value):
        return None
    return Flight(take_off, apex, landing, rise, sunk, Assumption("posture at landing", _POSTURE_SD))


def _floor(jumper: Jumper) -> float:
    """Height of the feet at take-off and landing."""
    return 0.0 if jumper.toes else _ON_TIPTOE


def _edges(jumper: Jumper, top: IntArray, height: Estimate) -> tuple[Estimate, Estimate] | None:
    """When the feet pass a part of the height, before and after some samples at the top.

    A time errs as the feet do, over their speed: that of the parabola, for two noisy samples hardly tell it.
    """
    time_s, feet = jumper.time_s, jumper.feet
    level = height.scaled(_EDGE) + Estimate(_floor(jumper), {})
    up, down = (crossings(time_s, feet.values, level.value, rising=rising) for rising in (True, False))
    before = [moment.time_s for moment in up if moment.time_s <= time_s[top[0]]]
    after = [moment.time_s for moment in down if moment.time_s >= time_s[top[-1]]]
    if not before or not after:
        return None
    speed = 4 * height.value * (1 - _EDGE) / (after[0] - before[-1])
    early, late = (level - _at(time_s, feet, passed_s) for passed_s in (before[-1], after[0]))
    return (
        Estimate(before[-1], early.scaled(1 / speed).gradient),
        Estimate(after[0], late.scaled(-1 / speed).gradient),
    )


def _apex(jumper: Jumper, *, near_s: float, half_s: float) -> Estimate:
    hips = jumper.hips
    turn = turning(jumper.time_s, hips.values, near_s=near_s, half_s=half_s, made_of=hips.gradient)
    return read(turn.time_s, *turn.gradient.items())


def _hips(jumper: Jumper, when: Estimate) -> Estimate:
    """Height of the hips at a time, and it moves with that time."""
    frames, _ = _beside(jumper.time_s, when.value)
    speed = float(np.diff(jumper.hips.values[frames])[0] / np.diff(jumper.time_s[frames])[0])
    return _at(jumper.time_s, jumper.hips, when.value) + Estimate(0.0, when.scaled(speed).gradient)


def _mean_height(height: Height, frames: IntArray) -> Estimate:
    weights = np.full(len(frames), 1 / len(frames))
    return read(float(weights @ height.values[frames]), *height.gradient(frames, weights).items())


def _at(time_s: FloatArray64, height: Height, when_s: float) -> Estimate:
    """A height at a time, linear between the frames."""
    frames, weights = _beside(time_s, when_s)
    return read(float(weights @ height.values[frames]), *height.gradient(frames, weights).items())


def _beside(time_s: FloatArray64, when_s: float) -> tuple[IntArray, FloatArray64]:
    """The two frames about a time, and their weights in what is linear between them."""
    after = int(np.clip(np.searchsorted(time_s, when_s), 1, len(time_s) - 1))
    share = float(np.clip((when_s - time_s[after - 1]) / (time_s[after] - time_s[after - 1]), 0, 1))
    return np.array([after - 1, after]), np.array([1 - share, share])
