"""`Exercise`: what one YAML file says about an exercise. Everything that tells exercises apart is in those files."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gonio.errors import ConfigError

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$")]
Point = Annotated[str, Field(pattern=r"^[a-z][a-z_0-9]*$")]
Text = Annotated[str, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]

SignalKind = Literal["shortening", "bend", "elevation", "height", "distance", "rise"]
SidePolicy = Literal["mean", "both", "either", "difference", "each"]
Statistic = Literal["median", "minimum", "maximum", "range"]

_POINTS = {"shortening": 3, "bend": 3, "elevation": 2, "height": 2, "distance": 2, "rise": 1}
_UNITS = {"bend": "deg", "elevation": "deg"}


class Strict(BaseModel):
    """Frozen, and an unknown key is an error: a typing mistake must not become a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SignalSpec(Strict):
    """One number per moment, read from a few keypoints.

    Attributes:
        kind: ``shortening``: how much closer the ends of a limb of three points are than the limb is long, %;
            ``bend``: 180 deg minus the angle at the middle of three points, as seen, deg;
            ``elevation``: of the segment from the first to the second point, 0 hanging, 90 level, 180 upright, deg;
            ``height``: of the first point over the second, % of ``per``;
            ``distance``: between two points, % of ``per``;
            ``rise``: height of one point in the picture, % of ``per``: only its changes mean something.
        points: Names without side (``knee``), ``other_knee`` for the other side's, ``mid_hip``, ``mid_shoulder``,
            ``nose``, ``toe``.
        per: The limb whose length is 100 %, as two or three points.
        sides: What to make of left and right: their ``mean``, weighted by the keypoints' scores; ``both``: the smaller
            one, for what both sides must do; ``either``: the larger one; ``difference``; ``each``: counted one by one.
    """

    kind: SignalKind
    points: tuple[Point, ...]
    per: tuple[Point, ...] = ()
    sides: SidePolicy = "mean"

    @property
    def unit(self) -> str:
        """``"deg"`` or ``"%"``."""
        return _UNITS.get(self.kind, "%")

    @property
    def words(self) -> str:
        """``"shortening of hip, knee, ankle"``."""
        names = [point.replace("_", " ") for point in self.points]
        return f"{self.kind} of {(' over ' if self.kind == 'height' else ', ').join(names)}"

    @model_validator(mode="after")
    def _points_fit(self) -> Self:
        wanted = _POINTS[self.kind]
        if len(self.points) != wanted:
            raise ValueError(f"{self.kind} is made of {wanted} points, got {len(self.points)}")
        needs_length = self.kind in ("height", "distance", "rise")
        if needs_length and len(self.per) not in (2, 3):
            raise ValueError(f"{self.kind} needs per, the two or three points of the limb whose length is 100 %")
        if not needs_length and self.per:
            raise ValueError(f"{self.kind} has no per; leave it out")
        return self


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
        signals: What goes up and down, the best first; the first one whose points are seen is used.
        extreme: Whether the extreme of a repetition is the signal's ``maximum`` or ``minimum``.
        events: Names of the moments.
        phases: Out to the extreme, at it, and back: ``[descent, hold, ascent]``.
        range: How far the signal must go.
        tempo: How fast it may.
        anchor: What stays while the rest moves.
        guards: What must hold in a movement for it to be a repetition at all, besides range, tempo and anchor.
        posture: What must hold, beyond the guards, for automatic recognition; of a hold, what is held.
        recognise: Whether automatic recognition may propose it.
        count_within_s: Only repetitions that end so long after the first start count, as in the 30 s chair stand.
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

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "repetitions" and self.range is None:
            raise ValueError("an exercise of repetitions needs range")
        if self.kind == "hold" and not self.posture:
            raise ValueError("a hold needs posture: what must stay true")
        policies = {signal.sides == "each" for signal in self.signals}
        if len(policies) > 1:
            raise ValueError("either all signals have sides 'each' or none")
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
