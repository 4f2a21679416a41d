import math
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gonio.errors import ConfigError, MissingDependencyError
from gonio.evaluation.coco import coco_ap
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

Label = Callable[..., Annotations]
PoseOf = Callable[..., Poses]


def test_poses_on_their_labels_score_one(label: Label, pose_of: PoseOf) -> None:
    labels = [label([(0, 0), (200, 50)], image_id=3), label([(10, 10)], image_id=1)]
    scores = coco_ap(labels, [pose_of(one) for one in labels])
    assert math.isclose(scores.AP, 100)
    assert scores.AR == 100
    assert math.isclose(scores.APL, 100)
    assert math.isnan(scores.APM)  # nobody of that size


def test_one_of_two_people_found(label: Label, pose_of: PoseOf) -> None:
    """Precision 1 up to recall 0.5: 51 of the 101 recall steps."""
    labels = label([(0, 0), (200, 50)])
    scores = coco_ap([labels], [pose_of(labels)[0]])
    assert math.isclose(scores.AP, 5100 / 101)
    assert scores.AR == 50


def test_no_prediction_at_all_scores_zero(label: Label) -> None:
    labels = label()
    scores = coco_ap([labels], [Poses.empty(labels.skeleton)])
    assert (scores.AP, scores.AR) == (0, 0)


@pytest.mark.parametrize("people", [0, 1], ids=["nobody labelled", "without keypoints"])
def test_nobody_to_find_is_nan_and_none(label: Label, pose_of: PoseOf, people: int) -> None:
    labels = label([(0, 0)] * people)
    found = pose_of(labels)
    blank = replace(labels, visibility=labels.visibility * 0, keypoints=labels.keypoints * np.nan)
    scores = coco_ap([blank], [found])
    assert math.isnan(scores.AP)
    assert scores.to_dict()["AP"] is None


def test_no_images_is_nan() -> None:
    assert math.isnan(coco_ap([], []).AR)


def test_a_missing_keypoint_counts_as_far_not_as_found(label: Label, pose_of: PoseOf) -> None:
    labels = label()
    found = pose_of(labels)
    keypoints = found.keypoints.copy()
    keypoints[0, :9] = np.nan  # 8 of 17 are right: an OKS of 0.47
    assert coco_ap([labels], [replace(found, keypoints=keypoints)]).AP50 == 0
    keypoints[0, 8] = labels.keypoints[0, 8]  # 9 of 17: 0.53, right at the threshold 0.50 alone
    scores = coco_ap([labels], [replace(found, keypoints=keypoints)])
    assert math.isclose(scores.AP50, 100)
    assert math.isclose(scores.AP, 10)


def test_a_pose_without_any_keypoint_is_a_false_alarm(label: Label, pose_of: PoseOf) -> None:
    labels = label()
    twice = pose_of(labels, [0.5])[np.array([0, 0])]
    keypoints = twice.keypoints.copy()
    keypoints[0] = np.nan
    scores = coco_ap([labels], [replace(twice, keypoints=keypoints, person_scores=np.array([0.9, 0.5], np.float32))])
    assert math.isclose(scores.AP, 50)
    assert scores.AR == 100


@pytest.mark.parametrize("how", ["crowd", "no keypoints"])
def test_ignored_labels_neither_help_nor_hurt(label: Label, pose_of: PoseOf, how: str) -> None:
    labels = label([(0, 0), (300, 0)])
    found = pose_of(labels, [0.5, 0.9])  # the better one lies on the label that becomes ignored
    visibility, keypoints = labels.visibility.copy(), labels.keypoints.copy()
    visibility[1], keypoints[1] = 0, np.nan
    crowd = np.array([False, how == "crowd"])
    scores = coco_ap([replace(labels, visibility=visibility, keypoints=keypoints, is_crowd=crowd)], [found])
    assert math.isclose(scores.AP, 100)


def test_the_sigmas_are_those_of_the_skeleton(label: Label, pose_of: PoseOf) -> None:
    labels = label()
    wide = replace(labels.skeleton, sigmas=(10.0,) * 17)
    found = pose_of(labels)
    shifted = replace(found, keypoints=found.keypoints + 20)
    assert coco_ap([labels], [shifted]).AP < 50
    assert math.isclose(coco_ap([replace(labels, skeleton=wide)], [shifted]).AP, 100)


def test_other_skeletons_are_judged_too() -> None:
    skeleton = load_skeleton("halpe26")
    points = np.random.default_rng(0).uniform(0, 200, (1, 26, 2)).astype(np.float32)
    box = np.array([[0, 0, 200, 200]], np.float32)
    labels = Annotations(
        keypoints=points,
        visibility=np.full((1, 26), 2),
        boxes=box,
        areas=np.array([30_000], np.float32),
        is_crowd=np.array([False]),
        skeleton=skeleton,
        image_id=5,
        file_name="5.jpg",
        image_hw=(200, 200),
    )
    found = Poses(points, np.ones((1, 26), np.float32), box, np.array([1], np.float32), skeleton)
    assert math.isclose(coco_ap([labels], [found]).AP, 100)


def test_nothing_is_printed(label: Label, pose_of: PoseOf, capsys: pytest.CaptureFixture[str]) -> None:
    coco_ap([label()], [pose_of(label())])
    assert capsys.readouterr() == ("", "")


def test_inputs_are_left_alone(label: Label, pose_of: PoseOf) -> None:
    labels, found = label(), pose_of(label())
    coco_ap([labels], [found])
    np.testing.assert_array_equal(labels.keypoints, label().keypoints)
    np.testing.assert_array_equal(found.keypoints, label().keypoints)


def test_images_and_predictions_must_pair_up(label: Label) -> None:
    with pytest.raises(ConfigError, match="labels for 1 images but predictions for 0"):
        coco_ap([label()], [])


def test_skeletons_must_agree(label: Label) -> None:
    with pytest.raises(ConfigError, match=r"predictions of '1.jpg' have the skeleton 'halpe26', expected 'coco17'"):
        coco_ap([label()], [Poses.empty(load_skeleton("halpe26"))])


def test_an_image_id_may_not_repeat(label: Label, pose_of: PoseOf) -> None:
    with pytest.raises(ConfigError, match=r"image id 1 belongs to '1.jpg' and '1.jpg'.*merge_annotations"):
        coco_ap([label(), label()], [pose_of(label())] * 2)


def test_without_pycocotools_it_says_what_to_install(
    label: Label, pose_of: PoseOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    with pytest.raises(MissingDependencyError, match=r"measuring COCO AP needs pycocotools, .*gonio\[eval\]"):
        coco_ap([label()], [pose_of(label())])
