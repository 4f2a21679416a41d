"""Which pictures int8 is calibrated on, and which it is judged on: never the same, where there are enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gonio.errors import MediaError
from gonio.io.images import IMAGE_SUFFIXES
from gonio.labelled import LabelledPictures, load_labelled


@dataclass(frozen=True, slots=True, eq=False)
class QuantizePictures:
    """What to calibrate on, and what to judge on.

    Attributes:
        calibrate: Pictures whose people set the ranges.
        check: Pictures on which float and int8 are compared.
        labelled: The check pictures with their labels, in the same order; None without labels.
        apart: Whether no picture is in both.
    """

    calibrate: tuple[Path, ...]
    check: tuple[Path, ...]
    labelled: LabelledPictures | None = None
    apart: bool = True


def find_pictures(
    data: Path,
    *,
    check: Path | None = None,
    annotations: Sequence[Path] = (),
    images: Sequence[Path] = (),
    most: int = 200,
) -> QuantizePictures:
    """Divide pictures between calibrating and checking.

    Args:
        data: Folder of pictures, searched through with the folders in it.
        check: Another folder, to check on. Default: every second picture of ``data``, and of labelled pictures all.
        annotations: Label files; their pictures are what is checked on.
        images: Where labelled pictures are. Default: ``check``, else ``data``.
        most: Pictures to check on where there are no labels, spread evenly. All labelled pictures are used.

    Raises:
        MediaError: If a folder has no pictures, or a labelled picture is missing.
        ConfigError: If the format of the labels is not known.
    """
    pictures = _pictures_in(data)
    if annotations:
        labelled = load_labelled(annotations, folders=images or [check or data])
        known = {file.resolve() for file in labelled.files}
        rest = [file for file in pictures if file.resolve() not in known]
        return QuantizePictures(tuple(rest or pictures), labelled.files, labelled, apart=bool(rest))
    if check is not None:
        others = _pictures_in(check)
        shared = {file.resolve() for file in others}
        rest = [file for file in pictures if file.resolve() not in shared]
        return QuantizePictures(tuple(rest or pictures), spread_out(others, most), apart=bool(rest))
    if len(pictures) == 1:
        return QuantizePictures(tuple(pictures), tuple(pictures), apart=False)
    return QuantizePictures(tuple(pictures[::2]), spread_out(pictures[1::2], most))


def spread_out(files: Sequence[Path], most: int) -> tuple[Path, ...]:
    """At most so many, evenly over the whole list."""
    return tuple(files[i] for i in np.linspace(0, len(files) - 1, min(most, len(files))).astype(int))


def _pictures_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise MediaError(f"no folder '{folder}'; give a folder of pictures")
    found = sorted(file for file in folder.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file())
    if not found:
        raise MediaError(f"no picture in '{folder}'; it needs files ending in {', '.join(IMAGE_SUFFIXES)}")
    return found
