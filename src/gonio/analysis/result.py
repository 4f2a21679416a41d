"""`Analysis`: what an analysis of one person found; events, repetitions, cycles, measures, series."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from gonio.analysis.series import Series, Side
from gonio.arrays import FloatArray64, check_shape

CYCLE_POINTS = 101
"""0, 1, ... 100 % of a cycle."""
_DECIMALS = {
    "deg/s": 0,
    "s": 3,
    "m": 3,
    "m/s": 2,
    "1": 2,
    "leg lengths": 2,
    "leg lengths/s": 2,
    "body lengths": 2,
    "px": 0,
}
NOT_MEDICAL = "Gonio is not a medical device."


def decimals(unit: str) -> int:
    """How many decimals a number of this unit is written with."""
    return _DECIMALS.get(unit, 1)


def value_decimals(value: float, unit: str) -> int:
    """The same for a number itself: a count, whole and without a unit, has none.

    Example:
        >>> value_decimals(5.0, "1"), value_decimals(0.5, "1")
        (0, 2)
    """
    return 0 if unit in ("", "1") and float(value).is_integer() else decimals(unit)


def error_text(sd: float, unit: str) -> str:
    """A standard deviation with the digits of its unit; one that is too small for them is not shown as none.

    Example:
        >>> error_text(3.82, "deg"), error_text(0.004, "m/s")
        ('3.8', '<0.01')
    """
    digits = decimals(unit)
    least = 10.0**-digits
    return f"<{least:.{digits}f}" if 0 < sd < least / 2 else f"{sd:.{digits}f}"


def excluded_text(share: float) -> str:
    """How much was left out; a little is not shown as nothing, nor nearly all as all.

    Example:
        >>> excluded_text(0.124), excluded_text(0.001)
        ('12 % of frames excluded', '<1 % of frames excluded')
    """
    number = "<1" if share < 0.01 else f"{min(round(100 * share), 99 if share < 1 else 100)}"
    return f"{number} % of frames excluded"


@dataclass(frozen=True, slots=True)
class Event:
    """A moment.

    Attributes:
        name: ``"heel_strike"``, ``"toe_off"``, ``"bottom"``, ``"top"``, ``"impact"``...
        time_s: When, between the frames where that can be told.
        side: Of the foot or hand that it is about.
        sd_s: Standard deviation; NaN where unknown.
    """

    name: str
    time_s: float
    side: Side = "both"
    sd_s: float = math.nan


@dataclass(frozen=True, slots=True)
class Measure:
    """One number with its error bar.

    Attributes:
        name: With underscores: ``"peak_knee_flexion"``.
        value: NaN where it could not be measured; ``note`` then says why.
        sd: Standard deviation of ``value`` as an estimate, not the spread between cycles; NaN where unknown.
        unit: ``"deg"``, ``"s"``, ``"steps/min"``, ``"%"``, ``"m"``...
        side: The person's.
        count: How many cycles, repetitions or samples it is the mean of.
        excluded_fraction: Share of the samples that were left out.
        note: What excluded them, or another sentence that a reader needs: ``"right knee hidden"``.
        normal: Usual range of healthy adults ``(low, high)``, where a source gives one.
        source: Of the definition or of the usual range.
    """

    name: str
    value: float
    sd: float
    unit: str
    side: Side = "both"
    count: int = 1
    excluded_fraction: float = 0.0
    note: str = ""
    normal: tuple[float, float] | None = None
    source: str = ""

    @property
    def label(self) -> str:
        """``"right peak knee flexion"``."""
        words = self.name.replace("_", " ")
        return words if self.side == "both" else f"{self.side} {words}"

    def __str__(self) -> str:
        """``knee flexion 61.3 deg +- 3.8 (12 % of frames excluded: right knee hidden)``."""
        if not math.isfinite(self.value):
            return f"{self.label} not measured" + (f" ({self.note})" if self.note else "")
        unit = "" if self.unit in ("", "1") else f" {self.unit}"
        digits = value_decimals(self.value, self.unit)
        text = f"{self.label} {self.value:.{digits}f}{unit}"
        if math.isfinite(self.sd):
            text += f" +- {error_text(self.sd, self.unit)}"
        if self.excluded_fraction > 0:
            text += f" ({excluded_text(self.excluded_fraction)}{': ' + self.note if self.note else ''})"
        elif self.note:
            text += f" ({self.note})"
        return text


@dataclass(frozen=True, slots=True)
class Repetition:
    """One repetition of an exercise.

    Attributes:
        start_s: Leaving the start position; NaN: before the recording.
        turn_s: The extreme: bottom of a squat, top of a pull-up.
        end_s: Back in the start position; NaN: after the recording.
        side: For one-sided exercises.
        range: Of what it is counted on, start to extreme: a signal of the body, the height of a jump.
        range_sd: Its standard deviation.
        unit: Of the range: ``"%"``, ``"deg"``, ``"m"``.
        faults: Names of the form rules that it broke.
        measures: Of this repetition alone, by the names of their means: of an exercise the duration of each phase
            (``"descent_time"``) and ``"symmetry"``.
    """

    start_s: float
    turn_s: float
    end_s: float
    side: Side = "both"
    range: float = math.nan
    range_sd: float = math.nan
    faults: tuple[str, ...] = ()
    unit: str = ""
    measures: tuple[Measure, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Cycle:
    """A quantity over normalised cycles, 0 to 100 %.

    Attributes:
        name: As of the `Series` that was cut.
        unit: Of the values.
        side: The person's.
        values: ``(C, 101)`` float64, one row per cycle; NaN where not valid.
        sd: ``(C, 101)`` float64.
        start_s: ``(C,)`` where each cycle begins.
        end_s: ``(C,)`` where it ends.

    Raises:
        ShapeError: If the arrays disagree on C.
    """

    name: str
    unit: str
    side: Side
    values: FloatArray64
    sd: FloatArray64
    start_s: FloatArray64
    end_s: FloatArray64

    def __post_init__(self) -> None:
        count = len(self.start_s)
        check_shape("values", self.values.shape, (count, CYCLE_POINTS))
        check_shape("sd", self.sd.shape, (count, CYCLE_POINTS))
        check_shape("end_s", self.end_s.shape, (count,))

    @property
    def label(self) -> str:
        """``"left knee flexion"``."""
        words = self.name.replace("_", " ")
        return words if self.side == "both" else f"{self.side} {words}"


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence for the reader: a broken form rule, a limit of the view, something that was left out.

    Attributes:
        kind: ``"fault"`` of form, ``"limit"`` of what can be measured here, ``"note"``.
        text: One sentence.
        times_s: Where to look; may be empty.
        source: Of the threshold.
    """

    kind: str
    text: str
    times_s: tuple[float, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What was found about one person.

    Attributes:
        activity: ``"squat"``, ``"gait"``, ``"running"``, ``"golf"``, ``"angles"``...
        track_id: Whom.
        events: In order of time.
        repetitions: In order of time; empty for what has none.
        measures: The numbers.
        series: The quantities over time, the most telling first.
        cycles: Normalised, by name and side.
        findings: Sentences.
        excluded_fraction: Share of the frames that could not be used.
        facts: What a reader must know of the circumstances: view, direction, scale, method; name to text.
        history: What was done to the keypoints, in order.
    """

    activity: str
    track_id: int
    events: tuple[Event, ...] = ()
    repetitions: tuple[Repetition, ...] = ()
    measures: tuple[Measure, ...] = ()
    series: tuple[Series, ...] = ()
    cycles: tuple[Cycle, ...] = ()
    findings: tuple[Finding, ...] = ()
    excluded_fraction: float = 0.0
    facts: Mapping[str, str] = field(default_factory=dict)
    history: tuple[str, ...] = ()

    def measure(self, name: str, side: Side = "both") -> Measure:
        """The measure of that name.

        Raises:
            KeyError: If there is none.
        """
        for measure in self.measures:
            if (measure.name, measure.side) == (name, side):
                return measure
        raise KeyError(f"no measure {name!r} of side {side!r}")
