from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gonio.errors import ConfigError
from gonio.evaluation.matching import is_counted, keypoint_errors, match, matched_people, torso_lengths
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton

Label = Callable[..., Annotations]
PoseOf = Callable[..., Poses]


def test_each_pose_finds_its_label(label: Label, pose_of: PoseOf) -> None:
    labels = label([(0, 0), (300, 0), (600, 0)])
    found = pose_of(labels, [0.2, 0.9, 0.5])[np.array([2, 0, 1])]
    pairs = match(labels, found)
    assert pairs.people.tolist() == [2, 0, 1]  # best score first
    assert pairs.labels.tolist() == [1, 2, 0]
    np.testing.assert_array_equal(pairs.oks, [1, 1, 1])


def test_the_better_score_chooses_first(label: Label, pose_of: PoseOf) -> None:
    """The worse pose lies better, but comes second and finds its only label taken."""
    labels = label()
    found = pose_of(labels)[np.array([0, 0])]
    moved = found.keypoints + np.array([[[5, 0]], [[0, 0]]], np.float32)
    pairs = match(labels, replace(found, keypoints=moved, person_scores=np.array([0.9, 0.3], np.float32)))
    assert pairs.people.tolist() == [0]


def test_a_pose_too_far_away_is_not_paired(label: Label, pose_of: PoseOf) -> None:
    labels = label()
    found = replace(pose_of(labels), keypoints=labels.keypoints + 15)
    (similarity,) = match(labels, found).oks
    assert 0.1 < similarity < 0.9
    assert len(match(labels, found, min_oks=float(similarity) + 0.01)) == 0
    assert len(match(labels, found, min_oks=float(similarity) - 0.01)) == 1


def test_nothing_in_common_is_never_a_pair(label: Label, pose_of: PoseOf) -> None:
    found = replace(pose_of(label()), keypoints=label().keypoints * np.nan)
    assert len(match(label(), found, min_oks=0)) == 0


@pytest.mark.parametrize("people", [0, 2])
def test_no_poses_or_no_labels_give_no_pairs(label: Label, pose_of: PoseOf, people: int) -> None:
    some, none = label([(0, 0)] * people), label([])
    assert len(match(some, Poses.empty(some.skeleton))) == 0
    assert len(match(none, pose_of(some))) == 0


def test_crowds_and_unlabelled_people_take_no_part(label: Label, pose_of: PoseOf) -> None:
    labels = label([(0, 0), (300, 0), (600, 0)])
    visibility = labels.visibility.copy()
    visibility[1] = 0
    labels = replace(labels, visibility=visibility, is_crowd=np.array([True, False, False]))
    assert is_counted(labels).tolist() == [False, False, True]
    assert match(labels, pose_of(labels)).labels.tolist() == [2]
    errors = keypoint_errors([labels], [pose_of(labels)])
    assert errors.distances_px.shape == (1, 17)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_threshold_out_of_range_is_named(label: Label, pose_of: PoseOf, value: float) -> None:
    with pytest.raises(ConfigError, match=f"min_oks must lie between 0 and 1, got {value}"):
        match(label(), pose_of(label()), min_oks=value)


def test_distances_are_euclidean_and_missing_ones_are_missed(label: Label, pose_of: PoseOf) -> None:
    labels = label()
    visibility, keypoints = labels.visibility.copy(), labels.keypoints.copy()
    visibility[0, 2], keypoints[0, 2] = 0, np.nan
    moved = labels.keypoints.copy()
    moved[0, 0] += (3, 4)
    moved[0, 1] = np.nan
    errors = keypoint_errors(
        [replace(labels, visibility=visibility, keypoints=keypoints)],
        [replace(pose_of(labels), keypoints=moved)],
    )
    assert errors.distances_px[0, 0] == pytest.approx(5, abs=1e-4)
    assert np.flatnonzero(np.isnan(errors.distances_px[0])).tolist() == [1, 2]
    assert np.flatnonzero(errors.missed[0]).tolist() == [1]
    assert np.flatnonzero(~errors.labelled[0]).tolist() == [2]


def test_a_person_whom_nobody_found_is_missed_entirely(label: Label) -> None:
    errors = keypoint_errors([label()], [Poses.empty(label().skeleton)])
    assert errors.missed.all()


def test_images_follow_each_other(label: Label, pose_of: PoseOf) -> None:
    labels = [label([(0, 0), (300, 0)], image_id=1), label([], image_id=2), label([(5, 5)], image_id=3)]
    errors = keypoint_errors(labels, [pose_of(one) for one in labels])
    assert errors.distances_px.shape == (3, 17)


def test_no_images_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no image"):
        keypoint_errors([], [])


def test_the_torso_reaches_from_left_shoulder_to_right_hip(label: Label) -> None:
    assert torso_lengths(label()).tolist() == [100]


@pytest.mark.parametrize("end", ["left_shoulder", "right_hip"])
def test_a_torso_needs_both_ends(label: Label, end: str) -> None:
    labels = label()
    visibility = labels.visibility.copy()
    visibility[0, labels.skeleton.index(end)] = 0
    assert np.isnan(torso_lengths(replace(labels, visibility=visibility))).all()


def test_a_torso_without_length_is_no_unit(label: Label) -> None:
    labels = label()
    keypoints = labels.keypoints.copy()
    keypoints[0, labels.skeleton.index("right_hip")] = keypoints[0, labels.skeleton.index("left_shoulder")]
    assert np.isnan(torso_lengths(replace(labels, keypoints=keypoints))).all()


def test_without_a_torso_the_box_is_the_unit(label: Label, pose_of: PoseOf) -> None:
    labels = label([(0, 0), (300, 0)])
    face = Skeleton("face", ("nose", "left_eye"), ((0, 1),), (0, 1), (0.026, 0.025))
    boxes = labels.boxes.copy()
    boxes[1, 2:] = boxes[1, :2]  # without size
    labels = replace(
        labels, keypoints=labels.keypoints[:, :2], visibility=labels.visibility[:, :2], skeleton=face, boxes=boxes
    )
    errors = keypoint_errors([labels], [pose_of(labels)])
    assert errors.unit == "box"
    np.testing.assert_array_equal(errors.unit_px, [200, np.nan])  # the longer side of 100 x 200


def test_matched_people_hold_what_was_found(label: Label, pose_of: PoseOf) -> None:
    labels = [label([(0, 0)], image_id=1), label([(0, 0), (300, 0)], image_id=2)]
    found = pose_of(labels[1], [0.9, 0.8])[1]
    people = matched_people(labels, [Poses.empty(found.skeleton), replace(found, scores=found.scores * 0.5)])
    assert people.places.tolist() == [[0, 0, -1], [1, 0, -1], [1, 1, 0]]
    assert people.oks.tolist() == [0, 0, 1]
    np.testing.assert_allclose(people.person_scores, [np.nan, np.nan, 0.8], rtol=1e-6)
    np.testing.assert_allclose(people.found_size_px, [np.nan, np.nan, np.sqrt(100 * 200)])
    assert (people.scores[2] == 0.5).all()
    assert np.isnan(people.found[:2]).all()


def test_only_some_keypoints(label: Label, pose_of: PoseOf) -> None:
    labels = label()
    chosen = np.zeros((1, 17), bool)
    chosen[0, :3] = True
    part = keypoint_errors([labels], [pose_of(labels)]).only(chosen)
    assert part.labelled.sum() == np.isfinite(part.distances_px).sum() == 3
