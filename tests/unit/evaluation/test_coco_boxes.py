"""AP of boxes: known cases, and pycocotools asked directly."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gonio.errors import ConfigError
from gonio.evaluation.coco_boxes import box_ap
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses

Label = Callable[..., Annotations]
PoseOf = Callable[..., Poses]


def moved(poses: Poses, px: float) -> Poses:
    return replace(poses, boxes=poses.boxes + np.array([px, 0, px, 0], np.float32))


def test_boxes_that_fit_have_everything(label: Label, pose_of: PoseOf) -> None:
    labels = [label([(0, 0), (200, 50)], image_id=1), label(image_id=2)]
    scores = box_ap(labels, [pose_of(one) for one in labels])
    assert pytest.approx((100,) * 5) == (scores.AP, scores.AP50, scores.AP75, scores.APL, scores.AR)
    assert scores.to_dict()["APS"] is None  # nobody is small


def test_overlap_decides(label: Label, pose_of: PoseOf) -> None:
    """Boxes 100 px wide, moved by 24: an IoU of 76 / 124 = 0.61, which is enough at 0.50, 0.55 and 0.60 of ten."""
    labels = [label()]
    scores = box_ap(labels, [moved(pose_of(labels[0]), 24)])
    assert pytest.approx(100) == scores.AP50
    assert scores.AP75 == 0
    assert pytest.approx(30) == scores.AP
    assert pytest.approx(30) == scores.AR


def test_keypoints_do_not_matter(label: Label, pose_of: PoseOf) -> None:
    found = pose_of(label())
    nothing = replace(found, keypoints=np.full_like(found.keypoints, np.nan), scores=np.zeros_like(found.scores))
    unlabelled = replace(label(), visibility=np.zeros((1, 17), np.int64))
    assert pytest.approx(100) == box_ap([unlabelled], [nothing]).AP


def test_a_sure_false_alarm_costs_and_one_in_a_crowd_does_not(label: Label, pose_of: PoseOf) -> None:
    labels = label([(0, 0), (300, 100)])
    found = pose_of(labels, [0.5, 0.9])
    only_first = labels.only(np.array([0]))
    assert pytest.approx(50) == box_ap([only_first], [found]).AP
    crowd = replace(labels, is_crowd=np.array([False, True]))
    assert pytest.approx(100) == box_ap([crowd], [found]).AP


def test_nobody_found_is_nothing_and_nobody_there_is_not_a_number(label: Label, pose_of: PoseOf) -> None:
    empty = pose_of(label([]))
    assert box_ap([label()], [empty]).AP == 0
    assert box_ap([label([])], [empty]).to_dict()["AP"] is None


def test_images_and_predictions_must_pair(label: Label) -> None:
    with pytest.raises(ConfigError, match="1 images but predictions for 0"):
        box_ap([label()], [])
