"""What two versions of a model are compared by: keypoints, or of a detector its boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs import DecodedPeople
from gonio.evaluation.coco import coco_ap
from gonio.evaluation.coco_boxes import box_ap
from gonio.geometry.boxes import iou
from gonio.geometry.oks import oks
from gonio.models.card import ModelCard
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses

Measured = Literal["keypoint", "box"]
PLURAL: dict[Measured, str] = {"keypoint": "keypoints", "box": "boxes"}

CONFIDENT = 0.3
"""Keypoints count from this score on: the place of a peak that is not there means nothing."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What counts of people, as points ``(N, K, D)``: keypoints, D = 2; or of each one box, K = 1 and D = 4 sides.

    Attributes:
        measured: Which of the two.
        least: The score from which one counts.
    """

    measured: Measured = "keypoint"
    least: float = CONFIDENT

    @classmethod
    def of(cls, card: ModelCard) -> Self:
        """For a model: a detector's boxes count from the card's threshold on."""
        return cls("box", card.min_person_score) if card.task == "detector" else cls()

    def points(self, people: DecodedPeople | Poses) -> FloatArray:
        """``(N, K, D)`` px."""
        return people.keypoints if self.measured == "keypoint" else people.boxes[:, None]

    def scores(self, people: DecodedPeople | Poses) -> FloatArray:
        """``(N, K)``, of the points."""
        return people.scores if self.measured == "keypoint" else people.person_scores[:, None]

    def shifts(self, points: FloatArray, others: FloatArray) -> FloatArray:
        """How far points ``(..., D)`` are from others, px: of boxes the mean of the four sides."""
        apart = points - others
        found = np.linalg.norm(apart, axis=-1) if self.measured == "keypoint" else np.abs(apart).mean(axis=-1)
        return np.asarray(found)

    def pairs(self, first: Poses, second: Poses, areas: FloatArray) -> list[tuple[int, int]]:
        """The same people in both: by OKS of at least 0.1, of boxes by IoU of at least 0.5; best score first.

        Args:
            first: Sorted by score.
            second: Of the same picture.
            areas: ``(N,)`` px², of the first.
        """
        if not len(first) or not len(second):
            return []
        if self.measured == "keypoint":
            sigmas = np.array(first.skeleton.sigmas, np.float32)
            alike, least = oks(second.keypoints, first.keypoints, areas=areas, sigmas=sigmas), 0.1
        else:
            alike, least = iou(second.boxes, first.boxes), 0.5
        pairs = []
        for i in range(len(first)):
            j = int(alike[:, i].argmax())
            if alike[j, i] >= least:
                pairs.append((i, j))
                alike[j] = 0  # taken
        return pairs

    def ap(self, annotations: Sequence[Annotations], people: Sequence[Poses]) -> float:
        """COCO AP, percent, of the keypoints or of the boxes."""
        return (coco_ap if self.measured == "keypoint" else box_ap)(annotations, people).AP
