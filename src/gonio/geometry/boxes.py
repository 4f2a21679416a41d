"""Boxes: continuous ``x1 y1 x2 y2`` in pixels; the whole image is ``(0, 0, W, H)`` and width is ``x2 - x1``."""

import numpy as np

from gonio.arrays import BoolArray, FloatArray, IntArray

_FEW = 256
"""The table of so many boxes is made sooner than its rows one by one."""


def box_area(boxes: FloatArray) -> FloatArray:
    """Areas ``(...)`` of boxes ``(..., 4)``; 0 where a box is empty or inside out, NaN where it has a NaN."""
    size = np.maximum(boxes[..., 2:] - boxes[..., :2], 0)
    return np.asarray(size[..., 0] * size[..., 1], np.float32)


def iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """Intersection over union of every pair.

    Args:
        a: ``(N, 4)`` boxes.
        b: ``(M, 4)`` boxes.

    Returns:
        ``(N, M)`` float32 in [0, 1]; 0 where both boxes are empty or one holds NaN.

    Example:
        >>> iou(np.float32([[0, 0, 2, 2]]), np.float32([[1, 0, 3, 2]]))
        array([[0.33333334]], dtype=float32)
    """
    lower = np.maximum(a[:, None, :2], b[None, :, :2])
    upper = np.minimum(a[:, None, 2:], b[None, :, 2:])
    intersection = box_area(np.concatenate([lower, upper], axis=-1))
    union = box_area(a)[:, None] + box_area(b)[None] - intersection
    shared = np.divide(intersection, union, out=np.zeros_like(union), where=union > 0)
    return np.asarray(np.nan_to_num(shared), np.float32)


def clip_boxes(boxes: FloatArray, image_hw: tuple[int, int]) -> FloatArray:
    """Boxes ``(N, 4)`` cut at the image's edges."""
    height, width = image_hw
    return np.clip(boxes, 0, np.array([width, height, width, height], np.float32)).astype(np.float32)


def box_around(keypoints: FloatArray, mask: BoolArray) -> FloatArray:
    """The tight box around the chosen keypoints of each person.

    Args:
        keypoints: ``(N, K, 2)`` px, pixel-centre convention.
        mask: ``(N, K)``, which keypoints count; those with NaN never do.

    Returns:
        ``(N, 4)`` float32, continuous (half a pixel is added on each side, so one point gives one pixel); NaN for
        a person without any.
    """
    mask = mask & np.isfinite(keypoints).all(axis=-1)
    low = np.where(mask[..., None], keypoints, np.inf).min(axis=1, initial=np.inf)
    high = np.where(mask[..., None], keypoints, -np.inf).max(axis=1, initial=-np.inf)
    box = np.concatenate([low, high + 1], axis=-1)  # pixel i covers the continuous interval [i, i + 1]
    return np.asarray(np.where(mask.any(axis=1, keepdims=True), box, np.nan), np.float32)


def suppress(similarity: FloatArray, scores: FloatArray, *, threshold: float) -> IntArray:
    """Greedy non-maximum suppression on any similarity: IoU of boxes, or OKS of poses.

    Args:
        similarity: ``(N, N)`` symmetric.
        scores: ``(N,)``.
        threshold: Of two that are more alike than this, the lower score goes.

    Returns:
        Indices that stay, best score first; ties keep the earlier.
    """
    order = np.argsort(-scores, kind="stable")
    alive = np.ones(len(scores), bool)
    kept: list[int] = []
    for i in order:
        if alive[i]:
            kept.append(int(i))
            alive &= similarity[i] <= threshold
    return np.array(kept, np.int64)


def suppress_boxes(boxes: FloatArray, scores: FloatArray, *, threshold: float, limit: int | None = None) -> IntArray:
    """Greedy non-maximum suppression of boxes by IoU; of many boxes without the table of all pairs.

    Args:
        boxes: ``(N, 4)``.
        scores: ``(N,)``.
        threshold: Of two that overlap by more than this, the lower score goes.
        limit: At most so many stay; None: all.

    Returns:
        Indices that stay, best score first; ties keep the earlier. The same as `suppress` gives with `iou`, of many
        boxes in time proportional to N times the number that stay.
    """
    if len(boxes) <= _FEW:
        return suppress(iou(boxes, boxes), scores, threshold=threshold)[:limit]
    rest = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while rest.size and (limit is None or len(kept) < limit):
        best, rest = rest[0], rest[1:]
        kept.append(int(best))
        rest = rest[iou(boxes[best, None], boxes[rest])[0] <= threshold]
    return np.array(kept, np.int64)
