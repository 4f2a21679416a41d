"""What int8 does: how far keypoints or boxes move, by how much joint angles change, who is no longer found."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray, FloatArray64
from gonio.codecs import Codec, DecodedPeople, Outputs
from gonio.errors import ExportError
from gonio.evaluation.angles import JOINT_ANGLES
from gonio.export.compared import Compared, Measured
from gonio.geometry.angles import joint_angle_deg
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton


@dataclass(frozen=True, slots=True)
class Effect:
    """Differences between the float and the int8 model on pictures.

    Attributes:
        people: Found by the float model.
        lost: Of them not found by the int8 model.
        measured: What moved: keypoints, or of a detector boxes.
        points: Compared: of people whom both found those that the float model is sure of.
        shift_median_px: How far one moved, pixels of the picture; a box by the mean of its sides.
        shift_p95_px: 95 % moved less.
        shift_median: The same as a fraction of the person's size, the root of the area of the box.
        shift_p95: 95 % moved less.
        angles: Compared: of the main joints whose three keypoints are confident.
        angle_median_deg: How much they changed; NaN where there are none.
        angle_p95_deg: 95 % changed less.
    """

    people: int
    lost: int
    measured: Measured
    points: int
    shift_median_px: float
    shift_p95_px: float
    shift_median: float
    shift_p95: float
    angles: int
    angle_median_deg: float
    angle_p95_deg: float


def compare_poses(before: Sequence[Poses], after: Sequence[Poses], by: Compared) -> Effect:
    """Compare what two models found in the same pictures.

    Raises:
        ExportError: If the first found nobody of whom it is sure.
    """
    shifts, sizes, angles, people, lost = [], [], [], 0, 0
    for first, second in zip(before, after, strict=True):
        size = np.array([_size(box, points) for box, points in zip(first.boxes, first.keypoints, strict=True)])
        pairs = by.pairs(first, second, np.asarray(size**2, np.float32))
        people, lost = people + len(first), lost + len(first) - len(pairs)
        for i, j in pairs:
            sure = by.scores(first)[i] >= by.least
            moved = by.shifts(by.points(first)[i], by.points(second)[j])[sure].astype(np.float64)
            shifts.append(moved)
            sizes.append(moved / size[i])
            if by.measured == "keypoint":
                angles.append(_angle_changes(first.keypoints[i], second.keypoints[j], sure, first.skeleton))
    px, relative, deg = (_known(parts) for parts in (shifts, sizes, angles))
    if not len(px):
        raise ExportError(
            f"the float model found {people} people and no {by.measured} with a score of at least {by.least} in the "
            f"{len(before)} pictures to compare on; give pictures of the people that the model is for"
        )
    return Effect(people, lost, by.measured, len(px), *_spread(px), *_spread(relative), len(deg), *_spread(deg))


def input_shift_px(codec: Codec, before: Sequence[Outputs], after: Sequence[Outputs], by: Compared) -> FloatArray64:
    """How far the points of the same inputs moved that the first is sure of, pixels of the network's input."""
    moved = []
    for first, second in zip(before, after, strict=True):
        for one, other in zip(codec.decode(first), codec.decode(second), strict=True):
            moved.append(_nearest_shift(one, other, by))
    return _known(moved)


def _nearest_shift(one: DecodedPeople, other: DecodedPeople, by: Compared) -> FloatArray64:
    """For each person the shift to the nearest of the others; a lost one moved by its own size."""
    parts = [np.zeros(0)]
    for points, scores in zip(by.points(one), by.scores(one), strict=True):
        sure = scores >= by.least
        if not sure.any():
            continue
        size = float(np.ptp(points[sure].reshape(-1, 2), axis=0).max())  # a box is two corners
        distances = by.shifts(by.points(other), points)[:, sure].astype(np.float64)
        parts.append(min(distances, key=lambda row: float(row.mean()), default=np.full(int(sure.sum()), size)))
    return np.concatenate(parts)


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
