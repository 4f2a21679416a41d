"""The signal and the counter of one side of a person, or of both together, frame by frame."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from gonio.analysis.exercises.body import Body, LimbLengths
from gonio.analysis.exercises.counter import Movement, RepetitionCounter, Sample
from gonio.analysis.exercises.signal_spec import SignalSpec
from gonio.analysis.exercises.signals import signal_series
from gonio.analysis.exercises.spec import Exercise
from gonio.analysis.exercises.steady import SteadySignal
from gonio.analysis.exercises.stretches import AT_EXTREME, ON_THE_WAY, left_rest_s
from gonio.analysis.exercises.timing import NOT_THE_START
from gonio.analysis.series import Side

REMEMBERED_S = 20.0
"""Of the past, to judge a repetition by when it is over."""
_UNSEEN_S = 1.0
"""A signal that was not seen for so long gives way to the next one of the exercise."""
_MOSTLY_HELD = 0.8
"""Of a movement that is a hold for more than this part, the hold would hide from percentiles what moved."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """When a movement took place.

    Attributes:
        start_s: When the person left the start, as far as that is remembered.
        turn_s: Of the extreme.
        now_s: When half of the way back was done.
        shown_s: From when to when it shows what moved and what stayed: all of it, or one of its ways about a long hold.
    """

    start_s: float
    turn_s: float
    now_s: float
    shown_s: tuple[float, float]

    @property
    def end_s(self) -> float:
        """When it will be over, if the second half of the way back takes as long as the first."""
        return 2 * self.now_s - self.turn_s


class LiveSide:
    """Counts the movements of one side. Keeps state: feed it every frame, in order of time.

    Attributes:
        side: Of the person.
        counter: Of its movements.
        value: Of the signal now; NaN where it is not seen.
        last_moved_s: When it was last on its way.
    """

    def __init__(self, exercise: Exercise, side: Side) -> None:
        self.side = side
        self.counter = RepetitionCounter(least_range=exercise.needed_range.least, shortest_s=exercise.tempo.shortest_s)
        self.value = float("nan")
        self.last_moved_s = -np.inf
        self._signals = exercise.signals
        self._chosen = 0
        self._seen_s: float | None = None
        self._sign = 1.0 if exercise.extreme == "maximum" else -1.0
        self._steady = SteadySignal()
        self._past: deque[Sample] = deque()
        self._first_s: float | None = None
        self._first: Movement | None = None
        self._after: Sample | None = None

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
        sample = self._steady.step(self._sign * self.value, now_s, float(series[self._chosen].sd[0]))
        self._remember(sample)
        movement = self.counter.step(sample.value, sample.time_s, sample.sd, trembling=self._steady.trembling)
        if self.counter.motion != "rest" or movement is not None:
            self.last_moved_s = now_s
        if movement is not None:
            self._note_first(movement)
        return movement

    def begin_anew(self) -> None:
        """What the signal was says nothing about what it is now."""
        self._steady = SteadySignal()
        self._past.clear()
        self.counter.restart()

    def stretch_of(self, movement: Movement) -> Stretch:
        """When a movement took place that has just finished.

        The lowest value before it may be long ago, and the person have gone about since.
        """
        low_s, turn_s = movement.low.time_s, movement.high.time_s
        start_s = self._left_rest_s(movement)
        start_s = low_s if start_s is None else max(start_s, low_s)
        return Stretch(start_s, turn_s, movement.confirmed_s, self._shown_s(movement, start_s))

    def _left_rest_s(self, movement: Movement) -> float | None:
        """None where the way out was so long ago that it is forgotten."""
        known = [one for one in self._past if movement.low.time_s <= one.time_s <= movement.high.time_s]
        most_of_the_way = movement.low.value + (ON_THE_WAY[1] + AT_EXTREME) * movement.range
        below = [i for i, one in enumerate(known) if one.value < most_of_the_way]
        if not below:
            return None
        time_s, values = np.array([(one.time_s, one.value) for one in known]).T
        # looked for from where most of the way is done, because a long hold at the extreme would be taken for the rest
        return left_rest_s(time_s, values, movement.range, peak=min(below[-1] + 1, len(known) - 1), step=-1)

    def _shown_s(self, movement: Movement, start_s: float) -> tuple[float, float]:
        during = [one for one in self._past if one.time_s >= start_s]
        least = movement.high.value - AT_EXTREME * movement.range
        held_s = [one.time_s for one in during if one.value >= least]
        if len(held_s) < _MOSTLY_HELD * len(during):
            return start_s, movement.confirmed_s
        return (held_s[-1], movement.confirmed_s) if movement.finished else (start_s, held_s[0])

    @property
    def unbegun(self) -> Movement | None:
        """The movement that was under way when the person was first seen: what followed shows that it began before."""
        first, after = self._first, self._after if self._after is not None else self.counter.low
        if first is None or after is None or first.low.time_s != self._first_s:
            return None
        reach = max(first.range, first.high.value - after.value)
        return first if first.low.value > after.value + NOT_THE_START * reach else None

    def _note_first(self, movement: Movement) -> None:
        if self._first is None:
            self._first = movement
        elif self._after is None:
            self._after = movement.low

    def _remember(self, sample: Sample) -> None:
        self._first_s = sample.time_s if self._first_s is None else self._first_s
        self._past.append(sample)
        while sample.time_s - self._past[0].time_s > REMEMBERED_S:
            self._past.popleft()

    def _choose(self, values: list[float], now_s: float) -> None:
        """Stay with the signal in use while it is seen; else take the first that is."""
        if np.isfinite(values[self._chosen]) or self._seen_s is None:
            self._seen_s = now_s
        seen = [i for i, value in enumerate(values) if np.isfinite(value)]
        if seen and now_s - self._seen_s > _UNSEEN_S:
            self._chosen, self._seen_s = seen[0], now_s
            self.begin_anew()
