"""Which way a person faces and moves: along the ground, or in place on a treadmill.

`upright` gives the picture's right, or in space where the hips face. What is called forward here is where the feet
point, the knees bend and the head looks, so that a side view from either side and a treadmill read the same.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gonio.analysis.landmarks import Landmark, Limb, landmark, positions
from gonio.analysis.readings import AXIS_COUNT, Reading, reading
from gonio.analysis.upright import upright
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

LIMBS: tuple[Limb, Limb] = ("left", "right")

_TRAVELS = 0.5
"""Leg lengths that the pelvis moves per second of somebody who goes somewhere; on a treadmill it drifts by less.

Slow walking of patients is about 0.4 m/s; a leg is about 0.9 m.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """One person's keypoints, turned so that they go forward.

    Attributes:
        points: ``(T, K, 3)`` float64: forward, up, and to the person's right, in the sequence's unit; the third is NaN
            of a picture.
        forward_sign: 1 where forward is the picture's right (in space: where hips and path say), else -1.
        agreement: In [0, 1]: how well feet, knees, head and travel agree on forward.
        leg_length: 90th percentile of the distance from hip to the lowest point of the leg, in the sequence's unit.
        leg_reading: How it rests on the keypoints; None without one.
        travels: Whether the pelvis moves over the ground.
        backward: Whether it moves the other way than the person faces.
    """

    points: FloatArray64
    forward_sign: Literal[-1, 1]
    agreement: float
    leg_length: float
    leg_reading: Reading | None
    travels: bool
    backward: bool


def body_of(sequence: PoseSequence, *, up_deg: float = 0.0, min_score: float = 0.0) -> Body:
    """Turn one person forward.

    Args:
        sequence: Of one person, px or m, two or three dimensions.
        up_deg: Direction of up in the picture.
        min_score: Keypoints below are left out.
    """
    points = upright(sequence, up_deg=up_deg)[:, 0]
    points = np.where((sequence.scores[:, 0] >= min_score)[..., None], points, np.nan)
    if points.shape[-1] == 2:
        points = np.concatenate([points, np.full((*points.shape[:2], 1), np.nan)], axis=-1)
    leg, leg_reading = _leg_length(points, sequence)
    votes = _votes(points, sequence, leg)
    total = sum(votes)
    sign: Literal[-1, 1] = 1 if total >= 0 else -1
    weight = sum(abs(vote) for vote in votes)
    speed = _travel_speed(points, sequence)
    travels = bool(abs(speed) > _TRAVELS * leg)
    points = points * (sign, 1, sign)  # turned about the vertical
    return Body(
        points, sign, abs(total) / weight if weight else 0.0, leg, leg_reading, travels, travels and speed * sign < 0
    )


def _votes(points: FloatArray64, sequence: PoseSequence, leg: float) -> list[float]:
    """What each cue says: positive is forward as it is, in about leg lengths times trust; nothing unseen."""

    def ahead(front: FloatArray64, back: FloatArray64) -> float:
        return _mean((front - back)[:, 0]) / leg

    def at(name: str, side: Limb) -> FloatArray64:
        return positions(points, landmark(sequence.skeleton, name, side))

    ears = positions(points, landmark(sequence.skeleton, "mid_ear"))
    votes = [2 * ahead(_nose(points, sequence), ears), 0.2 * float(np.tanh(_travel_speed(points, sequence) / leg))]
    for side in LIMBS:
        votes.append(3 * ahead(at("toe", side), at("heel", side)))
        votes.append(2 * ahead(at("knee", side), (at("hip", side) + at("ankle", side)) / 2))
        votes.append(0.3 * _swing(at("ankle", side), positions(points, landmark(sequence.skeleton, "mid_hip"))))
    return [vote for vote in votes if np.isfinite(vote)]


def _swing(ankle: FloatArray64, pelvis: FloatArray64) -> float:
    """In [-1, 1]: correlation of the ankle's height and its velocity; a lifted foot swings where the person goes."""
    velocity = np.diff((ankle - pelvis)[:, 0])
    height = (ankle[1:, 1] + ankle[:-1, 1]) / 2
    seen = np.isfinite(velocity) & np.isfinite(height)
    if seen.sum() < 3 or not (np.ptp(velocity[seen]) > 0 and np.ptp(height[seen]) > 0):
        return float("nan")
    return float(np.corrcoef(velocity[seen], height[seen])[0, 1])


def _nose(points: FloatArray64, sequence: PoseSequence) -> FloatArray64:
    names = sequence.skeleton.keypoint_names
    return positions(points, Landmark("nose", (names.index("nose"),) if "nose" in names else (), "nose"))


def _travel_speed(points: FloatArray64, sequence: PoseSequence) -> float:
    """Of the pelvis along the first axis, per second: slope of a straight line; NaN if it was seen less than twice."""
    hips = positions(points, landmark(sequence.skeleton, "mid_hip"))[:, 0]
    seen = np.isfinite(hips)
    if seen.sum() < 2:
        return float("nan")
    time_s = sequence.time_s[seen] - sequence.time_s[seen].mean()
    return float(time_s @ hips[seen] / (time_s @ time_s))


def _leg_length(points: FloatArray64, sequence: PoseSequence) -> tuple[float, Reading | None]:
    lengths, readings = [], []
    for side in LIMBS:
        hip = landmark(sequence.skeleton, "hip", side)
        for end in (landmark(sequence.skeleton, name, side) for name in ("heel", "ankle", "toe")):
            leg = (positions(points, end) - positions(points, hip))[:, :2]
            length = np.linalg.norm(leg, axis=-1)
            if np.isfinite(length).any():
                lengths.append(float(np.nanpercentile(length, 90)))
                readings.append(_percentile_reading(leg, length, end, hip))
                break
    if not lengths:
        return float("nan"), None
    at, slopes = (np.concatenate([getattr(one, name) for one in readings]) for name in ("at", "slopes"))
    return float(np.mean(lengths)), Reading(at, slopes / len(lengths))


def _percentile_reading(leg: FloatArray64, length: FloatArray64, end: Landmark, hip: Landmark) -> Reading:
    """The 90th percentile moves as the lengths about it do: those from the 80th on."""
    frames = np.flatnonzero(length >= np.nanpercentile(length, 80))
    along = leg / np.maximum(length, 1e-12)[:, None]
    channels = {
        AXIS_COUNT * where.indices[0] + axis: sign * along[:, axis]
        for where, sign in ((end, 1), (hip, -1))
        for axis in (0, 1)
    }
    return reading(frames, np.full(len(frames), 1 / len(frames)), channels, len(leg))


def _mean(values: FloatArray64) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")
