"""The legs as smooth curves: where heel, toe, ankle and foot are, forward of the pelvis and above the ground.

Forward is counted from the pelvis, so walking along and walking on a treadmill look the same (Zeni 2008). A skeleton
without heels and toes has its ankle in their place; `Leg.has_foot` says so, and the events differ.
"""

from dataclasses import dataclass, replace

import numpy as np

from gonio.analysis.gait.direction import LIMBS, Body
from gonio.analysis.gait.features import Window
from gonio.analysis.gait.smoothing import Curve, Smoother, no_curve
from gonio.analysis.landmarks import Limb, landmark, positions
from gonio.analysis.readings import Channels, Reading, channels_of, combined
from gonio.arrays import FloatArray64, IntArray
from gonio.structures.sequence import PoseSequence

GRID_STEPS = 200
"""Per stride, about: 5 ms of walking; events are interpolated between."""
_HALF_WIDTH = 0.09
"""Of the smoothing, in strides, for clean keypoints: about the 10 Hz of laboratories in walking, 15 Hz in running."""
_HALF_WIDTH_PER_NOISE = 3.0
_WIDEST = 0.14
"""And for noisy ones, whose sd is given in leg lengths: 3 % of the body's height asks for the widest."""
_MIN_INTERVALS = 2.6
"""Frame intervals in half a width: the fewest that determine a cubic."""
_MIDDLE = (30, 70)
"""Percentiles of the speeds that a median of them moves with: fewer are too few to be sure of its slope."""
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
    hips = fitter.pelvis
    pelvis = Path(*(fitter.curve(hips.points[:, axis], hips.channels[axis]) for axis in (0, 1)))
    return tuple(leg for leg in legs if leg is not None), pelvis


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """A point over time: ``(T, 3)``, and what forward and up are made of."""

    points: FloatArray64
    channels: tuple[Channels, Channels]

    def __add__(self, other: "_Place") -> "_Place":
        pairs = zip(self.channels, other.channels, strict=True)
        forward, up = (combined((own, 1.0), (one, 1.0)) for own, one in pairs)
        return _Place(self.points + other.points, (forward, up))

    def scaled(self, factor: float) -> "_Place":
        forward, up = (combined((own, factor)) for own in self.channels)
        return _Place(self.points * factor, (forward, up))

    def __sub__(self, other: "_Place") -> "_Place":
        return self + other.scaled(-1.0)

    @property
    def distance(self) -> tuple[FloatArray64, Channels]:
        """``(T,)`` length of an arrow, and what it is made of."""
        length = np.linalg.norm(self.points[:, :2], axis=1)
        along = self.points[:, :2] / np.maximum(length, 1e-12)[:, None]
        return length, combined((self.channels[0], along[:, 0]), (self.channels[1], along[:, 1]))


class _Fitter:
    """Fits curves to one person's points with one grid and one width; keeps a `Smoother` for each pattern of gaps."""

    def __init__(self, body: Body, sequence: PoseSequence, stride_s: float) -> None:
        self.body, self.sequence, self.stride_s = body, sequence, stride_s
        first_s, last_s = float(sequence.time_s[0]), float(sequence.time_s[-1])
        steps = max(round((last_s - first_s) / stride_s * GRID_STEPS), 1)
        self.grid_s = np.linspace(first_s, last_s, steps + 1)  # to the very end, whatever the rounding
        self.pelvis = self.at("mid_hip")
        self._smoothers: dict[bytes, Smoother] = {}
        self.half_width_s = _half_width_s(body, sequence, stride_s, self.pelvis.points)

    def at(self, name: str, side: Limb | None = None) -> _Place:
        where = landmark(self.sequence.skeleton, name, side or "both")
        return _Place(positions(self.body.points, where), (channels_of(where, 0), channels_of(where, 1)))

    def seen(self, place: _Place) -> bool:
        return bool(np.isfinite(place.points[:, :2]).all(axis=1).mean() >= _SEEN)

    def sd(self, name: str, side: Limb) -> float:
        """Known standard deviation of a keypoint; NaN where unknown."""
        where = landmark(self.sequence.skeleton, name, side)
        if self.sequence.keypoint_sd is None or not where.indices:
            return float("nan")
        sd = self.sequence.keypoint_sd[:, 0, list(where.indices)].astype(np.float64)
        return float(np.sqrt(np.nanmean(sd**2))) if np.isfinite(sd).any() else float("nan")

    def curve(self, samples: FloatArray64, channels: Channels | None = None, sample_sd: float = float("nan")) -> Curve:
        seen = np.isfinite(samples)
        if not seen.any():
            return no_curve(self.grid_s)
        gaps = seen.tobytes()
        if gaps not in self._smoothers:
            times = self.sequence.time_s[seen]
            self._smoothers[gaps] = Smoother(times, self.grid_s, half_width_s=self.half_width_s)
        smoother = self._smoothers[gaps]
        curve = smoother.fit(samples[seen], sample_sd=sample_sd)
        if channels is None:
            return curve
        return replace(curve, fit=smoother.made_of(channels, np.flatnonzero(seen), len(seen)))

    def path(self, place: _Place, sd: float) -> Path:
        ahead = place - self.pelvis
        return Path(
            self.curve(ahead.points[:, 0], ahead.channels[0], sd), self.curve(place.points[:, 1], place.channels[1], sd)
        )


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
    foot = fitter.path((heel + toe).scaled(0.5), sd / np.sqrt(2) if has_foot else sd)
    anchor = hip if fitter.seen(hip) else fitter.pelvis
    return Leg(
        side=side,
        heel=fitter.path(heel, sd),
        toe=fitter.path(toe, sd),
        foot=foot,
        ankle=fitter.path(ankle, sd),
        reach=fitter.curve(*(ankle - anchor).distance, sd),
        knee=_knee(fitter, side, anchor, ankle, sd),
        stride_s=fitter.stride_s,
        ground_speed=_ground_speed(foot.forward),
        has_foot=has_foot,
    )


def _knee(fitter: _Fitter, side: Limb, hip: _Place, ankle: _Place, sd: float) -> Curve | None:
    knee = fitter.at("knee", side)
    if not fitter.seen(knee):
        return None
    thigh, shank = ((end.points - knee.points)[:, :2] for end in (hip, ankle))
    cross = thigh[:, 0] * shank[:, 1] - thigh[:, 1] * shank[:, 0]
    extension = np.degrees(np.arctan2(np.abs(cross), (thigh * shank).sum(axis=1)))
    length = float(np.nanmedian(np.linalg.norm(shank, axis=1)))
    return fitter.curve(extension, None, float(np.degrees(sd / length) * 2))  # four ends of two segments, sd each


def ground_speed_reading(leg: Leg) -> Reading | None:
    """`Leg.ground_speed` as a sum of keypoint coordinates; a median moves as the middle of its values do."""
    velocities = leg.foot.forward.velocity
    under = _under_pelvis(leg.foot.forward)
    if not len(under):
        return None
    low, high = np.percentile(velocities[under], _MIDDLE)
    middle = under[(velocities[under] >= low) & (velocities[under] <= high)]
    return leg.foot.forward.mean_reading(middle, 1, np.full(len(middle), -1 / len(middle)))


def _ground_speed(forward: Curve) -> float:
    """Median backward speed while the foot is about under the pelvis, where it stands on the ground."""
    under = _under_pelvis(forward)
    return float(-np.median(forward.velocity[under])) if len(under) else float("nan")


def _under_pelvis(forward: Curve) -> IntArray:
    """Of the grid, when a foot stands; empty without hips."""
    if not np.isfinite(forward.position).any():
        return np.zeros(0, np.int64)
    low, high = np.nanpercentile(forward.position, (25, 75))
    return np.flatnonzero((forward.position > low) & (forward.position < high) & (forward.velocity < 0))


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
