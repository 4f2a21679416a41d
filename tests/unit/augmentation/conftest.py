from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from gonio.arrays import ImageArray
from gonio.augmentation import Crop, Person, augment_crop
from gonio.structures.skeleton import Skeleton, load_skeleton

STANDING = {
    "nose": (100, 40),
    "left_eye": (104, 36),
    "right_eye": (96, 36),
    "left_ear": (110, 38),
    "right_ear": (90, 38),
    "left_shoulder": (120, 70),
    "right_shoulder": (80, 70),
    "left_elbow": (135, 105),
    "right_elbow": (65, 105),
    "left_wrist": (140, 140),
    "right_wrist": (60, 140),
    "left_hip": (112, 150),
    "right_hip": (88, 150),
    "left_knee": (114, 200),
    "right_knee": (86, 200),
    "left_ankle": (116, 250),
    "right_ankle": (84, 250),
}


@pytest.fixture(scope="session")
def coco() -> Skeleton:
    return load_skeleton("coco17")


@pytest.fixture(scope="session")
def scene() -> ImageArray:
    """Something with structure of every size, 220 x 300."""
    rng = np.random.default_rng(1)
    coarse = cv2.resize(rng.integers(0, 256, (15, 11, 3), dtype=np.uint8), (220, 300), interpolation=cv2.INTER_CUBIC)
    fine = rng.integers(0, 40, (300, 220, 3), dtype=np.uint8)
    return np.asarray(cv2.add(np.asarray(coarse), fine), np.uint8)


@pytest.fixture(scope="session")
def standing(coco: Skeleton) -> Person:
    points = np.array([STANDING[name] for name in coco.keypoint_names], np.float32)
    visibility = np.full(17, 2, np.int64)
    box = np.array([50, 20, 150, 270], np.float32)
    return Person(points, visibility, box, np.linspace(0.2, 1, 17, dtype=np.float32))


@pytest.fixture
def make_crop(scene: ImageArray, standing: Person, coco: Skeleton) -> Callable[..., Crop]:
    """`augment_crop` of the standing person, 256 x 192."""

    def make(settings: Any, seed: int = 0, person: Person = standing, image: ImageArray = scene, **more: Any) -> Crop:
        options: dict[str, Any] = {"input_hw": (256, 192), "margin": 1.25, "pad_value": 114, "skeleton": coco, **more}
        return augment_crop(image, person, settings=settings, rng=np.random.default_rng(seed), **options)

    return make
