"""What is seen from the front: width of the base, drop of the pelvis, sway of the trunk, and the rhythm of the feet.

Which foot is ahead cannot be seen from the front, so there are no heel strikes and toe-offs; steps are counted by which
ankle is higher.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gonio.analysis.angles import AngleSeries, angle_series
from gonio.analysis.doubt import Doubt
from gonio.analysis.estimate import Estimate, mean, read
from gonio.analysis.gait.contacts import step_pairs
from gonio.analysis.gait.direction import LIMBS, Body
from gonio.analysis.gait.events import Steps
from gonio.analysis.gait.lengths import LengthUnit
from gonio.analysis.gait.strides import turns
from gonio.analysis.keypoint_errors import KeypointErrors
from gonio.analysis.kinematics import range_of_motion
from gonio.analysis.landmarks import Landmark, landmark, positions
from gonio.analysis.moments import turning
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.readings import Gradient, channels_of, combined, reading
from gonio.analysis.result import Measure
from gonio.analysis.series import Side
from gonio.arrays import FloatArray64, IntArray
from gonio.structures.sequence import PoseSequence

_SWING = 0.4
"""Part of the usual difference of the ankles' heights that must be undone for a step to count."""
_TOP = 0.25
"""Steps about a highest sample to which a parabola is fitted."""
_LEAST_LIFT = 0.05
"""Leg lengths that the ankles' heights differ by, from one foot lifted to the other, of somebody who takes steps."""
_HARMONICS = 3
"""Of the stride in the curves of pelvis and trunk.

Of a walker without noise 1 to 6 of them give 4.7, 4.9, 6.5, 6.5, 6.9, 6.9 deg of pelvis obliquity, and all samples 7.7
(``walk_markers.trc`` from the front); errors make more of it the more there are.
"""
_CLEAR = 2.0
"""Standard deviations that a range must be of, not to be said to be mostly error."""
_MIDDLE = 5
"""Widths that their median moves with: those nearest to it."""
_CYCLE = "of the usual stride, by its first harmonics"
_STEP_WIDTH = "between the lines of the two feet at mid-stance: Whittle, Gait Analysis: An Introduction, 4th ed. 2007"


def frontal_series(sequence: PoseSequence, options: AnalysisOptions) -> tuple[AngleSeries, ...]:
    """Pelvis obliquity and lateral lean of the trunk; left higher and leaning to the left are positive."""
    return tuple(
        angle_series(sequence, name, side="left", options=options)
        for name in ("pelvis_obliquity", "trunk_lateral_lean")
    )


def frontal_measures(
    sequence: PoseSequence, body: Body, unit: LengthUnit, series: tuple[AngleSeries, ...]
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
        yield _range(one, 2 * 60 / cadence.value, errors)


def _range(series: AngleSeries, stride_s: float, errors: KeypointErrors) -> Measure:
    """Of the usual stride: a Fourier series of its period, fitted to all valid samples, largest minus smallest.

    The largest and the smallest sample would be those with the largest errors, the more so the longer the clip.

    Source:
        Harmonics of a stride: Winter, Biomechanics and Motor Control of Human Movement, 4th ed. 2009, chapter 2.
    """
    nothing = replace(range_of_motion(series), value=math.nan, sd=math.nan, side="both")  # only its sign is the left's
    frames = np.flatnonzero(series.valid)
    if not math.isfinite(stride_s):
        return replace(nothing, note=nothing.note or "too few steps were seen")
    if not len(frames) or np.ptp(series.time_s[frames]) < stride_s:
        return replace(nothing, note=nothing.note or "no whole stride")
    turns_by = 2 * np.pi / stride_s * np.outer(series.time_s[frames], np.arange(1, _HARMONICS + 1))
    design = np.hstack([np.ones((len(frames), 1)), np.cos(turns_by), np.sin(turns_by)])
    solved = np.linalg.pinv(design)
    fitted = design @ (solved @ series.values[frames])
    highest, lowest = int(fitted.argmax()), int(fitted.argmin())
    spread = float(fitted[highest] - fitted[lowest])
    made_of = reading(frames, (design[highest] - design[lowest]) @ solved, series.channels, len(series))
    sd = errors.sd_of({made_of: 1.0})
    note = "errors of the keypoints alone may make as much" if spread < _CLEAR * sd else nothing.note
    return replace(nothing, value=spread, sd=sd, note=note, source=_CYCLE)


def frontal_cadence(sequence: PoseSequence, body: Body, errors: KeypointErrors) -> Measure:
    """Steps per minute from which ankle is higher: each is lifted once a stride, and highest where a parabola is."""
    left, right = (_point(sequence, body, "ankle", side)[:, 1] for side in LIMBS)
    higher = left - right
    seen = np.isfinite(higher)
    times, higher = sequence.time_s[seen], higher[seen]
    if len(higher) < 5:
        return Measure("cadence", math.nan, math.nan, "steps/min", note="ankles not seen")
    swing = float(np.subtract(*np.percentile(higher, (95, 5))))
    near_s = [float(times[i]) for i, _ in turns(higher, _SWING * swing)][1:-1]
    if len(near_s) < 2 or not swing > _LEAST_LIFT * body.leg_length:
        return Measure("cadence", math.nan, math.nan, "steps/min", note="too few steps were seen")
    step_s = (near_s[-1] - near_s[0]) / (len(near_s) - 1)
    ends = [landmark(sequence.skeleton, "ankle", side) for side in LIMBS]
    moves = combined((channels_of(ends[0], 1), 1.0), (channels_of(ends[1], 1), -1.0))

    def made_of(samples: IntArray, weights: FloatArray64) -> Gradient:
        return {reading(np.flatnonzero(seen)[samples], weights, moves, len(sequence)): 1.0}

    first, last = (turning(times, higher, near_s=near_s[end], half_s=_TOP * step_s, made_of=made_of) for end in (0, -1))
    apart = last - first
    cadence = 60 * (len(near_s) - 1) / apart.time_s
    sd = cadence / apart.time_s * errors.sd_of(apart.gradient) if first.gradient and last.gradient else math.nan
    return Measure("cadence", cadence, sd, "steps/min", count=len(near_s) - 1)


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
