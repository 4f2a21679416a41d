"""Single events steadied by the person's own habit: how long before or after Zeni's moment theirs usually are.

Where the toe leaves is hard to see in one noisy stride; where it is farthest behind is easy. The time between differs
little from stride to stride in one person, so several strides tell it, and each event is drawn towards it by as much as
its own error is the larger. With clean markers nothing moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonio.analysis.moments import Moment
from gonio.analysis.readings import summed

_DIFFERS = 0.01
"""Strides by which the time between truly differs from stride to stride: sd of 10 ms in walking."""
_FEWEST = 3
"""Events that make a habit."""
_MIDDLE = 5
"""Times between that the usual one moves with: those nearest to the median."""
_LEAST_SD_S = 1e-6
"""No event is surer, so that one without any doubt has a weight that can be summed."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One event and the landmark that it is near.

    Attributes:
        moment: The event; its sd is of the noise in it alone. None where no method found one.
        anchor: Zeni's moment of the same stance; None where the record ends before it.
        spread_s: Sd of the methods themselves, common to all events of a person, which no habit can take out.
    """

    moment: Moment | None
    anchor: Moment | None
    spread_s: float


def steadied(sightings: Sequence[Sighting], stride_s: float) -> list[Moment]:
    """Events of one foot and kind, each the weighted mean of itself and of what the others make of its anchor.

    One that was not seen is where the others put it.

    Source:
        Shrinkage towards the mean of the group, empirical Bayes: Efron and Morris, "Stein's paradox in statistics",
        Sci Am 236, 1977.
    """
    lags = [seen.moment - seen.anchor for seen in sightings if seen.moment and seen.anchor]
    usual = _median(lags) if len(lags) >= _FEWEST else None
    found = (_steady(seen, usual, stride_s) for seen in sightings)
    return [moment for moment in found if moment is not None]


def _median(lags: Sequence[Moment]) -> Moment:
    usual_s = float(np.median([lag.time_s for lag in lags]))
    middle = sorted(lags, key=lambda lag: abs(lag.time_s - usual_s))[:_MIDDLE]
    return Moment(usual_s, gradient=summed(*((lag.gradient, 1 / len(middle)) for lag in middle)))


def _steady(seen: Sighting, usual: Moment | None, stride_s: float) -> Moment | None:
    expected = None
    if seen.anchor is not None and usual is not None:
        gradient = summed((seen.anchor.gradient, 1.0), (usual.gradient, 1.0))
        expected = Moment(seen.anchor.time_s + usual.time_s, seen.anchor.sd_s, gradient).widened(_DIFFERS * stride_s)
    known = [moment for moment in (seen.moment, expected) if moment is not None]
    if not known:
        return None
    weights = np.array([max(moment.sd_s, _LEAST_SD_S) ** -2 for moment in known])
    time_s = float(np.average([moment.time_s for moment in known], weights=weights))
    shares = (weights / weights.sum()).tolist()
    drawn = summed(*((moment.gradient, share) for moment, share in zip(known, shares, strict=True)))
    differs_s = float(np.hypot.reduce([share * moment.method_s for moment, share in zip(known, shares, strict=True)]))
    return Moment(time_s, float(weights.sum() ** -0.5), drawn, method_s=differs_s).widened(seen.spread_s)
