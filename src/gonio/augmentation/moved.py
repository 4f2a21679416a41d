"""Labels of people through the matrix of a crop: outside is missing, mirrored is the other side, covered is hidden."""

from collections.abc import Sequence

import numpy as np

from gonio.arrays import BoolArray, FloatArray, FloatArray64, ImageArray, IntArray, check_shape
from gonio.augmentation.body import Window, labelled_keypoints, within
from gonio.augmentation.labels import Person
from gonio.errors import ShapeError
from gonio.geometry.affine import transform
from gonio.structures.skeleton import Skeleton

Labels = tuple[FloatArray, IntArray, FloatArray]
"""Keypoints ``(N, K, 2)``, visibility ``(N, K)``, weights ``(N, K)``."""


def check(image: ImageArray, people: Sequence[Person], skeleton: Skeleton) -> None:
    """Raise unless image and people are what they must be.

    Raises:
        ShapeError: If the image is not ``(H, W, 3)`` uint8, or someone has not the skeleton's K keypoints.
    """
    check_shape("image", image.shape, (None, None, 3))
    if image.dtype != np.uint8:
        raise ShapeError(f"image is {image.dtype}; give uint8 with levels from 0 to 255.")
    for person in people:
        check_shape(f"keypoints of a person of {skeleton.name}", person.keypoints.shape, (len(skeleton), 2))


def move_labels(
    people: Sequence[Person],
    matrix: FloatArray64,
    *,
    input_hw: tuple[int, int],
    window: Window | None,
    flip: bool,
    skeleton: Skeleton,
) -> Labels:
    """Labels of N people in pixels of the crop.

    Args:
        people: In pixels of the picture.
        matrix: From picture to crop.
        input_hw: Height and width of the crop.
        window: The part of the picture that there is; None for all.
        flip: Whether the matrix mirrors: the sides are exchanged then.
        skeleton: Of the keypoints.

    Returns:
        Keypoints that are not labelled, not between the centres of the crop's outermost pixels, or not in the window
        are NaN and have visibility and weight 0.
    """
    if not people:
        k = len(skeleton)
        return np.zeros((0, k, 2), np.float32), np.zeros((0, k), np.int64), np.zeros((0, k), np.float32)
    points = np.stack([person.keypoints for person in people])
    kept = np.stack([labelled_keypoints(person) for person in people])
    if window is not None:
        kept &= within(points, window)
    moved = transform(matrix, points)
    kept &= ((moved >= 0) & (moved <= np.array([input_hw[1] - 1, input_hw[0] - 1]))).all(axis=-1)
    moved[~kept] = np.nan
    visibility = np.where(kept, np.stack([person.visibility for person in people]), 0).astype(np.int64)
    weights = np.where(kept, np.stack([person.weights for person in people]), 0).astype(np.float32)
    if flip:
        order = np.array(skeleton.flip_indices)
        return moved[:, order], visibility[:, order], weights[:, order]
    return moved, visibility, weights


def hide(labels: Labels, hidden: BoolArray, *, weight: float) -> Labels:
    """Labels of which some, ``(N, K)``, are behind an occluder now; their weights are multiplied with ``weight``."""
    keypoints, visibility, weights = labels
    if not hidden.any():
        return labels
    behind = np.where(hidden, np.minimum(visibility, 1), visibility)
    return keypoints, behind, np.where(hidden, weights * np.float32(weight), weights).astype(np.float32)
