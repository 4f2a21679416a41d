"""OpenSim's storage files, ``.mot`` and ``.sto``: columns of numbers over time, here angles; not keypoints.

Layout: a title, lines ``key=value``, ``endheader``, the columns' names with ``time`` first, then the rows, between
tabs. Source: OpenSim user's guide, "Storage (.sto) and Motion (.mot) Files"; files of its forerunner SIMM, with
``datarows 10`` in place of ``nRows=10``, are read too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from gonio.arrays import FloatArray64, check_shape
from gonio.errors import ConfigError
from gonio.io.atomic import atomic_path
from gonio.io.files import check_is_file
from gonio.io.formats.label_parts import unusable
from gonio.io.formats.markers import first_repeated
from gonio.io.formats.reading import read_text

_LENGTHS = ("_tx", "_ty", "_tz")
"""How OpenSim ends the names of coordinates that are lengths."""


@dataclass(frozen=True, slots=True, eq=False)
class StorageTable:
    """Columns over time.

    Attributes:
        names: C names, without ``time``.
        values: ``(T, C)`` float64; NaN where missing.
        time_s: ``(T,)`` float64.
        in_degrees: Whether rotations are in degrees; radians otherwise.
        title: The file's first line.
    """

    names: tuple[str, ...]
    values: FloatArray64
    time_s: FloatArray64
    in_degrees: bool = True
    title: str = "Coordinates"

    def __post_init__(self) -> None:
        check_shape("values", self.values.shape, (len(self.time_s), len(self.names)))

    def column(self, name: str) -> FloatArray64:
        """``(T,)``: one column by its name.

        Raises:
            ConfigError: If there is none of that name.
        """
        if name not in self.names:
            raise ConfigError(f"no column {name!r}; the columns are {', '.join(self.names)}")
        return self.values[:, self.names.index(name)]

    def degrees(self) -> Self:
        """The same table with rotations in degrees; lengths, by their names ``_tx _ty _tz``, stay."""
        if self.in_degrees:
            return self
        factors = [1.0 if name.endswith(_LENGTHS) else float(np.rad2deg(1)) for name in self.names]
        return replace(self, values=self.values * np.array(factors), in_degrees=True)


def read_mot(path: str | Path) -> StorageTable:
    """Read a storage file.

    Raises:
        MediaError: If the file cannot be read, is cut short or is no storage file.
    """
    path = Path(path)
    check_is_file(path)
    text = read_text(path)
    lines = [line.strip() for line in text.splitlines()]
    end = next((i for i, line in enumerate(lines[:200]) if line.lower() == "endheader"), None)
    if end is None or end + 1 >= len(lines):
        raise unusable(path, "it has no line 'endheader' with the columns' names after it", "is it a storage file?")
    header = _header(lines[1:end])
    body = [(number, line.split()) for number, line in enumerate(lines[end + 1 :], start=end + 2) if line]
    (_, (first, *names)), *rows = body
    if first.lower() != "time" or not names:
        raise unusable(path, f"its first column is {first!r}, not time", "is it a table over time?")
    if twice := first_repeated(names):
        raise unusable(path, f"two columns are named {twice!r}", "give each its own name")
    announced = header.get("nrows", header.get("datarows", ""))
    if announced.isdigit() and len(rows) < int(announced):
        raise unusable(path, f"it announces {announced} rows and holds {len(rows)}", "it was cut short, so get it anew")
    numbers = np.array([_numbers(cells, len(names) + 1, number, path) for number, cells in rows])
    numbers = numbers.reshape(len(rows), len(names) + 1)
    return StorageTable(tuple(names), numbers[:, 1:], numbers[:, 0], header.get("indegrees") != "no", lines[0])


def write_mot(
    path: str | Path,
    names: Sequence[str],
    values: FloatArray64,
    time_s: FloatArray64,
    *,
    in_degrees: bool = True,
    title: str = "Coordinates",
) -> None:
    """Write angles over time as a motion file, with all their digits.

    Signs are those of the numbers given: OpenSim's gait2392 bends the knee to negative angles, the Rajagopal models to
    positive ones, so take the angles in the convention of the model. A missing number is written ``nan``; OpenSim shows
    such a file but its tools want gaps filled first.

    Args:
        path: Ends in ``.mot`` or ``.sto``.
        names: C names without blanks, for OpenSim those of the model's coordinates: ``knee_angle_r``.
        values: ``(T, C)``.
        time_s: ``(T,)``, true times; they need not be evenly spaced.
        in_degrees: Whether rotations are in degrees.
        title: First line.

    Raises:
        ShapeError: If the arrays disagree.
        ConfigError: If a name has a blank or stands twice.
        MediaError: If the file cannot be written.
    """
    check_shape("values", values.shape, (len(time_s), len(names)))
    if odd := first_repeated(names) or next((name for name in names if not name or name.split() != [name]), None):
        raise ConfigError(f"a column cannot be named {odd!r}; names are unique and without blanks")
    header = f"nRows={len(time_s)}\nnColumns={len(names) + 1}\ninDegrees={'yes' if in_degrees else 'no'}"
    rows = np.column_stack([time_s, values]).astype(np.float64)
    lines = [title, "version=1", header, "endheader", "\t".join(("time", *names))]
    lines += ["\t".join(map(repr, row)) for row in rows.tolist()]
    with atomic_path(Path(path)) as temporary:
        temporary.write_text("\n".join(lines) + "\n", "utf-8")


def _header(lines: Sequence[str]) -> dict[str, str]:
    """Keys in small letters."""
    pairs = [line.replace("=", " ", 1).split(maxsplit=1) for line in lines if line]
    return {pair[0].lower(): pair[1].strip().lower() for pair in pairs if len(pair) == 2}


def _numbers(cells: Sequence[str], count: int, number: int, path: Path) -> list[float]:
    if len(cells) != count:
        fact = f"line {number} has {len(cells)} numbers, expected {count}"
        raise unusable(path, fact, "it was cut short or edited")
    try:
        return [float(cell) for cell in cells]
    except ValueError as error:
        raise unusable(path, f"line {number} has an odd cell ({error})", "was it edited?") from error
