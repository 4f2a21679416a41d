import json
from collections.abc import Callable

import numpy as np
import pytest

from gonio.errors import ConfigError
from gonio.evaluation.report import evaluate_poses
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses

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
