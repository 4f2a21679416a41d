"""``joints.mat`` of Leeds Sports Pose and of its extended training set, read and written.

The two differ in shape and in what their third number means. LSP is ``3 x 14 x N`` and its number is 1 where a joint
is hidden; LSP-extended is ``14 x 3 x N`` and its number is 1 where a joint was labelled at all.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gonio.arrays import FloatArray64
from gonio.errors import ConfigError, MediaError
from gonio.io.atomic import atomic_path
from gonio.io.files import check_is_file
from gonio.io.formats.keypoint_names import normal_name
from gonio.io.formats.label_parts import LabelledPerson, empty_xyv, image_labels, image_size_hw, unusable
from gonio.io.formats.label_people import one_skeleton, people_of
from gonio.optional import require
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton, load_skeleton

_DIGITS, _EXTENDED_DIGITS = 4, 5  # in the pictures' names


def read_lsp(path: str | Path, images: str | Path | None = None) -> list[Annotations]:
    """Read LSP's or LSP-extended's joints.

    Args:
        path: ``joints.mat``.
        images: The folder of pictures, whose sizes are needed. Default: ``images`` beside the file.

    Returns:
        One `Annotations` of the skeleton ``lsp14`` per picture with one person, ids from 1. Numbers are the file's
        own. Boxes are made of the joints, areas are 0.53 of the box.

    Raises:
        MediaError: If the file is no MATLAB file with such joints, or a picture is missing.
        MissingDependencyError: If scipy is not installed.
    """
    path = Path(path)
    folder = Path(images) if images is not None else path.parent / "images"
    joints = _joints(path)
    digits = _EXTENDED_DIGITS if _is_extended(joints) else _DIGITS
    skeleton = load_skeleton("lsp14")
    labels = []
    for i, person in enumerate(_xyv(joints)):
        picture = folder / _name(i, digits)
        if not picture.is_file():
            raise MediaError(f"the labelled image '{picture}' does not exist; give the folder of pictures with images.")
        labels.append(
            image_labels(
                [LabelledPerson(person)],
                skeleton,
                image_id=i + 1,
                file_name=picture.name,
                image_hw=image_size_hw(picture),
            )
        )
    return labels


def write_lsp(path: str | Path, annotations: Sequence[Annotations]) -> None:
    """Write LSP's or LSP-extended's joints, whichever loses less.

    With every joint of everyone labelled it is LSP, which tells hidden joints from visible ones; else LSP-extended,
    which tells labelled joints from others. Coordinates are kept exactly. Ids, boxes, areas, sizes, the pictures'
    names and keypoints that are not LSP's are lost.

    Args:
        path: The MATLAB file to make.
        annotations: Images of one skeleton that has LSP's joints. One person a picture: crowds and people without any
            joint do not count. LSP-extended also holds pictures without a person.

    Raises:
        ConfigError: If there is no image, the skeleton lacks a joint of LSP, or a picture has several people.
        MediaError: If the file cannot be written.
        MissingDependencyError: If scipy is not installed.
    """
    xyv = _written(annotations)
    extended = _needs_extended(xyv)
    xyv[..., 2] = xyv[..., 2] > 0 if extended else xyv[..., 2] == 1
    scipy_io = require("scipy.io", extra="train", purpose="writing a MATLAB file")
    with atomic_path(Path(path)) as temporary, temporary.open("wb") as file:
        scipy_io.savemat(file, {"joints": xyv.transpose((1, 2, 0) if extended else (2, 1, 0))})


def lsp_picture_names(annotations: Sequence[Annotations]) -> list[str]:
    """What the pictures must be called for these labels, in the folder ``images`` beside the file.

    Raises:
        ConfigError: As `write_lsp`.
    """
    digits = _EXTENDED_DIGITS if is_lsp_extended(annotations) else _DIGITS
    return [_name(i, digits) for i in range(len(annotations))]


def is_lsp_extended(annotations: Sequence[Annotations]) -> bool:
    """Whether `write_lsp` makes these labels LSP-extended, which does not tell hidden joints from visible ones.

    Raises:
        ConfigError: As `write_lsp`.
    """
    return _needs_extended(_written(annotations))


def _written(annotations: Sequence[Annotations]) -> FloatArray64:
    """``(N, 14, 3)`` with COCO's visibility; all 0 for a picture without a person."""
    order = _order(one_skeleton(annotations))
    people = [[one.xyv[order] for one in people_of(labels) if one.xyv[order, 2].any()] for labels in annotations]
    for labels, own in zip(annotations, people, strict=True):
        if len(own) > 1:
            raise ConfigError(
                f"{labels.file_name!r} has {len(own)} people with LSP's joints, and LSP holds one a picture; "
                "choose another format."
            )
    return np.array([own[0] if own else empty_xyv(len(order)) for own in people])


def _needs_extended(xyv: FloatArray64) -> bool:
    return bool((xyv[..., 2] == 0).any())


def _order(skeleton: Skeleton) -> list[int]:
    """Where LSP's joints are in a skeleton."""
    index = {normal_name(name): k for k, name in enumerate(skeleton.keypoint_names)}
    joints = load_skeleton("lsp14").keypoint_names
    if missing := [name for name in joints if name not in index]:
        raise ConfigError(
            f"LSP has {len(joints)} joints, and the skeleton {skeleton.name!r} lacks {len(missing)} of them, such as "
            f"{missing[0]!r}; choose another format."
        )
    return [index[name] for name in joints]


def _name(place: int, digits: int) -> str:
    return f"im{place + 1:0{digits}d}.jpg"


def _joints(path: Path) -> FloatArray64:
    check_is_file(path)
    scipy_io = require("scipy.io", extra="train", purpose="reading a MATLAB file")
    try:
        content = scipy_io.loadmat(path)
    except (ValueError, TypeError, NotImplementedError, OSError) as error:
        raise unusable(path, f"it is no MATLAB file that can be read ({error})", "give LSP's joints.mat") from error
    joints: npt.NDArray[np.float64] = np.asarray(content.get("joints", ()), np.float64)
    if joints.ndim != 3 or joints.shape[:2] not in ((3, 14), (14, 3)):
        fact = f"'joints' has shape {joints.shape}"
        raise unusable(path, fact, "LSP has (3, 14, N), LSP-extended (14, 3, N)")
    return joints


def _is_extended(joints: FloatArray64) -> bool:
    return bool(joints.shape[0] == 14)


def _xyv(joints: FloatArray64) -> FloatArray64:
    """``(N, 14, 3)`` with COCO's visibility, in LSP's order of joints, which is that of ``lsp14``."""
    if _is_extended(joints):
        xyv = joints.transpose(2, 0, 1).copy()
        xyv[..., 2] = np.where(xyv[..., 2] > 0, 2, 0)
    else:
        xyv = joints.transpose(2, 1, 0).copy()
        xyv[..., 2] = np.where(xyv[..., 2] > 0, 1, 2)
    return xyv
