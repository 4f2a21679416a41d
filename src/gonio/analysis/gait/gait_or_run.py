"""Walking and running told apart by what the body does over the standing foot.

In walking the pelvis vaults over a stiff leg and is highest when the feet pass each other; in running it sinks into a
bent one and is lowest there. This needs no event, no scale and no feet, and stands much noise.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gonio.analysis.gait.coordinates import GRID_STEPS, Leg
from gonio.analysis.gait.smoothing import Curve
from gonio.arrays import FloatArray64

Activity = Literal["gait", "running"]


@dataclass(frozen=True, slots=True)
class Locomotion:
    """Walking (``"gait"``) or running.

    Attributes:
        activity: What it is.
        bounce: Correlation in [-1, 1] of the pelvis' height with the distance between the feet: -1 is a clear walk, 1 a
            clear run; NaN where it cannot be told, taken as walking.
    """

    activity: Activity
    bounce: float


def locomotion(legs: tuple[Leg, ...], pelvis_height: Curve) -> Locomotion:
    """Walking or running, of both legs.

    Args:
        legs: Left and right.
        pelvis_height: On the same grid.

    Source:
        The inverted pendulum of walking and the spring of running: Cavagna, Heglund and Taylor, "Mechanical work in
        terrestrial locomotion", Am J Physiol 233, 1977.
    """
    if len(legs) < 2:
        return Locomotion("gait", float("nan"))
    apart = np.abs(legs[0].ankle.forward.position - legs[1].ankle.forward.position)
    bounce = _correlation(_detrended(apart), _detrended(pelvis_height.position))
    return Locomotion("running" if bounce > 0 else "gait", bounce)


def _detrended(values: FloatArray64) -> FloatArray64:
    """Minus the mean over the step around each sample, half a stride; without half a step at both ends."""
    step = GRID_STEPS // 2
    if len(values) < 2 * step:
        return values - values.mean() if len(values) else values
    kernel = np.ones(step + 1) / (step + 1)
    return np.asarray(values[step // 2 : -(step // 2)] - np.convolve(values, kernel, "valid"))


def _correlation(a: FloatArray64, b: FloatArray64) -> float:
    seen = np.isfinite(a) & np.isfinite(b)
    if seen.sum() < 3:
        return float("nan")
    a, b = a[seen] - a[seen].mean(), b[seen] - b[seen].mean()
    norm = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / norm) if norm > 0 else float("nan")
