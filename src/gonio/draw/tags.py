"""Boxes and chips: who is who, and how sure the model is of each person."""

import colorsys

import cv2
import numpy as np

from gonio.arrays import FloatArray, FloatArray64, ImageArray, PixelBox
from gonio.draw.strokes import within
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Colour

_DARK = (16, 18, 24)
_FONT = cv2.FONT_HERSHEY_DUPLEX
_UNTRACKED: Colour = (236, 236, 236)
_GOLDEN_ANGLE = 0.381966
"""Of the colour circle: consecutive ids land far apart."""


def draw_boxes(canvas: ImageArray, poses: Poses, widths: FloatArray64) -> list[PixelBox]:
    """Outline each person's box in the colour of their track, in place; returns what was drawn on."""
    drawn = []
    for person in range(len(poses)):
        corners = _corners(poses.boxes[person], canvas)
        if corners is None:
            continue
        thickness = max(round(0.6 * float(widths[person])), 1)
        cv2.rectangle(canvas, *corners, _DARK, thickness + 2, cv2.LINE_AA)
        cv2.rectangle(canvas, *corners, _track_colour(poses, person), thickness, cv2.LINE_AA)
        (x1, y1), (x2, y2) = corners
        drawn.append(within(canvas, x1 - thickness - 3, y1 - thickness - 3, x2 + thickness + 4, y2 + thickness + 4))
    return drawn


def draw_tags(canvas: ImageArray, poses: Poses) -> list[PixelBox]:
    """Put a chip with track id and score on the top edge of each person's box, inside the picture, in place.

    Returns what was drawn on.
    """
    drawn = []
    scale = float(np.clip(0.0009 * np.sqrt(canvas.shape[0] * canvas.shape[1]), 0.4, 1.6))
    for person in range(len(poses)):
        corners = _corners(poses.boxes[person], canvas)
        if corners is not None:
            chip = _draw_chip(canvas, corners[0], _text(poses, person), _track_colour(poses, person), scale)
            drawn.append(chip)
    return drawn


def _draw_chip(canvas: ImageArray, corner: tuple[int, int], text: str, colour: Colour, scale: float) -> PixelBox:
    thickness = max(round(1.3 * scale), 1)
    (width, height), below = cv2.getTextSize(text, _FONT, scale, thickness)
    pad = max(round(5 * scale), 2)
    left = min(max(corner[0], 0), max(canvas.shape[1] - width - 2 * pad, 0))
    top = max(corner[1] - height - below - 2 * pad, 0)
    right, bottom = left + width + 2 * pad, top + height + below + 2 * pad
    cv2.rectangle(canvas, (left, top), (right, bottom), colour, cv2.FILLED)
    cv2.putText(canvas, text, (left + pad, top + pad + height), _FONT, scale, _DARK, thickness, cv2.LINE_AA)
    return within(canvas, left, top, right + 1, bottom + 1)


def _text(poses: Poses, person: int) -> str:
    score = f"{poses.person_scores[person]:.2f}"
    return score if poses.track_ids is None else f"{poses.track_ids[person]}  {score}"


def _track_colour(poses: Poses, person: int) -> Colour:
    """A light colour of its own for each track; grey without tracks."""
    if poses.track_ids is None:
        return _UNTRACKED
    hue = float(poses.track_ids[person]) * _GOLDEN_ANGLE % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.45, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def _corners(box: FloatArray, canvas: ImageArray) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Whole-pixel corners of the part of a box in the picture; None if it has a NaN or lies outside."""
    height, width = canvas.shape[:2]
    if not np.isfinite(box).all() or box[2] <= 0 or box[3] <= 0 or box[0] >= width or box[1] >= height:
        return None
    x1, y1, x2, y2 = np.clip(box, 0, (width - 1, height - 1) * 2)
    return (round(float(x1)), round(float(y1))), (round(float(x2)), round(float(y2)))
