"""Joint angles over time as a long table, CSV, Parquet or JSON: values, velocities, and the error bars of both."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gonio.analysis.kinematics import angular_velocity
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.series import REASON_TEXT, Reason, Series
from gonio.io.atomic import atomic_path
from gonio.io.formats.parquet import write_columns_parquet
from gonio.io.formats.table_csv import write_columns_csv
from gonio.motion.angle_columns import measured_angles
from gonio.structures.sequence import PoseSequence

ANGLE_FILES = (".angles.csv", ".angles.parquet", ".angles.json")
"""What a table of angles over time ends in."""
FORMAT, VERSION = "gonio.angles", 1


def write_angles(path: Path, sequence: PoseSequence, options: AnalysisOptions) -> None:
    """Write a row for each angle, side and time; what could not be measured is empty, with its reason.

    Columns: ``time_s``, ``angle``, ``side``, ``value_deg``, ``sd_deg``, ``velocity_deg_s``, ``velocity_sd_deg_s``,
    ``excluded``. JSON has the same by columns.

    Args:
        path: It ends in one of `ANGLE_FILES`.
        sequence: Of one person, cleaned.
        options: ``convention``, ``view``, ``up_deg``, ``min_score``.

    Raises:
        ConfigError: If no angle could be measured.
        MediaError: If the file cannot be written.
        MissingDependencyError: If Parquet is wanted and pyarrow is not installed.
    """
    columns = angle_table(measured_angles(sequence, options))
    match path.suffix.lower():
        case ".csv":
            write_columns_csv(path, columns)
        case ".parquet":
            write_columns_parquet(path, columns, {"convention": options.convention, "history": sequence.history})
        case _:
            _write_json(path, columns, options)


def angle_table(angles: Sequence[Series]) -> dict[str, npt.NDArray[Any]]:
    """Columns of equal length, the angles one below the other; NaN where not valid.

    A velocity rests on valid samples alone.
    """
    used = [replace(series, values=series.valid_values) for series in angles]
    velocities = [angular_velocity(series) for series in used]
    rows: dict[str, list[npt.NDArray[Any]]] = {
        "time_s": [series.time_s for series in used],
        "angle": [np.full(len(series), series.name, object) for series in used],
        "side": [np.full(len(series), series.side, object) for series in used],
        "value_deg": [series.values for series in used],
        "sd_deg": [np.where(series.valid, series.sd, np.nan) for series in used],
        "velocity_deg_s": [series.values for series in velocities],
        "velocity_sd_deg_s": [series.sd for series in velocities],
        "excluded": [np.array([_why(reasons) for reasons in series.reasons.tolist()], object) for series in used],
    }
    return {name: np.concatenate(parts) for name, parts in rows.items()}


def _why(reasons: int) -> str:
    return "; ".join(REASON_TEXT[reason] for reason in Reason if reasons & reason)


def _write_json(path: Path, columns: dict[str, npt.NDArray[Any]], options: AnalysisOptions) -> None:
    plain = {
        name: [None if isinstance(value, float) and math.isnan(value) else value for value in values.tolist()]
        for name, values in columns.items()
    }
    document = {"format": FORMAT, "version": VERSION, "convention": options.convention, "columns": plain}
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(document, allow_nan=False), "utf-8")
