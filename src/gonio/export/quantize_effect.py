"""What int8 does to poses: how far keypoints move, by how much joint angles change, who is no longer found."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray, FloatArray64
from gonio.codecs import Codec, DecodedPeople, Outputs
from gonio.errors import ExportError
from gonio.evaluation.angles import JOINT_ANGLES
from gonio.geometry.angles import joint_angle_deg
from gonio.geometry.oks import oks
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton

CONFIDENT = 0.3
"""Keypoints count whose float score is at least this: of the others the float model itself is not sure."""
_SAME_PERSON = 0.1  # OKS


@dataclass(frozen=True, slots=True)
class Effect:
    """Differences between the float and the int8 model on pictures.

    Attributes:
        people: Found by the float model.
        lost: Of them not found by the int8 model.
        keypoints: Compared: confident ones of people whom both found.
        shift_median_px: How far a keypoint moved, pixels of the picture.
        shift_p95_px: 95 % moved less.
        shift_median: The same as a fraction of the person's size, the root of the area of the box.
        shift_p95: 95 % moved less.
        angles: Compared: of the main joints whose three keypoints are confident.
        angle_median_deg: How much they changed; NaN where there are none.
        angle_p95_deg: 95 % changed less.
    """

    people: int
    lost: int
    keypoints: int
    shift_median_px: float
    shift_p95_px: float
    shift_median: float
    shift_p95: float
    angles: int
    angle_median_deg: float
    angle_p95_deg: float


def compare_poses(before: Sequence[Poses], after: Sequence[Poses]) -> Effect:
    """Compare what two models found in the same pictures.

    Raises:
        ExportError: If the first found nobody with a confident keypoint.
    """
    shifts, sizes, angles, people, lost = [], [], [], 0, 0
    for first, second in zip(before, after, strict=True):
        pairs = _pairs(first, second)
        people, lost = people + len(first), lost + len(first) - len(pairs)
        for i, j in pairs:
            sure = first.scores[i] >= CONFIDENT
            moved = np.linalg.norm(first.keypoints[i] - second.keypoints[j], axis=-1)[sure].astype(np.float64)
            shifts.append(moved)
            sizes.append(moved / _size(first.boxes[i], first.keypoints[i]))
            angles.append(_angle_changes(first.keypoints[i], second.keypoints[j], sure, first.skeleton))
    px, relative, deg = (_known(parts) for parts in (shifts, sizes, angles))
    if not len(px):
        raise ExportError(
            f"the float model found {people} people and no keypoint with a score of at least {CONFIDENT} in the "
            f"{len(before)} pictures to compare on; give pictures of the people that the model is for"
        )
    return Effect(people, lost, len(px), *_spread(px), *_spread(relative), len(deg), *_spread(deg))


def input_shift_px(codec: Codec, before: Sequence[Outputs], after: Sequence[Outputs]) -> FloatArray64:
    """How far the confident keypoints of the same inputs moved, pixels of the network's input."""
    moved = []
    for first, second in zip(before, after, strict=True):
        for one, other in zip(codec.decode(first), codec.decode(second), strict=True):
            moved.append(_nearest_shift(one, other))
    return _known(moved)


def _nearest_shift(one: DecodedPeople, other: DecodedPeople) -> FloatArray64:
    """For each person the shift to the nearest of the others; a lost one moved by its own size."""
    parts = [np.zeros(0)]
    for keypoints, scores in zip(one.keypoints, one.scores, strict=True):
        sure = scores >= CONFIDENT
        if not sure.any():
            continue
        size = float(np.ptp(keypoints[sure], axis=0).max())
        distances = np.linalg.norm(other.keypoints - keypoints, axis=-1)[:, sure].astype(np.float64)
        parts.append(min(distances, key=lambda row: float(row.mean()), default=np.full(int(sure.sum()), size)))
    return np.concatenate(parts)


def _pairs(first: Poses, second: Poses) -> list[tuple[int, int]]:
    """The same people, best score first."""
    if not len(first) or not len(second):
        return []
    areas = np.array([_size(box, points) ** 2 for box, points in zip(first.boxes, first.keypoints, strict=True)])
    sigmas = np.array(first.skeleton.sigmas, np.float32)
    alike = oks(second.keypoints, first.keypoints, areas=areas.astype(np.float32), sigmas=sigmas)
    pairs = []
    for i in range(len(first)):
        j = int(alike[:, i].argmax())
        if alike[j, i] >= _SAME_PERSON:
            pairs.append((i, j))
            alike[j] = 0  # taken
    return pairs


def _size(box: FloatArray, keypoints: FloatArray) -> float:
    """Root of the area of a person's box; of the keypoints' where there is none."""
    sides = box[2:] - box[:2] if np.isfinite(box).all() else np.ptp(keypoints[np.isfinite(keypoints[:, 0])], axis=0)
    return math.sqrt(max(float(sides.prod()), 1.0))


def _angle_changes(one: FloatArray, other: FloatArray, sure: FloatArray, skeleton: Skeleton) -> FloatArray64:
    """Changes of the angles of the main joints, degrees."""
    changes = []
    for choices in JOINT_ANGLES.values():
        for side in ("left", "right"):
            names = [[f"{side}_{point}" for point in points] for points in choices]
            known = next((three for three in names if set(three) <= set(skeleton.keypoint_names)), None)
            if known is None or not sure[(abc := [skeleton.index(name) for name in known])].all():
                continue
            changes.append(abs(joint_angle_deg(*one[abc]) - joint_angle_deg(*other[abc])))
    return np.array(changes, np.float64)


def _known(parts: Sequence[FloatArray64]) -> FloatArray64:
    values = np.concatenate([np.zeros(0), *parts])
    return np.asarray(values[np.isfinite(values)], np.float64)


def _spread(values: FloatArray64) -> tuple[float, float]:
    if not len(values):
        return math.nan, math.nan
    return float(np.median(values)), float(np.percentile(values, 95))
