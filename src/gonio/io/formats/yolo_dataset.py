"""The YAML file of an Ultralytics YOLO-pose data set: where the pictures are and what the keypoints mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonio.errors import ConfigError
from gonio.io.formats.keypoint_names import mirrored_names, skeleton_of_names
from gonio.io.formats.label_parts import images_in, unusable
from gonio.optional import require
from gonio.structures.skeleton import Skeleton, load_skeleton

SPLITS = ("train", "val", "test")
"""The splits that Ultralytics knows."""


@dataclass(frozen=True, slots=True)
class YoloDataset:
    """What the YAML file says, unjudged.

    Attributes:
        path: The YAML file.
        root: The folder that the paths of pictures are relative to.
        splits: For ``train``, ``val`` and ``test``, as far as named, the folders or lists of pictures.
        count: K.
        dims: 2 for x and y, 3 with a visibility.
        flip_idx: The mirror partners; None where the file has none.
        keypoint_names: K names (``kpt_names``); None where the file has none.
        classes: Class number to name.
    """

    path: Path
    root: Path
    splits: Mapping[str, tuple[Path, ...]]
    count: int
    dims: int
    flip_idx: tuple[int, ...] | None
    keypoint_names: tuple[str, ...] | None
    classes: Mapping[int, str]

    def pictures(self, split: str) -> list[Path]:
        """The pictures of a split, by name.

        Raises:
            ConfigError: If there is no such split.
            MediaError: If a folder or list is missing.
        """
        if split not in self.splits:
            raise ConfigError(f"'{self.path}' has no split {split!r}; it has: {', '.join(self.splits) or 'none'}.")
        return sorted({picture for place in self.splits[split] for picture in _listed(place)})

    def class_number(self, category: str | None) -> int:
        """The number of the class to read: the named one, the only one, or the person among several.

        Raises:
            ConfigError: If that does not say which.
        """
        wanted = category or ("person" if len(self.classes) > 1 else next(iter(self.classes.values()), "person"))
        for number, name in self.classes.items():
            if name == wanted:
                return number
        raise ConfigError(
            f"'{self.path}' has no class {wanted!r}; name one with category: {', '.join(self.classes.values())}."
        )

    def skeleton(self) -> Skeleton:
        """What the keypoints are.

        With ``kpt_names`` the names say it, and ``flip_idx`` where no name has a side. Without, 17 keypoints with
        COCO's own ``flip_idx`` are taken for COCO's; any others are called ``keypoint_1`` and so on, mirrored by
        ``flip_idx``.

        Raises:
            ConfigError: If ``flip_idx`` is needed and does not undo itself.
            ShapeError: If it has the wrong length.
        """
        if self.keypoint_names is not None:
            sided = mirrored_names(self.keypoint_names) != tuple(range(self.count))
            flips = None if sided else self.flip_idx
            return skeleton_of_names(self.keypoint_names, name=self.path.stem, flip_indices=flips)
        coco = load_skeleton("coco17")
        if self.count == len(coco) and self.flip_idx == coco.flip_indices:
            return coco
        names = [f"keypoint_{k + 1}" for k in range(self.count)]
        return skeleton_of_names(names, name=self.path.stem, flip_indices=self.flip_idx)


def read_yolo_dataset(path: str | Path) -> YoloDataset:
    """Read a data set's YAML file.

    ``path`` in the file is taken relative to the file itself; if that folder does not exist, as when a data set was
    moved, the file's own folder is the root.

    Raises:
        MediaError: If the file cannot be read or lacks ``kpt_shape`` or every split.
        MissingDependencyError: If PyYAML is not installed.
    """
    path = Path(path)
    content = _load(path)
    shape = content.get("kpt_shape")
    fits = isinstance(shape, list) and len(shape) == 2 and all(isinstance(number, int) for number in shape)
    if not isinstance(shape, list) or not fits or shape[0] < 1 or shape[1] not in (2, 3):
        raise unusable(path, f"kpt_shape is {shape!r}", "give the number of keypoints and 2 or 3, such as [17, 3]")
    if not any(content.get(name) for name in SPLITS):
        raise unusable(
            path, "it names no train, val or test", "say where the pictures are, such as train: images/train"
        )
    named = path.parent / str(content.get("path") or ".")
    root = named if named.is_dir() else path.parent
    return YoloDataset(
        path=path,
        root=root,
        splits={name: _places(content[name], root) for name in SPLITS if content.get(name)},
        count=shape[0],
        dims=shape[1],
        flip_idx=_flips(content.get("flip_idx"), path),
        keypoint_names=_keypoint_names(content.get("kpt_names"), shape[0], path),
        classes=_classes(content.get("names"), path),
    )


def label_file(picture: Path) -> Path:
    """Where Ultralytics looks for a picture's labels: the last folder ``images`` becomes ``labels``."""
    parts = list(picture.parts)
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == "images":
            parts[place] = "labels"
            break
    return Path(*parts).with_suffix(".txt")


def _load(path: Path) -> dict[str, Any]:
    yaml = require("yaml", extra="train", purpose="reading a YOLO data set")
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise unusable(path, f"it cannot be read ({error.strerror or error})", "check the path") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        fact = "it is not YAML: " + " ".join(str(error).split())
        raise unusable(path, fact, "give the data set's YAML file") from error
    if not isinstance(content, dict):
        raise unusable(path, "it holds no settings", "give the data set's YAML file")
    return content


def _places(value: object, root: Path) -> tuple[Path, ...]:
    return tuple(root / str(place) for place in (value if isinstance(value, list) else [value]))


def _flips(value: object, path: Path) -> tuple[int, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(number, int) for number in value):
        raise unusable(path, f"flip_idx is {value!r}", "give a list with one whole number for each keypoint")
    return tuple(value)


def _keypoint_names(value: object, count: int, path: Path) -> tuple[str, ...] | None:
    """``kpt_names`` has a list of names for each class number; the first is taken."""
    if not value:
        return None
    names = next(iter(value.values())) if isinstance(value, dict) else value
    if not isinstance(names, list) or len(names) != count:
        raise unusable(path, f"kpt_names does not have {count} names", "name every keypoint of kpt_shape")
    return tuple(str(name) for name in names)


def _classes(value: object, path: Path) -> dict[int, str]:
    if isinstance(value, list):
        return {number: str(name) for number, name in enumerate(value)}
    if isinstance(value, dict) and all(isinstance(number, int) for number in value):
        return {number: str(name) for number, name in value.items()}
    raise unusable(path, f"names is {value!r}", "give the classes, such as 0: person")


def _listed(place: Path) -> list[Path]:
    """The pictures in a folder, or those that a text file lists, one a line, relative to the file."""
    if place.suffix != ".txt":
        return images_in(place)
    try:
        lines = place.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise unusable(place, f"it cannot be read ({error.strerror or error})", "check the list of pictures") from error
    return [place.parent / line.strip() for line in lines if line.strip()]
