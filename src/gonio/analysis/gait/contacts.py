"""Which strike, toe-off and next strike belong together, and the times between them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gonio.analysis.estimate import Estimate, between
from gonio.analysis.gait.direction import LIMBS
from gonio.analysis.gait.events import HEEL_STRIKE, TOE_OFF, Steps
from gonio.analysis.landmarks import OTHER_SIDE, Limb
from gonio.analysis.result import Event

_LONGEST = 1.6
"""Usual strides between strikes of one foot; beyond, one was missed or the person stood still."""
IN_TURN = 0.8
"""Of `share_in_turn`, at least, in walking and running: a step may be missed now and then."""


def share_in_turn(events: Iterable[Event]) -> float:
    """Share of the heel strikes that are of the other foot than the one before; NaN of fewer than three."""
    strikes = sorted((event for event in events if event.name == HEEL_STRIKE), key=lambda event: event.time_s)
    turns = [before.side != after.side for before, after in pairwise(strikes)]
    return sum(turns) / len(turns) if len(turns) > 1 else float("nan")


@dataclass(frozen=True, slots=True)
class Stride:
    """From one strike of a foot to its next.

    Attributes:
        side: Of the foot.
        strike: Its beginning.
        off: The toe-off within; None if it was not found.
        end: The next strike of the same foot.
    """

    side: Limb
    strike: Event
    off: Event | None
    end: Event

    @property
    def time(self) -> Estimate:
        """Seconds."""
        return between(self.strike, self.end)

    @property
    def stance(self) -> Estimate | None:
        """Seconds on the ground."""
        return None if self.off is None else between(self.strike, self.off)


def strides_of(steps: Steps, side: Limb) -> tuple[Stride, ...]:
    """All whole strides of a foot, in order."""
    strikes, offs = steps.times(HEEL_STRIKE, side), steps.times(TOE_OFF, side)
    found = []
    for strike, end in pairwise(strikes):
        if end.time_s - strike.time_s < _LONGEST * steps.stride_s:
            found.append(Stride(side, strike, _first_within(offs, strike, end), end))
    return tuple(found)


def stance_times(steps: Steps, side: Limb) -> list[Estimate]:
    """Seconds from each strike to its toe-off, also of the last stance, which no strike follows."""
    strikes, offs = steps.times(HEEL_STRIKE, side), steps.times(TOE_OFF, side)
    found = []
    for n, strike in enumerate(strikes):
        off = _first_within(offs, strike, strikes[n + 1] if n + 1 < len(strikes) else None)
        if off is not None and off.time_s - strike.time_s < steps.stride_s:
            found.append(between(strike, off))
    return found


def step_times(steps: Steps, side: Limb) -> list[Estimate]:
    """Seconds from the other foot's strike to this one's."""
    return [between(earlier, later) for earlier, later in step_pairs(steps) if later.side == side]


def step_pairs(steps: Steps) -> Iterator[tuple[Event, Event]]:
    """Strikes of one foot and then of the other, with none between."""
    strikes = [event for event in steps.events if event.name == HEEL_STRIKE]
    for earlier, later in pairwise(strikes):
        near = later.time_s - earlier.time_s < _LONGEST / 2 * steps.stride_s
        if earlier.side != later.side and near:
            yield earlier, later


def overlaps(steps: Steps) -> Iterator[tuple[Stride, Estimate]]:
    """Each stride, and the seconds within it during which both feet stood: negative is flight.

    The two windows of double support: this foot's strike to the other's toe-off, and the other's strike to this foot's
    toe-off.
    """
    for side in LIMBS:
        strikes, offs = (steps.times(name, OTHER_SIDE[side]) for name in (HEEL_STRIKE, TOE_OFF))
        for stride in strides_of(steps, side):
            inner = _first_within(strikes, stride.strike, stride.end)
            if stride.off is None or inner is None:
                continue
            off = _last_before(offs, inner)
            if off is not None and inner.time_s - off.time_s < steps.stride_s:
                yield stride, between(stride.strike, off) + between(inner, stride.off)


def flight_times(steps: Steps) -> list[Estimate]:
    """Seconds from each toe-off to the other foot's strike; negative where both feet stand."""
    found = []
    for side in LIMBS:
        strikes = steps.times(HEEL_STRIKE, OTHER_SIDE[side])
        for off in steps.times(TOE_OFF, side):
            near = [event for event in strikes if abs(event.time_s - off.time_s) < 0.3 * steps.stride_s]
            if near:
                found.append(between(off, min(near, key=lambda event: abs(event.time_s - off.time_s))))
    return found


def _first_within(events: Sequence[Event], start: Event, end: Event | None) -> Event | None:
    """The first after ``start``, if it is before ``end``; events are in order of time."""
    place = bisect_right(events, start.time_s, key=_time_s)
    if place < len(events) and (end is None or events[place].time_s < end.time_s):
        return events[place]
    return None


def _last_before(events: Sequence[Event], end: Event) -> Event | None:
    place = bisect_left(events, end.time_s, key=_time_s)
    return events[place - 1] if place else None


def _time_s(event: Event) -> float:
    return event.time_s
