"""Pictures of the moments that matter: the turn of each repetition, or the events of a cycle, with the skeleton."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from gonio.analysis.result import Analysis, Repetition
from gonio.arrays import FloatArray64, ImageArray
from gonio.draw.overlay import DrawStyle, draw_poses
from gonio.geometry.affine import crop_matrix, transform
from gonio.motion_report.content import ReportContent, ReportOptions
from gonio.motion_report.faces import Heads, blur_heads
from gonio.motion_report.overlay import poses_at
from gonio.motion_report.words import title
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence

_HEIGHT_PX = 400
_ASPECT = (0.62, 1.3)
"""Narrowest and widest picture, width by height."""
_MARGIN = 1.25
_LEAST_PX = 32.0
"""Height of a still in the recording; less would be a few coloured squares."""
_STYLE = DrawStyle(line_scale=0.9)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time that a picture is wanted of.

    Attributes:
        time_s: When.
        caption: What it shows.
        faults: Broken form rules, in words.
    """

    time_s: float
    caption: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A moment and its picture, ``(H, W, 3)`` uint8 RGB."""

    moment: Moment
    image: ImageArray

    def jpeg(self) -> bytes:
        """The picture as a JPEG file."""
        buffer = BytesIO()
        Image.fromarray(self.image).save(buffer, "JPEG", quality=80, optimize=True)
        return buffer.getvalue()


def moments_of(analysis: Analysis, most: int) -> list[Moment]:
    """The moments to show, in order of time; of many repetitions first those with faults, then the earliest."""
    turns = [(i, one) for i, one in enumerate(analysis.repetitions, start=1) if math.isfinite(one.turn_s)]
    if turns:
        kept = sorted(turns, key=lambda turn: (not turn[1].faults, turn[0]))[:most]
        return [_turn(i, one) for i, one in sorted(kept, key=lambda turn: turn[0])]
    events = [event for event in analysis.events if math.isfinite(event.time_s)]
    names = dict.fromkeys(event.name for event in events)
    if len(events) > most and len(names) > 1:  # rather one kind of event of many cycles than all of few
        events = [event for event in events if event.name == next(iter(names))]
    return [
        Moment(event.time_s, f"{title(event.name)}{'' if event.side == 'both' else f', {event.side}'}")
        for event in events[:most]
    ]


def _turn(number: int, repetition: Repetition) -> Moment:
    side = "" if repetition.side == "both" else f", {repetition.side}"
    faults = tuple(title(fault) for fault in repetition.faults)
    return Moment(repetition.turn_s, f"Repetition {number}{side}", faults)


def take_stills(content: ReportContent, analysis: Analysis, options: ReportOptions, heads: Heads | None) -> list[Still]:
    """Look for the frame nearest to each moment, cut the person out of it and draw the skeleton.

    All stills of a person show the same extent, so that they can be compared.
    """
    moments = moments_of(analysis, options.stills)
    if content.pictures is None or content.sequence.unit != "px" or not moments or not len(content.sequence):
        return []
    frames = _nearest_frames(content, [moment.time_s for moment in moments])
    boxes = _boxes(content.sequence, analysis.track_id, [moment.time_s for moment in moments])
    stills = []
    for moment, (time_s, image), box in zip(moments, frames, boxes, strict=False):
        hidden = image if heads is None else blur_heads(image, heads.at(time_s))
        poses = poses_at(content.sequence, time_s)
        shown = poses if poses.track_ids is None else poses[poses.track_ids == analysis.track_id]
        stills.append(Still(moment, _cut(hidden, shown, box)))
    return stills


def _nearest_frames(content: ReportContent, wanted: Sequence[float]) -> list[tuple[float, ImageArray]]:
    """The frame nearest to each time, in one run over the video; empty where the video holds none."""
    best: dict[float, tuple[float, ImageArray]] = {}
    last = max(wanted)
    for time_s, image in content.pictures() if content.pictures else ():
        for moment in wanted:
            if moment not in best or abs(time_s - moment) < abs(best[moment][0] - moment):
                best[moment] = (time_s, image)
        if time_s > last + 1.0:
            break
    return [best[moment] for moment in wanted] if best else []


def _boxes(sequence: PoseSequence, track_id: int, times: Sequence[float]) -> FloatArray64:
    """``(M, 4)`` boxes of one size around the person; where the person is lost, around the nearest known place.

    NaN for somebody who was never seen.
    """
    points = sequence.person(track_id).keypoints[:, 0] if track_id in sequence.track_ids else None
    seen = np.zeros(0, np.int64) if points is None else np.flatnonzero(np.isfinite(points).all(axis=-1).any(axis=-1))
    if points is None or not len(seen):
        return np.full((len(times), 4), np.nan)
    steps = [seen[np.argmin(np.abs(sequence.time_s[seen] - time_s))] for time_s in times]
    low, high = np.nanmin(points[steps], axis=1).astype(np.float64), np.nanmax(points[steps], axis=1)
    width, height = _MARGIN * (high - low).max(axis=0)
    # Room for the head above the highest keypoint and the shoes below the lowest.
    height = max(1.08 * height, width / _ASPECT[1], _LEAST_PX)
    half = np.array([max(width, _ASPECT[0] * height), height]) / 2
    return np.concatenate([(low + high) / 2 - half, (low + high) / 2 + half], axis=1)


def _cut(image: ImageArray, poses: Poses, box: FloatArray64) -> ImageArray:
    """The part of the picture in the box, moved inside if it sticks out, scaled and then drawn on."""
    image_wh = np.array([image.shape[1], image.shape[0]], np.float64)
    low, high = (box[:2], box[2:]) if np.isfinite(box).all() else (np.zeros(2), image_wh)
    size = np.minimum(high - low, image_wh)
    x, y = np.clip((low + high - size) / 2, 0, image_wh - size).tolist()
    width, height = size.tolist()
    size_wh = (max(1, round(_HEIGHT_PX * width / height)), _HEIGHT_PX)
    matrix = crop_matrix((x, y, x + width, y + height), size_wh)
    small = cv2.warpAffine(image, matrix, size_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved = replace(poses, keypoints=transform(matrix, poses.keypoints))
    return draw_poses(np.asarray(small, np.uint8), moved, style=_STYLE)
