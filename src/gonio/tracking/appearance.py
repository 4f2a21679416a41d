"""A cheap cue for who is who: the colours of the torso and of the thighs.

Two people who meet often stand alike and walk alike; they are rarely dressed alike from neck to knee.
"""

import cv2
import numpy as np

from gonio.arrays import BoolArray, FloatArray, ImageArray
from gonio.structures.poses import Poses

BINS = (8, 3, 3)
"""Of hue, saturation and value: hue tells most; value is coarse, because light changes along a path."""
_HSV_RANGES = [0, 180, 0, 256, 0, 256]  # cv2's of uint8
_MIN_PIXELS = 30
"""Fewer tell as much about noise as about clothes."""
_REGION_PX = 64
"""A region is thinned out down to about this, so that a person who fills the picture costs no more than a small one."""
_WIDTH = 0.25
"""Of a bar drawn along a bone, as a part of its length: narrower than trunk and thigh, to show little background."""
_REGIONS = (
    # The diagonals lie inside the trunk from every side; in profile they fall on its midline.
    (("left_shoulder", "right_hip"), ("right_shoulder", "left_hip")),
    (("left_hip", "left_knee"), ("right_hip", "right_knee")),
)


def unknown(n: int) -> FloatArray:
    """``(n, R, B)`` NaN: nobody's colours."""
    return np.full((n, len(_REGIONS), int(np.prod(BINS))), np.nan, np.float32)


def colours(image: ImageArray, poses: Poses, visible: BoolArray) -> FloatArray:
    """Histograms of the colours of each person's torso and thighs.

    Args:
        image: ``(H, W, 3)`` uint8 RGB that the poses were found in.
        poses: N people.
        visible: ``(N, K)``, which keypoints may be used.

    Returns:
        ``(N, R, B)`` float32, R = 2 histograms of sum 1; NaN for a region that is hidden, outside the image, too small,
        or not in the skeleton.
    """
    height, width = image.shape[:2]
    inside = visible & ((poses.keypoints >= 0) & (poses.keypoints < (width, height))).all(axis=-1)
    found = unknown(len(poses))
    names = poses.skeleton.keypoint_names
    for r, bones in enumerate(_REGIONS):
        known = [[names.index(a), names.index(b)] for a, b in bones if a in names and b in names]
        for n in range(len(poses)):
            bars = [poses.keypoints[n, bone] for bone in known if inside[n, bone].all()]
            if bars:
                found[n, r] = _histogram(image, np.stack(bars))
    return found


def alike(a: FloatArray, b: FloatArray) -> FloatArray:
    """Bhattacharyya coefficient of every pair, the mean over the regions that both show.

    Args:
        a: ``(N, R, B)`` from `colours`.
        b: ``(M, R, B)``.

    Returns:
        ``(N, M)`` float32 in [0, 1]; NaN where a pair has no region in common.

    Source:
        Comaniciu, Ramesh and Meer, "Kernel-based object tracking", PAMI 2003, equation 6.
    """
    shared = np.sqrt(a[:, None] * b[None]).sum(axis=-1)  # (N, M, R)
    known = np.isfinite(shared)
    total = np.where(known, shared, 0).sum(axis=-1)
    mean = np.where(known.any(axis=-1), total / np.maximum(known.sum(axis=-1), 1), np.nan)
    return np.asarray(mean.clip(max=1), np.float32)


def blend(old: FloatArray, new: FloatArray, share: float) -> FloatArray:
    """``(R, B)``: the old histograms with this share of the new; where only one is known, that one."""
    mixed = (1 - share) * old + share * new
    return np.asarray(np.where(np.isnan(mixed), np.where(np.isnan(old), new, old), mixed), np.float32)


def _histogram(image: ImageArray, bars: FloatArray) -> FloatArray:
    """``(B,)`` of the pixels along ``(n, 2, 2)`` bones whose ends lie in the image; NaN if they are too few."""
    widths = np.maximum(1, _WIDTH * np.hypot(*(bars[:, 1] - bars[:, 0]).T)).round().astype(int)
    low = np.maximum(bars.min(axis=(0, 1)).astype(int) - widths.max(), 0)
    high = bars.max(axis=(0, 1)).astype(int) + widths.max() + 1
    step = max(1, int((high - low).max()) // _REGION_PX)  # of a large person every step-th pixel tells as much
    region = np.ascontiguousarray(image[low[1] : high[1] : step, low[0] : high[0] : step])
    mask = np.zeros(region.shape[:2], np.uint8)
    for ends, width in zip(((bars - low) / step).round().astype(int).tolist(), widths.tolist(), strict=True):
        cv2.line(mask, ends[0], ends[1], 1, max(1, round(width / step)))
    if np.count_nonzero(mask) < _MIN_PIXELS:
        return np.asarray(unknown(1)[0, 0], np.float32)
    counts = cv2.calcHist([cv2.cvtColor(region, cv2.COLOR_RGB2HSV)], [0, 1, 2], mask, list(BINS), _HSV_RANGES)
    return np.asarray(counts.ravel() / counts.sum(), np.float32)
