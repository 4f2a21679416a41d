"""DeepLabCut's ``CollectedData_SCORER.csv``: three or four header rows, then a row per picture.

The ``.h5`` file beside it holds the same numbers; only the CSV is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gonio.arrays import FloatArray64
from gonio.errors import MediaError
from gonio.io.formats.keypoint_names import order_of, skeleton_of_names
from gonio.io.formats.label_parts import LabelledPerson, empty_xyv, image_labels, image_size_hw, unusable
from gonio.io.formats.reading import read_text, rows_of_table
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton


@dataclass(frozen=True, slots=True)
class _Header:
    """Where the numbers of each individual and body part stand."""

    n_index: int  # columns of the picture's path: one, or three in later versions
    n_rows: int
    columns: dict[str, dict[str, tuple[int, int]]]  # individual -> body part -> columns of x and y


def read_deeplabcut(
    path: str | Path, skeleton: Skeleton | None = None, *, images: str | Path | None = None
) -> list[Annotations]:
    """Read the labels of a DeepLabCut project, of one or of several animals or people.

    Args:
        path: The CSV file in a folder of ``labeled-data``.
        skeleton: What the body parts shall be, matched by name. Default: the skeleton of Gonio that has exactly
            these, else one made of their names.
        images: The folder of pictures, whose sizes are needed. Default: the CSV file's own.

    Returns:
        One `Annotations` per picture, in the order of the file, ids from 1. What has numbers is visible, the rest
        not labelled; boxes are made of the keypoints, areas are 0.53 of the box. Individuals' names are lost.

    Raises:
        MediaError: If the file is no such table, or a picture is missing.
        ConfigError: If the given skeleton has none of the body parts.
    """
    path = Path(path)
    folder = Path(images) if images is not None else path.parent
    rows = rows_of_table(read_text(path))
    header = _header(rows, path)
    parts = list(dict.fromkeys(part for own in header.columns.values() for part in own))
    target = skeleton or skeleton_of_names(parts, name="deeplabcut")
    order = dict(zip(parts, order_of(parts, target), strict=True))
    labels = []
    for i, row in enumerate(rows[header.n_rows :]):
        name = Path("/".join(row[: header.n_index]).replace("\\", "/")).name
        if not (folder / name).is_file():
            raise MediaError(f"the labelled image '{name}' is not in '{folder}'; give its folder with images.")
        people = [LabelledPerson(_xyv(row, own, order, len(target), path)) for own in header.columns.values()]
        hw = image_size_hw(folder / name)
        labels.append(image_labels(people, target, image_id=i + 1, file_name=name, image_hw=hw))
    return labels


def is_deeplabcut(text: str) -> bool:
    """Whether a CSV file begins as DeepLabCut's do."""
    return text.startswith(("scorer,", "scorer;", "scorer\t"))


def _header(rows: Sequence[Sequence[str]], path: Path) -> _Header:
    named = {row[0]: row for row in rows[:4] if row[0] in ("scorer", "individuals", "bodyparts", "coords")}
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
