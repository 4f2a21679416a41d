"""`AnalysisOptions`: what a person may tell an analysis beforehand; everything has a default."""

from dataclasses import dataclass
from typing import Literal

from gonio.analysis.series import Side

Convention = Literal["clinical", "isb", "opensim"]
ViewKind = Literal["side", "frontal"]


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
