"""Numbers made of event times, readings and assumptions, each with its derivative by them: what is shared counts once.

A mean stride time is the last strike minus the first over their number; the strikes between cancel, and so must their
errors. First-order propagation does that when each event keeps its own slot.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from gonio.analysis.readings import Reading
from gonio.analysis.result import Event


@dataclass(frozen=True, slots=True, eq=False)
class Assumption:
    """Something that is taken to be so, and that no keypoint tells; used twice, it errs alike.

    Attributes:
        text: What.
        sd: How far off it may be, in the unit that derivatives are by; NaN where nobody can say.
    """

    text: str
    sd: float


Source = Event | Reading | Assumption


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and how it changes with what it is made of; `Doubt.sd_of` makes an sd of that.

    Attributes:
        value: In its unit.
        gradient: Unit per second, by event; unit per unit, by reading and by assumption.
    """

    value: float
    gradient: Mapping[Source, float]

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

    def __neg__(self) -> "Estimate":
        return self.scaled(-1)

    def __truediv__(self, other: "Estimate") -> "Estimate":
        quotient = self.value / other.value
        change = self.scaled(1 / other.value) - other.scaled(quotient / other.value)
        return Estimate(quotient, change.gradient)


NOTHING = Estimate(math.nan, MappingProxyType({}))


def read(value: float, *readings: tuple[Reading | None, float]) -> Estimate:
    """A number that rests on readings, each with the derivative by it."""
    total: dict[Source, float] = {}
    for one, slope in readings:
        if one is not None:
            total[one] = total.get(one, 0.0) + slope
    return Estimate(value, total)


def changed(value: float, *parts: tuple[Estimate, float]) -> Estimate:
    """A number of that value that changes as a weighted sum of others does."""
    total: dict[Source, float] = {}
    for one, weight in parts:
        for source, slope in one.gradient.items():
            total[source] = total.get(source, 0.0) + weight * slope
    return Estimate(value, total)


def between(earlier: Event, later: Event) -> Estimate:
    """Time from one event to another, in seconds.

    Example:
        >>> between(Event("a", 1.0), Event("b", 1.5)).value
        0.5
    """
    return Estimate(later.time_s - earlier.time_s, {later: 1.0, earlier: -1.0})


def mean(estimates: Sequence[Estimate]) -> Estimate:
    """Their mean; NaN of none."""
    if not estimates:
        return NOTHING
    value = math.fsum(one.value for one in estimates)
    # all at once: adding them up in pairs takes a long recording the square of its time
    return changed(value, *((one, 1.0) for one in estimates)).scaled(1 / len(estimates))


def symmetry_index(left: Estimate, right: Estimate) -> Estimate:
    """Percent by which left exceeds right, of their mean; 0 is symmetric.

    Source:
        Robinson, Herzog and Nigg, "Use of force platform variables to quantify the effects of chiropractic manipulation
        on gait symmetry", J Manipulative Physiol Ther 10, 1987.
    """
    return ((left - right) / (left + right)).scaled(200.0)
