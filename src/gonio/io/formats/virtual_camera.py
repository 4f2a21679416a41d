"""A 3D sequence as a camera at the side would have filmed it: to run 2D analyses on motion capture."""

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from gonio.errors import ConfigError
from gonio.geometry.camera import PinholeCamera
from gonio.structures.sequence import PoseSequence


class SideCamera(BaseModel):
    """Where the virtual camera stands and what it takes.

    Attributes:
        side: The person's side that it sees.
        distance_m: From the middle of the motion.
        width: Of the picture, px.
        height: Of the picture, px.
        focal_px: Focal length; None: so that the whole motion fits.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    side: Literal["left", "right"] = "right"
    distance_m: float = Field(default=4.0, gt=0)
    width: int = Field(default=1920, gt=0)
    height: int = Field(default=1080, gt=0)
    focal_px: float | None = Field(default=None, gt=0)


def through_side_camera(sequence: PoseSequence, camera: SideCamera | None = None) -> PoseSequence:
    """Project a 3D sequence to pixels.

    Args:
        sequence: In metres, x forward, y up, z right; as `MarkerMap.sequence` makes it.
        camera: Default: 4 m to the person's right, full HD.

    Returns:
        The same people, times and scores in px; nothing hides anything. Without standard deviations and flags, which
        were those of the 3D points.

    Raises:
        ConfigError: If the sequence is 2D, or the camera stands among its points.
    """
    if sequence.keypoints.shape[-1] != 3:
        raise ConfigError("a virtual camera looks at 3D keypoints in metres, got 2D ones; analyse these as they are")
    camera = camera or SideCamera()
    points = sequence.keypoints.astype(np.float64)
    pinhole = PinholeCamera.beside(
        points,
        side=camera.side,
        distance_m=camera.distance_m,
        size_wh=(camera.width, camera.height),
        focal_px=camera.focal_px,
    )
    seen = replace(
        sequence, keypoints=pinhole.project(points).astype(np.float32), unit="px", keypoint_sd=None, flags=None
    )
    return seen.noted(
        f"seen by a virtual camera {camera.distance_m:g} m to the person's {camera.side}, focal length "
        f"{pinhole.focal_px:.0f} px, {camera.width} x {camera.height} px"
    )
