"""The filter against the textbook's matrices, and against what it is for."""

import numpy as np

from gonio.tracking import kalman

ONE = np.array([1.0])
NONE = np.array([0.0])


def start() -> kalman.Motion:
    return kalman.at_rest(np.array([2.0]), position_sd=np.array([0.5]), velocity_sd=np.array([1.5]))


def test_one_cycle_is_that_of_the_matrices() -> None:
    """Oracle: x' = F x, P' = F P F^T + Q, then the Joseph form of the update, with 2 x 2 matrices."""
    dt, q, drift, r = 0.3, 0.7, 0.2, 0.4
    f = np.array([[1, dt], [0, 1]])
    noise = q * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]]) + np.diag([drift * dt, 0])
    p = f @ np.diag([0.25, 2.25]) @ f.T + noise
    gain = p[:, :1] / (p[0, 0] + r**2)
    keep = np.eye(2) - gain @ np.array([[1.0, 0.0]])
    motion = kalman.predict(start(), dt, acceleration=np.array([q]), drift=np.array([drift]))
    np.testing.assert_allclose(motion.covariance[0], p, rtol=1e-12)
    motion = kalman.correct(motion, np.array([3.0]), np.array([r]))
    np.testing.assert_allclose(motion.mean[0], [2.0, 0.0] + gain[:, 0] * 1.0, rtol=1e-12)
    np.testing.assert_allclose(motion.covariance[0], keep @ p @ keep.T + r**2 * gain @ gain.T, rtol=1e-12)


def test_two_short_steps_are_one_long_one() -> None:
    """The covariance is exact for any time between frames."""
    arguments = {"acceleration": ONE, "drift": ONE}
    twice = kalman.predict(kalman.predict(start(), 0.1, **arguments), 0.4, **arguments)
    once = kalman.predict(start(), 0.5, **arguments)
    np.testing.assert_allclose(twice.mean, once.mean)
    np.testing.assert_allclose(twice.covariance, once.covariance)


def test_irregular_times_give_the_true_velocity() -> None:
    rng = np.random.default_rng(0)
    motion, now = kalman.at_rest(NONE, position_sd=ONE, velocity_sd=10 * ONE), 0.0
    for dt in rng.uniform(0.01, 0.2, 100):
        now += dt
        motion = kalman.predict(motion, dt, acceleration=0.01 * ONE, drift=NONE)
        motion = kalman.correct(motion, np.array([3 * now]), 0.01 * ONE)
    np.testing.assert_allclose(motion.mean[0], [3 * now, 3], rtol=1e-3)


def test_an_unmeasured_axis_stays() -> None:
    motion = kalman.at_rest(np.zeros(2), position_sd=np.ones(2), velocity_sd=np.ones(2))
    after = kalman.correct(motion, np.array([np.nan, 1.0]), np.ones(2))
    np.testing.assert_array_equal(after.mean[0], motion.mean[0])
    np.testing.assert_array_equal(after.covariance[0], motion.covariance[0])
    assert after.mean[1, 0] == 0.5


def test_many_at_once_are_each_alone() -> None:
    positions = np.arange(12.0).reshape(4, 3)
    many = kalman.at_rest(positions, position_sd=np.ones(3), velocity_sd=np.ones(3))
    dt = np.linspace(0.1, 0.4, 4)[:, None]
    moved = kalman.correct(
        kalman.predict(many, dt, acceleration=np.ones(3), drift=np.ones(3)), positions + 1, np.ones(3)
    )
    for i in range(4):
        one = kalman.at_rest(positions[i], position_sd=np.ones(3), velocity_sd=np.ones(3))
        one = kalman.predict(one, float(dt[i, 0]), acceleration=np.ones(3), drift=np.ones(3))
        one = kalman.correct(one, positions[i] + 1, np.ones(3))
        np.testing.assert_allclose(moved.mean[i], one.mean)
        np.testing.assert_allclose(moved.covariance[i], one.covariance)
