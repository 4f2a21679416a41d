"""What is seen from the front: width of the base, drop of the pelvis, sway of the trunk, and the rhythm of the feet.

Which foot is ahead cannot be seen from the front, so there are no heel strikes and toe-offs; steps are counted by which
ankle is higher.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gonio.analysis.angles import angle_series
from gonio.analysis.gait.contacts import step_pairs
from gonio.analysis.gait.direction import LIMBS, Body
from gonio.analysis.gait.events import Steps
from gonio.analysis.gait.lengths import LengthUnit
from gonio.analysis.gait.strides import turns
from gonio.analysis.kinematics import range_of_motion
from gonio.analysis.landmarks import landmark, positions
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Measure
from gonio.analysis.series import Series, Side
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

_SWING = 0.4
"""Part of the usual difference of the ankles' heights that must be undone for a step to count."""
_LEAST_LIFT = 0.05
"""Leg lengths that the ankles' heights differ by, from one foot lifted to the other, of somebody who takes steps."""
_STEP_WIDTH = "between the lines of the two feet at mid-stance: Whittle, Gait Analysis: An Introduction, 4th ed. 2007"


def frontal_series(sequence: PoseSequence, options: AnalysisOptions) -> tuple[Series, ...]:
    """Pelvis obliquity and lateral lean of the trunk; left higher and leaning to the left are positive."""
    return tuple(
        angle_series(sequence, name, side="left", options=options)
        for name in ("pelvis_obliquity", "trunk_lateral_lean")
    )


def frontal_measures(
    sequence: PoseSequence, body: Body, unit: LengthUnit, series: tuple[Series, ...]
) -> Iterator[Measure]:
    """Cadence, step width and ranges of motion, of somebody seen from the front or back."""
    cadence = frontal_cadence(sequence, body)
    yield cadence
    across = {side: _point(sequence, body, "ankle", side) for side in LIMBS}
    apart = np.abs(across["right"][:, 0] - across["left"][:, 0])
    stepped = math.isfinite(cadence.value)
    widths = apart[np.isfinite(apart)] if stepped else np.zeros(0)
    yield _width(widths, unit, steps=cadence.count, why_not="ankles not seen" if stepped else cadence.note)
    for one in series:
        yield replace(range_of_motion(one), side="both")  # the same of either side: only the curve's sign is the left's


def frontal_cadence(sequence: PoseSequence, body: Body) -> Measure:
    """Steps per minute from which ankle is higher: each is lifted once a stride."""
    left, right = (_point(sequence, body, "ankle", side)[:, 1] for side in LIMBS)
    higher = left - right
    seen = np.isfinite(higher)
    times, higher = sequence.time_s[seen], higher[seen]
    if len(higher) < 5:
        return Measure("cadence", math.nan, math.nan, "steps/min", note="ankles not seen")
    swing = float(np.subtract(*np.percentile(higher, (95, 5))))
    lifts = np.array([times[i] for i, _ in turns(higher, _SWING * swing)][1:-1])
    if len(lifts) < 2 or not swing > _LEAST_LIFT * body.leg_length:
        return Measure("cadence", math.nan, math.nan, "steps/min", note="too few steps were seen")
    step_s = (lifts[-1] - lifts[0]) / (len(lifts) - 1)
    frame_sd = float(np.median(np.diff(times))) / math.sqrt(12) * math.sqrt(2) / (len(lifts) - 1)
    return Measure("cadence", 60 / step_s, 60 / step_s**2 * frame_sd, "steps/min", count=len(lifts) - 1)


def step_width(steps: Steps, sequence: PoseSequence, unit: LengthUnit) -> Measure | None:
    """Lateral distance of neighbouring footprints, where space is known; None of a picture from the side."""
    widths = []
    for earlier, later in step_pairs(steps):
        places = []
        for event in (earlier, later):
            lateral = _point(sequence, steps.body, "heel", event.side)[:, 2]
            if not np.isfinite(lateral).any():
                lateral = _point(sequence, steps.body, "ankle", event.side)[:, 2]
            places.append(float(np.interp(event.time_s + 0.15 * steps.stride_s, sequence.time_s, lateral)))
        widths.append(abs(places[1] - places[0]))
    widths = [width for width in widths if math.isfinite(width)]
    return _width(np.array(widths), unit, steps=len(widths)) if widths else None


def _width(widths: FloatArray64, unit: LengthUnit, *, steps: int, why_not: str = "") -> Measure:
    """The usual one; frames of one step say the same thing, so that steps are counted and not frames."""
    if not len(widths):
        return Measure("step_width", math.nan, math.nan, unit.name, count=0, note=why_not, source=_STEP_WIDTH)
    value = float(np.median(widths)) * unit.factor
    sd = float(widths.std() / math.sqrt(max(steps, 1))) * unit.factor
    sd = math.hypot(sd, value * unit.relative_sd)
    return Measure("step_width", value, sd, unit.name, count=steps, source=_STEP_WIDTH)


def _point(sequence: PoseSequence, body: Body, name: str, side: Side) -> FloatArray64:
    return positions(body.points, landmark(sequence.skeleton, name, side))
