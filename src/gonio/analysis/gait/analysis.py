"""`analyse_gait`: everything that can be said of how one person walks or runs."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np

from gonio.analysis.angles import angle_series
from gonio.analysis.gait.contacts import IN_TURN, share_in_turn, strides_of
from gonio.analysis.gait.cycles import cycle_of
from gonio.analysis.gait.direction import LIMBS, Body, body_of
from gonio.analysis.gait.events import Steps, find_steps
from gonio.analysis.gait.frontal import frontal_measures, frontal_series, step_width
from gonio.analysis.gait.lengths import LengthUnit, length_unit
from gonio.analysis.gait.parameters import double_support, lengths, symmetry, timing, variability
from gonio.analysis.gait.running import running_measures, strike_finding
from gonio.analysis.gait.strides import has_few_frames, stride_time
from gonio.analysis.gait.ways import longest_way
from gonio.analysis.landmarks import Limb, landmark, positions, require_one_person
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis, Cycle, Finding, Measure
from gonio.analysis.series import Series
from gonio.analysis.view import View, detect_view
from gonio.arrays import BoolArray
from gonio.errors import ConfigError
from gonio.structures.flags import EXCLUDED
from gonio.structures.sequence import PoseSequence

Wanted = Literal["auto", "gait", "running"]

_ANGLES = ("knee_flexion", "hip_flexion", "ankle_dorsiflexion")
_CLEAR_BOUNCE = 0.3
_CLEAR_SIGN = 0.5
_SLOW_FPS = 50.0
_FEWEST_FPS = 15.0
_FEW_STRIDES = 3
_EITHER_WAY = (
    "cadence",
    "stride_time",
    "step_time",
    "step_width",
    "step_time_symmetry_index",
    "stride_time_variability",
)
"""Measures that hold for walking backwards too: of times between the same moments of two steps."""
_NO_STEPS = "No steps were found"
_SHORTEST_WAY = 2.0
"""Strides: a shorter way, without its turns, gives few steps or none."""
_LEG_PARTS = ("hip", "knee", "ankle", "heel", "big_toe", "foot_index")


def analyse_gait(
    sequence: PoseSequence,
    options: AnalysisOptions | None = None,
    *,
    activity: Wanted = "auto",
    method_errors: bool = True,
) -> Analysis:
    """Events, parameters and cycles of walking or running.

    Args:
        sequence: Of one person, cleaned; px or m, two or three dimensions. With ``keypoint_sd``, the error bars are
            what it makes of them; without, what the keypoints tremble by.
        options: ``view``, ``up_deg``, ``min_score``, and ``metres_per_px`` or ``height_m`` for lengths in metres.
        activity: ``"gait"`` and ``"running"`` say which it is; ``"auto"`` tells them apart.
        method_errors: Whether error bars hold what the methods that time events scatter about the true moment, beside
            what keypoint errors make of a number; False: keypoint errors alone, to be held against drawn ones.

    Returns:
        Events ``heel_strike`` and ``toe_off`` of both sides. Seen from the front, without events. Somebody who does not
        walk gives no events, and a finding that says so.

    Raises:
        ConfigError: If the sequence is not of one person, or the activity is none of these.
    """
    require_one_person(sequence)
    if activity not in ("auto", "gait", "running"):
        raise ConfigError(f"gait analysis knows no activity {activity!r}; say 'auto', 'gait' or 'running'.")
    options = options or AnalysisOptions()
    way = longest_way(_usable(sequence), up_deg=options.up_deg, min_score=options.min_score)
    if way is not None:
        return _of_one_way(sequence, options, activity, way, method_errors=method_errors)
    view = detect_view(sequence, options=options)
    if view.kind == "frontal" and sequence.keypoints.shape[-1] == 2:
        return _from_the_front(sequence, options, view)
    usable = _usable(sequence)
    steps = find_steps(
        usable, activity=None if activity == "auto" else activity, up_deg=options.up_deg, min_score=options.min_score,
        method_errors=method_errors,
    )  # fmt: skip
    unit = length_unit(sequence, steps.body, options)
    series = tuple(
        angle_series(sequence, name, side=side, view=view, options=options) for name in _ANGLES for side in LIMBS
    )
    return Analysis(
        activity=steps.locomotion.activity,
        track_id=int(sequence.track_ids[0]),
        events=steps.events,
        measures=tuple(_measures(sequence, steps, unit)),
        series=tuple(one for one in series if one.valid.any()),
        cycles=tuple(_cycles(steps, series)),
        findings=tuple(_findings(sequence, steps, view, activity)),
        excluded_fraction=_excluded_fraction(usable),
        facts=_facts(steps.body, view, unit)
        | {"events": "weighted mean of methods, see docs/gait.md"}
        | _other_gait(steps, activity),
        history=sequence.history,
    )


def _of_one_way(
    sequence: PoseSequence,
    options: AnalysisOptions,
    activity: Wanted,
    way: tuple[float, float],
    *,
    method_errors: bool,
) -> Analysis:
    """Of somebody who goes to and fro: one way of it, and a sentence that says which."""
    part = sequence.between(*way)
    found = analyse_gait(part, options, activity=activity, method_errors=method_errors)
    text = (
        f"The person goes to and fro: measured from {way[0]:.1f} to {way[1]:.1f} s, the longest way in one direction; "
        "cut the clip for the others."
    )
    findings = [Finding("limit", text), *found.findings]
    if _is_short(way, sequence, options):
        others = [finding for finding in findings if not finding.text.startswith(_NO_STEPS)]
        lead = "Means are of little weight" if len(others) == len(findings) else _NO_STEPS
        short = f"{lead}: without its turns even this way is less than two strides; film longer ways."
        findings = [others[0], Finding("limit", short), *others[1:]]
    left_out = 1 - len(part) / len(sequence) * (1 - found.excluded_fraction)
    return replace(found, findings=tuple(findings), excluded_fraction=left_out)


def _is_short(way: tuple[float, float], sequence: PoseSequence, options: AnalysisOptions) -> bool:
    usable = _usable(sequence)
    body = body_of(usable, up_deg=options.up_deg, min_score=options.min_score)
    return way[1] - way[0] < _SHORTEST_WAY * stride_time(body, usable)


def _measures(sequence: PoseSequence, steps: Steps, unit: LengthUnit) -> Iterator[Measure]:
    if not steps.events:
        return
    for measure in _all_measures(sequence, steps, unit):
        if steps.body.backward and measure.name not in _EITHER_WAY:
            measure = replace(measure, value=math.nan, sd=math.nan, note="the person moves backwards")
        yield measure


def _all_measures(sequence: PoseSequence, steps: Steps, unit: LengthUnit) -> Iterator[Measure]:
    yield from timing(steps)
    if steps.locomotion.activity == "running":
        yield from running_measures(sequence, steps, unit)
    else:
        yield double_support(steps)
    yield from lengths(steps, unit)
    width = step_width(steps, sequence, unit)
    if width is not None:
        yield width
    yield from symmetry(steps)
    yield from variability(steps)


def _cycles(steps: Steps, series: tuple[Series, ...]) -> Iterator[Cycle]:
    for one in series:
        if one.side != "both" and one.valid.any():
            strides = strides_of(steps, one.side)
            if strides:
                yield cycle_of(one, strides)


def _findings(sequence: PoseSequence, steps: Steps, view: View, activity: Wanted) -> Iterator[Finding]:
    rate = 1 / float(np.median(np.diff(sequence.time_s))) if len(sequence) > 1 else math.nan
    if not steps.events:
        yield Finding("limit", f"{_NO_STEPS}: {_why_no_steps(sequence, steps.body, rate)}.")
    elif share_in_turn(steps.events) < IN_TURN:
        yield Finding(
            "limit", "Left and right heel strikes do not take turns: this may be no walking, or steps are missed."
        )
    bounce = steps.locomotion.bounce
    if other := _other_gait(steps, activity).get("looks like"):
        name = "running" if other == "running" else "gait"
        yield Finding("limit", f"This looks like {other}, and was measured as was asked for; --as {name} is for it.")
    if activity == "auto" and steps.events and not abs(bounce) > _CLEAR_BOUNCE:
        other = "running" if steps.locomotion.activity == "gait" else "walking"
        yield Finding("limit", f"Walking and running are hardly told apart here; it may be {other}: say which it is.")
    if view.kind == "oblique":
        yield Finding("limit", "Seen at an angle, not from the side: lengths and angles come out too small.")
    if steps.body.agreement < _CLEAR_SIGN:
        yield Finding("limit", "Which way the person faces is uncertain; if it is wrong, strikes and toe-offs are too.")
    if steps.body.backward:
        yield Finding("limit", "The person moves backwards; the methods are made for walking forwards.")
    if steps.events and rate < _SLOW_FPS:
        yield Finding("limit", f"At {rate:.0f} frames per second single events are uncertain; trust means of strides.")
    if steps.legs and not all(leg.has_foot for leg in steps.legs):
        yield Finding("limit", "Heels and toes are not seen; events are those of the ankles, and less certain.")
    if 0 < min((len(strides_of(steps, side)) for side in LIMBS), default=0) < _FEW_STRIDES:
        yield Finding("limit", "Fewer than three whole strides of a foot: means are of little weight.")
    if steps.locomotion.activity == "running":
        pattern = strike_finding(steps)
        if pattern is not None:
            yield pattern


def _other_gait(steps: Steps, activity: Wanted) -> dict[str, str]:
    """``{"looks like": "walking"}`` of what was asked to be a run, or the other way round; else nothing."""
    bounce = steps.locomotion.bounce
    other = "running" if activity == "gait" and bounce > _CLEAR_BOUNCE else ""
    other = "walking" if activity == "running" and bounce < -_CLEAR_BOUNCE else other
    return {"looks like": other} if other and steps.events else {}


def _why_no_steps(sequence: PoseSequence, body: Body, rate: float) -> str:
    unseen = [side for side in LIMBS if not _foot_is_seen(sequence, side)]
    if unseen:
        return f"the {' and the '.join(unseen)} ankle is hidden for most of the time, and steps need both"
    if rate < _FEWEST_FPS:
        return f"with {rate:.0f} frames per second feet can hardly be followed; film with 30 or more"
    if has_few_frames(body, _usable(sequence)):
        return "with so few frames a stride, or such rough keypoints, feet cannot be followed; film with more frames"
    return "the feet do not pass each other again and again"


def _foot_is_seen(sequence: PoseSequence, side: Limb) -> bool:
    points = positions(_usable(sequence).keypoints[:, 0].astype(np.float64), landmark(sequence.skeleton, "ankle", side))
    return bool(np.isfinite(points).all(axis=-1).mean() > 0.5) if len(points) else False


def _from_the_front(sequence: PoseSequence, options: AnalysisOptions, view: View) -> Analysis:
    usable = _usable(sequence)
    body = body_of(usable, up_deg=options.up_deg, min_score=options.min_score)
    unit = length_unit(sequence, body, options)
    series = frontal_series(sequence, options)
    measures = tuple(frontal_measures(usable, body, unit, series))
    limits = ["Seen from the front: heel strikes, toe-offs and step lengths cannot be measured; film from the side."]
    if not math.isfinite(measures[0].value):
        limits.append(f"{_NO_STEPS}: the feet are not lifted in turn.")
    return Analysis(
        activity="gait",
        track_id=int(sequence.track_ids[0]),
        measures=measures,
        series=series,
        findings=tuple(Finding("limit", limit) for limit in limits),
        excluded_fraction=_excluded_fraction(usable),
        facts=_facts(body, view, unit),
        history=sequence.history,
    )


def _usable(sequence: PoseSequence) -> PoseSequence:
    """Without the keypoints that cleaning excluded."""
    if sequence.flags is None:
        return sequence
    excluded = (sequence.flags & int(EXCLUDED)) > 0
    keypoints = np.where(excluded[..., None], np.float32("nan"), sequence.keypoints)
    return PoseSequence(
        keypoints, sequence.scores, sequence.time_s, sequence.track_ids, sequence.skeleton, sequence.unit,
        sequence.history, sequence.keypoint_sd, sequence.flags,
    )  # fmt: skip


def _excluded_fraction(sequence: PoseSequence) -> float:
    """Share of the frames in which a keypoint of a leg is missing that is otherwise seen."""
    names = sequence.skeleton.keypoint_names
    parts = [
        i for i, name in enumerate(names) if any(name == f"{side}_{part}" for side in LIMBS for part in _LEG_PARTS)
    ]
    seen: BoolArray = np.asarray(np.isfinite(sequence.keypoints[:, 0, parts]).all(axis=-1))
    used = seen.mean(axis=0) > 0.5 if len(sequence) else np.zeros(len(parts), bool)
    return float(1 - seen[:, used].all(axis=1).mean()) if used.any() else 1.0


def _facts(body: Body, view: View, unit: LengthUnit) -> dict[str, str]:
    facing: str = "right" if body.forward_sign > 0 else "left"
    near = "both" if view.visible_side == "both" else facing  # who goes to the right shows the right side
    if view.kind == "frontal":
        facing = view.facing
    return {
        "view": view.kind,
        "facing": facing,
        "near side": near,
        "movement": "over the ground" if body.travels else "in place, as on a treadmill",
        "scale": unit.source,
    }
