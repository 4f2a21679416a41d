"""Single events steadied by the person's own habit: how long before or after Zeni's moment theirs usually are.

Where the toe leaves is hard to see in one noisy stride; where it is farthest behind is easy. The time between differs
little from stride to stride in one person, so several strides tell it, and each event is drawn towards it by as much as
its own error is the larger. With clean markers nothing moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonio.analysis.moments import Moment

_DIFFERS = 0.01
"""Strides by which the time between truly differs from stride to stride: sd of 10 ms in walking."""
_FEWEST = 3
"""Events that make a habit."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One event and the landmark that it is near.

    Attributes:
        moment: The event; its sd is of the noise in it alone.
        anchor: Zeni's moment of the same stance; None where the record ends before it.
        spread_s: Sd of the methods themselves, common to all events of a person, which no habit can take out.
    """

    moment: Moment
    anchor: Moment | None
    spread_s: float


def steadied(sightings: Sequence[Sighting], stride_s: float) -> list[Moment]:
    """Events of one foot and kind, each the weighted mean of itself and of what the others make of its anchor.

    Source:
        Shrinkage towards the mean of the group, empirical Bayes: Efron and Morris, "Stein's paradox in statistics",
        Sci Am 236, 1977.
    """
    lags = [seen.moment.time_s - seen.anchor.time_s for seen in sightings if seen.anchor is not None]
    usual = float(np.median(lags)) if len(lags) >= _FEWEST else float("nan")
    return [_steady(seen, usual, stride_s) for seen in sightings]


def _steady(seen: Sighting, usual_s: float, stride_s: float) -> Moment:
    time_s, variance = seen.moment.time_s, seen.moment.sd_s**2
    if seen.anchor is not None and np.isfinite(usual_s) and variance > 0:
        other = seen.anchor.sd_s**2 + (_DIFFERS * stride_s) ** 2
        share = variance / (variance + other)
        time_s += share * (seen.anchor.time_s + usual_s - time_s)
        variance *= 1 - share
    return Moment(time_s, float(np.sqrt(variance + seen.spread_s**2)))
