"""Directions of the body over time, as weighted sums of keypoints, so that errors can be carried through them."""

from dataclasses import dataclass

import numpy as np

from gonio.analysis.angle_table import Direction
from gonio.analysis.body_frame import DIRECTIONS
from gonio.analysis.landmarks import Landmark, landmark
from gonio.analysis.propagation import propagate
from gonio.analysis.series import Reason, Side
from gonio.analysis.turn import Turn
from gonio.arrays import FlagArray, FloatArray64
from gonio.structures.skeleton import Skeleton

_SEGMENTS = {
    frozenset({"hip", "knee"}): "thigh",
    frozenset({"knee", "ankle"}): "shank",
    frozenset({"heel", "toe"}): "foot",
    frozenset({"shoulder", "hip"}): "trunk",
    frozenset({"mid_shoulder", "mid_hip"}): "trunk",
    frozenset({"mid_shoulder", "mid_ear"}): "neck",
    frozenset({"shoulder", "elbow"}): "upper arm",
    frozenset({"elbow", "wrist"}): "forearm",
    frozenset({"wrist", "hand"}): "hand",
}
"""What lies between two landmarks."""


@dataclass(frozen=True, slots=True, eq=False)
class Arrow:
    """From one landmark to another; or a direction of the room.

    Attributes:
        vector: ``(T, 3)``; NaN where an end is missing.
        parts: ``(T, K)``: ``vector`` is ``parts @ keypoints``; 0 for a direction of the room.
        ends: Its two landmarks; none for a direction of the room.
        reasons: ``(T, E)`` of `Reason`: why each end is not to be trusted.
    """

    vector: FloatArray64
    parts: FloatArray64
    ends: tuple[Landmark, ...]
    reasons: FlagArray

    @property
    def length(self) -> FloatArray64:
        """``(T,)``."""
        return np.asarray(np.linalg.norm(self.vector, axis=-1), np.float64)

    @property
    def label(self) -> str:
        """``"right thigh"``."""
        pair = frozenset(end.name for end in self.ends)
        if pair not in _SEGMENTS:
            return " to ".join(end.label for end in self.ends)
        side = self.ends[0].label.split()[0]
        return f"{side} {_SEGMENTS[pair]}" if side in ("left", "right") else _SEGMENTS[pair]

    @property
    def across_body(self) -> bool:
        """Whether it leads from one side of the body to the other; it shortens as the body turns, in any view."""
        return any(end.name.startswith("other_") for end in self.ends)

    def length_sd(self, keypoint_sd: FloatArray64) -> FloatArray64:
        """``(T,)``: standard deviation of ``vector`` along one axis; NaN where one of a keypoint is unknown."""
        return propagate(self.parts**2, keypoint_sd)


def arrow(
    direction: Direction, points: FloatArray64, reasons: FlagArray, *, skeleton: Skeleton, side: Side, either: bool
) -> Arrow:
    """A direction of the angle table, as this person shows it.

    Args:
        direction: Two landmarks, or a direction of the room.
        points: ``(T, K, 3)``: forward, up, lateral.
        reasons: ``(T, K)`` of `Reason`.
        skeleton: What the K keypoints are.
        side: The person's.
        either: The middle of two keypoints may be one of them where the other is not usable: seen from the side, both
            lie in one line of sight.
    """
    steps, count = reasons.shape
    if isinstance(direction, str):
        fixed = np.broadcast_to(DIRECTIONS[direction], (steps, 3))
        return Arrow(fixed, np.zeros((steps, count)), (), np.zeros((steps, 0), np.uint8))
    ends = tuple(landmark(skeleton, name, side) for name in direction)
    (start, start_reasons), (end, end_reasons) = (_weights(one, reasons, either) for one in ends)
    parts = end - start
    used = (start != 0) | (end != 0)
    vector = np.where(used[..., None], parts[..., None] * points, 0.0).sum(axis=1)
    absent = any(not one.indices for one in ends)
    return Arrow(
        np.full_like(vector, np.nan) if absent else vector,
        parts,
        ends,
        np.stack([start_reasons, end_reasons], axis=-1),
    )


def turn_jacobian(turn: Turn, reference: Arrow, segment: Arrow) -> FloatArray64:
    """``(T, K, 3)``: radians by which a turn grows per unit that a keypoint moves along each axis.

    Args:
        turn: With its derivatives.
        reference: What it is from.
        segment: What it is to.
    """
    by_segment = segment.parts[..., None] * turn.by_segment[:, None]
    return by_segment + reference.parts[..., None] * turn.by_reference[:, None]


def turn_sd_rad(jacobian: FloatArray64, keypoint_sd: FloatArray64) -> FloatArray64:
    """``(T,)``: standard deviation of a turn from those of its keypoints, to first order.

    Errors of different keypoints and axes are taken as independent: the variance is the sum of ``|J|^2 keypoint_sd^2``.

    Args:
        jacobian: Of `turn_jacobian`.
        keypoint_sd: ``(T, K)`` along one axis.
    """
    return propagate((jacobian**2).sum(axis=-1), keypoint_sd)


def _weights(where: Landmark, reasons: FlagArray, either: bool) -> tuple[FloatArray64, FlagArray]:
    """``(T, K)`` weights of the keypoints in a landmark, and ``(T,)`` why it is not to be trusted."""
    weights = np.zeros(reasons.shape)
    if not where.indices:
        return weights, np.full(len(reasons), Reason.MISSING, np.uint8)
    own = list(where.indices)
    weights[:, own] = 1 / len(own)
    usable = reasons[:, own] == 0
    if not either or len(own) == 1:
        return weights, np.asarray(np.bitwise_or.reduce(reasons[:, own], axis=1))
    lone = usable.sum(axis=1) == 1
    weights[np.ix_(lone, own)] = usable[lone]
    return weights, np.where(usable.any(axis=1), 0, np.bitwise_or.reduce(reasons[:, own], axis=1)).astype(np.uint8)
