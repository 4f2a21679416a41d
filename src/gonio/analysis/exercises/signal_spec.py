"""`SignalSpec`: what a signal of an exercise is made of, as an exercise file says it."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gonio.analysis.landmarks import point_names
from gonio.errors import did_you_mean

Point = Annotated[str, Field(pattern=r"^[a-z][a-z_0-9]*$")]

SignalKind = Literal["shortening", "lowering", "bend", "elevation", "height", "distance", "rise"]
SidePolicy = Literal["mean", "both", "either", "difference", "each"]

_POINTS = {"shortening": 3, "lowering": 2, "bend": 3, "elevation": 2, "height": 2, "distance": 2, "rise": 1}
_UNITS = {"bend": "deg", "elevation": "deg"}


class Strict(BaseModel):
    """Frozen, and an unknown key is an error: a typing mistake must not become a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SignalSpec(Strict):
    """One number per moment, read from a few keypoints.

    Attributes:
        kind: ``shortening``: how much closer the ends of a limb of three points are than the limb is long, %;
            ``lowering``: the shortening of a limb of two equal segments of which the lower one is not seen, from the
            tilt of the upper one, first to second point, %;
            ``bend``: 180 deg minus the angle at the middle of three points, as seen, deg;
            ``elevation``: of the segment from the first to the second point, 0 hanging, 90 level, 180 upright, deg;
            ``height``: of the first point over the second, % of ``per``;
            ``distance``: between two points, % of ``per``;
            ``rise``: height of one point in the picture, % of ``per``: only its changes mean something.
        points: Names without side (``knee``), ``other_knee`` for the other side's, ``mid_hip``, ``mid_shoulder``,
            ``nose``, ``toe``.
        per: The limb whose length is 100 %, as two or three points.
        follows: Of ``lowering``: the lower segment's tilt, the other way, as a part of the upper one's.
        sides: What to make of left and right: their ``mean``, weighted by the keypoints' scores; ``both``: the smaller
            one, for what both sides must do; ``either``: the larger one; ``difference``; ``each``: counted one by one.
    """

    kind: SignalKind
    points: tuple[Point, ...]
    per: tuple[Point, ...] = ()
    follows: Annotated[float, Field(ge=0, le=1)] | None = None
    sides: SidePolicy = "mean"

    @property
    def unit(self) -> str:
        """``"deg"`` or ``"%"``."""
        return _UNITS.get(self.kind, "%")

    @property
    def name(self) -> str:
        """Of its series: ``"hip_knee_ankle_shortening"``."""
        return "_".join((*self.points, self.kind))

    @property
    def words(self) -> str:
        """``"shortening of hip, knee, ankle"``."""
        names = [point.replace("_", " ") for point in self.points]
        return f"{self.kind} of {(' over ' if self.kind == 'height' else ', ').join(names)}"

    @field_validator("points", "per")
    @classmethod
    def _points_are_known(cls, points: tuple[str, ...]) -> tuple[str, ...]:
        """A name that is nearly a known one is misspelt; any other may be of a skeleton of one's own."""
        for point in points:
            plain = point.removeprefix("left_").removeprefix("right_")
            if plain != point:
                raise ValueError(f"{point!r} has a side; say {plain!r}, and what to make of both with sides")
            hint = "" if point in point_names() else did_you_mean(point, point_names(), cutoff=0.75)
            if hint:
                raise ValueError(f"no point is named {point!r}; {hint.strip()}")
        return points

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
        if (self.kind == "lowering") != (self.follows is not None):
            raise ValueError(
                "lowering, and nothing else, needs follows: how far the segment not seen tilts along, 0 to 1"
            )
        return self
