"""MediaPipe's landmarks from CSV tables: a row per frame, or a row per landmark; `landmarks` tells of the shapes."""

import re
from pathlib import Path

import numpy as np

from gonio.arrays import FloatArray64
from gonio.io.formats.frame_times import TIME_FIELDS, in_seconds, say_rate_is_not_used, time_of_frame
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.landmarks import frames_of_landmarks, landmark_index
from gonio.io.formats.pose_frames import as_skeleton
from gonio.io.formats.reading import read_text, rows_of_table
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton

_AXES = {"x": 0, "y": 1, "v": 2, "visibility": 2, "vis": 2, "score": 2, "confidence": 2}
_AXIS_FIRST = re.compile(r"(x|y|v|visibility)_?(\d+)")
_AXIS_LAST = re.compile(r"(.+?)[_ .-]+(x|y|v|visibility|vis|score|confidence)")
_PEOPLE = ("person", "person_id", "pose", "pose_id", "pose_index", "track_id", "individual", "subject")
"""Columns of tables of several people, one row per landmark; whose they are from frame to frame, a tracker finds."""
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
    rows = rows_of_table(read_text(path))
    if len(rows) < 2 or any(len(row) != len(rows[0]) for row in rows):
        raise unusable(path, "it is no table of rows of one length", "was it cut off or edited?")
    header, cells = [name.strip().lower() for name in rows[0]], rows[1:]
    if {"x", "y"} <= set(header) and any(name in header for name in _NAMES):
        people, firsts = _from_long(header, cells, path)
    else:
        people, firsts = _from_wide(header, cells, path), list(range(len(cells)))
    times = _times(header, [cells[row] for row in firsts], fps, path)
    return as_skeleton(frames_of_landmarks(people, times, path, size_wh=size_wh), skeleton)


def _from_wide(header: list[str], cells: list[list[str]], path: Path) -> list[FloatArray64]:
    columns = {column: found for column, name in enumerate(header) if (found := _place(name)) is not None}
    numbered = {place for (place, _), name in zip(columns.values(), columns, strict=True) if _AXIS_FIRST.fullmatch(
        header[name])}  # fmt: skip
    shift = 1 if numbered and min(numbered) == 1 and max(numbered) == 33 else 0  # x1 to x33, or x0 to x32
    if len({place for place, _ in columns.values()}) < 2:
        raise unusable(path, "its columns are not those of landmarks", "docs/formats.md says which CSV is read")
    people = [np.full((1, 33, 3), np.nan) for _ in cells]
    for column, (place, axis) in columns.items():
        for person, row in zip(people, cells, strict=True):
            if 0 <= place - shift < 33:
                person[0, place - shift, axis] = _number(row[column], path)
    return people


def _from_long(header: list[str], cells: list[list[str]], path: Path) -> tuple[list[FloatArray64], list[int]]:
    key = next((header.index(name) for name in (*_FRAMES, *TIME_FIELDS) if name in header), None)
    if key is None:
        raise unusable(path, "its rows have no frame and no time", "docs/formats.md says which CSV is read")
    name = next(header.index(one) for one in _NAMES if one in header)
    axes = {axis: header.index(one) for one, axis in _AXES.items() if one in header}
    whose = next((header.index(one) for one in _PEOPLE if one in header), None)
    firsts: dict[str, int] = {}
    people: dict[str, dict[str, FloatArray64]] = {}
    taken: set[tuple[str, str, int]] = set()
    for number, row in enumerate(cells):
        frame, person = row[key], "" if whose is None else row[whose]
        firsts.setdefault(frame, number)
        own = people.setdefault(frame, {}).setdefault(person, np.full((33, 3), np.nan))
        if (place := landmark_index(row[name].strip())) is None:
            continue
        if (frame, person, place) in taken:
            fact = f"two rows of frame {frame} are of the same landmark, the second is line {number + 2}"
            raise unusable(path, fact, f"tell people apart in a column {_PEOPLE[0]}, or keep one of them")
        taken.add((frame, person, place))
        own[place] = [_number(row[axes[axis]], path) if axis in axes else np.nan for axis in range(3)]
    return [np.stack(list(frame.values())) for frame in people.values()], list(firsts.values())


def _place(name: str) -> tuple[int, int] | None:
    """Landmark, counted as the column does, and axis that a column is of."""
    if found := _AXIS_FIRST.fullmatch(name):
        return int(found[2]), _AXES[found[1]]
    if found := _AXIS_LAST.fullmatch(name):
        landmark = landmark_index(found[1].removeprefix("landmark").strip("_ ") or found[1])
        return None if landmark is None else (landmark, _AXES[found[2]])
    return None


def _times(header: list[str], rows: list[list[str]], fps: float | None, path: Path) -> list[float]:
    """Of each frame, whose first row this is: the time that it has, else its number by the rate that was given."""
    if (name := next((name for name in TIME_FIELDS if name in header), None)) is not None:
        say_rate_is_not_used(path, fps)
        values = np.array([_number(row[header.index(name)], path) for row in rows])
        return list(map(float, in_seconds(values, name, path)))
    column = next((header.index(name) for name in _FRAMES if name in header), None)
    numbers = [float(count) if column is None else _number(row[column], path) for count, row in enumerate(rows)]
    if wrong := [place for place, number in enumerate(numbers) if not number.is_integer()]:
        raise unusable(path, f"frame {wrong[0]} of {len(rows)} has no whole number", "correct the column of frames")
    return [time_of_frame(int(number), fps, path) for number in numbers]


def _number(cell: str, path: Path) -> float:
    try:
        return float(cell) if cell.strip() else np.nan
    except ValueError as error:
        raise unusable(path, f"it has an odd cell ({error})", "was it edited?") from error
