"""`analyse_auto`: see what somebody does, then analyse that; the reason stands in the facts.

The order is from the most particular to the most general: a golf swing is one movement of joined hands, an exercise is
declared down to its posture, steps alternate. What is none of these still has joint angles.
"""

from dataclasses import dataclass, replace

import numpy as np

from gonio.analysis.angles_activity import analyse_angles
from gonio.analysis.exercises import analyse_exercise, load_exercise, recognise
from gonio.analysis.gait import analyse_gait
from gonio.analysis.gait.contacts import IN_TURN, share_in_turn
from gonio.analysis.gait.events import HEEL_STRIKE, Steps, find_steps
from gonio.analysis.golf import analyse_golf
from gonio.analysis.golf.events import find_events
from gonio.analysis.golf.signals import Player, player
from gonio.analysis.landmarks import Limb, require_one_person
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis, Finding
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

_LIMBS: tuple[Limb, Limb] = ("left", "right")
_ONE_GRIP = 0.35
"""Arm lengths between wrists that hold one club, at most; a hand's width is 0.15."""
_FEET_STAY = 0.5
"""Arm lengths that an ankle may move in a swing; the trail foot turns on its toes."""
_UP_AND_DOWN = 0.9
"""Arm lengths between the hands at the top and at their lowest: a half swing at least."""
_SLOWER_BACK = 1.3
"""Backswing over downswing: a swing is slower going back, what goes up and down evenly is an exercise."""
_WALKED = 0.4
"""Part of the time in sight between the first and the last heel strike."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a clip shows.

    Attributes:
        activity: ``"golf"``, the name of an exercise, ``"gait"``, ``"running"`` or ``"angles"``.
        reason: Why, one sentence.
    """

    activity: str
    reason: str


def decide(sequence: PoseSequence, options: AnalysisOptions | None = None) -> Decision:
    """Tell what one person does.

    Args:
        sequence: Of one person, cleaned.
        options: ``up_deg`` and ``min_score`` are used.

    Raises:
        ConfigError: If the sequence is not of one person.
    """
    require_one_person(sequence)
    options = options or AnalysisOptions()
    one = player(sequence, options)
    if one is not None and _swings_a_club(one, options):
        return Decision("golf", "joined hands go up slowly and down fast, once, over feet that stay")
    seen = recognise(sequence, options=options)
    if seen.exercise is not None:
        return Decision(seen.exercise, f"posture and movement are those of the exercise, score {seen.score:.2f} of 1")
    steps = find_steps(sequence, up_deg=options.up_deg, min_score=options.min_score)
    if _goes(sequence, steps):
        strikes = sum(event.name == HEEL_STRIKE for event in steps.events)
        return Decision(steps.locomotion.activity, f"{strikes} heel strikes, left and right in turn")
    return Decision("angles", "no golf swing, no declared exercise and no steps were recognised")


def analyse_auto(sequence: PoseSequence, options: AnalysisOptions | None = None) -> Analysis:
    """See what somebody does and analyse that.

    Raises:
        ConfigError: If the sequence is not of one person.
    """
    options = options or AnalysisOptions()
    decision = decide(sequence, options)
    analysis = _analysed(decision.activity, sequence, options)
    name = "walking" if decision.activity == "gait" else decision.activity
    return replace(
        analysis,
        findings=(*analysis.findings, Finding("note", f"Recognised as {name}: {decision.reason}.")),
        facts={**analysis.facts, "recognised": f"{name}: {decision.reason}"},
    )


def _analysed(activity: str, sequence: PoseSequence, options: AnalysisOptions) -> Analysis:
    if activity == "golf":
        return analyse_golf(sequence, options)
    if activity == "angles":
        return analyse_angles(sequence, options)
    if activity == "gait":
        return analyse_gait(sequence, options, activity="gait")
    if activity == "running":
        return analyse_gait(sequence, options, activity="running")
    return analyse_exercise(sequence, load_exercise(activity), options)


def _swings_a_club(one: Player, options: AnalysisOptions) -> bool:
    """Address to follow-through with one grip, over feet that stay, slower back than down."""
    events = find_events(one, options)
    if events is None:
        return False
    moments = [events.moments[name] for name in ("address", "top", "impact", "mid_follow_through")]
    if not all(moment.found for moment in moments):
        return False
    address, top, impact, through = (moment.time_s for moment in moments)
    swing = (one.time_s >= address) & (one.time_s <= through)
    grip = np.linalg.norm(one.across("wrist")[swing], axis=-1) / one.arm
    heights = one.height(events.lead)[swing]
    ankles = [one.at("ankle", side)[swing] for side in _LIMBS]
    moved = max((float(np.ptp(seen, axis=0).max()) for seen in map(_seen, ankles) if len(seen)), default=0.0)
    return bool(
        np.isfinite(grip).any()
        and np.nanmedian(grip) < _ONE_GRIP
        and np.ptp(heights) > _UP_AND_DOWN
        and moved < _FEET_STAY * one.arm
        and top - address > _SLOWER_BACK * (impact - top)
    )


def _seen(points: FloatArray64) -> FloatArray64:
    return points[np.isfinite(points).all(axis=-1)]


def _goes(sequence: PoseSequence, steps: Steps) -> bool:
    """Whether somebody walks or runs for most of the time that they are in sight."""
    strikes = [event for event in steps.events if event.name == HEEL_STRIKE]
    if not share_in_turn(strikes) >= IN_TURN:
        return False
    seen = np.isfinite(sequence.keypoints[:, 0]).all(axis=-1).any(axis=-1)
    walked_s = strikes[-1].time_s - strikes[0].time_s
    return bool(walked_s >= _WALKED * np.ptp(sequence.time_s[seen]))
