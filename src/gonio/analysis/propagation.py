"""First-order propagation: from the standard deviations of what goes in to that of what comes out."""

import math

import numpy as np

from gonio.arrays import FloatArray64

LASTING = 0.5
"""Part of the variance of a keypoint's error that stays, where what changes matters: velocities."""
LASTING_IN_MEAN = 0.7
"""The same where what lasts matters: a mean over time is never better than that.

Measured as for `CORRELATION_S`: 0.32 of the variance of all keypoints below the head is left after 0.5 s, but 0.78 of
that of the hips, on which all angles of trunk and hip rest. With 0.5 their means were too sure; with 0.7 velocities
would be.
"""
FRESH = 0.2
"""Part of the rest that is new in every frame."""
CORRELATION_S = 0.05
"""What is neither lasting nor fresh fades: apart by so much, 1 / e of it is still the same.

Measured with ``thunder`` against four calibrated cameras (a person who balances on one leg, 60 Hz, error 1.15 % of the
height): correlation 0.81 at 17 ms, 0.74 at 33 ms, 0.56 at 0.1 s, 0.36 at 0.3 s and 0.32 at 0.5 s, where this model has
0.79, 0.71, 0.55, 0.50 and 0.50. ``benchmarks/motion/keypoint_noise.py`` prints it. At first a little less is taken to
last than was seen, which widens velocities. Later more, for joints differ, the scene lasts 1.7 s, and an error that all
cameras share does not show in it.
"""


def propagate(squared_jacobian: FloatArray64, sd: FloatArray64) -> FloatArray64:
    """Standard deviation of a function of independent inputs, to first order.

    Args:
        squared_jacobian: ``(..., M)`` squares of its derivatives by the inputs.
        sd: ``(..., M)`` of the inputs; NaN where unknown, which counts only where the derivative is not 0.

    Returns:
        ``(...)``; NaN where an input that matters is unknown.

    Source:
        JCGM 100:2008, Guide to the expression of uncertainty in measurement, 5.1.2.

    Example:
        >>> propagate(np.array([1.0, 1.0, 0.0]), np.array([3.0, 4.0, np.nan]))
        array(5.)
    """
    variance = np.where(squared_jacobian == 0, 0.0, squared_jacobian * sd**2).sum(axis=-1)
    return np.asarray(np.sqrt(variance), np.float64)


def error_correlation(
    apart_s: FloatArray64, *, lasting: float = LASTING, fresh: float = FRESH, correlation_s: float = CORRELATION_S
) -> FloatArray64:
    """Correlation of the errors of one keypoint at two times: 1 at the same time, and else ``lasting`` and what fades.

    Args:
        apart_s: ``(...)`` seconds between them.
        lasting: Part that never changes; 0 for independent noise, as of markers.
        fresh: Part of the rest that is new in every frame.
        correlation_s: In which what is neither fades to 1 / e; 0: it is new in every frame, too.

    Source:
        A nugget, an exponential and a constant: N. Cressie, Statistics for Spatial Data, 1993, chapter 2.

    Example:
        >>> error_correlation(np.array([0.0, 0.05, 10.0])).round(2)
        array([1.  , 0.65, 0.5 ])
    """
    same = np.asarray(apart_s == 0, np.float64)
    fading = np.exp(-np.abs(apart_s) / correlation_s) if correlation_s > 0 else same
    return np.asarray(lasting + (1 - lasting) * (fresh * same + (1 - fresh) * fading), np.float64)


def sd_of_difference(first: float, second: float, *, correlation: float = 0.0) -> float:
    """Standard deviation of the difference of two numbers, such as a range or left minus right.

    Args:
        first: Standard deviation of one.
        second: Of the other.
        correlation: Of their errors. 0 is careful: what errors have in common leaves the difference, but how much two
            different postures or sides have in common is not known.

    Example:
        >>> sd_of_difference(3.0, 4.0)
        5.0
    """
    return math.sqrt(first**2 + second**2 - 2 * correlation * first * second)


def sd_of_mean(
    sd: FloatArray64,
    time_s: FloatArray64,
    *,
    lasting: float = LASTING_IN_MEAN,
    fresh: float = FRESH,
    correlation_s: float = CORRELATION_S,
) -> float:
    """Standard deviation of a mean over time.

    Errors of neighbouring frames are alike, for the same network looks at nearly the same picture: a mean over more
    frames is not better by the root of their number, and never better than the lasting part of its error.

    Args:
        sd: ``(M,)`` of the samples; NaN gives NaN.
        time_s: ``(M,)`` increasing.
        lasting: As in `error_correlation`; 1: nothing averages out.
        fresh: As in `error_correlation`.
        correlation_s: As in `error_correlation`; with ``lasting=0`` and 0, samples are independent.

    Source:
        JCGM 100:2008, 5.2.2, with all covariances.

    Example:
        >>> sd, at = np.full(100, 2.0), np.arange(100) / 30
        >>> round(sd_of_mean(sd, at), 2), round(sd_of_mean(sd, at, lasting=0, correlation_s=0), 2)
        (1.68, 0.2)
    """
    if not len(sd):
        return math.nan
    kept = np.exp(-np.diff(time_s) / correlation_s) if correlation_s > 0 else np.zeros(len(sd) - 1)
    varying = carried = 0.0
    for own, passed in zip(sd.tolist(), [0.0, *kept.tolist()], strict=True):
        carried *= passed  # the sum of earlier sd, each times what of its fading part is left
        varying += own**2 + 2 * (1 - fresh) * own * carried
        carried += own
    return math.sqrt(lasting * float(sd.sum()) ** 2 + (1 - lasting) * varying) / len(sd)
