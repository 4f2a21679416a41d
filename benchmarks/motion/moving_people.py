"""Clean sequences of one person to plant faults in: markers through a virtual camera, exercises made up, videos.

All in px with the keypoints of COCO. Markers and exercises have what a model never has: the truth.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import gonio
from gonio.analysis.windows import is_seen
from gonio.arrays import FloatArray64
from gonio.io.formats.markers import MarkerData
from gonio.io.formats.pose_json import read_json
from gonio.io.formats.trc import read_trc
from gonio.models.registry import measuring_name
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

DATA = Path(os.environ.get("GONIO_SHARED", Path(__file__).parents[3] / "shared")) / "data"
SKELETON = load_skeleton("coco17")
CAMERA_DISTANCE_M, FOCAL_PX = 6.0, 1200.0

_WALK = {"{}_shoulder": ("{0}.Shoulder",), "{}_elbow": ("{0}.Elbow",), "{}_wrist": ("{0}.Wrist",)} | {
    "{}_hip": ("{0}.ASIS", "{0}.PSIS"),
    "{}_knee": ("{0}.Knee",),
    "{}_ankle": ("{0}.Ankle",),
}
_RUN = {"{}_shoulder": ("{0}ACR",), "{}_elbow": ("{0}LEL",), "{}_wrist": ("{0}FAulna",)} | {
    "{}_hip": ("{0}ASI", "{0}PSI"),
    "{}_knee": ("{0}TH3", "{0}TB1"),
    "{}_ankle": ("{0}CAL", "{0}CAL", "{0}MT5"),
}
"""Keypoint to the markers whose mean stands for it; good enough here, where only left and right are asked for."""


def markers(name: str, view: str, rate_hz: float) -> PoseSequence:
    """``"walk"`` or ``"run"`` from the side (``"left"``, ``"right"``) or ``"frontal"``, at another frame rate."""
    data = read_trc(DATA / "gait" / f"{name}_markers.trc")
    points = _keypoints_of(data, _WALK if name == "walk" else _RUN)
    times = np.arange(data.time_s[0], data.time_s[-1], 1 / rate_hz)
    flat = points.reshape(len(points), -1)
    resampled = np.stack([np.interp(times, data.time_s, column) for column in flat.T], axis=1)
    return one_person(_seen_by_camera(resampled.reshape(len(times), *points.shape[1:]), view), times - times[0])


def _keypoints_of(data: MarkerData, mapping: dict[str, tuple[str, ...]]) -> FloatArray64:
    """``(T, 17, 3)`` metres; x forward, y up, z right; the face is put above the shoulders."""
    points = np.zeros((len(data.time_s), len(SKELETON), 3))
    for side in ("left", "right"):
        for keypoint, parts in mapping.items():
            columns = [data.names.index(part.format(side[0].upper())) for part in parts]
            points[:, SKELETON.index(keypoint.format(side))] = data.positions[:, columns].mean(axis=1)
    return with_face(points)


def with_face(points: FloatArray64) -> FloatArray64:
    """Put nose, eyes and ears 25 cm above the middle of the shoulders."""
    neck = (points[:, 5] + points[:, 6]) / 2
    face = np.array([(0.12, 0.2, 0), (0.1, 0.24, -0.03), (0.1, 0.24, 0.03), (0.0, 0.22, -0.07), (0.0, 0.22, 0.07)])
    points[:, :5] = neck[:, None] + face
    return points


def _seen_by_camera(points: FloatArray64, view: str) -> FloatArray64:
    """``(T, 17, 2)`` px through a pinhole camera at hip height; it pans with nobody."""
    centre = points.reshape(-1, 3).mean(axis=0)
    forward, up, right = np.moveaxis(points - centre, -1, 0)
    # A camera on the person's right sees them walk to the right, and their right side near.
    across, away = {"right": (forward, -right), "left": (-forward, right), "frontal": (-right, -forward)}[view]
    scale = FOCAL_PX / (max(CAMERA_DISTANCE_M, 2 + float(-away.min())) + away)
    return np.stack([960 + across * scale, 540 - up * scale], axis=-1)


def one_person(keypoints: FloatArray64, time_s: FloatArray64) -> PoseSequence:
    """A sequence of one track in px, surely seen."""
    scores = is_seen(keypoints).astype(np.float32)
    return PoseSequence(keypoints[:, None].astype(np.float32), scores[:, None], time_s, np.zeros(1, np.int64), SKELETON)


def exercise(kind: str, view: str, rate_hz: float, *, duration_s: float = 12.0) -> PoseSequence:
    """A person of 1.75 m made of straight bones.

    ``"squat"``, ``"jumping jack"``, ``"lunge"``, ``"high knees"`` or, with pauses, ``"elbow curl"``.
    """
    times = np.arange(0, duration_s, 1 / rate_hz)
    return one_person(_seen_by_camera(with_face(_EXERCISES[kind](times)), view), times)


def _body(times: FloatArray64) -> FloatArray64:
    """Standing, arms hanging; x forward, y up, z right."""
    half = {"shoulder": (1.45, 0.19), "elbow": (1.15, 0.24), "wrist": (0.9, 0.26)}
    half |= {"hip": (0.92, 0.09), "knee": (0.5, 0.1), "ankle": (0.08, 0.11)}
    points = np.zeros((len(times), len(SKELETON), 3))
    for name, (height, width) in half.items():
        points[:, SKELETON.index(f"left_{name}")] = (0, height, -width)
        points[:, SKELETON.index(f"right_{name}")] = (0, height, width)
    return points


def _squat(times: FloatArray64) -> FloatArray64:
    points, depth = _body(times), 0.5 - 0.5 * np.cos(2 * np.pi * times / 2.5)
    points[:, 5:13, 1] -= 0.42 * depth[:, None]
    points[:, 11:13, 0] -= 0.3 * depth[:, None]
    points[:, 13:15, 0] += 0.15 * depth[:, None]
    points[:, 13:15, 2] += np.array([-0.1, 0.1]) * depth[:, None]
    points[:, 7:11, 0] += np.array([0.2, 0.2, 0.5, 0.5]) * depth[:, None]
    points[:, 9:11, 1] += 0.35 * depth[:, None]
    return points


def _jumping_jack(times: FloatArray64) -> FloatArray64:
    points, open_ = _body(times), 0.5 - 0.5 * np.cos(2 * np.pi * times / 1.1)
    for side, sign in ((0, -1), (1, 1)):
        angle = open_ * np.deg2rad(172)
        arm = np.stack([0 * angle, -np.cos(angle), sign * np.sin(angle)], axis=-1)
        points[:, 7 + side] = points[:, 5 + side] + 0.3 * arm
        points[:, 9 + side] = points[:, 5 + side] + 0.56 * arm
        points[:, 13 + side, 2] += sign * 0.15 * open_
        points[:, 15 + side, 2] += sign * 0.32 * open_
    points[..., 1] += 0.1 * np.abs(np.sin(2 * np.pi * times / 1.1))[:, None]
    return points


def _now_and_then(turns: FloatArray64) -> FloatArray64:
    """Half a turn up to 1 and back, half a turn at 0; without jerks, as a foot leaves the floor and comes back."""
    return np.asarray(np.clip(np.sin(2 * np.pi * turns), 0, None) ** 2)


def _lunge(times: FloatArray64) -> FloatArray64:
    points = _body(times)
    for side in (0, 1):
        depth = _now_and_then(times / 5 + side / 2)
        points[:, 15 + side, 0] += 0.7 * depth
        points[:, 13 + side, 0] += 0.6 * depth
        points[:, 5:13, 0] += 0.3 * depth[:, None]
        points[:, 5:13, 1] -= 0.35 * depth[:, None]
        points[:, 14 - side, 1] -= 0.3 * depth
    return points


def _high_knees(times: FloatArray64) -> FloatArray64:
    points = _body(times)
    for side in (0, 1):
        lift = _now_and_then(times * 1.3 + side / 2)
        points[:, 13 + side] += np.stack([0.4 * lift, 0.4 * lift, 0 * lift], axis=-1)
        points[:, 15 + side] += np.stack([0.25 * lift, 0.45 * lift, 0 * lift], axis=-1)
        points[:, 10 - side] += np.stack([0.3 * lift, 0.3 * lift, 0 * lift], axis=-1)
    return points


def _elbow_curl(times: FloatArray64) -> FloatArray64:
    points, bend = _body(times), np.deg2rad(130) * _now_and_then(times / 3)
    forearm = 0.25 * np.stack([np.sin(bend), -np.cos(bend), 0 * bend], axis=-1)
    points[:, 9:11] = points[:, 7:9] + forearm[:, None]
    return points


_EXERCISES: dict[str, Callable[[FloatArray64], FloatArray64]] = {
    "squat": _squat,
    "jumping jack": _jumping_jack,
    "lunge": _lunge,
    "high knees": _high_knees,
    "elbow curl": _elbow_curl,
}


def with_model_noise(sequence: PoseSequence, rng: np.random.Generator, sd: float) -> PoseSequence:
    """Add what a model adds: half of the variance white, half wandering with a time constant of 0.1 s.

    Args:
        sequence: One person's.
        rng: Source of the noise.
        sd: Of one coordinate, as a share of the median height of the keypoints' box.
    """
    points = sequence.keypoints
    height = float(np.median(np.nanmax(points[..., 1], axis=(1, 2)) - np.nanmin(points[..., 1], axis=(1, 2))))
    white, drive = rng.normal(size=(2, *points.shape))
    keep = np.exp(-np.gradient(sequence.time_s) / 0.1)
    wander = drive.copy()
    for step in range(1, len(wander)):
        wander[step] = keep[step] * wander[step - 1] + np.sqrt(1 - keep[step] ** 2) * drive[step]
    noisy = points + sd * height * np.sqrt(0.5) * (white + wander)
    return one_person(noisy[:, 0].astype(np.float64), sequence.time_s)


def videos(keypoints: Path | None, *, min_score: float = 0.2) -> Iterator[tuple[str, PoseSequence]]:
    """The largest person of each shared clip, followed; from stored keypoints or by running the default model."""
    model = None if keypoints else gonio.load_model(measuring_name())
    clips = [*sorted((DATA / "exercise").glob("*.mp4")), DATA / "videos" / "sports2d_demo.mp4"]
    for clip in [*clips, *sorted((DATA / "videos" / "pose2sim_single").glob("*.mp4"))]:
        if keypoints:
            frames = read_json(keypoints / f"{clip.stem}.json")
        else:
            frames = [result.poses for result in gonio.stream(clip, model=model)]
        yield clip.stem, _largest_followed(frames, min_score)


def _largest_followed(frames: list[Poses], min_score: float) -> PoseSequence:
    """Frame by frame the person nearest to the last one, beginning with the largest of all."""
    areas = [np.prod(f.boxes[:, 2:] - f.boxes[:, :2], axis=1).max(initial=0) for f in frames]
    start = int(np.argmax(areas))
    points = np.full((len(frames), len(SKELETON), 2), np.nan)
    scores = np.zeros(points.shape[:2], np.float32)
    for order in (range(start, len(frames)), range(start - 1, -1, -1)):
        box = frames[start].boxes[int(np.argmax(frames[start].boxes[:, 3] - frames[start].boxes[:, 1]))]
        for step in order:
            poses = frames[step]
            off = np.abs(poses.boxes - box).mean(axis=1) / (box[3] - box[1])
            if len(poses) and off.min() < 0.25:
                nearest = int(off.argmin())
                box = poses.boxes[nearest]
                points[step] = np.where(poses.scores[nearest, :, None] >= min_score, poses.keypoints[nearest], np.nan)
                scores[step] = poses.scores[nearest]
    times = np.array([poses.time_s for poses in frames], np.float64)
    return PoseSequence(points[:, None].astype(np.float32), scores[:, None], times, np.zeros(1, np.int64), SKELETON)
