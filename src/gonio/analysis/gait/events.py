"""Heel strikes and toe-offs of one person: the default methods, weighed by what each knows.

No single published method serves clean markers and noisy video, shod and seen without feet, walking and running. So the
default is the mean of a few, each weighted by its own error here: the noise that reaches it through the curve's
derivatives, and how far it scatters on perfect data. With markers the sharp methods decide, in noisy video the robust
ones, and the sd of an event comes with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gonio.analysis.doubt import Doubt
from gonio.analysis.estimate import Estimate
from gonio.analysis.gait import methods
from gonio.analysis.gait.coordinates import Leg, Path, legs_and_pelvis
from gonio.analysis.gait.direction import Body, body_of
from gonio.analysis.gait.features import weighted_mean
from gonio.analysis.gait.gait_or_run import Activity, Locomotion, locomotion
from gonio.analysis.gait.habit import Sighting, steadied
from gonio.analysis.gait.methods import Method
from gonio.analysis.gait.strides import Stance, stances, stride_time
from gonio.analysis.keypoint_errors import KeypointErrors
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
        doubt: How wrong what is made of them is.
    """

    body: Body
    legs: tuple[Leg, ...]
    pelvis: Path | None
    locomotion: Locomotion
    stride_s: float
    events: tuple[Event, ...]
    doubt: Doubt

    def times(self, name: str, side: Limb) -> tuple[Event, ...]:
        """Events of one kind and side."""
        return tuple(event for event in self.events if (event.name, event.side) == (name, side))


def find_steps(
    sequence: PoseSequence,
    *,
    activity: Activity | None = None,
    up_deg: float = 0.0,
    min_score: float = 0.0,
    method_errors: bool = True,
) -> Steps:
    """Find heel strikes and toe-offs.

    Args:
        sequence: Of one person; px or m, two or three dimensions, any frame rate.
        activity: Walking or running; None: told apart.
        up_deg: Direction of up in the picture.
        min_score: Keypoints below are left out.
        method_errors: Whether an sd holds what the methods scatter by themselves; False: keypoint errors alone.
    """
    body = body_of(sequence, up_deg=up_deg, min_score=min_score)
    stride_s = stride_time(body, sequence)
    errors = KeypointErrors.of(sequence)
    if not stride_s > 0:
        nowhere = Locomotion(activity or "gait", float("nan"))
        return Steps(body, (), None, nowhere, float("nan"), (), Doubt(errors, {}, method_errors))
    legs, pelvis = legs_and_pelvis(body, sequence, stride_s)
    found = locomotion(legs, pelvis.up)
    if activity is not None:
        found = Locomotion(activity, found.bounce)
    strikes = _strikes(legs, found.activity)
    made_of = strikes | _offs(legs, found.activity, list(strikes))
    events: list[Event] = []
    for leg in legs:
        own = (event for event in made_of if event.side == leg.side)
        events += _alternating(sorted(own, key=_time_s), leg.stride_s)
    events.sort(key=_time_s)
    if found.activity == "gait":
        events = _never_in_the_air(events)
    doubt = _doubt([(event, made_of[event]) for event in events], errors, of_methods=method_errors)
    return Steps(body, legs, pelvis, found, stride_s, tuple(doubt.events), doubt)


def _doubt(found: Sequence[tuple[Event, Moment]], errors: KeypointErrors, *, of_methods: bool) -> Doubt:
    """Of events, each with the sd that keypoint errors and methods make of it."""
    doubt = Doubt(errors, dict(found), of_methods)
    sds = [doubt.sd_of(Estimate(event.time_s, {event: 1.0})) for event, _ in found]
    events = {replace(event, sd_s=sd_s): moment for (event, moment), sd_s in zip(found, sds, strict=True)}
    return replace(doubt, events=events)


def _strikes(legs: Sequence[Leg], activity: Activity) -> dict[Event, Moment]:
    """Heel strikes of all legs by the default methods."""
    voters = _RUN_STRIKE if activity == "running" else _STRIKE
    looks = [_look(voters, methods.zeni_strike, leg, one) for leg in legs for one in stances(leg)]
    return _events(HEEL_STRIKE, [look for look in looks if np.isfinite(look.stance.ahead_s)])


def _offs(legs: Sequence[Leg], activity: Activity, strikes: Sequence[Event]) -> dict[Event, Moment]:
    """Toe-offs of all legs by the default methods."""
    found: dict[Event, Moment] = {}
    for has_foot in (True, False):
        voters = {
            (True, "running"): _RUN_OFF,
            (True, "gait"): _OFF,
            (False, "running"): _ANKLE_RUN_OFF,
            (False, "gait"): _ANKLE_OFF,
        }[has_foot, activity]
        own = [leg for leg in legs if leg.has_foot == has_foot]
        looks = [_look(voters, methods.zeni_off, leg, stance) for leg in own for stance in stances(leg)]
        if activity == "gait":
            looks = [_after_the_other_foot(look, strikes) for look in looks]
        found |= _events(TOE_OFF, looks)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What the voters see of one event.

    Attributes:
        leg: Whose.
        stance: Around which.
        votes: Of each voter, shifted; None where it finds nothing.
        spreads_s: How far each scatters about the true event.
        anchor: As of `Sighting`.
    """

    leg: Leg
    stance: Stance
    votes: tuple[Moment | None, ...]
    spreads_s: tuple[float, ...]
    anchor: Moment | None


def _look(voters: Sequence[Voter], anchor: Method, leg: Leg, stance: Stance) -> _Look:
    seen = ((voter.method(leg, stance), voter.shift * leg.stride_s) for voter in voters)
    votes = tuple(None if one is None else replace(one, time_s=one.time_s + shift_s) for one, shift_s in seen)
    return _Look(leg, stance, votes, tuple(voter.spread * leg.stride_s for voter in voters), anchor(leg, stance))


def _after_the_other_foot(look: _Look, strikes: Sequence[Event]) -> _Look:
    """A walker's other foot is down before the toe leaves: without votes that are earlier."""
    window = methods.off_window(look.leg, look.stance)
    others = (event for event in strikes if event.side != look.leg.side and event.time_s in window)
    earliest_s = max((event.time_s - event.sd_s for event in others), default=-np.inf)
    votes = tuple(vote if vote is not None and vote.time_s > earliest_s else None for vote in look.votes)
    return replace(look, votes=votes)


def _events(name: str, looks: Sequence[_Look]) -> dict[Event, Moment]:
    """In order of leg and time."""
    slopes = _usual_slopes(looks)
    found: dict[Event, Moment] = {}
    for leg in dict.fromkeys(look.leg for look in looks):
        moments = steadied([_sighting(look, slopes) for look in looks if look.leg is leg], leg.stride_s)
        found |= {Event(name, one.time_s, leg.side, one.sd_s): one for one in moments if one.time_s in leg.span}
    return found


def _usual_slopes(looks: Sequence[_Look]) -> list[float]:
    """Of each voter, how steep the curves are that it looks at: a median over the events; NaN where none is known."""
    voters = zip(*(look.votes for look in looks), strict=True)
    found = ([vote.slope for vote in votes if vote is not None] for votes in voters)
    return [float(np.median(slopes)) if slopes else float("nan") for slopes in found]


def _usual_sd_s(vote: Moment, slope: float) -> float:
    """Sd of a moment as the noise of its curve makes it with the usual slope.

    A noisy curve is steep or flat by chance where it crosses a level: a weight made with its own slope would err with
    the vote, and draw the mean to those that look sure. Larger noise, and a record that ends here, are no chance.
    """
    return vote.sd_s * (vote.slope / slope if np.isfinite(vote.slope / slope) else 1.0)


def _sighting(look: _Look, slopes: Sequence[float]) -> Sighting:
    """The weighted mean of the voters' moments in one stance, if any of them found one."""
    seen = [
        (replace(vote, sd_s=_usual_sd_s(vote, slope)), spread_s)
        for vote, slope, spread_s in zip(look.votes, slopes, look.spreads_s, strict=True)
        if vote is not None
    ]
    moments, spreads = [moment for moment, _ in seen], [spread_s for _, spread_s in seen]
    mean = weighted_mean(moments, spreads)
    if mean is None:
        return Sighting(None, look.anchor, _SPREAD * look.leg.stride_s)
    spread_s = float(1 / np.sqrt((1 / np.square(spreads)).sum()))
    noise_s = float(np.sqrt(max(mean.sd_s**2 - spread_s**2, 0.0)))
    return Sighting(replace(mean, sd_s=noise_s), look.anchor, spread_s)


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


def _alternating(events: list[Event], stride_s: float) -> list[Event]:
    """Without the second of two of the same kind in a row; one was missed between them if they are a stride apart."""
    kept: list[Event] = []
    for event in events:
        if not kept or event.name != kept[-1].name or event.time_s - kept[-1].time_s > stride_s / 2:
            kept.append(event)
    return kept


def _time_s(event: Event) -> float:
    return event.time_s
