"""`LiveCounter`: count, phase and cue while somebody exercises, one frame at a time."""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gonio.analysis.exercises.body import LIMBS, Body, LimbLengths
from gonio.analysis.exercises.conditions import is_allowed
from gonio.analysis.exercises.counter import Motion, Movement, RepetitionCounter
from gonio.analysis.exercises.form import faults_of
from gonio.analysis.exercises.holds import find_holds
from gonio.analysis.exercises.repetitions import Found
from gonio.analysis.exercises.signal_spec import SignalSpec
from gonio.analysis.exercises.signals import chains_of, signal_series
from gonio.analysis.exercises.spec import Exercise
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Repetition
from gonio.analysis.series import Side
from gonio.analysis.uncertainty import with_uncertainty
from gonio.analysis.view import detect_view
from gonio.errors import ConfigError
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence

_REMEMBERED_S = 20.0
"""Frames kept to judge a repetition by when it is over."""
_MEDIAN_OF = 3
"""Samples of the causal median: one wrong frame does not show, and the delay is one frame."""
_UNSEEN_S = 1.0
"""A signal that was not seen for so long gives way to the next one of the exercise."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """What to show now.

    Attributes:
        count: Repetitions so far.
        phase: ``"rest"``, or one of the exercise's phases; of a hold ``"hold"`` or ``"rest"``.
        value: Of the signal, in its unit; NaN where it is not seen.
        signal: What is counted on.
        cue: What to say to the person about the last repetition; empty if it was good.
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
        self._lengths = LimbLengths()
        self._chains = chains_of(exercise)
        self._frames: deque[PoseSequence] = deque()
        sides: tuple[Side, ...] = LIMBS if exercise.one_sided else ("both",)
        self._sides = [_LiveSide(exercise, side) for side in sides] if exercise.kind == "repetitions" else []
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
        self._lengths.learn(body, self._chains)
        if self._exercise.kind == "hold":
            return self._hold(float(signal_series(body, signal, self._lengths).values[0]))
        for side in self._sides:
            movement = side.step(body, self._lengths)
            if movement is not None and movement.counts:
                self._count(movement, side.side)
        leading = max(self._sides, key=lambda side: side.last_moved_s)
        return LiveState(
            len(self._counted), self._phase(leading.counter.motion), leading.value, leading.signal, self._cue
        )

    def finish(self) -> LiveState:
        """The pictures have ended: a repetition under way counts by the rules of a recording that is cut off.

        It must have gone half of the person's usual range; the first of all must have gone the full one.
        """
        for side in self._sides:
            movement = side.counter.finish()
            full = self._exercise.needed_range.full
            if movement is not None and movement.counts and (self._counted or movement.range >= full):
                self._count(movement, side.side)
        return LiveState(len(self._counted), "rest", float("nan"), self._exercise.signals[0], self._cue)

    def _remember(self, frame: PoseSequence) -> None:
        self._frames.append(frame)
        while frame.time_s[0] - self._frames[0].time_s[0] > _REMEMBERED_S:
            self._frames.popleft()

    def _count(self, movement: Movement, side: Side) -> None:
        """Count a movement unless the wrong thing moved, or the other side has just counted the same one."""
        sequence = _joined(self._frames)
        body = Body.of(sequence, self._options)
        low_s, turn_s, now_s = movement.low.time_s, movement.high.time_s, movement.confirmed_s
        if not is_allowed(body.between(low_s, now_s), self._exercise, self._lengths, side=side):
            return
        if any(start < turn_s and low_s < end for start, end in self._counted[-1:]):
            return
        self._counted.append((low_s, now_s))
        repetition = Repetition(low_s, turn_s, now_s, side, range=movement.range, range_sd=movement.range_sd)
        near_s = 0.1 * (now_s - low_s)
        found = Found(repetition, low_s, (turn_s - near_s, turn_s + near_s), float("nan"), True, False)
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


class _LiveSide:
    """The signal and the counter of one side, or of both together."""

    def __init__(self, exercise: Exercise, side: Side) -> None:
        self.side = side
        self.counter = RepetitionCounter(least_range=exercise.needed_range.least, shortest_s=exercise.tempo.shortest_s)
        self.value = float("nan")
        self.last_moved_s = -np.inf
        self._signals = exercise.signals
        self._chosen = 0
        self._seen_s: float | None = None
        self._sign = 1.0 if exercise.extreme == "maximum" else -1.0
        self._recent: deque[tuple[float, float]] = deque(maxlen=_MEDIAN_OF)

    @property
    def signal(self) -> SignalSpec:
        """The one in use."""
        return self._signals[self._chosen]

    def step(self, body: Body, lengths: LimbLengths) -> Movement | None:
        """Feed one frame; the movement that it finished."""
        now_s = float(body.time_s[0])
        series = [signal_series(body, one, lengths, side=self.side) for one in self._signals]
        values = [float(one.values[0]) for one in series]
        self._choose(values, now_s)
        self.value = values[self._chosen]
        if not np.isfinite(self.value):
            return None
        self._recent.append((self._sign * self.value, float(series[self._chosen].sd[0])))
        middle, sd = sorted(self._recent)[len(self._recent) // 2]
        movement = self.counter.step(middle, now_s, sd)
        if self.counter.motion != "rest" or movement is not None:
            self.last_moved_s = now_s
        return movement

    def _choose(self, values: list[float], now_s: float) -> None:
        """Stay with the signal in use while it is seen; else take the first that is."""
        if np.isfinite(values[self._chosen]) or self._seen_s is None:
            self._seen_s = now_s
        seen = [i for i, value in enumerate(values) if np.isfinite(value)]
        if seen and now_s - self._seen_s > _UNSEEN_S:
            self._chosen, self._seen_s = seen[0], now_s
            self._recent.clear()
            self.counter.restart()


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
