"""One door to every label format: the file's name and its first bytes say which it is.

| File | Format | Function |
|---|---|---|
| ``.json``, an object | COCO keypoints, also as CVAT exports them | `read_coco_labels`, `write_coco_keypoints` |
| ``.yaml`` | Ultralytics YOLO-pose | `read_yolo_pose`, `write_yolo_pose` |
| ``.xml``, ``.zip`` | CVAT for images 1.1 | `read_cvat`, `write_cvat` |
| ``.json``, a list | Label Studio | `read_label_studio`, `write_label_studio` |
| ``.mat`` | LSP, LSP-extended | `read_lsp`, `write_lsp` |
| ``.csv``, ``.h5`` | DeepLabCut | `read_deeplabcut`, `write_deeplabcut` |
| ``.slp`` | SLEAP | `read_sleap`, `write_sleap` |
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from gonio.errors import ConfigError, MediaError
from gonio.io.files import check_is_file
from gonio.io.formats.coco_labels import read_coco_labels, write_coco_keypoints
from gonio.io.formats.cvat import read_cvat
from gonio.io.formats.cvat_writer import write_cvat
from gonio.io.formats.deeplabcut import HDF_SUFFIXES, is_deeplabcut, read_deeplabcut, write_deeplabcut
from gonio.io.formats.label_studio import read_label_studio
from gonio.io.formats.label_studio_writer import write_label_studio
from gonio.io.formats.lsp import read_lsp, write_lsp
from gonio.io.formats.sleap import read_sleap, write_sleap
from gonio.io.formats.yolo_pose import read_yolo_pose, write_yolo_pose
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton

__all__ = [
    "LabelFormat",
    "label_format",
    "output_format",
    "read_coco_labels",
    "read_cvat",
    "read_deeplabcut",
    "read_label_studio",
    "read_labels",
    "read_lsp",
    "read_sleap",
    "read_yolo_pose",
    "write_coco_keypoints",
    "write_cvat",
    "write_deeplabcut",
    "write_label_studio",
    "write_labels",
    "write_lsp",
    "write_sleap",
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
    **dict.fromkeys(HDF_SUFFIXES, "deeplabcut"),
}
_KNOWN = (
    "COCO keypoints (.json), YOLO-pose (.yaml), CVAT for images (.xml, .zip), Label Studio (.json), "
    "LSP (.mat), DeepLabCut (.csv, .h5), SLEAP (.slp)"
)

_ENDINGS: dict[LabelFormat, tuple[str, ...]] = {
    "coco": (".json",),
    "label-studio": (".json",),
    "cvat": (".xml", ".zip"),
    "lsp": (".mat",),
    "deeplabcut": (".csv", *HDF_SUFFIXES),
    "sleap": (".slp",),
}
"""What the name of a written file ends in; where two formats share an ending, it means the first."""
_NO_FOLDERS = {".txt", ".yaml", ".yml"}.union(*_ENDINGS.values())
"""A folder of such a name is a slip."""


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


def output_format(path: str | Path, kind: LabelFormat | None = None) -> LabelFormat:
    """Which format labels are written in at a path: what its name ends in says it, and a folder is YOLO.

    Args:
        path: The file or folder to make.
        kind: The format, where it is chosen.

    Raises:
        ConfigError: If the name does not fit: no reader would take such a file for the format.

    Example:
        >>> [output_format(name) for name in ("a.json", "task.zip", "joints.mat", "CollectedData_Ann.h5", "yolo")]
        ['coco', 'cvat', 'lsp', 'deeplabcut', 'yolo']
    """
    path = Path(path)
    ending = path.suffix.lower()
    if kind is None:
        fitting: list[LabelFormat] = [name for name, own in _ENDINGS.items() if ending in own and not path.is_dir()]
        kind = fitting[0] if fitting else "yolo"
    if kind == "yolo" and ending in _NO_FOLDERS and not path.is_dir():
        raise ConfigError(
            f"cannot write labels as '{path}'; end it in .json for COCO, .xml for CVAT and so on, or name a folder "
            "for YOLO."
        )
    if kind != "yolo" and ending not in _ENDINGS[kind]:
        raise ConfigError(f"cannot write {kind} labels as '{path}'; end it in {' or '.join(_ENDINGS[kind])}.")
    return kind


def write_labels(
    path: str | Path,
    annotations: Sequence[Annotations],
    *,
    kind: LabelFormat | None = None,
    pictures: Sequence[Path | None] | None = None,
) -> None:
    """Write labelled pictures to a file of any format; to a folder as YOLO's split ``train``.

    Args:
        path: The file or folder to make.
        annotations: Images of one skeleton.
        kind: The format. Default: `output_format`.
        pictures: For each image its file, where known: SLEAP stores the paths.

    Raises:
        ConfigError: If the name does not fit the format, or the format cannot hold such images.
        MediaError: If the file cannot be written.
        MissingDependencyError: If an optional package is missing that the format needs.
    """
    kind = output_format(path, kind)
    if kind == "coco":
        write_coco_keypoints(path, annotations)
    elif kind == "yolo":
        write_yolo_pose(path, {"train": annotations})
    elif kind == "cvat":
        write_cvat(path, annotations)
    elif kind == "label-studio":
        write_label_studio(path, annotations)
    elif kind == "lsp":
        write_lsp(path, annotations)
    elif kind == "deeplabcut":
        write_deeplabcut(path, annotations)
    else:
        write_sleap(path, annotations, pictures=pictures)


def _start(path: Path) -> str:
    """The first characters of a text file, without space; empty for what is no text."""
    try:
        with path.open("rb") as file:
            return file.read(200).decode("utf-8-sig", "ignore").lstrip()
    except OSError as error:
        raise MediaError(f"cannot read '{path}': {error.strerror or error}; check the path") from error
