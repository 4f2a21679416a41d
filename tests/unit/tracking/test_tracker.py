"""`PoseTracker` on made-up people: who keeps an id, who gets a new one, who is left out."""

from dataclasses import replace

import numpy as np
import pytest

from gonio.arrays import BoolArray, FloatArray, ImageArray
from gonio.errors import ConfigError, ShapeError
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton
from gonio.tracking.settings import TrackSettings
from gonio.tracking.track import State
from gonio.tracking.tracker import PoseTracker

COCO17 = load_skeleton("coco17")
STANDING = np.array(
    [
        *[(0, -90), (2, -92), (-2, -92), (5, -90), (-5, -90), (12, -75), (-12, -75), (15, -55), (-15, -55)],
        *[(15, -38), (-15, -38), (8, -45), (-8, -45), (8, -22), (-8, -22), (8, 0), (-8, 0)],
    ],
    np.float32,
)
"""100 px high, feet at the origin."""
RED, BLUE = (200, 30, 30), (30, 30, 200)


def people(*feet: tuple[float, float], time_s: float | None, scale: float = 1.0) -> Poses:
    """People of 100 px who stand there."""
    keypoints = STANDING[None] * scale + np.array(feet, np.float32).reshape(-1, 1, 2)
    boxes = np.concatenate([keypoints.min(axis=1, initial=1e6), keypoints.max(axis=1, initial=-1e6)], axis=1)
    n = len(feet)
    return Poses(
        keypoints=keypoints,
        scores=np.full((n, 17), 0.9, np.float32),
        boxes=boxes,
        person_scores=np.full(n, 0.9, np.float32),
        skeleton=COCO17,
        time_s=time_s,
    )


def without(poses: Poses, mask: BoolArray | slice) -> Poses:
    """The same with these keypoints NaN."""
    keypoints = poses.keypoints.copy()
    keypoints[:, mask] = np.nan
    return replace(poses, keypoints=keypoints)


def ids(poses: Poses) -> list[int]:
    assert poses.track_ids is not None
    return [int(i) for i in poses.track_ids]


def painted(*patches: tuple[float, tuple[int, int, int]]) -> ImageArray:
    """A picture 400 px wide with a coloured column around each x."""
    image = np.full((220, 400, 3), 128, np.uint8)
    for x, colour in patches:
        image[:, max(0, int(x) - 25) : int(x) + 25] = colour
    return image


def walk(tracker: PoseTracker, start: float, speed: float, *, from_s: float, seconds: float) -> float:
    """One person walks at 20 frames a second; gives the last time."""
    time_s = from_s
    for step in range(int(seconds * 20) + 1):
        time_s = from_s + step / 20
        tracker.update(people((start + speed * step / 20, 200), time_s=time_s))
    return time_s


def test_people_get_ids_from_the_first_frame_from_left_to_right() -> None:
    tracker = PoseTracker()
    found = tracker.update(people((300, 200), (100, 200), time_s=0.0))
    assert ids(found) == [2, 1]
    np.testing.assert_array_equal(found.boxes[:, 0], [285, 85])  # in the order of the detector
    assert [(track.state, track.confirmed) for track in tracker.tracks] == [(State.TENTATIVE, False)] * 2


def test_a_person_is_confirmed_after_three_sightings_and_a_tenth_of_a_second() -> None:
    tracker = PoseTracker()
    states = []
    for time_s in (0.0, 0.04, 0.08, 0.12):
        tracker.update(people((100, 200), time_s=time_s))
        states.append(tracker.tracks[0].state)
    assert states == [State.TENTATIVE] * 3 + [State.CONFIRMED]
    assert tracker.tracks[0].sightings == 4


@pytest.mark.parametrize("gap_s", [0.3, 1.0, 1.5, 1.9])
def test_a_walker_who_was_hidden_keeps_the_id(gap_s: float) -> None:
    tracker = PoseTracker()
    end_s = walk(tracker, 50, 80, from_s=0, seconds=1)
    assert ids(tracker.update(people(time_s=end_s + 0.05))) == []
    lost = tracker.tracks[0]
    found = tracker.update(people((130 + 80 * gap_s, 200), time_s=end_s + gap_s))
    assert ids(found) == [1]
    assert (lost.state, tracker.tracks[0].state) == (State.LOST, State.CONFIRMED)


def test_one_who_turned_round_while_hidden_keeps_the_id() -> None:
    tracker = PoseTracker()
    end_s = walk(tracker, 50, 80, from_s=0, seconds=1)
    assert ids(tracker.update(people((130, 200), time_s=end_s + 1.5))) == [1]


@pytest.mark.parametrize("frames_between", [True, False])
def test_after_the_window_a_person_is_new(frames_between: bool) -> None:
    tracker = PoseTracker()
    end_s = walk(tracker, 100, 0, from_s=0, seconds=1)
    if frames_between:
        tracker.update(people(time_s=end_s + 1))
    assert ids(tracker.update(people((100, 200), time_s=end_s + 2.05))) == [2]
    assert [(track.track_id, track.state) for track in tracker.removed] == [(1, State.REMOVED)]


@pytest.mark.parametrize(
    ("x", "scale"), [pytest.param(450, 1.0, id="plainly elsewhere"), pytest.param(100, 2.5, id="much larger")]
)
def test_somebody_else_does_not_take_the_id(x: float, scale: float) -> None:
    tracker = PoseTracker()
    end_s = walk(tracker, 100, 0, from_s=0, seconds=1)
    assert ids(tracker.update(people((x, 200), time_s=end_s + 1, scale=scale))) == [2]


def test_clothes_tell_who_came_back() -> None:
    """Two leave; one who stands between them wears what the farther one wore."""
    tracker = PoseTracker()
    picture = painted((100, RED), (200, BLUE))
    for step in range(5):
        tracker.update(people((100, 200), (200, 200), time_s=step / 20), picture)
    back = people((140, 200), time_s=1.2)
    assert ids(tracker.update(back, painted((140, BLUE)))) == [2]


def test_one_in_other_clothes_is_new() -> None:
    tracker = PoseTracker()
    for step in range(5):
        tracker.update(people((100, 200), time_s=step / 20), painted((100, RED)))
    assert ids(tracker.update(people((130, 200), time_s=1.0), painted((130, BLUE)))) == [2]


def test_crossing_people_keep_their_ids() -> None:
    tracker = PoseTracker()
    last: list[int] = []
    for step in range(60):
        x = 60 + 4 * step
        pair = people((x, 200), (360 - x, 205), time_s=step / 25)
        last = ids(tracker.update(pair if abs(x - 180) > 20 else pair[:1]))
    assert last == [1, 2]


def test_a_neighbour_does_not_take_the_id_of_one_who_was_missed() -> None:
    tracker = PoseTracker()
    for step in range(5):
        tracker.update(people((100, 200), (130, 200), time_s=step / 20))
    tracker.update(people((100, 200), time_s=0.25))
    assert ids(tracker.update(people((130, 200), time_s=0.30))) == [2]


def test_a_person_found_twice_gets_one_id_and_is_listed() -> None:
    tracker = PoseTracker()
    twice = people((101, 200), (100, 200), time_s=0.0)
    twice = replace(twice, person_scores=np.array([0.5, 0.9], np.float32))
    assert ids(tracker.update(twice)) == [1]
    assert [(one.person, one.reason) for one in tracker.left_out] == [(0, "it is track 1 found twice")]
    half = without(people((101, 200), time_s=0.1), slice(11, 17))  # the same person's upper half
    both = people((100, 200), (101, 200), time_s=0.1)
    both = replace(both, keypoints=np.concatenate([both.keypoints[:1], half.keypoints]))
    assert ids(tracker.update(both)) == [1]
    assert [one.person for one in tracker.left_out] == [1]
    tracker.update(people((100, 200), time_s=0.2))
    assert tracker.left_out == ()


def test_flicker_keeps_one_id() -> None:
    tracker = PoseTracker()
    seen = [ids(tracker.update(people(*[(100, 200)] * (step % 5 == 0), time_s=step / 20))) for step in range(20)]
    assert {i for frame in seen for i in frame} == {1}


def test_a_box_without_area_is_replaced_by_that_of_the_keypoints() -> None:
    tracker = PoseTracker()
    for step in range(4):
        flat = replace(people((100 + step, 200), time_s=step / 20), boxes=np.zeros((1, 4), np.float32))
        assert ids(tracker.update(flat)) == [1]
    assert tracker.left_out == ()


def test_boxes_alone_are_followed() -> None:
    tracker = PoseTracker()
    for step in range(10):
        found = tracker.update(without(people((100 + 5 * step, 200), time_s=step / 20), slice(None)))
        assert ids(found) == [1]
        assert np.isnan(found.keypoints).all()


def test_who_is_nowhere_is_listed() -> None:
    tracker = PoseTracker()
    poses = people((100, 200), (200, 200), time_s=0.0)
    boxes, keypoints = poses.boxes.copy(), poses.keypoints.copy()
    boxes[1], keypoints[1] = (5, 5, 5, 9), np.nan
    found = tracker.update(replace(poses, boxes=boxes, keypoints=keypoints))
    assert ids(found) == [1]
    assert [one.person for one in tracker.left_out] == [1]
    assert "no visible keypoint" in tracker.left_out[0].reason


def test_low_scores_are_not_compared_but_kept() -> None:
    tracker = PoseTracker()
    poses = people((100, 200), time_s=0.0)
    tracker.update(poses)
    wrong = people((100, 200), time_s=0.05)
    keypoints, scores = wrong.keypoints.copy(), wrong.scores.copy()
    keypoints[0, 9:], scores[0, 9:] = 5000, 0.05
    found = tracker.update(replace(wrong, keypoints=keypoints, scores=scores))
    assert ids(found) == [1]
    np.testing.assert_array_equal(found.keypoints, keypoints)


def test_prediction_moves_pose_and_box_with_the_body() -> None:
    tracker = PoseTracker()
    end_s = walk(tracker, 50, 100, from_s=0, seconds=2)
    ahead = tracker.predict(end_s + 0.2)
    assert ids(ahead) == [1]
    truth = people((270, 200), time_s=end_s + 0.2)
    np.testing.assert_allclose(ahead.keypoints, truth.keypoints, atol=2)
    np.testing.assert_allclose(ahead.boxes, truth.boxes, atol=2)
    assert ahead.time_s == end_s + 0.2


def test_prediction_of_the_lost_only_when_asked() -> None:
    tracker = PoseTracker()
    end_s = walk(tracker, 50, 100, from_s=0, seconds=1)
    tracker.update(people(time_s=end_s + 0.1))
    assert ids(tracker.predict(end_s + 0.2)) == []
    assert ids(tracker.predict(end_s + 0.2, include_lost=True)) == [1]


def test_prediction_needs_a_frame_and_a_later_time() -> None:
    tracker = PoseTracker()
    with pytest.raises(ConfigError, match="before the first frame"):
        tracker.predict(0.0)
    tracker.update(people(time_s=1.0))
    with pytest.raises(ConfigError, match=r"cannot predict for 0\.5 s: the last frame was at 1\.0 s"):
        tracker.predict(0.5)


@pytest.mark.parametrize(
    ("time_s", "message"),
    [
        (None, "has time_s None; tracking needs the true time"),
        (float("nan"), "has time_s nan"),
        (1.0, r"is at 1\.0 s, the one before at 1\.0 s: time must increase"),
        (0.5, r"is at 0\.5 s"),
    ],
)
def test_time_must_be_there_and_increase(time_s: float | None, message: str) -> None:
    tracker = PoseTracker()
    tracker.update(people((100, 200), time_s=1.0))
    with pytest.raises(ConfigError, match=message):
        tracker.update(people((100, 200), time_s=time_s))
    assert ids(tracker.update(people((100, 200), time_s=1.1))) == [1]  # the refused frame left no trace


def test_a_tracker_is_for_one_skeleton_and_for_pictures() -> None:
    tracker = PoseTracker()
    tracker.update(people((100, 200), time_s=0.0))
    with pytest.raises(ConfigError, match="has the skeleton 'halpe26', the one before 'coco17'"):
        tracker.update(replace(Poses.empty(load_skeleton("halpe26")), time_s=0.1))
    grey: FloatArray = np.zeros((20, 20), np.float32)
    with pytest.raises(ShapeError, match="expected"):
        tracker.update(people((100, 200), time_s=0.2), grey)  # type: ignore[arg-type]


def test_summaries_of_removed_tracks() -> None:
    tracker = PoseTracker(TrackSettings(tentative_s=0.1))
    tracker.update(people((100, 200), time_s=0.0))
    tracker.update(people(time_s=0.5))
    (gone,) = tracker.removed
    assert (gone.track_id, gone.first_s, gone.last_s, gone.confirmed) == (1, 0.0, 0.0, False)
    assert tracker.tracks == ()
