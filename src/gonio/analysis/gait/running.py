"""The numbers of running: contact and flight, bounce, reach ahead at landing, and how the foot lands."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from gonio.analysis.gait.contacts import flight_times, stance_times, strides_of
from gonio.analysis.gait.coordinates import Leg
from gonio.analysis.gait.direction import LIMBS
from gonio.analysis.gait.estimate import Estimate, mean
from gonio.analysis.gait.events import HEEL_STRIKE, Steps
from gonio.analysis.gait.lengths import LengthUnit, step_lengths
from gonio.analysis.landmarks import landmark, positions
from gonio.analysis.result import Finding, Measure
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
        yield _timed("contact_time", contacts[side], "s", side=side)
        duty = [stride.stance / stride.time for stride in strides_of(steps, side) if stride.stance is not None]
        yield _timed("duty_factor", [share.scaled(100) for share in duty], "%", side=side, source=_DUTY)
    yield _timed("flight_time", flights, "s")
    yield _peak_force([*contacts["left"], *contacts["right"]], flights)
    bounce, bounce_sd = vertical_oscillation(steps)
    yield Measure(
        "vertical_oscillation", *unit.of(bounce, bounce_sd), unit.name, count=len(steps.events),
        note="" if math.isfinite(bounce) else "hips not seen",
    )  # fmt: skip
    yield _vertical_ratio(bounce, bounce_sd, steps)
    for leg in steps.legs:
        events = steps.times(HEEL_STRIKE, leg.side)
        strikes = [event.time_s for event in events]
        ahead = leg.ankle.forward
        reach = [ahead.at(time_s) for time_s in strikes]
        sds = [math.hypot(ahead.sd_at(event.time_s), ahead.at(event.time_s, 1) * event.sd_s) for event in events]
        value, sd = unit.of(_mean(reach), _mean(sds))
        yield Measure(
            "overstride", value, sd, unit.name, leg.side, len(reach), source="ankle ahead of the hips at strike"
        )
        yield _foot_strike(leg, strikes)
    lean, lean_sd = trunk_lean_deg(sequence, steps)
    yield Measure("trunk_lean", lean, lean_sd, "deg", count=len(sequence), note="mean, positive forward")


def vertical_oscillation(steps: Steps) -> tuple[float, float]:
    """Mean rise of the hips per step, highest minus lowest, and its sd, in the sequence's unit."""
    strikes = [event.time_s for event in steps.events if event.name == HEEL_STRIKE]
    if steps.pelvis is None or len(strikes) < 2:
        return math.nan, math.nan
    up = steps.pelvis.up
    rises, sds = [], []
    for start, end in pairwise(strikes):
        within = (up.time_s >= start) & (up.time_s <= end)
        height = up.position[within]
        if len(height) > 1 and np.isfinite(height).all():
            rises.append(float(np.ptp(height)))
            sds.append(float(np.mean(up.sd[0][within]) * math.sqrt(2)))
    return _mean(rises), _mean(sds) / math.sqrt(max(len(rises), 1))


def trunk_lean_deg(sequence: PoseSequence, steps: Steps) -> tuple[float, float]:
    """Mean angle of hips to shoulders from the vertical, forward positive, and the sd of the mean."""
    points = steps.body.points
    trunk = positions(points, landmark(sequence.skeleton, "mid_shoulder")) - positions(
        points, landmark(sequence.skeleton, "mid_hip")
    )
    lean = np.degrees(np.arctan2(trunk[:, 0], trunk[:, 1]))
    lean = lean[np.isfinite(lean)]
    if not len(lean):
        return math.nan, math.nan
    return float(lean.mean()), float(lean.std() / math.sqrt(len(lean)))


def foot_strike_deg(leg: Leg, strike_s: float) -> float:
    """Pitch of the foot at its strike, toes up positive, against where it rests flat a moment later; NaN unseen."""
    flat = np.linspace(*_FLAT_STRIDES, 5) * leg.stride_s + strike_s
    return _pitch_deg(leg, strike_s) - _mean([_pitch_deg(leg, time_s) for time_s in flat])


def strike_finding(steps: Steps) -> Finding | None:
    """Rearfoot, midfoot or forefoot strike, where feet were seen."""
    angles = [
        foot_strike_deg(leg, event.time_s)
        for leg in steps.legs
        if leg.has_foot
        for event in steps.times(HEEL_STRIKE, leg.side)
    ]
    angle = _mean([value for value in angles if math.isfinite(value)])
    if not math.isfinite(angle):
        return None
    pattern = "rearfoot" if angle > _REARFOOT_DEG else "forefoot" if angle < _FOREFOOT_DEG else "midfoot"
    return Finding("note", f"Lands with a {pattern} strike (foot strike angle {angle:.0f} deg).", source=_ALTMAN)


def _pitch_deg(leg: Leg, time_s: float) -> float:
    forward = leg.toe.forward.at(time_s) - leg.heel.forward.at(time_s)
    return math.degrees(math.atan2(leg.toe.up.at(time_s) - leg.heel.up.at(time_s), forward))


def _foot_strike(leg: Leg, strikes: Sequence[float]) -> Measure:
    if not leg.has_foot:
        note = "the skeleton has no heel and toe, or they were not seen"
        return Measure("foot_strike_angle", math.nan, math.nan, "deg", leg.side, 0, note=note, source=_ALTMAN)
    angles = np.array([foot_strike_deg(leg, time_s) for time_s in strikes])
    angles = angles[np.isfinite(angles)]
    spread = float(angles.std(ddof=1) / math.sqrt(len(angles))) if len(angles) > 1 else math.nan
    return Measure("foot_strike_angle", _mean(list(angles)), spread, "deg", leg.side, len(angles), source=_ALTMAN)


def _peak_force(contacts: list[Estimate], flights: list[Estimate]) -> Measure:
    """Of a sine of force over the contact that carries the body through contact and flight."""
    name, unit = "peak_vertical_force_estimate", "body weights"
    if not contacts or not flights:
        return Measure(name, math.nan, math.nan, unit, note="too few steps were seen", source=_MORIN)
    ratio = mean(flights) / mean(contacts)
    if ratio.value < 0:
        return Measure(name, math.nan, math.nan, unit, note="there is no flight", source=_MORIN)
    value = math.pi / 2 * (ratio.value + 1)
    return Measure(name, value, math.pi / 2 * ratio.sd, unit, count=len(contacts), source=_MORIN)


def _vertical_ratio(bounce: float, bounce_sd: float, steps: Steps) -> Measure:
    steps_long = [length for side in LIMBS for length in step_lengths(steps, side)[0]]
    length = _mean(steps_long)
    note = "" if math.isfinite(bounce / length if length else math.nan) else "no whole step"
    value, sd = (100 * bounce / length, 100 * bounce_sd / length) if not note else (math.nan, math.nan)
    source = (
        "vertical oscillation over step length, what a step costs in bounce: Garmin, running dynamics, vertical ratio"
    )
    return Measure("vertical_ratio", value, sd, "%", count=len(steps_long), note=note, source=source)


def _timed(name: str, estimates: Sequence[Estimate], unit: str, *, side: Side = "both", source: str = "") -> Measure:
    total = mean(list(estimates))
    note = "" if estimates else "too few steps were seen"
    sd = total.sd if estimates else math.nan
    return Measure(name, total.value, sd, unit, side, len(estimates), note=note, source=source)


def _mean(values: Sequence[float] | FloatArray64) -> float:
    return float(np.mean(values)) if len(values) else math.nan
