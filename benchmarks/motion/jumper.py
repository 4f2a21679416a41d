"""A jumper made of numbers: hips on a known path, ballistic in flight, legs by two-link geometry, seen from the side.

What is true is exact: take-off, landing and the height that the hips gain between take-off and apex. No measured jump
is behind it; shapes before take-off and after landing are smooth guesses.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

GRAVITY = 9.81
_HEIGHT_M = 1.75
_THIGH_M, _SHANK_M, _TRUNK_M, _ANKLE_M = (share * _HEIGHT_M for share in (0.245, 0.246, 0.288, 0.039))
_HEEL_RISE_M = 0.085
"""Of the ankle, on tiptoe."""
_PX_PER_M = 220.0


@dataclass(frozen=True, slots=True)
class Jumper:
    """Jumps in place.

    Attributes:
        heights_m: Gain of the hips in each jump.
        contact_s: From a landing to the next take-off.
        crouch_m: How far the hips go down before the first jump.
        landing_bend_m: How much lower the hips are at landing than at take-off.
        tuck_m: How far the feet are drawn up in the middle of the flight.
        still_s: Before and after.
    """

    heights_m: tuple[float, ...] = (0.35,)
    contact_s: float = 0.6
    crouch_m: float = 0.25
    landing_bend_m: float = 0.0
    tuck_m: float = 0.0
    still_s: float = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Jumps:
    """What happens.

    Attributes:
        sequence: Side view, px.
        take_off_s: One for each jump.
        landing_s: Likewise.
    """

    sequence: PoseSequence
    take_off_s: list[float]
    landing_s: list[float]


def random_jumper(rng: np.random.Generator, *, jumps: int = 1) -> Jumper:
    """Somebody else."""
    return Jumper(
        heights_m=tuple(rng.uniform(0.15, 0.55, jumps).tolist()),
        contact_s=float(rng.uniform(0.4, 0.9)),
        crouch_m=float(rng.uniform(0.15, 0.35)),
        landing_bend_m=float(rng.uniform(0, 0.04)),
        tuck_m=float(rng.uniform(0, 0.05)),
        still_s=float(rng.uniform(0.4, 1.2)),
    )


def filmed_jump(
    jumper: Jumper,
    *,
    fps: float = 60.0,
    skeleton: str = "halpe26",
    noise: float = 0.0,
    start_s: float = 0.0,
    rng: np.random.Generator | None = None,
) -> Jumps:
    """The jumps from the right side, 220 px a metre.

    Args:
        jumper: Who.
        fps: Frames a second.
        skeleton: ``"halpe26"`` has toes, ``"coco17"`` has none.
        noise: Standard deviation of each coordinate, as a part of the jumper's height in the picture.
        start_s: Time of the first frame.
        rng: For the noise.
    """
    path = _Path(jumper)
    time_s = np.arange(start_s, path.end_s, 1 / fps)
    points = _body(path, time_s)
    names = load_skeleton(skeleton)
    metres = np.stack([points[_without_side(name)] for name in names.keypoint_names], axis=1)
    picture = (400.0, 620.0) + metres * (_PX_PER_M, -_PX_PER_M)
    sd = noise * _HEIGHT_M * _PX_PER_M
    if rng is not None and noise > 0:
        picture = picture + rng.normal(0, sd, picture.shape)
    shape = (*picture.shape[:1], 1, picture.shape[1])
    sequence = PoseSequence(
        keypoints=picture[:, None].astype(np.float32),
        scores=np.full(shape, 0.9, np.float32),
        time_s=time_s,
        track_ids=np.zeros(1, np.int64),
        skeleton=names,
        keypoint_sd=np.full(shape, sd, np.float32),
    )
    return Jumps(sequence, path.take_off_s, path.landing_s)


class _Path:
    """Heights over time, piece by piece: rest, crouch, push, flight, yield, and so on."""

    def __init__(self, jumper: Jumper) -> None:
        self.jumper = jumper
        standing = _ANKLE_M + _SHANK_M + _THIGH_M - 0.02
        self.extended = standing + _HEEL_RISE_M
        landed = self.extended - jumper.landing_bend_m
        knots = [(-1.0, standing, 0.0), (jumper.still_s, standing, 0.0)]
        self.take_off_s: list[float] = []
        self.landing_s: list[float] = []
        self.flights: list[tuple[float, float, float]] = []  # take-off, landing, speed
        low = standing - jumper.crouch_m
        for i, height in enumerate(jumper.heights_m):
            speed = math.sqrt(2 * GRAVITY * height)
            start_s = knots[-1][0]
            down_s = 0.45 if i == 0 else jumper.contact_s * 0.5
            push_s = 2.2 * (self.extended - low) / speed if i == 0 else jumper.contact_s * 0.5
            take_off_s = start_s + down_s + push_s
            flight_s = (speed + math.sqrt(speed**2 + 2 * GRAVITY * jumper.landing_bend_m)) / GRAVITY
            landing_s = take_off_s + flight_s
            knots += [(start_s + down_s, low, 0.0), (take_off_s, self.extended, speed)]
            knots += [(landing_s, landed, speed - GRAVITY * flight_s)]
            self.take_off_s.append(take_off_s)
            self.landing_s.append(landing_s)
            self.flights.append((take_off_s, landing_s, speed))
        knots += [(landing_s + 0.2, low, 0.0), (landing_s + 0.9, standing, 0.0)]
        self.end_s = knots[-1][0] + jumper.still_s
        knots += [(self.end_s + 1, standing, 0.0)]
        self._hip = CubicHermiteSpline(*np.array(knots).T)

    def hip(self, time_s: FloatArray64) -> FloatArray64:
        """Height of the hips."""
        height = self._hip(time_s)
        for take_off_s, landing_s, speed in self.flights:
            t = time_s - take_off_s
            inside = (t >= 0) & (time_s < landing_s)
            height = np.where(inside, self.extended + speed * t - GRAVITY / 2 * t**2, height)
        return np.asarray(height, np.float64)

    def toe(self, time_s: FloatArray64) -> FloatArray64:
        """Height of the toes: 0 on the ground; in flight with the hips, legs drawn up on the way."""
        height = np.zeros_like(time_s)
        for take_off_s, landing_s, _ in self.flights:
            share = (time_s - take_off_s) / (landing_s - take_off_s)
            drawn = self.jumper.landing_bend_m * share + self.jumper.tuck_m * np.sin(np.pi * np.clip(share, 0, 1)) ** 2
            inside = (share >= 0) & (share < 1)
            height = np.where(inside, self.hip(time_s) - self.extended + drawn, height)
        return height

    def heel_rise(self, time_s: FloatArray64) -> FloatArray64:
        """Of the ankle above the toes: up in the last tenth of a second of the push, down in as much after landing."""
        rise = np.zeros_like(time_s)
        for take_off_s, landing_s, _ in self.flights:
            up = np.clip(1 - (take_off_s - time_s) / 0.1, 0, 1)
            down = np.clip(1 - (time_s - landing_s) / 0.08, 0, 1)
            rise = np.maximum(rise, np.minimum(up, down))
        return _HEEL_RISE_M * rise


def _body(path: _Path, time_s: FloatArray64) -> dict[str, FloatArray64]:
    def at(x: float | FloatArray64, y: FloatArray64) -> FloatArray64:
        return np.stack([np.broadcast_to(x, y.shape), y], axis=-1)

    toe = path.toe(time_s)
    ankle_y = toe + _ANKLE_M + path.heel_rise(time_s)
    hip_y = path.hip(time_s)
    leg = np.clip(hip_y - ankle_y, 0.1, _THIGH_M + _SHANK_M - 1e-6)
    along = (leg**2 + _SHANK_M**2 - _THIGH_M**2) / (2 * leg)
    forward = np.sqrt(np.clip(_SHANK_M**2 - along**2, 0, None))
    shoulder = hip_y + _TRUNK_M
    return {
        **{"ankle": at(0.0, ankle_y), "knee": at(forward, ankle_y + along), "hip": at(0.0, hip_y)},
        **{"mid_hip": at(0.0, hip_y), "shoulder": at(0.03, shoulder), "neck": at(0.03, shoulder)},
        **{"elbow": at(0.0, shoulder - 0.3), "wrist": at(0.1, shoulder - 0.5)},
        **{"big_toe": at(0.15, toe + 0.02), "small_toe": at(0.13, toe + 0.02)},
        "heel": at(-0.05, toe + 0.03 + path.heel_rise(time_s)),
        **{"nose": at(0.15, shoulder + 0.2), "eye": at(0.12, shoulder + 0.23), "ear": at(0.05, shoulder + 0.22)},
        "head_top": at(0.05, shoulder + 0.32),
    }


def _without_side(name: str) -> str:
    return name.removeprefix("left_").removeprefix("right_")
