"""TRC: the track row column file of marker positions that OpenSim, Cortex and most motion capture programs share.

Layout: four lines of header (file type; names and values of rate, counts and unit; marker names, one above each
three columns), a line ``X1 Y1 Z1 …``, and a row per frame: number, time, three coordinates per marker, between tabs.
Source: OpenSim user's guide, "Marker (.trc) Files". What real files do otherwise is read too: no blank line after
the header, spaces around cells, rows without their last empty cells, units in words, frames counted from any number.
"""

import logging
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from gonio.arrays import FloatArray64
from gonio.io.atomic import atomic_path
from gonio.io.files import check_is_file
from gonio.io.formats.frame_times import first_wrong_time
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.markers import METRES_PER, MarkerData, first_repeated, marker_names, sampling_rate_hz
from gonio.io.formats.reading import point_for_comma, read_text
from gonio.structures.sequence import PoseSequence

_log = logging.getLogger(__name__)

_FIELDS = ("DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate", "OrigDataStartFrame")
_HEADER_LINES = 5
_PIXELS = ("px", "pixel", "pixels")
_FRAME = re.compile(r"-?\d+(?:[.,]0*)?")
"""A frame's number; tables that went through arrays of floats have ``1.0``."""


def read_trc(path: str | Path) -> MarkerData:
    """Read a marker file.

    Returns:
        Positions in metres (pixels where the unit says so) and the file's own axes: y is up in OpenSim's files, z in
        most others, and the file does not say which. A blank cell or ``NaN`` is a marker that was not seen.

    Raises:
        MediaError: If the file is missing, cut short, no TRC, its unit is unknown, or its times do not increase.
    """
    path = Path(path)
    check_is_file(path)
    text = read_text(path, any_bytes=True)  # the first line may hold a path in any code page
    lines = text.splitlines()
    if len(lines) < _HEADER_LINES or not lines[0].startswith("PathFileType"):
        raise unusable(path, "it does not begin with the five header lines of a TRC file", "is it a marker file?")
    header = dict(zip(lines[1].split(), lines[2].split(), strict=False))
    names = _marker_names(lines[3], path)
    rows = [(number, _cells(line)) for number, line in enumerate(lines[3:], start=4) if line.strip()]
    data = [(number, cells) for number, cells in rows if _FRAME.fullmatch(cells[0])]
    if data and not text.endswith("\n") and len(data[-1][1]) < len(data[0][1]):
        raise unusable(path, f"its last line, {data[-1][0]}, ends in the middle", "it was cut short, so get it anew")
    _check_counts(header, len(names), len(data), path)
    numbers = np.array([_numbers(cells, 1 + 3 * len(names), number, path) for number, cells in data])
    time_s, positions = numbers[:, 0], numbers[:, 1:].reshape(len(data), len(names), 3)
    if (wrong := first_wrong_time(time_s)) is not None:
        fact = f"its times do not increase from row to row, first in line {data[wrong][0]}"
        raise unusable(path, fact, "correct its column Time")
    factor, unit = _unit(header, path)
    positions[~np.isfinite(positions).all(axis=-1)] = np.nan
    return MarkerData(names, positions * factor, time_s, unit, str(path))


def write_trc(path: str | Path, sequence: PoseSequence) -> None:
    """Write one person's keypoints as markers, in metres or pixels as they are, to six decimals.

    Times are the true ones; the header's rate is that of the median step. A missing keypoint is left blank, as OpenSim
    expects; the third coordinate of a 2D sequence is 0. Scores, flags and history have no place in the format.

    Raises:
        ConfigError: If the sequence is not of one person.
        MediaError: If the file cannot be written.
    """
    path = Path(path)
    names = marker_names(sequence, "a TRC file")
    points = np.zeros((len(sequence), len(names), 3), np.float64)
    points[..., : sequence.keypoints.shape[-1]] = sequence.keypoints[:, 0]
    points[np.isnan(points).any(axis=-1)] = np.nan
    rate = f"{sampling_rate_hz(sequence.time_s):.6g}"
    values = (rate, rate, len(sequence), len(names), sequence.unit, rate, 1, len(sequence))
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "\t".join((*_FIELDS, "OrigNumFrames")),
        "\t".join(map(str, values)),
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{m + 1}" for m in range(len(names)) for axis in "XYZ"),
        "",
    ]
    for number, (time_s, row) in enumerate(zip(sequence.time_s, points.reshape(len(points), -1), strict=True), 1):
        cells = ("" if math.isnan(value) else f"{value + 0.0:.6f}" for value in row)
        lines.append("\t".join((str(number), repr(float(time_s)), *cells)))
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", "utf-8")


def _marker_names(line: str, path: Path) -> tuple[str, ...]:
    names = tuple(cell for cell in _cells(line)[2:] if cell)
    if not names:
        raise unusable(path, "line 4 names no marker", "it should read Frame#, Time and the markers' names")
    if twice := first_repeated(names):
        raise unusable(path, f"two markers are named {twice!r}", "give each its own name")
    return names


def _check_counts(header: dict[str, str], n_names: int, n_rows: int, path: Path) -> None:
    announced = header.get("NumFrames", "")
    if n_rows == 0:
        raise unusable(path, "it has a header but no row of data", "it was cut short, so get it anew")
    if announced.isdigit() and n_rows < int(announced):
        fact = f"it announces {announced} frames and holds {n_rows}"
        raise unusable(path, fact, "it was cut short: get it anew, or correct NumFrames")
    if announced != str(n_rows) or header.get("NumMarkers") != str(n_names):
        shown = f"{announced or '?'} frames of {header.get('NumMarkers', '?')} markers"
        _log.warning("%s announces %s but holds %d of %d; all are read", path, shown, n_rows, n_names)


def _unit(header: dict[str, str], path: Path) -> tuple[float, Literal["m", "px"]]:
    unit = header.get("Units", "").lower()
    if unit in _PIXELS or "px" in path.stem.split("_"):  # Sports2D has m in the header of run_px_person00.trc too
        return 1.0, "px"
    if unit not in METRES_PER:
        raise unusable(path, f"its unit is {unit!r}", "in the header Units is mm, cm or m (px for pixels)")
    return METRES_PER[unit], "m"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("\t")] if "\t" in line else line.split()


def _numbers(cells: Sequence[str], count: int, number: int, path: Path) -> FloatArray64:
    """Time and coordinates of one row, NaN for blank cells and for those that the row lacks at its end."""
    values = list(cells[1:])
    while len(values) > count and not values[-1]:
        values.pop()
    if len(values) > count:
        fact = f"line {number} has {len(values)} numbers, expected {count}"
        raise unusable(path, fact, "the header names a time and three for each marker")
    try:
        row = [float(point_for_comma(value)) if value else math.nan for value in values]
    except ValueError as error:
        raise unusable(path, f"line {number} has an odd cell ({error})", "was it edited?") from error
    return np.array(row + [math.nan] * (count - len(row)))
