"""The table of angles: what each is measured between, where it is zero, which way it grows, and where that comes from.

The table is data, ``angle_table.toml``; this file reads it. One function measures all of them: `angle_series`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Literal

from gonio.analysis.options import Convention
from gonio.errors import ConfigError

Plane = Literal["sagittal", "frontal", "any"]
Direction = str | tuple[str, str]
"""From one landmark to another, or ``"up"``, ``"down"``, ``"forward"``, ``"lateral"`` of the room."""


@dataclass(frozen=True, slots=True)
class AngleDefinition:
    """One angle of the table, in degrees.

    Attributes:
        name: ``"knee_flexion"``.
        text: What it is, one phrase.
        reference: The direction that is turned from.
        segment: The direction that is turned to.
        plane: It is measured in: ``"sagittal"``, seen from the side; ``"frontal"``, seen from the front or back;
            ``"any"``: between the two directions however they are seen, without a sign.
        positive: What makes it grow.
        zero: Where it is 0.
        lowest: Values lie in ``[lowest, lowest + 360)``, so that one pose has one value, whichever way somebody faces;
            of plane ``"any"`` in [0, 180].
        usual: Bounds of our own, mostly wider than what healthy adults reach: outside them, doubt the keypoints.
            Nothing is cut off there.
        source: Of the definition.
        sign: Of the turn: from forward to up in the sagittal plane, from up to lateral in the frontal plane.
        zero_deg: Added to it.
        sided: Left and right have one each.
        turns: Continuous over time instead of within 360 degrees, for what may go round: segments in a somersault.
        other_signs: -1 for a convention that counts the other way round from ``clinical``.
        variant: What a reader must know to compare it with other programs.
    """

    name: str
    text: str
    reference: Direction
    segment: Direction
    plane: Plane
    positive: str
    zero: str
    lowest: float
    usual: tuple[float, float]
    source: str
    sign: int = 1
    zero_deg: float = 0.0
    sided: bool = True
    turns: bool = False
    other_signs: Mapping[Convention, int] = field(default_factory=dict)
    variant: str = ""


def _read() -> dict[str, AngleDefinition]:
    data = tomllib.loads((resources.files("gonio.analysis") / "angle_table.toml").read_text("utf-8"))
    sources = data.pop("sources")
    return {name: AngleDefinition(name=name, **_fields(row, sources)) for name, row in data.items()}


def _fields(row: dict[str, Any], sources: dict[str, str]) -> dict[str, Any]:
    pairs = {key: tuple(value) for key, value in row.items() if isinstance(value, list)}
    return {**row, **pairs, "source": sources[row["source"]]}


ANGLES: Mapping[str, AngleDefinition] = _read()
"""Every angle by its name."""
_OTHER_NAMES = {"trunk_angle": "trunk_lean"}


def list_angles() -> tuple[str, ...]:
    """Names of all angles, in the order of the table.

    Example:
        >>> list_angles()[:3]
        ('ankle_dorsiflexion', 'knee_flexion', 'hip_flexion')
    """
    return tuple(ANGLES)


def angle_definition(name: str) -> AngleDefinition:
    """The angle of that name; ``trunk_angle`` is another name of ``trunk_lean``.

    Raises:
        ConfigError: If there is none.
    """
    found = ANGLES.get(_OTHER_NAMES.get(name, name))
    if found is None:
        raise ConfigError(f"no angle is named {name!r}; there are: {', '.join(ANGLES)}.")
    return found
