"""The people whose poses are least like their labels: who they are, and a picture of label and pose side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from gonio.arrays import FloatArray64, ImageArray
from gonio.datasets.sheet import poses_of_labels
from gonio.draw.overlay import DrawStyle, draw_poses
from gonio.evaluation.matching import MatchedPeople
from gonio.geometry.affine import crop_matrix, transform, transform_boxes
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses

_SIDE_PX = 360
_MIN_CROP_PX = 48.0
_LABELS = DrawStyle(boxes=True)
_POSES = DrawStyle(min_score=0.0, boxes=True)


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled person.

    Attributes:
        row: Of the matched people.
        image: Index of the picture.
        label: Which of its labelled people.
        person: Which of its poses; None where nobody found the person.
        oks: Similarity of pose and label; 0 where nobody found the person.
        person_score: Of the pose; NaN where there is none.
    """

    row: int
    image: int
    label: int
    person: int | None
    oks: float
    person_score: float


def worst_cases(people: MatchedPeople, count: int) -> tuple[list[Case], list[Case]]:
    """Up to ``count`` people whom a pose was matched with, least alike first, and up to half as many without a pose.

    Those without a pose are the largest: nobody is surprised that the smallest are overlooked.
    """
    cases = [_case(people, row) for row in range(len(people))]
    found = sorted((case for case in cases if case.person is not None), key=lambda case: case.oks)
    lost = sorted((case for case in cases if case.person is None), key=lambda case: -people.areas[case.row])
    return found[:count], lost[: (count + 1) // 2]


def _case(people: MatchedPeople, row: int) -> Case:
    image, label, person = people.places[row].tolist()
    score = float(people.person_scores[row])
    return Case(row, image, label, None if person < 0 else person, float(people.oks[row]), score)


def draw_case(case: Case, image: ImageArray, annotations: Annotations, poses: Poses) -> tuple[ImageArray, ImageArray]:
    """The part of the picture around a person with the label drawn, and the same part with the pose.

    Where nobody found the person, every pose of the picture is drawn, so that one sees what was found instead.

    Args:
        case: Who.
        image: ``(H, W, 3)`` uint8 RGB, the whole picture.
        annotations: Of the picture.
        poses: Of the picture.

    Returns:
        Two ``(h, w, 3)`` uint8 RGB pictures of the same size, the longer side 360 px.
    """
    labels = poses_of_labels(annotations)[case.label]
    found = poses if case.person is None else poses[case.person]
    around = [labels] if case.person is None else [labels, found]
    left, top, right, bottom = _region(around, (image.shape[0], image.shape[1]))
    scale = _SIDE_PX / max(right - left, bottom - top)
    size_wh = max(round((right - left) * scale), 1), max(round((bottom - top) * scale), 1)
    matrix = crop_matrix((left, top, right, bottom), size_wh)
    small = cv2.resize(
        image[top:bottom, left:right], size_wh, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    picture = np.asarray(small, np.uint8)
    return (
        draw_poses(picture, _moved(labels, matrix), style=_LABELS),
        draw_poses(picture, _moved(found, matrix), style=_POSES if case.person is not None else DrawStyle()),
    )


def _moved(poses: Poses, matrix: FloatArray64) -> Poses:
    return replace(poses, keypoints=transform(matrix, poses.keypoints), boxes=transform_boxes(matrix, poses.boxes))


def _region(people: Sequence[Poses], image_hw: tuple[int, int]) -> tuple[int, int, int, int]:
    """Boxes and keypoints with a tenth around them, in whole px within the picture."""
    height, width = image_hw
    points = np.concatenate([np.concatenate([one.keypoints[0], one.boxes[0].reshape(2, 2)]) for one in people])
    points = np.clip(points[np.isfinite(points).all(axis=1)], 0, (width, height))
    if not len(points):
        return 0, 0, width, height
    low, high = points.min(axis=0), points.max(axis=0)
    half = np.maximum(0.6 * (high - low), _MIN_CROP_PX / 2)
    x1, y1 = np.maximum((low + high) / 2 - half, 0).astype(int)
    x2, y2 = np.minimum(np.ceil((low + high) / 2 + half), (width, height)).astype(int)
    return int(x1), int(y1), int(x2), int(y2)
