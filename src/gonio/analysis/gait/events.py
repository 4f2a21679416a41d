"""Heel strikes and toe-offs of one person: the default methods, weighed by what each knows.

No single published method serves clean markers and noisy video, shod and seen without feet, walking and running. So the
default is the mean of a few, each weighted by its own error here: the noise that reaches it through the curve's
derivatives, and how far it scatters on perfect data. With markers the sharp methods decide, in noisy video the robust
ones, and the sd of an event comes with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonio.analysis.gait import methods
from gonio.analysis.gait.coordinates import Leg, Path, legs_and_pelvis
from gonio.analysis.gait.direction import Body, body_of
from gonio.analysis.gait.features import weighted_mean
from gonio.analysis.gait.gait_or_run import Activity, Locomotion, locomotion
from gonio.analysis.gait.habit import Sighting, steadied
from gonio.analysis.gait.methods import Method
from gonio.analysis.gait.strides import Stance, stances, stride_time
from gonio.analysis.landmarks import OTHER_SIDE, Limb
from gonio.analysis.moments import Moment
from gonio.analysis.result import Event
from gonio.structures.sequence import PoseSequence

HEEL_STRIKE = "heel_strike"
TOE_OFF = "toe_off"
_SPREAD = 0.015
"""Strides that a method scatters about the true event on perfect data: 15 ms of 1 s (O'Connor 2007)."""
_SHARED = 1.2 * _SPREAD
"""Of each of two methods that see much the same, the foot's velocity under the body, and may err together."""


@dataclass(frozen=True, slots=True)
class Voter:
    """A method in the mean.

    Attributes:
        method: One of `methods`.
        shift: Strides added to it, where physics says that it is early or late.
        spread: Strides that it scatters about the true event.
    """

    method: Method
    shift: float = 0.0
    spread: float = _SPREAD


# Zeni's moments are those at which the foot has the pelvis' speed; on the ground it has none. So it is still to be
# slowed down at his strike and has already been sped up at his toe-off. Both shifts are what that takes: 30 ms and
# 10 ms of a stride of 1.1 s, in healthy walking. An ankle is carried forward before the toe leaves the ground.
_STRIKE = (
    Voter(methods.oconnor_strike),
    Voter(methods.zeni_strike, 0.025, _SHARED),
    Voter(methods.retraction_strike, 0.0, _SHARED),
)
_OFF = (
    Voter(methods.folding_off),
    Voter(methods.zeni_off, -0.01, _SHARED),
    Voter(methods.departure_off, 0.0, _SHARED),
)
_ANKLE_OFF = (Voter(methods.folding_off), Voter(methods.zeni_off, 0.04))
_RUN_STRIKE = (Voter(methods.oconnor_strike), Voter(methods.retraction_strike))
_RUN_OFF = (
    Voter(methods.reach_off),
    Voter(methods.rise_off),
    Voter(methods.de_witt_off, 0.0, _SHARED),
)
_ANKLE_RUN_OFF = (Voter(methods.reach_off),)


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """All that was found of how a person goes.

    Attributes:
        body: Turned forward.
        legs: With their curves.
        pelvis: Its path over the ground or in the picture; None where there is no stride.
        locomotion: Walking or running.
        stride_s: Usual time of a stride; NaN where there is none.
        events: In order of time.
    """

    body: Body
    legs: tuple[Leg, ...]
    pelvis: Path | None
    locomotion: Locomotion
    stride_s: float
    events: tuple[Event, ...]

    def times(self, name: str, side: Limb) -> tuple[Event, ...]:
        """Events of one kind and side."""
        return tuple(event for event in self.events if (event.name, event.side) == (name, side))


def find_steps(
    sequence: PoseSequence, *, activity: Activity | None = None, up_deg: float = 0.0, min_score: float = 0.0
) -> Steps:
    """Find heel strikes and toe-offs.

    Args:
        sequence: Of one person; px or m, two or three dimensions, any frame rate.
        activity: Walking or running; None: told apart.
        up_deg: Direction of up in the picture.
        min_score: Keypoints below are left out.
    """
    body = body_of(sequence, up_deg=up_deg, min_score=min_score)
    stride_s = stride_time(body, sequence)
    if not stride_s > 0:
        return Steps(body, (), None, Locomotion(activity or "gait", float("nan")), float("nan"), ())
    legs, pelvis = legs_and_pelvis(body, sequence, stride_s)
    found = locomotion(legs, pelvis.up)
    if activity is not None:
        found = Locomotion(activity, found.bounce)
    events = sorted((event for leg in legs for event in events_of(leg, found.activity)), key=lambda event: event.time_s)
    if found.activity == "gait":
        events = _never_in_the_air(events)
    return Steps(body, legs, pelvis, found, stride_s, tuple(events))


def events_of(leg: Leg, activity: Activity) -> list[Event]:
    """Heel strikes and toe-offs of one leg by the default methods, in order of time and alternating."""
    running = activity == "running"
    off = {(True, True): _RUN_OFF, (True, False): _OFF, (False, True): _ANKLE_RUN_OFF, (False, False): _ANKLE_OFF}
    passes = stances(leg)
    strikes = [_sighting(_RUN_STRIKE if running else _STRIKE, methods.zeni_strike, leg, one) for one in passes]
    strikes = [seen if np.isfinite(one.ahead_s) else None for seen, one in zip(strikes, passes, strict=True)]
    offs = [_sighting(off[leg.has_foot, running], methods.zeni_off, leg, one) for one in passes]
    found = []
    for name, sightings in ((HEEL_STRIKE, strikes), (TOE_OFF, offs)):
        for moment in steadied([seen for seen in sightings if seen is not None], leg.stride_s):
            if moment.time_s in leg.span:
                found.append(Event(name, moment.time_s, leg.side, moment.sd_s))
    return _alternating(sorted(found, key=lambda event: event.time_s))


def _sighting(voters: Sequence[Voter], anchor: Method, leg: Leg, stance: Stance) -> Sighting | None:
    """The weighted mean of the voters' moments in one stance; None if none found any."""
    moments, spreads = [], []
    for voter in voters:
        moment = voter.method(leg, stance)
        if moment is not None:
            moments.append(Moment(moment.time_s + voter.shift * leg.stride_s, moment.sd_s))
            spreads.append(voter.spread * leg.stride_s)
    mean = weighted_mean(moments, spreads)
    if mean is None:
        return None
    spread_s = float(1 / np.sqrt((1 / np.square(spreads)).sum()))
    noise_s = float(np.sqrt(max(mean.sd_s**2 - spread_s**2, 0.0)))
    return Sighting(Moment(mean.time_s, noise_s), anchor(leg, stance), spread_s)


def _never_in_the_air(events: Sequence[Event]) -> list[Event]:
    """Without toe-offs of walkers whose other foot has not come down since: at the end of a clip curves bend up."""
    kept = []
    last: dict[tuple[str, str], float] = {}
    for event in events:
        if event.name == TOE_OFF and event.side != "both":
            own = last.get((HEEL_STRIKE, event.side))
            other = last.get((HEEL_STRIKE, OTHER_SIDE[event.side]))
            if own is not None and other is not None and other < own:
                continue
        last[event.name, event.side] = event.time_s
        kept.append(event)
    return kept


def _alternating(events: list[Event]) -> list[Event]:
    """Without the second of two of the same kind in a row."""
    return [event for n, event in enumerate(events) if n == 0 or event.name != events[n - 1].name]
