"""Where the feet stand on the ground, and so how long steps and strides are, along the ground or on a belt."""

import math
from dataclasses import dataclass

import numpy as np

from gonio.analysis.gait.contacts import step_pairs, strides_of
from gonio.analysis.gait.direction import LIMBS, Body
from gonio.analysis.gait.events import Steps
from gonio.analysis.known_scale import known_scale
from gonio.analysis.landmarks import Limb
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Event
from gonio.structures.sequence import PoseSequence

_FLAT = {"gait": 0.15, "running": 0.10}
"""Strides after its strike, when a foot rests: it is read where it stands, not while it lands."""


@dataclass(frozen=True, slots=True)
class LengthUnit:
    """What lengths are given in.

    Attributes:
        name: ``"m"``, or ``"leg lengths"`` where the scale is unknown.
        factor: From the sequence's unit.
        relative_sd: Of the factor.
        source: Where it comes from, one phrase.
    """

    name: str
    factor: float
    relative_sd: float
    source: str

    def of(self, value: float, sd: float) -> tuple[float, float]:
        """A length of the sequence's unit and its sd, in this one; the error of the factor is added."""
        value = value * self.factor
        return value, math.hypot(sd * self.factor, value * self.relative_sd)


def length_unit(sequence: PoseSequence, body: Body, options: AnalysisOptions) -> LengthUnit:
    """Metres if they are known, else leg lengths."""
    if sequence.unit == "m":
        return LengthUnit("m", 1.0, 0.0, "coordinates in metres")
    scale = known_scale(sequence, options)
    if scale is not None:
        return LengthUnit("m", scale.metres_per_px, scale.sd / scale.metres_per_px, scale.source)
    return LengthUnit("leg lengths", 1 / body.leg_length, 0.0, "no scale; lengths are in leg lengths")


def footprint(steps: Steps, strike: Event) -> tuple[float, float]:
    """Where the foot of a strike stands along the ground, and its sd, in the sequence's unit.

    On a treadmill the belt's travel is added, as if the person had gone along.
    """
    leg = next(leg for leg in steps.legs if leg.side == strike.side)
    if steps.pelvis is None:
        return float("nan"), float("nan")
    time_s = strike.time_s + _FLAT[steps.locomotion.activity] * steps.stride_s
    place = leg.heel.forward.at(time_s) + steps.pelvis.forward.at(time_s)
    sd = leg.heel.forward.sd_at(time_s)
    if steps.body.travels:
        return place, sd
    speed = float(np.mean([leg.ground_speed for leg in steps.legs]))
    return place + speed * time_s, float(np.hypot(sd, speed * strike.sd_s))


def stride_lengths(steps: Steps, side: Limb) -> tuple[list[float], list[float]]:
    """Between a foot's neighbouring footprints, and their sd; of those that are seen."""
    pairs = [(stride.strike, stride.end) for stride in strides_of(steps, side)]
    return _distances(steps, pairs)


def step_lengths(steps: Steps, side: Limb) -> tuple[list[float], list[float]]:
    """From the other foot's footprint to the next of this one, and their sd; of those that are seen."""
    return _distances(steps, [(a, b) for a, b in step_pairs(steps) if b.side == side])


def speed(steps: Steps) -> tuple[float, float, int]:
    """Stride length over stride time: mean, sd and number of strides; NaN of none."""
    total, variance, time_s, count = 0.0, 0.0, 0.0, 0
    for side in LIMBS:
        for stride in strides_of(steps, side):
            for length, sd in zip(*_distances(steps, [(stride.strike, stride.end)]), strict=True):
                total, variance, count = total + length, variance + sd**2, count + 1
                time_s += stride.time.value
    if not count:
        return float("nan"), float("nan"), 0
    return total / time_s, float(np.sqrt(variance)) / time_s, count


def _distances(steps: Steps, pairs: list[tuple[Event, Event]]) -> tuple[list[float], list[float]]:
    """Those of which both footprints are seen: at the end of a clip a foot may land and not be seen to rest."""
    prints = [(footprint(steps, a), footprint(steps, b)) for a, b in pairs]
    seen = [(earlier, later) for earlier, later in prints if math.isfinite(later[0] - earlier[0])]
    lengths = [later[0] - earlier[0] for earlier, later in seen]
    return lengths, [float(np.hypot(earlier[1], later[1])) for earlier, later in seen]
