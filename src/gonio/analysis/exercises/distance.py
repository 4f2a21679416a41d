"""Has somebody gone away from the camera? Then the limbs' lengths that were learnt near it are too long."""

from collections import deque

import numpy as np

from gonio.analysis.exercises.body import LIMBS, Body
from gonio.arrays import FloatArray64

_BONES = (("shoulder", "hip"), ("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
_BREADTHS = ("shoulder", "hip")
_STEP_S = 0.1
_SMALLER = ((1.0, 0.7), (4.0, 0.85))
"""For so many seconds, seen at most so large: much smaller is told at once."""
_SEEN_LARGEST = 90
"""Percentile of a bone's lengths over that time, so that a few wrong samples do not decide."""
_BEST_KEPT = 75
"""Percentile of the bones. A deep squat seen from the front, with arms and trunk leaning forwards, shortens nearly all
of them, and may be held; but it leaves shoulders and hips as broad as they were, and who goes away looks narrower too.
Seen from the side, somebody is narrow anyway, but no bone of a squat is foreshortened."""
_LEAST_BONES = 4


class DistanceWatch:
    """Compares how long the bones and how broad the body look with how they did.

    Keeps state: feed it every frame, in order of time.
    """

    def __init__(self) -> None:
        self._recent: deque[tuple[float, FloatArray64]] = deque()
        self._known: FloatArray64 | None = None

    def has_gone_away(self, body: Body) -> bool:
        """Feed a frame; True when the person looks so much smaller than before, after which it begins anew."""
        now_s = float(body.time_s[0])
        if self._recent and now_s - self._recent[-1][0] < _STEP_S:
            return False
        self._recent.append((now_s, _lengths(body)))
        while now_s - self._recent[0][0] > _SMALLER[-1][0]:
            self._recent.popleft()
        if self._known is not None and any(self._is_smaller(now_s, *limits) for limits in _SMALLER):
            self._recent.clear()
            self._known = None
            return True
        now = self._largest(now_s, _SMALLER[0][0])
        self._known = now if self._known is None else np.fmax(self._known, now)
        return False

    def _is_smaller(self, now_s: float, span_s: float, most: float) -> bool:
        if now_s - self._recent[0][0] < 0.9 * span_s or self._known is None:
            return False
        kept = self._largest(now_s, span_s) / self._known
        bones, breadths = kept[: -len(_BREADTHS)], kept[-len(_BREADTHS) :]
        bones = bones[np.isfinite(bones)]
        if len(bones) < _LEAST_BONES or (breadths >= most).any():
            return False
        return float(np.percentile(bones, _BEST_KEPT)) < most

    def _largest(self, now_s: float, span_s: float) -> FloatArray64:
        """``(12,)``; NaN where a bone was not seen."""
        seen = np.stack([lengths for time_s, lengths in self._recent if now_s - time_s <= span_s])
        known = np.isfinite(seen).any(axis=0)
        largest = np.full(seen.shape[1], np.nan)
        if known.any():
            largest[known] = np.nanpercentile(seen[:, known], _SEEN_LARGEST, axis=0)
        return largest


def _lengths(body: Body) -> FloatArray64:
    """``(12,)``: of the bones, then from left to right; NaN where not seen, or seen end on."""
    bones = [body.at(a, side)[0] - body.at(b, side)[0] for side in LIMBS for a, b in _BONES]
    breadths = [body.at(name, "left")[0] - body.at(name, "right")[0] for name in _BREADTHS]
    lengths = np.linalg.norm([*bones, *breadths], axis=-1)
    return np.where(lengths > 0, lengths, np.nan)
