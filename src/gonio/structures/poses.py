"""`Poses`: everyone in one image."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from gonio.arrays import BoolArray, FloatArray, IntArray, check_shape
from gonio.structures.skeleton import Skeleton


@dataclass(frozen=True, slots=True, eq=False)
class Poses:
    """All people found in one image.

    Attributes:
        keypoints: ``(N, K, 2)`` float32, pixel ``(x, y)`` of the original upright image, x right, y down, ``(0, 0)``
            the centre of the top-left pixel; NaN where the model gave no estimate. May lie outside the image.
        scores: ``(N, K)`` float32 in [0, 1]. A low score hides a keypoint; it does not move it.
        boxes: ``(N, 4)`` float32 ``x1 y1 x2 y2``, continuous: the whole image is ``(0, 0, W, H)``.
        person_scores: ``(N,)`` float32 in [0, 1].
        skeleton: What the K keypoints are.
        track_ids: ``(N,)`` int64, set by tracking; None before.
        frame_index: Index of the frame in its source.
        time_s: Presentation time of the frame; None for a still.
        world: ``(N, K, 3)`` float32 metres from the middle of the hips: x right, y down (as in the image), z away from
            the camera; NaN where there is none. None from models that estimate no such positions, which are most.

    Raises:
        ShapeError: If the arrays disagree on N or K.

    Example:
        >>> from gonio.structures.skeleton import load_skeleton
        >>> poses = Poses.empty(load_skeleton("coco17"))
        >>> len(poses), poses.keypoints.shape
        (0, (0, 17, 2))
    """

    keypoints: FloatArray
    scores: FloatArray
    boxes: FloatArray
    person_scores: FloatArray
    skeleton: Skeleton
    track_ids: IntArray | None = None
    frame_index: int = 0
    time_s: float | None = None
    world: FloatArray | None = None

    def __post_init__(self) -> None:
        n, k = len(self.person_scores), len(self.skeleton)
        check_shape("keypoints", self.keypoints.shape, (n, k, 2))
        check_shape("scores", self.scores.shape, (n, k))
        check_shape("boxes", self.boxes.shape, (n, 4))
        check_shape("person_scores", self.person_scores.shape, (n,))
        if self.track_ids is not None:
            check_shape("track_ids", self.track_ids.shape, (n,))
        if self.world is not None:
            check_shape("world", self.world.shape, (n, k, 3))

    @classmethod
    def empty(cls, skeleton: Skeleton) -> Self:
        """Nobody in sight: a valid result with N = 0."""
        return cls(
            keypoints=np.zeros((0, len(skeleton), 2), np.float32),
            scores=np.zeros((0, len(skeleton)), np.float32),
            boxes=np.zeros((0, 4), np.float32),
            person_scores=np.zeros(0, np.float32),
            skeleton=skeleton,
        )

    def __len__(self) -> int:
        return len(self.person_scores)

    def __iter__(self) -> Iterator[Self]:
        """Person by person, each as Poses with N = 1."""
        return (self[i] for i in range(len(self)))

    def __getitem__(self, people: int | slice | BoolArray | IntArray) -> Self:
        """The chosen people, as Poses: ``poses[0]``, ``poses[:2]``, ``poses[poses.person_scores > 0.5]``."""
        if isinstance(people, int | np.integer):
            chosen = np.arange(len(self))[people]  # raises IndexError beyond the last person
            people = np.asarray([chosen])
        per_person = ("keypoints", "scores", "boxes", "person_scores", "track_ids", "world")
        arrays = {name: getattr(self, name) for name in per_person}
        return replace(self, **{name: array[people] for name, array in arrays.items() if array is not None})

    def visible(self, min_score: float) -> BoolArray:
        """``(N, K)``: keypoints that have coordinates and at least this score."""
        return (self.scores >= min_score) & np.isfinite(self.keypoints).all(axis=-1)

    def __repr__(self) -> str:
        moment = "" if self.time_s is None else f", time_s={self.time_s:.3f}"
        return f"Poses({len(self)} people x {len(self.skeleton)} keypoints of {self.skeleton.name}{moment})"
