"""OpenPose's folder of JSON files, one a frame, in the order BODY_25 or COCO (18 keypoints), and what others put there.

Layout: ``{"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": [x, y, c, ...]}]}`` in files named
``run_000000000042_keypoints.json``; a keypoint that was not found is ``0, 0, 0``. Also what AlphaPose and RTMPose write
in this format; Pose2Sim and Sports2D do with 26, 17 or 133 keypoints, in files named ``run_000042.json``. Sources:
OpenPose 1.7, ``doc/02_output.md`` and ``src/openpose/pose/poseParameters.cpp``; Pose2Sim 0.9, ``poseEstimation.py``.

OpenPose's neck is the middle of the shoulders and goes by MPII's name ``thorax`` here, for Halpe's ``neck`` is another
point.
"""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gonio.arrays import FloatArray, FloatArray64
from gonio.errors import ConfigError, MediaError
from gonio.io.atomic import atomic_path
from gonio.io.formats.frame_times import time_of_frame
from gonio.io.formats.keypoint_arrays import present
from gonio.io.formats.keypoint_names import skeleton_of_names
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.pose_frames import as_skeleton, frame_of_people, frames_of_sequence, in_pixels, is_normalised
from gonio.io.formats.reading import parse_json, read_text
from gonio.io.formats.writer import compact_json
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton, load_skeleton

Layout = Literal["BODY_25", "COCO"]

_ARMS = ("right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist")
_LEGS = ("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle")
_FACE = ("right_eye", "left_eye", "right_ear", "left_ear")
_FEET = ("left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel")
ORDERS: dict[Layout, tuple[str, ...]] = {
    "BODY_25": ("nose", "thorax", *_ARMS, "mid_hip", *_LEGS, *_FACE, *_FEET),
    "COCO": ("nose", "thorax", *_ARMS, *_LEGS, *_FACE),
}
_SHIPPED = ("halpe26", "coco17", "coco_wholebody133")
"""Skeletons whose keypoints Pose2Sim writes, in their own order; no two of all these have as many."""
_MIDDLES = {"thorax": ("left_shoulder", "right_shoulder"), "mid_hip": ("left_hip", "right_hip")}
"""Points that OpenPose defines as the middle of two others."""

_ENDING = "_keypoints.json"
_LARGEST_FRAME = 10_000_000
"""Bytes; a larger JSON file is no frame."""
_BELOW_ZERO = -0.1
"""Parts of the picture that go from 0 to 1 reach out of it by less."""
_NUMBER = re.compile(r"(\d+)(?:_keypoints)?$")


def openpose_skeleton(layout: Layout) -> Skeleton:
    """The skeleton of a layout; the lines are those of Halpe-26 and of the arms to the neck."""
    names = ORDERS[layout]
    halpe = load_skeleton("halpe26")
    pairs = [(halpe.keypoint_names[a], halpe.keypoint_names[b]) for a, b in halpe.links]
    pairs += [("thorax", "nose"), ("thorax", "left_shoulder"), ("thorax", "right_shoulder")]
    links = [(names.index(a), names.index(b)) for a, b in pairs if a in names and b in names]
    return skeleton_of_names(names, name=f"openpose_{layout.lower()}", links=links)


def read_openpose(
    folder: str | Path,
    skeleton: Skeleton | None = None,
    *,
    fps: float | None = None,
    size_wh: tuple[int, int] | None = None,
) -> list[Poses]:
    """Read a folder of frames.

    Args:
        folder: With the JSON files: those that end in ``_keypoints.json``, else all. Frames are numbered by the last
            number in a file's name, else counted from 0.
        skeleton: What the keypoints shall be, matched by name. Default: that of the layout.
        fps: Frame rate of the video, for OpenPose writes no times.
        size_wh: Of the picture, for coordinates that were written as parts of it (``--keypoint_scale 3`` or ``4``).

    Returns:
        Frames in order; with track ids where OpenPose was run with ``--identification``, so that every person has one.
        People without a keypoint of the body are left out.

    Raises:
        MediaError: If there is no such folder, it has no JSON file, one is not OpenPose's, or two are the same frame.
        ConfigError: If ``fps`` or ``size_wh`` is needed and not given.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MediaError(f"no folder '{folder}'; give the one that OpenPose wrote its JSON files to")
    files = _files(folder)
    people = [_people(path) for _, path in files]
    given = next((_skeleton(one, path) for (_, path), found in zip(files, people, strict=True) for one in found), None)
    given = given or openpose_skeleton("BODY_25")
    xyc = [
        np.array([_triplets(one, given, path) for one in found], np.float64).reshape(-1, len(given), 3)
        for (_, path), found in zip(files, people, strict=True)
    ]
    points = _points(xyc, size_wh, folder)
    frames = []
    for count, ((number, _), found) in enumerate(zip(files, people, strict=True)):
        index = count if number < 0 else number
        ids = [_person_id(one) for one in found]
        scores = np.clip(np.nan_to_num(xyc[count][..., 2]), 0, 1).astype(np.float32)
        poses = frame_of_people(points[count], scores, given, index=index, time_s=time_of_frame(index, fps, folder),
                                track_ids=np.array(ids, np.int64) if ids and min(ids) >= 0 else None)  # fmt: skip
        frames.append(poses[np.asarray(present(poses.keypoints).any(axis=1), np.bool_)])
    return as_skeleton(frames, skeleton)


def write_openpose(folder: str | Path, sequence: PoseSequence, *, layout: Layout = "BODY_25") -> None:
    """Write one JSON file a step into a folder, named after it.

    Neck and mid-hip are made as OpenPose makes them, of shoulders and hips; what the sequence lacks is ``0, 0, 0``.
    Times have no place in the format; tracks are ``person_id``.

    Raises:
        ConfigError: If the sequence is not in pixels, or the layout is unknown.
        MediaError: If a file cannot be written.
    """
    folder = Path(folder)
    if layout not in ORDERS:
        raise ConfigError(f"OpenPose has no layout {layout!r} here; there are: {', '.join(ORDERS)}")
    for poses in frames_of_sequence(sequence):
        triplets = np.stack([_column(poses, name) for name in ORDERS[layout]], axis=1)
        ids = np.zeros(0, np.int64) if poses.track_ids is None else poses.track_ids
        people = [
            {"person_id": [int(track)], "pose_keypoints_2d": np.round(own, 6).ravel().tolist()}
            for track, own in zip(ids, triplets.astype(np.float64), strict=True)
        ]
        name = f"{folder.name}_{poses.frame_index:012d}_keypoints.json"
        with atomic_path(folder / name) as temporary:
            temporary.write_text(compact_json({"version": 1.3, "people": people}), "utf-8")


def is_openpose_folder(folder: str | Path) -> bool:
    """Whether a folder has OpenPose's files: by their names, or by the first of them where all are JSON files."""
    try:
        names = sorted(path for path in Path(folder).iterdir() if not path.name.startswith("."))
        if any(path.name.endswith(_ENDING) for path in names):
            return True
        if not names or any(path.suffix != ".json" for path in names) or names[0].stat().st_size > _LARGEST_FRAME:
            return False
        return is_openpose(parse_json(read_text(names[0]), f"'{names[0]}'", nan=True))
    except (OSError, MediaError):
        return False


def is_openpose(content: object) -> bool:
    """Whether a JSON value is one of OpenPose's frames."""
    return isinstance(content, dict) and isinstance(content.get("people"), list) and "format" not in content


def _column(poses: Poses, name: str) -> FloatArray:
    """``(N, 3)``: x, y and score of one keypoint; zeros where it is missing."""
    names = poses.skeleton.keypoint_names
    if name not in names and set(_MIDDLES.get(name, ("",))) <= set(names):
        a, b = (poses.skeleton.index(part) for part in _MIDDLES[name])
        points, scores = poses.keypoints[:, [a, b]].mean(axis=1), poses.scores[:, [a, b]].min(axis=1)
    elif name in names:
        points, scores = poses.keypoints[:, names.index(name)], poses.scores[:, names.index(name)]
    else:
        return np.zeros((len(poses), 3), np.float32)
    column = np.concatenate([points, scores[:, None]], axis=1)
    return np.asarray(np.where(np.isfinite(points).all(axis=1, keepdims=True), column, 0), np.float32)


def _files(folder: Path) -> list[tuple[int, Path]]:
    """The frames' files with their numbers, in order; -1 where they are not numbered."""
    found = list(folder.glob(f"*{_ENDING}")) or list(folder.glob("*.json"))
    files = sorted((_frame_number(path), path) for path in found if not path.name.startswith("."))
    if not files:
        raise MediaError(f"'{folder}' has no JSON file; give the folder that OpenPose wrote to")
    for (before, one), (number, other) in pairwise(files):
        if number == before >= 0:
            raise MediaError(
                f"'{one.name}' and '{other.name}' in '{folder}' are both frame {number}; give each video a folder"
            )
    return files


def _points(xyc: list[FloatArray64], size_wh: tuple[int, int] | None, folder: Path) -> list[FloatArray]:
    """Keypoints ``(N, K, 2)`` of each frame in pixels, NaN where missing; all frames are of one scale."""
    points = []
    for one in xyc:
        there = ((one[..., 2] > 0) | (one[..., :2] != 0).any(axis=-1)) & np.isfinite(one[..., :2]).all(axis=-1)
        points.append(np.where(there[..., None], one[..., :2], np.nan))
    together = np.concatenate([one.reshape(-1, 2) for one in points])
    seen = together[np.isfinite(together).all(axis=-1)]
    if is_normalised(seen) and len(seen) and seen.min() < _BELOW_ZERO:
        points = [(one + 1) / 2 for one in points]  # --keypoint_scale 4: from -1 to 1
    return [in_pixels(one, size_wh, folder, normalised=is_normalised(seen)) for one in points]


def _frame_number(path: Path) -> int:
    found = _NUMBER.search(path.stem)
    return int(found[1]) if found else -1


def _people(path: Path) -> list[dict[str, Any]]:
    content = parse_json(read_text(path), f"'{path}'", nan=True)
    if not is_openpose(content) or not all(isinstance(one, dict) for one in content["people"]):
        raise unusable(path, "it has no list of people", "OpenPose writes one for each frame")
    return [one for one in content["people"] if one.get("pose_keypoints_2d")]


def _skeleton(person: dict[str, Any], path: Path) -> Skeleton:
    """Whose keypoints these are, by their number."""
    count = len(person["pose_keypoints_2d"])
    for layout, order in ORDERS.items():
        if count == 3 * len(order):
            return openpose_skeleton(layout)
    for skeleton in map(load_skeleton, _SHIPPED):
        if count == 3 * len(skeleton):
            return skeleton
    known = "BODY_25 has 75, COCO has 54, and of others 51, 78 and 399 are known"
    raise unusable(path, f"a person has {count} numbers in pose_keypoints_2d", known)


def _triplets(person: dict[str, Any], skeleton: Skeleton, path: Path) -> FloatArray:
    if len(person["pose_keypoints_2d"]) != 3 * len(skeleton):
        there = _skeleton(person, path)
        raise unusable(path, f"the files mix {skeleton.name} and {there.name}", "keep those of one run")
    try:
        return np.array(person["pose_keypoints_2d"], np.float32).reshape(-1, 3)
    except (TypeError, ValueError) as error:
        raise unusable(path, f"a keypoint is no number ({error})", "was it edited?") from error


def _person_id(person: dict[str, Any]) -> int:
    given = person.get("person_id", [-1])
    number = given[0] if isinstance(given, list) and given else given
    return int(number) if isinstance(number, int | float) else -1
