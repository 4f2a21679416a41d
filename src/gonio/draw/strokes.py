"""Round-ended strokes of any width, anti-aliased, at sub-pixel places: what a limb, a joint and a chip are made of.

``cv2.line`` knows whole widths only (2 and 3 look alike), so a stroke is a convex polygon here.
"""

import cv2
import numpy as np

from gonio.arrays import BoolArray, FloatArray64, ImageArray, IntArray, PixelBox
from gonio.structures.skeleton import Colour

_SHIFT = 4
"""cv2's fixed-point bits: polygons are placed to 1/16 px."""
_CAP = np.linspace(-np.pi / 2, np.pi / 2, 14)
"""Angles of the corners of a round end; enough that a disc of 60 px looks round."""
_BLEED = 0.7
"""Pixels that cv2's anti-aliasing adds around a filled polygon (measured on discs and bars of 1 to 10 px, cv2 5.0)."""


def strokes(start: FloatArray64, end: FloatArray64, radius: FloatArray64) -> IntArray:
    """Outlines of round-ended strokes; a stroke of no length is a disc.

    Args:
        start: ``(M, 2)`` px.
        end: ``(M, 2)`` px.
        radius: ``(R, M)`` half of the width in px; R widths of the same strokes cost little more than one.

    Returns:
        ``(R, M, P, 2)`` int64 corners of convex polygons, in 1/16 px, as ``paint`` wants them.
    """
    along = end - start
    heading = np.arctan2(along[:, 1], along[:, 0])[:, None]
    ring = np.concatenate([heading + _CAP, heading + _CAP + np.pi], axis=1)
    rim = np.stack([np.cos(ring), np.sin(ring)], axis=-1)
    centres = np.repeat(np.stack([end, start], axis=1), len(_CAP), axis=1)
    outlines = centres + np.maximum(radius - _BLEED, 0.0)[..., None, None] * rim
    return np.asarray(np.round(outlines * (1 << _SHIFT)), np.int64)


def clip_segments(
    start: FloatArray64, end: FloatArray64, *, size_wh: tuple[int, int], margin: float
) -> tuple[FloatArray64, FloatArray64, BoolArray]:
    """Shorten segments to the part that can be seen, so that cv2's integers never overflow.

    Args:
        start: ``(M, 2)`` finite px.
        end: ``(M, 2)`` finite px.
        size_wh: Width and height of the picture.
        margin: Pixels around the picture that still count as seen.

    Returns:
        ``(M, 2)`` starts, ``(M, 2)`` ends, and ``(M,)`` whether anything of the segment is left; the ends of the
        others are meaningless.

    Source:
        Y.-D. Liang and B. A. Barsky, "A new concept and method for line clipping", 1984.
    """
    low, high = np.full(2, -margin), np.asarray(size_wh, np.float64) - 1 + margin
    along = end - start
    with np.errstate(divide="ignore", invalid="ignore"):  # an upright or level segment crosses two of the borders only
        crossings = np.stack([(low - start) / along, (high - start) / along])
    # NaN: a segment that lies on a border, which therefore does not shorten it.
    enter = np.fmax.reduce(np.minimum(*crossings), axis=1, initial=0.0)
    leave = np.fmin.reduce(np.maximum(*crossings), axis=1, initial=1.0)
    seen = enter <= leave
    enter, leave = np.where(seen, enter, 0.0)[:, None], np.where(seen, leave, 0.0)[:, None]
    # The second clip is for ends so far away that float64 has no pixels left.
    return np.clip(start + enter * along, low, high), np.clip(start + leave * along, low, high), seen


def paint(canvas: ImageArray, outlines: IntArray, colour: Colour, opacity: float = 1.0) -> None:
    """Fill convex polygons on the canvas, in place; where they overlap, a translucent colour is laid on once.

    Args:
        canvas: ``(H, W, 3)`` RGB, changed.
        outlines: ``(M, P, 2)`` from ``strokes``.
        colour: Red, green, blue.
        opacity: In [0, 1].
    """
    if opacity >= 1.0:
        _fill(canvas, outlines, colour)
        return
    x1, y1, x2, y2 = reach(outlines, canvas)  # only that is blended
    region = canvas[y1:y2, x1:x2]
    if region.size:
        painted = region.copy()
        _fill(painted, outlines - (np.array([x1, y1]) << _SHIFT), colour)
        cv2.addWeighted(painted, opacity, region, 1.0 - opacity, 0.0, dst=region)


def reach(outlines: IntArray, canvas: ImageArray) -> PixelBox:
    """The part of a canvas that `paint` can change with these outlines, ``(M, P, 2)`` from ``strokes``."""
    if len(outlines) == 0:
        return 0, 0, 0, 0
    low = (outlines.min(axis=(0, 1)) >> _SHIFT) - 2
    high = (outlines.max(axis=(0, 1)) >> _SHIFT) + 3
    return within(canvas, int(low[0]), int(low[1]), int(high[0]), int(high[1]))


def within(canvas: ImageArray, x1: int, y1: int, x2: int, y2: int) -> PixelBox:
    """The part of a box that lies in the picture; of no size if nothing does."""
    height, width = canvas.shape[:2]
    left, top = min(max(x1, 0), width), min(max(y1, 0), height)
    return left, top, max(min(x2, width), left), max(min(y2, height), top)


def _fill(canvas: ImageArray, outlines: IntArray, colour: Colour) -> None:
    for outline in outlines.astype(np.int32):
        cv2.fillConvexPoly(canvas, outline, colour, cv2.LINE_AA, _SHIFT)
