"""What goes in and what comes out: a person, a crop, a picture. Keypoints are pixels, boxes continuous, NaN missing."""

from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray, FloatArray64, ImageArray, IntArray, check_shape
from gonio.errors import ConfigError


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One labelled person of a picture.

    Attributes:
        keypoints: ``(K, 2)`` float32 px; NaN where missing.
        visibility: ``(K,)`` int64, COCO's: 0 not labelled, 1 hidden, 2 visible.
        box: ``(4,)`` float32 ``x1 y1 x2 y2``.
        weights: ``(K,)`` float32, what each keypoint counts in the loss.

    Raises:
        ShapeError: If the arrays disagree on K.
        ConfigError: If the box is not finite.
    """

    keypoints: FloatArray
    visibility: IntArray
    box: FloatArray
    weights: FloatArray

    def __post_init__(self) -> None:
        check_shape("keypoints", self.keypoints.shape, (None, 2))
        check_shape("visibility", self.visibility.shape, (len(self.keypoints),))
        check_shape("weights", self.weights.shape, (len(self.keypoints),))
        check_shape("box", self.box.shape, (4,))
        if not np.isfinite(self.box).all():
            raise ConfigError(f"the box of a person is {self.box.tolist()}; all four numbers must be finite.")


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """One person as the network sees them.

    Attributes:
        image: ``(h, w, 3)`` uint8.
        clean: ``(h, w, 3)`` uint8, the same geometry without occluders and changes of light: what a teacher sees. The
            same array as ``image`` where nothing was changed.
        keypoints: ``(K, 2)`` float32 px of the crop; NaN where missing, outside the crop or beyond the frame's edge.
        visibility: ``(K,)`` int64; 0 where NaN, 1 where hidden, by an occluder too.
        weights: ``(K,)`` float32; 0 where NaN.
        box: ``(4,)`` float32, what the crop shows of them.
        matrix: ``(2, 3)`` float64, from picture to crop, pixel centre to pixel centre.
    """

    image: ImageArray
    clean: ImageArray
    keypoints: FloatArray
    visibility: IntArray
    weights: FloatArray
    box: FloatArray
    matrix: FloatArray64


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A whole picture with those people who are still on it.

    Attributes:
        image: ``(h, w, 3)`` uint8.
        clean: As of `Crop`.
        keypoints: ``(N, K, 2)`` float32 px; NaN as of `Crop`.
        visibility: ``(N, K)`` int64.
        weights: ``(N, K)`` float32.
        boxes: ``(N, 4)`` float32, what the picture shows of them.
        matrix: ``(2, 3)`` float64, as of `Crop`.
        people: ``(N,)`` int64, which of the given people each one is.
    """

    image: ImageArray
    clean: ImageArray
    keypoints: FloatArray
    visibility: IntArray
    weights: FloatArray
    boxes: FloatArray
    matrix: FloatArray64
    people: IntArray
