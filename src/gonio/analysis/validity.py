"""Why a sample of an angle is excluded: from the keypoints' flags and scores, from lengths, from the view."""

import numpy as np

from gonio.analysis.landmarks import require_one_person
from gonio.analysis.series import REASON_TEXT, Reason
from gonio.arrays import BoolArray, FlagArray, FloatArray64
from gonio.structures.flags import KeypointFlag
from gonio.structures.sequence import PoseSequence

MIN_LENGTH_PX = 8.0
"""Shorter segments are too small: half a pixel of rounding at both ends is already 5 degrees."""
MIN_LENGTH_SD = 3.0
"""A segment shorter than this many of its own standard deviations is too small: its direction is off by 19 degrees."""
IN_PLANE = 0.7
"""A segment shorter than this part of its own length leaves the plane of the picture by more than 45 degrees."""
LONGEST_PERCENTILE = 95
"""Of a segment's lengths over time: its own length, as seen when it lies in the plane."""

_FROM_FLAG = {
    KeypointFlag.MISSING: Reason.MISSING,
    KeypointFlag.LOW_SCORE: Reason.LOW_SCORE,
    KeypointFlag.OUTLIER: Reason.OUTLIER,
    KeypointFlag.EXTRAPOLATED: Reason.EXTRAPOLATED,
    KeypointFlag.OCCLUDED: Reason.OCCLUDED,
}


def keypoint_reasons(sequence: PoseSequence, min_score: float) -> FlagArray:
    """``(T, K)`` of `Reason`: why each keypoint of one person is not measured with; 0 is usable.

    Where cleaning has set flags, they decide; else a score below ``min_score`` does. A keypoint that cleaning filled
    in is usable, with a wider error bar.

    Raises:
        ConfigError: If the sequence is not of one person.
    """
    require_one_person(sequence)
    reasons = np.zeros(sequence.scores[:, 0].shape, np.uint8)
    if sequence.flags is not None:
        for flag, reason in _FROM_FLAG.items():
            reasons[(sequence.flags[:, 0] & np.uint8(flag)) > 0] |= np.uint8(reason)
    else:
        reasons[sequence.scores[:, 0] < min_score] |= np.uint8(Reason.LOW_SCORE)
    missing = ~np.isfinite(sequence.keypoints[:, 0]).all(axis=-1)
    reasons[missing & (reasons == 0)] |= np.uint8(Reason.MISSING)
    return reasons


def too_small(length: FloatArray64, length_sd: FloatArray64, *, unit: str) -> BoolArray:
    """Where a segment is too short for its direction to be a number.

    Args:
        length: ``(T,)``.
        length_sd: ``(T,)`` of the difference of its ends along one axis; NaN where unknown.
        unit: ``"px"`` or ``"m"``.
    """
    short = length < MIN_LENGTH_SD * np.nan_to_num(length_sd)
    return np.asarray(short | (length < MIN_LENGTH_PX) if unit == "px" else short)


def out_of_plane(length: FloatArray64, usable: BoolArray, *, least: float = IN_PLANE) -> BoolArray:
    """Where a segment looks much shorter than it is, so that it points towards or away from the camera.

    Args:
        length: ``(T,)`` in the picture.
        usable: ``(T,)``: samples that its own length is taken from.
        least: Part of its own length that is still in plane.
    """
    known = length[usable & np.isfinite(length)]
    if not len(known):
        return np.zeros(length.shape, np.bool_)
    return np.asarray(length < least * np.percentile(known, LONGEST_PERCENTILE))


def blame(reasons: FlagArray, labels: tuple[str, ...]) -> str:
    """What excluded most, in words: ``"right knee hidden or doubtful"``; empty if nothing did.

    Args:
        reasons: ``(T, M)`` of `Reason`: one column for each thing that may be at fault.
        labels: M names of them.
    """
    shares = [  # of each column: a segment and its end may go by one name, as the hand does
        (
            float(((reasons[:, i] & np.uint8(reason)) > 0).mean()) if len(reasons) else 0.0,
            f"{label} {REASON_TEXT[reason]}",
        )
        for i, label in enumerate(labels)
        for reason in Reason
    ]
    share, words = max(shares, key=lambda one: one[0], default=(0.0, ""))
    return words if share > 0 else ""
