"""The one matrix of all geometric changes, drawn, applied to labels, and used for the one resampling.

The picture is stretched first, then turned, mirrored, scaled and shifted. The region is the one that inference would
cut around the person so stretched and turned: a training crop is one that a network can meet.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from gonio.arrays import FloatArray, FloatArray64, ImageArray
from gonio.augmentation.settings import Augmentation
from gonio.geometry.affine import crop_box, invert, transform

Box = tuple[float, float, float, float]
"""Continuous ``x1 y1 x2 y2``."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to the geometry; the defaults do nothing.

    Attributes:
        scale: The person is so many times as large.
        degrees: Turned so far, clockwise as seen.
        shift: Share of the crop's width and height, right and down.
        stretch: Width over height, relative to what it was.
        flip: Mirrored.
    """

    scale: float = 1.0
    degrees: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    stretch: float = 1.0
    flip: bool = False

    @property
    def only_flips(self) -> bool:
        """Whether nothing but the flip is left to do."""
        return (self.scale, self.degrees, self.shift, self.stretch) == (1.0, 0.0, (0.0, 0.0), 1.0)


def chance(rng: np.random.Generator, probability: float) -> bool:
    """True with this probability; draws no number where there is no choice."""
    return probability > 0 and (probability >= 1 or bool(rng.random() < probability))


def draw_change(settings: Augmentation, rng: np.random.Generator) -> Change:
    """Draw a change of the geometry."""
    scale, degrees, stretch, shift = 1.0, 0.0, 1.0, (0.0, 0.0)
    if chance(rng, settings.scale.probability):
        scale = float(np.exp(rng.uniform(*np.log(settings.scale.factor))))
    if chance(rng, settings.turn.probability):
        degrees = float(rng.uniform(-180, 180))
    elif chance(rng, settings.rotation.probability):
        degrees = float(rng.uniform(-1, 1)) * settings.rotation.degrees
    if chance(rng, settings.translation.probability):
        x, y = rng.uniform(-1, 1, 2) * settings.translation.share
        shift = float(x), float(y)
    if chance(rng, settings.aspect.probability):
        stretch = float(settings.aspect.stretch ** rng.uniform(-1, 1))
    return Change(scale, degrees, shift, stretch, chance(rng, settings.flip.probability))


def change_matrix(box: FloatArray, change: Change, *, input_hw: tuple[int, int], margin: float) -> FloatArray64:
    """Matrix of a change, from picture to crop, pixel centre to pixel centre.

    Args:
        box: ``(4,)`` of the picture; its centre becomes that of the crop, but for the shift.
        change: What to do.
        input_hw: Height and width of the crop.
        margin: The region is this much larger than the smallest that covers the stretched and turned box.
    """
    height, width = input_hw
    x1, y1, x2, y2 = (float(value) for value in box)
    turned = _linear(change)
    half = _half_extent(turned, (x2 - x1) / 2, (y2 - y1) / 2)
    region = max(2 * half[1], 2 * half[0] * height / width, 1.0) * margin
    linear = turned * (change.scale * height / region)
    if change.flip:
        linear[0] *= -1
    shift = np.array([change.shift[0] * width, change.shift[1] * height])
    # continuous: u = L (x - c) + C; pixel centres have x = i + 0.5 and u = j + 0.5
    offset = np.array([width, height]) / 2 + shift - 0.5 - linear @ np.array([(x1 + x2 - 1) / 2, (y1 + y2 - 1) / 2])
    return np.concatenate([linear, offset[:, None]], axis=1)


def cut(
    image: ImageArray,
    box: FloatArray,
    change: Change,
    *,
    input_hw: tuple[int, int],
    margin: float,
    pad_value: int,
    window: tuple[int, int, int, int] | None = None,
) -> tuple[ImageArray, FloatArray64]:
    """Cut the crop of a box out of a picture, changed.

    Args:
        image: ``(H, W, 3)``.
        box: ``(4,)``.
        change: What to do.
        input_hw: Height and width of the crop.
        margin: As of `change_matrix`.
        pad_value: Grey level outside the picture.
        window: ``x1 y1 x2 y2`` whole px; what lies outside counts as outside the picture. None for all of it.

    Returns:
        The crop and its exact matrix. Where nothing is to do these are `crop_box`'s, byte for byte.
    """
    height, width = input_hw
    if not change.only_flips or window is not None:
        matrix = change_matrix(box, change, input_hw=input_hw, margin=margin)
        return warp(image, matrix, input_hw=input_hw, pad_value=pad_value, window=window), matrix
    crop, matrix = crop_box(image, box, size_wh=(width, height), margin=margin, pad_value=pad_value)
    if change.flip:
        matrix = np.array([[-1.0, 0, width - 1], [0, 1, 0]]) @ np.vstack([matrix, [0, 0, 1]])
        crop = np.ascontiguousarray(crop[:, ::-1])
    return crop, matrix


def warp(
    image: ImageArray,
    matrix: FloatArray64,
    *,
    input_hw: tuple[int, int],
    pad_value: int,
    window: tuple[int, int, int, int] | None = None,
) -> ImageArray:
    """Resample a picture once, linearly; where it shrinks by two or more, 2x2 means come first.

    The picture is halved along its own axes, each as often as it shrinks: a stretched one loses no more than it must.
    """
    height, width = input_hw
    unit_x, unit_y = (_unit(float(1 / np.linalg.norm(matrix[:, axis]))) for axis in (0, 1))
    x1, y1, x2, y2 = window or (0, 0, image.shape[1], image.shape[0])
    corners = transform(invert(matrix), np.array([[-1, -1], [width, -1], [-1, height], [width, height]], np.float64))
    left, top = (int(np.floor(value)) for value in corners.min(axis=0))
    right, bottom = (int(np.ceil(value)) + 1 for value in corners.max(axis=0))
    left, top = max(left - unit_x, x1), max(top - unit_y, y1)
    columns, rows = (min(right + unit_x, x2) - left) // unit_x, (min(bottom + unit_y, y2) - top) // unit_y
    if columns < 1 or rows < 1:
        return np.full((height, width, 3), pad_value, np.uint8)
    part = image[top : top + rows * unit_y, left : left + columns * unit_x]
    if (unit_x, unit_y) != (1, 1):
        part = np.asarray(cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    # pixel i of the part is centred on pixel left + unit i + (unit - 1) / 2 of the picture
    back = np.array([[unit_x, 0, left + (unit_x - 1) / 2], [0, unit_y, top + (unit_y - 1) / 2], [0, 0, 1]])
    warped = cv2.warpAffine(
        part,
        matrix @ back,
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(pad_value,) * 3,
    )
    return np.asarray(warped, np.uint8)


def keep_padding(
    changed: ImageArray, clean: ImageArray, matrix: FloatArray64, window: tuple[int, int, int, int]
) -> ImageArray:
    """The changed crop with the clean one's padding: in use, too, nothing that cameras do reaches beyond the frame.

    Args:
        changed: ``(h, w, 3)``; may be changed in place unless it is ``clean``.
        clean: ``(h, w, 3)``.
        matrix: From picture to crop.
        window: ``x1 y1 x2 y2`` of the picture that there is.
    """
    if changed is clean:
        return clean
    height, width = clean.shape[:2]
    x1, y1, x2, y2 = window
    outermost = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], np.float64)
    seen = transform(invert(matrix), outermost)
    if ((seen >= (x1 - 0.5, y1 - 0.5)) & (seen <= (x2 - 0.5, y2 - 0.5))).all():
        return changed
    corners = transform(matrix, np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], np.float64) - 0.5)
    padding = np.full((height, width), 255, np.uint8)
    cv2.fillConvexPoly(padding, np.rint(corners * 16).astype(np.int32), (0,), shift=4)
    return np.asarray(cv2.copyTo(clean, padding, changed), np.uint8)


def move_boxes(matrix: FloatArray64, boxes: FloatArray) -> FloatArray:
    """Boxes ``(N, 4)`` through any matrix: each new one encloses the ellipse that the old one enclosed.

    The box around a turned box would be far too large for what was in it; a body is nearer to an ellipse. Without
    rotation this is exact.
    """
    corners = boxes.astype(np.float64).reshape(-1, 2, 2)
    centres = transform(matrix, corners.mean(axis=1) - 0.5) + 0.5
    halves = (corners[:, 1] - corners[:, 0]) / 2
    extents = np.sqrt((halves**2) @ (matrix[:, :2] ** 2).T)
    return np.concatenate([centres - extents, centres + extents], axis=1).astype(np.float32)


def _linear(change: Change) -> FloatArray64:
    """Stretch, which keeps the area, then turn: ``(2, 2)``."""
    angle = np.deg2rad(change.degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    root = np.sqrt(change.stretch)
    return np.array([[cos * root, -sin / root], [sin * root, cos / root]])


def _half_extent(linear: FloatArray64, half_w: float, half_h: float) -> tuple[float, float]:
    """Half width and height of the image of an ellipse with these half axes."""
    x, y = np.sqrt((linear**2) @ np.array([half_w**2, half_h**2]))
    return float(x), float(y)


def _unit(shrink: float) -> int:
    unit = 1
    while shrink >= 2 * unit:
        unit *= 2
    return unit
