"""A person made of segments, who moves exactly as told: the truth for angles, views and error bars."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

Angle = float | npt.NDArray[np.float64]
From = Literal["right", "left", "front", "back"]

_LENGTH = {"trunk": 0.52, "neck": 0.22, "thigh": 0.44, "shank": 0.44, "upper arm": 0.32, "forearm": 0.26, "foot": 0.22}
"""Metres, of somebody 1.8 m tall."""
_HALF_WIDTH = {"shoulder": 0.18, "hip": 0.12}


def jointed_person(
    steps: int,
    *,
    skeleton: str = "halpe26",
    trunk_lean: Angle = 0.0,
    neck_flexion: Angle = 0.0,
    hip_flexion: Angle = 0.0,
    knee_flexion: Angle = 0.0,
    ankle_dorsiflexion: Angle = 0.0,
    shoulder_elevation: Angle = 0.0,
    elbow_flexion: Angle = 0.0,
    hip_abduction: Angle = 0.0,
    knee_valgus: Angle = 0.0,
    right_extra: float = 0.0,
) -> FloatArray64:
    """``(T, K, 3)`` metres: forward, up, to the person's right; angles as `gonio.analysis.angles` defines them.

    Args:
        steps: T; angles are numbers or ``(T,)`` degrees.
        skeleton: Keypoints that this person does not have are NaN.
        trunk_lean: Forwards.
        neck_flexion: Head forwards.
        hip_flexion: Of both legs, against the trunk.
        knee_flexion: Of both.
        ankle_dorsiflexion: Of both.
        shoulder_elevation: Of both arms, forwards.
        elbow_flexion: Of both.
        hip_abduction: Of both; for a leg that is otherwise straight down.
        knee_valgus: Of both; the same.
        right_extra: Added to knee and elbow flexion of the right side.
    """
    found = load_skeleton(skeleton)
    points = np.full((steps, len(found), 3), np.nan)

    def put(name: str, where: FloatArray64) -> None:
        if name in found.keypoint_names:
            points[:, found.index(name)] = where

    def ray(angle_deg: Angle, segment: str, lateral_deg: Angle = 0.0) -> FloatArray64:
        """A segment turned forwards from straight down, and towards the right."""
        turn, aside = (np.radians(np.broadcast_to(angle, (steps,))) for angle in (angle_deg, lateral_deg))
        parts = [np.sin(turn) * np.cos(aside), -np.cos(turn) * np.cos(aside), np.sin(aside)]
        return _LENGTH[segment] * np.stack(parts, axis=-1)

    hips = np.broadcast_to([0.0, 1.0, 0.0], (steps, 3))
    shoulders = hips - ray(-np.asarray(trunk_lean), "trunk")
    head = shoulders - ray(-(np.asarray(trunk_lean) + neck_flexion), "neck")
    put("mid_hip", hips)
    put("neck", shoulders)
    put("head_top", head - ray(-(np.asarray(trunk_lean) + neck_flexion), "neck") * 0.5)
    put("nose", head + ray(90 - np.asarray(trunk_lean) - neck_flexion, "neck") * 0.5)
    for side, lateral in (("left", -1), ("right", 1)):
        extra = right_extra if side == "right" else 0.0
        across = np.array([0.0, 0.0, lateral])
        hip, shoulder = hips + across * _HALF_WIDTH["hip"], shoulders + across * _HALF_WIDTH["shoulder"]
        thigh = hip_flexion - np.asarray(trunk_lean)
        shank = thigh - knee_flexion - extra
        arm = shoulder_elevation - np.asarray(trunk_lean)
        outwards = lateral * np.asarray(hip_abduction)
        knee = hip + ray(thigh, "thigh", outwards)
        ankle = knee + ray(shank, "shank", outwards + lateral * np.asarray(knee_valgus))
        heel = ankle + ray(shank, "shank") * 0.1
        toe = heel + ray(shank + 90 + ankle_dorsiflexion, "foot")
        elbow = shoulder + ray(arm, "upper arm")
        put(f"{side}_ear", head + across * 0.08)
        put(f"{side}_eye", head + across * 0.04)
        put(f"{side}_shoulder", shoulder)
        put(f"{side}_elbow", elbow)
        put(f"{side}_wrist", elbow + ray(arm + elbow_flexion + extra, "forearm"))
        put(f"{side}_hip", hip)
        put(f"{side}_knee", knee)
        put(f"{side}_ankle", ankle)
        put(f"{side}_heel", heel)
        put(f"{side}_big_toe", toe)
        put(f"{side}_small_toe", toe + across * 0.06)
        put(f"{side}_foot_index", toe)
    return points


def seen(
    points: FloatArray64,
    *,
    camera: From = "right",
    skeleton: str = "halpe26",
    px_per_m: float = 300.0,
    roll_deg: float = 0.0,
    rate_hz: float = 50.0,
) -> PoseSequence:
    """A person in the picture of a camera far away, 1920 x 1080; ``roll_deg`` turns the picture counter-clockwise."""
    forward, up, right = np.moveaxis(points, -1, 0)
    across = {"right": forward, "left": -forward, "front": -right, "back": right}[camera]
    cos, sin = np.cos(np.radians(roll_deg)), np.sin(np.radians(roll_deg))
    x, y = across * cos - (up - 1) * sin, across * sin + (up - 1) * cos
    picture = np.stack([960 + px_per_m * x, 540 - px_per_m * y], axis=-1)
    return one_track(picture, skeleton=skeleton, rate_hz=rate_hz)


def one_track(
    points: FloatArray64, *, skeleton: str = "halpe26", rate_hz: float = 50.0, unit: Literal["px", "m"] = "px"
) -> PoseSequence:
    """``(T, K, D)`` as a sequence of one person, all found points with score 1."""
    found = np.asarray(np.isfinite(points).all(axis=-1))
    return PoseSequence(
        points[:, None].astype(np.float32),
        found[:, None].astype(np.float32),
        np.arange(len(points)) / rate_hz,
        np.zeros(1, np.int64),
        load_skeleton(skeleton),
        unit,
    )
