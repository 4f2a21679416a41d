import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

COCO17 = load_skeleton("coco17")
seeds = st.integers(0, 2**32 - 1)


def random_poses(rng: np.random.Generator, ids: list[int], time_s: float | None = None) -> Poses:
    n = len(ids)
    return Poses(
        keypoints=rng.uniform(-50, 700, (n, 17, 2)).astype(np.float32),
        scores=rng.random((n, 17)).astype(np.float32),
        boxes=rng.uniform(0, 500, (n, 4)).astype(np.float32),
        person_scores=rng.random(n).astype(np.float32),
        skeleton=COCO17,
        track_ids=np.array(ids, np.int64),
        time_s=time_s,
    )


@given(seed=seeds, n=st.integers(0, 6), chosen=st.lists(st.integers(0, 5), max_size=8))
def test_indexing_poses_gives_poses_of_those_people(seed: int, n: int, chosen: list[int]) -> None:
    poses = random_poses(np.random.default_rng(seed), list(range(n)))
    indices = np.array([i for i in chosen if i < n], np.int64)
    some = poses[indices]
    assert isinstance(some, Poses)
    assert len(some) == len(indices)
    for name in ("keypoints", "scores", "boxes", "person_scores", "track_ids"):
        np.testing.assert_array_equal(getattr(some, name), getattr(poses, name)[indices])
    everybody = poses[poses.person_scores >= 0]
    np.testing.assert_array_equal(everybody.keypoints, poses.keypoints)


@given(
    seed=seeds,
    frames=st.lists(st.lists(st.integers(-5, 40), unique=True, max_size=6), min_size=1, max_size=6),
)
def test_a_sequence_holds_every_frame_whatever_the_order_of_ids(seed: int, frames: list[list[int]]) -> None:
    """Everybody can be read back by track id; nobody else is there; the order of people in a frame is no matter."""
    rng = np.random.default_rng(seed)
    poses = [random_poses(rng, ids, time_s=step / 30) for step, ids in enumerate(frames)]
    sequence = PoseSequence.from_poses(poses)
    assert sequence.track_ids.tolist() == sorted(set().union(*frames))
    for step, (ids, one) in enumerate(zip(frames, poses, strict=True)):
        present = np.isfinite(sequence.keypoints[step]).all(axis=(1, 2))
        assert sequence.track_ids[present].tolist() == sorted(ids)
        for person, track_id in zip(one, ids, strict=True):
            np.testing.assert_array_equal(sequence.person(track_id).keypoints[step], person.keypoints)
            np.testing.assert_array_equal(sequence.person(track_id).scores[step], person.scores)
    shuffled = PoseSequence.from_poses([one[rng.permutation(len(one))] for one in poses])
    np.testing.assert_array_equal(shuffled.keypoints, sequence.keypoints)
    np.testing.assert_array_equal(shuffled.scores, sequence.scores)
