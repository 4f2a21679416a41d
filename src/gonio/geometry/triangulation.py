"""Points in space from what several calibrated cameras see of them."""

from collections.abc import Sequence

import numpy as np

from gonio.arrays import FloatArray64, check_shape
from gonio.errors import ShapeError
from gonio.geometry.calibrated_camera import CalibratedCamera

_AT_INFINITY = 1e-9
"""Of a homogeneous unit vector's last part: the lines of sight are parallel."""


def triangulate(
    cameras: Sequence[CalibratedCamera], pixels: FloatArray64, weights: FloatArray64 | None = None
) -> FloatArray64:
    """Points in space, by the weighted direct linear transformation.

    Args:
        cameras: C, all in one world.
        pixels: ``(C, ..., 2)`` as seen, with the lens' distortion; NaN where a camera does not see a point.
        weights: ``(C, ...)`` at least 0, such as scores; default: all the same. 0 leaves a camera out.

    Returns:
        ``(..., 3)`` in metres; NaN where fewer than two cameras have a weight above 0, or they look along one line.

    Raises:
        ShapeError: If the arrays disagree with each other or with the cameras.

    Source:
        R. Hartley, A. Zisserman, Multiple View Geometry in Computer Vision, 2nd edition, 2004, section 12.2, on
        undistorted pictures; weights as in D. Pagnon et al., "Pose2Sim", Sensors 21(19):6530, 2021.
    """
    if weights is None:
        weights = np.ones(pixels.shape[:-1])
    if not len(cameras):
        raise ShapeError("there is no camera; triangulation takes two at least")
    check_shape("pixels", pixels.shape, (len(cameras), *pixels.shape[1:-1], 2))
    check_shape("weights", weights.shape, pixels.shape[:-1])
    used = np.where(np.isfinite(pixels).all(axis=-1) & (weights > 0), weights, 0.0)
    equations = [_equations(camera, seen, weight) for camera, seen, weight in zip(cameras, pixels, used, strict=True)]
    solution = np.linalg.svd(np.concatenate(equations, axis=-2))[2][..., -1, :]
    depth = solution[..., 3:]
    known = ((used > 0).sum(axis=0) >= 2)[..., None] & (np.abs(depth) > _AT_INFINITY)
    return np.asarray(np.where(known, solution[..., :3] / np.where(known, depth, 1.0), np.nan), np.float64)


def _equations(camera: CalibratedCamera, pixels: FloatArray64, weights: FloatArray64) -> FloatArray64:
    """``(..., 2, 4)``: what one camera says of each point; zeros where it says nothing."""
    rays = np.where(weights[..., None] > 0, camera.lines_of_sight(pixels), 0.0)
    across, depth = camera.projection[:2], camera.projection[2]
    return np.asarray((rays[..., None] * depth - across) * weights[..., None, None], np.float64)
