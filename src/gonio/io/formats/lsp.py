"""``joints.mat`` of Leeds Sports Pose and of its extended training set.

The two differ in shape and in what their third number means. LSP is ``3 x 14 x N`` and its number is 1 where a joint
is hidden; LSP-extended is ``14 x 3 x N`` and its number is 1 where a joint was labelled at all.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from gonio.arrays import FloatArray64
from gonio.errors import MediaError
from gonio.io.files import check_is_file
from gonio.io.formats.label_parts import LabelledPerson, image_labels, image_size_hw, unusable
from gonio.optional import require
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import load_skeleton


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
    digits = 5 if _is_extended(joints) else 4
    skeleton = load_skeleton("lsp14")
    labels = []
    for i, person in enumerate(_xyv(joints)):
        picture = folder / f"im{i + 1:0{digits}d}.jpg"
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
