"""The numbers of walking: times, phases, lengths, symmetry and variability."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from gonio.analysis.estimate import NOTHING, Estimate, between, mean, symmetry_index
from gonio.analysis.gait.contacts import overlaps, stance_times, step_pairs, step_times, strides_of
from gonio.analysis.gait.direction import LIMBS
from gonio.analysis.gait.events import Steps
from gonio.analysis.gait.lengths import Footprints, LengthUnit, speed, step_lengths, stride_lengths
from gonio.analysis.result import Measure
from gonio.analysis.series import Side

_WHITTLE = "95 % ranges of men and women of 18 to 49 years: Whittle, Gait Analysis: An Introduction, 4th ed. 2007"
_KIRTLEY = "61.8 +- 2.5 % of Caucasians of 13 to 45, here two sd: survey of stance duration, clinicalgaitanalysis.com"
_PERRY = "definition: Perry and Burnfield, Gait Analysis, 2nd ed. 2010"
_ROBINSON = "symmetry index, 200 (left - right) / (left + right): Robinson, Herzog and Nigg 1987"
_CV = "coefficient of variation, sd over mean of strides: Hausdorff, J NeuroEng Rehabil 2, 2005"
_WALK_NORMAL: dict[str, tuple[tuple[float, float], str]] = {
    "cadence": ((91.0, 138.0), _WHITTLE),
    "stride_time": ((0.87, 1.32), _WHITTLE),
    "stance": ((56.8, 66.8), _KIRTLEY),
    "swing": ((33.2, 43.2), _KIRTLEY),
    "stride_length": ((1.06, 1.85), _WHITTLE),
    "speed": ((0.94, 1.82), _WHITTLE),
}
_FEWEST_FOR_CV = 3


def timing(steps: Steps) -> Iterator[Measure]:
    """Cadence, stride and step times, phases of the stride: of walking and running."""
    all_steps = [between(earlier, later) for earlier, later in step_pairs(steps)]
    step_time = mean(all_steps)
    yield _measure(steps, "cadence", _per_minute(step_time), "steps/min", count=len(all_steps))
    for side in LIMBS:
        strides = strides_of(steps, side)
        yield _measure(steps, "stride_time", mean([stride.time for stride in strides]), "s", side, len(strides))
        times = step_times(steps, side)
        yield _measure(steps, "step_time", mean(times), "s", side, len(times))
        stances = stance_times(steps, side)
        yield _measure(steps, "stance_time", mean(stances), "s", side, len(stances))
        shares = [stride.stance / stride.time for stride in strides if stride.stance is not None]
        stance = mean(shares).scaled(100)
        swing = Estimate(100 - stance.value, stance.gradient)
        yield _measure(steps, "stance", stance, "%", side, len(shares))
        yield _measure(steps, "swing", swing, "%", side, len(shares))


def double_support(steps: Steps) -> Measure:
    """Share of the stride with both feet on the ground."""
    shares = [overlap / stride.time for stride, overlap in overlaps(steps)]
    return _measure(steps, "double_support", mean(shares).scaled(100), "%", count=len(shares), source=_PERRY)


def symmetry(steps: Steps) -> Iterator[Measure]:
    """Symmetry indices of step, stance and stride-phase times."""
    for name, times in (("step_time", step_times), ("stance_time", stance_times)):
        left, right = (times(steps, side) for side in LIMBS)
        index = symmetry_index(mean(left), mean(right)) if left and right else NOTHING
        count = min(len(left), len(right))
        yield _measure(steps, f"{name}_symmetry_index", index, "%", count=count, source=_ROBINSON)


def variability(steps: Steps) -> Iterator[Measure]:
    """How much stride times differ; the events' own scatter is in it, and said as its sd."""
    for side in LIMBS:
        times = [stride.time for stride in strides_of(steps, side)]
        values = [time.value for time in times]
        if len(values) < _FEWEST_FOR_CV:
            note = f"needs {_FEWEST_FOR_CV} strides, there {'is' if len(values) == 1 else 'are'} {len(values)}"
            yield Measure("stride_time_variability", math.nan, math.nan, "%", side, len(values), note=note, source=_CV)
            continue
        average = float(np.mean(values))
        cv = float(100 * np.std(values, ddof=1) / average)
        noise = float(100 * np.sqrt(np.mean([steps.doubt.sd_of(time) ** 2 for time in times])) / average)
        note = f"detection alone would give about {noise:.1f} %" if math.isfinite(noise) else ""
        sd = cv / math.sqrt(2 * (len(values) - 1))  # of a normal sample's sd: what errors make of it is in the sample
        if not steps.doubt.of_methods:
            sd = steps.doubt.sd_of(_spread(times) / mean(times)) * 100
        yield Measure("stride_time_variability", cv, sd, "%", side, len(values), note=note, source=_CV)


def _spread(times: Sequence[Estimate]) -> Estimate:
    """Their standard deviation."""
    average, degrees = mean(times), len(times) - 1
    spread = float(np.std([time.value for time in times], ddof=1))
    if not spread > 0:
        return NOTHING
    away = (Estimate(0.0, time.scaled((time.value - average.value) / (degrees * spread)).gradient) for time in times)
    return mean(list(away)).scaled(len(times)) + Estimate(spread, {})


def lengths(steps: Steps, unit: LengthUnit) -> Iterator[Measure]:
    """Speed, stride and step lengths."""
    walking = unit.name == "m" and steps.locomotion.activity == "gait"
    prints = Footprints(steps)
    average, count = speed(steps, prints)
    normal, source = _WALK_NORMAL["speed"] if walking else (None, "")
    yield Measure(
        "speed", *unit.of(average, steps.doubt), f"{unit.name}/s", count=count, normal=normal, source=source,
        note=_why_not(average.value, "no whole stride"),
    )  # fmt: skip
    for side in LIMBS:
        for name, of in (("stride_length", stride_lengths), ("step_length", step_lengths)):
            found = of(steps, side, prints)
            normal, source = _WALK_NORMAL.get(name, (None, "")) if walking else (None, "")
            average = mean(found)
            yield Measure(
                name, *unit.of(average, steps.doubt), unit.name, side, len(found), normal=normal, source=source,
                note=_why_not(average.value, f"no whole {name.split('_')[0]}"),
            )  # fmt: skip


def _measure(
    steps: Steps, name: str, estimate: Estimate, unit: str, side: Side = "both", count: int = 0, source: str = ""
) -> Measure:
    known = _WALK_NORMAL.get(name) if steps.locomotion.activity == "gait" else None
    normal, source = known or (None, source)
    sd = steps.doubt.sd_of(estimate)
    note = _why_not(estimate.value, "too few steps were seen")
    return Measure(name, estimate.value, sd, unit, side, count, note=note, normal=normal, source=source)


def _per_minute(period: Estimate) -> Estimate:
    rate = 60 / period.value
    return Estimate(rate, period.scaled(-rate / period.value).gradient)


def _why_not(value: float, reason: str) -> str:
    return "" if math.isfinite(value) else reason
