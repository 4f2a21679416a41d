from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from gonio.errors import ConfigError, ShapeError
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

COCO17 = load_skeleton("coco17")


def frame(time_s: float | None, ids: Sequence[int] | None) -> Poses:
    """Track i lies at (i, time) in every keypoint."""
    n = 0 if ids is None else len(ids)
    keypoints = np.zeros((n, 17, 2), np.float32)
    if ids is not None:
        keypoints[..., 0] = np.array(ids, np.float32).reshape(n, 1)
    keypoints[..., 1] = -1 if time_s is None else time_s
    return Poses(
        keypoints=keypoints,
        scores=np.full((n, 17), 0.5, np.float32),
        boxes=np.zeros((n, 4), np.float32),
        person_scores=np.ones(n, np.float32),
        skeleton=COCO17,
        track_ids=None if ids is None else np.array(ids, np.int64),
        frame_index=7,
        time_s=time_s,
    )


def sequence_of(t: int, n: int, d: int = 2) -> PoseSequence:
    return PoseSequence(
        keypoints=np.arange(t * n * 17 * d, dtype=np.float32).reshape(t, n, 17, d),
        scores=np.ones((t, n, 17), np.float32),
        time_s=np.arange(t) / 25,
        track_ids=10 + np.arange(n),
        skeleton=COCO17,
    )


def test_tracks_keep_their_column_whatever_their_order() -> None:
    sequence = PoseSequence.from_poses([frame(0.0, [4, 2]), frame(0.1, [2, 9, 4]), frame(0.25, [9])])
    assert sequence.track_ids.tolist() == [2, 4, 9]
    assert sequence.time_s.tolist() == [0.0, 0.1, 0.25]
    seen = np.isfinite(sequence.keypoints).all(axis=(2, 3))
    assert seen.tolist() == [[True, True, False], [True, True, True], [False, False, True]]
    assert sequence.keypoints[1, :, 0, 0].tolist() == [2, 4, 9]


def test_an_absent_track_has_no_coordinates_and_no_score() -> None:
    sequence = PoseSequence.from_poses([frame(0.0, [1]), frame(0.1, [])])
    assert np.isnan(sequence.keypoints[1]).all()
    assert (sequence.scores[1] == 0).all()
    assert (sequence.scores[0] == 0.5).all()


def test_frames_without_anybody_are_a_sequence_of_nobody() -> None:
    sequence = PoseSequence.from_poses([frame(0.0, []), frame(0.1, [])])
    assert sequence.keypoints.shape == (2, 0, 17, 2)


@pytest.mark.parametrize(
    ("frames", "error", "message"),
    [
        pytest.param([], ConfigError, "at least one frame", id="none"),
        pytest.param([frame(None, [1])], ConfigError, "frame 7 has no time_s", id="a still"),
        pytest.param([frame(0.0, None)], ConfigError, "frame 7 has no .*track_ids", id="untracked"),
        pytest.param(
            [frame(0.0, [1]), frame(0.0, [1])], ShapeError, "from 0.0 to 0.0 at step 1", id="the same time twice"
        ),
        pytest.param(
            [
                frame(0.0, []),
                replace(Poses.empty(load_skeleton("halpe26")), time_s=1.0, track_ids=np.zeros(0, np.int64)),
            ],
            ShapeError,
            "mix the skeletons 'coco17' and 'halpe26'",
            id="two skeletons",
        ),
    ],
)
def test_frames_that_make_no_sequence_are_refused(frames: list[Poses], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        PoseSequence.from_poses(frames)


def test_a_point_is_found_by_its_name() -> None:
    sequence = sequence_of(4, 3, d=3)
    point = sequence.point("left_knee")
    assert point.shape == (4, 3, 3)
    np.testing.assert_array_equal(point, sequence.keypoints[:, :, 13])


def test_one_person_is_a_sequence_of_one() -> None:
    sequence = replace(sequence_of(4, 3), history=("read",))
    person = sequence.person(11)
    assert isinstance(person, PoseSequence)
    assert person.track_ids.tolist() == [11]
    np.testing.assert_array_equal(person.keypoints, sequence.keypoints[:, 1:2])
    assert person.history == ("read",)
    assert len(person) == len(sequence) == 4


def test_an_unknown_track_is_named() -> None:
    with pytest.raises(ConfigError, match=r"no track 99; the tracks are \[10, 11\]"):
        sequence_of(2, 2).person(99)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"keypoints": np.zeros((3, 2, 17, 4))}, r"keypoints has shape \(3, 2, 17, 4\)", id="D = 4"),
        pytest.param({"scores": np.zeros((3, 2, 16))}, r"scores has shape", id="K"),
        pytest.param({"time_s": np.arange(4.0)}, r"expected \(4, 2, 17, 2\)", id="T"),
        pytest.param({"time_s": np.array([0.0, 0.2, 0.1])}, "from 0.2 to 0.1 at step 2", id="back in time"),
        pytest.param({"time_s": np.array([0.0, np.nan, 0.1])}, "at step 1", id="no time"),
        pytest.param({"track_ids": np.array([5, 5])}, r"unique, got \[5, 5\]", id="one id twice"),
    ],
)
def test_arrays_that_disagree_are_refused(changes: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        replace(sequence_of(3, 2), **changes)  # type: ignore[arg-type]


def test_a_track_id_twice_in_one_frame_is_refused() -> None:
    poses = replace(Poses.empty(load_skeleton("coco17")), time_s=0.0, track_ids=np.zeros(0, np.int64))
    twins = replace(
        poses,
        keypoints=np.zeros((2, 17, 2), np.float32),
        scores=np.zeros((2, 17), np.float32),
        boxes=np.zeros((2, 4), np.float32),
        person_scores=np.zeros(2, np.float32),
        track_ids=np.array([4, 4]),
    )
    with pytest.raises(ShapeError, match=r"track id twice: \[4, 4\]"):
        PoseSequence.from_poses([poses, replace(twins, time_s=1.0)])


def test_positions_in_metres_come_along() -> None:
    frames = [frame(0.0, [4, 2]), frame(0.1, []), frame(0.2, [2])]
    with_world = [
        replace(poses, world=np.full((len(poses), 17, 3), number, np.float32)) if len(poses) else poses
        for number, poses in enumerate(frames)
    ]
    sequence = PoseSequence.from_poses(with_world)
    assert sequence.world is not None
    expected = [[0, 0], [np.nan, np.nan], [2, np.nan]]  # tracks 2 and 4
    np.testing.assert_array_equal(sequence.world[:, :, 5, 1], np.array(expected, np.float32))
    for part, shape in ((sequence.person(2), (3, 1, 17, 3)), (sequence.between(0.1, 0.3), (2, 2, 17, 3))):
        assert part.world is not None
        assert part.world.shape == shape
    assert PoseSequence.from_poses(frames).world is None


def test_positions_in_metres_of_another_shape() -> None:
    with pytest.raises(ShapeError, match=r"world has shape \(3, 2, 17, 2\), expected \(3, 2, 17, 3\)"):
        replace(sequence_of(3, 2), world=np.zeros((3, 2, 17, 2), np.float32))
