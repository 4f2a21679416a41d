"""`Exercise`: what one YAML file says about an exercise. Everything that tells exercises apart is in those files."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from gonio.analysis.angle_table import angle_definition
from gonio.analysis.exercises.signal_spec import Point, SignalSpec, Strict
from gonio.errors import ConfigError

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$")]
Text = Annotated[str, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Statistic = Literal["median", "minimum", "maximum", "range"]


class Condition(Strict):
    """A statistic of a signal that must lie between two bounds.

    Attributes:
        signal: What is looked at.
        statistic: Over the time in question.
        during: ``repetition``: all of it; ``turn``: the part about the extreme.
        least: Lower bound.
        most: Upper bound.
    """

    signal: SignalSpec
    statistic: Statistic = "median"
    during: Literal["repetition", "turn"] = "repetition"
    least: Finite | None = None
    most: Finite | None = None

    @property
    def words(self) -> str:
        """``"height of ankle over other ankle at least 10 %"``."""
        unit, bounds = self.signal.unit, {"at least": self.least, "at most": self.most}
        told = [f"{word} {bound:g} {unit}" for word, bound in bounds.items() if bound is not None]
        return f"{self.signal.words} {' and '.join(told)}"

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.least is None and self.most is None:
            raise ValueError("a condition needs least, most or both")
        return self


class Rule(Condition):
    """A rule of form: broken where the condition does not hold.

    Attributes:
        name: Of the fault: ``knee_valgus``.
        text: What was seen, as the end of a sentence: ``the knees fell inwards``.
        cue: What to say to the person: ``Push your knees out``.
        views: From where it can be seen; empty: from anywhere.
        source: Of the threshold.
    """

    name: Name
    text: Text
    cue: Text
    views: tuple[Literal["side", "frontal", "oblique"], ...] = ()
    source: Text


class Range(Strict):
    """How far the signal must go.

    Attributes:
        least: Smaller movements are no repetition.
        full: Smaller repetitions are counted and have the fault ``incomplete_range``.
        cue: What to say then.
        source: Of ``full``.
    """

    least: Positive
    full: Positive
    cue: Text = "Go all the way"
    source: Text

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.full < self.least:
            raise ValueError(f"full must be at least {self.least:g}, got {self.full:g}")
        return self


class Tempo(Strict):
    """How fast a repetition may be.

    Attributes:
        shortest_s: Faster ones are noise.
        hurried_s: Faster ones are counted and have the fault ``too_fast``; None: any tempo is good.
        source: Of ``hurried_s``.
    """

    shortest_s: Positive = 0.4
    hurried_s: Positive | None = None
    source: str = ""


class Anchor(Strict):
    """What stays where it is while something else goes up and down: tells push-ups from waving, squats from walking.

    Attributes:
        fixed: The point that stays.
        moving: The point that moves.
        most: Largest up-and-down motion of the fixed point, as a part of the moving one's. Hands that wave and feet
            that step move several times as far as shoulders and hips; the default leaves room for wrong keypoints.
    """

    fixed: Point
    moving: Point
    most: Positive = 0.6


class Events(Strict):
    """Names of the moments of a repetition.

    Attributes:
        rest: At the start position: ``top`` of a squat.
        turn: At the extreme: ``bottom`` of a squat.
    """

    rest: Name
    turn: Name


class Exercise(Strict):
    """An exercise.

    Attributes:
        name: As it is asked for: ``squat``.
        title: As it is read: ``Squat``.
        kind: ``repetitions``, or ``hold``: the time for which all of ``posture`` holds.
        signals: What goes up and down, the best first; the first one whose points are seen is used. All of one unit.
        extreme: Whether the extreme of a repetition is the signal's ``maximum`` or ``minimum``.
        events: Names of the moments.
        phases: Out to the extreme, at it, and back: ``[descent, hold, ascent]``.
        range: How far the signal must go.
        tempo: How fast it may.
        anchor: What stays while the rest moves.
        guards: What must hold in a movement for it to be a repetition at all, besides range, tempo and anchor.
        posture: What must hold, beyond the guards, for automatic recognition; of a hold, what is held.
        recognise: Whether automatic recognition may propose it.
        count_within_s: Only repetitions that are half way out so long after the first start count, as in the 30 s chair
            stand.
        hold_least_s: Shorter holds are not reported.
        angles: Joint angles to report, names of `gonio.analysis.angles`.
        rules: Of form.
        source: Of the definition.
    """

    name: Name
    title: Text
    kind: Literal["repetitions", "hold"] = "repetitions"
    signals: Annotated[tuple[SignalSpec, ...], Field(min_length=1)]
    extreme: Literal["maximum", "minimum"] = "maximum"
    events: Events = Events(rest="start", turn="turn")
    phases: tuple[Text, Text, Text] = ("out", "hold", "back")
    range: Range | None = None
    tempo: Tempo = Tempo()
    anchor: Anchor | None = None
    guards: tuple[Condition, ...] = ()
    posture: tuple[Condition, ...] = ()
    recognise: bool = True
    count_within_s: Positive | None = None
    hold_least_s: Positive = 2.0
    angles: tuple[Name, ...] = ()
    rules: tuple[Rule, ...] = ()
    source: Text

    @field_validator("angles")
    @classmethod
    def _angles_are_known(cls, angles: tuple[str, ...]) -> tuple[str, ...]:
        try:
            for name in angles:
                angle_definition(name)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return angles

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "repetitions" and self.range is None:
            raise ValueError("an exercise of repetitions needs range")
        if self.kind == "hold" and not self.posture:
            raise ValueError("a hold needs posture: what must stay true")
        policies = {signal.sides == "each" for signal in self.signals}
        if len(policies) > 1:
            raise ValueError("either all signals have sides 'each' or none")
        units = sorted({signal.unit for signal in self.signals})
        if len(units) > 1:
            raise ValueError(
                f"range is in the unit of the signals, so all need the same one, got {' and '.join(units)}"
            )
        return self

    @property
    def needed_range(self) -> Range:
        """How far the signal must go.

        Raises:
            ConfigError: If this is a hold, which has no repetitions.
        """
        if self.range is None:
            raise ConfigError(f"{self.name} is a hold and has no repetitions to count; find_holds measures it.")
        return self.range

    @property
    def one_sided(self) -> bool:
        """Whether left and right are counted one by one."""
        return self.signals[0].sides == "each"
