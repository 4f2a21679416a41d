"""`AnalysisOptions`: what a person may tell an analysis beforehand; everything has a default."""

from dataclasses import dataclass
from typing import Literal

from gonio.analysis.series import Side
from gonio.errors import ConfigError

Convention = Literal["clinical", "isb", "opensim"]
ViewKind = Literal["side", "frontal"]
HEIGHTS_M = (0.4, 2.6)
"""Of people, generously: newborns are hardly shorter than 0.44 m (WHO child growth standards, 2006: three standard
deviations below the mean), and the tallest people alive are 2.5 m."""
METRES_PER_PX = (1e-5, 1.0)
"""Scales that a picture of a person may have: from a drop of sweat to a field."""
UP_DEG = (-180.0, 180.0)


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """What all activities understand; each says which it uses.

    Attributes:
        convention: Signs and zeros of joint angles.
        height_m: Height of the person, for lengths in metres where ``metres_per_px`` is None.
        metres_per_px: Scale in the plane of motion; None: unknown, lengths are then in px or in leg lengths. It wins
            over ``height_m``.
        metres_per_px_sd: Its standard deviation; 0: taken as exact.
        scale_source: Where it comes from, to be said beside the lengths.
        view: ``"side"`` or ``"frontal"``; None: found from the keypoints.
        side: The side to measure, or handedness; None: found from the keypoints.
        up_deg: Direction of up in the picture, degrees counter-clockwise from the picture's own (camera roll).
        min_score: Keypoints below are not measured with.
    """

    convention: Convention = "clinical"
    height_m: float | None = None
    metres_per_px: float | None = None
    metres_per_px_sd: float = 0.0
    scale_source: str = "as given"
    view: ViewKind | None = None
    side: Side | None = None
    up_deg: float = 0.0
    min_score: float = 0.5


def check_range(name: str, value: float | None, low: float, high: float, unit: str = "") -> None:
    """Complain of a number that somebody gave; None was not given.

    Raises:
        ConfigError: If it is not from ``low`` to ``high``.

    Example:
        >>> check_range("up_deg", 190.0, *UP_DEG)
        Traceback (most recent call last):
        gonio.errors.ConfigError: up_deg is 190; give a number from -180 to 180
    """
    if value is not None and not low <= value <= high:
        raise ConfigError(f"{name} is {value:g}; give a number{unit} from {low:g} to {high:g}")
