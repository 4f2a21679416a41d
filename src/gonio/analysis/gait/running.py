"""The numbers of running: contact and flight, bounce, reach ahead at landing, and how the foot lands."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from gonio.analysis.doubt import Doubt
from gonio.analysis.estimate import NOTHING, Estimate, mean, read
from gonio.analysis.gait.contacts import flight_times, stance_times, strides_of
from gonio.analysis.gait.coordinates import Leg
from gonio.analysis.gait.direction import LIMBS
from gonio.analysis.gait.events import HEEL_STRIKE, Steps
from gonio.analysis.gait.lengths import Footprints, LengthUnit, step_lengths
from gonio.analysis.gait.smoothing import Curve
from gonio.analysis.landmarks import landmark, positions
from gonio.analysis.readings import channels_of, combined, reading
from gonio.analysis.result import Event, Finding, Measure
from gonio.analysis.series import Side
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

_DUTY = "contact over stride time, below 50 % where there is flight: Patoz et al., Sports 7(11), 2019"
_ALTMAN = "Altman and Davis, A kinematic method for footstrike pattern detection, Gait Posture 35, 2012"
_MORIN = "Morin et al., A simple method for measuring stiffness during running, J Appl Biomech 21, 2005"
_REARFOOT_DEG, _FOREFOOT_DEG = 8.0, -1.6
_FLAT_STRIDES = (0.08, 0.16)
"""When the whole foot rests on the ground, strides after its strike: the zero of the foot strike angle."""


def running_measures(sequence: PoseSequence, steps: Steps, unit: LengthUnit) -> Iterator[Measure]:
    """What is particular to running; the times of steps and strides are those of walking."""
    flights = flight_times(steps)
    contacts = {side: stance_times(steps, side) for side in LIMBS}
    for side in LIMBS:
        yield _timed("contact_time", contacts[side], "s", steps.doubt, side=side)
        duty = [stride.stance / stride.time for stride in strides_of(steps, side) if stride.stance is not None]
        yield _timed("duty_factor", [share.scaled(100) for share in duty], "%", steps.doubt, side=side, source=_DUTY)
    yield _timed("flight_time", flights, "s", steps.doubt)
    yield _peak_force([*contacts["left"], *contacts["right"]], flights, steps.doubt)
    bounce = vertical_oscillation(steps)
    yield Measure(
        "vertical_oscillation", *unit.of(bounce, steps.doubt), unit.name, count=len(steps.events),
        note="" if math.isfinite(bounce.value) else "hips not seen",
    )  # fmt: skip
    yield _vertical_ratio(bounce, steps)
    for leg in steps.legs:
        strikes = steps.times(HEEL_STRIKE, leg.side)
        reach = [_at(leg.ankle.forward, strike) for strike in strikes]
        yield Measure(
            "overstride", *unit.of(mean(reach), steps.doubt), unit.name, leg.side, len(reach),
            source="ankle ahead of the hips at strike",
        )  # fmt: skip
        yield _foot_strike(leg, strikes, steps.doubt)
    lean = trunk_lean_deg(sequence, steps)
    sd = steps.doubt.sd_of(lean)
    yield Measure("trunk_lean", lean.value, sd, "deg", count=len(sequence), note="mean, positive forward")


def vertical_oscillation(steps: Steps) -> Estimate:
    """Mean rise of the hips per step, highest minus lowest, in the sequence's unit."""
    strikes = [event for event in steps.events if event.name == HEEL_STRIKE]
    if steps.pelvis is None:
        return NOTHING
    up = steps.pelvis.up
    rises = []
    for start, end in pairwise(strikes):
        within = np.flatnonzero((up.time_s >= start.time_s) & (up.time_s <= end.time_s))
        height = up.position[within]
        if len(height) > 1 and np.isfinite(height).all():
            top, bottom = (up.reading(float(up.time_s[within[i]])) for i in (height.argmax(), height.argmin()))
            rises.append(read(float(np.ptp(height)), (top, 1.0), (bottom, -1.0)))
    return mean(rises)


def trunk_lean_deg(sequence: PoseSequence, steps: Steps) -> Estimate:
    """Mean angle of hips to shoulders from the vertical, forward positive."""
    ends = [landmark(sequence.skeleton, name) for name in ("mid_shoulder", "mid_hip")]
    shoulders, hips = (positions(steps.body.points, end) for end in ends)
    forward, up = (shoulders - hips)[:, :2].T
    lean = np.degrees(np.arctan2(forward, up))
    frames = np.flatnonzero(np.isfinite(lean))
    if not len(frames):
        return NOTHING
    per = np.degrees(np.stack([up, -forward]) / (forward**2 + up**2))
    moves = combined(
        *((channels_of(ends[0], axis), per[axis]) for axis in (0, 1)),
        *((channels_of(ends[1], axis), -per[axis]) for axis in (0, 1)),
    )
    made_of = reading(frames, np.full(len(frames), 1 / len(frames)), moves, len(lean))
    return read(float(lean[frames].mean()), (made_of, 1.0))


def foot_strike_deg(leg: Leg, strike: Event) -> Estimate:
    """Pitch of the foot at its strike, toes up positive, against where it rests flat a moment later; NaN unseen."""
    flat = np.linspace(*_FLAT_STRIDES, 5) * leg.stride_s
    return _pitch_deg(leg, strike) - mean([_pitch_deg(leg, strike, later_s) for later_s in flat.tolist()])


def strike_finding(steps: Steps) -> Finding | None:
    """Rearfoot, midfoot or forefoot strike, where feet were seen."""
    angles = [
        foot_strike_deg(leg, event).value
        for leg in steps.legs
        if leg.has_foot
        for event in steps.times(HEEL_STRIKE, leg.side)
    ]
    angle = _mean([value for value in angles if math.isfinite(value)])
    if not math.isfinite(angle):
        return None
    pattern = "rearfoot" if angle > _REARFOOT_DEG else "forefoot" if angle < _FOREFOOT_DEG else "midfoot"
    return Finding("note", f"Lands with a {pattern} strike (foot strike angle {angle:.0f} deg).", source=_ALTMAN)


def _at(curve: Curve, event: Event, later_s: float = 0.0) -> Estimate:
    """A curve's value at an event, or some time after it."""
    time_s = event.time_s + later_s
    value = read(curve.at(time_s), (curve.reading(time_s), 1.0))
    return value + Estimate(0.0, {event: curve.at(time_s, 1)})


def _pitch_deg(leg: Leg, event: Event, later_s: float = 0.0) -> Estimate:
    forward = _at(leg.toe.forward, event, later_s) - _at(leg.heel.forward, event, later_s)
    up = _at(leg.toe.up, event, later_s) - _at(leg.heel.up, event, later_s)
    per = math.degrees(1 / (forward.value**2 + up.value**2))
    turned = up.scaled(forward.value * per) - forward.scaled(up.value * per)
    return Estimate(math.degrees(math.atan2(up.value, forward.value)), turned.gradient)


def _foot_strike(leg: Leg, strikes: Sequence[Event], doubt: Doubt) -> Measure:
    if not leg.has_foot:
        note = "the skeleton has no heel and toe, or they were not seen"
        return Measure("foot_strike_angle", math.nan, math.nan, "deg", leg.side, 0, note=note, source=_ALTMAN)
    angles = [angle for angle in (foot_strike_deg(leg, strike) for strike in strikes) if math.isfinite(angle.value)]
    angle = mean(angles)
    sd = doubt.sd_of(angle)
    return Measure("foot_strike_angle", angle.value, sd, "deg", leg.side, len(angles), source=_ALTMAN)


def _peak_force(contacts: list[Estimate], flights: list[Estimate], doubt: Doubt) -> Measure:
    """Of a sine of force over the contact that carries the body through contact and flight."""
    name, unit = "peak_vertical_force_estimate", "body weights"
    if not contacts or not flights:
        return Measure(name, math.nan, math.nan, unit, note="too few steps were seen", source=_MORIN)
    ratio = mean(flights) / mean(contacts)
    if ratio.value < 0:
        return Measure(name, math.nan, math.nan, unit, note="there is no flight", source=_MORIN)
    value = math.pi / 2 * (ratio.value + 1)
    return Measure(name, value, doubt.sd_of(ratio.scaled(math.pi / 2)), unit, count=len(contacts), source=_MORIN)


def _vertical_ratio(bounce: Estimate, steps: Steps) -> Measure:
    prints = Footprints(steps)
    steps_long = [length for side in LIMBS for length in step_lengths(steps, side, prints)]
    length = mean(steps_long)
    ratio = (bounce / length).scaled(100) if length.value else NOTHING
    note = "" if math.isfinite(ratio.value) else "no whole step"
    value, sd = (ratio.value, steps.doubt.sd_of(ratio)) if not note else (math.nan, math.nan)
    source = (
        "vertical oscillation over step length, what a step costs in bounce: Garmin, running dynamics, vertical ratio"
    )
    return Measure("vertical_ratio", value, sd, "%", count=len(steps_long), note=note, source=source)


def _timed(
    name: str, estimates: Sequence[Estimate], unit: str, doubt: Doubt, *, side: Side = "both", source: str = ""
) -> Measure:
    total = mean(estimates)
    note = "" if estimates else "too few steps were seen"
    return Measure(name, total.value, doubt.sd_of(total), unit, side, len(estimates), note=note, source=source)


def _mean(values: Sequence[float] | FloatArray64) -> float:
    return float(np.mean(values)) if len(values) else math.nan
