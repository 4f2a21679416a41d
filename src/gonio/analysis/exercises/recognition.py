"""Which of the declared exercises is this? By posture, by what stays in place, and by how far the signal goes.

Every exercise is tried: its repetitions are counted, and each is asked whether the posture that the exercise declares
held in it. When no exercise explains what is seen well enough, the answer is that it is unknown.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gonio.analysis.exercises.body import Body, LimbLengths
from gonio.analysis.exercises.catalogue import list_exercises, load_exercise
from gonio.analysis.exercises.conditions import check
from gonio.analysis.exercises.form import during
from gonio.analysis.exercises.holds import find_holds
from gonio.analysis.exercises.repetitions import find_repetitions
from gonio.analysis.exercises.signals import chains_of
from gonio.analysis.exercises.spec import Exercise
from gonio.analysis.exercises.timing import Found
from gonio.analysis.options import AnalysisOptions
from gonio.structures.sequence import PoseSequence

LEAST_SCORE = 0.5
"""Below, an exercise explains less than half of what it should: unknown."""
_UNSEEN = 0.8
"""Credit for a condition whose points are not seen: neither held against the exercise nor as good as seeing it hold."""
_LEAST_SHARE = 0.3
"""Part of the time that repetitions should fill; a single squat in a minute is somebody who picks something up."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was recognised.

    Attributes:
        exercise: Its name; None: unknown.
        score: Of the best exercise, in [0, 1], also where it was not good enough.
        scores: Of each exercise that was tried, the best first.
    """

    exercise: str | None
    score: float
    scores: tuple[tuple[str, float], ...]


def recognise(
    sequence: PoseSequence,
    exercises: Iterable[str | Exercise] | None = None,
    options: AnalysisOptions | None = None,
) -> Recognition:
    """Recognise the exercise of one person.

    Args:
        sequence: Of one person, cleaned.
        exercises: Names, or exercises of one's own; None: all that ship and say that they can be recognised.
        options: ``up_deg`` is used.

    Raises:
        ConfigError: If the sequence is not of one person, or an exercise does not exist.
    """
    names = list_exercises() if exercises is None else exercises
    tried = [one if isinstance(one, Exercise) else load_exercise(one) for one in names]
    tried = [exercise for exercise in tried if exercise.recognise]
    body = Body.of(sequence, options or AnalysisOptions())
    lengths = LimbLengths()
    lengths.learn(body, set().union(*(chains_of(exercise) for exercise in tried)))
    scored = [(exercise, _score(body, exercise, lengths)) for exercise in tried]
    scored.sort(key=_rank, reverse=True)
    ranked = tuple((exercise.name, score) for exercise, score in scored)
    best, score = ranked[0] if ranked else (None, 0.0)
    return Recognition(best if score >= LEAST_SCORE else None, score, ranked)


def _rank(scored: tuple[Exercise, float]) -> tuple[bool, float]:
    """Repetitions that are explained come before a hold: the push-up is also a plank, but says more of what is seen."""
    exercise, score = scored
    return exercise.kind == "repetitions" and score >= LEAST_SCORE, score


def _score(body: Body, exercise: Exercise, lengths: LimbLengths) -> float:
    if len(body) < 2:
        return 0.0
    lasted_s = float(body.time_s[-1] - body.time_s[0])
    if exercise.kind == "hold":
        return sum(hold.duration_s for hold in find_holds(body, exercise, lengths)) / lasted_s
    found = find_repetitions(body, exercise, lengths).found
    if not found:
        return 0.0
    filled = sum(one.repetition.end_s - one.repetition.start_s for one in found) / lasted_s
    reach = float(np.median([one.repetition.range for one in found])) / exercise.needed_range.full
    posture = float(np.mean([_posture(body, one, exercise, lengths) for one in found]))
    return posture * min(1.0, filled / _LEAST_SHARE) * math.sqrt(min(1.0, reach))


def _posture(body: Body, found: Found, exercise: Exercise, lengths: LimbLengths) -> float:
    """Product over the conditions, so that one that fails is enough; its credit fades out beyond the bound."""
    side = found.repetition.side
    checked = [check(during(body, found, one.during), one, lengths, side=side) for one in exercise.posture]
    return float(np.prod([{True: 1.0, False: 0.0, None: _UNSEEN}[one.holds] for one in checked]))
