"""A square of a picture that may be turned and may reach beyond it: what BlazePose looks at.

A region is ``cx cy side angle``: its centre in pixels (pixel-centre convention), its side in pixels, and by how many
radians it is turned, clockwise as seen: the crop's upward direction is ``(sin angle, -cos angle)`` of the picture.
"""

import cv2
import numpy as np

from gonio.arrays import FloatArray, FloatArray64, ImageArray
from gonio.geometry.affine import CropResult, invert


def regions_around(boxes: FloatArray, *, margin: float) -> FloatArray64:
    """Upright regions ``(N, 4)`` with the centres of boxes ``(N, 4)``, ``margin`` times their longer sides.

    Example:
        >>> regions_around(np.array([[0, 0, 10, 20]], np.float32), margin=1.5)
        array([[ 4.5,  9.5, 30. ,  0. ]])
    """
    wide = boxes.astype(np.float64)
    sides = np.maximum(wide[:, 2:] - wide[:, :2], 1).max(axis=1) * margin
    centres = (wide[:, :2] + wide[:, 2:]) / 2 - 0.5
    return np.concatenate([centres, sides[:, None], np.zeros((len(boxes), 1))], axis=1)


def regions_between(
    centres: FloatArray | FloatArray64, tops: FloatArray | FloatArray64, *, margin: float
) -> FloatArray64:
    """Regions ``(N, 4)`` around ``centres (N, 2)``, turned so that ``tops (N, 2)`` lie straight above them.

    The side is twice the distance times ``margin``; NaN points give NaN regions.

    Example:
        >>> regions_between(np.array([[5.0, 5.0]]), np.array([[9.0, 5.0]]), margin=1.25).round(3)
        array([[ 5.   ,  5.   , 10.   ,  1.571]])
    """
    across, down = (np.asarray(tops, np.float64) - centres).T
    sides = np.maximum(np.hypot(across, down) * 2 * margin, 1)
    return np.stack([*np.asarray(centres, np.float64).T, sides, np.arctan2(across, -down)], axis=1)


def region_matrix(region: FloatArray64, side: int) -> FloatArray64:
    """The ``(2, 3)`` matrix from the picture to the region's crop of ``side`` x ``side`` px, pixel centre to centre.

    The region's centre becomes pixel ``side / 2``, as in the crops that BlazePose was trained on.
    """
    cx, cy, length, angle = region
    scale = length / side
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    middle = side / 2
    home = np.array([[cos, -sin, cx - (cos - sin) * middle], [sin, cos, cy - (sin + cos) * middle]])
    return invert(home)


def crop_region(image: ImageArray, region: FloatArray64, *, side: int) -> CropResult:
    """Cut out a region and resize it; beyond the picture its edge goes on.

    Args:
        image: ``(H, W, 3)``.
        region: ``(4,)`` ``cx cy side angle``.
        side: Of the crop, px.

    Returns:
        The crop ``(side, side, 3)`` and the matrix ``(2, 3)`` from picture to crop.
    """
    matrix = region_matrix(region, side)
    part, left, top, unit = _shrunk(image, region, side)
    # the part's pixel i is the picture's pixels left + unit * i to left + unit * (i + 1) - 1
    to_picture = np.array([[unit, 0, left + (unit - 1) / 2], [0, unit, top + (unit - 1) / 2], [0, 0, 1]])
    crop = cv2.warpAffine(
        part, matrix @ to_picture, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(crop, np.uint8), matrix


def _shrunk(image: ImageArray, region: FloatArray64, side: int) -> tuple[ImageArray, int, int, int]:
    """The part of the picture that the region needs, halved while at least a factor of two is left to shrink."""
    height, width = image.shape[:2]
    unit = 1
    while region[2] >= 2 * unit * side:
        unit *= 2
    reach = region[2] / 2 * (abs(np.cos(region[3])) + abs(np.sin(region[3]))) + 2 * unit
    left, top = (int(np.clip(at - reach, 0, size - 1)) for at, size in zip(region[:2], (width, height), strict=True))
    right, bottom = (
        int(np.clip(at + reach + 1, low + 1, size))
        for at, low, size in zip(region[:2], (left, top), (width, height), strict=True)
    )
    part = image[top:bottom, left:right]
    unit = min(unit, *part.shape[:2])
    if unit == 1:
        return part, left, top, 1
    unit = 1 << (unit.bit_length() - 1)
    rows, columns = part.shape[0] // unit, part.shape[1] // unit
    small = cv2.resize(part[: rows * unit, : columns * unit], (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), left, top, unit
