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


def letterbox(image: ImageArray, *, longer_side: int, multiple: int, pad_value: int) -> CropResult:
    """Shrink or grow the whole picture to a longer side, keep its shape, pad right and below to a multiple.

    Args:
        image: ``(H, W, 3)``.
        longer_side: Length of the longer side after resizing, px.
        multiple: Both sides are padded to multiples of this.
        pad_value: Grey level of the padding, 0 to 255.
    """
    height, width = image.shape[:2]
    scale = longer_side / max(height, width)
    new_w, new_h = max(round(width * scale), 1), max(round(height * scale), 1)
    resized = _resize(image, (new_w, new_h))
    pad_w, pad_h = -new_w % multiple, -new_h % multiple
    padded = cv2.copyMakeBorder(resized, 0, pad_h, 0, pad_w, cv2.BORDER_CONSTANT, value=(pad_value,) * 3)
    return np.asarray(padded, np.uint8), crop_matrix((0, 0, width, height), (new_w, new_h))


def crop_box(
    image: ImageArray, box: FloatArray, *, size_wh: tuple[int, int], margin: float, pad_value: int
) -> CropResult:
    """Cut a region of the crop's aspect around a box, on whole pixels, and resize it.

    Args:
        image: ``(H, W, 3)``.
        box: ``(4,)`` ``x1 y1 x2 y2``; the region has its centre and covers it in both directions.
        size_wh: Size of the crop.
        margin: The region is this much larger than the smallest that covers the box.
        pad_value: Grey level outside the picture, 0 to 255.

    Returns:
        The crop and its exact matrix: the region is rounded to whole pixels, and the matrix is that of the rounded one.
    """
    region = _region(box, aspect=size_wh[0] / size_wh[1], margin=margin)
    x1, y1, x2, y2 = region
    height, width = image.shape[:2]
    left, top, right, bottom = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
    if left >= right or top >= bottom:
        crop = np.full((size_wh[1], size_wh[0], 3), pad_value, np.uint8)
    else:
        inside = image[top:bottom, left:right]
        padded = cv2.copyMakeBorder(
            inside, top - y1, y2 - bottom, left - x1, x2 - right, cv2.BORDER_CONSTANT, value=(pad_value,) * 3
        )
        crop = _resize(np.asarray(padded, np.uint8), size_wh)
    return crop, crop_matrix(region, size_wh)


def _region(box: FloatArray, *, aspect: float, margin: float) -> tuple[int, int, int, int]:
    """Whole-pixel region of an aspect (width / height) around a box."""
    x1, y1, x2, y2 = (float(value) for value in box)
    height = max(y2 - y1, (x2 - x1) / aspect, 1.0) * margin
    width = height * aspect
    left, top = round((x1 + x2 - width) / 2), round((y1 + y2 - height) / 2)
    return left, top, left + max(round(width), 1), top + max(round(height), 1)


def _resize(image: ImageArray, size_wh: tuple[int, int]) -> ImageArray:
    """Resize with every source pixel counted when shrinking, and linearly when growing."""
    if (image.shape[1], image.shape[0]) == size_wh:
        return image
    shrinks = size_wh[0] < image.shape[1] or size_wh[1] < image.shape[0]
    return np.asarray(
        cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8
    )
