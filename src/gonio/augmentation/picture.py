"""The whole picture with everyone on it, for a network that finds people and their keypoints in one pass."""

from collections.abc import Sequence

import numpy as np

from gonio.arrays import BoolArray, FloatArray, FloatArray64, ImageArray
from gonio.augmentation.affine import chance, cut, draw_change, keep_padding, move_boxes
from gonio.augmentation.body import Window, clip_boxes, draw_window
from gonio.augmentation.labels import Person, Picture
from gonio.augmentation.moved import check, hide, move_labels
from gonio.augmentation.occlusion import occlude
from gonio.augmentation.patches import Canvas
from gonio.augmentation.photometric import change_light
from gonio.augmentation.settings import Augmentation
from gonio.geometry.affine import transform
from gonio.structures.skeleton import Skeleton


def augment_picture(
    image: ImageArray,
    people: Sequence[Person],
    *,
    settings: Augmentation,
    input_hw: tuple[int, int],
    pad_value: int,
    skeleton: Skeleton,
    rng: np.random.Generator,
    others: Sequence[ImageArray] = (),
) -> Picture:
    """Fit a whole picture into a network's input, changed.

    Half bodies and pasted people are for crops of one person and are not used here; truncation ends the picture within
    someone. Occluders are pasted over four people at most.

    Args:
        image: ``(H, W, 3)`` uint8 RGB; not changed.
        people: In pixels of the picture.
        settings: What is done; `Augmentation.off` fits the picture to the upper left, padded right and below.
        input_hw: Height and width of the result.
        pad_value: Grey level outside the picture, 0 to 255.
        skeleton: Of the keypoints.
        rng: Where all chance comes from.
        others: As of `augment_crop`.

    Returns:
        The picture, and those people whose box has its centre in it and of whose box enough is seen.

    Raises:
        ShapeError: As `augment_crop`.
    """
    check(image, people, skeleton)
    image_hw = image.shape[0], image.shape[1]
    window = None
    if people and chance(rng, settings.truncation.probability):
        person = people[int(rng.integers(len(people)))]
        window = draw_window(person, image_hw, settings=settings.truncation, rng=rng)
    change = draw_change(settings, rng)
    region = _region(image_hw, input_hw)
    clean, matrix = cut(image, region, change, input_hw=input_hw, margin=1.0, pad_value=pad_value, window=window)
    boxes, kept = _boxes(people, matrix, input_hw=input_hw, window=window, least_seen=settings.least_seen)
    boxes, here = boxes[kept], np.flatnonzero(kept)
    labels = move_labels(
        [people[int(n)] for n in here], matrix, input_hw=input_hw, window=window, flip=change.flip, skeleton=skeleton
    )
    canvas = Canvas.over(clean, labels[0], most_hidden=settings.most_hidden)
    sizes = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
    occlude(canvas, sizes, settings=settings, skeleton=skeleton, rng=rng, others=others)
    keypoints, visibility, weights = hide(labels, canvas.hidden, weight=settings.hidden_weight)
    changed = change_light(canvas.image, settings=settings, rng=rng)
    changed = keep_padding(changed, clean, matrix, window or (0, 0, image_hw[1], image_hw[0]))
    return Picture(changed, clean, keypoints, visibility, weights, boxes, matrix, here.astype(np.int64))


def _region(image_hw: tuple[int, int], input_hw: tuple[int, int]) -> FloatArray:
    """What the input shows of the picture's plane where nothing is changed: all, and padding right or below."""
    scale = min(input_hw[0] / image_hw[0], input_hw[1] / image_hw[1])
    return np.array([0, 0, input_hw[1] / scale, input_hw[0] / scale], np.float32)


def _boxes(
    people: Sequence[Person],
    matrix: FloatArray64,
    *,
    input_hw: tuple[int, int],
    window: Window | None,
    least_seen: float,
) -> tuple[FloatArray, BoolArray]:
    """What the result shows of each one's box ``(N, 4)``, and who is still on it ``(N,)``."""
    if not people:
        return np.zeros((0, 4), np.float32), np.zeros(0, np.bool_)
    whole = np.stack([person.box for person in people]).astype(np.float32)
    there = whole if window is None else clip_boxes(whole, window)
    moved = _around_keypoints(people, move_boxes(matrix, there), matrix)
    seen = clip_boxes(moved, (0, 0, input_hw[1], input_hw[0]))
    share = _areas(there) / np.maximum(_areas(whole), 1e-6) * _areas(seen) / np.maximum(_areas(moved), 1e-6)
    centres = (moved[:, :2] + moved[:, 2:]) / 2
    inside = ((centres >= 0) & (centres <= np.array([input_hw[1], input_hw[0]]))).all(axis=1)
    return seen, np.asarray(inside & (share >= least_seen) & (_areas(seen) > 0), np.bool_)


def _around_keypoints(people: Sequence[Person], boxes: FloatArray, matrix: FloatArray64) -> FloatArray:
    """Where the picture was turned, boxes that cover the labelled keypoints that their boxes covered before."""
    if matrix[0, 1] == matrix[1, 0] == 0:
        return boxes
    boxes = boxes.copy()
    for n, person in enumerate(people):
        x, y = person.keypoints.T
        own = (person.visibility > 0) & (x >= person.box[0]) & (y >= person.box[1])
        own &= (x <= person.box[2]) & (y <= person.box[3])
        if own.any():
            points = transform(matrix, person.keypoints[own]) + 0.5
            boxes[n, :2] = np.minimum(boxes[n, :2], points.min(axis=0))
            boxes[n, 2:] = np.maximum(boxes[n, 2:], points.max(axis=0))
    return boxes


def _areas(boxes: FloatArray) -> FloatArray:
    return np.asarray(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), np.float32)
