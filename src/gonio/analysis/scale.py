"""Metres per pixel in the plane of motion, and the direction of up in the picture.

A single picture has one scale per distance from the camera: the result holds in the plane in which the known length
lies, and an object 5 % nearer is 5 % larger.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml  # type: ignore[import-untyped]

from gonio.analysis.landmarks import Limb, landmark, positions, require_one_person
from gonio.analysis.options import HEIGHTS_M, METRES_PER_PX, UP_DEG, check_range
from gonio.analysis.upright import roll
from gonio.analysis.validity import keypoint_reasons
from gonio.errors import ConfigError
from gonio.structures.sequence import PoseSequence

PARTS_OF_HEIGHT = {("shoulder", "hip"): 0.288, ("hip", "knee"): 0.245, ("knee", "ankle"): 0.246}
"""Lengths between joints as parts of the body height.

Source:
    Drillis and Contini, 1966, as drawn in Winter, Biomechanics and Motor Control of Human Movement, 4th ed., 2009,
    figure 4.1: heights of shoulder 0.818, hip 0.530, knee 0.285, ankle 0.039.
"""
PARTS_SD = 0.05
"""Relative standard deviation of the three lengths together, of one person about that figure.

An assumption: people differ by some 3 %, and networks put hips and shoulders a few per cent off the joint centres.
"""
_SEEN_LONG = 90
"""Percentile of a length over time that stands for its true length: most frames foreshorten it."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """How long a pixel is, in the plane of motion.

    Attributes:
        metres_per_px: Positive.
        sd: Its standard deviation; NaN where unknown.
        source: Where it comes from: ``"body height 1.80 m"``.
        up_deg: Direction of true up in the picture, degrees counter-clockwise from the picture's own up.

    Raises:
        ConfigError: If ``metres_per_px`` is not positive.
    """

    metres_per_px: float
    sd: float
    source: str
    up_deg: float = 0.0

    def __post_init__(self) -> None:
        if not (self.metres_per_px > 0 and math.isfinite(self.metres_per_px)):
            raise ConfigError(f"a scale of {self.metres_per_px} metres per pixel is not positive; check {self.source}.")

    def metres(self, length_px: float, sd_px: float = 0.0) -> tuple[float, float]:
        """A length in metres and its standard deviation, that of the scale included.

        Example:
            >>> Scale(0.01, 0.0005, "a ruler").metres(100.0)
            (1.0, 0.05)
        """
        return length_px * self.metres_per_px, math.hypot(sd_px * self.metres_per_px, length_px * self.sd)


def scale_from_height(
    sequence: PoseSequence, height_m: float, *, height_sd_m: float = 0.01, min_score: float = 0.3
) -> Scale:
    """Scale from the height of a person, who need not stand upright.

    The lengths of trunk, thigh and shank, each where it is seen longest (90th percentile over time), are held against
    their share of the height; of the side of the body that is seen longer.

    Args:
        sequence: Of one person, in pixels.
        height_m: Without shoes.
        height_sd_m: How well it is known.
        min_score: Of keypoints, where cleaning has set no flags.

    Raises:
        ConfigError: If the height is not plausible, the sequence is not in pixels or not of one person, or on neither
            side shoulder, hip, knee and ankle were seen.

    Source:
        `PARTS_OF_HEIGHT`, `PARTS_SD`.
    """
    require_one_person(sequence)
    if not HEIGHTS_M[0] <= height_m <= HEIGHTS_M[1]:
        raise ConfigError(f"a height of {height_m} m is not a person's; give it in metres.")
    if sequence.unit != "px":
        raise ConfigError("the sequence is already in metres; a scale is for pixels.")
    sides: tuple[Limb, Limb] = ("left", "right")
    length_px = np.nan_to_num([sum(_part_lengths(sequence, side, min_score)) for side in sides]).max()
    if not length_px > 0:
        raise ConfigError(
            "the height gives no scale: on neither side were shoulder, hip, knee and ankle seen; "
            "give a known length in the picture instead."
        )
    scale = height_m * sum(PARTS_OF_HEIGHT.values()) / float(length_px)
    relative = math.hypot(PARTS_SD, height_sd_m / height_m)
    return Scale(scale, scale * relative, f"body height {height_m:.2f} m")


def scale_from_length(
    start: Point, end: Point, length_m: float, *, length_sd_m: float = 0.0, click_sd_px: float = 1.0
) -> Scale:
    """Scale from a known length between two points of the picture, in the plane of motion.

    Args:
        start: Pixel of one end.
        end: Pixel of the other.
        length_m: Between them.
        length_sd_m: How well it is known.
        click_sd_px: How well each end was marked, along one axis.

    Raises:
        ConfigError: If the length is not positive or the points coincide.

    Example:
        >>> scale_from_length((0, 0), (0, 200), 1.0).metres_per_px
        0.005
    """
    length_px = math.dist(start, end)
    if not (length_m > 0 and length_px > 0):
        raise ConfigError(f"{length_m} m over {length_px:.1f} px gives no scale; mark two points a known length apart.")
    scale = length_m / length_px
    relative = math.hypot(length_sd_m / length_m, math.sqrt(2) * click_sd_px / length_px)
    return Scale(scale, scale * relative, f"{length_m:g} m between two points of the picture")


def read_scale(path: Path | str) -> Scale:
    """Scale from a calibration file, YAML or JSON: ``{metres_per_px: 0.0042, sd: 0.0001, up_deg: 1.5}``.

    ``sd`` and ``up_deg`` may be left out.

    Raises:
        ConfigError: If the file has no ``metres_per_px``, something that is no number or out of the range that the
            option of the same name has, or a field of another name.
        OSError: If it cannot be read.
    """
    file = Path(path)
    try:
        content: Any = yaml.safe_load(file.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{file.name} is neither YAML nor JSON: {error}.") from error
    fields = {"metres_per_px", "sd", "up_deg"}
    if not isinstance(content, dict) or "metres_per_px" not in content or not set(content) <= fields:
        raise ConfigError(f"{file.name} must have metres_per_px, and may have sd and up_deg, and nothing else.")
    wrong = [name for name, value in content.items() if isinstance(value, bool) or not isinstance(value, int | float)]
    if wrong:
        raise ConfigError(f"{file.name}: {wrong[0]} must be a number, got {content[wrong[0]]!r}.")
    for name, limits in (("metres_per_px", METRES_PER_PX), ("up_deg", UP_DEG), ("sd", (0, content["metres_per_px"]))):
        check_range(f"{file.name}: {name}", content.get(name), *limits)
    return Scale(
        float(content["metres_per_px"]),
        float(content.get("sd", math.nan)),
        file.name,
        float(content.get("up_deg", 0.0)),
    )


def body_height(sequence: PoseSequence, *, min_score: float = 0.3) -> float:
    """How tall a person is by the segments that were seen of them, in the sequence's unit; NaN of none.

    As `scale_from_height` measures, but of trunk, thigh and shank some may be missing. A person who is seen along their
    body, as from the front in a push-up, comes out too short.

    Args:
        sequence: Of one person.
        min_score: Of keypoints, where cleaning has set no flags.

    Source:
        `PARTS_OF_HEIGHT`.
    """
    require_one_person(sequence)
    sides: tuple[Limb, Limb] = ("left", "right")
    heights = [_height_by(_part_lengths(sequence, side, min_score)) for side in sides]
    return max((height for height in heights if math.isfinite(height)), default=math.nan)


def up_from_line(start: Point, end: Point, *, line: Literal["vertical", "floor"]) -> float:
    """``up_deg``, the direction of true up in the picture, from a line that is known to be vertical or level.

    Args:
        start: Pixel of one end; which one does not matter. Up is taken to be within 90 degrees of the picture's.
        end: Pixel of the other.
        line: What it is: a door frame or plumb line, or the floor seen square from the side.

    Raises:
        ConfigError: If the points coincide.

    Example:
        >>> round(up_from_line((0, 100), (10, 0), line="vertical"), 2)
        -5.71
    """
    right, up = end[0] - start[0], start[1] - end[1]
    if right == 0 and up == 0:
        raise ConfigError("the two ends of the line are one point; mark them some way apart.")
    if line == "floor":
        right, up = -up, right  # a quarter turn makes it vertical
    if up < 0 or (up == 0 and right > 0):
        right, up = -right, -up
    return math.degrees(math.atan2(-right, up))


def to_metres(sequence: PoseSequence, scale: Scale, *, origin_px: Point = (0.0, 0.0)) -> PoseSequence:
    """The sequence in metres, y up, the roll of the camera taken out.

    ``keypoint_sd`` becomes metres too. The error of the scale is not in it: it is common to all keypoints, so it
    changes no angle, and `Scale.metres` adds it to a length.

    Args:
        sequence: Two dimensions, in pixels.
        scale: For example from `scale_from_height`.
        origin_px: What becomes (0, 0).

    Raises:
        ConfigError: If the sequence is not in pixels.
    """
    if sequence.unit != "px":
        raise ConfigError("the sequence is already in metres; nothing to convert.")
    flipped = (sequence.keypoints.astype(np.float64) - origin_px) * (1, -1)
    keypoints = (roll(flipped, scale.up_deg) * scale.metres_per_px).astype(np.float32)
    sd = sequence.keypoint_sd
    metres = replace(
        sequence,
        keypoints=keypoints,
        unit="m",
        keypoint_sd=None if sd is None else (sd * scale.metres_per_px).astype(np.float32),
    )
    return metres.noted(
        f"to metres: {scale.metres_per_px:.6g} m/px +- {scale.sd:.2g} from {scale.source}, up {scale.up_deg:g} deg"
    )


def _part_lengths(sequence: PoseSequence, side: Limb, min_score: float) -> list[float]:
    """Trunk, thigh and shank of a side, each where it is seen longest; NaN if it was never seen."""
    usable = keypoint_reasons(sequence, min_score) == 0
    points = np.where(usable[..., None], sequence.keypoints[:, 0].astype(np.float64), np.nan)
    lengths = []
    for start, end in PARTS_OF_HEIGHT:
        ends = [positions(points, landmark(sequence.skeleton, name, side)) for name in (start, end)]
        length = np.linalg.norm(ends[1] - ends[0], axis=-1)
        length = length[np.isfinite(length)]
        lengths.append(float(np.percentile(length, _SEEN_LONG)) if len(length) else math.nan)
    return lengths


def _height_by(lengths: Sequence[float]) -> float:
    """The height of which the parts that were seen have that length together."""
    seen = [(length, part) for length, part in zip(lengths, PARTS_OF_HEIGHT.values(), strict=True) if length > 0]
    return sum(length for length, _ in seen) / sum(part for _, part in seen) if seen else math.nan
