"""A real camera: known lens, known place. From points in space to its picture, and from its picture to lines of sight.

A calibration holds for the frames that it was made with. A frame that was cropped, turned or scaled since looks just as
good and gives wrong positions without a word; `CalibratedCamera.check_frame` speaks up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np

from gonio.arrays import FloatArray64, check_shape
from gonio.errors import ConfigError


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedCamera:
    """A camera with the lens distortion of Brown and Conrady.

    Attributes:
        name: Of the camera, to speak of it.
        size_wh: Width and height of the frames that it was calibrated with, px.
        matrix: ``(3, 3)``: focal lengths and centre in px; ``(0, 0)`` is the centre of the top-left pixel.
        distortion: ``(5,)``: k1, k2, p1, p2, k3 as OpenCV has them.
        rotation: ``(3, 3)``, its rows the picture's right, the picture's down and the line of sight, as unit vectors
            of the world.
        position: ``(3,)`` of the pin hole in the world, in metres.

    Raises:
        ShapeError: If an array has another shape.
        ConfigError: If ``rotation`` does not turn but mirror or stretch.

    Source:
        The model of OpenCV's ``calib3d``; Z. Zhang, "A flexible new technique for camera calibration", 2000.
    """

    name: str
    size_wh: tuple[int, int]
    matrix: FloatArray64
    distortion: FloatArray64
    rotation: FloatArray64
    position: FloatArray64

    def __post_init__(self) -> None:
        check_shape("matrix", self.matrix.shape, (3, 3))
        check_shape("distortion", self.distortion.shape, (5,))
        check_shape("rotation", self.rotation.shape, (3, 3))
        check_shape("position", self.position.shape, (3,))
        if np.abs(self.rotation @ self.rotation.T - np.eye(3)).max() > 1e-3 or np.linalg.det(self.rotation) < 0:
            raise ConfigError(
                f"the rotation of camera {self.name!r} is none: its rows are not three unit vectors at right angles, "
                "right-handed; check the calibration"
            )

    @property
    def projection(self) -> FloatArray64:
        """``(3, 4)``: from the world to the picture of an ideal lens with focal length 1."""
        return np.hstack([self.rotation, -(self.rotation @ self.position)[:, None]])

    def project(self, points: FloatArray64) -> FloatArray64:
        """Where points ``(..., 3)`` of the world are in the picture: ``(..., 2)`` px; NaN if missing or behind."""
        flat = points.reshape(-1, 3)
        seen = (flat - self.position) @ self.rotation[2] > 0  # a missing point is not seen either
        pixels = np.full((len(flat), 2), np.nan)
        if seen.any():
            turn, shift = cv2.Rodrigues(self.rotation)[0], -self.rotation @ self.position
            pixels[seen] = cv2.projectPoints(flat[seen][:, None], turn, shift, self.matrix, self.distortion)[0][:, 0]
        return pixels.reshape(*points.shape[:-1], 2)

    def lines_of_sight(self, pixels: FloatArray64) -> FloatArray64:
        """Pixels ``(..., 2)`` without the lens: right and down per metre of depth; NaN where missing."""
        flat = pixels.reshape(-1, 2)
        seen = np.isfinite(flat).all(axis=-1)
        rays = np.full_like(flat, np.nan)
        if seen.any():
            rays[seen] = cv2.undistortPoints(flat[seen][:, None], self.matrix, self.distortion)[:, 0]
        return rays.reshape(pixels.shape)

    def check_frame(self, size_wh: tuple[int, int], source: str) -> None:
        """Complain unless frames have the size that the camera was calibrated with.

        Raises:
            ConfigError: If they have not.
        """
        if size_wh == self.size_wh:
            return
        (width, height), (calibrated_w, calibrated_h) = size_wh, self.size_wh
        way_out = "give the frames as they were calibrated, or say how they were changed (letterboxed)"
        if (height, width) == self.size_wh:
            way_out = "the one stands upright and the other lies: turn the video, or take the other calibration"
        raise ConfigError(
            f"'{source}' has frames of {width} x {height} px, but camera {self.name!r} was calibrated with "
            f"{calibrated_w} x {calibrated_h} px; {way_out}"
        )

    def letterboxed(self, size_wh: tuple[int, int]) -> Self:
        """The camera of the same pictures scaled into frames of another size, whole, in the middle, between bars."""
        scale = min(new / old for new, old in zip(size_wh, self.size_wh, strict=True))
        # Half a pixel: centres of pixels are whole numbers, and what is scaled is the edges.
        offset = (np.array(size_wh) - scale * np.array(self.size_wh)) / 2 + 0.5 * scale - 0.5
        placed = np.array([[scale, 0, offset[0]], [0, scale, offset[1]], [0, 0, 1]])
        return replace(self, size_wh=size_wh, matrix=placed @ self.matrix)

    def with_centre_moved(self, by_px: Sequence[float]) -> Self:
        """The same camera with its picture's centre ``(x, y)`` px farther right and down."""
        moved = self.matrix.copy()
        moved[:2, 2] += by_px
        return replace(self, matrix=moved)
