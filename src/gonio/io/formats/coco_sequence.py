"""COCO results as a sequence: image ids are frame numbers. Also AlphaPose's results, with ids ``"42.jpg"``.

Source: https://cocodataset.org/#format-results; AlphaPose, ``docs/output.md``.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gonio.io.atomic import atomic_path
from gonio.io.files import check_is_file
from gonio.io.formats.coco_results import coco_results
from gonio.io.formats.frame_times import time_of_frame
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.pose_frames import as_skeleton, frame_of_people, frames_of_sequence
from gonio.io.formats.reading import parse_json, read_text
from gonio.io.formats.writer import compact_json
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton, load_skeleton

_BY_COUNT = {17: "coco17", 26: "halpe26", 133: "coco_wholebody133"}
_TRACKS = ("track_id", "idx")


def write_coco_sequence(path: str | Path, sequence: PoseSequence) -> None:
    """Write each step's people as results with the step as image id, and their ``track_id``, which evaluators ignore.

    Raises:
        ConfigError: If the sequence is not in pixels.
        MediaError: If the file cannot be written.
    """
    results = []
    for poses in frames_of_sequence(sequence):
        ids = [] if poses.track_ids is None else poses.track_ids.tolist()
        found = coco_results(poses, poses.frame_index)
        results += [{**result, "track_id": track} for result, track in zip(found, ids, strict=True)]
    with atomic_path(Path(path)) as temporary:
        temporary.write_text("[\n" + ",\n".join(map(compact_json, results)) + "\n]\n", "utf-8")


def read_coco_results(path: str | Path, skeleton: Skeleton | None = None, *, fps: float | None = None) -> list[Poses]:
    """Read results as frames of a video.

    Args:
        path: A JSON list of ``image_id``, ``keypoints``, ``score`` and perhaps ``bbox`` and ``track_id`` or ``idx``.
        skeleton: What the keypoints shall be, matched by name. Default: that which has as many.
        fps: Frame rate of the video, for results have no times.

    Returns:
        A frame for each image id from the first to the last; one without results has nobody.

    Raises:
        MediaError: If the file is no such list, or its keypoints are of no known number.
        ConfigError: If ``fps`` is not given.
    """
    path = Path(path)
    check_is_file(path)
    content = parse_json(read_text(path), f"'{path}'")
    if not is_coco_results(content):
        raise unusable(path, "it is no list of results with image_id and keypoints", "is it a COCO results file?")
    counts = {len(result.get("keypoints", ())) // 3 for result in content}
    if len(counts) != 1 or (count := counts.pop()) not in _BY_COUNT:
        raise unusable(path, f"its people have {sorted(counts) or count} keypoints", "17, 26 or 133 are known, in all")
    given = load_skeleton(_BY_COUNT[count])
    by_frame: dict[int, list[Mapping[str, Any]]] = {}
    for result in content:
        by_frame.setdefault(_number(result, path), []).append(result)
    frames = [
        _frame(by_frame.get(index, []), given, index, time_of_frame(index, fps, path), path)
        for index in range(min(by_frame), max(by_frame) + 1)
    ]
    return as_skeleton(frames, skeleton)


def is_coco_results(content: object) -> bool:
    """Whether a JSON value is a list of results."""
    return isinstance(content, list) and bool(content) and all(
        isinstance(result, dict) and {"image_id", "keypoints"} <= result.keys() for result in content
    )  # fmt: skip


def _frame(results: list[Mapping[str, Any]], skeleton: Skeleton, index: int, time_s: float, path: Path) -> Poses:
    try:
        flat = np.array([result["keypoints"] for result in results], np.float32)
        scores = np.array([result.get("score", np.nan) for result in results], np.float32)
    except (TypeError, ValueError) as error:
        raise unusable(
            path, f"a keypoint or score of image {index} is no number ({error})", "was it edited?"
        ) from error
    xys = flat.reshape(len(results), len(skeleton), 3)
    there = (xys != 0).any(axis=-1)
    points = np.where(there[..., None], xys[..., :2], np.nan).astype(np.float32)
    tracks = [next((result[key] for key in _TRACKS if isinstance(result.get(key), int)), None) for result in results]
    poses = frame_of_people(
        points,
        np.clip(xys[..., 2], 0, 1),
        skeleton,
        index=index,
        time_s=time_s,
        track_ids=np.array(tracks, np.int64) if tracks and None not in tracks else None,
    )
    person_scores = np.where(np.isfinite(scores), np.clip(scores, 0, 1), poses.person_scores)
    return replace(poses, person_scores=person_scores.astype(np.float32))


def _number(result: Mapping[str, Any], path: Path) -> int:
    found = re.search(r"(\d+)(?:\.\w+)?$", str(result["image_id"]))
    if not found:
        raise unusable(path, f"the image id {result['image_id']!r} has no number", "frames of a video are numbered")
    return int(found[1])
