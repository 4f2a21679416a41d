"""A golfer made of numbers: a body and a club in space, turned by forward kinematics and seen by a virtual camera.

Its events are read from the *club*, as GolfDB's labellers did: shaft level, club turning round, ball met. The analysis
sees the body's keypoints only, so it cannot be right by construction. Timing follows GolfDB's labels (medians over
1400 swings of the time from address to finish); angles are plausible ones of a full swing, drawn anew for each golfer.
No measured swing is behind them.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from scipy.interpolate import PchipInterpolator

from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

Camera = Literal["face_on", "down_the_line"]
Truth = dict[str, float]
"""Event to seconds."""

_FRACTIONS = {
    "toe_up": 0.25,
    "mid_backswing": 0.34,
    "top": 0.49,
    "mid_downswing": 0.57,
    "impact": 0.64,
    "released": 0.68,
}
"""Median time of GolfDB's events as a part of the time from address to finish."""
_HEIGHT_M = 1.78
_ARM_M, _SHOULDER_HALF_M, _HIP_HALF_M, _TRUNK_M = (share * _HEIGHT_M for share in (0.332, 0.13, 0.055, 0.288))
"""Winter, Biomechanics and Motor Control of Human Movement, 2009, after Drillis and Contini 1966."""
_GRIP_M = 0.09
_CAMERA_M, _CAMERA_HEIGHT_M, _PX_PER_M_AT_GOLFER = 5.0, 1.1, 250.0


@dataclass(frozen=True, slots=True)
class Golfer:
    """One way to swing; angles in degrees.

    Attributes:
        backswing_s: Address to top.
        tempo: Backswing over downswing.
        still_s: Before address.
        hold_s: Of the final pose; the event Finish is its end.
        waggle_deg: How far the arms move to and fro before they are still.
        arm_deg: Lead arm from straight down, within its plane, at address, toe-up, top, impact and in the final pose.
        hinge_deg: Club from the line of the lead arm at address, top and mid-downswing.
        club_impact_deg: Of the club from straight down.
        lag: Time by which the club turns round after the hands, as a part of the swing.
        arm_plane_deg: Of the arms' plane to the ground.
        bend_deg: Forward bend of the trunk.
        shoulder_turn_deg: At the top.
        hip_turn_deg: At the top.
        sway_m: Of the pelvis, away from the target at the top and twice as much back to impact.
    """

    backswing_s: float = 0.87
    tempo: float = 3.43
    still_s: float = 0.8
    hold_s: float = 0.25
    waggle_deg: float = 0.0
    arm_deg: tuple[float, float, float, float, float] = (17, 48, 135, 9, -170)
    hinge_deg: tuple[float, float, float] = (-14, 95, 98)
    club_impact_deg: float = 1.0
    lag: float = 0.01
    arm_plane_deg: float = 70.0
    bend_deg: float = 36.0
    shoulder_turn_deg: float = 88.0
    hip_turn_deg: float = 44.0
    sway_m: float = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Swing:
    """What happens in space.

    Attributes:
        time_s: ``(T,)``.
        points: Keypoint name to ``(T, 3)`` m: x to the target, y up, z to the ball; of a right-handed golfer.
        truth: The eight events.
    """

    time_s: FloatArray64
    points: dict[str, FloatArray64]
    truth: Truth = field(default_factory=dict)


def random_golfer(rng: np.random.Generator) -> Golfer:
    """Somebody else; spreads are wide guesses, that of the tempo has GolfDB's quartiles 3.0 and 4.1."""

    def around(mean: float, sd: float) -> float:
        return float(mean + sd * np.clip(rng.normal(), -2, 2))

    return Golfer(
        backswing_s=around(0.87, 0.12),
        tempo=float(np.exp(around(np.log(3.43), 0.22))),
        still_s=float(rng.uniform(0.3, 1.5)),
        hold_s=float(rng.uniform(0.15, 0.6)),
        waggle_deg=float(rng.choice([0.0, 5.0])),
        arm_deg=(around(17, 3), around(48, 6), around(135, 12), around(9, 5), around(-170, 10)),
        hinge_deg=(around(-14, 4), around(95, 8), around(98, 8)),
        club_impact_deg=around(1, 2),
        lag=float(rng.uniform(0, 0.02)),
        arm_plane_deg=around(70, 4),
        bend_deg=around(36, 4),
        shoulder_turn_deg=around(88, 8),
        hip_turn_deg=around(44, 7),
        sway_m=around(0.03, 0.015),
    )


def swing(golfer: Golfer, *, fps: float = 30.0, start_s: float = 0.0) -> Swing:
    """The golfer's swing at the times of the frames, and its events between them."""
    angles = _Angles(golfer)
    fine = np.arange(0, angles.end_s, 1e-3)
    frames = np.arange(start_s, angles.end_s, 1 / fps)
    return Swing(frames, _body(golfer, angles, frames), _events(golfer, angles, fine))


def filmed(
    swing: Swing,
    *,
    camera: Camera,
    left_handed: bool = False,
    noise: float = 0.0,
    rng: np.random.Generator | None = None,
    slow_motion: float = 1.0,
) -> PoseSequence:
    """The swing as a sequence of COCO keypoints in px.

    Args:
        swing: Of `swing`.
        camera: Before the golfer, or behind them looking at the target; 5 m away, 1.1 m high.
        left_handed: The mirror image: sides exchanged.
        noise: Standard deviation of each coordinate, as a part of the golfer's height in the picture.
        rng: For the noise.
        slow_motion: Times are stretched by this.
    """
    skeleton = load_skeleton("coco17")
    space = np.stack([swing.points[name] for name in skeleton.keypoint_names], axis=1)
    picture = _projected(space, camera)
    sd = noise * _HEIGHT_M * _PX_PER_M_AT_GOLFER
    if rng is not None and noise > 0:
        picture = picture + rng.normal(0, sd, picture.shape)
    if left_handed:
        picture = picture[:, list(skeleton.flip_indices)] * (-1, 1) + (960, 0)
    shape = picture.shape[:2]
    return PoseSequence(
        keypoints=picture[:, None].astype(np.float32),
        scores=np.full((shape[0], 1, shape[1]), 0.9, np.float32),
        time_s=swing.time_s * slow_motion,
        track_ids=np.zeros(1, np.int64),
        skeleton=skeleton,
        keypoint_sd=np.full((shape[0], 1, shape[1]), sd, np.float32),
    )


def in_space(swing: Swing) -> PoseSequence:
    """The swing as markers would see it: three dimensions, metres, y up."""
    skeleton = load_skeleton("coco17")
    space = np.stack([swing.points[name] for name in skeleton.keypoint_names], axis=1)[:, None]
    scores = np.ones(space.shape[:3], np.float32)
    return replace(
        PoseSequence(space.astype(np.float32), scores, swing.time_s, np.zeros(1, np.int64), skeleton, unit="m"),
        history=("synthetic golfer",),
    )


class _Angles:
    """The golfer's angles as smooth functions of time, in degrees; flat before address and in the final pose."""

    def __init__(self, golfer: Golfer) -> None:
        swing_s = self._swing_s(golfer)
        self.golfer = golfer
        self.address_s = golfer.still_s
        self.at = {name: golfer.still_s + share * swing_s for name, share in self._fractions(golfer).items()}
        self.finish_s = self.at["posed"] + golfer.hold_s
        self.end_s = self.finish_s + 0.8
        address, toe_up, top, impact, posed = golfer.arm_deg
        hinge, hinge_top, hinge_down = golfer.hinge_deg
        club = golfer.club_impact_deg
        self.arm = self._through(address, toe_up, 90, top, 90, impact, -47, posed, relaxed=posed + 60)
        self.hinge = self._through(
            *(hinge, 90 - toe_up, 75, hinge_top, hinge_down, club - impact, -43, -100), relaxed=-60, late=golfer.lag
        )
        turn, hips = golfer.shoulder_turn_deg, golfer.hip_turn_deg
        self.shoulder_turn = self._through(0, 0.4 * turn, 0.62 * turn, turn, 0.5 * turn, -22, -40, -105, relaxed=-90)
        self.hip_turn = self._through(0, 0.35 * hips, 0.6 * hips, hips, 0, -38, -48, -88, relaxed=-80)
        self.unbend = self._through(0, 0, 0, 0, 0, 0.1, 0.2, 0.8, relaxed=1)
        self.fold = self._through(0, 0, 0, 0, 0, 0, 0, 0.35, relaxed=0.4)
        sway = golfer.sway_m
        self.sway = self._through(0, -0.4 * sway, -0.7 * sway, -sway, 0, sway, 1.3 * sway, 3 * sway, relaxed=3 * sway)

    @staticmethod
    def _swing_s(golfer: Golfer) -> float:
        return golfer.backswing_s / _FRACTIONS["top"]

    def _fractions(self, golfer: Golfer) -> Truth:
        """GolfDB's medians, with the downswing scaled to the golfer's tempo; ``posed``: the final pose is reached."""
        top = _FRACTIONS["top"]
        scale = top / golfer.tempo / (_FRACTIONS["impact"] - top)
        after = {name: top + (share - top) * scale for name, share in _FRACTIONS.items() if share >= top}
        return {"address": 0.0, **_FRACTIONS, **after, "posed": after["impact"] + 0.27}

    def _through(self, *values: float, relaxed: float, late: float = 0.0) -> PchipInterpolator:
        times = list(self.at.values())
        shift = late * self._swing_s(self.golfer)
        times = [time + shift * (name == "top") for name, time in zip(self.at, times, strict=True)]
        return PchipInterpolator(
            [-1, *times, self.finish_s, self.end_s, self.end_s + 1], [values[0], *values, values[-1], relaxed, relaxed]
        )

    def arm_deg(self, time_s: FloatArray64) -> FloatArray64:
        """With the waggle, which ends a quarter of a second before address."""
        ends = self.address_s - 0.25
        waggle = self.golfer.waggle_deg * np.sin(2 * np.pi * (ends - time_s)) * (time_s < ends)
        return np.asarray(self.arm(time_s) + waggle, np.float64)


def _body(golfer: Golfer, angles: _Angles, time_s: FloatArray64) -> dict[str, FloatArray64]:
    bend = np.radians(golfer.bend_deg) * (1 - angles.unbend(time_s))
    pelvis = np.stack([angles.sway(time_s), np.full_like(time_s, 0.92), np.full_like(time_s, -0.12)], axis=-1)
    spine = np.stack([np.zeros_like(bend), np.cos(bend), np.sin(bend)], axis=-1)
    chest = pelvis + _TRUNK_M * spine
    lead_shoulder, trail_shoulder = _pair(chest, _SHOULDER_HALF_M, angles.shoulder_turn(time_s), bend)
    lead_hip, trail_hip = _pair(pelvis, _HIP_HALF_M, angles.hip_turn(time_s), 0.3 * bend)
    arm = np.radians(angles.arm_deg(time_s))
    reach = _ARM_M * (1 - angles.fold(time_s))[:, None]
    lead_wrist = lead_shoulder + reach * _in_plane(arm, golfer)
    club = _in_plane(arm + np.radians(angles.hinge(time_s)), golfer)
    trail_wrist = lead_wrist + _GRIP_M * club
    head = chest + 0.13 * _HEIGHT_M * np.array([0, 0.9, 0.25])

    def of_head(x: float, y: float, z: float) -> FloatArray64:
        return np.asarray(head + np.array([x, y, z]), np.float64)

    points = {
        **{"left_shoulder": lead_shoulder, "right_shoulder": trail_shoulder, "left_hip": lead_hip},
        **{"right_hip": trail_hip, "left_wrist": lead_wrist, "right_wrist": trail_wrist},
        "left_elbow": _elbow(lead_shoulder, lead_wrist),
        "right_elbow": _elbow(trail_shoulder, trail_wrist),
        "nose": of_head(0, 0, 0.1),
        **{f"{side}_eye": of_head(sign * 0.03, 0.03, 0.08) for side, sign in (("left", 1), ("right", -1))},
        **{f"{side}_ear": of_head(sign * 0.07, 0, 0) for side, sign in (("left", 1), ("right", -1))},
    }
    for side, sign, hip in (("left", 1, lead_hip), ("right", -1, trail_hip)):
        ankle = np.broadcast_to([sign * 0.22, 0.08, -0.02], hip.shape)
        points[f"{side}_ankle"] = ankle
        points[f"{side}_knee"] = (hip + ankle) / 2 + (0, 0, 0.1)
    return points


def _pair(middle: FloatArray64, half: float, turn_deg: FloatArray64, bend: FloatArray64) -> tuple[FloatArray64, ...]:
    """Lead and trail end of a line across the body, turned about an axis that is bent forward."""
    turn = np.radians(turn_deg)
    forward = np.stack([np.zeros_like(bend), -np.sin(bend), np.cos(bend)], axis=-1)
    across = np.cos(turn)[:, None] * np.array([1.0, 0, 0]) + np.sin(turn)[:, None] * forward
    return middle + half * across, middle - half * across


def _in_plane(angle: FloatArray64, golfer: Golfer) -> FloatArray64:
    """Direction at ``angle`` from straight down within the arms' plane; positive away from the target."""
    steep = np.radians(golfer.arm_plane_deg)
    down = np.array([0, -np.sin(steep), np.cos(steep)])
    return np.asarray(np.cos(angle)[:, None] * down - np.sin(angle)[:, None] * np.array([1.0, 0, 0]), np.float64)


def _elbow(shoulder: FloatArray64, wrist: FloatArray64) -> FloatArray64:
    """Between them, lower by what the arm is folded."""
    folded = np.clip(_ARM_M**2 - ((wrist - shoulder) ** 2).sum(axis=-1), 0, None)
    return np.asarray((shoulder + wrist) / 2 - np.sqrt(folded)[:, None] / 2 * np.array([0, 1.0, 0]), np.float64)


def _events(golfer: Golfer, angles: _Angles, fine: FloatArray64) -> Truth:
    body = _body(golfer, angles, fine)
    club = angles.arm_deg(fine) + angles.hinge(fine)
    above = body["left_wrist"][:, 1] - body["left_shoulder"][:, 1]
    top = fine[np.argmax(np.where(fine < angles.at["impact"], club, -np.inf))]
    back, down = (fine > angles.address_s) & (fine < top), (fine > top) & (fine < angles.at["impact"])
    return {
        "address": angles.address_s,
        "toe_up": _first(fine, back & (club > 90)),
        "mid_backswing": _first(fine, back & (above > 0)),
        "top": float(top),
        "mid_downswing": _first(fine, down & (above < 0)),
        "impact": angles.at["impact"],
        "mid_follow_through": _first(fine, (fine > angles.at["impact"]) & (club < -90)),
        "finish": angles.finish_s,
    }


def _first(time_s: FloatArray64, holds: FloatArray64) -> float:
    return float(time_s[np.argmax(holds)])


def _projected(space: FloatArray64, camera: Camera) -> FloatArray64:
    """Pinhole camera, level; ``(T, K, 3)`` m to ``(T, K, 2)`` px."""
    x, y, z = np.moveaxis(space, -1, 0)
    right, depth = (x, _CAMERA_M - z) if camera == "face_on" else (z, _CAMERA_M + x)
    scale = _PX_PER_M_AT_GOLFER * _CAMERA_M / depth
    return np.stack([480 + scale * right, 400 - scale * (y - _CAMERA_HEIGHT_M)], axis=-1)
