"""Pictures, points and boxes turned by quarters: exactly, without a pixel resampled.

Turns are counted counter-clockwise as one looks at the picture; -1 is clockwise, 2 is upside down.
"""

import cv2
import numpy as np

from gonio.arrays import FloatArray, ImageArray

_CODES = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}


def turn_image(image: ImageArray, turns: int) -> ImageArray:
    """``(H, W, C)`` turned; ``(W, H, C)`` of an odd number of turns."""
    code = _CODES.get(turns % 4)
    return image if code is None else np.asarray(cv2.rotate(image, code), np.uint8)


def turn_points(points: FloatArray, size_wh: tuple[int, int], turns: int) -> FloatArray:
    """Where points of a picture lie once it is turned.

    Args:
        points: ``(..., 2)`` pixels, (0, 0) the centre of the top-left one; NaN stays.
        size_wh: Of the picture before.
        turns: Quarters, counter-clockwise.

    Example:
        >>> turn_points(np.array([0.0, 0.0]), (640, 480), 1)  # top left comes to bottom left
        array([  0., 639.])
    """
    return _turned(points, size_wh[0] - 1, size_wh[1] - 1, turns)


def turn_boxes(boxes: FloatArray, size_wh: tuple[int, int], turns: int) -> FloatArray:
    """``(..., 4)`` boxes ``x1 y1 x2 y2``, continuous: the whole picture ``(0, 0, W, H)`` stays the whole picture."""
    first, second = (_turned(corner, *size_wh, turns) for corner in (boxes[..., :2], boxes[..., 2:]))
    return np.concatenate([np.minimum(first, second), np.maximum(first, second)], axis=-1)


def turn_directions(vectors: FloatArray, turns: int) -> FloatArray:
    """``(..., D)`` vectors, x right and y down, what is beyond these two stays."""
    return np.concatenate([_turned(vectors[..., :2], 0, 0, turns), vectors[..., 2:]], axis=-1)


def _turned(points: FloatArray, last_x: int, last_y: int, turns: int) -> FloatArray:
    x, y = points[..., 0], points[..., 1]
    ways = ((x, y), (y, last_x - x), (last_x - x, last_y - y), (last_y - y, x))
    return np.stack(ways[turns % 4], axis=-1)
