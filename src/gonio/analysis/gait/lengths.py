"""Where the feet stand on the ground, and so how long steps and strides are, along the ground or on a belt."""

import math
from dataclasses import dataclass

import numpy as np

from gonio.analysis.doubt import Doubt
from gonio.analysis.estimate import NOTHING, Estimate, mean, read
from gonio.analysis.gait.contacts import step_pairs, strides_of
from gonio.analysis.gait.coordinates import ground_speed_reading
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
        relative_sd: Of the factor, where it does not come from the keypoints.
        source: Where it comes from, one phrase.
        per: The length of the sequence that it is counted in, with what keypoint errors make of it; 1 of metres.
    """

    name: str
    factor: float
    relative_sd: float
    source: str
    per: Estimate = NOTHING

    def of(self, length: Estimate, doubt: Doubt) -> tuple[float, float]:
        """A length of the sequence's unit in this one, and its sd; the error of the factor is added."""
        value = length.value * self.factor
        scaled = length.scaled(self.factor) if self.per is NOTHING else length / self.per
        return value, math.hypot(doubt.sd_of(scaled), value * self.relative_sd)


def length_unit(sequence: PoseSequence, body: Body, options: AnalysisOptions) -> LengthUnit:
    """Metres if they are known, else leg lengths."""
    if sequence.unit == "m":
        return LengthUnit("m", 1.0, 0.0, "coordinates in metres")
    scale = known_scale(sequence, options)
    if scale is not None:
        return LengthUnit("m", scale.metres_per_px, scale.sd / scale.metres_per_px, scale.source)
    leg = read(body.leg_length, (body.leg_reading, 1.0))
    return LengthUnit("leg lengths", 1 / body.leg_length, 0.0, "no scale; lengths are in leg lengths", leg)


class Footprints:
    """Where the feet stand along the ground, each read once."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._belt = [] if steps.body.travels else [ground_speed_reading(leg) for leg in steps.legs]
        self._of: dict[Event, Estimate] = {}

    def of(self, strike: Event) -> Estimate:
        """Where the foot of a strike stands, in the sequence's unit.

        On a treadmill the belt's travel is added, as if the person had gone along.
        """
        if strike not in self._of:
            self._of[strike] = self._read(strike)
        return self._of[strike]

    def distances(self, pairs: list[tuple[Event, Event]]) -> list[Estimate]:
        """Those of which both footprints are seen: at the end of a clip a foot may land and not be seen to rest."""
        found = (self.of(later) - self.of(earlier) for earlier, later in pairs)
        return [one for one in found if math.isfinite(one.value)]

    def _read(self, strike: Event) -> Estimate:
        steps = self._steps
        leg = next(leg for leg in steps.legs if leg.side == strike.side)
        if steps.pelvis is None:
            return NOTHING
        time_s = strike.time_s + _FLAT[steps.locomotion.activity] * steps.stride_s
        curves = (leg.heel.forward, steps.pelvis.forward)
        place = sum(curve.at(time_s) for curve in curves)
        moves = sum(curve.at(time_s, 1) for curve in curves)
        belt = [(one, time_s / len(self._belt)) for one in self._belt]
        if not steps.body.travels:
            speed = float(np.mean([leg.ground_speed for leg in steps.legs]))
            place, moves = place + speed * time_s, moves + speed
        there = read(place, *((curve.reading(time_s), 1.0) for curve in curves), *belt)
        return there + Estimate(0.0, {strike: moves})


def stride_lengths(steps: Steps, side: Limb, prints: Footprints) -> list[Estimate]:
    """Between a foot's neighbouring footprints, of those that are seen."""
    return prints.distances([(stride.strike, stride.end) for stride in strides_of(steps, side)])


def step_lengths(steps: Steps, side: Limb, prints: Footprints) -> list[Estimate]:
    """From the other foot's footprint to the next of this one, of those that are seen."""
    return prints.distances([(a, b) for a, b in step_pairs(steps) if b.side == side])


def speed(steps: Steps, prints: Footprints) -> tuple[Estimate, int]:
    """Stride length over stride time, and the number of strides; NaN of none."""
    lengths, times = [], []
    for side in LIMBS:
        for stride in strides_of(steps, side):
            for length in prints.distances([(stride.strike, stride.end)]):
                lengths.append(length)
                times.append(stride.time)
    return (mean(lengths) / mean(times), len(times)) if times else (NOTHING, 0)
