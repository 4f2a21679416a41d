"""C3D, the binary file of motion capture laboratories, through ezc3d: points only, no force plates and analog channels.

Source: the C3D format user guide, https://www.c3d.org.
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np

from gonio.errors import ConfigError
from gonio.io.atomic import atomic_path
from gonio.io.files import check_is_file
from gonio.io.formats.keypoint_arrays import present
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.markers import METRES_PER, MarkerData, first_repeated, marker_names, uniform_rate_hz
from gonio.optional import require
from gonio.structures.sequence import PoseSequence

_MAGIC = 0x50
"""Second byte of every C3D file."""
_MOST_FRAMES = 0xFFFF
_MM = 1000.0


def read_c3d(path: str | Path) -> MarkerData:
    """Read the points of a C3D file.

    Returns:
        Positions in metres and the file's own axes (z is up in most laboratories). A point with a negative residual was
        not seen: NaN. Times count from the trial's first frame.

    Raises:
        MediaError: If the file cannot be read, holds no points, or its unit is unknown.
        MissingDependencyError: If ezc3d is not installed.
    """
    path = Path(path)
    check_is_file(path)
    ezc3d = require("ezc3d", extra="formats", purpose="reading a C3D file")
    with path.open("rb") as file:
        head = file.read(10)
        if len(head) < 10 or head[1] != _MAGIC:
            raise unusable(path, "it does not begin as a C3D file does", "is it another format?")
    try:
        content = ezc3d.c3d(str(path))
    except (OSError, RuntimeError, ValueError, IndexError) as error:
        raise unusable(path, f"ezc3d cannot read it ({error})", "it may have been cut short") from error
    points = content["parameters"]["POINT"]
    names = _labels(points)
    positions = np.asarray(content["data"]["points"][:3], np.float64).transpose(2, 1, 0)
    if not positions.size or len(names) < positions.shape[1]:
        fact = f"it holds {positions.shape[0]} frames of {positions.shape[1]} points with {len(names)} names"
        raise unusable(path, fact, "is it a recording of markers?")
    _check_length(head, len(positions), path)
    names = names[: positions.shape[1]]
    if twice := first_repeated(names):
        raise unusable(path, f"two points are named {twice!r}", "give each its own name")
    residuals = np.asarray(content["data"]["meta_points"]["residuals"])[0].T
    positions[(residuals < 0) | np.isnan(positions).any(axis=-1)] = np.nan
    unit = str(points["UNITS"]["value"][0]).strip().lower()
    if unit not in METRES_PER:
        raise unusable(path, f"its unit is {unit!r}", "POINT:UNITS is mm, cm or m")
    first, rate = content["header"]["points"]["first_frame"], float(points["RATE"]["value"][0])
    if not rate > 0:
        raise unusable(path, f"its rate is {rate:g} Hz", "correct POINT:RATE")
    time_s = (first + np.arange(len(positions))) / rate
    return MarkerData(tuple(names), positions * METRES_PER[unit], time_s, source=str(path))


def write_c3d(path: str | Path, sequence: PoseSequence) -> None:
    """Write one person's keypoints as points, in millimetres, y up.

    A C3D file has one rate and counts frames from 0, so true times are lost: the first is 0.

    Args:
        path: The file.
        sequence: Of one person, in metres; the third coordinate of a 2D one is 0.

    Raises:
        ConfigError: If the sequence is in pixels, of several people, or not evenly sampled.
        MediaError: If the file cannot be written.
        MissingDependencyError: If ezc3d is not installed.
    """
    names = marker_names(sequence, "a C3D file")
    if sequence.unit != "m":
        raise ConfigError("a C3D file holds metres, got pixels; scale the sequence first, or write .trc or .parquet")
    rate = uniform_rate_hz(sequence.time_s, "a C3D file")
    ezc3d = require("ezc3d", extra="formats", purpose="writing a C3D file")
    there = present(sequence.keypoints[:, 0]).T  # (K, T)
    points = np.zeros((4, len(names), len(sequence)))
    points[: sequence.keypoints.shape[-1]] = sequence.keypoints[:, 0].transpose(2, 1, 0).astype(np.float64) * _MM
    points[:, ~there] = np.nan
    content = ezc3d.c3d()
    content["parameters"]["POINT"]["RATE"]["value"] = [rate]
    content["parameters"]["POINT"]["LABELS"]["value"] = list(names)
    content["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    content.add_parameter("POINT", "X_SCREEN", ["+X"])
    content.add_parameter("POINT", "Y_SCREEN", ["+Y"])
    content["data"]["points"] = points
    content["data"]["meta_points"]["residuals"] = np.where(there, 0.0, -1.0)[None]
    content["data"]["meta_points"]["camera_masks"] = np.zeros((7, len(names), len(sequence)), bool)
    with atomic_path(Path(path)) as temporary:
        content.write(str(temporary))


def _check_length(head: bytes, frames: int, path: Path) -> None:
    """Raise if there are fewer frames than the header announces: ezc3d reads a file cut short as a shorter one.

    Args:
        head: The first ten bytes: the last two 16-bit words are the first and the last frame.
        frames: How many were read.
        path: The file.
    """
    first, last = struct.unpack("<2H", head[6:10])
    if last < _MOST_FRAMES and frames < (announced := last - first + 1):  # longer ones say it elsewhere
        raise unusable(path, f"it announces {announced} frames and holds {frames}", "it was cut short, so get it anew")


def _labels(points: Any) -> list[str]:
    """Names of all points; a group holds 255, more stand in ``LABELS2`` and so on."""
    groups = ["LABELS", *(f"LABELS{i}" for i in range(2, 10))]
    return [str(name).strip() for group in groups if group in points for name in points[group]["value"]]
