"""Short gaps filled by interpolation over true time; long ones left open and said so."""

from dataclasses import replace

import numpy as np
from scipy.interpolate import PchipInterpolator

from gonio.analysis.windows import is_seen, runs
from gonio.arrays import FlagArray, FloatArray, FloatArray64
from gonio.structures.flags import KeypointFlag
from gonio.structures.sequence import PoseSequence

_GONE = np.uint8(KeypointFlag.MISSING | KeypointFlag.LOW_SCORE | KeypointFlag.OUTLIER)


def fill_gaps(sequence: PoseSequence, *, max_gap_s: float) -> PoseSequence:
    """Interpolate keypoints over gaps up to a stated length.

    A gap lasts from the last sighting before it to the first after it. Within a gap a monotone cubic (PCHIP) is drawn,
    which never goes beyond what was seen on both sides. Nothing is extrapolated.

    Args:
        sequence: NaN where a keypoint is missing; flags may say why.
        max_gap_s: Longest gap to fill.

    Returns:
        The sequence with flags: ``FILLED``, instead of the reason for the gap, where a gap was filled; ``MISSING`` and
        ``EXTRAPOLATED`` beside the reason where it was too long or open to one side; only ``MISSING`` for a keypoint
        that was never seen. Scores stay as the model gave them.

    Source:
        F. N. Fritsch and J. Butland, "A method for constructing local monotone piecewise cubic interpolants", SIAM J.
        Sci. Stat. Comput. 5, 1984.
    """
    keypoints = sequence.keypoints.copy()
    flags = np.zeros(sequence.scores.shape, np.uint8) if sequence.flags is None else sequence.flags.copy()
    for person in range(keypoints.shape[1]):
        for k in range(keypoints.shape[2]):
            _fill(keypoints[:, person, k], flags[:, person, k], sequence.time_s, max_gap_s)
    return replace(sequence, keypoints=keypoints, flags=flags)


def _fill(points: FloatArray, flags: FlagArray, time_s: FloatArray64, max_gap_s: float) -> None:
    """Fill one keypoint's ``(T, D)`` and ``(T,)`` in place."""
    missing = ~is_seen(points)
    seen = np.flatnonzero(~missing)
    points[missing] = np.nan
    flags[missing] |= np.uint8(KeypointFlag.MISSING)
    if not len(seen):
        return
    curve = PchipInterpolator(time_s[seen], points[seen].astype(np.float64), axis=0) if len(seen) > 1 else None
    for start, end in runs(missing):
        inside = start > 0 and end < len(time_s)
        if curve is not None and inside and time_s[end] - time_s[start - 1] <= max_gap_s:
            points[start:end] = curve(time_s[start:end])
            flags[start:end] = (flags[start:end] & ~_GONE) | np.uint8(KeypointFlag.FILLED)
        else:
            flags[start:end] |= np.uint8(KeypointFlag.EXTRAPOLATED)
