"""Which way is up and forward, and whether the unit can be right: read from the body, for files that do not say it."""

import numpy as np

from gonio.arrays import FloatArray64
from gonio.errors import MediaError
from gonio.structures.skeleton import Skeleton

OPENSIM_AXES = ("x", "y")
"""Forward and up in OpenSim's files; taken where the body does not tell."""

_UPPER = ("nose", "head_top", "neck", "left_shoulder", "right_shoulder", "left_hip", "right_hip", "mid_hip")
_LOWER = ("left_ankle", "right_ankle", "left_heel", "right_heel", "left_big_toe", "right_big_toe")
_TOES = ("big_toe", "foot_index", "small_toe")
_FLAT_M = 1e-6
"""As thick as rounding makes a flat figure."""
_LARGEST_PERSON_M, _SMALLEST_PERSON_M = 10.0, 0.02


def axes_of_body(points: FloatArray64, skeleton: Skeleton) -> tuple[str, str]:
    """Forward and up as axes of the file: up from feet to trunk, forward from heels to toes, else the way travelled.

    Right for people on their feet; a motion on the floor needs ``axes`` in its marker map.

    Args:
        points: ``(T, K, 3)`` in the file's axes, NaN where missing.
        skeleton: What they are.

    Returns:
        Such as ``("x", "y")``, which are also the defaults where the body has no feet or no trunk.
    """
    mean = {name: _mean(points[:, k]) for k, name in enumerate(skeleton.keypoint_names)}
    upright = _middle(mean, _UPPER) - _middle(mean, _LOWER)
    up = _axis_along(upright, default=OPENSIM_AXES[1])
    feet = [_middle(mean, (f"{side}_{toe}",)) - _middle(mean, (f"{side}_heel",))
            for side in ("left", "right") for toe in _TOES]  # fmt: skip
    forward = _mean(np.array(feet))
    if np.isnan(forward).any():
        travelled = np.array([_mean(step) for step in points])
        seen = travelled[np.isfinite(travelled).all(axis=-1)]
        forward = seen[-1] - seen[0] if len(seen) > 1 else np.full(3, np.nan)
    level = np.where(["xyz"[i] in up for i in range(3)], 0.0, forward)
    return _axis_along(level, default="x" if "x" not in up else "y"), up


def flat_axis(points: FloatArray64) -> str | None:
    """The axis along which no point ``(T, K, 3)`` ever moves: the figure is that of a picture. None: it is in space."""
    seen = points[np.isfinite(points).all(axis=-1)]
    still = [axis for i, axis in enumerate("xyz") if len(seen) > 1 and float(np.ptp(seen[:, i])) < _FLAT_M]
    return still[0] if len(still) == 1 else None


def check_human_size(points: FloatArray64, source: str) -> None:
    """Raise if no person can be of this size: the unit in the file is then not that of its numbers.

    Args:
        points: ``(T, K, 3)`` in metres.
        source: The file's name.

    Raises:
        MediaError: If the points of a moment typically spread over more than 10 m, or less than 2 cm.
    """
    low, high = np.where(np.isnan(points), np.inf, points), np.where(np.isnan(points), -np.inf, points)
    spread = (high.max(axis=1) - low.min(axis=1)).max(axis=-1)
    several = np.isfinite(points).all(axis=-1).sum(axis=1) > 1
    if several.any() and not _SMALLEST_PERSON_M < (size := float(np.median(spread[several]))) < _LARGEST_PERSON_M:
        raise MediaError(
            f"cannot use '{source}': its markers are {size:.3g} m apart, which no person is; "
            + (
                "a BVH file does not say its unit: scale it to metres"
                if source.lower().endswith(".bvh")
                else "correct the unit in its header"
            )
        )


def _mean(points: FloatArray64) -> FloatArray64:
    """Mean of the points ``(..., 3)`` that are there; NaN if none is."""
    there = points[np.isfinite(points).all(axis=-1)]
    return np.asarray(there.mean(axis=0), np.float64) if len(there) else np.full(3, np.nan)


def _middle(mean: dict[str, FloatArray64], names: tuple[str, ...]) -> FloatArray64:
    return _mean(np.array([mean[name] for name in names if name in mean]).reshape(-1, 3))


def _axis_along(direction: FloatArray64, *, default: str) -> str:
    """The axis nearest to a direction."""
    if np.isnan(direction).any() or not direction.any():
        return default
    nearest = int(np.abs(direction).argmax())
    return "-" * int(direction[nearest] < 0) + "xyz"[nearest]
