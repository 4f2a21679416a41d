"""Comparing poses of which a part is hidden, and making the best pairs."""

import numpy as np
import pytest

from gonio.errors import MissingDependencyError
from gonio.geometry.oks import oks
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton
from gonio.tracking.assign import best_pairs
from gonio.tracking.body import common_oks, displacement, measurable, size_of

COCO17 = load_skeleton("coco17")
SIGMAS = np.array(COCO17.sigmas, np.float32)
RNG = np.random.default_rng(3)
POINTS = RNG.uniform(0, 100, (3, 17, 2)).astype(np.float32)
BOXES = np.array([[0, 0, 100, 100]] * 3, np.float32)


def test_common_oks_of_whole_poses_is_oks() -> None:
    near = POINTS + RNG.normal(0, 3, POINTS.shape).astype(np.float32)
    expected = oks(near, POINTS, areas=np.full(3, 1e4, np.float32), sigmas=SIGMAS)
    np.testing.assert_allclose(common_oks(near, BOXES, POINTS, BOXES, COCO17), expected, rtol=1e-5)


def test_common_oks_looks_at_what_both_show() -> None:
    upper, lower, middle = POINTS[:1].copy(), POINTS[:1].copy(), POINTS[:1].copy()
    upper[:, 10:], lower[:, :10], middle[:, :5] = np.nan, np.nan, np.nan
    assert common_oks(POINTS[:1], BOXES[:1], upper, BOXES[:1], COCO17)[0, 0] == pytest.approx(1)
    assert common_oks(upper, BOXES[:1], middle, BOXES[:1], COCO17)[0, 0] == pytest.approx(1)
    assert np.isnan(common_oks(upper, BOXES[:1], lower, BOXES[:1], COCO17)[0, 0])


def test_displacement_follows_the_body_not_the_box() -> None:
    moved = POINTS[:1] + np.array([7, -2], np.float32)
    moved[0, :4] += 500  # four keypoints are wrong
    np.testing.assert_allclose(
        displacement(
            POINTS[:1],
            BOXES[:1],
            moved,
            2 * BOXES[:1],
        )[0, 0],
        [7, -2],
        atol=1e-4,
    )
    nothing = np.full_like(moved, np.nan)
    np.testing.assert_array_equal(displacement(POINTS[:1], BOXES[:1], nothing, 2 * BOXES[:1])[0, 0], [50, 50])


def test_displacement_of_an_even_number_is_the_mean_of_the_middle_two() -> None:
    moved = POINTS[:1].copy()
    moved[0, 4:] = np.nan
    moved[0, :4, 0] += [1, 2, 4, 90]
    np.testing.assert_allclose(displacement(POINTS[:1], BOXES[:1], moved, BOXES[:1])[0, 0], [3, 0], atol=1e-4)


def test_measurable() -> None:
    boxes = np.array([[0, 0, 9, 9], [3, 3, 3, 8], [np.nan, 0, 5, 5]], np.float32)
    poses = Poses(POINTS.copy(), np.full((3, 17), 0.5, np.float32), boxes, np.ones(3, np.float32), COCO17)
    poses.scores[2] = 0.1
    found, placed = measurable(poses, 0.2)
    assert placed.tolist() == [True, True, False]
    np.testing.assert_array_equal(found.boxes[0], boxes[0])
    np.testing.assert_allclose(found.boxes[1], [*POINTS[1].min(axis=0), *(POINTS[1].max(axis=0) + 1)])
    assert np.isnan(found.keypoints[2]).all()
    assert size_of(found.boxes[0]) == 9


def test_best_pairs_take_the_largest_sum_of_what_is_allowed() -> None:
    value = np.array([[0.9, 0.8], [0.8, 0.1]])
    assert best_pairs(value, value > 0) == [(0, 1), (1, 0)]
    assert best_pairs(value, value > 0.85) == [(0, 0)]
    assert best_pairs(value, value > 1) == []
    assert best_pairs(np.zeros((0, 3)), np.zeros((0, 3), bool)) == []


def test_without_scipy_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("gonio.optional.importlib.import_module", missing)
    with pytest.raises(MissingDependencyError, match=r"tracking people needs scipy.*gonio\[analysis\]"):
        best_pairs(np.ones((1, 1)), np.ones((1, 1), bool))
