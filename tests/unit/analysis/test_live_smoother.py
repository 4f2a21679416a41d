from dataclasses import replace

import numpy as np
import pytest

from gonio.analysis.live import LiveSmoother
from gonio.errors import ConfigError
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO = load_skeleton("coco17")


def _people(positions: list[float], time_s: float, *, ids: list[int] | None = None, size: float = 300.0) -> Poses:
    """People whose keypoints all lie at one x each."""
    n = len(positions)
    points = np.broadcast_to(np.array(positions, np.float32)[:, None, None], (n, 17, 2))
    boxes = np.array([(x, 0, x + size, size) for x in positions], np.float32)
    track_ids = np.arange(n) if ids is None else np.array(ids)
    return Poses(points, np.ones((n, 17), np.float32), boxes, np.ones(n, np.float32), COCO, track_ids, time_s=time_s)


def test_jitter_at_rest_shrinks() -> None:
    smoother, noise = LiveSmoother(), np.random.default_rng(0).normal(0, 1.5, 300)
    got = [smoother.step(_people([100 + e], i / 30)).keypoints[0, 0, 0] for i, e in enumerate(noise)]
    assert np.std(got[30:]) < 0.6 * np.std(noise[30:])


def test_fast_motion_is_followed() -> None:
    smoother = LiveSmoother()
    for i in range(30):
        at = 100 + 20 * i  # two body sizes per second
        smooth = smoother.step(_people([at], i / 30)).keypoints[0, 0, 0]
    assert at - 20 < smooth < at


def test_people_are_told_apart_by_track_not_by_order() -> None:
    smoother = LiveSmoother()
    smoother.step(_people([100, 900], 0.0, ids=[4, 7]))
    swapped = smoother.step(_people([900, 100], 1 / 30, ids=[7, 4]))
    np.testing.assert_allclose(swapped.keypoints[:, 0, 0], [900, 100], atol=1e-3)


def test_large_and_small_people_are_smoothed_alike() -> None:
    near, far = LiveSmoother(), LiveSmoother()
    for i, x in enumerate([100, 110, 130]):
        large = near.step(_people([x], i / 30, size=300)).keypoints
        small = far.step(_people([x / 10], i / 30, size=30)).keypoints
    np.testing.assert_allclose(large, 10 * small, rtol=1e-5)


def test_a_track_that_was_away_begins_anew() -> None:
    smoother = LiveSmoother(forget_s=1.0)
    smoother.step(_people([100], 0.0))
    assert smoother.step(_people([500], 2.0)).keypoints[0, 0, 0] == 500


def test_missing_stays_missing_and_all_but_keypoints_stays() -> None:
    poses = _people([100], 0.0)
    points = poses.keypoints.copy()
    points[0, 3] = np.nan
    smooth = LiveSmoother().step(replace(poses, keypoints=points))
    assert np.isnan(smooth.keypoints[0, 3]).all()
    assert smooth.keypoints.dtype == np.float32
    np.testing.assert_array_equal(smooth.boxes, poses.boxes)


def test_untracked_people_are_refused_and_nobody_is_fine() -> None:
    with pytest.raises(ConfigError, match="track ids"):
        LiveSmoother().step(replace(_people([100], 0.0), track_ids=None))
    assert len(LiveSmoother().step(Poses.empty(COCO))) == 0
