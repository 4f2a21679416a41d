import math
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gonio.evaluation.coco import coco_ap
from gonio.evaluation.matching import keypoint_errors, match
from gonio.evaluation.pck import pck
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO17 = load_skeleton("coco17")
seeds = st.integers(0, 2**32 - 1)


def random_labels(rng: np.random.Generator, n: int, image_id: int) -> Annotations:
    """People apart from each other (a grid of 300 px), each with a torso and some keypoints."""
    corners = np.array([(300 * (i % 3), 300 * (i // 3)) for i in range(n)], np.float32).reshape(n, 2)
    keypoints = (corners[:, None] + rng.uniform(0, 200, (n, 17, 2))).astype(np.float32)
    visibility = rng.integers(0, 3, (n, 17))
    visibility[:, [COCO17.index("left_shoulder"), COCO17.index("right_hip")]] = 2
    keypoints[visibility == 0] = np.nan
    return Annotations(
        keypoints=keypoints,
        visibility=visibility,
        boxes=np.concatenate([corners, corners + np.float32(200)], axis=-1),
        areas=rng.uniform(1500, 40_000, n).astype(np.float32),
        is_crowd=np.zeros(n, bool),
        skeleton=COCO17,
        image_id=image_id,
        file_name=f"{image_id}.jpg",
        image_hw=(900, 900),
    )


def poses_on(labels: Annotations, rng: np.random.Generator) -> Poses:
    """Exactly the labels, in a random order and with random scores."""
    n = len(labels)
    poses = Poses(
        keypoints=labels.keypoints,
        scores=np.ones((n, 17), np.float32),
        boxes=labels.boxes,
        person_scores=rng.uniform(0.1, 1, n).astype(np.float32),
        skeleton=COCO17,
    )
    return poses[rng.permutation(n)]


@settings(max_examples=25, deadline=None)
@given(seed=seeds, people=st.lists(st.integers(0, 6), min_size=1, max_size=3).filter(any))
def test_perfect_poses_score_one_in_any_order(seed: int, people: list[int]) -> None:
    rng = np.random.default_rng(seed)
    labels = [random_labels(rng, n, image_id) for image_id, n in enumerate(people)]
    found = [poses_on(one, rng) for one in labels]
    scores = coco_ap(labels, found)
    assert math.isclose(scores.AP, 100)
    assert math.isclose(scores.AR, 100)
    assert pck(keypoint_errors(labels, found)).pck == 100


@settings(max_examples=25, deadline=None)
@given(seed=seeds, people=st.integers(1, 6), noise_px=st.floats(0, 100), missing=st.floats(0, 1))
def test_scores_stay_within_percent_and_ignore_the_order(
    seed: int, people: int, noise_px: float, missing: float
) -> None:
    rng = np.random.default_rng(seed)
    labels = random_labels(rng, people, 0)
    perfect = poses_on(labels, rng)
    points = perfect.keypoints + rng.normal(0, noise_px, perfect.keypoints.shape)
    points[rng.random(points.shape[:2]) < missing] = np.nan
    found = replace(perfect, keypoints=points.astype(np.float32))
    shuffled = found[rng.permutation(people)]
    scores, again = coco_ap([labels], [found]), coco_ap([labels], [shuffled])
    for name, value in scores.to_dict().items():
        assert value is None or 0 <= value <= 100 + 1e-9, name
    assert scores.to_dict() == again.to_dict()
    score = pck(keypoint_errors([labels], [found]))
    assert 0 <= score.pck <= 100
    assert score == pck(keypoint_errors([labels], [shuffled]))


@settings(max_examples=50, deadline=None)
@given(seed=seeds, people=st.integers(0, 6), noise_px=st.floats(0, 300), min_oks=st.floats(0, 1))
def test_nobody_is_matched_twice_or_below_the_threshold(
    seed: int, people: int, noise_px: float, min_oks: float
) -> None:
    rng = np.random.default_rng(seed)
    labels = random_labels(rng, people, 0)
    perfect = poses_on(labels, rng)
    noise = rng.normal(0, noise_px, perfect.keypoints.shape).astype(np.float32)
    pairs = match(labels, replace(perfect, keypoints=perfect.keypoints + noise), min_oks=min_oks)
    assert len(set(pairs.labels.tolist())) == len(set(pairs.people.tolist())) == len(pairs)
    assert (pairs.oks >= min_oks).all()


@settings(max_examples=50, deadline=None)
@given(seed=seeds, thresholds=st.tuples(st.floats(0.01, 2), st.floats(0.01, 2)))
def test_pck_grows_with_its_threshold(seed: int, thresholds: tuple[float, float]) -> None:
    rng = np.random.default_rng(seed)
    labels = random_labels(rng, 3, 0)
    perfect = poses_on(labels, rng)
    noise = rng.normal(0, 20, perfect.keypoints.shape).astype(np.float32)
    errors = keypoint_errors([labels], [replace(perfect, keypoints=perfect.keypoints + noise)])
    low, high = sorted(thresholds)
    assert pck(errors, threshold=low).pck <= pck(errors, threshold=high).pck
