"""DeepLabCut's ``CollectedData_SCORER.csv``: three or four header rows, then a row per picture.

The ``.h5`` file beside it holds the same table, and DeepLabCut itself trains from that one.
"""

import csv
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gonio.arrays import FloatArray64
from gonio.errors import MediaError
from gonio.io.atomic import atomic_path
from gonio.io.files import check_is_file
from gonio.io.formats.keypoint_names import order_of, skeleton_of_names
from gonio.io.formats.label_parts import LabelledPerson, empty_xyv, image_labels, image_size_hw, unusable
from gonio.io.formats.label_people import check_names_fit, one_skeleton, people_of, plain_names
from gonio.io.formats.reading import read_text, rows_of_table
from gonio.optional import require
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton

HDF_SUFFIXES = (".h5", ".hdf5")

_log = logging.getLogger(__name__)

_LEVELS = ("scorer", "individuals", "bodyparts", "coords")
_KEY = "df_with_missing"
"""What DeepLabCut calls the table in an HDF5 file."""
_BREAKS = r"\x00\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
"""What would end a row for some reader of CSV, and the null that ends a path."""


@dataclass(frozen=True, slots=True)
class _Header:
    """Where the numbers of each individual and body part stand."""

    n_index: int  # columns of the picture's path: one, or three in later versions
    n_rows: int
    columns: dict[str, dict[str, tuple[int, int]]]  # individual -> body part -> columns of x and y


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """What is written: a row for each picture."""

    levels: Sequence[str]
    columns: Sequence[tuple[str, ...]]  # a name in each level
    index: Sequence[tuple[str, ...]]  # the picture's path, in parts
    values: FloatArray64  # (pictures, columns)


def read_deeplabcut(
    path: str | Path, skeleton: Skeleton | None = None, *, images: str | Path | None = None
) -> list[Annotations]:
    """Read the labels of a DeepLabCut project, of one or of several animals or people.

    Args:
        path: The CSV file in a folder of ``labeled-data``, or the ``.h5`` file beside it. An ``.h5`` file is read with
            pandas, which runs code that the file may hold: read only those that you trust.
        skeleton: What the body parts shall be, matched by name. Default: the skeleton of Gonio that has exactly
            these, else one made of their names.
        images: The folder of pictures, whose sizes are needed. Default: the CSV file's own.

    Returns:
        One `Annotations` per picture, in the order of the file, ids from 1. What has numbers is visible, the rest
        not labelled; boxes are made of the keypoints, areas are 0.53 of the box. Individuals' names
        are lost, and so is who of several is missing from a picture: a warning says so.

    Raises:
        MediaError: If the file is no such table, or a picture is missing.
        ConfigError: If the given skeleton has none of the body parts.
        MissingDependencyError: If pandas or PyTables is needed and not installed.
    """
    path = Path(path)
    folder = Path(images) if images is not None else path.parent
    rows = _rows_of_hdf(path) if path.suffix.lower() in HDF_SUFFIXES else rows_of_table(read_text(path))
    header = _header(rows, path)
    parts = list(dict.fromkeys(part for own in header.columns.values() for part in own))
    target = skeleton or skeleton_of_names(parts, name="deeplabcut")
    order = dict(zip(parts, order_of(parts, target), strict=True))
    labels, present = [], []
    for i, row in enumerate(rows[header.n_rows :]):
        name = Path("/".join(row[: header.n_index]).replace("\\", "/")).name
        if not (folder / name).is_file():
            raise MediaError(f"the labelled image '{name}' is not in '{folder}'; give its folder with images.")
        people = [LabelledPerson(_xyv(row, own, order, len(target), path)) for own in header.columns.values()]
        hw = image_size_hw(folder / name)
        labels.append(image_labels(people, target, image_id=i + 1, file_name=name, image_hw=hw))
        present.append([bool(person.xyv[:, 2].any()) for person in people])
    if _loses_individuals(list(header.columns), present):
        _log.warning(
            "'%s': the names of individuals are lost (%s), and in a picture without one of them the next moves up",
            path,
            ", ".join(header.columns),
        )
    return labels


def is_deeplabcut(text: str) -> bool:
    """Whether a CSV file begins as DeepLabCut's do."""
    return text.startswith(("scorer,", "scorer;", "scorer\t"))


def deeplabcut_twins(path: Path) -> list[Path]:
    """The files beside one of a project that should hold the same labels, as far as they are there."""
    names = [path.with_suffix(suffix) for suffix in (".csv", *HDF_SUFFIXES) if suffix != path.suffix.lower()]
    return [twin for twin in names if twin.is_file()]


def write_deeplabcut(path: str | Path, annotations: Sequence[Annotations]) -> None:
    """Write the labels of a DeepLabCut project.

    Coordinates and names of keypoints are kept exactly. With at most one person a picture it is a project of one
    animal, with three header rows; else each picture's people are ``individual1``, ``individual2`` and so on. What is
    labelled becomes visible; ids, sizes, boxes, areas, links and people without keypoints are lost, crowds are left
    out. A warning says where the project's other file is there and stays as it is.

    Args:
        path: The file to make, CSV or by its suffix ``.h5``. In a project it is called ``CollectedData_SCORER`` and
            lies beside the pictures, in a folder of ``labeled-data``; scorer and folder are written into it.
        annotations: Images of one skeleton; their names without folders must differ.

    Raises:
        ConfigError: If there is no image, the skeletons differ, two pictures have one name, or a name has a backslash
            or breaks a line.
        MediaError: If the file cannot be written.
        MissingDependencyError: If pandas or PyTables is needed and not installed.
    """
    path = Path(path)
    parts = one_skeleton(annotations).keypoint_names
    names = plain_names(annotations)
    people = [[one.xyv for one in people_of(labels) if one.xyv[:, 2].any()] for labels in annotations]
    most = max(1, *map(len, people))
    values = np.full((len(people), most, len(parts), 2), np.nan)
    for i, own in enumerate(people):
        for n, xyv in enumerate(own):
            values[i, n] = np.where(xyv[:, 2:] > 0, xyv[:, :2], np.nan)
    scorer, folder = path.stem.partition("CollectedData_")[2] or "gonio", path.resolve().parent.name
    check_names_fit(names, "DeepLabCut", unfit=_BREAKS + r"\\")
    check_names_fit((scorer, folder, *parts), "DeepLabCut", unfit=_BREAKS)
    everyone = [f"individual{n + 1}" for n in range(most)]
    columns = [(scorer, one, part, axis) for one in everyone for part in parts for axis in ("x", "y")]
    table = _Table(
        levels=_LEVELS if most > 1 else [level for level in _LEVELS if level != "individuals"],
        columns=columns if most > 1 else [(scorer, part, axis) for _, _, part, axis in columns],
        index=[("labeled-data", folder, name) for name in names],
        values=values.reshape(len(people), -1),
    )
    (_write_hdf if path.suffix.lower() in HDF_SUFFIXES else _write_csv)(path, table)
    for twin in deeplabcut_twins(path):
        _log.warning("'%s' stays as it was, and DeepLabCut trains from the .h5: write both files", twin)


def _loses_individuals(names: Sequence[str], present: Sequence[Sequence[bool]]) -> bool:
    """Whether the names are others than `write_deeplabcut` gives, or a picture lacks one who is not the last."""
    ours = names == [""] or names == [f"individual{n + 1}" for n in range(len(names))]
    return not ours or any(list(own) != sorted(own, reverse=True) for own in present)


def _write_csv(path: Path, table: _Table) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    empty = [""] * (len(table.index[0]) - 1)
    header = zip(table.levels, zip(*table.columns, strict=True), strict=True)
    writer.writerows([level, *empty, *cells] for level, cells in header)
    body = zip(table.index, table.values.tolist(), strict=True)
    writer.writerows([*place, *map(_cell, row)] for place, row in body)
    with atomic_path(path) as temporary:
        temporary.write_text(text.getvalue(), "utf-8")


def _write_hdf(path: Path, table: _Table) -> None:
    pandas = require("pandas", extra="deeplabcut", purpose="writing DeepLabCut's .h5")
    require("tables", extra="deeplabcut", purpose="writing DeepLabCut's .h5 (.csv needs nothing)")
    columns = pandas.MultiIndex.from_tuples(table.columns, names=table.levels)
    frame = pandas.DataFrame(table.values, index=pandas.MultiIndex.from_tuples(table.index), columns=columns)
    with atomic_path(path) as temporary:
        frame.to_hdf(temporary, key=_KEY, mode="w")


def _rows_of_hdf(path: Path) -> list[list[str]]:
    """The rows that the CSV file beside it has."""
    check_is_file(path)
    pandas = require("pandas", extra="deeplabcut", purpose="reading DeepLabCut's .h5")
    require("tables", extra="deeplabcut", purpose="reading DeepLabCut's .h5 (the .csv beside it needs nothing)")
    try:
        frame = pandas.read_hdf(path)
        places = [place if isinstance(place, tuple) else (place,) for place in frame.index]
        values = np.asarray(frame.to_numpy(), np.float64)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise unusable(path, "it is no HDF5 table that can be read", "give CollectedData_SCORER.h5, whole") from error
    empty = [""] * (len(places[0]) - 1 if places else 0)
    head = [
        [str(name), *empty, *map(str, frame.columns.get_level_values(name))]
        for name in frame.columns.names
        if name in _LEVELS
    ]
    rows = [[*map(str, place), *map(_cell, row)] for place, row in zip(places, values.tolist(), strict=True)]
    return head + rows


def _cell(value: float) -> str:
    return "" if np.isnan(value) else repr(value)


def _header(rows: Sequence[Sequence[str]], path: Path) -> _Header:
    named = {row[0]: row for row in rows[:4] if row[0] in _LEVELS}
    if not {"scorer", "bodyparts", "coords"} <= named.keys():
        raise unusable(path, "it lacks the rows scorer, bodyparts and coords", "give CollectedData_SCORER.csv")
    coords = named["coords"]
    n_index = next((place for place, cell in enumerate(coords) if cell == "x"), len(coords))
    columns: dict[str, dict[str, tuple[int, int]]] = {}
    for place in range(n_index, len(coords) - 1):
        if coords[place : place + 2] == ["x", "y"]:
            individual = named["individuals"][place] if "individuals" in named else ""
            columns.setdefault(individual, {})[named["bodyparts"][place]] = (place, place + 1)
    if not columns:
        raise unusable(path, "it has no columns x and y", "give CollectedData_SCORER.csv")
    return _Header(n_index, len(named), columns)


def _xyv(
    row: Sequence[str], columns: dict[str, tuple[int, int]], order: dict[str, int | None], k: int, path: Path
) -> FloatArray64:
    xyv = empty_xyv(k)
    for part, (x, y) in columns.items():
        place = order[part]
        try:
            if place is not None and row[x].strip() and row[y].strip():
                xyv[place] = float(row[x]), float(row[y]), 2
        except (ValueError, IndexError) as error:
            raise unusable(path, f"the row of {row[0]!r} has an odd cell ({error})", "was it edited?") from error
    xyv[~(abs(xyv) < float("inf")).all(axis=1)] = 0  # 'nan' in a cell
    return xyv
