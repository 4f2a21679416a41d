"""Between frames of people (`Poses`) and one sequence: what the readers of per-frame files share."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gonio.arrays import FloatArray, FloatArray64, IntArray
from gonio.errors import ConfigError, MediaError
from gonio.geometry.boxes import box_around
from gonio.io.formats.frame_times import check_times
from gonio.io.formats.keypoint_arrays import present
from gonio.structures.conversion import convert_poses
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton

_LARGEST_NORMALISED = 3.0
"""Coordinates of a person who reaches out of the picture; if half of them are larger, they are in pixels."""


def frame_of_people(
    keypoints: FloatArray,
    scores: FloatArray,
    skeleton: Skeleton,
    *,
    index: int,
    time_s: float | None,
    track_ids: IntArray | None = None,
    world: FloatArray | None = None,
) -> Poses:
    """People of whom a file has keypoints only: boxes are drawn around them, a person's score is their mean."""
    there = present(keypoints)
    counts = np.maximum(there.sum(axis=1), 1)
    means = np.where(there, scores, 0).sum(axis=1) / counts
    boxes = box_around(keypoints, there)
    return Poses(keypoints, scores, boxes, means.astype(np.float32), skeleton, track_ids, index, time_s, world)


def frames_of_sequence(sequence: PoseSequence) -> list[Poses]:
    """One `Poses` for each step, of the tracks that have a keypoint there.

    Raises:
        ConfigError: If the sequence is not in pixels.
    """
    if sequence.unit != "px" or sequence.keypoints.shape[-1] != 2:
        raise ConfigError("frames of poses are in pixels, got a sequence in metres; write .trc, .c3d, .parquet or .nc")
    here_by_step = np.asarray(present(sequence.keypoints).any(axis=-1), np.bool_)
    return [
        frame_of_people(
            sequence.keypoints[step, here],
            sequence.scores[step, here],
            sequence.skeleton,
            index=step,
            time_s=float(sequence.time_s[step]),
            track_ids=sequence.track_ids[here],
            world=None if sequence.world is None else sequence.world[step, here],
        )
        for step, here in enumerate(here_by_step)
    ]


def sequence_of_frames(frames: Sequence[Poses], source: str | Path) -> PoseSequence:
    """Tracked frames as one sequence; frames of at most one person each are taken as one track.

    Raises:
        MediaError: If there is no frame, or the times do not increase.
        ConfigError: If a frame has no time, or several people who have no track ids.
    """
    check_frames(frames, source)
    if all(poses.track_ids is not None or not len(poses) for poses in frames):
        nobody = np.zeros(0, np.int64)
        return PoseSequence.from_poses([
            poses if poses.track_ids is not None else replace(poses, track_ids=nobody) for poses in frames
        ])  # fmt: skip
    if (most := max(len(poses) for poses in frames)) > 1:
        raise ConfigError(
            f"'{source}' has up to {most} people in a frame and no track ids; 'gonio analyse' tracks them first, "
            "in Python: read_pose_frames and PoseTracker"
        )
    return PoseSequence.from_poses([replace(poses, track_ids=np.zeros(len(poses), np.int64)) for poses in frames])


def check_frames(frames: Sequence[Poses], source: str | Path) -> None:
    """Raise at frames that are not those of one film.

    Raises:
        MediaError: If there is no frame, or the times cannot be those of one film.
        ConfigError: If a frame has no time.
    """
    if not frames:
        raise MediaError(f"'{source}' holds no frame; is it the right file?")
    if any(poses.time_s is None for poses in frames):
        raise ConfigError(f"'{source}' holds pictures without times, not a video; give the poses of a video")
    check_times(times_of(frames), source)


def times_of(found: PoseSequence | Sequence[Poses]) -> FloatArray64:
    """``(T,)`` seconds; NaN where a frame has no time."""
    return found.time_s if isinstance(found, PoseSequence) else np.array([one.time_s for one in found], np.float64)


def as_skeleton(frames: Sequence[Poses], skeleton: Skeleton | None) -> list[Poses]:
    """The frames with another skeleton, matched by name; as they are without one."""
    return list(frames) if skeleton is None else [convert_poses(poses, skeleton) for poses in frames]


def is_normalised(points: FloatArray64) -> bool:
    """Whether coordinates are parts of the picture, not pixels; a few that lie far off do not decide."""
    seen = np.abs(points[np.isfinite(points)])
    return not len(seen) or float(np.median(seen)) <= _LARGEST_NORMALISED


def in_pixels(
    points: FloatArray64, size_wh: tuple[int, int] | None, source: str | Path, *, normalised: bool | None = None
) -> FloatArray:
    """Pixel centres ``(..., 2)``, from coordinates in pixels or in parts of the picture's width and height.

    Args:
        points: ``(..., 2)``; NaN where missing.
        size_wh: Of the picture.
        source: The file's name.
        normalised: None: as `is_normalised` finds.

    Raises:
        ConfigError: If they are normalised and the size is not known.
    """
    if normalised is None:
        normalised = is_normalised(points)
    if not normalised or np.isnan(points).all():
        return points.astype(np.float32)
    if size_wh is None:
        raise ConfigError(
            f"'{source}' has parts of the picture, not pixels; "
            "give its width and height with --size (in Python: size_wh)"
        )
    centres = points * np.array(size_wh) - 0.5  # 0 is the picture's edge, half a pixel from a centre
    return np.asarray(centres, np.float32)
