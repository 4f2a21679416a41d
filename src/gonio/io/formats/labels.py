"""One door to every label format: the file's name and its first bytes say which it is.

| File | Format | Function |
|---|---|---|
| ``.json``, an object | COCO keypoints, also as CVAT exports them | `read_coco_labels`, `write_coco_keypoints` |
| ``.yaml`` | Ultralytics YOLO-pose | `read_yolo_pose`, `write_yolo_pose` |
| ``.xml``, ``.zip`` | CVAT for images 1.1 | `read_cvat` |
| ``.json``, a list | Label Studio | `read_label_studio` |
| ``.mat`` | LSP, LSP-extended | `read_lsp` |
| ``.csv`` | DeepLabCut | `read_deeplabcut` |
| ``.slp`` | SLEAP | `read_sleap` |
"""

from pathlib import Path
from typing import Literal, get_args

from gonio.errors import ConfigError, MediaError
from gonio.io.files import check_is_file
from gonio.io.formats.coco_labels import read_coco_labels, write_coco_keypoints
from gonio.io.formats.cvat import read_cvat
from gonio.io.formats.deeplabcut import is_deeplabcut, read_deeplabcut
from gonio.io.formats.label_studio import read_label_studio
from gonio.io.formats.lsp import read_lsp
from gonio.io.formats.sleap import read_sleap
from gonio.io.formats.yolo_pose import read_yolo_pose, write_yolo_pose
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton

__all__ = [
    "LabelFormat",
    "label_format",
    "read_coco_labels",
    "read_cvat",
    "read_deeplabcut",
    "read_label_studio",
    "read_labels",
    "read_lsp",
    "read_sleap",
    "read_yolo_pose",
    "write_coco_keypoints",
    "write_yolo_pose",
]

LabelFormat = Literal["coco", "yolo", "cvat", "label-studio", "lsp", "deeplabcut", "sleap"]

_SUFFIXES: dict[str, LabelFormat] = {
    ".yaml": "yolo",
    ".yml": "yolo",
    ".xml": "cvat",
    ".zip": "cvat",
    ".mat": "lsp",
    ".slp": "sleap",
}
_KNOWN = (
    "COCO keypoints (.json), YOLO-pose (.yaml), CVAT for images (.xml, .zip), Label Studio (.json), "
    "LSP (.mat), DeepLabCut (.csv), SLEAP (.slp)"
)


def label_format(path: str | Path) -> LabelFormat:
    """Which format a file of labels has.

    Raises:
        ConfigError: If it is none of them.
        MediaError: If the file is missing or cannot be read.
    """
    path = Path(path)
    if kind := _SUFFIXES.get(path.suffix.lower()):
        return kind
    check_is_file(path)
    start = _start(path)
    if path.suffix.lower() == ".csv" and is_deeplabcut(start):
        return "deeplabcut"
    if path.suffix.lower() == ".json" and start[:1] in ("{", "["):
        return "coco" if start[0] == "{" else "label-studio"
    raise ConfigError(f"no format of labels is known for '{path}'; there are: {_KNOWN}.")


def read_labels(
    path: str | Path,
    *,
    kind: LabelFormat | None = None,
    skeleton: Skeleton | None = None,
    images: str | Path | None = None,
    category: str | None = None,
    split: str | None = None,
) -> list[Annotations]:
    """Read labelled pictures from a file of any known format.

    Args:
        path: The file.
        kind: The format, whatever the file looks like.
        skeleton: What the keypoints shall be. Default: the skeleton of Gonio that has exactly the file's, else one
            made of its names.
        images: The folder of pictures, for formats that lack their sizes: LSP, DeepLabCut, SLEAP.
        category: The class to read, where there are several: COCO, YOLO, CVAT.
        split: The split to read: YOLO.

    Returns:
        One `Annotations` per picture.

    Raises:
        ConfigError: If the format is not known, or the skeleton does not fit.
        MediaError: If the file cannot be read or is not what its format says.
        MissingDependencyError: If an optional package is missing that the format needs.

    Example:
        >>> read_labels("notes.docx")
        Traceback (most recent call last):
        gonio.errors.MediaError: no file 'notes.docx'; check the path
    """
    kind = kind or label_format(path)
    if kind == "coco":
        return read_coco_labels(path, skeleton, category=category)
    if kind == "yolo":
        return read_yolo_pose(path, split, skeleton=skeleton, category=category)
    if kind == "cvat":
        return read_cvat(path, skeleton, category=category)
    if kind == "label-studio":
        return read_label_studio(path, skeleton)
    if kind == "deeplabcut":
        return read_deeplabcut(path, skeleton, images=images)
    if kind == "sleap":
        return read_sleap(path, skeleton, images=images)
    if kind == "lsp":
        if skeleton is not None and skeleton.name != "lsp14":
            raise ConfigError(f"'{path}' has LSP's joints, not those of {skeleton.name!r}; read it as lsp14.")
        return read_lsp(path, images)
    raise ConfigError(f"no format of labels is named {kind!r}; there are: {', '.join(get_args(LabelFormat))}.")


def _start(path: Path) -> str:
    """The first characters of a text file, without space; empty for what is no text."""
    try:
        with path.open("rb") as file:
            return file.read(200).decode("utf-8-sig", "ignore").lstrip()
    except OSError as error:
        raise MediaError(f"cannot read '{path}': {error.strerror or error}; check the path") from error
