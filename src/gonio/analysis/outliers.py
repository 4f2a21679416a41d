"""Keypoints that cannot be true: they jump out of their own path, or make a bone longer than it is."""

import numpy as np

from gonio.analysis.bones import body_unit, bone_lengths, bones, longest_bones, relative_size
from gonio.analysis.windows import median_without_nan, neighbours, sample_interval_s
from gonio.arrays import BoolArray, FloatArray64
from gonio.structures.skeleton import Skeleton

_MAD_TO_SD = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""
_EACH_SIDE = 2
"""Samples before and after: at an end, a jump cannot be told from the beginning of a motion."""
_FLOOR = 0.08
"""Body lengths, about 4 cm: deviations below are noise for the filter, however calm the rest is."""


def jumps(
    keypoints: FloatArray64, time_s: FloatArray64, skeleton: Skeleton, *, window_s: float = 0.1, sigmas: float = 4.0
) -> BoolArray:
    """``(T, K)``: Hampel's identifier on windows of true time, about a line instead of a level.

    A limb at full swing is not level within any useful window; so the median is taken of what deviates from the
    window's own median slope, which wrong samples hardly move.

    Args:
        keypoints: ``(T, K, D)`` of one person; NaN where missing.
        time_s: ``(T,)``.
        skeleton: What the keypoints are.
        window_s: To either side; widened at low frame rates to three and a half frames.
        sigmas: Robust standard deviations that are too many.

    Source:
        F. R. Hampel, "The influence curve and its role in robust estimation", JASA 69, 1974; R. K. Pearson et al.,
        "Generalized Hampel filters", EURASIP J. Adv. Signal Process. 2016.
    """
    unit = body_unit(keypoints, skeleton)
    if len(time_s) <= 2 * _EACH_SIDE or not unit > 0:
        return np.zeros(keypoints.shape[:2], bool)
    index, counted = neighbours(time_s, max(window_s, 3.5 * sample_interval_s(time_s)))
    around = np.where(counted[..., None, None], keypoints[index], np.nan)  # (T, W, K, D)
    offset = (time_s[index] - time_s[:, None])[..., None, None]
    half = index.shape[1] // 2
    lag = max(1, half // 2)
    # A burst of wrong samples raises as many of these slopes as it lowers: their median stays.
    rise, span = around[:, lag:] - around[:, :-lag], offset[:, lag:] - offset[:, :-lag]
    slope = median_without_nan(rise / np.where(span > 0, span, np.nan), axis=1)
    level = around - np.nan_to_num(slope)[:, None] * offset
    middle = median_without_nan(level, axis=1)
    away = np.linalg.norm(level - middle[:, None], axis=-1)  # (T, W, K)
    spread = _MAD_TO_SD * median_without_nan(away, axis=1)
    seen = np.isfinite(away)
    enough = (seen[:, :half].sum(axis=1) >= _EACH_SIDE) & (seen[:, half + 1 :].sum(axis=1) >= _EACH_SIDE)
    with np.errstate(invalid="ignore"):
        return np.asarray(enough & (away[:, half] > np.maximum(sigmas * spread, _FLOOR * unit)))


def impossible_bones(
    keypoints: FloatArray64, time_s: FloatArray64, skeleton: Skeleton, *, tolerance: float = 1.35
) -> BoolArray:
    """``(T, K)``: keypoints that make a bone longer than this person's bone can be.

    Bones are measured against the person's own, at the size that the person has in the picture at that time. A bone
    that looks too short only points out of the picture's plane. Of a bone that is too long the farther end is wrong,
    unless the next bone towards the trunk is too long as well: then it is their common joint.

    Args:
        keypoints: ``(T, K, D)`` of one person; NaN where missing.
        time_s: ``(T,)``.
        skeleton: What the keypoints are.
        tolerance: Times the longest that the bone was seen, wrong sightings aside.
    """
    pairs, lengths = bones(skeleton), bone_lengths(keypoints, skeleton)
    wrong = np.zeros(keypoints.shape[:2], bool)
    limit = tolerance * longest_bones(lengths) * relative_size(lengths, time_s)[:, None]
    with np.errstate(invalid="ignore"):
        too_long = lengths > limit
    bone_ending_at = {far: bone for bone, (_, far) in enumerate(pairs)}
    for bone, (near, far) in enumerate(pairs):
        before = bone_ending_at.get(near)
        wrong[:, far] |= too_long[:, bone] if before is None else too_long[:, bone] & ~too_long[:, before]
    return wrong
