"""A pin-hole camera, to see 3D points as a video would: arrays in, arrays out.

World axes are those of a 3D `PoseSequence`: metres, x forward, y up, z to the person's right.
"""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from gonio.arrays import FloatArray64, check_shape
from gonio.errors import ConfigError

_FILLED = 0.8
"""How much of the picture the points take up, in the tighter direction, when the focal length is chosen for them."""


@dataclass(frozen=True, slots=True, eq=False)
class PinholeCamera:
    """A camera without lens distortion.

    Attributes:
        position: ``(3,)`` of the pin hole, in metres.
        rotation: ``(3, 3)``, its rows the picture's right, the picture's down and the line of sight, as unit vectors.
        focal_px: Focal length in pixels.
        size_wh: Width and height of the picture; the line of sight meets it in its middle.

    Source:
        R. Hartley, A. Zisserman, Multiple View Geometry in Computer Vision, 2nd edition, 2004, section 6.1.
    """

    position: FloatArray64
    rotation: FloatArray64
    focal_px: float
    size_wh: tuple[int, int]

    @classmethod
    def beside(
        cls,
        points: FloatArray64,
        *,
        side: Literal["left", "right"] = "right",
        distance_m: float = 4.0,
        size_wh: tuple[int, int] = (1920, 1080),
        focal_px: float | None = None,
    ) -> Self:
        """A camera that stands still at the side of a motion, level, at half its height, and looks across it.

        Args:
            points: ``(..., 3)``, the whole motion; NaN are left out.
            side: The person's side that it sees; from the right, forward is right in the picture.
            distance_m: From the middle of the points.
            size_wh: Of the picture, px.
            focal_px: Default: so that all points fill 0.8 of the picture.

        Raises:
            ConfigError: If there are no points, or the distance puts the camera among them.
        """
        seen = points[np.isfinite(points).all(axis=-1)].astype(np.float64)
        if not len(seen):
            raise ConfigError("a side camera needs at least one point that is not missing")
        middle = (seen.min(axis=0) + seen.max(axis=0)) / 2
        towards = 1.0 if side == "right" else -1.0
        rotation = np.array([[towards, 0, 0], [0, -1, 0], [0, 0, -towards]])
        camera = cls(middle + np.array([0, 0, towards * distance_m]), rotation, focal_px or 1.0, size_wh)
        if (depths := camera.seen_from(seen)[:, 2]).min() <= 0:
            reach = distance_m - depths.min()
            raise ConfigError(f"distance_m {distance_m:g} puts the camera among the points; give more than {reach:.2f}")
        if focal_px is not None:
            return camera
        middle_px = (np.array(size_wh) - 1) / 2
        reach_px = np.abs(camera.project(seen) - middle_px).max(axis=0)
        with np.errstate(divide="ignore"):  # points on one line of sight fit with any focal length
            fitting = _FILLED * float((middle_px / reach_px).min())
        return cls(camera.position, rotation, fitting if np.isfinite(fitting) else float(max(size_wh)), size_wh)

    def __post_init__(self) -> None:
        check_shape("position", self.position.shape, (3,))
        check_shape("rotation", self.rotation.shape, (3, 3))
        if not self.focal_px > 0:
            raise ConfigError(f"focal_px is {self.focal_px}; a focal length is a positive number of pixels")

    def seen_from(self, points: FloatArray64) -> FloatArray64:
        """Points ``(..., 3)`` in metres right of, below and before the camera."""
        return np.asarray((points - self.position) @ self.rotation.T, np.float64)

    def project(self, points: FloatArray64) -> FloatArray64:
        """Where points are in the picture.

        Args:
            points: ``(..., 3)``.

        Returns:
            ``(..., 2)`` px, ``(0, 0)`` the centre of the top-left pixel; NaN for a missing point and one behind the
            camera. May lie outside the picture.

        Example:
            >>> camera = PinholeCamera(np.zeros(3), np.eye(3), 1000.0, (641, 481))
            >>> camera.project(np.array([[0.0, 0.0, 2.0], [0.1, 0.0, 2.0], [0.0, 0.0, -1.0]]))
            array([[320., 240.],
                   [370., 240.],
                   [ nan,  nan]])
        """
        x, y, depth = np.moveaxis(self.seen_from(points), -1, 0)
        depth = np.where(depth > 0, depth, np.nan)
        width, height = self.size_wh
        return np.stack(
            [(width - 1) / 2 + self.focal_px * x / depth, (height - 1) / 2 + self.focal_px * y / depth], axis=-1
        )
