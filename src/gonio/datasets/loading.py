"""From files of labels to named sets, with their pictures."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gonio.arrays import BoolArray
from gonio.errors import MediaError
from gonio.geometry.boxes import box_area
from gonio.io.formats.label_parts import AREA_OF_BOX
from gonio.io.formats.labels import LabelFormat, label_format, read_labels
from gonio.io.formats.yolo_dataset import read_yolo_dataset
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton

_UPLOADED = re.compile(r"^[0-9a-f]{8}-(?=.)")


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSet:
    """The pictures of one split.

    Attributes:
        name: The split's name, or the label file's without its suffix.
        path: The label file.
        images: One `Annotations` per picture.
        folders: Where the pictures are looked for, in this order.
        positions: For each image id, which person of the file each of its people is, where lint left some out.
    """

    name: str
    path: Path
    images: tuple[Annotations, ...]
    folders: tuple[Path, ...]
    positions: Mapping[int, tuple[int, ...]] | None = None

    def picture(self, labels: Annotations) -> Path | None:
        """The file of a picture; None if it is in none of the folders.

        Label Studio puts eight hexadecimal digits and a hyphen before the name of what is uploaded: the picture
        without them is the one.
        """
        names = (labels.file_name, _UPLOADED.sub("", labels.file_name))
        return next((file for name in names for folder in self.folders if (file := folder / name).is_file()), None)

    def folder_of(self, labels: Annotations) -> Path | None:
        """The one of the folders in which a picture is found; None if it is in none of them."""
        return next((folder for folder in self.folders if replace(self, folders=(folder,)).picture(labels)), None)

    def position(self, labels: Annotations, person: int) -> int:
        """Which person of the file's picture the ``person``-th of ``labels`` is."""
        return person if self.positions is None else self.positions[labels.image_id][person]

    def pictures(self, *, way_out: str = "give the folder that holds them with --images") -> list[Path]:
        """The files of all pictures.

        Args:
            way_out: What an error advises to do about missing ones.

        Raises:
            MediaError: If some are missing.
        """
        files = [self.picture(labels) for labels in self.images]
        missing = [labels.file_name for labels, file in zip(self.images, files, strict=True) if file is None]
        if missing:
            places = ", ".join(f"'{folder}'" for folder in self.folders) or "no folder"
            raise MediaError(
                f"{len(missing)} of the {len(files)} pictures that '{self.path}' labels are not in {places}, such as "
                f"'{missing[0]}'; {way_out}"
            )
        return [file for file in files if file is not None]


def load_sets(
    paths: Sequence[Path],
    *,
    folders: Sequence[Path] = (),
    kind: LabelFormat | None = None,
    skeleton: Skeleton | None = None,
    category: str | None = None,
) -> list[LabelledSet]:
    """Read label files; each is a set, and each split of a YOLO data set is one.

    Args:
        paths: Files of any format that `read_labels` knows.
        folders: Where the pictures are. Default: `picture_folders`.
        kind: The format, whatever the files look like.
        skeleton: What the keypoints shall be.
        category: The class to read, where there are several.

    Raises:
        PoseError: As `read_labels`.
    """
    sets = []
    for path in paths:
        found = kind or label_format(path)
        places = picture_folders(path, folders, found)
        splits: list[str | None] = list(read_yolo_dataset(path).splits) if found == "yolo" else [None]
        for split in splits:
            images = read_labels(
                path, kind=found, skeleton=skeleton, images=_sized(places), category=category, split=split
            )
            sets.append(LabelledSet(split or path.stem, path, tuple(map(with_areas, images)), places))
    return sets


def without_area(labels: Annotations) -> BoolArray:
    """``(N,)``: who has a box and no area, as some tools write people without an outline."""
    return (labels.areas <= 0) & (box_area(labels.boxes) > 0)


def with_areas(labels: Annotations) -> Annotations:
    """The same with `AREA_OF_BOX` of their boxes as the areas of those without: an OKS by an area of 0 is always 0."""
    flat = without_area(labels)
    return replace(labels, areas=np.where(flat, AREA_OF_BOX * box_area(labels.boxes), labels.areas).astype(np.float32))


def picture_folders(path: Path, folders: Sequence[Path], kind: LabelFormat) -> tuple[Path, ...]:
    """Where the pictures of a label file may be.

    The given folders; without any the root of a YOLO data set, else the file's own folder, ``images`` in it and
    beside it, and, as COCO has it, the folder beside it whose name the file's ends in: ``val2017`` for
    ``annotations/person_keypoints_val2017.json``.
    """
    if folders:
        return tuple(folders)
    if kind == "yolo":
        return (read_yolo_dataset(path).root,)
    around = path.parent.parent if path.parent.name else path.parent / ".."
    places = (path.parent / "images", path.parent, around / "images", around / path.stem.rsplit("_", 1)[-1])
    return tuple(place for place in places if place.is_dir())


def _sized(places: Sequence[Path]) -> Path | None:
    return places[0] if places else None
