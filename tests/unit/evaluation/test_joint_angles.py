import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gonio.evaluation.angles import AngleError, angle_errors
from gonio.evaluation.matching import MatchedPeople, matched_people
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton, load_skeleton

Label = Callable[..., Annotations]
PoseOf = Callable[..., Poses]


def one(people: MatchedPeople, name: str) -> AngleError:
    return next(angle for angle in angle_errors(people) if angle.name == name)


def with_points(labels: Annotations, **points: tuple[float, float]) -> Annotations:
    keypoints = labels.keypoints.copy()
    for name, point in points.items():
        keypoints[0, labels.skeleton.index(name)] = point
    return replace(labels, keypoints=keypoints)


def test_a_straight_leg_seen_bent_by_30_degrees(label: Label, pose_of: PoseOf) -> None:
    """By hand: labelled 180 and 90 degrees, found 150 and 100: 30 and 10 off, on average 10 too little."""
    straight = {"left_hip": (50.0, 0.0), "left_knee": (50.0, 50.0), "left_ankle": (50.0, 100.0)}
    right = {"right_hip": (10.0, 0.0), "right_knee": (10.0, 50.0), "right_ankle": (60.0, 50.0)}
    labels = with_points(label(), **straight, **right)
    bent = math.radians(30)
    tilted = math.radians(10)
    found = with_points(
        labels,
        left_ankle=(50 + 50 * math.sin(bent), 50 + 50 * math.cos(bent)),
        right_ankle=(10 + 50 * math.cos(tilted), 50 + 50 * math.sin(tilted)),
    )
    knee = one(matched_people([labels], [pose_of(found)], min_oks=0), "knee")
    assert (knee.labelled, knee.missed) == (2, 0)
    assert knee.mean_abs_deg == pytest.approx(20, abs=1e-3)
    assert knee.median_abs_deg == pytest.approx(20, abs=1e-3)
    assert knee.p95_abs_deg == pytest.approx(29, abs=1e-3)
    assert knee.bias_deg == pytest.approx(-10, abs=1e-3)


def test_a_missing_point_is_a_missed_angle(label: Label, pose_of: PoseOf) -> None:
    labels = label()
    keypoints = labels.keypoints.copy()
    keypoints[0, labels.skeleton.index("left_wrist")] = np.nan
    visibility = labels.visibility.copy()
    visibility[0, labels.skeleton.index("right_hip")] = 0
    found = replace(pose_of(labels), keypoints=keypoints)
    people = matched_people([replace(labels, visibility=visibility)], [found])
    assert (one(people, "elbow").labelled, one(people, "elbow").missed) == (2, 1)
    assert (one(people, "hip").labelled, one(people, "hip").missed) == (1, 0)


def test_nobody_found_misses_all(label: Label) -> None:
    knee = one(matched_people([label()], [Poses.empty(label().skeleton)]), "knee")
    assert (knee.labelled, knee.missed) == (2, 2)
    assert math.isnan(knee.mean_abs_deg)


@pytest.mark.parametrize(
    ("skeleton", "toe"),
    [("coco17", None), ("halpe26", "big_toe"), ("coco_wholebody133", "big_toe"), ("blazepose33", "foot_index")],
)
def test_the_ankle_needs_a_foot(label: Label, skeleton: str, toe: str | None) -> None:
    target = load_skeleton(skeleton)
    k = len(target)
    points = np.random.default_rng(3).uniform(0, 200, (1, k, 2)).astype(np.float32)
    labels = replace(label(), keypoints=points, visibility=np.full((1, k), 2), skeleton=target)
    ankles = [angle for angle in angle_errors(matched_people([labels], [Poses.empty(target)])) if angle.name == "ankle"]
    assert [angle.points for angle in ankles] == ([("knee", "ankle", toe)] if toe else [])


def test_a_skeleton_of_one_side_is_enough(label: Label) -> None:
    leg = Skeleton("leg", ("left_hip", "left_knee", "left_ankle"), (), (0, 1, 2), (0.1, 0.1, 0.1))
    labels = replace(label(), keypoints=label().keypoints[:, :3], visibility=np.full((1, 3), 2), skeleton=leg)
    (knee,) = angle_errors(matched_people([labels], [Poses.empty(leg)]))
    assert (knee.name, knee.labelled) == ("knee", 1)
