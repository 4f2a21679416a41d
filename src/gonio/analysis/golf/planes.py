"""A line or plane through points that err in all directions: total least squares."""

import math
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray64

_LEAST = 4
"""Points; fewer fit too well to say how well."""


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane seen edge-on, or in space.

    Attributes:
        slope_deg: To the ground, in [0, 90].
        slope_sd_deg: Its standard deviation; NaN where the error of the points is unknown.
        deviation: Root mean square distance of the points from it, in their unit.
    """

    slope_deg: float
    slope_sd_deg: float
    deviation: float


def fit_plane(points: FloatArray64, sd: float) -> Plane | None:
    """The line (D = 2) or plane (D = 3) with the least squared distances to the points.

    Args:
        points: ``(M, D)`` with up as their second coordinate; those with NaN are left out.
        sd: Of a point along one axis; NaN where unknown. The scatter about the plane counts where it is larger.

    Returns:
        None for fewer than four points.

    Source:
        Its normal is the singular vector of the centred points with the smallest singular value: Golub and Van Loan,
        "An analysis of the total least squares problem", SIAM J Numer Anal 17, 1980.

    Example:
        >>> slope = fit_plane(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]), 0.01)
        >>> round(slope.slope_deg, 6)
        45.0
    """
    points = points[np.isfinite(points).all(axis=-1)]
    if len(points) < _LEAST:
        return None
    centred = points - points.mean(axis=0)
    _, lengths, directions = np.linalg.svd(centred, full_matrices=False)
    normal = directions[-1]
    deviation = float(lengths[-1]) / math.sqrt(len(points))
    scatter = max(sd, deviation) if math.isfinite(sd) else math.nan
    across = float(lengths[-2])  # the plane tilts most easily about its longer direction
    slope = math.degrees(math.acos(min(1.0, abs(float(normal[1])))))
    return Plane(slope, math.degrees(scatter / across) if across else math.nan, deviation)
