"""The long table of `pose_table` as Parquet, through pyarrow: exact, small, and quick to load into a data frame."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gonio.io.atomic import atomic_path
from gonio.io.files import check_is_file
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.pose_table import Columns, sequence_of_table, table_of_sequence
from gonio.optional import require
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton, load_skeleton, skeleton_names

_KEY = b"gonio"
"""Of the file's metadata: a JSON object with the skeleton's name and the history."""


def write_parquet(path: str | Path, sequence: PoseSequence) -> None:
    """Write a sequence; what is missing is null.

    Raises:
        MediaError: If the file cannot be written.
        MissingDependencyError: If pyarrow is not installed.
    """
    notes = {"skeleton": sequence.skeleton.name, "history": sequence.history}
    write_columns_parquet(path, table_of_sequence(sequence), notes)


def write_columns_parquet(path: str | Path, columns: Columns, notes: Mapping[str, object]) -> None:
    """Write columns of equal length, a missing number as null, and notes into the file's metadata.

    Raises:
        MediaError: If the file cannot be written.
        MissingDependencyError: If pyarrow is not installed.
    """
    arrow = require("pyarrow", extra="formats", purpose="writing Parquet")
    parquet = require("pyarrow.parquet", extra="formats", purpose="writing Parquet")
    arrays = {name: arrow.array(values, from_pandas=True) for name, values in columns.items()}
    table = arrow.table(arrays).replace_schema_metadata({_KEY: json.dumps(notes).encode()})
    with atomic_path(Path(path)) as temporary:
        parquet.write_table(table, temporary)


def read_parquet(path: str | Path, skeleton: Skeleton | None = None) -> PoseSequence:
    """Read a sequence.

    Raises:
        MediaError: If the file cannot be read or is no such table.
        ConfigError: If the given skeleton lacks a keypoint.
        MissingDependencyError: If pyarrow is not installed.
    """
    path = Path(path)
    check_is_file(path)
    arrow = require("pyarrow", extra="formats", purpose="reading Parquet")
    parquet = require("pyarrow.parquet", extra="formats", purpose="reading Parquet")
    try:
        table = parquet.read_table(path, partitioning=None)
        notes = json.loads((table.schema.metadata or {}).get(_KEY, b"{}"))
    except (arrow.ArrowInvalid, OSError, ValueError) as error:
        raise unusable(path, "it is no Parquet file that can be read", "it may have been cut short") from error
    columns = {name: table[name].to_numpy() for name in table.column_names}
    if skeleton is None and notes.get("skeleton") in skeleton_names():
        skeleton = load_skeleton(notes["skeleton"])
    if "track_id" not in columns or np.isnan(columns["track_id"].astype(np.float64)).any():
        raise unusable(path, "a row has no track_id", "give each person the same number in every frame")
    sequence = sequence_of_table(columns, path, skeleton)
    for line in notes.get("history", ()):
        sequence = sequence.noted(str(line))
    return sequence
