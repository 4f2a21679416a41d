"""Labelled people and poses on them, in a few words."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO17 = load_skeleton("coco17")


@pytest.fixture
def label() -> Callable[..., Annotations]:
    """Labels of one image: a person 100 x 200 px at each of ``corners``, all keypoints labelled."""

    def make(corners: Sequence[tuple[float, float]] = ((0, 0),), *, image_id: int = 1) -> Annotations:
        n = len(corners)
        offsets = np.array(corners, np.float32).reshape(n, 1, 2)
        person = np.random.default_rng(7).uniform((0, 0), (100, 200), (17, 2)).astype(np.float32)
        # a torso of 3, 4, 5: from left shoulder to right hip 100 px
        person[COCO17.index("left_shoulder")] = (80, 40)
        person[COCO17.index("right_hip")] = (20, 120)
        low = offsets[:, 0]
        return Annotations(
            keypoints=person + offsets,
            visibility=np.full((n, 17), 2, np.int64),
            boxes=np.concatenate([low, low + np.array((100, 200))], axis=-1).astype(np.float32),
            areas=np.full(n, 100 * 200, np.float32),
            is_crowd=np.zeros(n, bool),
            skeleton=COCO17,
            image_id=image_id,
            file_name=f"{image_id}.jpg",
            image_hw=(480, 640),
        )

    return make


@pytest.fixture
def pose_of() -> Callable[..., Poses]:
    """Poses that lie exactly on the labels, in the same order, each with the score 1 unless given."""

    def make(labels: Annotations, scores: Sequence[float] | None = None) -> Poses:
        n = len(labels)
        return Poses(
            keypoints=labels.keypoints.copy(),
            scores=np.ones((n, len(labels.skeleton)), np.float32),
            boxes=labels.boxes.copy(),
            person_scores=np.ones(n, np.float32) if scores is None else np.array(scores, np.float32),
            skeleton=labels.skeleton,
        )

    return make
