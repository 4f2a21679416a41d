"""DeepLabCut's predictions: CSV, or the same table in HDF5; `deeplabcut` reads its labels.

Layout: header rows ``scorer``, ``individuals`` (with several), ``bodyparts`` and ``coords``, then a row per frame with
``x``, ``y`` and ``likelihood`` of each body part. Source: DeepLabCut 2.3 and 3.0, ``analyze_videos`` with
``save_as_csv``; LightningPose writes the same.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gonio.arrays import FloatArray64
from gonio.io.files import check_is_file
from gonio.io.formats.frame_times import time_of_frame
from gonio.io.formats.keypoint_arrays import present, sequence_of_names
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.reading import read_text, rows_of_table
from gonio.optional import require
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton

_LEVELS = ("scorer", "individuals", "bodyparts", "coords")


def read_deeplabcut_tracks(
    path: str | Path, skeleton: Skeleton | None = None, *, fps: float | None = None
) -> PoseSequence:
    """Read predictions of one or several people over a video.

    Args:
        path: The ``.csv`` or ``.h5`` file. An ``.h5`` file is read with pandas, which runs code that the file may hold:
            read only those that you trust.
        skeleton: What the body parts shall be, matched by name. Default: a skeleton of Gonio that has exactly these,
            else one made of their names.
        fps: Frame rate of the video, for DeepLabCut counts frames.

    Returns:
        Pixels, likelihood as score; individuals are tracks 0, 1, 2 in the order of the file. What has a negative
        likelihood, or is nothing but zeros, was not found.

    Raises:
        MediaError: If the file is no such table, or holds positions in space.
        ConfigError: If ``fps`` is not given, or the skeleton has none of the body parts.
        MissingDependencyError: If pandas or PyTables is needed and not installed.
    """
    path = Path(path)
    check_is_file(path)
    levels, frames, values = _read_csv(path) if path.suffix.lower() == ".csv" else _read_hdf(path)
    if "z" in levels["coords"]:
        raise unusable(
            path, "it holds positions in space (x, y, z) without saying their unit", "give one camera's predictions"
        )
    names = list(dict.fromkeys(levels["bodyparts"]))
    people = list(dict.fromkeys(levels["individuals"]))
    table = np.full((len(values), len(people), len(names), 3), np.nan)
    columns = zip(levels["individuals"], levels["bodyparts"], levels["coords"], strict=True)
    for column, (person, part, coordinate) in enumerate(columns):
        if coordinate in ("x", "y", "likelihood"):
            axis = ("x", "y", "likelihood").index(coordinate)
            table[:, people.index(person), names.index(part), axis] = values[:, column]
    table[(table[..., 2] < 0) | (table == 0).all(axis=-1)] = np.nan
    there = present(table[..., :2])
    scores = np.where(np.isnan(table[..., 2]), there, np.clip(table[..., 2], 0, 1))
    time_s = np.array([time_of_frame(frame, fps, path) for frame in frames])
    if not (np.diff(time_s) > 0).all():
        raise unusable(path, "its frames do not count up", "keep the rows of one video in their order")
    return sequence_of_names(
        names,
        np.where(there[..., None], table[..., :2], np.nan).astype(np.float32),
        scores.astype(np.float32),
        time_s,
        track_ids=np.arange(len(people)),
        skeleton=skeleton,
    )


def _read_csv(path: Path) -> tuple[dict[str, list[str]], list[int], FloatArray64]:
    """Header rows without their first cell, frame numbers, and ``(T, columns)``."""
    rows = rows_of_table(read_text(path))
    head = {row[0]: row[1:] for row in rows[:4] if row[0] in _LEVELS}
    if not {"bodyparts", "coords"} <= head.keys():
        raise unusable(path, "it lacks the rows bodyparts and coords", "give DeepLabCut's CSV of predictions")
    body = rows[len(head) :]
    if not body:
        raise unusable(path, "it has a header but no frame", "was the video analysed to its end?")
    try:
        frames = [_whole(row[0]) for row in body]
        values = np.array([[float(cell) if cell else np.nan for cell in row[1:]] for row in body])
    except ValueError as error:
        raise unusable(path, f"a row is not one of numbers ({error})", "give predictions, whole; not labels") from error
    return _checked(head, frames, values, path)


def _read_hdf(path: Path) -> tuple[dict[str, list[str]], list[int], FloatArray64]:
    pandas = require("pandas", extra="deeplabcut", purpose="reading DeepLabCut's .h5")
    require("tables", extra="deeplabcut", purpose="reading DeepLabCut's .h5 (.csv of save_as_csv=True needs nothing)")
    try:
        frame = pandas.read_hdf(path)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:  # HDF5ExtError is a RuntimeError
        raise unusable(path, "it is no HDF5 table that can be read", "give DeepLabCut's predictions, whole") from error
    head = {
        str(name): list(map(str, frame.columns.get_level_values(name)))
        for name in frame.columns.names
        if name in _LEVELS
    }
    if not {"bodyparts", "coords"} <= head.keys():
        raise unusable(path, "its columns have no bodyparts and coords", "give DeepLabCut's predictions")
    try:
        frames = [_whole(index) for index in frame.index]
    except (TypeError, ValueError) as error:
        raise unusable(path, f"a row is not one of a frame ({error})", "give predictions, not labels") from error
    return _checked(head, frames, np.asarray(frame.to_numpy(), np.float64), path)


def _whole(frame: object) -> int:
    """A frame's number, also ``12.0``.

    Raises:
        ValueError: If it is none.
    """
    number = float(str(frame))
    if not number.is_integer():
        raise ValueError(f"{frame!r} is no frame's number")
    return int(number)


def _checked(
    head: dict[str, list[str]], frames: Sequence[int], values: FloatArray64, path: Path
) -> tuple[dict[str, list[str]], list[int], FloatArray64]:
    head.setdefault("individuals", [""] * len(head["coords"]))
    if values.ndim != 2 or values.shape[1:] != (len(head["coords"]),) or len({len(row) for row in head.values()}) > 1:
        raise unusable(path, "its rows have another number of cells than its header", "it was cut short or edited")
    return head, list(frames), values
