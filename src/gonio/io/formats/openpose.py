"""OpenPose's folder of JSON files, one a frame, in the order BODY_25 or COCO (18 keypoints).

Layout: ``{"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": [x, y, c, ...]}]}`` in files named
``run_000000000042_keypoints.json``; a keypoint that was not found is ``0, 0, 0``. Also what AlphaPose and RTMPose write
in this format. Source: OpenPose 1.7, ``doc/02_output.md`` and ``src/openpose/pose/poseParameters.cpp``.

OpenPose's neck is the middle of the shoulders and goes by MPII's name ``thorax`` here, for Halpe's ``neck`` is another
point.
"""

import re
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gonio.arrays import FloatArray, FloatArray64
from gonio.errors import ConfigError, MediaError
from gonio.io.atomic import atomic_path
from gonio.io.formats.keypoint_names import skeleton_of_names
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.pose_frames import (
    as_skeleton,
    frame_of_people,
    frames_of_sequence,
    in_pixels,
    time_of_frame,
)
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
_MIDDLES = {"thorax": ("left_shoulder", "right_shoulder"), "mid_hip": ("left_hip", "right_hip")}
"""Points that OpenPose defines as the middle of two others."""

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
        folder: With the JSON files; frames are numbered by the last number in a file's name, else counted from 0.
        skeleton: What the keypoints shall be, matched by name. Default: that of the layout.
        fps: Frame rate of the video, for OpenPose writes no times.
        size_wh: Of the picture, for coordinates that were written as parts of it (``--keypoint_scale 3``).

    Returns:
        Frames in order; with track ids where OpenPose was run with ``--identification``, so that every person has one.

    Raises:
        MediaError: If there is no such folder, it has no JSON file, or one is not OpenPose's.
        ConfigError: If ``fps`` or ``size_wh`` is needed and not given.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MediaError(f"no folder '{folder}'; give the one that OpenPose wrote its JSON files to")
    files = sorted((_frame_number(path), path) for path in folder.glob("*.json"))
    if not files:
        raise MediaError(f"'{folder}' has no JSON file; give the folder that OpenPose wrote to")
    people = [(path, _people(path)) for _, path in files]
    layout: Layout = next((_layout(one, path) for path, found in people for one in found), "BODY_25")
    given = openpose_skeleton(layout)
    frames = []
    for count, ((number, path), (_, found)) in enumerate(zip(files, people, strict=True)):
        xyc = np.array([_triplets(one, layout, path) for one in found], np.float64).reshape(-1, len(given), 3)
        there = (xyc[..., 2] > 0) | (xyc[..., :2] != 0).any(axis=-1)
        points = in_pixels(np.where(there[..., None], xyc[..., :2], np.nan), size_wh, path, normalised=_is_part(xyc))
        index = count if number < 0 else number
        ids = [_person_id(one) for one in found]
        frames.append(
            frame_of_people(points, np.clip(xyc[..., 2], 0, 1).astype(np.float32), given, index=index,
                            time_s=time_of_frame(index, fps, folder),
                            track_ids=np.array(ids, np.int64) if ids and min(ids) >= 0 else None)
        )  # fmt: skip
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


def _frame_number(path: Path) -> int:
    found = _NUMBER.search(path.stem)
    return int(found[1]) if found else -1


def _people(path: Path) -> list[dict[str, Any]]:
    content = parse_json(read_text(path), f"'{path}'")
    if not is_openpose(content) or not all(isinstance(one, dict) for one in content["people"]):
        raise unusable(path, "it has no list of people", "OpenPose writes one for each frame")
    return list(content["people"])


def _layout(person: dict[str, Any], path: Path) -> Layout:
    count = len(person.get("pose_keypoints_2d", ()))
    for layout, order in ORDERS.items():
        if count == 3 * len(order):
            return layout
    raise unusable(path, f"a person has {count} numbers", "BODY_25 has 75, COCO has 54 in pose_keypoints_2d")


def _triplets(person: dict[str, Any], layout: Layout, path: Path) -> FloatArray:
    if _layout(person, path) != layout:
        raise unusable(path, "the files mix BODY_25 and COCO", "keep those of one run")
    try:
        return np.array(person["pose_keypoints_2d"], np.float32).reshape(-1, 3)
    except (TypeError, ValueError) as error:
        raise unusable(path, f"a keypoint is no number ({error})", "was it edited?") from error


def _is_part(xyc: FloatArray64) -> bool:
    """Whether coordinates are parts of the picture: a person in pixels is larger than one pixel."""
    return bool(xyc[..., :2].size) and float(np.abs(xyc[..., :2]).max()) <= 1.5


def _person_id(person: dict[str, Any]) -> int:
    given = person.get("person_id", [-1])
    number = given[0] if isinstance(given, list) and given else given
    return int(number) if isinstance(number, int | float) else -1
