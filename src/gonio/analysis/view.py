"""From where a person is seen: from the side, from the front or back, or between; and which way they face.

Signs of angles depend on it. Everything is read from turns between segments (which way knees bend, feet point, the nose
lies from the ears) and from widths across the trunk, so neither the roll of the camera nor lying down matters.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gonio.analysis.landmarks import Limb, landmark, positions, require_one_person
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.series import Side
from gonio.analysis.upright import trunk_length, upright
from gonio.analysis.validity import keypoint_reasons
from gonio.analysis.windows import rolling_median
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

Kind = Literal["side", "frontal", "oblique"]
Facing = Literal["left", "right", "camera", "away"]

_WIDTHS = {"shoulder": (0.72, 2.0), "hip": (0.45, 1.0)}
"""Width between the keypoints over trunk length seen from the front, and its weight.

Of two people who squat facing the camera: 0.72 to 0.75 and 0.44 to 0.45; of 66 labelled people of COCO, who stand any
way, the 75th to 90th percentile is 0.67 to 0.78 and 0.49 to 0.58. The shoulders weigh more, for they are found better.
"""
_SIDE_DEG = 30.0
_FRONTAL_DEG = 55.0
"""Turned away from the side view by less: side; by more: frontal."""
_CLEARLY = 0.2
"""Mean sine of the turns between segments from which on somebody clearly faces left or right."""
_FACING_S = 1.0
"""Who faces the other way for less has not turned round, or it was a model's error."""
_LIMBS: tuple[Limb, Limb] = ("left", "right")


@dataclass(frozen=True, slots=True)
class View:
    """How a person is seen over a whole sequence.

    Attributes:
        kind: ``"side"``, ``"frontal"`` or ``"oblique"``, between them.
        facing: ``"left"`` or ``"right"`` of the picture from the side, else ``"camera"`` or ``"away"``. Of somebody who
            lies or leans: as if they were turned upright.
        visible_side: The person's side that is towards the camera; ``"both"`` from the front.
        confidence: In [0, 1]: how well the signs agree.
        note: What it was read from, one sentence.
        sideways: 1: faces right of the picture, -1: left; also known of oblique and frontal views where knees or feet
            show it.
        rightward: -1: the person's right is on the left of the picture, as of somebody who faces the camera; 1: on its
            right.
        turned_deg: From the side view, 0, to the frontal view, 90; NaN where unknown.
    """

    kind: Kind
    facing: Facing
    visible_side: Side
    confidence: float
    note: str
    sideways: Literal[-1, 1] = 1
    rightward: Literal[-1, 1] = -1
    turned_deg: float = float("nan")


def detect_view(sequence: PoseSequence, *, options: AnalysisOptions | None = None) -> View:
    """Find the view of one person.

    Args:
        sequence: Of one person. In three dimensions every plane is seen, and forward is known.
        options: ``view`` overrides the kind, ``min_score`` hides keypoints from the decision.

    Raises:
        ConfigError: If the sequence is not of one person.
    """
    require_one_person(sequence)
    options = options or AnalysisOptions()
    if sequence.keypoints.shape[-1] == 3:
        return View("side", "right", "both", 1.0, "three dimensions: every plane is seen")
    points = upright(sequence)[:, 0]
    points = np.where((keypoint_reasons(sequence, options.min_score) == 0)[..., None], points, np.nan)
    width = _width(points, sequence)
    turn = _turn_votes(points, sequence)
    kind, known = _kind(width, options)
    sideways: Literal[-1, 1] = 1 if turn >= 0 else -1
    rightward: Literal[-1, 1] = 1 if width > 0 else -1
    view = View(kind, "right", "both", 0.0, "", sideways, rightward, _turned_deg(width))
    if kind == "frontal":
        facing: Facing = "away" if rightward > 0 else "camera"
        sure = min(1.0, abs(width)) if np.isfinite(width) else 0.0
        return replace(view, facing=facing, confidence=sure, note=_frontal_note(width, known))
    side: Limb = "right" if sideways > 0 else "left"
    sure = min(1.0, 2 * abs(turn)) * (1.0 if kind == "side" else 0.7)
    note = f"{known}, {'no sign' if turn == 0 else 'knees, feet and head'} show facing {side}"
    return replace(view, facing=side, visible_side=side, confidence=sure, note=note)


def longest_facing(sequence: PoseSequence, *, options: AnalysisOptions | None = None) -> tuple[float, float] | None:
    """From when to when, in seconds, somebody who turns round faces one way for longest; None of one who does not.

    Knees and feet say which way: heads turn and arms wave without the body. Not for the frontal view, whose knees go
    either way.

    Args:
        sequence: Of one person, in two dimensions; in three, forward is known at every moment.
        options: ``min_score`` hides keypoints from the decision.
    """
    if sequence.keypoints.shape[-1] == 3 or len(sequence) < 2:
        return None
    options = options or AnalysisOptions()
    points = upright(sequence)[:, 0]
    points = np.where((keypoint_reasons(sequence, options.min_score) == 0)[..., None], points, np.nan)
    cues = list(_leg_cues(points, sequence))
    sines, weights = np.stack([sine for _, sine in cues]), np.array([weight for weight, _ in cues])[:, None]
    total = (weights * np.isfinite(sines)).sum(axis=0)
    votes = np.divide(
        (weights * np.nan_to_num(sines)).sum(axis=0), total, out=np.full(len(total), np.nan), where=total > 0
    )
    votes = rolling_median(votes, sequence.time_s, _FACING_S / 2)
    clear = np.flatnonzero(np.abs(votes) > _CLEARLY)
    changes = np.flatnonzero(np.diff(np.sign(votes[clear])))
    ways = [(part[0], part[-1]) for part in np.split(clear, changes + 1) if len(part)]
    times = [(float(sequence.time_s[first]), float(sequence.time_s[last])) for first, last in ways]
    lasting = [way for way in times if way[1] - way[0] > _FACING_S]
    signs = {float(np.sign(votes[first])) for (first, _), way in zip(ways, times, strict=True) if way in lasting}
    return max(lasting, key=lambda way: way[1] - way[0]) if len(signs) > 1 else None


def _kind(width: float, options: AnalysisOptions) -> tuple[Kind, str]:
    if options.view is not None:
        return options.view, "as told"
    turned = _turned_deg(width)
    if not np.isfinite(turned):
        return "oblique", "shoulders and hips not seen"
    known = f"shoulders and hips turned {turned:.0f} deg from the side view"
    if turned < _SIDE_DEG:
        return "side", known
    return ("frontal" if turned > _FRONTAL_DEG else "oblique"), known


def _frontal_note(width: float, known: str) -> str:
    if not np.isfinite(width):
        return f"{known}; shoulders and hips not seen, taken as facing the camera"
    return f"{known}; right shoulder and hip on the {'left' if width <= 0 else 'right'} of the picture"


def _turned_deg(width: float) -> float:
    return float(np.degrees(np.arcsin(np.clip(abs(width), 0, 1))))


def _width(points: FloatArray64, sequence: PoseSequence) -> float:
    """Signed width across the trunk as a part of the frontal one: positive where right is on the picture's right.

    The median of signed widths, so that arm swing and noise about zero of a side view cancel.
    """
    trunk = positions(points, landmark(sequence.skeleton, "mid_shoulder")) - positions(
        points, landmark(sequence.skeleton, "mid_hip")
    )
    length = trunk_length(points, sequence)
    total, weights = 0.0, 0.0
    for name, (frontal, weight) in _WIDTHS.items():
        left, right = (positions(points, landmark(sequence.skeleton, name, side)) for side in _LIMBS)
        across = _cross(right - left, trunk) / (np.linalg.norm(trunk, axis=-1) * length * frontal)
        if np.isfinite(across).any():
            total, weights = total + weight * float(np.nanmedian(across)), weights + weight
    return total / weights if weights else float("nan")


def _turn_votes(points: FloatArray64, sequence: PoseSequence) -> float:
    """From -1, faces left, to 1, right: the weighted mean of what turns between segments say; 0: nothing seen."""
    seen = [(weight, sine) for weight, sine in _turn_cues(points, sequence) if np.isfinite(sine).any()]
    votes = [(weight, float(np.nanmean(sine))) for weight, sine in seen]
    trunk = positions(points, landmark(sequence.skeleton, "mid_shoulder")) - positions(
        points, landmark(sequence.skeleton, "mid_hip")
    )
    travelled = _travel(
        positions(points, landmark(sequence.skeleton, "mid_hip")), trunk, trunk_length(points, sequence)
    )
    if np.isfinite(travelled):
        votes.append((1.0, travelled))
    weights = sum(weight for weight, _ in votes)
    return sum(weight * sine for weight, sine in votes) / weights if weights else 0.0


def _turn_cues(points: FloatArray64, sequence: PoseSequence) -> Iterator[tuple[float, FloatArray64]]:
    """Weight, and ``(T,)`` sine of the turn between two segments that is positive facing right."""

    def at(name: str, side: Side = "both") -> FloatArray64:
        return positions(points, landmark(sequence.skeleton, name, side))

    yield 2.0, _sine(at("nose") - at("mid_ear"), at("mid_shoulder") - at("mid_hip"))
    yield from _leg_cues(points, sequence)
    for side in _LIMBS:
        yield 0.5, _sine(at("elbow", side) - at("shoulder", side), at("wrist", side) - at("elbow", side))


def _leg_cues(points: FloatArray64, sequence: PoseSequence) -> Iterator[tuple[float, FloatArray64]]:
    """Those of `_turn_cues` that turn only with the body."""

    def at(name: str, side: Side) -> FloatArray64:
        return positions(points, landmark(sequence.skeleton, name, side))

    for side in _LIMBS:
        thigh, shank = at("knee", side) - at("hip", side), at("ankle", side) - at("knee", side)
        yield 3.0, _sine(shank, at("toe", side) - at("heel", side))
        yield 3.0, _sine(shank, thigh)  # knees bend one way only


def _sine(first: FloatArray64, second: FloatArray64) -> FloatArray64:
    norm = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    return np.asarray(np.divide(_cross(first, second), norm, out=np.full(len(norm), np.nan), where=norm > 0))


def _travel(hips: FloatArray64, trunk: FloatArray64, length: float) -> float:
    """Where the hips went, across the trunk: 1 for two or more trunk lengths to the right; people walk forwards."""
    seen = np.flatnonzero(np.isfinite(hips).all(axis=-1) & np.isfinite(trunk).all(axis=-1))
    if len(seen) < 2 or not length > 0:
        return float("nan")
    up = trunk[seen].mean(axis=0)
    across = _cross(hips[seen[-1]] - hips[seen[0]], up) / max(float(np.linalg.norm(up)), 1e-12)
    return float(np.clip(across / (2 * length), -1, 1))


def _cross(a: FloatArray64, b: FloatArray64) -> FloatArray64:
    """``(...)``: third coordinate of the cross product of plane vectors; positive where b is counter-clockwise."""
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0], np.float64)
