import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gonio.evaluation.coco import coco_ap, subset_ap
from gonio.evaluation.groups import GroupScore, crowd_index, group_scores, overlapping
from gonio.evaluation.matching import errors_of, matched_people
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses

Label = Callable[..., Annotations]
PoseOf = Callable[..., Poses]


def groups_of(labels: list[Annotations], poses: list[Poses]) -> dict[str, GroupScore]:
    people = matched_people(labels, poses)
    scores = group_scores(labels, poses, people, errors_of(people))
    return {f"{score.kind}: {score.name}": score for score in scores}


def test_sizes_are_cocos(label: Label, pose_of: PoseOf) -> None:
    """The oracle for medium and large are COCO's own numbers."""
    labels = label([(0, 0), (300, 0), (600, 0)])
    labels = replace(labels, areas=np.array([500, 5000, 20_000], np.float32))
    found = pose_of(labels, [0.9, 0.8, 0.7])
    moved = found.keypoints + np.array([0, 8, 8], np.float32)[:, None, None]
    groups = groups_of([labels], [replace(found, keypoints=moved)])
    scores = coco_ap([labels], [replace(found, keypoints=moved)])
    assert [groups[f"size: {name}"].people for name in ("small", "medium", "large")] == [1, 1, 1]
    assert math.isclose(groups["size: small"].AP, 100)
    assert math.isclose(groups["size: medium"].AP, scores.APM)
    assert math.isclose(groups["size: large"].AP, scores.APL)
    assert math.isclose(groups["size: large"].AR, scores.ARL)
    assert groups["size: large"].mean_px == pytest.approx(8 * math.sqrt(2), abs=1e-3)


def test_people_in_each_others_boxes_overlap(label: Label) -> None:
    """Boxes 100 px wide, moved by 80: the IoU is 20 / 180 = 0.11; moved by 85 it is 0.08."""
    assert overlapping(label([(0, 0), (80, 0), (400, 0)])).tolist() == [True, True, False]
    assert overlapping(label([(0, 0), (85, 0)])).tolist() == [False, False]
    crowd = replace(label([(0, 0), (80, 0)]), is_crowd=np.array([False, True]))
    assert not overlapping(crowd)[0]  # a region of many people is nobody


def test_the_crowd_index_counts_others_joints(label: Label) -> None:
    """By hand: of two people with two keypoints each, one has a keypoint of the other in the box: (1/2 + 0) / 2."""
    labels = label([(0, 0), (90, 0)])
    visibility = np.zeros((2, 17), np.int64)
    visibility[:, :2] = 2
    keypoints = np.full((2, 17, 2), np.nan, np.float32)
    keypoints[0, :2] = [(10, 10), (20, 20)]
    keypoints[1, :2] = [(95, 50), (150, 50)]
    labels = replace(labels, keypoints=keypoints, visibility=visibility)
    assert crowd_index(labels) == 0.25
    assert crowd_index(label([(0, 0), (400, 0)])) == 0
    assert crowd_index(label([])) == 0


def test_pictures_go_to_their_crowd_level(label: Label, pose_of: PoseOf) -> None:
    calm, crowded = label([(0, 0)], image_id=1), label([(0, 0), (2, 0)], image_id=2)
    assert crowd_index(crowded) > 0.8
    groups = groups_of([calm, crowded], [pose_of(calm), Poses.empty(calm.skeleton)])
    assert (groups["crowd index: easy"].people, groups["crowd index: hard"].people) == (1, 2)
    assert math.isclose(groups["crowd index: easy"].AP, 100)
    assert groups["crowd index: hard"].AP == 0
    assert groups["crowd index: medium"].people == 0
    assert math.isnan(groups["crowd index: medium"].AP)


def test_visible_and_hidden_keypoints(label: Label, pose_of: PoseOf) -> None:
    labels = label()
    visibility = labels.visibility.copy()
    visibility[0, :5] = 1
    labels = replace(labels, visibility=visibility)
    found = pose_of(labels)
    keypoints = found.keypoints.copy()
    keypoints[0, :5] += (30, 40)
    groups = groups_of([labels], [replace(found, keypoints=keypoints)])
    visible, hidden = groups["visibility: visible"], groups["visibility: hidden"]
    assert (visible.keypoints, hidden.keypoints) == (12, 5)
    assert (visible.mean_px, visible.pck) == (0, 100)
    assert hidden.mean_px == pytest.approx(50, abs=1e-3)
    assert hidden.pck == 0  # half a torso of 100 px away
    assert math.isnan(hidden.AP)


def test_who_is_not_chosen_is_ignored(label: Label, pose_of: PoseOf) -> None:
    """A pose on somebody who is not asked for is neither found nor a false alarm; one on nobody is."""
    labels = label([(0, 0), (300, 0)])
    chosen = [np.array([True, False])]
    assert subset_ap([labels], [pose_of(labels, [0.5, 0.9])], chosen=chosen) == pytest.approx((100, 100))
    assert subset_ap([labels], [pose_of(labels)[1]], chosen=chosen) == (0, 0)
    astray = replace(pose_of(labels, [0.5, 0.9]), keypoints=labels.keypoints + np.array([[[0]], [[2000]]], np.float32))
    ap, ar = subset_ap([labels], [astray], chosen=chosen)
    assert ap == pytest.approx(50)
    assert ar == 100
    nobody = subset_ap([labels], [pose_of(labels)], chosen=[np.array([False, False])])
    assert all(math.isnan(value) for value in nobody)
