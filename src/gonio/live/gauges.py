"""Gauges: what is read of one person, frame by frame, for each activity that can be watched live."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gonio.analysis.exercises import Exercise, LiveCounter, LiveState, list_exercises, load_exercise
from gonio.analysis.exercises.signal_spec import SignalSpec
from gonio.analysis.options import AnalysisOptions
from gonio.errors import ConfigError
from gonio.live.angle_board import AngleBoard, ErrorByScore, LiveAngle
from gonio.live.any_motion import AnyMotionCounter
from gonio.structures.poses import Poses

LIVE_ANGLES = ("knee_flexion", "hip_flexion", "elbow_flexion", "shoulder_elevation", "trunk_lean")
"""Shown for the activity ``angles``."""
_RECORDED_ONLY = ("gait", "running", "golf", "jump")
"""These need the whole movement."""
_HOLD_EVERY_S = 0.1
"""A hold is judged by all of the last 20 s each time; its seconds need no more than this."""
_SHOWN_WITH_AUTO = ("knee_flexion", "elbow_flexion")


@dataclass(frozen=True, slots=True)
class Signal:
    """What goes up and down.

    Attributes:
        label: What it is.
        unit: ``"deg"`` or ``"%"``.
        value: Now; NaN where it is not seen.
        curve: ``(time_s, value)`` of the last seconds, if it is not simply the values that there were.
        needs: Points of the body that must be seen for it; empty: any.
    """

    label: str
    unit: str
    value: float
    curve: tuple[tuple[float, float], ...] | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a person is shown of a frame.

    Attributes:
        count: Repetitions so far; None where none are counted.
        phase: ``"rest"``, ``"descent"``...; empty where there are none.
        cue: What to say about the last repetition; empty if it was good.
        held_s: Length of the present hold; None if the activity is no hold.
        signal: What is counted on; None where there is none.
        angles: The most telling first.
    """

    count: int | None = None
    phase: str = ""
    cue: str = ""
    held_s: float | None = None
    signal: Signal | None = None
    angles: tuple[LiveAngle, ...] = ()


class Gauge(Protocol):
    """Reads one person. Keeps state: feed it every frame, in order of time."""

    @property
    def title(self) -> str:
        """What is watched: ``"Squat"``."""

    def step(self, person: Poses, time_s: float) -> Reading:
        """Feed a frame of one person, or of nobody."""


def gauge_for(activity: str, options: AnalysisOptions, *, errors: ErrorByScore | None = None) -> Gauge:
    """The gauge of an activity.

    Args:
        activity: ``"auto"``, ``"angles"``, or an exercise: its name or its YAML file.
        options: What is known beforehand.
        errors: Of the model's keypoints, by score.

    Raises:
        ConfigError: If there is no such activity, or it cannot be watched live.

    Example:
        >>> gauge_for("squat", AnalysisOptions()).title
        'Squat'
    """
    if activity == "auto":
        return AnyMotionGauge(options, errors)
    if activity == "angles":
        return AngleGauge(options, errors)
    if activity in _RECORDED_ONLY:
        raise ConfigError(
            f"'{activity}' cannot be measured live, it needs the whole movement; record a video for it. "
            f"Live are auto, angles, {', '.join(list_exercises())}."
        )
    return ExerciseGauge(load_exercise(activity), options, errors)


class ExerciseGauge:
    """Counts a declared exercise, and shows its angles."""

    def __init__(self, exercise: Exercise, options: AnalysisOptions, errors: ErrorByScore | None = None) -> None:
        self.title = exercise.title
        self._counter = LiveCounter(exercise, options, error_by_score=errors)
        self._board = AngleBoard(exercise.angles, options, errors=errors)
        self._is_hold = exercise.kind == "hold"
        self._state: LiveState | None = None
        self._stepped_s = -np.inf

    def step(self, person: Poses, time_s: float) -> Reading:
        """Feed a frame of one person, or of nobody."""
        if self._state is None or not self._is_hold or time_s - self._stepped_s >= _HOLD_EVERY_S:
            self._state, self._stepped_s = self._counter.step(person, time_s), time_s
        state = self._state
        return Reading(
            count=None if self._is_hold else state.count,
            phase=state.phase if np.isfinite(state.value) else "",
            cue=state.cue,
            held_s=state.held_s if self._is_hold else None,
            signal=Signal(_label(state.signal), state.signal.unit, state.value, needs=_needs(state.signal)),
            angles=self._board.step(person, time_s),
        )


class AnyMotionGauge:
    """Counts whatever is repeated."""

    title = "Repetitions"

    def __init__(self, options: AnalysisOptions, errors: ErrorByScore | None = None) -> None:
        self._counter = AnyMotionCounter(options)
        self._board = AngleBoard(_SHOWN_WITH_AUTO, options, errors=errors)

    def step(self, person: Poses, time_s: float) -> Reading:
        """Feed a frame of one person, or of nobody."""
        count = self._counter.step(person, time_s)
        curve = self._counter.curve
        signal = Signal("main motion of the body", "%", curve[-1][1] if curve else np.nan, curve)
        return Reading(count=count, signal=signal, angles=self._board.step(person, time_s))


class AngleGauge:
    """Shows joint angles."""

    title = "Joint angles"

    def __init__(self, options: AnalysisOptions, errors: ErrorByScore | None = None) -> None:
        self._board = AngleBoard(LIVE_ANGLES, options, errors=errors)

    def step(self, person: Poses, time_s: float) -> Reading:
        """Feed a frame of one person, or of nobody."""
        return Reading(angles=self._board.step(person, time_s))


def _label(signal: SignalSpec) -> str:
    points = [point.replace("_", " ") for point in signal.points]
    return f"{' to '.join(dict.fromkeys((points[0], points[-1])))} {signal.kind}"


def _needs(signal: SignalSpec) -> tuple[str, ...]:
    """``("hip", "knee", "ankle")``."""
    plain = (point.removeprefix("other_").removeprefix("mid_").replace("_", " ") for point in signal.points)
    return tuple(dict.fromkeys(plain))


def headline(reading: Reading) -> LiveAngle | None:
    """The first angle that is measured now."""
    return next((angle for angle in reading.angles if np.isfinite(angle.value)), None)
