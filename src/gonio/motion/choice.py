"""Whom to measure where several people are about as prominent: the first who does what was asked for."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from gonio.analysis.gait.contacts import IN_TURN, share_in_turn
from gonio.analysis.result import Analysis
from gonio.structures.sequence import PoseSequence

_WHOEVER = ("auto", "angles")
"""Everybody does something, and has angles."""


def shows(activity: str) -> Callable[[Analysis], bool]:
    """What tells whether an analysis found the activity that was asked for."""

    def found(analysis: Analysis) -> bool:
        if activity in _WHOEVER:
            return True
        if analysis.activity in ("gait", "running"):  # from the front there are no events
            return share_in_turn(analysis.events) >= IN_TURN if analysis.events else bool(analysis.measures)
        return bool(analysis.repetitions or analysis.events)

    return found


def first_who(
    fits: Callable[[Analysis], bool],
    tracks: Sequence[int],
    measured: Callable[[int], tuple[Analysis, PoseSequence]],
) -> tuple[Analysis, PoseSequence]:
    """The first of some people whose analysis fits, else the first of all.

    Args:
        fits: From `shows`.
        tracks: Whom to try, one at least.
        measured: Prepares and analyses one.

    Returns:
        The analysis, whose history says who was passed over, and the prepared person.
    """
    first = measured(tracks[0])
    if fits(first[0]):
        return first
    for track in tracks[1:]:
        analysis, person = measured(track)
        if fits(analysis):
            person = person.noted(f"chosen because track {tracks[0]}, more in sight, does not do what was asked for")
            return replace(analysis, history=person.history), person
    return first
