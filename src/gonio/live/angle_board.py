"""Joint angles of the present moment, refreshed often enough to be read, with error bars or the reason for none."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonio.analysis.angles import ANGLES, angle_series
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.series import Side
from gonio.analysis.uncertainty import with_uncertainty
from gonio.analysis.view import View, detect_view
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence

_REFRESH_S = 0.2
"""Each angle anew in this time, a few of them with each frame: all at once would hold up that frame."""
_STEP_S = 0.1
"""Between remembered frames."""
_REMEMBERED_S = 3.0
"""Segments and the view are judged by this much of the past: whether they lie in the plane of the picture."""
_VIEW_S = 0.5
"""How often the view is looked at again: nobody turns round faster than that matters."""

ErrorByScore = Sequence[tuple[float, float]]
"""Knots ``(score, root mean square error as a part of the root of the box's area)``, from a model card."""


@dataclass(frozen=True, slots=True)
class LiveAngle:
    """One angle now.

    Attributes:
        name: ``"knee_flexion"``.
        side: The person's; ``"both"`` for what has none.
        label: ``"left knee flexion"``.
        time_s: When it was measured.
        value: Degrees; NaN where it cannot be measured.
        sd: One standard deviation; NaN where unknown.
        why: Why it cannot be measured: ``"left knee hidden or doubtful"``; else empty.
    """

    name: str
    side: Side
    label: str
    time_s: float
    value: float
    sd: float
    why: str = ""


class AngleBoard:
    """The chosen angles of one person. Keeps state: feed it every frame, in order of time.

    Args:
        names: Of `gonio.analysis.angles.list_angles`.
        options: Convention, view, roll and least score.
        errors: Of the model's keypoints, by score.
    """

    def __init__(
        self, names: Sequence[str], options: AnalysisOptions | None = None, *, errors: ErrorByScore | None = None
    ) -> None:
        self._chosen = [(name, side) for name in names for side in _sides(name)]
        self._options = options or AnalysisOptions()
        self._errors = errors
        self._recent: deque[tuple[float, Poses]] = deque()
        self._angles: dict[tuple[str, Side], LiveAngle] = {}
        self._turn = 0
        self._due = 0.0
        self._stepped_s = -np.inf
        self._view: tuple[float, View] | None = None

    def step(self, person: Poses, time_s: float) -> tuple[LiveAngle, ...]:
        """Feed a frame of one person, or of nobody; gives each angle, of two sides first the one that is seen."""
        if not self._chosen or not len(person):
            self._angles.clear()
            return ()
        while self._recent and time_s - self._recent[0][0] > _REMEMBERED_S:
            self._recent.popleft()
        recent = [*self._recent, (time_s, person)]
        if not self._recent or time_s - self._recent[-1][0] >= _STEP_S:
            self._recent.append((time_s, person))
        now = self._take_turns(time_s)
        if now:
            sequence = with_uncertainty(_together(recent), error_by_score=self._errors)
            view = self._seen_from(sequence, time_s)
            self._angles |= {(name, side): self._angle(sequence, name, side, view) for name, side in now}
        visible = self._view[1].visible_side if self._view else "both"
        order = {name: place for place, (name, _) in enumerate(self._chosen)}
        return tuple(sorted(self._angles.values(), key=lambda one: (order[one.name], one.side != visible)))

    def _take_turns(self, time_s: float) -> list[tuple[str, Side]]:
        """Whose turn it is: all at first, then as many as keep each one fresh."""
        n = len(self._chosen)
        self._due = min(n, self._due + n * (time_s - self._stepped_s) / _REFRESH_S) if self._angles else n
        self._stepped_s = time_s
        many = int(self._due)
        turns = [self._chosen[(self._turn + i) % n] for i in range(many)]
        self._due, self._turn = self._due - many, (self._turn + many) % n
        return turns

    def _seen_from(self, sequence: PoseSequence, time_s: float) -> View:
        if self._view is None or time_s - self._view[0] >= _VIEW_S:
            self._view = time_s, detect_view(sequence, options=self._options)
        return self._view[1]

    def _angle(self, sequence: PoseSequence, name: str, side: Side, view: View) -> LiveAngle:
        series = angle_series(sequence, name, side=side, view=view, options=self._options)
        now_s = float(series.time_s[-1])
        if not series.valid[-1]:
            return LiveAngle(name, side, series.label, now_s, np.nan, np.nan, series.why or "cannot be measured")
        return LiveAngle(name, side, series.label, now_s, float(series.values[-1]), float(series.sd[-1]))


def _sides(name: str) -> tuple[Side, ...]:
    return ("left", "right") if ANGLES[name].sided else ("both",)


def _together(recent: list[tuple[float, Poses]]) -> PoseSequence:
    """The history says that trembling was filtered out, so that error bars do not rest on what is left of it."""
    return PoseSequence(
        np.stack([poses.keypoints for _, poses in recent]),
        np.stack([poses.scores for _, poses in recent]),
        np.array([time_s for time_s, _ in recent], np.float64),
        np.zeros(1, np.int64),
        recent[-1][1].skeleton,
        history=("One Euro filter",),
    )
