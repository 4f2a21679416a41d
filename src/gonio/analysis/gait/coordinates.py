"""The legs as smooth curves: where heel, toe, ankle and foot are, forward of the pelvis and above the ground.

Forward is counted from the pelvis, so walking along and walking on a treadmill look the same (Zeni 2008). A skeleton
without heels and toes has its ankle in their place; `Leg.has_foot` says so, and the events differ.
"""

from dataclasses import dataclass

import numpy as np

from gonio.analysis.gait.direction import LIMBS, Body
from gonio.analysis.gait.features import Window
from gonio.analysis.gait.smoothing import Curve, Smoother, no_curve
from gonio.analysis.landmarks import Limb, landmark, positions
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

GRID_STEPS = 200
"""Per stride: 5 ms of walking; events are interpolated between."""
_HALF_WIDTH = 0.09
"""Of the smoothing, in strides, for clean keypoints: about the 10 Hz of laboratories in walking, 15 Hz in running."""
_HALF_WIDTH_PER_NOISE = 3.0
_WIDEST = 0.14
"""And for noisy ones, whose sd is given in leg lengths: 3 % of the body's height asks for the widest."""
_MIN_INTERVALS = 2.6
"""Frame intervals in half a width: the fewest that determine a cubic."""
_SEEN = 0.5
"""Share of the frames in which a keypoint must be seen to be used at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Of one point: forward (of a leg: of the pelvis), and up."""

    forward: Curve
    up: Curve

    def over_ground(self, ground_speed: float) -> Curve:
        """Its speed over the ground, where the standing foot's is 0: a curve of order 0 only."""
        forward, up = self.forward.values[1] + ground_speed, self.up.values[1]
        speed = np.hypot(forward, up)
        variance = (forward * self.forward.sd[1]) ** 2 + (up * self.up.sd[1]) ** 2
        sd = np.sqrt(variance) / np.maximum(speed, 1e-12)
        return Curve(self.forward.time_s, speed[None], sd[None])


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """What the methods look at, of one leg.

    Attributes:
        side: The person's.
        heel: Or the ankle.
        toe: Or the ankle.
        foot: Middle between heel and toe, or the ankle.
        ankle: Or the heel.
        reach: Distance from hip to ankle (or heel): how far the leg is stretched.
        knee: Knee extension, degrees, 180 straight; None without a knee.
        stride_s: Time of a stride.
        ground_speed: At which the standing foot moves back under the pelvis: the speed of travel or belt, per second.
        has_foot: Whether heel and toe were seen.
    """

    side: Limb
    heel: Path
    toe: Path
    foot: Path
    ankle: Path
    reach: Curve
    knee: Curve | None
    stride_s: float
    ground_speed: float
    has_foot: bool

    @property
    def span(self) -> Window:
        """The whole time."""
        return Window(float(self.foot.forward.time_s[0]), float(self.foot.forward.time_s[-1]))


def legs_and_pelvis(body: Body, sequence: PoseSequence, stride_s: float) -> tuple[tuple[Leg, ...], Path]:
    """Both legs, without one that was hardly seen, and the middle of the hips, forward over the ground and up.

    Args:
        body: As `body_of` turned it.
        sequence: For times, skeleton and ``keypoint_sd``.
        stride_s: Time of a stride, roughly: all smoothing is in parts of it.
    """
    fitter = _Fitter(body, sequence, stride_s)
    legs = (_leg(side, fitter) for side in LIMBS)
    pelvis = Path(fitter.curve(fitter.pelvis[:, 0]), fitter.curve(fitter.pelvis[:, 1]))
    return tuple(leg for leg in legs if leg is not None), pelvis


class _Fitter:
    """Fits curves to one person's points with one grid and one width; keeps a `Smoother` for each pattern of gaps."""

    def __init__(self, body: Body, sequence: PoseSequence, stride_s: float) -> None:
        self.body, self.sequence, self.stride_s = body, sequence, stride_s
        step = stride_s / GRID_STEPS
        self.grid_s = np.arange(sequence.time_s[0], sequence.time_s[-1] + step / 2, step)
        self.pelvis = self.at("mid_hip")
        self._smoothers: dict[bytes, Smoother] = {}
        self.half_width_s = _half_width_s(body, sequence, stride_s, self.pelvis)

    def at(self, name: str, side: Limb | None = None) -> FloatArray64:
        """``(T, 3)``."""
        return positions(self.body.points, landmark(self.sequence.skeleton, name, side or "both"))

    def seen(self, points: FloatArray64) -> bool:
        return bool(np.isfinite(points[:, :2]).all(axis=1).mean() >= _SEEN)

    def sd(self, name: str, side: Limb) -> float:
        """Known standard deviation of a keypoint; NaN where unknown."""
        where = landmark(self.sequence.skeleton, name, side)
        if self.sequence.keypoint_sd is None or not where.indices:
            return float("nan")
        sd = self.sequence.keypoint_sd[:, 0, list(where.indices)].astype(np.float64)
        return float(np.sqrt(np.nanmean(sd**2))) if np.isfinite(sd).any() else float("nan")

    def curve(self, samples: FloatArray64, sample_sd: float = float("nan")) -> Curve:
        seen = np.isfinite(samples)
        if not seen.any():
            return no_curve(self.grid_s)
        gaps = seen.tobytes()
        if gaps not in self._smoothers:
            times = self.sequence.time_s[seen]
            self._smoothers[gaps] = Smoother(times, self.grid_s, half_width_s=self.half_width_s)
        return self._smoothers[gaps].fit(samples[seen], sample_sd=sample_sd)

    def path(self, points: FloatArray64, sd: float) -> Path:
        return Path(self.curve((points - self.pelvis)[:, 0], sd), self.curve(points[:, 1], sd))


def _leg(side: Limb, fitter: _Fitter) -> Leg | None:
    heel, toe, ankle, hip = (fitter.at(name, side) for name in ("heel", "toe", "ankle", "hip"))
    has_foot = fitter.seen(heel) and fitter.seen(toe)
    if not fitter.seen(ankle):
        ankle = heel
    if not has_foot:
        heel = toe = ankle
    if not fitter.seen(ankle):
        return None
    sd = fitter.sd("ankle", side)
    foot = fitter.path((heel + toe) / 2, sd / np.sqrt(2) if has_foot else sd)
    anchor = hip if fitter.seen(hip) else fitter.pelvis
    return Leg(
        side=side,
        heel=fitter.path(heel, sd),
        toe=fitter.path(toe, sd),
        foot=foot,
        ankle=fitter.path(ankle, sd),
        reach=fitter.curve(np.linalg.norm((ankle - anchor)[:, :2], axis=1), sd),
        knee=_knee(fitter, side, anchor, ankle, sd),
        stride_s=fitter.stride_s,
        ground_speed=_ground_speed(foot.forward),
        has_foot=has_foot,
    )


def _knee(fitter: _Fitter, side: Limb, hip: FloatArray64, ankle: FloatArray64, sd: float) -> Curve | None:
    knee = fitter.at("knee", side)
    if not fitter.seen(knee):
        return None
    thigh, shank = (hip - knee)[:, :2], (ankle - knee)[:, :2]
    cross = thigh[:, 0] * shank[:, 1] - thigh[:, 1] * shank[:, 0]
    extension = np.degrees(np.arctan2(np.abs(cross), (thigh * shank).sum(axis=1)))
    length = float(np.nanmedian(np.linalg.norm(shank, axis=1)))
    return fitter.curve(extension, float(np.degrees(sd / length) * 2))  # four ends of two segments, sd each


def _ground_speed(forward: Curve) -> float:
    """Median backward speed while the foot is about under the pelvis, where it stands on the ground."""
    if not np.isfinite(forward.position).any():
        return float("nan")  # without hips
    low, high = np.nanpercentile(forward.position, (25, 75))
    under = (forward.position > low) & (forward.position < high) & (forward.velocity < 0)
    return float(-np.median(forward.velocity[under])) if under.any() else float("nan")


def _half_width_s(body: Body, sequence: PoseSequence, stride_s: float, pelvis: FloatArray64) -> float:
    """As narrow as the noise and the frame rate allow."""
    interval = float(np.median(np.diff(sequence.time_s)))
    jitter = np.diff(pelvis[:, 1], n=3)
    jitter = jitter[np.isfinite(jitter)]
    noise = 0.0
    if len(jitter):  # third differences of white noise have 20 times its variance; of the pelvis' height little else
        noise = float(np.median(np.abs(jitter))) / 0.6745 / np.sqrt(20) / body.leg_length
    width = min(_HALF_WIDTH + _HALF_WIDTH_PER_NOISE * noise, _WIDEST)
    return max(width * stride_s, _MIN_INTERVALS * interval)
