import numpy as np
import pytest

from gonio.analysis.bones import _upper_quartile
from gonio.analysis.outliers import impossible_bones, jumps
from gonio.arrays import FloatArray64
from gonio.structures.skeleton import load_skeleton

COCO = load_skeleton("coco17")
KNEE, ANKLE, ELBOW, WRIST = 13, 15, 7, 9


def _standing(count: int = 60, rate: float = 30.0) -> tuple[FloatArray64, FloatArray64]:
    """A person of 340 px who sways a little; arms and legs hang."""
    points = np.zeros((count, 17, 2))
    heights = {0: 10, 1: 5, 3: 8, 5: 60, 7: 120, 9: 175, 11: 180, 13: 265, 15: 345}
    for left, y in heights.items():
        for k in {left, COCO.flip_indices[left]}:
            points[:, k] = (30 if COCO.sides[k] == "left" else -30, y)
    points += np.random.default_rng(0).normal(0, 1, points.shape)
    return points, np.arange(count) / rate


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_jump_is_found_and_nothing_else(length: int) -> None:
    points, time_s = _standing()
    points[30 : 30 + length, WRIST] += (60, -40)
    found = jumps(points, time_s, COCO)
    assert np.argwhere(found).tolist() == [[30 + i, WRIST] for i in range(length)]


def test_a_fast_swing_is_no_jump() -> None:
    points, time_s = _standing(rate=60)
    points[:, WRIST, 0] += 80 * np.sin(2 * np.pi * 1.5 * time_s)
    assert not jumps(points, time_s, COCO).any()


def test_a_jump_out_of_a_fast_swing_is_found() -> None:
    points, time_s = _standing(rate=60)
    points[:, WRIST, 0] += 80 * np.sin(2 * np.pi * 1.5 * time_s)
    points[33, WRIST, 1] -= 120
    assert np.argwhere(jumps(points, time_s, COCO)).tolist() == [[33, WRIST]]


def test_a_step_that_stays_is_no_jump() -> None:
    points, time_s = _standing()
    points[30:, WRIST] += 40
    assert jumps(points, time_s, COCO).sum() <= 2


def test_windows_are_of_time_not_of_frames() -> None:
    """After a break of a second the wrist is elsewhere: nothing within the window says that this is wrong."""
    points, time_s = _standing()
    points[30:, WRIST] += 100
    time_s = np.where(np.arange(60) < 30, time_s, time_s + 1.0)
    assert not jumps(points, time_s, COCO).any()


@pytest.mark.parametrize(("wrong", "expected"), [(ANKLE, ANKLE), (KNEE, KNEE), (WRIST, WRIST), (ELBOW, ELBOW)])
def test_of_bones_too_long_the_wrong_joint_is_named(wrong: int, expected: int) -> None:
    points, time_s = _standing()
    points[30, wrong] += (160, 0)
    assert np.argwhere(impossible_bones(points, time_s, COCO)).tolist() == [[30, expected]]


def test_a_foreshortened_bone_is_possible() -> None:
    points, time_s = _standing()
    points[20:40, WRIST] = points[20:40, ELBOW] + 2
    assert not impossible_bones(points, time_s, COCO).any()


def test_a_bone_that_is_foreshortened_most_of_the_time_may_be_seen_in_full() -> None:
    points, time_s = _standing()
    points[:50, [WRIST, 10]] = points[:50, [ELBOW, 8]] + (0, 12)
    assert not impossible_bones(points, time_s, COCO).any()


def test_coming_nearer_stretches_no_bone() -> None:
    points, time_s = _standing(count=180)
    points = points * np.linspace(0.3, 1.5, 180)[:, None, None]
    assert not impossible_bones(points, time_s, COCO).any()


def test_missing_keypoints_are_no_outliers_and_empty_input_is_fine() -> None:
    points, time_s = _standing()
    points[10:20, WRIST] = np.nan
    points[:, 0] = np.nan
    assert not jumps(points, time_s, COCO).any()
    assert not impossible_bones(points, time_s, COCO).any()
    for function in (jumps, impossible_bones):
        assert function(np.zeros((0, 17, 2)), np.zeros(0), COCO).shape == (0, 17)
        assert not function(np.full((9, 17, 2), np.nan), np.arange(9.0), COCO).any()


def test_the_upper_quartile_is_numpys() -> None:
    values = np.random.default_rng(0).random((50, 7))
    values[np.random.default_rng(1).random(values.shape) < 0.4] = np.nan
    values[:2, 0] = (0.5, np.nan)
    values[:2, 1:] = np.nan
    found = _upper_quartile(values)
    seen = np.isfinite(values).any(axis=1)
    np.testing.assert_allclose(found[seen], np.nanquantile(values[seen], 0.75, axis=1))
    assert np.isnan(found[~seen]).all()
    assert np.isnan(_upper_quartile(np.zeros((3, 0)))).all()
