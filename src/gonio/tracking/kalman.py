"""How a body moves between two frames: a Kalman filter with constant velocity and the true time between them.

The axes (x, y, logarithm of the size) are filtered each for itself, so one state is a 2-vector per axis and everything
is arithmetic on arrays ``(..., A, 2)``: any number of people at once, no matrix is inverted.
"""

from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray64


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Where something is and how fast it moves, on A independent axes.

    Attributes:
        mean: ``(..., A, 2)`` position and velocity per second.
        covariance: ``(..., A, 2, 2)`` of these two.
    """

    mean: FloatArray64
    covariance: FloatArray64

    @property
    def position(self) -> FloatArray64:
        """``(..., A)``."""
        return self.mean[..., 0]

    @property
    def velocity(self) -> FloatArray64:
        """``(..., A)`` per second."""
        return self.mean[..., 1]


def at_rest(position: FloatArray64, *, position_sd: FloatArray64, velocity_sd: FloatArray64) -> Motion:
    """The first guess: velocity zero, known to ``velocity_sd``; all arguments ``(..., A)``."""
    mean = np.stack([position, np.zeros_like(position)], axis=-1)
    variances = np.stack(np.broadcast_arrays(position_sd, velocity_sd), axis=-1) ** 2
    return Motion(mean, np.broadcast_to(variances[..., None] * np.eye(2), (*mean.shape, 2)).copy())


def predict(motion: Motion, dt_s: float | FloatArray64, *, acceleration: FloatArray64, drift: FloatArray64) -> Motion:
    """Where it will be.

    Args:
        motion: The state now.
        dt_s: Seconds from now, at least 0; a number, or ``(..., 1)`` for each state its own.
        acceleration: ``(A,)`` spectral density of the white acceleration, position^2 / s^3.
        drift: ``(A,)`` spectral density of a white velocity beside it, position^2 / s.

    Source:
        Bar-Shalom, Li and Kirubarajan, "Estimation with Applications to Tracking and Navigation", 2001, section 6.2.2:
        the continuous white noise acceleration model, whose covariance is exact for any ``dt_s``.
    """
    dt = np.asarray(dt_s, np.float64)
    position = motion.position + dt * motion.velocity
    p, c, v = motion.covariance[..., 0, 0], motion.covariance[..., 0, 1], motion.covariance[..., 1, 1]
    grown_p = p + 2 * dt * c + dt**2 * v + acceleration * dt**3 / 3 + drift * dt
    grown_c = c + dt * v + acceleration * dt**2 / 2
    return _motion(position, motion.velocity, grown_p, grown_c, v + acceleration * dt)


def correct(motion: Motion, measured: FloatArray64, noise_sd: FloatArray64) -> Motion:
    """What a measurement of the position makes of it.

    Args:
        motion: The state at the time of the measurement.
        measured: ``(..., A)``; an axis with NaN is left as it was.
        noise_sd: ``(..., A)`` standard deviation of the measurement, positive.
    """
    p, c, v = motion.covariance[..., 0, 0], motion.covariance[..., 0, 1], motion.covariance[..., 1, 1]
    seen = np.isfinite(measured)
    innovation = np.where(seen, measured - motion.position, 0.0)
    total = p + noise_sd**2
    gain_p, gain_v = (np.where(seen, part / total, 0.0) for part in (p, c))
    position, velocity = motion.position + gain_p * innovation, motion.velocity + gain_v * innovation
    return _motion(position, velocity, p - gain_p * p, c - gain_p * c, v - gain_v * c)


def _motion(
    position: FloatArray64, velocity: FloatArray64, p: FloatArray64, c: FloatArray64, v: FloatArray64
) -> Motion:
    covariance = np.empty((*np.broadcast(p, c, v).shape, 2, 2))  # filled, for stacks of stacks take seven times as long
    covariance[..., 0, 0], covariance[..., 1, 1] = p, v
    covariance[..., 0, 1] = covariance[..., 1, 0] = c
    return Motion(np.stack([position, velocity], axis=-1), covariance)
