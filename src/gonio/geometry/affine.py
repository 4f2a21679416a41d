"""The 2x3 matrix between a picture and a network's input, and the one place where a half pixel is added.

A matrix ``M`` maps pixel centres: ``(u, v) = M @ (x, y, 1)`` where ``(x, y)`` is a keypoint of the picture and
``(u, v)`` the same point in the crop, as in ``cv2.warpAffine``. It is stated for continuous coordinates (boxes) by
`crop_matrix`, which turns it into the pixel-centre one; from there on nobody thinks about half pixels again.
"""

import cv2
import numpy as np

from gonio.arrays import FloatArray, FloatArray64, ImageArray

CropResult = tuple[ImageArray, FloatArray64]
"""The crop ``(h, w, 3)`` and its matrix ``(2, 3)`` from picture to crop."""


def crop_matrix(box: tuple[float, float, float, float], size_wh: tuple[int, int]) -> FloatArray64:
    """Matrix that maps the continuous box ``x1 y1 x2 y2`` onto a crop of this size, pixel centre to pixel centre.

    Example:
        >>> transform(crop_matrix((0, 0, 4, 4), (2, 2)), np.array([[0.5, 0.5]]))
        array([[0., 0.]], dtype=float32)
    """
    x1, y1, x2, y2 = box
    sx, sy = size_wh[0] / (x2 - x1), size_wh[1] / (y2 - y1)
    # continuous: u = s (x - x1); with x = i + 0.5 and u = j + 0.5 the centres obey j = s i + s (0.5 - x1) - 0.5
    return np.array([[sx, 0, sx * (0.5 - x1) - 0.5], [0, sy, sy * (0.5 - y1) - 0.5]])


def invert(matrix: FloatArray64) -> FloatArray64:
    """The ``(2, 3)`` matrix of the way back."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.concatenate([linear, -linear @ matrix[:, 2:]], axis=1)


def transform(matrix: FloatArray64, points: FloatArray | FloatArray64) -> FloatArray:
    """Points ``(..., 2)`` through a ``(2, 3)`` matrix; NaN stays NaN."""
    moved = points.astype(np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return moved.astype(np.float32)


def transform_boxes(matrix: FloatArray64, boxes: FloatArray) -> FloatArray:
    """Continuous boxes ``(..., 4)`` through a matrix without rotation."""
    corners = boxes.reshape(*boxes.shape[:-1], 2, 2) - 0.5  # a corner is a continuous point; the matrix maps centres
    return (transform(matrix, corners) + 0.5).reshape(boxes.shape)


def letterbox(
    image: ImageArray,
    *,
    longer_side: int,
    multiple: int,
    pad_value: int,
    square: bool = False,
    centred: bool = False,
) -> CropResult:
    """Shrink or grow the whole picture to a longer side, keep its shape, pad it.

    Args:
        image: ``(H, W, 3)``.
        longer_side: Length of the longer side after resizing, px.
        multiple: Both sides are padded to multiples of this.
        pad_value: Grey level of the padding, 0 to 255.
        square: Padded to ``longer_side`` in both directions, and then to the multiple.
        centred: Half of the padding goes left and above; else all of it right and below.

    Returns:
        The input and its exact matrix. When shrinking, up to a pixel of the input at the right and lower edge may be
        left out.
    """
    height, width = image.shape[:2]
    halved, unit = _halved(image, max(height, width) / longer_side)
    height, width = halved.shape[:2]
    scale = longer_side / max(height, width)
    new_w, new_h = max(round(width * scale), 1), max(round(height * scale), 1)
    to_w, to_h = (max(longer_side, new_w), max(longer_side, new_h)) if square else (new_w, new_h)
    more_w, more_h = to_w + -to_w % multiple - new_w, to_h + -to_h % multiple - new_h
    left, above = (more_w // 2, more_h // 2) if centred else (0, 0)
    border = (above, more_h - above, left, more_w - left)
    matrix = crop_matrix((0, 0, width * unit, height * unit), (new_w, new_h))
    matrix[:, 2] += (left, above)
    return _padded(_resize(halved, (new_w, new_h)), border, pad_value), matrix


def stretched(image: ImageArray, size_wh: tuple[int, int]) -> CropResult:
    """The whole picture at one size; its shape is not kept.

    Args:
        image: ``(H, W, 3)``.
        size_wh: Of the input, px.

    Returns:
        The input and its matrix; up to a pixel at the right and lower edge may be left out, as by `letterbox`.
    """
    height, width = image.shape[:2]
    halved, unit = _halved(image, min(width / size_wh[0], height / size_wh[1]))
    height, width = halved.shape[:2]
    return _resize(halved, size_wh), crop_matrix((0, 0, width * unit, height * unit), size_wh)


def crop_box(
    image: ImageArray, box: FloatArray, *, size_wh: tuple[int, int], margin: float, pad_value: int
) -> CropResult:
    """Cut a region of the crop's aspect around a box and resize it.

    Args:
        image: ``(H, W, 3)``.
        box: ``(4,)`` ``x1 y1 x2 y2``; the region has its centre and covers it in both directions.
        size_wh: Size of the crop.
        margin: The region is this much larger than the smallest that covers the box.
        pad_value: Grey level outside the picture, 0 to 255.

    Returns:
        The crop and its exact matrix: the region is rounded to whole pixels (of the halved picture, where it is
        shrunk), and the matrix is that of the rounded one.
    """
    height, width = image.shape[:2]
    unit = 1
    x1, y1, x2, y2 = _region(box, aspect=size_wh[0] / size_wh[1], margin=margin)
    while (y2 - y1) >= 2 * unit * size_wh[1]:
        unit *= 2
    x1, y1 = x1 // unit * unit, y1 // unit * unit
    x2, y2 = -(-x2 // unit) * unit, -(-y2 // unit) * unit
    left, top = max(x1, 0), max(y1, 0)
    right, bottom = left + (min(x2, width) - left) // unit * unit, top + (min(y2, height) - top) // unit * unit
    if left >= right or top >= bottom:
        crop = np.full((size_wh[1], size_wh[0], 3), pad_value, np.uint8)
    else:
        inside, _ = _halved(image[top:bottom, left:right], unit)
        above, below = (top - y1) // unit, (y2 - bottom) // unit
        before, after = (left - x1) // unit, (x2 - right) // unit
        crop = _resize(_padded(inside, (above, below, before, after), pad_value), size_wh)
    return crop, crop_matrix((x1, y1, x2, y2), size_wh)


def _region(box: FloatArray, *, aspect: float, margin: float) -> tuple[int, int, int, int]:
    """Whole-pixel region of an aspect (width / height) around a box."""
    x1, y1, x2, y2 = (float(value) for value in box)
    height = max(y2 - y1, (x2 - x1) / aspect, 1.0) * margin
    width = height * aspect
    left, top = round((x1 + x2 - width) / 2), round((y1 + y2 - height) / 2)
    return left, top, left + max(round(width), 1), top + max(round(height), 1)


def _halved(image: ImageArray, shrink: float) -> tuple[ImageArray, int]:
    """The picture halved while at least a factor of two is left to shrink; 2x2 means are the fast way to do that.

    Returns:
        The picture, without the last pixels that fill no square, and how many pixels one of its pixels stands for.
    """
    unit = 1
    while shrink >= 2 * unit and min(image.shape[:2]) >= 2:
        height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
        halves = cv2.resize(image[:height, :width], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        image, unit = np.asarray(halves, np.uint8), unit * 2
    return image, unit


def _padded(image: ImageArray, border: tuple[int, int, int, int], value: int) -> ImageArray:
    """The picture with a border of so many pixels above, below, left and right."""
    if not any(border):
        return image
    above, below, before, after = border
    padded = cv2.copyMakeBorder(image, above, below, before, after, cv2.BORDER_CONSTANT, value=(value,) * 3)
    return np.asarray(padded, np.uint8)


def _resize(image: ImageArray, size_wh: tuple[int, int]) -> ImageArray:
    """Resize linearly; of what was halved before, at most a factor of two is left, so no pixel is skipped."""
    if (image.shape[1], image.shape[0]) == size_wh:
        return image.copy()
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_LINEAR), np.uint8)
