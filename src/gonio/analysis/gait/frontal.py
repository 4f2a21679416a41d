"""What is seen from the front: width of the base, drop of the pelvis, sway of the trunk, and the rhythm of the feet.

Which foot is ahead cannot be seen from the front, so there are no heel strikes and toe-offs; steps are counted by which
ankle is higher.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gonio.analysis.angle_readings import of_range
from gonio.analysis.angles import angle_series
from gonio.analysis.gait.contacts import step_pairs
from gonio.analysis.gait.direction import LIMBS, Body
from gonio.analysis.gait.doubt import Doubt
from gonio.analysis.gait.estimate import Estimate, mean, read
from gonio.analysis.gait.events import Steps
from gonio.analysis.gait.lengths import LengthUnit
from gonio.analysis.gait.strides import turns
from gonio.analysis.keypoint_errors import KeypointErrors
from gonio.analysis.kinematics import range_of_motion
from gonio.analysis.landmarks import Landmark, landmark, positions
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.readings import channels_of, combined, reading
from gonio.analysis.result import Measure
from gonio.analysis.series import Series, Side
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

_SWING = 0.4
"""Part of the usual difference of the ankles' heights that must be undone for a step to count."""
_LEAST_LIFT = 0.05
"""Leg lengths that the ankles' heights differ by, from one foot lifted to the other, of somebody who takes steps."""
_MIDDLE = 5
"""Widths that their median moves with: those nearest to it."""
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
    errors = KeypointErrors.of(sequence)
    cadence = frontal_cadence(sequence, body, errors)
    yield cadence
    across = {side: _point(sequence, body, "ankle", side) for side in LIMBS}
    between = across["right"][:, 0] - across["left"][:, 0]
    if math.isfinite(cadence.value) and np.isfinite(between).any():
        ends = [landmark(sequence.skeleton, "ankle", side) for side in reversed(LIMBS)]
        width = _usual_apart(between, ends)
        yield _width(width, unit, Doubt(errors, {}), steps=cadence.count)
    else:
        note = cadence.note or "ankles not seen"
        yield Measure("step_width", math.nan, math.nan, unit.name, count=0, note=note, source=_STEP_WIDTH)
    for one in series:
        sd = errors.sd_of(of_range(one, np.arange(len(one)))) if np.isfinite(one.sd).any() else math.nan
        yield replace(range_of_motion(one), sd=sd, side="both")  # of either side: only the curve's sign is the left's


def frontal_cadence(sequence: PoseSequence, body: Body, errors: KeypointErrors) -> Measure:
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
    frame_sd_s = float(np.median(np.diff(times))) / math.sqrt(12)
    lift_sd_s = math.hypot(_lift_sd_s(sequence, errors, swing, step_s), frame_sd_s)
    sd = 60 / step_s**2 * math.sqrt(2) * lift_sd_s / (len(lifts) - 1)  # the first lift and the last
    return Measure("cadence", 60 / step_s, sd, "steps/min", count=len(lifts) - 1)


def _lift_sd_s(sequence: PoseSequence, errors: KeypointErrors, swing: float, step_s: float) -> float:
    """How long an ankle is so high that errors decide which frame is the highest, as an sd.

    The heights differ about as a sine of half a period per step. A highest sample has no slope to carry errors with:
    it lies evenly within the time at which the sine is lower by less than half their sd, the best of several samples.
    """
    quarter = max(1, round(step_s / 4 / float(np.median(np.diff(sequence.time_s)))))
    frames = np.array([0, quarter]) + (len(sequence) - quarter) // 2
    ends = [landmark(sequence.skeleton, "ankle", side) for side in LIMBS]
    moves = combined((channels_of(ends[0], 1), 1.0), (channels_of(ends[1], 1), -1.0))
    sd = errors.sd_of({reading(frames, np.array([1.0, -1.0]), moves, len(sequence)): 1.0})
    bend = swing / 2 * (math.pi / step_s) ** 2
    return math.sqrt(2 * (sd / 2) / bend / 3)


def step_width(steps: Steps, sequence: PoseSequence, unit: LengthUnit) -> Measure | None:
    """Lateral distance of neighbouring footprints, where space is known; None of a picture from the side."""
    places = {
        event: _lateral(sequence, steps.body, event.side, event.time_s + 0.15 * steps.stride_s)
        for pair in step_pairs(steps)
        for event in pair
    }
    found = (places[later] - places[earlier] for earlier, later in step_pairs(steps))
    widths = [width.scaled(math.copysign(1, width.value)) for width in found if math.isfinite(width.value)]
    if not widths:
        return None
    usual = float(np.median([width.value for width in widths]))
    middle = mean(sorted(widths, key=lambda width: abs(width.value - usual))[:_MIDDLE])
    return _width(Estimate(usual, middle.gradient), unit, steps.doubt, steps=len(widths))


def _lateral(sequence: PoseSequence, body: Body, side: Side, time_s: float) -> Estimate:
    """Where a foot is to the right at a time, linear between the frames."""
    where = landmark(sequence.skeleton, "heel", side)
    lateral = positions(body.points, where)[:, 2]
    if not np.isfinite(lateral).any():
        where = landmark(sequence.skeleton, "ankle", side)
        lateral = positions(body.points, where)[:, 2]
    value = float(np.interp(time_s, sequence.time_s, lateral))
    after = int(np.clip(np.searchsorted(sequence.time_s, time_s), 1, len(sequence) - 1))
    frames = np.array([after - 1, after])
    share = float(np.clip((time_s - sequence.time_s[after - 1]) / np.diff(sequence.time_s[frames])[0], 0.0, 1.0))
    seen = reading(frames, np.array([1 - share, share]), channels_of(where, 2), len(sequence))
    return read(value, (seen, 1.0))


def _usual_apart(between: FloatArray64, ends: list[Landmark]) -> Estimate:
    """Median distance along the picture over all frames; it moves as the middle half of them do."""
    apart = np.abs(between)
    low, middle, high = np.nanpercentile(apart, (25, 50, 75))
    frames = np.flatnonzero((apart >= low) & (apart <= high))
    moves = combined((channels_of(ends[0], 0), 1.0), (channels_of(ends[1], 0), -1.0))
    weights = np.sign(between[frames]) / len(frames)
    return read(float(middle), (reading(frames, weights, moves, len(between)), 1.0))


def _width(width: Estimate, unit: LengthUnit, doubt: Doubt, *, steps: int) -> Measure:
    return Measure("step_width", *unit.of(width, doubt), unit.name, count=steps, source=_STEP_WIDTH)


def _point(sequence: PoseSequence, body: Body, name: str, side: Side) -> FloatArray64:
    return positions(body.points, landmark(sequence.skeleton, name, side))
