"""What holds for every skeleton and every pair of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gonio.arrays import FloatArray
from gonio.structures.conversion import convert_keypoints, shared_keypoints
from gonio.structures.skeleton import Skeleton, load_skeleton, skeleton_names

skeletons = st.sampled_from(skeleton_names()).map(load_skeleton)
PAIRS = [(a, b) for a in skeleton_names() for b in skeleton_names()]


@st.composite
def people(draw: st.DrawFn, skeleton: Skeleton) -> tuple[FloatArray, FloatArray]:
    n, k = draw(st.integers(0, 3)), len(skeleton)
    coordinate = st.floats(-1e4, 1e4, width=32) | st.just(float("nan"))
    keypoints = draw(hnp.arrays(np.float32, (n, k, 2), elements=coordinate, fill=coordinate))
    scores = draw(hnp.arrays(np.float32, (n, k), elements=st.floats(0, 1, width=32)))
    return keypoints, scores


@given(st.data(), skeletons)
def test_flipping_twice_changes_nothing(data: st.DataObject, skeleton: Skeleton) -> None:
    keypoints, _ = data.draw(people(skeleton))
    flip = list(skeleton.flip_indices)
    np.testing.assert_array_equal(keypoints[:, flip][:, flip], keypoints)


@given(st.data(), st.sampled_from(PAIRS))
def test_there_and_back_keeps_the_shared_points_and_nothing_else(data: st.DataObject, pair: tuple[str, str]) -> None:
    source, target = load_skeleton(pair[0]), load_skeleton(pair[1])
    keypoints, scores = data.draw(people(source))
    there = convert_keypoints(keypoints, scores, source=source, target=target)
    back, back_scores = convert_keypoints(*there, source=target, target=source)
    shared = np.isin(np.arange(len(source)), shared_keypoints(source, target)[0])
    np.testing.assert_array_equal(back[:, shared], keypoints[:, shared])
    np.testing.assert_array_equal(back_scores[:, shared], scores[:, shared])
    assert np.isnan(back[:, ~shared]).all()
    assert (back_scores[:, ~shared] == 0).all()


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_every_pair_shares_the_twelve_limb_joints_and_mirrors_alike(one: str, other: str) -> None:
    source, target = load_skeleton(one), load_skeleton(other)
    in_source, in_target = shared_keypoints(source, target)
    assert len(in_source) >= 12
    assert len(set(in_source.tolist())) == len(in_source)
    mirrored_in_source = np.array(source.flip_indices)[in_source]
    mirrored_in_target = np.array(target.flip_indices)[in_target]
    assert [source.keypoint_names[i] for i in mirrored_in_source] == [
        target.keypoint_names[i] for i in mirrored_in_target
    ]
