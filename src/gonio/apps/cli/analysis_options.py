"""What a person says about the scene on the command line, checked and turned into `AnalysisOptions`."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from gonio.analysis.options import HEIGHTS_M, METRES_PER_PX, UP_DEG, AnalysisOptions, Convention, ViewKind, check_range
from gonio.errors import ConfigError, MediaError

_FARTHEST_UP_DEG = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Scale and tilt, each by at most one of its ways.

    Attributes:
        height_m: The person's.
        metres_per_px: Scale as a number.
        known_length: ``"x,y,x,y=metres"``.
        calibration: File of `gonio.analysis.scale.read_scale`.
        up_deg: Roll of the camera as a number.
        vertical: ``"x,y,x,y"``, a line that is vertical in the scene.
        floor: The same of a line that is level.
    """

    height_m: float | None = None
    metres_per_px: float | None = None
    known_length: str | None = None
    calibration: Path | None = None
    up_deg: float = 0.0
    vertical: str | None = None
    floor: str | None = None

    @property
    def has_marks(self) -> bool:
        """Whether points of the picture are given."""
        return any(mark is not None for mark in (self.known_length, self.vertical, self.floor))


def options_of(scene: Scene, *, view: str | None, side: str | None, convention: str) -> AnalysisOptions:
    """The options, checked: a wrong word or number is told with what would be right.

    Raises:
        ConfigError: If one is wrong, or scale or tilt are said twice.
        MediaError: If the calibration file cannot be read.
    """
    words = {"convention": (convention, get_args(Convention)), "view": (view, get_args(ViewKind)),
             "side": (side, ("left", "right"))}  # fmt: skip
    for name, (word, allowed) in words.items():
        if word not in (None, *allowed):
            raise ConfigError(f"--{name} is {word!r}; give one of {', '.join(allowed)}")
    _check_once({"--metres-per-px": scene.metres_per_px, "--known-length": scene.known_length,
                 "--calibration": scene.calibration, "--height": scene.height_m}, "the scale")  # fmt: skip
    _check_once({"--vertical": scene.vertical, "--floor": scene.floor, "--up": scene.up_deg or None}, "the tilt")
    check_range("--height", scene.height_m, *HEIGHTS_M, " of metres")
    check_range("--metres-per-px", scene.metres_per_px, *METRES_PER_PX)
    check_range("--up", scene.up_deg, *UP_DEG)
    metres_per_px, sd, source, up_deg = _scale_of(scene)
    if up_deg:
        file = f"up_deg of {source}"
        _check_once({file: up_deg, "--vertical": scene.vertical, "--floor": scene.floor,
                     "--up": scene.up_deg or None}, "the tilt")  # fmt: skip
    return AnalysisOptions(
        convention=convention,  # type: ignore[arg-type] # checked above
        height_m=scene.height_m,
        metres_per_px=metres_per_px,
        metres_per_px_sd=sd,
        scale_source=source,
        view=view,  # type: ignore[arg-type]
        side=side,  # type: ignore[arg-type]
        up_deg=_tilt_of(scene) or up_deg,
    )


def rate_of(fps: float | None) -> float | None:
    """A frame rate, checked.

    Raises:
        ConfigError: If it cannot be one.
    """
    check_range("--fps", fps, 0.1, 10_000, " of frames a second")
    return fps


def resample_of(rate_hz: float | None) -> float | None:
    """The rate of a file that is written, checked.

    Raises:
        ConfigError: If it cannot be one.
    """
    check_range("--resample", rate_hz, 1, 1000, " of frames a second")
    return rate_hz


def size_of(text: str | None) -> tuple[int, int] | None:
    """``1280x720`` as width and height.

    Raises:
        ConfigError: If it is not that.
    """
    if text is None:
        return None
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise ConfigError(f"--size is {text!r}; give width and height of the picture such as 1280x720")
    return int(width), int(height)


def check_marks(scene: Scene, size_wh: tuple[int, int] | None) -> None:
    """Complain of a mark outside the picture, whose size may be unknown: then of none.

    Raises:
        ConfigError: If there is one.
    """
    if size_wh is None:
        return
    width, height = size_wh
    marks = {"--known-length": scene.known_length, "--vertical": scene.vertical, "--floor": scene.floor}
    for option, typed in marks.items():
        numbers = [float(word) for word in (typed or "").partition("=")[0].split(",") if word]
        for x, y in zip(numbers[::2], numbers[1::2], strict=True):
            if not (0 <= x <= width and 0 <= y <= height):
                raise ConfigError(
                    f"{x:g},{y:g} of {option} is outside the picture, which is {width} x {height} px; mark points in it"
                )


def _scale_of(scene: Scene) -> tuple[float | None, float, str, float]:
    """Metres per px, its sd, its source, and the tilt where a calibration file has it."""
    from gonio.analysis.scale import read_scale, scale_from_length  # needs an extra

    if scene.calibration is not None:
        try:
            scale = read_scale(scene.calibration)
        except OSError as error:
            raise MediaError(f"cannot read '{scene.calibration}': {error.strerror}; give a file that exists") from error
    elif scene.known_length is not None:
        points, _, length = scene.known_length.partition("=")
        words = [*points.split(","), length]
        x1, y1, x2, y2, metres = _numbers("--known-length", words, 5, "100,650,300,650=1.0", scene.known_length)
        scale = scale_from_length((x1, y1), (x2, y2), metres)
        check_range("the scale of --known-length", scale.metres_per_px, *METRES_PER_PX, " of metres per px")
    else:
        said = "" if scene.metres_per_px is None else f"{scene.metres_per_px:g} m per px in the plane of motion"
        return scene.metres_per_px, 0.0, said or "as given", 0.0
    return scale.metres_per_px, 0.0 if math.isnan(scale.sd) else scale.sd, scale.source, scale.up_deg


def _tilt_of(scene: Scene) -> float:
    from gonio.analysis.scale import up_from_line  # needs an extra

    if scene.vertical is not None:
        x1, y1, x2, y2 = _numbers("--vertical", scene.vertical.split(","), 4, "640,700,652,20", scene.vertical)
        return _not_the_other(up_from_line((x1, y1), (x2, y2), line="vertical"), "--vertical", "--floor")
    if scene.floor is not None:
        x1, y1, x2, y2 = _numbers("--floor", scene.floor.split(","), 4, "10,700,1270,690", scene.floor)
        return _not_the_other(up_from_line((x1, y1), (x2, y2), line="floor"), "--floor", "--vertical")
    return scene.up_deg


def _not_the_other(up_deg: float, option: str, other: str) -> float:
    """A line nearer to the other direction is that one, and would lay the person down."""
    if abs(up_deg) > _FARTHEST_UP_DEG:
        raise ConfigError(
            f"the line of {option} makes the camera {abs(up_deg):.0f} degrees askew; did you mean {other}? "
            "a camera that really lies on its side is told with --up"
        )
    return up_deg


def _numbers(option: str, words: list[str], count: int, example: str, typed: str) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(math.isfinite(number) for number in numbers):
        raise ConfigError(f"{option} takes pixels such as {example}, got {typed!r}")
    return numbers


def _check_once(given: dict[str, object], what: str) -> None:
    said = [name for name, value in given.items() if value is not None]
    if len(said) > 1:
        raise ConfigError(f"{' and '.join(said)} both say {what}; give one of them")
