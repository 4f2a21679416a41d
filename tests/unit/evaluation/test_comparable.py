from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gonio.errors import ConfigError
from gonio.evaluation.comparable import comparable
from gonio.structures.annotations import Annotations
from gonio.structures.conversion import convert_poses
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton, load_skeleton

Label = Callable[..., Annotations]
PoseOf = Callable[..., Poses]

LSP = load_skeleton("lsp14")


def test_the_same_skeleton_is_left_alone(label: Label, pose_of: PoseOf) -> None:
    labels, poses = label(), pose_of(label())
    same = comparable([labels], [poses])
    assert same.annotations[0] is labels
    assert same.predictions[0] is poses
    assert same.note == ""


def test_labels_keep_their_order_and_lose_what_the_model_lacks(label: Label, pose_of: PoseOf) -> None:
    """COCO has 12 of LSP's 14 points: not its neck and head top."""
    poses = pose_of(label())
    shape = (1, 14)
    lsp = replace(
        label(),
        keypoints=convert_poses(poses, LSP).keypoints,
        visibility=np.full(shape, 2, np.int64),
        skeleton=LSP,
    )
    same = comparable([lsp], [poses])
    (labels,), (found,) = same.annotations, same.predictions
    names = labels.skeleton.keypoint_names
    assert names == tuple(name for name in LSP.keypoint_names if name in poses.skeleton.keypoint_names)
    assert found.skeleton.keypoint_names == names
    np.testing.assert_array_equal(found.keypoints, labels.keypoints)
    assert labels.skeleton.sigmas[names.index("left_knee")] == LSP.sigmas[LSP.index("left_knee")]
    assert [names[k] for k in labels.skeleton.flip_indices] == [
        name.replace("left", "x").replace("right", "left").replace("x", "right") for name in names
    ]
    assert same.note.startswith("compared on 12 keypoints that the labels (lsp14, 14) and the model (coco17, 17) share")
    assert "not found by the model: lsp_neck, head_top" in same.note


def test_another_order_of_the_same_names_needs_no_note(label: Label, pose_of: PoseOf) -> None:
    names = tuple(reversed(label().skeleton.keypoint_names))
    turned = Skeleton("turned", names, (), tuple(range(17)), (0.1,) * 17)
    same = comparable([label()], [convert_poses(pose_of(label()), turned)])
    np.testing.assert_array_equal(same.predictions[0].keypoints, label().keypoints)
    assert same.note == ""


def test_nothing_in_common_is_an_error(label: Label) -> None:
    hand = Skeleton("hand", ("thumb", "palm"), (), (0, 1), (0.1, 0.1))
    with pytest.raises(ConfigError, match=r"labels' skeleton 'coco17' and the model's 'hand' share no keypoint"):
        comparable([label()], [Poses.empty(hand)])


def test_without_images_there_is_nothing_to_do() -> None:
    assert comparable([], []).annotations == ()
