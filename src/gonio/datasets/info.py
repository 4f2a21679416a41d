"""What is in a labelled set, in numbers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gonio.arrays import FloatArray, FloatArray64, IntArray
from gonio.structures.annotations import Annotations

SMALL_PX, LARGE_PX = 32.0, 96.0
"""COCO's limits: a person is small below 32 x 32 px of area, large from 96 x 96 px on."""


@dataclass(frozen=True, slots=True)
class KeypointCount:
    """How often a keypoint is labelled.

    Attributes:
        name: Of the keypoint.
        visible: People with visibility 2.
        hidden: 1.
        missing: 0, among the people who have any keypoint.
    """

    name: str
    visible: int
    hidden: int
    missing: int


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """A labelled set in numbers.

    Attributes:
        name: Of the set.
        skeleton: Name of the skeleton, empty where there is no picture.
        images: Pictures.
        images_with_people: Those of them with someone who is no crowd.
        people: Without crowds.
        people_with_keypoints: Those of them with a labelled keypoint.
        crowds: Regions of many people.
        small: People with an area below 32 x 32 px.
        medium: Between.
        large: From 96 x 96 px on.
        size_wh: Smallest, median and largest width, then the same of the height, of the pictures, px.
        box_height: The 5th, 50th and 95th percentile of the boxes' height, px.
        keypoints: One count for each keypoint.
    """

    name: str
    skeleton: str
    images: int
    images_with_people: int
    people: int
    people_with_keypoints: int
    crowds: int
    small: int
    medium: int
    large: int
    size_wh: tuple[tuple[float, float, float], tuple[float, float, float]]
    box_height: tuple[float, float, float]
    keypoints: tuple[KeypointCount, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def describe(images: Sequence[Annotations], *, name: str) -> DatasetInfo:
    """Count what is in a set of one skeleton; numbers of what is not there are 0."""
    skeleton = images[0].skeleton if images else None
    people = [~labels.is_crowd for labels in images]
    k = len(skeleton) if skeleton else 0
    visibility = _stacked([one.visibility[own] for one, own in zip(images, people, strict=True)], (0, k))
    areas = _stacked([one.areas[own] for one, own in zip(images, people, strict=True)], (0,))
    boxes = _stacked([one.boxes[own] for one, own in zip(images, people, strict=True)], (0, 4))
    labelled = visibility[visibility.any(axis=1)]
    heights, widths = ([one.image_hw[axis] for one in images] for axis in (0, 1))
    small, large = int((areas < SMALL_PX**2).sum()), int((areas >= LARGE_PX**2).sum())
    return DatasetInfo(
        name=name,
        skeleton=skeleton.name if skeleton else "",
        images=len(images),
        images_with_people=sum(bool(own.any()) for own in people),
        people=len(areas),
        people_with_keypoints=len(labelled),
        crowds=sum(int(one.is_crowd.sum()) for one in images),
        small=small,
        medium=len(areas) - small - large,
        large=large,
        size_wh=(_spread(widths, (0, 50, 100)), _spread(heights, (0, 50, 100))),
        box_height=_spread((boxes[:, 3] - boxes[:, 1]).tolist(), (5, 50, 95)),
        keypoints=tuple(
            KeypointCount(
                keypoint,
                *(int((labelled[:, i] == value).sum()) for value in (2, 1, 0)),
            )
            for i, keypoint in enumerate(skeleton.keypoint_names if skeleton else ())
        ),
    )


def _stacked(arrays: Sequence[FloatArray] | Sequence[IntArray], empty: tuple[int, ...]) -> FloatArray64:
    return np.concatenate([np.zeros(empty), *arrays])


def _spread(values: Sequence[float], percentiles: tuple[int, int, int]) -> tuple[float, float, float]:
    if not values:
        return 0.0, 0.0, 0.0
    low, middle, high = (round(float(value), 1) for value in np.percentile(values, percentiles))
    return low, middle, high
