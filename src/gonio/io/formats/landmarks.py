"""MediaPipe's landmarks as people dump them: there is no file format of MediaPipe, so the common shapes are read.

JSON: a list of frames, or an object with such a list (``frames``, ``poses``, ``results`` or ``data``) and perhaps
``fps``, ``width`` and ``height``. A frame is a list of 33 landmarks, or an object that has it as ``landmarks``,
``pose_landmarks`` or ``keypoints``, and perhaps a time: ``timestamp_ms``, ``timestamp``, ``time_s`` or ``time``; of
several people it has a list of such lists. A landmark is ``{x, y, z, visibility}`` or ``[x, y, z, visibility]``;
landmarks may also be an object by name. myogait's pivot JSON is one of these shapes. CSV: a row per frame with columns
like ``x1``, ``0_x``, ``LEFT_KNEE_x`` and ``v1`` or ``.._visibility``, or a row per landmark (and person). Sources:
google-ai-edge/mediapipe 0.10, ``PoseLandmark``; IDMDataHub/myogait 0.8, ``schema.py`` and ``extract.py``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gonio.arrays import FloatArray64
from gonio.errors import MediaError
from gonio.io.formats.frame_times import TIME_FIELDS, first_wrong_time, in_seconds, say_rate_is_not_used, time_of_frame
from gonio.io.formats.keypoint_aliases import known_keypoint
from gonio.io.formats.keypoint_arrays import present
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.pose_frames import as_skeleton, frame_of_people, in_pixels
from gonio.io.formats.reading import read_text
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton, load_skeleton

_LISTS = ("frames", "poses", "results", "data")
_LANDMARKS = ("landmarks", "pose_landmarks", "keypoints", "poseLandmarks")
_INDICES = ("frame_idx", "frame", "frame_index")
_RATES = ("fps", "frameRate", "frame_rate")
_AT_ORIGIN = 0.02
"""Pixels, parts of the picture, or metres, whichever they are."""
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
        Frames of people without track ids; visibility is the score, 1 where there is none. What myogait mirrored, so
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
    own_rate = next((float(meta[key]) for key in _RATES if isinstance(meta.get(key), int | float)), None)
    width, height = meta.get("width"), meta.get("height")
    if isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0:
        size_wh = width, height
    people = [_landmarks(frame, f"'{path}': frame {i}") for i, frame in enumerate(frames)]
    times = _times(frames, own_rate, fps, path)
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
    """Frames from ``(N, 33, 3)`` x, y and score of N people each; one who is all NaN is nobody.

    Raises:
        MediaError: If the times do not increase, or the points are no picture's but metres from the hips.
        ConfigError: If coordinates are parts of the picture and its size is not known.
    """
    blaze = load_skeleton("blazepose33")
    if not len(people):
        raise unusable(source, "it has no frame", "is it the right file?")
    if (wrong := first_wrong_time(np.array(times, np.float64))) is not None:
        way_out = "correct them, or leave them out and give --fps (in Python: fps)"
        raise unusable(source, f"its times do not increase, first in frame {wrong} of {len(times)}", way_out)
    ends = np.cumsum([len(one) for one in people])
    xys = np.concatenate(people)
    xys[(xys[..., :2] == 0).all(axis=-1)] = np.nan  # zeros stand for what was not found
    _check_in_picture(xys, source)
    if mirrored:
        xys = xys[:, list(blaze.flip_indices)]
        xys[..., 0] = 1 - xys[..., 0]
    points = in_pixels(xys[..., :2], size_wh, source)
    there = present(points)
    scores = np.where(there, np.clip(np.where(np.isnan(xys[..., 2]), 1, xys[..., 2]), 0, 1), 0).astype(np.float32)
    points[~there] = np.nan
    frames = []
    for i, (time_s, one, end) in enumerate(zip(times, people, ends, strict=True)):
        own = slice(end - len(one), end)
        poses = frame_of_people(points[own], scores[own], blaze, index=i, time_s=time_s)
        frames.append(poses[np.asarray(there[own].any(axis=1), np.bool_)])
    return frames


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
    """``(N, 33, 3)``: x, y and visibility of N people."""
    marks = frame
    if isinstance(frame, dict):
        key = next((key for key in _LANDMARKS if key in frame), None)
        if key is None:
            raise MediaError(f"{where} has none of {', '.join(_LANDMARKS)}; docs/formats.md says what is read")
        marks = frame[key]
    several = isinstance(marks, list) and bool(marks) and all(
        isinstance(one, list) and (not one or isinstance(one[0], dict | list)) for one in marks
    )  # fmt: skip
    people = marks if isinstance(marks, list) and several else [marks]  # the tasks API has a list of people
    return np.stack([_person(one, where) for one in people])


def _person(marks: object, where: str) -> FloatArray64:
    xys = np.full((33, 3), np.nan)
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


def _times(frames: Sequence[object], own_rate: float | None, fps: float | None, path: Path) -> list[float]:
    """Of each frame: the times that it has, else its number by the file's rate or the one that was given."""
    given: list[dict[str, Any]] = [frame if isinstance(frame, dict) else {} for frame in frames]
    fields = {key: key.lower() for key in (given[0] if given else ()) if key.lower() in TIME_FIELDS}
    for key in sorted(fields, key=lambda key: list(TIME_FIELDS).index(fields[key])):
        values = [frame.get(key) for frame in given]
        if all(isinstance(value, int | float) for value in values):
            say_rate_is_not_used(path, fps)
            return list(map(float, in_seconds(np.array(values, np.float64), key, path)))
    if own_rate is not None:
        say_rate_is_not_used(path, fps)
    return [
        time_of_frame(
            next((frame[key] for key in _INDICES if isinstance(frame.get(key), int)), count), own_rate or fps, path
        )
        for count, frame in enumerate(given)
    ]


def _check_in_picture(xys: FloatArray64, source: str | Path) -> None:
    """Raise at MediaPipe's world landmarks, whose origin is the middle of the hips: no film has that at its corner."""
    blaze = load_skeleton("blazepose33")
    hips = xys[:, [blaze.index("left_hip"), blaze.index("right_hip")], :2].mean(axis=1)
    seen = hips[np.isfinite(hips).all(axis=-1)]
    if len(seen) and float(np.abs(seen).max()) < _AT_ORIGIN:
        fact = "the middle of the hips is at 0, 0 in every frame, so these are metres from there"
        raise unusable(source, fact, "give the landmarks of the picture, not the world landmarks")
