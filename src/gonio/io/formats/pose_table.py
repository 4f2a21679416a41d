"""A sequence as a long table, one row per frame, person and keypoint: what CSV and Parquet share.

Columns: ``frame_index``, ``time_s``, ``track_id``, ``keypoint``, ``x``, ``y``, ``z`` (3D only), ``score``, ``unit``,
and ``sd``, ``flags`` and ``world_x``, ``world_y``, ``world_z`` where the sequence has them. Reading also takes the
table that ``gonio predict --also run.csv`` writes, which has the person's number and box instead of the last ones.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from gonio.arrays import FloatArray64, IntArray
from gonio.io.formats.keypoint_arrays import arranged
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.pose_frames import frame_of_people
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton

Columns = Mapping[str, npt.NDArray[Any]]
"""Name to values, all of one length; a missing number is NaN."""

WORLD = ("world_x", "world_y", "world_z")
NEEDED = ("frame_index", "time_s", "keypoint", "x", "y", "score")


def table_of_sequence(sequence: PoseSequence) -> dict[str, npt.NDArray[Any]]:
    """T x N x K rows, also where a track is absent, so that nothing is lost."""
    t, n, k, d = sequence.keypoints.shape
    rows = (t, n, k)
    names = np.array(sequence.skeleton.keypoint_names, object)
    columns: dict[str, npt.NDArray[Any]] = {
        "frame_index": np.broadcast_to(np.arange(t)[:, None, None], rows),
        "time_s": np.broadcast_to(sequence.time_s[:, None, None], rows),
        "track_id": np.broadcast_to(sequence.track_ids[:, None], rows),
        "keypoint": np.broadcast_to(names, rows),
        **{axis: sequence.keypoints[..., i] for i, axis in enumerate("xyz"[:d])},
        "score": sequence.scores,
        "unit": np.full(rows, sequence.unit, object),
    }
    if sequence.keypoint_sd is not None:
        columns["sd"] = sequence.keypoint_sd
    if sequence.flags is not None:
        columns["flags"] = sequence.flags
    if sequence.world is not None:
        columns |= {name: sequence.world[..., i] for i, name in enumerate(WORLD)}
    return {name: np.ravel(values) for name, values in columns.items()}


def sequence_of_table(columns: Columns, source: str | Path, skeleton: Skeleton | None = None) -> PoseSequence:
    """The inverse of `table_of_sequence`; rows may come in any order, and those of absent people may be left out.

    Args:
        columns: At least `NEEDED` and ``track_id``, which must not be missing in any row.
        source: The file's name, for an error's sentence.
        skeleton: What the keypoints are; None: the skeleton that ships with these names, else one made of them.

    Raises:
        MediaError: If a column is missing, two rows are of the same keypoint, or the times do not increase.
    """
    _check(columns, source)
    unit = _unit(columns, source)
    columns, target, k = _known_rows(columns, skeleton)
    _, first, step = np.unique(columns["frame_index"], return_index=True, return_inverse=True)
    ids, person = np.unique(_whole(columns["track_id"], source), return_inverse=True)
    if len(np.unique(np.stack([step, person, k]), axis=1).T) != len(k):
        raise unusable(source, "two rows are of the same frame, person and keypoint", "keep one of them")
    shape = (len(first), len(ids), len(target))
    time_s = np.asarray(columns["time_s"], np.float64)[first]
    if not (np.diff(time_s) > 0).all() or not np.isfinite(time_s).all():
        raise unusable(source, "its times do not increase with the frames", "correct the column time_s")

    def spread(name: str, empty: float, kind: Any) -> npt.NDArray[Any]:
        values = np.full(shape, empty, kind)
        values[step, person, k] = columns[name]
        return values

    axes = [axis for axis in "xyz" if axis in columns]
    points = np.stack([spread(axis, np.nan, np.float32) for axis in axes], axis=-1)
    points[np.isnan(points).any(axis=-1)] = np.nan
    scores = np.nan_to_num(spread("score", 0, np.float32))
    sequence = PoseSequence(points, scores, time_s, ids, target, unit)
    return replace(
        sequence,
        keypoint_sd=spread("sd", np.nan, np.float32) if "sd" in columns else None,
        flags=spread("flags", 0, np.uint8) if "flags" in columns else None,
        world=np.stack([spread(name, np.nan, np.float32) for name in WORLD], axis=-1) if has_world(columns) else None,
    )


def frames_of_table(columns: Columns, source: str | Path, skeleton: Skeleton | None = None) -> list[Poses]:
    """The frames of a table whose people have a number within their frame (``person``) and perhaps no track.

    Raises:
        MediaError: As `sequence_of_table`.
    """
    _check(columns, source)
    tracked = has_tracks(columns)
    columns, target, k = _known_rows(columns, skeleton)
    people = _whole(columns["person" if "person" in columns else "track_id"], source)
    index = _whole(columns["frame_index"], source)
    frames = []
    for number in np.unique(index):
        rows = np.flatnonzero(index == number)
        _, first, person = np.unique(people[rows], return_index=True, return_inverse=True)
        xys, world = np.full((2, len(first), len(target), 3), np.nan, np.float32)
        xys[person, k[rows]] = np.stack([columns[name][rows] for name in ("x", "y", "score")], axis=-1)
        if has_world(columns):
            world[person, k[rows]] = np.stack([columns[name][rows] for name in WORLD], axis=-1)
        time_s = float(columns["time_s"][rows[0]])
        ids = _whole(columns["track_id"][rows[first]], source) if tracked else None
        poses = frame_of_people(xys[..., :2], np.nan_to_num(xys[..., 2]), target, index=int(number),
                                time_s=None if np.isnan(time_s) else time_s, track_ids=ids,
                                world=world if has_world(columns) else None)  # fmt: skip
        if "box_x1" in columns:
            boxes = [columns[f"box_{corner}"][rows[first]] for corner in ("x1", "y1", "x2", "y2")]
            person_scores = np.asarray(columns["person_score"][rows[first]], np.float32)
            poses = replace(poses, boxes=np.stack(boxes, -1).astype(np.float32), person_scores=person_scores)
        frames.append(poses)
    return frames


def has_tracks(columns: Columns) -> bool:
    """Whether every row says whose it is."""
    return "track_id" in columns and not np.isnan(np.asarray(columns["track_id"], np.float64)).any()


def has_world(columns: Columns) -> bool:
    """Whether there are positions in metres beside those in the picture."""
    return all(name in columns for name in WORLD)


def _check(columns: Columns, source: str | Path) -> None:
    if missing := [name for name in NEEDED if name not in columns]:
        raise unusable(source, f"it has no column {', '.join(missing)}", "docs/formats.md describes the table")
    if not len(columns["x"]):
        raise unusable(source, "its table has no row", "was anybody in sight?")
    if "source" in columns:
        frames = dict.fromkeys(zip(columns["frame_index"].tolist(), map(str, columns["source"]), strict=True))
        films = list(dict.fromkeys(film for _, film in frames))
        if len(frames) > len({index for index, _ in frames}):  # pictures are counted through
            shown = ", ".join(films[:3]) + " …" * (len(films) > 3)
            raise unusable(source, f"it holds {len(films)} films ({shown})", "keep the rows of one in a file")
    if "z" in columns and "unit" not in columns:
        fact = "it has positions in space (x, y, z) and no column unit"
        raise unusable(source, fact, "write m into a column unit, with y up")


def _unit(columns: Columns, source: str | Path) -> Literal["px", "m"]:
    units = set(map(str, columns["unit"])) if "unit" in columns else {"px"}
    for unit in get_args(Literal["px", "m"]):
        if units == {unit}:
            return unit  # type: ignore[no-any-return]  # one of the two
    raise unusable(source, f"its column unit has {', '.join(sorted(units))}", "it should be px, or m, in all rows")


def _known_rows(columns: Columns, skeleton: Skeleton | None) -> tuple[Columns, Skeleton, IntArray]:
    """The rows whose keypoint the skeleton has, the skeleton, and each row's index in it."""
    names = list(dict.fromkeys(map(str, columns["keypoint"])))
    target, order = arranged(names, skeleton, name="table")
    index = dict(zip(names, order, strict=True))
    k = np.array([-1 if (place := index[str(name)]) is None else place for name in columns["keypoint"]], np.int64)
    return {name: values[k >= 0] for name, values in columns.items()}, target, k[k >= 0]


def _whole(values: npt.NDArray[Any], source: str | Path) -> IntArray:
    numbers: FloatArray64 = np.asarray(values, np.float64)
    if not np.isfinite(numbers).all() or (numbers != np.round(numbers)).any():
        raise unusable(source, "a frame, person or track has no whole number", "correct its column")
    return numbers.astype(np.int64)
