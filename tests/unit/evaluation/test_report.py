import json
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gonio.errors import ConfigError
from gonio.evaluation.report import evaluate_poses
from gonio.structures.annotations import Annotations
from gonio.structures.conversion import convert_poses
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton, load_skeleton

Label = Callable[..., Annotations]
PoseOf = Callable[..., Poses]


def test_the_report_brings_all_measures_together(label: Label, pose_of: PoseOf) -> None:
    labels = [label([(0, 0), (300, 0)], image_id=1), label([(0, 0)], image_id=2)]
    report = evaluate_poses(labels, [pose_of(labels[0])[np.array([0, 0])], Poses.empty(labels[1].skeleton)])
    assert (report.images, report.people, report.predicted) == (2, 3, 2)
    assert report.pck.pck == pytest.approx(100 / 3)
    assert [joint.name for joint in report.joints] == list(labels[0].skeleton.keypoint_names)
    assert 0 < report.coco.AP < 50


def test_the_dictionary_is_strict_json(label: Label, pose_of: PoseOf) -> None:
    content = evaluate_poses([label()], [pose_of(label())]).to_dict()
    assert {"AP", "AP50", "AP75", "APM", "APL", "AR", "images", "people", "pck", "joints"} <= set(content)
    assert content["APM"] is None
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_thresholds_reach_the_measures(label: Label, pose_of: PoseOf) -> None:
    found = pose_of(label())
    shifted = Poses(found.keypoints + 15, found.scores, found.boxes, found.person_scores, found.skeleton)
    assert evaluate_poses([label()], [shifted], pck_threshold=0.1).pck.pck == 0  # 21 px of a torso of 100
    assert evaluate_poses([label()], [shifted], pck_threshold=0.3).pck.pck == 100
    assert evaluate_poses([label()], [shifted], pck_threshold=0.3, min_oks=0.99).pck.missed == 17


def test_nothing_to_evaluate_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no labelled image"):
        evaluate_poses([], [])


def test_labels_of_nobody_are_said_to_measure_nothing(label: Label, pose_of: PoseOf) -> None:
    blank = replace(label(), visibility=np.zeros((1, 17), np.int64))
    report = evaluate_poses([blank], [pose_of(label())])
    assert math.isnan(report.coco.AP)
    assert report.notes == ("nobody has a labelled keypoint: nothing could be measured",)


def test_new_measures_are_in_the_dictionary(label: Label, pose_of: PoseOf) -> None:
    content = evaluate_poses([label()], [pose_of(label())]).to_dict()
    assert content["pck_at"] == {"0.05": 100, "0.1": 100, "0.2": 100, "0.5": 100}
    assert content["auc"] == 100
    assert content["epe"]["mean_px"] == 0
    assert [angle["name"] for angle in content["angles"]] == ["knee", "hip", "elbow", "shoulder"]
    assert {group["kind"] for group in content["groups"]} == {"size", "overlap", "crowd index", "visibility"}
    assert content["reliability"]["ece"] == 0  # all have the score 1 and are right
    assert content["notes"] == []


def test_other_skeletons_are_compared_on_what_is_shared(label: Label, pose_of: PoseOf) -> None:
    halpe = load_skeleton("halpe26")
    report = evaluate_poses([label()], [convert_poses(pose_of(label()), halpe)])
    assert math.isclose(report.coco.AP, 100)
    assert report.skeleton == "coco17"
    assert report.notes == ("compared on 17 keypoints that the labels (coco17, 17) and the model (halpe26, 26) share",)


def test_a_skeleton_without_a_torso_is_measured_by_the_box_and_says_so(label: Label, pose_of: PoseOf) -> None:
    labels = label()
    face = Skeleton("face", ("nose", "left_eye"), ((0, 1),), (0, 1), (0.026, 0.025))
    labels = replace(labels, keypoints=labels.keypoints[:, :2], visibility=labels.visibility[:, :2], skeleton=face)
    report = evaluate_poses([labels], [pose_of(labels)])
    assert report.pck.unit == "box"
    assert report.pck.pck == 100
    assert report.angles == ()
    assert "face has no torso" in report.notes[0]
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["joints"][0]["mean_torso"] is None
