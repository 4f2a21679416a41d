"""A data set written to a folder or file, with its pictures where the format wants them."""

import filecmp
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

from gonio.datasets.loading import LabelledSet
from gonio.errors import ConfigError, MediaError
from gonio.io.atomic import atomic_path
from gonio.io.formats.label_parts import is_picture
from gonio.io.formats.labels import LabelFormat, write_coco_keypoints, write_labels, write_yolo_pose
from gonio.io.formats.lsp import lsp_picture_names
from gonio.io.formats.yolo_dataset import SPLITS
from gonio.structures.annotations import Annotations

WrittenFormat = Literal["coco", "yolo"]

_NOTHING = "there is no picture to write; is the file of labels empty?"


def write_splits(
    out: Path,
    splits: Mapping[str, Sequence[Annotations]],
    *,
    kind: WrittenFormat,
    pictures: Mapping[str, Sequence[Path]] | None = None,
) -> list[Path]:
    """Write splits into a folder: ``SPLIT.json`` each for COCO, ``data.yaml`` with ``labels/`` for YOLO.

    Args:
        out: The folder, made if there is none.
        splits: Name of each split and its pictures; a split without pictures is left out.
        kind: The format.
        pictures: For each split the files of its pictures, in their order; given, they are copied to
            ``images/SPLIT/``. YOLO finds them there; in a COCO file they keep their names, so that the copies are not
            looked for, and this is refused.

    Returns:
        The label files, or the YAML file.

    Raises:
        ConfigError: If the format is not one that is written, every split is empty, COCO is to copy, or in a COCO
            file two pictures would have one name, or pictures are there already that belong to no split.
        MediaError: If a file cannot be written or copied.
    """
    filled = {name: images for name, images in splits.items() if images}
    if not filled:
        raise ConfigError(_NOTHING)
    if kind == "coco":
        if pictures is not None:
            raise ConfigError("COCO files name pictures where they are, none are copied; leave pictures out.")
        for name, images in filled.items():
            check_names(images)
            write_coco_keypoints(out / f"{name}.json", images)
        return [out / f"{name}.json" for name in filled]
    if kind == "yolo":
        if pictures is not None:
            _check_no_others(out, filled)
        yaml = write_yolo_pose(out, filled)
        if pictures is not None:
            for name, images in filled.items():
                _copy(pictures[name], [_place(out, name, labels) for labels in images])
        return [yaml]
    raise ConfigError(f"no format to write is named {kind!r}; there are: {', '.join(get_args(WrittenFormat))}.")


def write_label_file(
    out: Path,
    images: Sequence[Annotations],
    *,
    kind: LabelFormat,
    pictures: Sequence[Path | None] | None = None,
    copy: bool = False,
) -> None:
    """Write labelled pictures to one file.

    Args:
        out: The file to make.
        images: The pictures' labels, all of one skeleton.
        kind: The format; not YOLO, which is a folder.
        pictures: For each its file, where known.
        copy: LSP knows pictures by their number only: copy them to ``images/`` beside the file, under those names.

    Raises:
        ConfigError: If there is no picture, the format cannot hold such labels, two pictures have one name, or those
            of LSP cannot be copied: no JPEG, or another picture is there.
        MediaError: If a file cannot be written or copied.
    """
    if not images:
        raise ConfigError(_NOTHING)
    check_names(images)
    places: list[tuple[Path, Path]] = []
    if copy and kind == "lsp" and pictures is not None:
        names = lsp_picture_names(images)
        places = [
            (file, out.parent / "images" / name) for file, name in zip(pictures, names, strict=True) if file is not None
        ]
        places = [(file, place) for file, place in places if not _is_copy(file, place)]
        for file, place in places:
            _check_lsp_copy(file, place)
    _copy([file for file, _ in places], [place for _, place in places])
    write_labels(out, images, kind=kind, pictures=pictures)  # last: where labels are, their pictures are


def _is_copy(file: Path, place: Path) -> bool:
    return place.is_file() and (place.samefile(file) or filecmp.cmp(file, place, shallow=False))


def _check_lsp_copy(file: Path, place: Path) -> None:
    if file.suffix.lower() not in (".jpg", ".jpeg"):
        raise ConfigError(
            f"'{file}' is no JPEG, and LSP's pictures are called '{place.name}'; convert the pictures to JPEG first, "
            "or write the labels without them."
        )
    if place.exists():
        raise ConfigError(f"'{place}' is there and another picture than '{file}'; write to an empty folder.")


def yolo_splits(sets: Sequence[LabelledSet]) -> dict[str, Sequence[Annotations]]:
    """Name sets as YOLO does: by the first of train, val and test in the name; a single one without is train.

    Raises:
        ConfigError: If two sets would be the same split, or it is not clear which one is.
    """
    named: dict[str, Sequence[Annotations]] = {}
    for dataset in sets:
        name = next((split for split in SPLITS if split in dataset.name.lower()), "train" if len(sets) == 1 else "")
        if not name or name in named:
            raise ConfigError(
                f"it is not clear which split {dataset.name!r} is; rename the file to one of {', '.join(SPLITS)}."
            )
        named[name] = dataset.images
    return named


def check_names(images: Sequence[Annotations]) -> None:
    """Raise where a file could not tell two pictures apart, as of folders that name their frames alike.

    Raises:
        ConfigError: If two have the same file name.
    """
    name, times = Counter(labels.file_name for labels in images).most_common(1)[0]
    if times > 1:
        raise ConfigError(
            f"{times} pictures are called {name!r}, and the labels of one would go to the other; "
            "rename the pictures, or write each file of labels by itself."
        )


def _place(out: Path, split: str, labels: Annotations) -> Path:
    return out / "images" / split / Path(labels.file_name).name


def _check_no_others(out: Path, splits: Mapping[str, Sequence[Annotations]]) -> None:
    """Raise where another division left pictures: YOLO takes all that are in the folder, and one could be in two."""
    new = {_place(out, name, labels) for name, images in splits.items() for labels in images}
    there = [file for file in sorted(out.glob("images/*/*")) if file.parent.name in SPLITS and is_picture(file)]
    others = [file for file in there if file not in new]
    if others:
        raise ConfigError(
            f"'{out}' holds {len(others)} pictures that belong to no split of these, such as '{others[0]}', and YOLO "
            "would take them too; empty the folder, or name another."
        )


def _copy(files: Sequence[Path], places: Sequence[Path]) -> None:
    for file, place in zip(files, places, strict=True):
        try:
            with atomic_path(place) as temporary:
                shutil.copyfile(file, temporary)
        except OSError as error:  # of the picture: what is wrong with the folder, atomic_path says
            raise MediaError(f"cannot read '{file}': {error.strerror or error}; change its permissions") from error
