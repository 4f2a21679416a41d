"""MediaPipe's landmarks from CSV tables: a row per frame, or a row per landmark; `landmarks` tells of the shapes."""

import csv
import re
from pathlib import Path

import numpy as np

from gonio.arrays import FloatArray64
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.landmarks import frames_of_landmarks, landmark_index
from gonio.io.formats.pose_frames import as_skeleton, time_of_frame
from gonio.io.formats.reading import read_text
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton

_AXES = {"x": 0, "y": 1, "v": 2, "visibility": 2, "vis": 2, "score": 2, "confidence": 2}
_AXIS_FIRST = re.compile(r"(x|y|v|visibility)_?(\d+)")
_AXIS_LAST = re.compile(r"(.+?)[_ .-]+(x|y|v|visibility|vis|score|confidence)")
_TIMES = {"timestamp_ms": 1e-3, "time_ms": 1e-3, "time_s": 1.0, "timestamp": 1.0, "time": 1.0}
_FRAMES = ("frame", "frame_idx", "frame_index", "frame_id", "frame_number")
_NAMES = ("landmark_name", "landmark", "name", "keypoint", "landmark_id", "landmark_index", "id")


def read_landmarks_csv(
    path: str | Path,
    skeleton: Skeleton | None = None,
    *,
    fps: float | None = None,
    size_wh: tuple[int, int] | None = None,
) -> list[Poses]:
    """Read landmarks from CSV; arguments, result and errors are those of `read_landmarks_json`."""
    path = Path(path)
    rows = [row for row in csv.reader(read_text(path).splitlines()) if row]
    if len(rows) < 2 or any(len(row) != len(rows[0]) for row in rows):
        raise unusable(path, "it is no table of rows of one length", "was it cut off or edited?")
    header, cells = [name.strip().lower() for name in rows[0]], rows[1:]
    if {"x", "y"} <= set(header) and any(name in header for name in _NAMES):
        people, firsts = _from_long(header, cells, path)
    else:
        people, firsts = _from_wide(header, cells, path), list(range(len(cells)))
    times = [_time(header, cells[row], count, fps, path) for count, row in enumerate(firsts)]
    return as_skeleton(frames_of_landmarks(people, times, path, size_wh=size_wh), skeleton)


def _from_wide(header: list[str], cells: list[list[str]], path: Path) -> list[FloatArray64]:
    columns = {column: found for column, name in enumerate(header) if (found := _place(name)) is not None}
    numbered = {place for (place, _), name in zip(columns.values(), columns, strict=True) if _AXIS_FIRST.fullmatch(
        header[name])}  # fmt: skip
    shift = 1 if numbered and min(numbered) == 1 and max(numbered) == 33 else 0  # x1 to x33, or x0 to x32
    if len({place for place, _ in columns.values()}) < 2:
        raise unusable(path, "its columns are not those of landmarks", "docs/formats.md says which CSV is read")
    people = [np.full((33, 3), np.nan) for _ in cells]
    for column, (place, axis) in columns.items():
        for person, row in zip(people, cells, strict=True):
            if 0 <= place - shift < len(person):
                person[place - shift, axis] = _number(row[column], path)
    return people


def _from_long(header: list[str], cells: list[list[str]], path: Path) -> tuple[list[FloatArray64], list[int]]:
    key = next((header.index(name) for name in (*_FRAMES, *_TIMES) if name in header), None)
    if key is None:
        raise unusable(path, "its rows have no frame and no time", "docs/formats.md says which CSV is read")
    name = next(header.index(one) for one in _NAMES if one in header)
    axes = {header.index(one): axis for one, axis in _AXES.items() if one in header}
    firsts: dict[str, int] = {}
    people: dict[str, FloatArray64] = {}
    for number, row in enumerate(cells):
        firsts.setdefault(row[key], number)
        person = people.setdefault(row[key], np.full((33, 3), np.nan))
        if (place := landmark_index(row[name].strip())) is not None:
            for column, axis in axes.items():
                person[place, axis] = _number(row[column], path)
    return list(people.values()), list(firsts.values())


def _place(name: str) -> tuple[int, int] | None:
    """Landmark, counted as the column does, and axis that a column is of."""
    if found := _AXIS_FIRST.fullmatch(name):
        return int(found[2]), _AXES[found[1]]
    if found := _AXIS_LAST.fullmatch(name):
        landmark = landmark_index(found[1].removeprefix("landmark").strip("_ ") or found[1])
        return None if landmark is None else (landmark, _AXES[found[2]])
    return None


def _time(header: list[str], row: list[str], count: int, fps: float | None, path: Path) -> float:
    for name, factor in _TIMES.items():
        if name in header:
            return _number(row[header.index(name)], path) * factor
    frame = next((_number(row[header.index(name)], path) for name in _FRAMES if name in header), count)
    return time_of_frame(int(frame), fps, path)


def _number(cell: str, path: Path) -> float:
    try:
        return float(cell) if cell.strip() else np.nan
    except ValueError as error:
        raise unusable(path, f"it has an odd cell ({error})", "was it edited?") from error
