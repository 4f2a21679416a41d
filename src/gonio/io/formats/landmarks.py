"""MediaPipe's landmarks as people dump them: there is no file format of MediaPipe, so the common shapes are read.

JSON: a list of frames, or an object with such a list (``frames``, ``poses``, ``results`` or ``data``) and perhaps
``fps``, ``width`` and ``height``. A frame is a list of 33 landmarks, or an object that has it as ``landmarks``,
``pose_landmarks`` or ``keypoints``, and perhaps a time: ``timestamp_ms``, ``timestamp``, ``time_s`` or ``time``. A
landmark is ``{x, y, z, visibility}`` or ``[x, y, z, visibility]``; landmarks may also be an object by name. myogait's
pivot JSON is one of these shapes. CSV: a row per frame with columns like ``x1``, ``0_x``, ``LEFT_KNEE_x`` and ``v1`` or
``.._visibility``, or a row per landmark. Sources: google-ai-edge/mediapipe 0.10, ``PoseLandmark``; IDMDataHub/myogait
0.8, ``schema.py`` and ``extract.py``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gonio.arrays import FloatArray64
from gonio.errors import MediaError
from gonio.io.formats.keypoint_aliases import known_keypoint
from gonio.io.formats.keypoint_arrays import present
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.pose_frames import as_skeleton, frame_of_people, in_pixels, time_of_frame
from gonio.io.formats.reading import read_text
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton, load_skeleton

_LISTS = ("frames", "poses", "results", "data")
_LANDMARKS = ("landmarks", "pose_landmarks", "keypoints", "poseLandmarks")
_SECONDS = {"timestamp_ms": 1e-3, "time_ms": 1e-3, "timestampMs": 1e-3, "time_s": 1.0, "timestamp": 1.0, "time": 1.0}
_RATES = ("fps", "frameRate", "frame_rate")
_SCORES = ("visibility", "score", "confidence", "v", "presence")


def read_landmarks_json(
    path: str | Path,
    skeleton: Skeleton | None = None,
    *,
    fps: float | None = None,
    size_wh: tuple[int, int] | None = None,
) -> list[Poses]:
    """Read landmarks from JSON.

    Args:
        path: The file.
        skeleton: What the keypoints shall be, matched by name. Default: BlazePose's 33.
        fps: Frame rate, where the file has neither times nor a rate.
        size_wh: Of the picture, where the file does not say it and coordinates are parts of it.

    Returns:
        Frames with nobody or one person each; visibility is the score, 1 where there is none. What myogait mirrored, so
        that everyone walks to the left, is mirrored back, sides too.

    Raises:
        MediaError: If the file is none of the shapes.
        ConfigError: If ``fps`` or ``size_wh`` is needed and not given.
    """
    path = Path(path)
    try:
        content = json.loads(read_text(path))  # NaN is written by those who dump arrays
    except (ValueError, RecursionError) as error:
        raise unusable(path, f"it is not JSON ({error})", "was it cut off or edited?") from error
    head, frames = _frames(content, path)
    meta = {**head, **(head["meta"] if isinstance(head.get("meta"), dict) else {})}
    rate = next((float(meta[key]) for key in _RATES if isinstance(meta.get(key), int | float)), fps)
    width, height = meta.get("width"), meta.get("height")
    if isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0:
        size_wh = width, height
    people = [_landmarks(frame, f"'{path}': frame {i}") for i, frame in enumerate(frames)]
    times = [_time(frame, i, rate, path) for i, frame in enumerate(frames)]
    mirrored = isinstance(head.get("extraction"), dict) and bool(head["extraction"].get("was_flipped"))
    return as_skeleton(frames_of_landmarks(people, times, path, size_wh=size_wh, mirrored=mirrored), skeleton)


def frames_of_landmarks(
    people: Sequence[FloatArray64],
    times: Sequence[float],
    source: str | Path,
    *,
    size_wh: tuple[int, int] | None,
    mirrored: bool = False,
) -> list[Poses]:
    """Frames of at most one person from ``(33, 3)`` x, y and score each; all NaN is nobody.

    Raises:
        MediaError: If the times do not increase.
        ConfigError: If coordinates are parts of the picture and its size is not known.
    """
    blaze = load_skeleton("blazepose33")
    if not len(people):
        raise unusable(source, "it has no frame", "is it the right file?")
    if not (np.diff(times) > 0).all():
        way_out = "correct them, or leave them out and give --fps (in Python: fps)"
        raise unusable(source, "its times do not increase", way_out)
    xys = np.stack(people)
    if mirrored:
        xys = xys[:, list(blaze.flip_indices)]
        xys[..., 0] = 1 - xys[..., 0]
    points = in_pixels(xys[..., :2], size_wh, source)
    there = present(points)
    scores = np.where(there, np.clip(np.where(np.isnan(xys[..., 2]), 1, xys[..., 2]), 0, 1), 0).astype(np.float32)
    points[~there] = np.nan
    frames = [
        frame_of_people(points[i : i + 1], scores[i : i + 1], blaze, index=i, time_s=time_s)
        for i, time_s in enumerate(times)
    ]
    return [poses[there[i].any(keepdims=True)] for i, poses in enumerate(frames)]


def landmark_index(name: object) -> int | None:
    """Which of BlazePose's 33 a name or number means."""
    names = load_skeleton("blazepose33").keypoint_names
    if isinstance(name, int) or str(name).isdigit():
        return int(str(name)) if int(str(name)) < len(names) else None
    known = known_keypoint(str(name))
    return names.index(known) if known in names else None


def _frames(content: object, path: Path) -> tuple[dict[str, Any], list[Any]]:
    """The object around the frames, empty if there is none, and the frames."""
    if isinstance(content, dict):
        found = next((content[key] for key in _LISTS if isinstance(content.get(key), list)), None)
        if found is not None:
            return content, found
    elif isinstance(content, list) and content:
        return {}, content
    raise unusable(path, "it has no list of frames", "docs/formats.md says which JSON of landmarks is read")


def _landmarks(frame: object, where: str) -> FloatArray64:
    """``(33, 3)``: x, y and visibility."""
    xys = np.full((33, 3), np.nan)
    marks = frame
    if isinstance(frame, dict):
        key = next((key for key in _LANDMARKS if key in frame), None)
        if key is None:
            raise MediaError(f"{where} has none of {', '.join(_LANDMARKS)}; docs/formats.md says what is read")
        marks = frame[key]
    if isinstance(marks, list) and len(marks) == 1 and isinstance(marks[0], list) and len(marks[0]) > 4:
        marks = marks[0]  # the tasks API has a list of people
    for name, mark in _named(marks, where):
        if (place := landmark_index(name)) is not None:
            xys[place] = _xys(mark, where)
    return xys


def _named(marks: object, where: str) -> Iterator[tuple[object, object]]:
    if isinstance(marks, dict):
        yield from marks.items()
    elif isinstance(marks, list) and len(marks) in (0, 33):
        yield from enumerate(marks)
    elif isinstance(marks, list) and all(isinstance(mark, dict) and "name" in mark for mark in marks):
        yield from ((mark["name"], mark) for mark in marks)
    elif marks is not None:
        count = f"{len(marks)} landmarks" if isinstance(marks, list) else f"a {type(marks).__name__}"
        raise MediaError(f"{where} has {count}, expected MediaPipe's 33 in its order, or landmarks with names")


def _xys(mark: object, where: str) -> tuple[float, float, float]:
    try:
        if isinstance(mark, Mapping):
            score = next((mark[key] for key in _SCORES if key in mark), None)
            x, y = mark["x"], mark["y"]
        else:
            x, y, *others = np.asarray(mark, np.float64)
            score = others[-1] if len(others) > 1 else None  # a third number alone is z
        return float(x), float(y), np.nan if score is None else float(score)
    except (TypeError, ValueError, KeyError) as error:
        raise MediaError(
            f"{where} has a landmark without numbers x and y; docs/formats.md says what is read"
        ) from error


def _time(frame: object, count: int, fps: float | None, path: Path) -> float:
    given = frame if isinstance(frame, dict) else {}
    for key, factor in _SECONDS.items():
        if isinstance(given.get(key), int | float):
            return float(given[key]) * factor
    index = next(
        (given[key] for key in ("frame_idx", "frame", "frame_index") if isinstance(given.get(key), int)), count
    )
    return time_of_frame(index, fps, path)
