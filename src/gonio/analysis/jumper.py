"""A jumper over time: how high the feet and the hips are, and what errors of the keypoints make of that."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from gonio.analysis.keypoint_errors import KeypointErrors
from gonio.analysis.landmarks import Landmark, Limb, landmark, positions
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.readings import AXIS_COUNT, Channels, Gradient, Reading, channels_of, combined, reading, summed
from gonio.analysis.upright import upright
from gonio.analysis.validity import keypoint_reasons
from gonio.arrays import FloatArray64, IntArray
from gonio.structures.sequence import PoseSequence

_SIDES: tuple[Limb, Limb] = ("left", "right")
_UP = 1
_GROUND_BAND = 0.05
"""Leg lengths above their lowest tenth at which feet count as on the ground."""
_SOFT = 2.0
"""Standard deviations of their difference over which feet are told apart; the lower one is missed by a third of one."""
_NO_SD, _SURE = 1e-9, 40.0
_LEG_QUANTILE, _ABOUT_IT = 0.9, 0.8
"""Of the lengths of both legs over time, that which is a leg's; it moves as those from the second on do."""


@dataclass(frozen=True, slots=True, eq=False)
class Height:
    """A height over time, in leg lengths.

    Attributes:
        values: ``(T,)``; NaN where it is not known.
        channels: What its samples are made of, each of its own frame.
        shared: What all samples rest on beside: readings, each with derivatives ``(T,)`` by it.
    """

    values: FloatArray64
    channels: Channels
    shared: tuple[tuple[Reading, FloatArray64], ...] = ()

    def gradient(self, frames: IntArray, weights: FloatArray64) -> Gradient:
        """Of a weighted sum of a few samples."""
        own = {reading(frames, weights, self.channels, len(self.values)): 1.0}
        return summed((own, 1.0), *(({one: float(weights @ by[frames])}, 1.0) for one, by in self.shared))

    def sd(self, errors: KeypointErrors) -> FloatArray64:
        """``(T,)``: what the errors of each frame make of its sample."""
        parts = [(slope * errors.sd[:, channel // AXIS_COUNT]) ** 2 for channel, slope in self.channels.items()]
        return np.asarray(np.sqrt(np.sum(parts, axis=0)), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Jumper:
    """One person over a clip, lengths in legs.

    Attributes:
        time_s: ``(T,)``.
        feet: The lower foot above the ground; NaN where neither is seen.
        hips: Middle of the hips above any fixed height; the leg as unit is taken to be exact.
        leg: Length of a leg, hip to ankle, in the sequence's unit.
        toes: Whether toes are seen, else ankles stand for the feet.
        errors: Of the keypoints.
    """

    time_s: FloatArray64
    feet: Height
    hips: Height
    leg: float
    toes: bool
    errors: KeypointErrors


def jumper_of(sequence: PoseSequence, options: AnalysisOptions) -> Jumper | None:
    """Gather a jumper from the sequence of one person; None where hips or feet are never seen.

    Raises:
        ConfigError: If the sequence is not of one person.
    """
    usable = keypoint_reasons(sequence, options.min_score) == 0
    points = np.where(usable[..., None], upright(sequence, up_deg=options.up_deg)[:, 0], np.nan)

    def all_of(name: str) -> list[Landmark]:
        return [landmark(sequence.skeleton, name, side) for side in _SIDES]

    leg, leg_reading = _leg(points, all_of("hip"), all_of("ankle"))
    if leg_reading is None:
        return None
    errors = KeypointErrors.of(sequence)
    toes = all(np.isfinite(positions(points, toe)).all(axis=-1).mean() > 0.5 for toe in all_of("toe"))
    left, right = (_above_ground(points, foot, leg) for foot in all_of("toe" if toes else "ankle"))
    feet = _lower(left, right, _sd_of_difference(left, right, errors))
    in_legs = Height(feet.values, feet.channels, (*feet.shared, (leg_reading, -feet.values / leg)))
    hips = landmark(sequence.skeleton, "mid_hip")
    hip_height = Height(positions(points, hips)[:, _UP] / leg, combined((channels_of(hips, _UP), 1 / leg)))
    return Jumper(sequence.time_s, in_legs, hip_height, leg, toes, errors)


def _leg(points: FloatArray64, hips: list[Landmark], ankles: list[Landmark]) -> tuple[float, Reading | None]:
    """Length of a leg, and what it is made of."""
    legs = np.stack(
        [positions(points, ankle) - positions(points, hip) for hip, ankle in zip(hips, ankles, strict=True)]
    )
    lengths = np.linalg.norm(legs, axis=-1)
    if not np.isfinite(lengths).any():
        return np.nan, None
    long = lengths >= np.nanquantile(lengths, _ABOUT_IT)
    along = np.nan_to_num(legs / np.maximum(lengths, 1e-12)[..., None])
    parts = []
    for one, frames, hip, ankle in zip(along, map(np.flatnonzero, long), hips, ankles, strict=True):
        ends = (
            (channels_of(where, axis), sign * one[:, axis])
            for where, sign in ((ankle, 1), (hip, -1))
            for axis in range(points.shape[-1])
        )
        parts.append(reading(frames, np.full(len(frames), 1 / long.sum()), combined(*ends), len(points)))
    joined = (np.concatenate([getattr(part, name) for part in parts]) for name in ("at", "slopes"))
    return float(np.nanquantile(lengths, _LEG_QUANTILE)), Reading(*joined)


def _above_ground(points: FloatArray64, foot: Landmark, leg: float) -> Height:
    """Of one foot above where it stands: the middle of its lowest samples, which moves as the nearest half of them."""
    up = positions(points, foot)[:, _UP]
    moves = combined((channels_of(foot, _UP), 1 / leg))
    known = np.flatnonzero(np.isfinite(up))
    if not len(known):
        return Height(up, moves)
    low = known[up[known] <= np.quantile(up[known], 0.1) + _GROUND_BAND * leg]
    ground = float(np.median(up[low]))
    nearest = np.sort(low[np.argsort(np.abs(up[low] - ground))[: (len(low) + 1) // 2]])
    stands = reading(nearest, np.full(len(nearest), 1 / len(nearest)), moves, len(up))
    return Height((up - ground) / leg, moves, ((stands, np.full(len(up), -1.0)),))


def _sd_of_difference(left: Height, right: Height, errors: KeypointErrors) -> float:
    """Sd of one height minus the other, in the middle of the frames in which both are known; NaN of none."""
    both = np.flatnonzero(np.isfinite(left.values - right.values))
    if not len(both):
        return np.nan
    frame, once = both[[len(both) // 2]], np.ones(1)
    return errors.sd_of(summed((left.gradient(frame, once), 1.0), (right.gradient(frame, once), -1.0)))


def _lower(left: Height, right: Height, sd: float) -> Height:
    """The lower of two feet, and about their mean where errors do not let them be told apart.

    Each counts more the surer it is that it is the lower one. A plain minimum jumps from one to the other with the
    noise: it lies too low, and no derivative says how it errs.

    Args:
        left: Of one foot.
        right: Of the other.
        sd: Of their difference; NaN where unknown, and then the lower one is taken.

    Source:
        The weights of Clark, "The greatest of a finite set of random variables", Oper Res 9, 1961, with errors taken
        to be larger, so that noise changes them less. Their derivatives are means over the errors, statistical
        linearization: Gelb, Applied Optimal Estimation, 1974, chapter 6.
    """
    feet = (left, right)
    seen = [np.isfinite(foot.values) for foot in feet]
    apart = np.select([~seen[0], ~seen[1]], [-np.inf, np.inf], right.values - left.values)
    soft = max(_SOFT * sd, _NO_SD) if np.isfinite(sd) else _NO_SD
    wider = math.hypot(soft, soft / _SOFT)  # with the error of the difference itself
    share, mean_share = (ndtr(np.clip(apart / width, -_SURE, _SURE)) for width in (soft, wider))
    z = np.clip(apart / wider, -_SURE, _SURE)
    passed_on = (soft / wider) ** 2 * z * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)  # a foot that rises loses weight
    slopes = (mean_share + passed_on, 1 - mean_share - passed_on)
    parts = [np.where(known, foot.values, 0.0) for foot, known in zip(feet, seen, strict=True)]
    values = np.where(seen[0] | seen[1], share * parts[0] + (1 - share) * parts[1], np.nan)
    channels = combined(*((foot.channels, slope) for foot, slope in zip(feet, slopes, strict=True)))
    shared = ((one, by * slope) for foot, slope in zip(feet, slopes, strict=True) for one, by in foot.shared)
    return Height(values, channels, tuple(shared))
