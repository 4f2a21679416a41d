"""Labelled people to spoil: COCO people whose every point is where a body has it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gonio.datasets.loading import LabelledSet
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import load_skeleton

MakePerson = Callable[..., Annotations]
MakeSet = Callable[..., LabelledSet]

# Someone who faces us, x right and y down, 100 px wide and 300 high: left is on the right.
FACING = {
    "nose": (50, 30),
    "left_eye": (56, 24),
    "right_eye": (44, 24),
    "left_ear": (64, 28),
    "right_ear": (36, 28),
    "left_shoulder": (80, 70),
    "right_shoulder": (20, 70),
    "left_elbow": (90, 110),
    "right_elbow": (10, 110),
    "left_wrist": (95, 150),
    "right_wrist": (5, 150),
    "left_hip": (68, 160),
    "right_hip": (32, 160),
    "left_knee": (70, 225),
    "right_knee": (30, 225),
    "left_ankle": (70, 290),
    "right_ankle": (30, 290),
}
NAMES = load_skeleton("coco17").keypoint_names


@pytest.fixture
def make_person() -> MakePerson:
    """One image with one person; points may be moved (``nose=(1, 2)``), hidden or left out."""

    def make(
        image_id: int = 1,
        *,
        offset: tuple[float, float] = (100, 60),
        hidden: Sequence[str] = (),
        missing: Sequence[str] = (),
        **moved: tuple[float, float],
    ) -> Annotations:
        points = np.array([[moved.get(name, FACING[name]) for name in NAMES]], np.float32) + np.array(
            offset, np.float32
        )
        visibility = np.array([[0 if name in missing else 1 if name in hidden else 2 for name in NAMES]])
        points[visibility == 0] = np.nan
        x, y = offset
        return Annotations(
            keypoints=points,
            visibility=visibility,
            boxes=np.array([[x - 5, y + 5, x + 105, y + 305]], np.float32),
            areas=np.array([17_000], np.float32),
            is_crowd=np.zeros(1, bool),
            skeleton=load_skeleton("coco17"),
            image_id=image_id,
            file_name=f"{image_id:03d}.png",
            image_hw=(480, 640),
        )

    return make


@pytest.fixture
def make_set() -> MakeSet:
    def make(*images: Annotations, name: str = "train", folder: Path | None = None) -> LabelledSet:
        return LabelledSet(name, Path(f"{name}.json"), images, (folder,) if folder else ())

    return make


def mirrored_names(labels: Annotations) -> Annotations:
    """The same points with left and right exchanged."""
    flip = list(labels.skeleton.flip_indices)
    return replace(labels, keypoints=labels.keypoints[:, flip], visibility=labels.visibility[:, flip])


@pytest.fixture
def swap_sides() -> Callable[[Annotations], Annotations]:
    return mirrored_names


@pytest.fixture
def join() -> Callable[..., Annotations]:
    """Several people in one image."""

    def together(*people: Annotations) -> Annotations:
        return replace(
            people[0],
            keypoints=np.concatenate([one.keypoints for one in people]),
            visibility=np.concatenate([one.visibility for one in people]),
            boxes=np.concatenate([one.boxes for one in people]),
            areas=np.concatenate([one.areas for one in people]),
            is_crowd=np.concatenate([one.is_crowd for one in people]),
        )

    return together
