"""Keypoints of one person seen from their own body: forward, up, and lateral, towards the side that is measured."""

import numpy as np

from gonio.analysis.angle_table import Plane
from gonio.analysis.series import Side
from gonio.analysis.upright import facing_xz, turned_to, upright
from gonio.analysis.view import View
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

AXES: dict[Plane, FloatArray64 | None] = {
    "sagittal": np.array([0.0, 0.0, 1.0]),
    "frontal": np.array([1.0, 0.0, 0.0]),
    "any": None,
}
"""What turns go about in each plane: from forward to up about lateral, from up to lateral about forward."""
DIRECTIONS = {
    "forward": np.array([1.0, 0.0, 0.0]),
    "up": np.array([0.0, 1.0, 0.0]),
    "down": np.array([0.0, -1.0, 0.0]),
    "lateral": np.array([0.0, 0.0, 1.0]),
}
"""Of the room."""


def body_frame(sequence: PoseSequence, plane: Plane, *, side: Side, view: View, up_deg: float) -> FloatArray64:
    """``(T, K, 3)``: (forward, up, lateral) of each keypoint of one person; what the picture does not show is 0.

    In space, forward turns with the hips, so that somebody may walk in a circle; y is up. Lateral is to the person's
    right for the right side and for ``"both"``, to the left for the left, so that both sides have the same signs.
    """
    lateral = -1 if side == "left" else 1
    points = upright(sequence, up_deg=up_deg)[:, 0]
    if points.shape[-1] == 3:
        space = sequence.keypoints[:, 0].astype(np.float64)
        heading = facing_xz(space, sequence)[:, None]
        own = turned_to(space, heading)
        return np.where(np.isfinite(heading).all(axis=-1, keepdims=True), own, points) * (1, 1, lateral)
    across, up = points[..., 0], points[..., 1]
    nothing = np.zeros_like(up)
    if plane == "frontal":
        return np.stack([nothing, up, lateral * view.rightward * across], axis=-1)
    return np.stack([view.sideways * across, up, nothing], axis=-1)
