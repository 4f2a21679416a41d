"""Exercises declared as data: repetitions, holds, form and live cues of anything that a YAML file describes."""

from gonio.analysis.exercises.agnostic import count_repetitions
from gonio.analysis.exercises.analysis import analyse_exercise
from gonio.analysis.exercises.catalogue import list_exercises, load_exercise
from gonio.analysis.exercises.live import LiveCounter, LiveState
from gonio.analysis.exercises.recognition import Recognition, recognise
from gonio.analysis.exercises.spec import Exercise

__all__ = [
    "Exercise",
    "LiveCounter",
    "LiveState",
    "Recognition",
    "analyse_exercise",
    "count_repetitions",
    "list_exercises",
    "load_exercise",
    "recognise",
]
