"""From files of labels to named sets, with their pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gonio.errors import MediaError
from gonio.io.formats.labels import LabelFormat, label_format, read_labels
from gonio.io.formats.yolo_dataset import read_yolo_dataset
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton


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
        """The file of a picture; None if it is in none of the folders."""
        return next((file for folder in self.folders if (file := folder / labels.file_name).is_file()), None)

    def position(self, labels: Annotations, person: int) -> int:
        """Which person of the file's picture the ``person``-th of ``labels`` is."""
        return person if self.positions is None else self.positions[labels.image_id][person]

    def pictures(self) -> list[Path]:
        """The files of all pictures.

        Raises:
            MediaError: If one is missing.
        """
        found = []
        for labels in self.images:
            if (picture := self.picture(labels)) is None:
                places = ", ".join(f"'{folder}'" for folder in self.folders)
                raise MediaError(
                    f"the labelled image '{labels.file_name}' is not in {places}; "
                    "give the folder that holds it with --images"
                )
            found.append(picture)
        return found


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
            sets.append(LabelledSet(split or path.stem, path, tuple(images), places))
    return sets


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
