"""The long table of `pose_table` as CSV, for pandas, R and spreadsheets, and that of ``gonio predict``."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gonio.io.atomic import atomic_path
from gonio.io.files import check_is_file
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.pose_table import (
    NEEDED,
    Columns,
    frames_of_table,
    has_tracks,
    sequence_of_table,
    table_of_sequence,
)
from gonio.io.formats.reading import read_text, rows_of_table
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton

_TEXT = ("keypoint", "unit", "source")


def write_table_csv(path: str | Path, sequence: PoseSequence) -> None:
    """Write a sequence, with all digits that its numbers have; an empty cell is a missing number.

    Raises:
        MediaError: If the file cannot be written.
    """
    write_columns_csv(path, table_of_sequence(sequence))


def write_columns_csv(path: str | Path, columns: Columns) -> None:
    """Write columns of equal length, a missing number as an empty cell.

    Raises:
        MediaError: If the file cannot be written.
    """
    cells = [[_cell(value) for value in values] for values in columns.values()]
    with atomic_path(Path(path)) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*cells, strict=True))


def read_table_csv(path: str | Path, skeleton: Skeleton | None = None) -> PoseSequence | list[Poses]:
    """Read a long table.

    Returns:
        A sequence where every row has a track, frames of people without tracks otherwise.

    Raises:
        MediaError: If the file cannot be read or is no such table.
        ConfigError: If the given skeleton lacks a keypoint.
    """
    path = Path(path)
    columns = _columns(path)
    if has_tracks(columns) and not np.isnan(columns["time_s"]).any():
        return sequence_of_table(columns, path, skeleton)
    return frames_of_table(columns, path, skeleton)


def is_table_csv(text: str) -> bool:
    """Whether a CSV file begins with the columns of the table."""
    header = rows_of_table(text.partition("\n")[0])
    return bool(header) and set(NEEDED) <= set(header[0])


def _columns(path: Path) -> dict[str, npt.NDArray[Any]]:
    check_is_file(path)
    header, *rows = rows_of_table(read_text(path))
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            fact = f"line {number} has {len(row)} cells, the first has {len(header)}"
            raise unusable(path, fact, "it was cut short or edited")
    columns: dict[str, npt.NDArray[Any]] = {}
    for place, name in enumerate(header):
        cells = [row[place] for row in rows]
        try:
            columns[name] = np.array(
                cells if name in _TEXT else [float(cell) if cell else np.nan for cell in cells],
                object if name in _TEXT else np.float64,
            )
        except ValueError as error:
            raise unusable(path, f"its column {name} has an odd cell ({error})", "was it edited?") from error
    return columns


def _cell(value: Any) -> str:
    if isinstance(value, np.floating):
        return "" if np.isnan(value) else np.format_float_positional(value, trim="0")
    return str(value)
