"""The person's own measures: size over time, and the length that each bone can have at most.

A bone looks shorter than it is whenever it points towards or away from the camera, and never longer. So its longest
sightings tell its length, and only "too long" is impossible.
"""

import numpy as np

from gonio.analysis.windows import is_seen, rolling_median
from gonio.arrays import FloatArray64
from gonio.structures.skeleton import Skeleton

CHAINS = (("shoulder", "hip"), ("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
"""Bones of both sides, from the trunk outwards: the nearer end first."""

_LONGEST = 0.9
"""Quantile taken for a bone's length: a tenth of the sightings may be wrong, and as few show it unforeshortened."""
_SIZE_WINDOW_S = 1.0
"""The distance to the camera changes slowly; one wrong frame must not look like a step towards it."""


def bones(skeleton: Skeleton) -> tuple[tuple[int, int], ...]:
    """Keypoint indices ``(nearer, farther)`` of the bones that the skeleton has, left and right next to each other.

    Example:
        >>> from gonio.structures.skeleton import load_skeleton
        >>> bones(load_skeleton("coco17"))[:4]
        ((5, 11), (6, 12), (11, 13), (12, 14))
    """
    names = skeleton.keypoint_names
    pairs = [(f"{side}_{a}", f"{side}_{b}") for a, b in CHAINS for side in ("left", "right")]
    return tuple((names.index(a), names.index(b)) for a, b in pairs if a in names and b in names)


def bone_lengths(keypoints: FloatArray64, skeleton: Skeleton) -> FloatArray64:
    """``(T, B)`` lengths of `bones` for one person's ``(T, K, D)`` keypoints."""
    pairs = np.array(bones(skeleton), np.int64).reshape(-1, 2)
    return np.asarray(np.linalg.norm(keypoints[:, pairs[:, 1]] - keypoints[:, pairs[:, 0]], axis=-1))


def longest_bones(lengths: FloatArray64) -> FloatArray64:
    """``(B,)``: how long each bone is when nothing foreshortens it; left and right are taken to be equal.

    Args:
        lengths: ``(T, B)`` of `bone_lengths`, left and right next to each other; NaN where a bone was not seen.

    Returns:
        NaN for a bone that was never seen.
    """
    longest = np.full(lengths.shape[1], np.nan)
    for first in range(0, lengths.shape[1], 2):
        seen = lengths[:, first : first + 2]
        seen = seen[np.isfinite(seen)]
        if len(seen):
            longest[first : first + 2] = np.quantile(seen, _LONGEST)
    return longest


def relative_size(lengths: FloatArray64, time_s: FloatArray64) -> FloatArray64:
    """How large the person is in the picture over time, 1 where largest; so that coming nearer stretches no bone.

    Each bone is compared with its own longest; the least foreshortened quarter of them tells the size, and the
    median over one second keeps single wrong frames out.

    Args:
        lengths: ``(T, B)``.
        time_s: ``(T,)``.

    Returns:
        ``(T,)``; 1 where no bone was seen.
    """
    share = lengths / longest_bones(lengths)
    size = rolling_median(_upper_quartile(share), time_s, _SIZE_WINDOW_S / 2)
    return np.where(np.isfinite(size), size, 1.0)


def _upper_quartile(values: FloatArray64) -> FloatArray64:
    """``(T,)`` of ``(T, B)``, NaN left out: what ``np.nanquantile`` gives, and takes a hundred times as long for."""
    if not values.size:
        return np.full(len(values), np.nan)
    count = np.isfinite(values).sum(axis=1)
    place = 0.75 * np.maximum(count - 1, 0)
    below = place.astype(np.int64)
    ordered = np.sort(np.where(np.isfinite(values), values, np.nan), axis=1)  # NaN last
    rows = np.arange(len(values))
    low, high = ordered[rows, below], ordered[rows, np.minimum(below + 1, np.maximum(count - 1, 0))]
    return np.asarray(low + (place - below) * (high - low))


def body_unit(keypoints: FloatArray64, skeleton: Skeleton) -> float:
    """One length for thresholds that must not depend on pixels or metres: about half a metre of the person.

    The mean of the longest sightings of the trunk's sides, thighs, shanks and arms; where the skeleton has no such
    bone, a fifth of the keypoints' extent. NaN if nothing was seen.
    """
    longest = longest_bones(bone_lengths(keypoints, skeleton))
    if np.isfinite(longest).any():
        return float(np.nanmean(longest))
    seen = keypoints[is_seen(keypoints)]
    return float(np.linalg.norm(np.ptp(seen, axis=0)) / 5) if len(seen) else float("nan")
