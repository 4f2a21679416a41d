"""Comparing two poses, of which each may show only a part of a body: how far apart, how alike, how large."""

from dataclasses import replace

import numpy as np

from gonio.arrays import BoolArray, FloatArray, FloatArray64
from gonio.geometry.boxes import box_area, box_around
from gonio.geometry.oks import oks
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton

MIN_COMMON = 3
"""Keypoints that two poses must share to be compared by keypoints: two fit anywhere by a turn and a stretch."""


def measurable(poses: Poses, min_score: float) -> tuple[Poses, BoolArray]:
    """Poses with what can be measured in them.

    Args:
        poses: N people.
        min_score: Of a keypoint.

    Returns:
        The N poses, keypoints below the score NaN, a box without an area replaced by that around the keypoints; and
        ``(N,)`` who has a box now: the others are nowhere.
    """
    visible = poses.visible(min_score)
    has_area = np.isfinite(poses.boxes) & np.tile(poses.boxes[:, 2:] > poses.boxes[:, :2], 2)
    boxes = np.where(has_area.all(axis=1, keepdims=True), poses.boxes, box_around(poses.keypoints, visible))
    keypoints = np.where(visible[..., None], poses.keypoints, np.nan).astype(np.float32)
    return replace(poses, keypoints=keypoints, boxes=boxes.astype(np.float32)), np.asarray(
        np.isfinite(boxes).all(axis=1)
    )


def displacement(a: FloatArray, a_boxes: FloatArray, b: FloatArray, b_boxes: FloatArray) -> FloatArray64:
    """How far each body of ``b`` lies from each of ``a``: the median over their common keypoints, else between boxes.

    A box moves when an arm is stretched or the legs are hidden behind a table; the body does not.

    Args:
        a: ``(N, K, 2)``, NaN where not visible.
        a_boxes: ``(N, 4)``.
        b: ``(M, K, 2)``.
        b_boxes: ``(M, 4)``.

    Returns:
        ``(N, M, 2)`` px.
    """
    steps = b[None].astype(np.float64) - a[:, None]
    common = np.isfinite(steps).all(axis=-1).sum(axis=-1)[..., None, None]
    ordered = np.sort(steps, axis=2)  # NaN comes last
    middle = [np.take_along_axis(ordered, np.maximum(i, 0), axis=2)[:, :, 0] for i in ((common - 1) // 2, common // 2)]
    between_boxes = centre(b_boxes)[None] - centre(a_boxes)[:, None]
    return np.asarray(np.where(common[..., 0] >= MIN_COMMON, (middle[0] + middle[1]) / 2, between_boxes), np.float64)


def common_oks(
    a: FloatArray, a_boxes: FloatArray, b: FloatArray, b_boxes: FloatArray, skeleton: Skeleton
) -> FloatArray64:
    """``(N, M)`` OKS over the keypoints that both poses of a pair show; NaN where these are fewer than three.

    Half of a person seen twice is the same half: what one of the two does not show is no evidence. The scale is the
    larger of the two boxes, for the smaller one may be cut off.

    Args:
        a: ``(N, K, 2)``, NaN where not visible.
        a_boxes: ``(N, 4)``.
        b: ``(M, K, 2)``.
        b_boxes: ``(M, 4)``.
        skeleton: For the sigmas.
    """
    sigmas = np.array(skeleton.sigmas, np.float32)
    a_shown, b_shown = (np.asarray(np.isfinite(points).all(axis=-1), np.float64) for points in (a, b))
    common = a_shown @ b_shown.T
    result = np.full(common.shape, np.nan)
    for i in range(len(a)):
        areas = np.maximum(box_area(a_boxes[i]), box_area(b_boxes))
        total = oks(a[i : i + 1], b, areas=areas, sigmas=sigmas)[0] * b_shown.sum(axis=1)
        enough = common[i] >= MIN_COMMON
        result[i, enough] = np.minimum(total[enough] / common[i, enough], 1)
    return result


def size_of(boxes: FloatArray) -> FloatArray64:
    """``(...)`` px, longer side of boxes ``(..., 4)``: it changes least with what arms and legs do."""
    return np.asarray((boxes[..., 2:].astype(np.float64) - boxes[..., :2]).max(axis=-1), np.float64)


def centre(boxes: FloatArray) -> FloatArray64:
    """``(..., 2)`` px, of boxes ``(..., 4)``."""
    return np.asarray((boxes[..., :2].astype(np.float64) + boxes[..., 2:]) / 2, np.float64)
