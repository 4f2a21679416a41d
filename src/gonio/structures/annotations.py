"""`Annotations`: what people labelled in one image. Predictions have scores; labels have visibility."""

from dataclasses import dataclass, replace
from typing import Self

from gonio.arrays import BoolArray, FloatArray, IntArray, check_shape
from gonio.errors import ShapeError
from gonio.structures.skeleton import Skeleton


@dataclass(frozen=True, slots=True, eq=False)
class Annotations:
    """The labelled people of one image.

    Attributes:
        keypoints: ``(N, K, 2)`` float32 px; NaN where visibility is 0.
        visibility: ``(N, K)`` int64, COCO's: 0 not labelled, 1 labelled but hidden, 2 labelled and visible.
        boxes: ``(N, 4)`` float32 ``x1 y1 x2 y2``, continuous.
        areas: ``(N,)`` float32 px², the segment's area as in COCO (the scale of OKS).
        is_crowd: ``(N,)`` bool, a region of many people: ignored, never missed.
        skeleton: What the K keypoints are.
        image_id: The data set's id of the image.
        file_name: The image's file name, relative to the data set's folder of images.
        image_hw: Height and width in px.
        weights: ``(N, K)`` float32 in [0, 1], how far training shall trust each label: labels of a machine are
            trusted less where it was unsure. None: all fully.

    Raises:
        ShapeError: If the arrays disagree on N or K, a visibility is not 0, 1 or 2, or a weight not in [0, 1].
    """

    keypoints: FloatArray
    visibility: IntArray
    boxes: FloatArray
    areas: FloatArray
    is_crowd: BoolArray
    skeleton: Skeleton
    image_id: int
    file_name: str
    image_hw: tuple[int, int]
    weights: FloatArray | None = None

    def __post_init__(self) -> None:
        n, k = len(self.areas), len(self.skeleton)
        check_shape("keypoints", self.keypoints.shape, (n, k, 2))
        check_shape("visibility", self.visibility.shape, (n, k))
        check_shape("boxes", self.boxes.shape, (n, 4))
        check_shape("is_crowd", self.is_crowd.shape, (n,))
        if self.visibility.size and not 0 <= self.visibility.min() <= self.visibility.max() <= 2:
            raise ShapeError(
                f"visibility must be 0, 1 or 2, got {self.visibility.min()} to {self.visibility.max()} "
                f"in {self.file_name!r}"
            )
        if self.weights is not None:
            check_shape("weights", self.weights.shape, (n, k))
            if not ((self.weights >= 0) & (self.weights <= 1)).all():
                raise ShapeError(
                    f"weights must be in [0, 1], got {self.weights.min()} to {self.weights.max()} in {self.file_name!r}"
                )

    def __len__(self) -> int:
        return len(self.areas)

    def only(self, people: IntArray | BoolArray) -> Self:
        """Some of the people: by index, or by a mask."""
        return replace(
            self,
            keypoints=self.keypoints[people],
            visibility=self.visibility[people],
            boxes=self.boxes[people],
            areas=self.areas[people],
            is_crowd=self.is_crowd[people],
            weights=None if self.weights is None else self.weights[people],
        )
