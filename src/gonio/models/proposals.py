"""Who tells a top-down model where people are: a detector, after a glance at a small copy, or nobody."""

from collections.abc import Callable

import numpy as np

from gonio.arrays import ImageArray
from gonio.models.card import FirstGlance
from gonio.models.model import PoseModel
from gonio.models.onestage import OneStageModel
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton

Proposer = Callable[[ImageArray], Poses]
"""Whatever finds boxes ``(N, 4)`` with person scores; its keypoints may be NaN."""


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


def after_a_glance(detector: OneStageModel, glance: FirstGlance, *, min_score: float) -> Proposer:
    """Proposes whom the detector finds in a small copy of the picture if that is enough, else in its own size.

    Args:
        detector: A model whose network takes any size.
        glance: When the small copy is enough.
        min_score: Below this nobody counts, neither as found nor as a doubt.
    """
    quick, careful = everyone(detector.at_size(glance.longer_side)), everyone(detector)

    def propose(image: ImageArray) -> Poses:
        people = quick(image)
        people = people[people.person_scores >= min_score]
        sides = (people.boxes[:, 2:] - people.boxes[:, :2]).max(axis=1) if len(people) else np.zeros(0)
        large = sides >= glance.min_size * max(image.shape[:2])
        sure = people.person_scores >= glance.min_score
        return people if len(people) and (large & sure).all() else careful(image)

    return propose
