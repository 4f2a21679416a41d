"""A walker made of formulas: feet that stand still or fly, so that heel strikes and toe-offs are known exactly.

Each foot rests for a share of the stride and then swings ahead on a smooth path; the heel lifts before the toe leaves
and the toe points up before the heel lands. The pelvis goes on evenly and vaults (walking) or sinks (running) over the
standing foot. Lengths are metres of somebody 1.7 m tall.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

_HIP_M, _FOOT_M, _SHOULDER_M = 0.88, 0.2, 1.4
_BOUNCE_M = 0.02
_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")


@dataclass(frozen=True, slots=True)
class Gait:
    """How the walker goes.

    Attributes:
        stride_s: Time of a stride.
        stance: Share of it on the ground; below 0.5 it runs.
        speed: Metres per second.
        start_s: Strike of the right foot.
    """

    stride_s: float = 1.1
    stance: float = 0.62
    speed: float = 1.3
    start_s: float = 0.3

    def strikes(self, side: str, end_s: float) -> FloatArray64:
        """All heel strikes of a side from 0 to ``end_s``."""
        first = (self.start_s + (0.5 * self.stride_s if side == "left" else 0.0)) % self.stride_s
        return np.arange(first, end_s, self.stride_s)

    def offs(self, side: str, end_s: float) -> FloatArray64:
        """All toe-offs of a side from 0 to ``end_s``."""
        first = (self.strikes(side, end_s)[0] + self.stance * self.stride_s) % self.stride_s
        return np.arange(first, end_s, self.stride_s)


def walker(
    gait: Gait | None = None,
    *,
    seconds: float = 6.0,
    fps: float = 60.0,
    treadmill: bool = False,
    skeleton: str = "halpe26",
) -> PoseSequence:
    """A walk seen exactly from the right: 2D, metres, going to the right.

    Args:
        gait: How.
        seconds: Length.
        fps: Frames per second.
        treadmill: In place, instead of along the ground.
        skeleton: Which keypoints; with heels and toes or without.
    """
    gait = gait or Gait()
    time_s = np.arange(0, seconds, 1 / fps)
    points = _points(gait, time_s)
    along = 0.0 if treadmill else gait.speed * time_s
    names = load_skeleton(skeleton)
    keypoints = np.full((len(time_s), 1, len(names), 2), np.nan)
    for name, point in points.items():
        if name in names.keypoint_names:
            keypoints[:, 0, names.index(name)] = point + np.stack([along + 0 * time_s, 0 * time_s], axis=1)
    scores = np.isfinite(keypoints).all(axis=-1).astype(np.float32)
    return PoseSequence(keypoints.astype(np.float32), scores, time_s, np.array([1]), names, "m")


def _points(gait: Gait, time_s: FloatArray64) -> dict[str, FloatArray64]:
    """Keypoint to ``(T, 2)``, forward of the pelvis' even travel, and up."""
    phase = 2 * np.pi * (time_s - gait.start_s - (gait.stance / 2) * gait.stride_s) / (gait.stride_s / 2)
    bounce = _BOUNCE_M * np.cos(phase) * (1 if gait.stance > 0.5 else -1)  # phase 0: over the right foot
    hip = np.stack([0 * time_s, _HIP_M + bounce], axis=1)
    neck, ears, nose = (hip + np.array(place) for place in ((0.02, _SHOULDER_M - _HIP_M), (0.02, 0.7), (0.1, 0.7)))
    points = {"mid_hip": hip, "neck": neck, "nose": nose}
    for side in _SIDES:
        heel, toe = _foot(gait, side, time_s)
        ankle = heel + 0.25 * (toe - heel) + (0, 0.06)
        bend = 0.02 + 0.15 * np.clip(ankle[:, 1:] - 0.07, 0, 0.2) / 0.2
        knee = (hip + ankle) / 2 + bend * (1, 0)
        points |= {f"{side}_heel": heel, f"{side}_big_toe": toe, f"{side}_small_toe": toe - (0.03, 0)}
        points |= {f"{side}_ankle": ankle, f"{side}_knee": knee, f"{side}_hip": hip}
        points |= {f"{side}_shoulder": neck, f"{side}_ear": ears}
    return points


def _foot(gait: Gait, side: str, time_s: FloatArray64) -> tuple[FloatArray64, FloatArray64]:
    """Heel and toe, forward of the pelvis and up."""
    first = gait.strikes(side, gait.stride_s + 1e-9)[0]
    share = ((time_s - first) / gait.stride_s) % 1
    swing = np.clip((share - gait.stance) / (1 - gait.stance), 0, 1)
    stride_m = gait.speed * gait.stride_s
    eased = swing**2 * (3 - 2 * swing)  # starts and ends at the ground's speed
    centre = gait.stance * stride_m / 2 - stride_m * share + stride_m * eased
    lift = 0.09 * np.sin(np.pi * swing) ** (2 if gait.stance > 0.5 else 1)  # a runner's foot is thrown up
    leaving = _bump(share, gait.stance + 0.03, 0.16)
    landing = _bump((share + 0.5) % 1, 0.47, 0.10)
    toe = np.stack([centre + _FOOT_M / 2, lift + 0.05 * landing], axis=1)
    heel = np.stack([centre - _FOOT_M / 2 + 0.05 * leaving, lift + 0.16 * leaving], axis=1)
    return heel, toe


def _bump(share: FloatArray64, centre: float, half_width: float) -> FloatArray64:
    inside = np.clip(np.abs(share - centre) / half_width, 0, 1)
    return (1 - inside**2) ** 2
