"""Counting live without knowing the exercise: the recent past is counted again and again, each repetition once."""

from collections import deque

import numpy as np

from gonio.analysis.exercises import count_repetitions
from gonio.analysis.options import AnalysisOptions
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence

_WINDOW_S = 20.0
"""What the main motion is found in: several repetitions of anything, few enough to follow a change of exercise."""
_STEP_S = 0.08
"""Between remembered frames: no exercise is faster than six of these, and the cost grows with their number."""
_RECOUNT_S = 0.5
_CURVE_S = 10.0
_SETTLED_S = 0.3
"""A repetition that ended less long ago may still be a pause within one."""
_OVERLAP = 0.25
"""Part of a repetition by which it may begin before the last one's end: recounts time them a little differently."""


class AnyMotionCounter:
    """Counts whatever one person repeats. Keeps state: feed it every frame, in order of time.

    It counts a repetition up to about a second after its end.

    Attributes:
        count: Repetitions so far.
        curve: ``(time_s, value)`` of the main motion over the last seconds, % of the body's size. It is found anew each
            time, so the whole of it is replaced.
    """

    def __init__(self, options: AnalysisOptions | None = None) -> None:
        self.count = 0
        self.curve: tuple[tuple[float, float], ...] = ()
        self._options = options or AnalysisOptions()
        self._recent: deque[tuple[float, Poses]] = deque()
        self._counted_s = self._last_end_s = -np.inf

    def step(self, person: Poses, time_s: float) -> int:
        """Feed a frame of one person, or of nobody; gives the count."""
        if not len(person):
            return self.count
        if not self._recent or time_s - self._recent[-1][0] >= _STEP_S:
            self._recent.append((time_s, person))
        while time_s - self._recent[0][0] > _WINDOW_S:
            self._recent.popleft()
        if time_s - self._counted_s >= _RECOUNT_S and len(self._recent) > 2:
            self._counted_s = time_s
            self._recount(time_s)
        return self.count

    def _recount(self, now_s: float) -> None:
        sequence = PoseSequence(
            np.stack([poses.keypoints for _, poses in self._recent]),
            np.stack([poses.scores for _, poses in self._recent]),
            np.array([time_s for time_s, _ in self._recent], np.float64),
            np.zeros(1, np.int64),
            self._recent[-1][1].skeleton,
        )
        analysis = count_repetitions(sequence, self._options)
        series = analysis.series[0]
        recent = series.time_s >= now_s - _CURVE_S
        self.curve = tuple(zip(series.time_s[recent].tolist(), series.values[recent].tolist(), strict=True))
        for one in analysis.repetitions:
            earliest_s = self._last_end_s - _OVERLAP * (one.end_s - one.start_s)
            if one.end_s < now_s - _SETTLED_S and one.start_s >= earliest_s:
                self.count, self._last_end_s = self.count + 1, one.end_s
