"""The joints of a BVH file: which keypoint hangs on which, and how a person stands at rest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray64

ROOT = "mid_hip"
"""Taken as the middle of the hips where the skeleton has none."""

_PARENTS = {
    "left_hip": ROOT, "left_knee": "left_hip", "left_ankle": "left_knee", "left_big_toe": "left_ankle",
    "left_foot_index": "left_ankle", "left_small_toe": "left_ankle", "left_heel": "left_ankle",
    "right_hip": ROOT, "right_knee": "right_hip", "right_ankle": "right_knee", "right_big_toe": "right_ankle",
    "right_foot_index": "right_ankle", "right_small_toe": "right_ankle", "right_heel": "right_ankle",
    "neck": ROOT, "nose": "neck", "left_eye": "nose", "right_eye": "nose", "left_ear": "nose", "right_ear": "nose",
    "head_top": "neck",
    "left_shoulder": "neck", "left_elbow": "left_shoulder", "left_wrist": "left_elbow",
    "right_shoulder": "neck", "right_elbow": "right_shoulder", "right_wrist": "right_elbow",
}  # fmt: skip
"""Where each keypoint hangs, in the order of a walk down each branch; the others of a skeleton are left out."""

_FORWARD = {"big_toe", "foot_index", "small_toe", "nose"}
_BACKWARD = {"heel"}
_SIDEWAYS = {"hip", "shoulder", "eye", "ear", "elbow", "wrist"}
_UPWARD = {"neck", "head_top"}


@dataclass(frozen=True, slots=True)
class Joint:
    """One joint, parents before children.

    Attributes:
        name: Of the keypoint.
        parent: Index of the joint that it hangs on; -1 for the root.
        children: Indices; the first is the one that the joint's rotation points at.
        rest: Direction from the parent in the rest pose, a unit vector: x forward, y up, z to the right.
    """

    name: str
    parent: int
    children: tuple[int, ...]
    rest: tuple[float, float, float]


def body_tree(names: Sequence[str], *, planar: bool) -> list[Joint]:
    """The joints for those keypoints that there are; one whose parent is missing hangs on the next one above.

    Args:
        names: Keypoints, the root among them.
        planar: Whether the body lies in the picture plane; left is then +x at rest, as of a person facing the camera.
    """
    ordered = [ROOT, *(name for name in _PARENTS if name in names)]
    parents = [-1, *(ordered.index(_next_above(name, ordered)) for name in ordered[1:])]
    return [
        Joint(name, parent, tuple(i for i, up in enumerate(parents) if up == place), _rest(name, planar=planar))
        for place, (name, parent) in enumerate(zip(ordered, parents, strict=True))
    ]


def filled(points: FloatArray64, time_s: FloatArray64) -> FloatArray64:
    """Points ``(T, K, 3)`` with gaps filled along straight lines, held at the ends; a point never seen stays NaN."""
    out = points.copy()
    for k, axis in np.ndindex(points.shape[1:]):
        seen = np.isfinite(points[:, k]).all(axis=-1)
        if seen.any():
            out[:, k, axis] = np.interp(time_s, time_s[seen], points[seen, k, axis])
    return out


def _next_above(name: str, present: Sequence[str]) -> str:
    parent = _PARENTS[name]
    return parent if parent in present else _next_above(parent, present)


def _rest(name: str, *, planar: bool) -> tuple[float, float, float]:
    side, _, part = name.partition("_")
    sign = {"left": -1.0, "right": 1.0}.get(side, 0.0)
    part = part if sign else name
    if part in _UPWARD:
        return (0.0, 1.0, 0.0)
    if part in _FORWARD:
        return (sign or 1.0, 0.0, 0.0) if planar else (1.0, 0.0, 0.0)
    if part in _BACKWARD:
        return (-sign, 0.0, 0.0) if planar else (-1.0, 0.0, 0.0)
    if part in _SIDEWAYS:
        return (-sign, 0.0, 0.0) if planar else (0.0, 0.0, sign)
    return (0.0, -1.0, 0.0)
