"""What holds of ids whatever a detector finds."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gonio.arrays import FloatArray
from gonio.evaluation.tracking import scores_of_ids
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton
from gonio.tracking.tracker import PoseTracker

COCO17 = load_skeleton("coco17")
seeds = st.integers(0, 2**32 - 1)


def found(rng: np.random.Generator, n: int, time_s: float) -> Poses:
    """Anything: people, halves of people, boxes without area, NaN."""
    keypoints = rng.uniform(0, 300, (n, 1, 2)) + rng.normal(0, 25, (n, 17, 2))
    keypoints[rng.random((n, 17)) < 0.3] = np.nan
    keypoints[rng.random(n) < 0.1] = np.nan
    corners = rng.uniform(0, 250, (n, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(-5, 100, (n, 2))], axis=1)
    boxes[rng.random(n) < 0.1, 0] = np.nan
    return Poses(
        keypoints=keypoints.astype(np.float32),
        scores=rng.random((n, 17)).astype(np.float32),
        boxes=boxes.astype(np.float32),
        person_scores=rng.random(n).astype(np.float32),
        skeleton=COCO17,
        time_s=time_s,
    )


def video(seed: int) -> list[Poses]:
    """Up to 12 frames of up to 5 people, who are often those of the frame before."""
    rng = np.random.default_rng(seed)
    time_s, frames = 0.0, [found(rng, 3, 0.0)]
    for _ in range(int(rng.integers(1, 12))):
        time_s += float(rng.choice([0.02, 0.1, 0.9, 5.0]))
        if rng.random() < 0.6:
            jitter = rng.normal(0, 3, frames[-1].keypoints.shape).astype(np.float32)
            frames.append(replace(frames[-1], keypoints=frames[-1].keypoints + jitter, time_s=time_s))
        else:
            frames.append(found(rng, int(rng.integers(0, 6)), time_s))
    return frames


def tracked(frames: list[Poses], factor: float = 1.0, shift: FloatArray | None = None) -> list[Poses]:
    tracker = PoseTracker()
    move = np.zeros(2, np.float32) if shift is None else shift
    return [
        tracker.update(
            replace(one, keypoints=one.keypoints * factor + move, boxes=one.boxes * factor + np.tile(move, 2))
        )
        for one in frames
    ]


def ids(poses: Poses) -> list[int]:
    assert poses.track_ids is not None
    return [int(i) for i in poses.track_ids]


@settings(deadline=None, max_examples=40)
@given(seed=seeds)
def test_nobody_vanishes_and_ids_are_unique_and_never_given_twice(seed: int) -> None:
    tracker = PoseTracker()
    known: set[int] = set()
    dead: set[int] = set()
    for poses in video(seed):
        out = tracker.update(poses)
        left = [one.person for one in tracker.left_out]
        kept = [i for i in range(len(poses)) if i not in left]
        assert len(out) + len(left) == len(poses)
        np.testing.assert_array_equal(out.keypoints, poses.keypoints[kept])
        np.testing.assert_array_equal(out.scores, poses.scores[kept])
        assert len(set(ids(out))) == len(out)
        new = set(ids(out)) - known
        assert not new or sorted(new) == list(range(max(known, default=0) + 1, max(new) + 1))
        assert not dead & set(ids(out))
        known |= new
        dead = {track.track_id for track in tracker.removed}
        assert {track.track_id for track in tracker.tracks} | dead == known
        ahead = tracker.predict(poses.time_s or 0.0, include_lost=True)
        assert np.isfinite(ahead.boxes).all()


@settings(deadline=None, max_examples=40)
@given(seed=seeds)
def test_the_order_of_detections_is_no_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames = video(seed)
    orders = [rng.permutation(len(poses)) for poses in frames]
    for plain, mixed in zip(
        tracked(frames), tracked([poses[order] for poses, order in zip(frames, orders, strict=True)]), strict=True
    ):
        assert dict(zip(ids(plain), plain.person_scores.tolist(), strict=True)) == dict(
            zip(ids(mixed), mixed.person_scores.tolist(), strict=True)
        )


@settings(deadline=None, max_examples=30)
@given(seed=seeds, power=st.integers(-2, 3))
def test_the_size_of_the_picture_is_no_matter(seed: int, power: int) -> None:
    """A power of two changes no rounding; boxes around keypoints alone have half a pixel, and are left out here."""
    frames = [poses[np.flatnonzero((poses.boxes[:, 2:] > poses.boxes[:, :2]).all(axis=1))] for poses in video(seed)]
    assert [ids(poses) for poses in tracked(frames)] == [ids(poses) for poses in tracked(frames, 2.0**power)]


@settings(deadline=None, max_examples=30)
@given(seed=seeds)
def test_tracked_frames_make_a_sequence(seed: int) -> None:
    frames = tracked(video(seed))
    sequence = PoseSequence.from_poses(frames)
    assert set(sequence.track_ids.tolist()) == {i for poses in frames for i in ids(poses)}


@given(seed=seeds)
def test_scores_do_not_depend_on_names_and_stay_in_range(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, 4, (int(rng.integers(1, 8)), 2))
    true = [rng.permutation(4)[:n] for n, _ in sizes]
    seen = [rng.permutation(5)[:m] for _, m in sizes]
    alike = [rng.random((n, m)) for n, m in sizes]
    scores = scores_of_ids(true, seen, alike)
    renamed = scores_of_ids([ids + 7 for ids in true], [10 - ids for ids in seen], alike)
    assert scores == renamed
    assert scores.people - scores.misses == scores.found - scores.false_alarms
    assert scores.id_matches <= min(scores.people, scores.found)
    if scores.people:
        assert scores.mota <= 1
        assert 0 <= scores.idf1 <= 1
