"""A stick figure in space that squats, pushes up, raises its arms and walks, seen from any side."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

THIGH = SHANK = 0.45
TRUNK, ARM = 0.5, 0.3
Wave = FloatArray64
Waves = Callable[..., tuple[Wave, Wave]]


def waves(count: float, *, period_s: float = 2.0, fps: float = 30.0, rest_s: float = 0.5) -> tuple[Wave, Wave]:
    """Times, and a depth from 0 to 1 and back, so many times, with rest before and after."""
    time_s = np.arange(0, count * period_s + 2 * rest_s, 1 / fps)
    phase = np.clip((time_s - rest_s) / period_s, 0, count)
    return time_s, (1 - np.cos(2 * np.pi * phase)) / 2


@dataclass(frozen=True)
class Figure:
    """Points in metres: x forward, y up, z to the person's right.

    Attributes:
        yaw_deg: 0: seen from the side, facing right; 90: from the front.
        noise_px: Of every coordinate.
    """

    yaw_deg: float = 0.0
    noise_px: float = 0.0
    px_per_m: float = 200.0

    def squat(self, time_s: Wave, depth: Wave, *, deepest_deg: float = 100.0, follows: float = 1.0) -> PoseSequence:
        """Feet on the floor, both knees bent by up to ``deepest_deg``; at 0 standing, hands at the hips' height.

        The shank tilts by ``follows`` times as much as the thigh.
        """
        thigh = np.radians(deepest_deg) / (1 + follows) * depth
        shank, zero = follows * thigh, 0 * thigh
        knee = SHANK * np.stack([np.sin(shank), np.cos(shank), zero], -1)
        hip = knee + THIGH * np.stack([-np.sin(thigh), np.cos(thigh), zero], -1)
        return self._sequence(time_s, self._upright(hip, knee, np.zeros_like(hip)))

    def push_up(self, time_s: Wave, depth: Wave) -> PoseSequence:
        """Hands and feet on the floor; elbows bent by up to 110 deg."""
        reach = 2 * ARM * np.cos(np.radians(55) * depth)
        bend = np.sqrt(np.maximum(ARM**2 - (reach / 2) ** 2, 0))
        zero = 0 * depth
        shoulder = np.stack([zero, reach, zero], -1)
        ankle = np.stack([zero - 1.4, zero + 0.05, zero], -1)

        def along(part: float) -> FloatArray64:
            return np.asarray(shoulder + part * (ankle - shoulder))

        points = {
            "nose": shoulder + np.array([0.2, 0, 0]),
            "shoulder": shoulder,
            "elbow": np.stack([-bend, reach / 2, zero], -1),
            "wrist": np.zeros_like(shoulder),
            "hip": along(0.36),
            "knee": along(0.68),
            "ankle": ankle,
        }
        return self._sequence(time_s, points)

    def pull_up(self, time_s: Wave, depth: Wave) -> PoseSequence:
        """Hands on a bar, the body hangs below."""
        reach = 2 * ARM * np.cos(np.radians(60) * depth)
        zero = 0 * depth
        shoulder = np.stack([zero, 2.2 - reach, zero], -1)
        bend = np.sqrt(np.maximum(ARM**2 - (reach / 2) ** 2, 0))
        hip = shoulder - (0, TRUNK, 0)
        points = {
            "nose": shoulder + np.array([0.1, 0.2, 0]),
            "shoulder": shoulder,
            "elbow": np.stack([bend, 2.2 - reach / 2, zero], -1),
            "wrist": np.stack([zero, zero + 2.2, zero], -1),
            "hip": hip,
            "knee": hip - (0, THIGH, 0),
            "ankle": hip - (0, THIGH + SHANK, 0),
        }
        return self._sequence(time_s, points)

    def raise_arms(self, time_s: Wave, depth: Wave, *, side: str = "both") -> PoseSequence:
        """Straight arms raised forwards to 150 deg."""
        zero = 0 * depth
        hip = np.stack([zero, zero + THIGH + SHANK, zero], -1)
        points = self._upright(hip, hip - (0, THIGH, 0), np.zeros_like(hip))
        sides = {}
        for one in ("left", "right"):
            angle = np.radians(150) * (depth if side in (one, "both") else zero)
            arm = ARM * np.stack([np.sin(angle), -np.cos(angle), zero], -1)
            sides[f"{one}_elbow"], sides[f"{one}_wrist"] = points["shoulder"] + arm, points["shoulder"] + 2 * arm
        return self._sequence(time_s, {**points, **sides})

    def walk(self, time_s: Wave, *, cadence_hz: float = 1.0) -> PoseSequence:
        """One leg after the other, knees bent by up to 60 deg in swing, arms swinging."""
        zero = 0 * time_s
        swing = 2 * np.pi * cadence_hz * time_s
        hip = np.stack([1.2 * time_s, 0.9 - 0.02 * np.cos(2 * swing), zero], -1)
        points = self._upright(hip, hip - (0, THIGH, 0), np.zeros_like(hip))
        for i, one in enumerate(("left", "right")):
            thigh = np.radians(25) * np.sin(swing + np.pi * i)
            shank = thigh - np.radians(60) * np.maximum(np.cos(swing + np.pi * i), 0)
            knee = hip + THIGH * np.stack([np.sin(thigh), -np.cos(thigh), zero], -1)
            points[f"{one}_knee"] = knee
            points[f"{one}_ankle"] = knee + SHANK * np.stack([np.sin(shank), -np.cos(shank), zero], -1)
            arm = -0.8 * thigh
            elbow = points["shoulder"] + ARM * np.stack([np.sin(arm), -np.cos(arm), zero], -1)
            points[f"{one}_elbow"] = elbow
            points[f"{one}_wrist"] = elbow + ARM * np.stack([np.sin(arm + 0.3), -np.cos(arm + 0.3), zero], -1)
        return self._sequence(time_s, points)

    def wave_hand(self, time_s: Wave) -> PoseSequence:
        """Standing, the right hand beside the head, going to and fro twice a second."""
        zero = 0 * time_s
        sequence = self.raise_arms(time_s, zero)
        points = sequence.keypoints.copy()
        index = sequence.skeleton.index
        elbow = points[:, 0, index("right_shoulder")] + np.array([20, 40]) * self.px_per_m / 200
        angle = np.radians(40) * np.sin(2 * np.pi * 2 * time_s)
        points[:, 0, index("right_elbow")] = elbow
        points[:, 0, index("right_wrist")] = elbow + 60 * np.stack([np.sin(angle), -np.cos(angle)], -1)
        return replace(sequence, keypoints=points.astype(np.float32))

    def _upright(self, hip: FloatArray64, knee: FloatArray64, ankle: FloatArray64) -> dict[str, FloatArray64]:
        shoulder = hip + np.array([0, TRUNK, 0])
        return {
            "nose": shoulder + np.array([0.1, 0.2, 0]),
            "shoulder": shoulder,
            "elbow": shoulder - (0, ARM, 0),
            "wrist": shoulder - (0, 2 * ARM, 0),
            "hip": hip,
            "knee": knee,
            "ankle": ankle,
        }

    def _sequence(self, time_s: Wave, points: dict[str, FloatArray64]) -> PoseSequence:
        skeleton = load_skeleton("coco17")
        xyz = np.zeros((len(time_s), len(skeleton), 3))
        for k, name in enumerate(skeleton.keypoint_names):
            part = name.removeprefix("left_").removeprefix("right_")
            part = "nose" if part in ("eye", "ear") else part
            width = 0.0 if part == "nose" else 0.18 if part in ("shoulder", "elbow", "wrist") else 0.12
            across = -width if name.startswith("left_") else width
            xyz[:, k] = points.get(name, points.get(part, points["nose"])) + np.array([0, 0, across])
        yaw = np.radians(self.yaw_deg)
        right = xyz[..., 0] * np.cos(yaw) - xyz[..., 2] * np.sin(yaw)
        picture = np.stack([500 + self.px_per_m * right, 700 - self.px_per_m * xyz[..., 1]], -1)
        picture += np.random.default_rng(0).normal(0, self.noise_px, picture.shape) if self.noise_px else 0.0
        scores = np.full((len(time_s), 1, len(skeleton)), 0.9, np.float32)
        return PoseSequence(picture[:, None].astype(np.float32), scores, time_s, np.zeros(1, np.int64), skeleton)


@pytest.fixture(scope="session")
def figure() -> type[Figure]:
    return Figure


@pytest.fixture(scope="session")
def wave() -> Waves:
    return waves
