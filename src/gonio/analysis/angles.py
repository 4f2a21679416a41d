"""Angles over time, with signs that do not depend on which way somebody faces, error bars and reasons.

All angles of `ANGLES` are one thing: the turn from a reference direction to a segment, in a plane of the body. A
picture shows one plane; in space, the plane is square to the line of the hips.
"""

from dataclasses import dataclass, field

import numpy as np

from gonio.analysis.angle_table import ANGLES, AngleDefinition, angle_definition, list_angles
from gonio.analysis.arrow import Arrow, arrow, turn_jacobian, turn_sd_rad
from gonio.analysis.body_frame import AXES, body_frame
from gonio.analysis.keypoint_errors import KeypointErrors
from gonio.analysis.landmarks import require_one_person
from gonio.analysis.options import AnalysisOptions, Convention
from gonio.analysis.readings import AXIS_COUNT, Channels
from gonio.analysis.series import Reason, Series, Side
from gonio.analysis.turn import turn_between
from gonio.analysis.validity import IN_PLANE, blame, keypoint_reasons, out_of_plane, too_small
from gonio.analysis.view import View, detect_view
from gonio.arrays import BoolArray, FlagArray, FloatArray64
from gonio.errors import ConfigError
from gonio.structures.sequence import PoseSequence

__all__ = ["ANGLES", "AngleSeries", "angle_series", "list_angles"]

_LEAST_IN_FRONT = 0.5
"""In the frontal plane a bent knee shortens thigh and shank by itself: only beyond 60 degrees they are out of plane."""


@dataclass(frozen=True, slots=True, eq=False)
class AngleSeries(Series):
    """An angle over time.

    Attributes:
        variant: What a reader must know to compare it with other programs.
        why: What excluded most of the samples that are excluded: ``"right knee hidden or doubtful"``.
        channels: Degrees per unit that a keypoint moves along each axis, ``(T,)`` of each that it rests on.
        errors: How long the errors of keypoints last, where that was asked for.
    """

    variant: str = ""
    why: str = ""
    channels: Channels = field(default_factory=dict)
    errors: KeypointErrors | None = None


def angle_series(
    sequence: PoseSequence,
    name: str,
    *,
    side: Side = "left",
    convention: Convention | None = None,
    view: View | None = None,
    options: AnalysisOptions | None = None,
) -> AngleSeries:
    """One angle of one person over time.

    Args:
        sequence: Of one person, in pixels or metres, of two or three dimensions.
        name: One of `list_angles`.
        side: ``"left"`` or ``"right"``; ignored for angles that have no side (trunk_lean, neck_flexion).
        convention: Signs; None: that of the options, ``"clinical"`` by default.
        view: If already known; None: detected.
        options: Scores below ``min_score`` are not measured with (of a sequence without flags); ``up_deg`` is the roll.

    Returns:
        Degrees in the declared range of the angle. All NaN, with reason MISSING, where the skeleton lacks a keypoint.
        The standard deviation is that of ``keypoint_sd`` carried through to first order; NaN without it.

    Raises:
        ConfigError: If there is no such angle, it needs a side, or the sequence is not of one person.
    """
    require_one_person(sequence)
    options = options or AnalysisOptions()
    angle = angle_definition(name)
    if angle.sided and side == "both":
        raise ConfigError(f"{angle.name} is of one side; say side='left' or side='right'.")
    side = side if angle.sided else "both"
    view = view or detect_view(sequence, options=options)

    reasons = keypoint_reasons(sequence, options.min_score)
    points = body_frame(sequence, angle.plane, side=side, view=view, up_deg=options.up_deg)
    # seen from the side, both hips lie in one line of sight: one of them is enough
    either = view.kind == "side" and angle.plane != "frontal" and sequence.keypoints.shape[-1] == 2
    reference, segment = (
        arrow(direction, points, reasons, skeleton=sequence.skeleton, side=side, either=either)
        for direction in (angle.reference, angle.segment)
    )
    turn = turn_between(reference.vector, segment.vector, AXES[angle.plane])
    jacobian = turn_jacobian(turn, reference, segment)
    keypoint_sd = _keypoint_sd(sequence)
    columns, labels = _reasons(sequence, angle, view, (reference, segment), keypoint_sd)
    excluded = np.asarray(np.bitwise_or.reduce(columns, axis=1), np.uint8)
    sign = angle.other_signs.get(convention or options.convention, 1)
    return AngleSeries(
        name=angle.name,
        unit="deg",
        side=side,
        time_s=sequence.time_s,
        values=sign * _in_range(angle, np.degrees(turn.rad), excluded == 0),
        sd=np.degrees(turn_sd_rad(jacobian, keypoint_sd)),
        reasons=excluded,
        variant=angle.variant,
        why=blame(columns, labels),
        channels=_channels(sign * angle.sign * np.degrees(jacobian)),
    )


def _channels(jacobian_deg: FloatArray64) -> Channels:
    """Of ``(T, K, 3)``, those of the keypoints that the angle rests on."""
    used = np.argwhere((jacobian_deg != 0).any(axis=0))
    return {AXIS_COUNT * keypoint + axis: jacobian_deg[:, keypoint, axis] for keypoint, axis in used.tolist()}


def _keypoint_sd(sequence: PoseSequence) -> FloatArray64:
    """``(T, K)``; NaN where unknown."""
    if sequence.keypoint_sd is None:
        return np.full(sequence.scores[:, 0].shape, np.nan)
    return sequence.keypoint_sd[:, 0].astype(np.float64)


def _in_range(angle: AngleDefinition, turn_deg: FloatArray64, valid: BoolArray) -> FloatArray64:
    """Turns in the declared range of the angle, continuous over time where the angle may go round."""
    values = angle.zero_deg + angle.sign * turn_deg
    if angle.plane == "any":
        return values
    values = angle.lowest + (values - angle.lowest) % 360
    return _continuous(values, valid) if angle.turns else values


def _continuous(values: FloatArray64, valid: BoolArray) -> FloatArray64:
    """Whole turns added so that the valid samples do not jump; the first one stays."""
    steps = np.flatnonzero(valid & np.isfinite(values))
    if not len(steps):
        return values
    turns = np.round((np.unwrap(values[steps], period=360) - values[steps]) / 360)
    last_valid = np.searchsorted(steps, np.arange(len(values)), side="right") - 1
    return np.asarray(values + 360 * turns[np.maximum(last_valid, 0)], np.float64)


def _reasons(
    sequence: PoseSequence,
    angle: AngleDefinition,
    view: View,
    arrows: tuple[Arrow, Arrow],
    keypoint_sd: FloatArray64,
) -> tuple[FlagArray, tuple[str, ...]]:
    """``(T, M)`` reasons for each of M things that may be at fault, and their labels."""
    flat = sequence.keypoints.shape[-1] == 2
    columns: list[FlagArray] = []
    labels: list[str] = []
    for one in arrows:
        columns += list(one.reasons.T)
        labels += [end.label for end in one.ends]
        if not one.ends:
            continue
        own = np.zeros(len(sequence), np.uint8)
        own[too_small(one.length, one.length_sd(keypoint_sd), unit=sequence.unit)] |= np.uint8(Reason.TOO_SMALL)
        if flat and not one.across_body:
            least = _LEAST_IN_FRONT if angle.plane == "frontal" else IN_PLANE
            usable = np.asarray((one.reasons == 0).all(axis=1))
            own[out_of_plane(one.length, usable, least=least)] |= np.uint8(Reason.OUT_OF_PLANE)
        columns.append(own)
        labels.append(one.label)
    wrong = {"sagittal": "frontal", "frontal": "side", "any": ""}[angle.plane]
    seen = np.full(len(sequence), Reason.OUT_OF_PLANE if flat and view.kind == wrong else 0, np.uint8)
    return np.stack([*columns, seen], axis=1), (*labels, f"{angle.plane} motion in a {view.kind} view")
