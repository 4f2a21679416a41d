"""How far off each keypoint may be: from its score, from how it trembles, and from how long it was not seen.

The error by score was measured against people's labels, so it holds what a network gets wrong lastingly. The residual
over time sees only what changes from frame to frame, but sees it on this very video. The larger of the two is taken:
the first includes the second where the video is as the pictures that it was measured on.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gonio.analysis.propagation import error_correlation, propagate, sd_of_difference, sd_of_mean
from gonio.analysis.residual import bridge_variance, temporal_sd
from gonio.arrays import BoolArray, FloatArray64
from gonio.score_maps import through_knots
from gonio.structures.flags import EXCLUDED, KeypointFlag
from gonio.structures.sequence import PoseSequence

__all__ = [
    "DEFAULT_ERROR_BY_SCORE",
    "error_correlation",
    "propagate",
    "sd_of_difference",
    "sd_of_mean",
    "with_uncertainty",
]

DEFAULT_ERROR_BY_SCORE = (
    (0.2, 0.185),
    (0.56, 0.140),
    (0.75, 0.110),
    (0.83, 0.088),
    (0.885, 0.047),
    (0.95, 0.033),
    (0.99, 0.028),
)
"""(calibrated score, root mean square error as a part of the root of the box's area) of ``thunder`` on ``coco-mini``.

Rounded from the table of its card (``gonio evaluate --calibrate``). For scores that are not calibrated it is careful:
networks' own scores are mostly lower than the share of keypoints that are right.
"""
BOX_OVER_KEYPOINTS = 1.2
"""Root of the area of a person's box over that of the box around their keypoints.

Median over 18 clips with ``thunder``: 1.21, clips from 1.10 to 1.47 (``benchmarks/motion/box_size.py``).
"""
_FILTERED = ("butterworth", "one euro", "low-pass", "smooth")
"""Words in a line of history that say that trembling was filtered out: its residual then says nothing of the error."""


def with_uncertainty(
    sequence: PoseSequence, *, error_by_score: Sequence[tuple[float, float]] | None = None
) -> PoseSequence:
    """The sequence with ``keypoint_sd``, the standard deviation of each keypoint along one axis.

    - In pixels: ``error_by_score`` at the keypoint's score, times the root of the area of the person's box, over root 2
      (the table's distance is of both axes together).
    - Residual over time: what one frame differs from the curve through its neighbours, as a robust standard deviation
      over about two seconds (`temporal_sd`). Not of a filtered sequence, whose history says so.
    - The larger of these, and of a ``keypoint_sd`` that the sequence already has.
    - A filled-in keypoint has that of its seen neighbours in time, and that of a Brownian bridge across the gap.

    Best called before cleaning, which keeps the result, and again afterwards for what was filled in. Filtering does not
    narrow it: what is left after a filter is mostly the lasting error that no filter takes out.

    Args:
        sequence: In pixels or metres, of any number of people.
        error_by_score: Knots ``(score, rms)`` of rising score, from the model card's ``keypoint_error``. None:
            `DEFAULT_ERROR_BY_SCORE`. In metres it is not used; what a triangulation gets wrong lastingly is not in the
            result then.

    Returns:
        NaN where a keypoint is missing, and where nothing is known (metres, filtered, nothing known before).
    """
    points = sequence.keypoints.astype(np.float64)
    seen = _seen(sequence)
    parts: list[FloatArray64] = []
    sources: list[str] = []
    if sequence.unit == "px":
        knots = DEFAULT_ERROR_BY_SCORE if error_by_score is None else tuple(error_by_score)
        parts.append(through_knots(sequence.scores, knots) * _box_root(points, seen)[..., None] / np.sqrt(2))
        sources.append("default error by score" if error_by_score is None else "error by score of the model")
    if not any(word in line.lower() for line in sequence.history for word in _FILTERED):
        parts.append(temporal_sd(np.where(seen[..., None], points, np.nan), sequence.time_s))
        sources.append("residual over time")
    if sequence.keypoint_sd is not None:
        parts.append(sequence.keypoint_sd.astype(np.float64))
        sources.append("what was known before")
    unknown = np.full(seen.shape, np.nan)
    sd = np.fmax.reduce(parts) if parts else unknown
    sd = _across_gaps(sd, points, seen, sequence)
    sd = np.where(np.isfinite(points).all(axis=-1), sd, np.nan).astype(np.float32)
    return replace(sequence, keypoint_sd=sd).noted(f"keypoint sd: larger of {', '.join(sources) or 'nothing known'}")


def _seen(sequence: PoseSequence) -> BoolArray:
    """``(T, N, K)``: found in the picture, not filled in and not taken out."""
    present = np.isfinite(sequence.keypoints).all(axis=-1)
    if sequence.flags is None:
        return np.asarray(present)
    return np.asarray(present & ((sequence.flags & np.uint8(EXCLUDED | KeypointFlag.FILLED)) == 0))


def _box_root(points: FloatArray64, seen: BoolArray) -> FloatArray64:
    """``(T, N)`` root of the area of each person's box; the person's median where half of the keypoints are hidden."""
    inside = np.where(seen[..., None], points, np.nan)
    enough = seen.sum(axis=-1) > seen.shape[-1] // 2
    extent = np.fmax.reduce(inside, axis=2) - np.fmin.reduce(inside, axis=2)
    root = np.where(enough, BOX_OVER_KEYPOINTS * np.sqrt(extent.prod(axis=-1)), np.nan)
    for n in range(root.shape[1]):
        known = np.isfinite(root[:, n])
        root[~known, n] = np.median(root[known, n]) if known.any() else np.nan
    return np.asarray(root, np.float64)


def _across_gaps(sd: FloatArray64, points: FloatArray64, seen: BoolArray, sequence: PoseSequence) -> FloatArray64:
    """Filled-in keypoints get the standard deviation of their neighbours, widened across the gap."""
    if sequence.flags is None:
        return sd
    filled = (sequence.flags & np.uint8(KeypointFlag.FILLED)) > 0
    for n, k in np.argwhere(filled.any(axis=0)):
        known = seen[:, n, k] & np.isfinite(sd[:, n, k])
        if known.any():
            gap = filled[:, n, k]
            beside = np.interp(sequence.time_s[gap], sequence.time_s[known], sd[known, n, k])
            bridge = bridge_variance(points[:, n, k], seen[:, n, k], sequence.time_s)[gap]
            sd[gap, n, k] = np.sqrt(beside**2 + bridge)
    return sd
