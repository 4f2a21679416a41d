"""Errors of the angles of the main joints, in degrees in the plane of the picture."""

import math
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray64
from gonio.evaluation.matching import MatchedPeople
from gonio.geometry.angles import joint_angle_deg
from gonio.structures.skeleton import Skeleton

JOINT_ANGLES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "knee": (("hip", "knee", "ankle"),),
    "hip": (("shoulder", "hip", "knee"),),
    "elbow": (("shoulder", "elbow", "wrist"),),
    "shoulder": (("hip", "shoulder", "elbow"),),
    "ankle": (("knee", "ankle", "big_toe"), ("knee", "ankle", "foot_index")),
}
"""End point, joint and end point of each angle, on one side of the body; the first that a skeleton has is taken."""


@dataclass(frozen=True, slots=True)
class AngleError:
    """How well the angle at a joint is found, left and right together.

    Attributes:
        name: The joint.
        points: The three keypoints, without their side.
        labelled: Angles whose three points are labelled.
        missed: Those of them of which a point was not predicted; they are in none of the numbers below.
        mean_abs_deg: Mean of the absolute error; NaN where there is none, as the others.
        median_abs_deg: Its median.
        p95_abs_deg: 95 % of the angles are nearer.
        bias_deg: Mean of found minus labelled: positive where joints are found too straight.
    """

    name: str
    points: tuple[str, str, str]
    labelled: int
    missed: int
    mean_abs_deg: float
    median_abs_deg: float
    p95_abs_deg: float
    bias_deg: float


def angle_errors(people: MatchedPeople) -> tuple[AngleError, ...]:
    """Compare the angles of labels and matched poses, for each joint that the skeleton has.

    The angle is the one between the two segments in the picture, 180 for a straight limb: a projection, not the
    anatomical angle, which a single picture does not show.

    Source:
        `JOINT_ANGLES`: knee, hip, elbow and ankle by the points of two-dimensional motion analysis; the trunk, not the
        pelvis, is the upper segment of the hip.
    """
    return tuple(
        _error(name, points, people)
        for name, choices in JOINT_ANGLES.items()
        if (points := _choice(choices, people.skeleton)) is not None
    )


def _choice(choices: tuple[tuple[str, str, str], ...], skeleton: Skeleton) -> tuple[str, str, str] | None:
    """The first whose points the skeleton has on a side."""
    names = set(skeleton.keypoint_names)
    return next(
        (points for points in choices if any({f"{side}_{point}" for point in points} <= names for side in _SIDES)), None
    )


_SIDES = ("left", "right")


def _error(name: str, points: tuple[str, str, str], people: MatchedPeople) -> AngleError:
    labelled, found = [], []
    for side in _SIDES:
        wanted = [f"{side}_{point}" for point in points]
        if set(wanted) <= set(people.skeleton.keypoint_names):
            a, b, c = (people.skeleton.index(one) for one in wanted)
            labelled.append(joint_angle_deg(*(people.labels[:, k] for k in (a, b, c))))
            found.append(joint_angle_deg(*(people.found[:, k] for k in (a, b, c))))
    truth, angles = np.concatenate(labelled), np.concatenate(found)
    known = ~np.isnan(truth)
    error = (angles - truth)[known]
    return AngleError(name, points, int(known.sum()), int(np.isnan(error).sum()), *_spread(error[~np.isnan(error)]))


def _spread(error: FloatArray64) -> tuple[float, float, float, float]:
    if not len(error):
        return math.nan, math.nan, math.nan, math.nan
    size = np.abs(error)
    return float(size.mean()), float(np.median(size)), float(np.percentile(size, 95)), float(error.mean())
