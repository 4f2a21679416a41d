"""`analyse_golf`: a golf swing from the keypoints of the golfer."""

import math
from collections.abc import Iterator

import numpy as np

from gonio.analysis.golf.events import EVENTS, SwingEvents, find_events
from gonio.analysis.golf.measures import swing_measures
from gonio.analysis.golf.signals import Player, player
from gonio.analysis.known_scale import known_scale
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis, Event, Finding
from gonio.analysis.series import Reason, Series
from gonio.structures.sequence import PoseSequence

_VIEWS = {
    "face_on": "face-on",
    "down_the_line": "down the line",
    "oblique": "between face-on and down the line",
}
_HANDED = {"left": "right-handed", "right": "left-handed"}


def analyse_golf(sequence: PoseSequence, options: AnalysisOptions | None = None) -> Analysis:
    """The fastest swing of a clip: eight events, tempo, hand plane, head, spine and turns.

    Args:
        sequence: Of one person, cleaned.
        options: ``side`` is the handedness, ``view`` ``"frontal"`` is face-on and ``"side"`` down the line; both are
            found where they are not told. ``height_m`` or ``metres_per_px`` give lengths in metres.

    Raises:
        ConfigError: If the sequence is not of one person.
    """
    options = options or AnalysisOptions()
    one = player(sequence, options)
    events = find_events(one, options) if one else None
    track_id = int(sequence.track_ids[0])
    if one is None or events is None:
        text = "No golf swing found: the hands never come down from the shoulders and rise again."
        return Analysis(
            "golf", track_id, findings=(Finding("limit", text),), excluded_fraction=1.0, history=sequence.history
        )
    scale = known_scale(sequence, options)
    return Analysis(
        activity="golf",
        track_id=track_id,
        events=_events(events),
        measures=tuple(swing_measures(one, events, scale)),
        series=(_hand_height(one, events),),
        findings=tuple(_findings(events)),
        excluded_fraction=_excluded_fraction(one, events),
        facts={
            "view": _VIEWS[events.view],
            "handedness": _HANDED[events.lead],
            "scale": scale.source if scale else "unknown: lengths as parts of an arm",
            "method": "events from hands and lead shoulder, after the definitions of GolfDB",
        },
        history=sequence.history,
    )


def _events(events: SwingEvents) -> tuple[Event, ...]:
    found = [(name, events.moments[name]) for name in EVENTS if events.moments[name].found]
    return tuple(Event(name, moment.time_s, sd_s=moment.sd_s) for name, moment in found)


def _hand_height(one: Player, events: SwingEvents) -> Series:
    return Series(
        name="hand_height",
        unit="arm lengths",
        side=events.lead,
        time_s=one.time_s,
        values=one.height(events.lead),
        sd=np.full(len(one.time_s), math.sqrt(2) * one.sd / one.arm),
        reasons=np.where(one.seen, 0, Reason.MISSING).astype(np.uint8),
    )


def _excluded_fraction(one: Player, events: SwingEvents) -> float:
    """Share of the frames of the swing in which the hands were not seen."""
    times = [moment.time_s for moment in events.moments.values() if moment.found]
    swing = (one.time_s >= min(times)) & (one.time_s <= max(times))
    return float(1 - one.seen[swing].mean())


def _findings(events: SwingEvents) -> Iterator[Finding]:
    yield Finding(
        "limit",
        "The club is not seen: toe-up and mid-follow-through are taken where the lead arm is half-way to level, and "
        "the plane is that of the hands.",
    )
    if events.view == "oblique":
        yield Finding("limit", "Seen neither face-on nor down the line: events and tempo only.")
    if events.view == "down_the_line":
        yield Finding(
            "limit", "The slope of the hand plane is right only from behind the hands, looking at the target."
        )
    if events.strokes > 1:
        yield Finding("note", f"The hands swing {events.strokes} times; the fastest swing was measured.")
    missing = [name.replace("_", " ") for name in EVENTS if not events.moments[name].found]
    if missing:
        yield Finding("limit", f"Not found: {', '.join(missing)}; the clip may begin too late or end too early.")
