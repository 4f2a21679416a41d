"""Who tells a top-down model where people are: a detector, after a glance at a small copy, or nobody."""

from collections.abc import Callable

import numpy as np

from gonio.arrays import ImageArray
from gonio.geometry.boxes import suppress_boxes
from gonio.models.card import FirstGlance
from gonio.models.model import PoseModel
from gonio.models.onestage import OneStageModel
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton

Proposer = Callable[[ImageArray], Poses]
"""Whatever finds boxes ``(N, 4)`` with person scores; its keypoints may be NaN."""
_SAME_BOX = 0.7
"""Boxes of two looks that overlap by more than this (IoU) are one person's."""


def whole_picture(skeleton: Skeleton) -> Proposer:
    """Proposes one person, in the box ``(0, 0, W, H)`` with score 1: for a subject that fills the picture."""
    nowhere = np.full((1, len(skeleton), 2), np.nan, np.float32)

    def propose(image: ImageArray) -> Poses:
        height, width = image.shape[:2]
        return Poses(
            keypoints=nowhere,
            scores=np.zeros((1, len(skeleton)), np.float32),
            boxes=np.array([[0, 0, width, height]], np.float32),
            person_scores=np.ones(1, np.float32),
            skeleton=skeleton,
        )

    return propose


def everyone(detector: PoseModel, *, min_score: float = 0) -> Proposer:
    """Proposes everyone whom a model finds with at least this score."""
    return lambda image: detector(image, min_person_score=min_score)


def in_two_sizes(detector: OneStageModel, second_size: int) -> Proposer:
    """Proposes whom a model finds in its own size or in another; of two boxes of one person the surer.

    Args:
        detector: A model whose network takes any size.
        second_size: Longer side of the other copy of the picture, px.
    """
    looks = everyone(detector), everyone(detector.at_size(second_size))

    def propose(image: ImageArray) -> Poses:
        first, second = (look(image) for look in looks)
        people = Poses(
            np.concatenate([first.keypoints, second.keypoints]),
            np.concatenate([first.scores, second.scores]),
            np.concatenate([first.boxes, second.boxes]),
            np.concatenate([first.person_scores, second.person_scores]),
            first.skeleton,
        )
        return people[suppress_boxes(people.boxes, people.person_scores, threshold=_SAME_BOX)]

    return propose


def after_a_glance(
    detector: OneStageModel, glance: FirstGlance, *, min_score: float, careful: Proposer | None = None
) -> Proposer:
    """Proposes whom the detector finds in a small copy of the picture if that is enough, else looks carefully.

    Args:
        detector: A model whose network takes any size.
        glance: When the small copy is enough.
        min_score: Below this nobody counts, neither as found nor as a doubt.
        careful: Who looks carefully; default: the detector, in its own size.
    """
    quick, careful = everyone(detector.at_size(glance.longer_side)), careful or everyone(detector)

    def propose(image: ImageArray) -> Poses:
        people = quick(image)
        people = people[people.person_scores >= min_score]
        sides = (people.boxes[:, 2:] - people.boxes[:, :2]).max(axis=1) if len(people) else np.zeros(0)
        large = sides >= glance.min_size * max(image.shape[:2])
        sure = people.person_scores >= glance.min_score
        return people if len(people) and (large & sure).all() else careful(image)

    return propose
