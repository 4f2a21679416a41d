"""`LiveCounter`: count, phase and cue while somebody exercises, one frame at a time."""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gonio.analysis.exercises.body import LIMBS, Body, LimbLengths
from gonio.analysis.exercises.conditions import is_allowed
from gonio.analysis.exercises.counter import Motion, Movement
from gonio.analysis.exercises.distance import DistanceWatch
from gonio.analysis.exercises.form import faults_of
from gonio.analysis.exercises.holds import find_holds
from gonio.analysis.exercises.live_side import REMEMBERED_S, LiveSide
from gonio.analysis.exercises.signal_spec import SignalSpec
from gonio.analysis.exercises.signals import chains_of, signal_series
from gonio.analysis.exercises.spec import Exercise
from gonio.analysis.exercises.timing import Found
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Repetition
from gonio.analysis.series import Side
from gonio.analysis.uncertainty import with_uncertainty
from gonio.analysis.view import detect_view
from gonio.errors import ConfigError
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence

UNSURE = "Not counted: the body is not seen clearly enough"
"""Said instead of a cue."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """What to show now.

    Attributes:
        count: Repetitions so far.
        phase: ``"rest"``, or one of the exercise's phases; of a hold ``"hold"`` or ``"rest"``.
        value: Of the signal, in its unit; NaN where it is not seen.
        signal: What is counted on.
        cue: What to say to the person about the last repetition; empty if it was good. `UNSURE` after one that may be
            none.
        held_s: For how long the present hold has lasted.
    """

    count: int
    phase: str
    value: float
    signal: SignalSpec
    cue: str = ""
    held_s: float = 0.0


class LiveCounter:
    """Counts one exercise of one person. Keeps state: feed it every frame, in order of time.

    Args:
        exercise: What they do.
        options: ``up_deg`` is used.
        error_by_score: How far off keypoints are, as of `with_uncertainty`, whose default it has: a movement smaller
            than its own error is not counted, as of a recording.
    """

    def __init__(
        self,
        exercise: Exercise,
        options: AnalysisOptions | None = None,
        *,
        error_by_score: Sequence[tuple[float, float]] | None = None,
    ) -> None:
        self._exercise = exercise
        self._options = options or AnalysisOptions()
        self._error_by_score = error_by_score
        self._lengths, self._distance = LimbLengths(), DistanceWatch()
        self._chains = chains_of(exercise)
        self._frames: deque[PoseSequence] = deque()
        sides: tuple[Side, ...] = LIMBS if exercise.one_sided else ("both",)
        self._sides = [LiveSide(exercise, side) for side in sides] if exercise.kind == "repetitions" else []
        self._cue = ""
        self._counted: list[tuple[float, float]] = []

    def step(self, poses: Poses, time_s: float) -> LiveState:
        """Feed one frame.

        Args:
            poses: Of one person, or of nobody: then nothing moves on.
            time_s: Its time.

        Raises:
            ConfigError: If there are two people or more.
        """
        if len(poses) > 1:
            raise ConfigError(f"a live counter follows one person, got {len(poses)}; choose one with poses[i].")
        signal = self._exercise.signals[0]
        if len(poses) == 0:
            return LiveState(len(self._counted), "rest", float("nan"), signal, self._cue)
        frame = with_uncertainty(_of_frame(poses, time_s), error_by_score=self._error_by_score)
        self._remember(frame)
        body = Body.of(frame, self._options)
        if self._distance.has_gone_away(body):
            self._begin_anew()
        self._lengths.learn(body, self._chains)
        if self._exercise.kind == "hold":
            return self._hold(float(signal_series(body, signal, self._lengths).values[0]))
        for side in self._sides:
            movement = side.step(body, self._lengths)
            if movement is not None and movement.unsure:
                self._cue = UNSURE
            elif movement is not None and movement.counts:
                self._count(movement, side)
        leading = max(self._sides, key=lambda side: side.last_moved_s)
        return LiveState(
            len(self._counted), self._phase(leading.counter.motion), leading.value, leading.signal, self._cue
        )

    def finish(self) -> LiveState:
        """The pictures have ended: repetitions at both ends count by the rules of a recording that is cut off.

        One under way must have gone half of the person's usual range; the first of all must have gone the full one.
        One that had begun before the first picture does not count, unless there is no other.
        """
        unbegun = None if self._exercise.one_sided or not self._sides else self._sides[0].unbegun
        for side in self._sides:
            movement = side.counter.finish()
            full = self._exercise.needed_range.full
            if movement is not None and movement.counts and (self._counted or movement.range >= full):
                self._count(movement, side)
        if unbegun is not None and len(self._counted) > 1 and self._counted[0][1] == unbegun.confirmed_s:
            self._counted.pop(0)
        return LiveState(len(self._counted), "rest", float("nan"), self._exercise.signals[0], self._cue)

    def _begin_anew(self) -> None:
        """Lengths in pixels, and signals in parts of them, are others now."""
        self._lengths = LimbLengths()
        for side in self._sides:
            side.begin_anew()

    def _remember(self, frame: PoseSequence) -> None:
        self._frames.append(frame)
        while frame.time_s[0] - self._frames[0].time_s[0] > REMEMBERED_S:
            self._frames.popleft()

    def _count(self, movement: Movement, side: LiveSide) -> None:
        """Count a movement unless the wrong thing moved, or the other side has just counted the same one."""
        sequence = _joined(self._frames)
        body = Body.of(sequence, self._options)
        when = side.stretch_of(movement)
        if not is_allowed(body.between(*when.shown_s), self._exercise, self._lengths, side=side.side):
            return
        if any(start < when.turn_s and when.start_s < end for start, end in self._counted[-1:]):
            return
        self._counted.append((when.start_s, when.now_s))
        end_s = when.end_s if movement.finished else when.now_s
        repetition = Repetition(
            when.start_s, when.turn_s, end_s, side.side, range=movement.range, range_sd=movement.range_sd
        )
        near_s = 0.1 * (end_s - when.start_s)
        hold_s = (when.turn_s - near_s, when.turn_s + near_s)
        found = Found.of(repetition, hold_s, finished=movement.finished)
        view = detect_view(sequence, options=self._options).kind
        faults = faults_of(body, found, self._exercise, self._lengths, view)
        self._cue = faults[0].cue if faults else ""

    def _hold(self, value: float) -> LiveState:
        body = Body.of(_joined(self._frames), self._options)
        holds = find_holds(body, self._exercise, self._lengths)
        held = holds[-1].duration_s if holds and holds[-1].end_s == body.time_s[-1] else 0.0
        return LiveState(0, "hold" if held else "rest", value, self._exercise.signals[0], held_s=held)

    def _phase(self, motion: Motion) -> str:
        out, _, back = self._exercise.phases
        return {"rest": "rest", "out": out, "back": back}[motion]


def _of_frame(poses: Poses, time_s: float) -> PoseSequence:
    track_ids = np.zeros(1, np.int64)
    keypoints, scores, times = poses.keypoints[None], poses.scores[None], np.array([time_s], np.float64)
    return PoseSequence(keypoints, scores, times, track_ids, poses.skeleton)


def _joined(frames: Collection[PoseSequence]) -> PoseSequence:
    """One frame after the other."""
    return replace(
        next(iter(frames)),
        keypoints=np.concatenate([one.keypoints for one in frames]),
        scores=np.concatenate([one.scores for one in frames]),
        time_s=np.concatenate([one.time_s for one in frames]),
        keypoint_sd=np.concatenate([one.keypoint_sd for one in frames if one.keypoint_sd is not None]),
    )
