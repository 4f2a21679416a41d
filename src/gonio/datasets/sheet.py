"""A contact sheet: many labelled pictures on one, to see at a glance what the labels are like."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from gonio.arrays import ImageArray
from gonio.draw.overlay import DrawStyle, draw_poses
from gonio.errors import ConfigError
from gonio.geometry.affine import crop_matrix, transform, transform_boxes
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses

_BACKGROUND, _TEXT = (24, 26, 32), (232, 234, 238)
_CAPTION, _GAP = 22, 6  # px
_HIDDEN_SCORE = 0.35
"""A hidden keypoint is drawn hollow, like one that a model is not sure of."""
_MIN_CROP = 48.0
"""Least side of a person's crop in px: less shows nothing but blocks."""


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One picture of a sheet.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        labels: Its people.
        caption: One line under it.
        person: Whom to show, with a fifth around them; None for the whole picture.
    """

    image: ImageArray
    labels: Annotations
    caption: str
    person: int | None = None


def contact_sheets(
    tiles: Iterable[Tile], *, columns: int = 4, rows: int = 4, tile_px: int = 320, boxes: bool = True
) -> Iterator[ImageArray]:
    """Lay pictures out in rows, their labels drawn on them: visible keypoints filled, hidden ones hollow.

    Args:
        tiles: What to show; a sheet is finished before more are asked for, so that memory stays flat.
        columns: Pictures side by side.
        rows: Pictures one above the other; a last sheet has as many as it needs.
        tile_px: Width and height of the place of each.
        boxes: Draw the boxes.

    Yields:
        ``(H, W, 3)`` uint8 RGB.

    Raises:
        ConfigError: If a number is not positive, or ``tile_px`` below 32.
    """
    if columns < 1 or rows < 1 or tile_px < 32:
        raise ConfigError(
            f"a sheet of {columns} x {rows} tiles of {tile_px} px cannot be made; give at least 1, 1, 32."
        )
    waiting = iter(tiles)
    while page := list(islice(waiting, columns * rows)):
        yield _sheet([_drawn(tile, tile_px, boxes=boxes) for tile in page], columns, tile_px)


def poses_of_labels(labels: Annotations) -> Poses:
    """Labels to draw as if a model had found them: visible is certain, hidden is doubtful, the rest missing."""
    scores = np.select([labels.visibility == 2, labels.visibility == 1], [1.0, _HIDDEN_SCORE], 0.0)
    return Poses(
        keypoints=labels.keypoints,
        scores=scores.astype(np.float32),
        boxes=labels.boxes,
        person_scores=np.ones(len(labels), np.float32),
        skeleton=labels.skeleton,
    )


def _drawn(tile: Tile, tile_px: int, *, boxes: bool) -> tuple[ImageArray, str]:
    """The picture, or the part around a person, in the size of its place, with labels drawn in that size."""
    height, width = tile.image.shape[:2]
    left, top, right, bottom = _around(tile, height, width)
    scale = tile_px / max(right - left, bottom - top)
    size_wh = max(round((right - left) * scale), 1), max(round((bottom - top) * scale), 1)
    matrix = crop_matrix((left, top, right, bottom), size_wh)
    part = tile.image[max(top, 0) : bottom, max(left, 0) : right]
    small = cv2.resize(part, size_wh, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    poses = poses_of_labels(tile.labels)
    placed = Poses(
        keypoints=transform(matrix, poses.keypoints),
        scores=poses.scores,
        boxes=transform_boxes(matrix, poses.boxes),
        person_scores=poses.person_scores,
        skeleton=poses.skeleton,
    )
    style = DrawStyle(boxes=boxes, line_scale=0.8)
    return draw_poses(np.asarray(small, np.uint8), placed, style=style), tile.caption


def _around(tile: Tile, height: int, width: int) -> tuple[int, int, int, int]:
    """A person's box and keypoints with a fifth around them, in whole px; all where nobody in the picture is meant."""
    if tile.person is None:
        return 0, 0, width, height
    labels, person = tile.labels, tile.person
    points = labels.keypoints[person][labels.visibility[person] > 0]
    corners = np.concatenate([labels.boxes[person].reshape(2, 2), points])
    corners = np.clip(corners[np.isfinite(corners).all(axis=1)], 0, (width, height))
    if len(corners) == 0:
        return 0, 0, width, height
    low, high = corners.min(axis=0), corners.max(axis=0)
    half = np.maximum(0.7 * (high - low), _MIN_CROP / 2)
    x1, y1 = np.maximum((low + high) / 2 - half, 0).astype(int)
    x2, y2 = np.minimum(np.ceil((low + high) / 2 + half), (width, height)).astype(int)
    return int(x1), int(y1), int(x2), int(y2)


def _sheet(drawn: Sequence[tuple[ImageArray, str]], columns: int, tile_px: int) -> ImageArray:
    columns = min(columns, len(drawn))
    rows = -(-len(drawn) // columns)
    step_x, step_y = tile_px + _GAP, tile_px + _CAPTION + _GAP
    sheet = np.full((rows * step_y + _GAP, columns * step_x + _GAP, 3), _BACKGROUND, np.uint8)
    for place, (image, caption) in enumerate(drawn):
        row, column = divmod(place, columns)
        height, width = image.shape[:2]
        x = _GAP + column * step_x + (tile_px - width) // 2
        y = _GAP + row * step_y + (tile_px - height) // 2
        sheet[y : y + height, x : x + width] = image
        _write(sheet, caption, _GAP + column * step_x, row * step_y + _GAP + tile_px + 16, tile_px)
    return sheet


def _write(sheet: ImageArray, caption: str, x: int, y: int, width: int) -> None:
    """One line; its end is cut off where it does not fit. cv2's letters are ASCII."""
    text = caption.encode("ascii", "replace").decode()
    while text and cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 1)[0][0] > width:
        text = text[:-1]
    cv2.putText(sheet, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _TEXT, 1, cv2.LINE_AA)
