"""The activities by name: those that ship, every declared exercise, and those that other packages add.

An activity is a function from the sequence of one person and the options to an `Analysis`. A package adds one through
an entry point of the group ``gonio.activities``; ``docs/activities.md`` shows how. Nothing is imported before it is
asked for.
"""

import importlib
import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from gonio.analysis.exercises.analysis import analyse_exercise
from gonio.analysis.exercises.catalogue import list_exercises, load_exercise
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis
from gonio.errors import ConfigError, did_you_mean
from gonio.structures.sequence import PoseSequence

Activity = Callable[[PoseSequence, AnalysisOptions], Analysis]
"""Takes the cleaned sequence of one person."""

GROUP = "gonio.activities"
"""Of the entry points by which other packages add activities."""


@dataclass(frozen=True, slots=True)
class _BuiltIn:
    """Where an activity is, what it is, and with which settings it is called; strings, so that nothing is loaded."""

    place: str
    line: str
    settings: Mapping[str, str] = field(default_factory=dict)


_GAIT = "gonio.analysis.gait:analyse_gait"
_BUILT_IN = {
    "auto": _BuiltIn("gonio.analysis.auto:analyse_auto", "Whatever it is: golf, exercise, walking, running, angles."),
    "angles": _BuiltIn("gonio.analysis.angles_activity:analyse_angles", "Joint and segment angles that are seen."),
    "gait": _BuiltIn(_GAIT, "Walking: steps, phases, speed, symmetry.", {"activity": "gait"}),
    "running": _BuiltIn(_GAIT, "Running: contact, flight, cadence, bounce.", {"activity": "running"}),
    "golf": _BuiltIn("gonio.analysis.golf:analyse_golf", "A golf swing: eight events, tempo, hand plane, turns."),
    "jump": _BuiltIn(
        "gonio.analysis.jump:analyse_jump", "Jumps in place: height by the time in the air, contact time."
    ),
}
_OTHER_WORDS = {
    "walk": "gait",
    "walking": "gait",
    "jogging": "running",
    "sprint": "running",
    "sit-to-stand": "sit-to-stand-5x",
    "chair-stand": "sit-to-stand-30s",
    "balance": "single-leg-stance",
    "curl": "elbow-curl",
    "calf-raise": "heel-raise",
}
"""What people also call them; only to suggest the name."""
_EXERCISE_SUFFIXES = (".yaml", ".yml")

logger = logging.getLogger(__name__)


def list_activities() -> dict[str, str]:
    """Name to one line, built-in ones first, then exercises, then those of other packages.

    Other packages are not imported for it: their line names the package.

    Example:
        >>> list_activities()["golf"]
        'A golf swing: eight events, tempo, hand plane, turns.'
    """
    lines = {name: one.line for name, one in _BUILT_IN.items()}
    lines |= {name: f"Exercise: {load_exercise(name).title}." for name in list_exercises()}
    return lines | {name: f"Added by {_package(point)}." for name, point in _added().items()}


def find_activity(name: str) -> Activity:
    """The activity of that name, or of an exercise declared in a YAML file, by its path.

    Raises:
        ConfigError: If there is none, an exercise file is wrong, or the package that adds it is broken.
    """
    if name in _BUILT_IN:
        return _imported(_BUILT_IN[name])
    if name in list_exercises() or Path(name).suffix in _EXERCISE_SUFFIXES:
        return _of_exercise(name)
    added = _added()
    if name in added:
        return _loaded(added[name])
    known = [*_BUILT_IN, *list_exercises(), *added]
    wanted = "-".join(name.lower().replace("_", " ").split())
    hint = did_you_mean(_OTHER_WORDS.get(wanted, wanted), known)
    raise ConfigError(f"no activity named {name!r}; {hint}there are: {', '.join(known)}.")


def _of_exercise(name: str) -> Activity:
    exercise = load_exercise(name)

    def analyse(sequence: PoseSequence, options: AnalysisOptions) -> Analysis:
        return analyse_exercise(sequence, exercise, options)

    return analyse


def _imported(one: _BuiltIn) -> Activity:
    module, _, name = one.place.partition(":")
    return partial(getattr(importlib.import_module(module), name), **one.settings)


def _added() -> dict[str, EntryPoint]:
    """What other packages add; a name that is taken already stays with whom it was, and a warning is logged."""
    taken = {*_BUILT_IN, *list_exercises()}
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        if point.name in taken or (point.name in found and found[point.name].value != point.value):
            owner = "Gonio" if point.name in taken else _package(found[point.name])
            logger.warning("activity %r of %s is not used: %s has that name", point.name, _package(point), owner)
        else:
            found.setdefault(point.name, point)
    return found


def _loaded(point: EntryPoint) -> Activity:
    """The function of another package.

    Raises:
        ConfigError: If it cannot be imported or does not take a sequence and options.
    """
    try:
        activity = point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"activity {point.name!r} of {_package(point)} cannot be loaded from {point.value!r}: {error}; "
            "repair or remove that package."
        ) from error
    if not callable(activity) or not _takes_two(activity):
        raise ConfigError(
            f"activity {point.name!r} of {_package(point)} is {point.value!r}, which is no function of a sequence and "
            "options; see docs/activities.md."
        )
    checked: Activity = activity
    return checked


def _takes_two(function: Callable[..., object]) -> bool:
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        return False
    return True


def _package(point: EntryPoint) -> str:
    return f"package {point.dist.name!r}" if point.dist else "an unnamed package"
