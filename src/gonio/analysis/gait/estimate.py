"""Numbers made of event times, each with its derivative by every event, so that shared events are counted once.

A mean stride time is the last strike minus the first over their number; the strikes between cancel, and so must their
errors. First-order propagation does that when each event keeps its own slot.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from gonio.analysis.result import Event


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and how it changes with the time of each event.

    Attributes:
        value: In its unit.
        gradient: Unit per second, by event.
    """

    value: float
    gradient: Mapping[Event, float]

    @property
    def sd(self) -> float:
        """First-order standard deviation; NaN if an event's is unknown."""
        return math.sqrt(sum((slope * event.sd_s) ** 2 for event, slope in self.gradient.items()))

    def scaled(self, factor: float) -> "Estimate":
        """Times a constant."""
        return Estimate(self.value * factor, {event: slope * factor for event, slope in self.gradient.items()})

    def __add__(self, other: "Estimate") -> "Estimate":
        slopes = dict(self.gradient)
        for event, slope in other.gradient.items():
            slopes[event] = slopes.get(event, 0.0) + slope
        return Estimate(self.value + other.value, slopes)

    def __sub__(self, other: "Estimate") -> "Estimate":
        return self + other.scaled(-1)

    def __truediv__(self, other: "Estimate") -> "Estimate":
        quotient = self.value / other.value
        change = self.scaled(1 / other.value) - other.scaled(quotient / other.value)
        return Estimate(quotient, change.gradient)


NOTHING = Estimate(math.nan, MappingProxyType({}))


def between(earlier: Event, later: Event) -> Estimate:
    """Time from one event to another, in seconds.

    Example:
        >>> round(between(Event("a", 1.0, sd_s=0.003), Event("b", 1.5, sd_s=0.004)).sd, 6)
        0.005
    """
    return Estimate(later.time_s - earlier.time_s, {later: 1.0, earlier: -1.0})


def mean(estimates: Sequence[Estimate]) -> Estimate:
    """Their mean; NaN of none."""
    if not estimates:
        return NOTHING
    slopes: dict[
        Event, float
    ] = {}  # one for all: adding them up in pairs takes a long recording the square of its time
    for estimate in estimates:
        for event, slope in estimate.gradient.items():
            slopes[event] = slopes.get(event, 0.0) + slope
    return Estimate(math.fsum(one.value for one in estimates), slopes).scaled(1 / len(estimates))


def symmetry_index(left: Estimate, right: Estimate) -> Estimate:
    """Percent by which left exceeds right, of their mean; 0 is symmetric.

    Source:
        Robinson, Herzog and Nigg, "Use of force platform variables to quantify the effects of chiropractic manipulation
        on gait symmetry", J Manipulative Physiol Ther 10, 1987.
    """
    return ((left - right) / (left + right)).scaled(200.0)
