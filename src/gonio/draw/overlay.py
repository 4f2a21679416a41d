"""People drawn onto a picture: limbs in the colours of their side, joints that show how sure the model is.

Every stroke carries a dark and a light edge, so that it stands out on any background; its width follows the size of the
picture and of the person.
"""

from dataclasses import dataclass

import numpy as np

from gonio.arrays import BoolArray, FloatArray64, ImageArray, IntArray, PixelBox
from gonio.draw.strokes import clip_segments, paint, reach, strokes
from gonio.draw.tags import draw_boxes, draw_tags
from gonio.errors import ConfigError
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses

_DARK, _LIGHT = (16, 18, 24), (255, 255, 255)
_MARGIN = 64.0
"""Pixels beyond the picture where a stroke is still drawn; wider than any half stroke."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawStyle:
    """How people are drawn.

    Attributes:
        min_score: In [0, 1]: keypoints below it are hidden, and with them their limbs.
        sure_score: In [0, 1]: from it on a joint is a full disc and its limbs are opaque; between ``min_score`` and
            this, joints are hollow and limbs translucent, the more so the less sure.
        line_scale: In [0.1, 10]: multiplies the width of all lines, which follows the picture and the person.
        boxes: Draw each person's box.
        labels: Draw a chip with the track id, if there is one, and the person's score.

    Raises:
        ConfigError: If a number is NaN or outside its range.

    Example:
        >>> DrawStyle(min_score=1.5)
        Traceback (most recent call last):
        gonio.errors.ConfigError: min_score is 1.5; give a number from 0 to 1.
    """

    min_score: float = 0.5
    sure_score: float = 0.8
    line_scale: float = 1.0
    boxes: bool = False
    labels: bool = False

    def __post_init__(self) -> None:
        ranges = {"min_score": (0, 1), "sure_score": (0, 1), "line_scale": (0.1, 10)}
        for field, (low, high) in ranges.items():
            value = getattr(self, field)
            if not low <= value <= high:  # NaN is in no range
                raise ConfigError(f"{field} is {value}; give a number from {low} to {high}.")


_DEFAULT_STYLE = DrawStyle()


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A picture that was drawn on, ``(H, W, 3)`` uint8 RGB, and the parts of it that may have changed."""

    image: ImageArray
    changed: list[PixelBox]


def draw_poses(image: ImageArray, poses: Poses, *, style: DrawStyle = _DEFAULT_STYLE) -> ImageArray:
    """Draw everyone onto a copy of the picture.

    Keypoints that are NaN or below ``style.min_score`` are left out, and so is a link that misses an end. Of a person
    without any keypoint, as a detector finds them, the box is drawn whatever the style says.

    Args:
        image: ``(H, W, 3)`` uint8 RGB; not changed.
        poses: People in pixels of this picture; they may lie outside.
        style: What to draw, and how boldly.

    Returns:
        ``(H, W, 3)`` uint8 RGB, a new array.

    Raises:
        ShapeError: If the image is not ``(H, W, 3)`` uint8.
    """
    return draw_over(image, poses, style=style).image


def draw_over(image: ImageArray, poses: Poses, *, style: DrawStyle = _DEFAULT_STYLE) -> Drawing:
    """`draw_poses`, and where that changed the picture."""
    canvas = Frame(image).image.copy()  # a Frame checks the shape
    size_wh = (canvas.shape[1], canvas.shape[0])
    visible = poses.visible(style.min_score)
    points = poses.keypoints.astype(np.float64)
    widths = style.line_scale * _line_widths(points, visible, size_wh)
    boxed = np.asarray(np.isnan(points).all(axis=(1, 2)) | style.boxes, bool)
    changed = draw_boxes(canvas, poses[boxed], widths[boxed])
    for person in np.argsort(-widths):  # small people last: thin lines stay readable on top of thick ones
        sure = _certainty(poses.scores[person], style)
        changed.append(_draw_person(canvas, points[person], visible[person], sure, widths[person], poses))
    if style.labels:
        changed += draw_tags(canvas, poses)
    return Drawing(canvas, [box for box in changed if box[0] < box[2] and box[1] < box[3]])


def _draw_person(
    canvas: ImageArray,
    points: FloatArray64,
    visible: BoolArray,
    sure: FloatArray64,
    width: float,
    poses: Poses,
) -> PixelBox:
    """One person: all edges first, then limbs, then joints, so that no edge cuts through a limb; says where."""
    size_wh = (canvas.shape[1], canvas.shape[0])
    links = np.asarray(poses.skeleton.links, np.int64).reshape(-1, 2)
    shown = np.flatnonzero(visible[links].all(axis=1))
    start, end, seen = clip_segments(*points[links[shown]].swapaxes(0, 1), size_wh=size_wh, margin=_MARGIN)
    shown, start, end = shown[seen], start[seen], end[seen]
    joints = np.flatnonzero(visible & _inside(points, size_wh))
    at = points[joints]

    edge = float(np.clip(0.28 * width, 0.7, 4.0))
    grow = np.array([[2 * edge], [edge], [0.0]])
    radius = _joint_radius(points, joints, width)
    hole = (1 - sure[joints]) * 0.8 * radius
    dark_limbs, light_limbs, limbs = strokes(start, end, width / 2 + np.repeat(grow, len(shown), axis=1))
    dark_discs, light_discs, discs, holes = strokes(at, at, np.concatenate([radius + grow, hole[None]]))

    edges = np.concatenate([dark_limbs, dark_discs])  # the widest of everything
    paint(canvas, edges, _DARK, 0.5)
    paint(canvas, light_limbs, _LIGHT, 0.7)
    for link, outline in zip(shown, limbs, strict=True):
        opacity = 0.3 + 0.7 * float(sure[links[link]].min())
        paint(canvas, outline[None], poses.skeleton.link_colours[link], opacity)
    paint(canvas, light_discs, _LIGHT)
    for joint, outline in zip(joints, discs, strict=True):
        paint(canvas, outline[None], poses.skeleton.keypoint_colours[joint])
    paint(canvas, holes[hole > 0], _DARK)
    return reach(edges, canvas)


def _certainty(scores: FloatArray64, style: DrawStyle) -> FloatArray64:
    """``(K,)`` from 0 at ``min_score`` to 1 at ``sure_score``."""
    span = style.sure_score - style.min_score
    if span < 1e-6:  # a step, not a ramp
        return (scores >= style.sure_score).astype(np.float64)
    return np.clip((scores - style.min_score) / span, 0.0, 1.0)


def _line_widths(points: FloatArray64, visible: BoolArray, size_wh: tuple[int, int]) -> FloatArray64:
    """``(N,)`` px: the geometric mean of what suits the picture and what suits the person, within what suits both."""
    seen = np.where(visible[..., None], np.clip(points, 0, np.asarray(size_wh, np.float64)), np.nan)
    for_picture = 0.005 * float(np.sqrt(size_wh[0] * size_wh[1]))
    extent = np.nan_to_num(np.fmax.reduce(seen, axis=1) - np.fmin.reduce(seen, axis=1)).max(axis=1)
    width = np.sqrt(for_picture * 0.016 * extent)
    return np.asarray(np.clip(width, 1.4, max(1.4, 1.8 * for_picture)), np.float64)


def _inside(points: FloatArray64, size_wh: tuple[int, int]) -> BoolArray:
    """``(K,)``: points in the picture or so close that their disc can be seen."""
    return np.asarray(((points > -_MARGIN) & (points < np.asarray(size_wh) + _MARGIN)).all(axis=1))


def _joint_radius(points: FloatArray64, joints: IntArray, width: float) -> FloatArray64:
    """``(M,)`` px: smaller where keypoints crowd, as on faces and hands."""
    apart = np.linalg.norm(points[joints, None] - points[None, joints], axis=-1)
    np.fill_diagonal(apart, np.inf)
    nearest = apart.min(axis=1, initial=np.inf)
    return np.asarray(np.clip(0.4 * nearest, 0.45 * width, 0.95 * width), np.float64)
