"""Maps for keypoints with names of their own, as of DeepLabCut projects."""

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.keypoint_map import named_by_map, say_unknown_names
from gonio.io.formats.keypoint_names import skeleton_of_names
from gonio.io.formats.marker_map import MarkerMap
from gonio.io.formats.pose_frames import frames_of_sequence
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

NAMES = ("Knee1", "ankle_a", "ankle_b", "nose")
MAP = MarkerMap(keypoints={"left_knee": ("knee1",), "left_ankle": ("ankle_a", "ankle_b")})


def sequence() -> PoseSequence:
    """Two people over three frames; the second point of an ankle is missing once."""
    keypoints = np.arange(3 * 2 * 4 * 2, dtype=np.float32).reshape(3, 2, 4, 2)
    keypoints[2, 1, 2] = np.nan
    scores = np.tile(np.array([0.9, 0.8, 0.5, 0.7], np.float32), (3, 2, 1))
    return PoseSequence(keypoints, scores, np.arange(3) / 50, np.arange(2), skeleton_of_names(NAMES, name="file"))


def check(point: np.ndarray, scores: np.ndarray, given: PoseSequence) -> None:
    np.testing.assert_allclose(point, given.keypoints[:, :, 1:3].mean(axis=2))
    assert np.isnan(point[2, 1]).all()
    np.testing.assert_allclose(scores, [[0.5, 0.5], [0.5, 0.5], [0.5, 0]])


def test_of_a_sequence() -> None:
    given = sequence()
    found = named_by_map(given, MAP, "dlc.csv")
    assert isinstance(found, PoseSequence)
    assert found.skeleton.name == "halpe26"
    check(found.point("left_ankle"), found.scores[..., found.skeleton.index("left_ankle")], given)
    np.testing.assert_array_equal(found.point("left_knee"), given.keypoints[:, :, 0])
    np.testing.assert_array_equal(found.point("nose"), given.keypoints[:, :, 3])  # a name that needs no map
    assert np.isnan(found.point("right_knee")).all()
    assert found.history == ("keypoints of dlc.csv named by a map",)


def test_of_frames() -> None:
    given = sequence()
    found = named_by_map(frames_of_sequence(given), MAP, "frames")
    assert isinstance(found, list)
    ankle = load_skeleton("halpe26").index("left_ankle")
    check(np.stack([poses.keypoints[:, ankle] for poses in found]), np.stack([one.scores[:, ankle] for one in found]),
          given)  # fmt: skip
    assert [poses.time_s for poses in found] == given.time_s.tolist()
    assert named_by_map([], MAP, "nothing") == []


def test_what_does_not_fit(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(MediaError, match="none of the map's keypoints, such as 'Hip9'; its own are knee_1, ankle_a"):
        named_by_map(sequence(), MarkerMap(keypoints={"left_hip": ("Hip9",)}), "dlc.csv")
    with pytest.raises(ConfigError, match="leave hips, axes and camera out"):
        named_by_map(sequence(), MarkerMap.model_validate({"left_knee": "Knee1", "camera": "side"}), "dlc.csv")
    named_by_map(sequence(), MarkerMap(keypoints={"left_knee": ("Knee1",), "left_hip": ("Hip9",)}), "dlc.csv")
    assert "dlc.csv has no keypoints for left_hip" in caplog.text


def test_names_that_nobody_knows_are_said(caplog: pytest.LogCaptureFixture) -> None:
    say_unknown_names(sequence(), "dlc.csv")
    assert (
        "no keypoint is known by the name knee_1, ankle_a, ankle_b, and it has none named left_shoulder" in caplog.text
    )
    caplog.clear()
    say_unknown_names([Poses.empty(load_skeleton("coco17"))], "fine")
    say_unknown_names([], "fine")
    assert not caplog.text
