"""The skeleton over the film: keypoints for the page's canvas, and the same people for a drawn still."""

from typing import Any

import numpy as np

from gonio.arrays import FlagArray, FloatArray64
from gonio.structures.flags import EXCLUDED
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence

ABSENT, DOUBTFUL, TRUSTED = 0, 1, 2
_USABLE_SCORE = 0.3
"""From here on a keypoint counts as seen, where cleaning has set no flags."""
_DRAWN_SCORE = np.array([0.0, 0.35, 1.0], np.float32)
"""Scores by which `gonio.draw` shows the three states: not at all, hollow, full."""
_STAGE_PX = 640


def states(sequence: PoseSequence) -> FlagArray:
    """``(T, N, K)``: whether a keypoint is absent, doubtful (not measured with) or trusted."""
    known = np.isfinite(sequence.keypoints).all(axis=-1)
    flags = sequence.flags
    trusted = sequence.scores >= _USABLE_SCORE if flags is None else (flags & np.uint8(EXCLUDED)) == 0
    return np.where(known, np.where(trusted, TRUSTED, DOUBTFUL), ABSENT).astype(np.uint8)


def poses_at(sequence: PoseSequence, time_s: float) -> Poses:
    """Everybody at the nearest step, with scores that draw the three states."""
    step = int(np.argmin(np.abs(sequence.time_s - time_s)))
    state = states(sequence)[step]
    present = (state > ABSENT).any(axis=-1)
    points = sequence.keypoints[step, present, :, :2]
    boxes = np.concatenate([np.fmin.reduce(points, axis=1), np.fmax.reduce(points, axis=1)], axis=-1)
    return Poses(
        keypoints=points,
        scores=_DRAWN_SCORE[state[present]],
        boxes=boxes.astype(np.float32),
        person_scores=np.ones(int(present.sum()), np.float32),
        skeleton=sequence.skeleton,
        track_ids=sequence.track_ids[present],
        time_s=float(sequence.time_s[step]),
    )


def overlay_data(sequence: PoseSequence, times: FloatArray64, scale: float) -> dict[str, Any]:
    """Keypoints at the film's frames, in tenths of its px; see ``report.js`` for how they are read.

    Args:
        sequence: In px of the recording, or of `staged`.
        times: ``(F,)`` s, of the frames.
        scale: Film px per px of the sequence.
    """
    nearest = np.searchsorted((sequence.time_s[1:] + sequence.time_s[:-1]) / 2, times)
    state = states(sequence)[nearest]
    points = np.rint(np.nan_to_num(10 * scale * sequence.keypoints[nearest, :, :, :2].astype(np.float64)))
    points = np.clip(points, -100_000, 100_000).astype(np.int64)
    people = [
        {
            "id": int(track),
            "xy": points[:, i].reshape(len(times), -1).tolist(),
            "state": ["".join(map(str, row)) for row in state[:, i].tolist()],
        }
        for i, track in enumerate(sequence.track_ids.tolist())
    ]
    return {
        "times": np.round(times, 4).tolist(),
        "links": [list(link) for link in sequence.skeleton.links],
        "linkColours": [_css(colour) for colour in sequence.skeleton.link_colours],
        "colours": [_css(colour) for colour in sequence.skeleton.keypoint_colours],
        "people": people,
    }


def staged(sequence: PoseSequence) -> tuple[FloatArray64, tuple[int, int]]:
    """Coordinates on an empty stage, for a recording without pictures: y down, everybody in view.

    Returns:
        ``(T, N, K, 2)`` stage px, and the stage's width and height.
    """
    points = sequence.keypoints[..., :2].astype(np.float64)
    if sequence.unit == "m":
        points = points * (1, -1)
    known = points[np.isfinite(points).all(axis=-1)]
    if not len(known):
        return points, (_STAGE_PX, _STAGE_PX // 2)
    low, high = np.percentile(known, 0.5, axis=0), np.percentile(known, 99.5, axis=0)
    extent = np.maximum(high - low, 1e-6)
    room = 0.12 * extent.max()
    scale = _STAGE_PX / (extent.max() + 2 * room)
    size = np.maximum(np.rint((extent + 2 * room) * scale), _STAGE_PX // 3).astype(int)
    middle = (low + high) / 2
    return (points - middle) * scale + size / 2, (int(size[0]), int(size[1]))


def _css(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
