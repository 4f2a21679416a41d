"""What the readers of labels share: people gathered one by one become the `Annotations` of an image.

Two rules fill in what a format lacks. A missing box is the extent of the labelled points, moved out on every side
by a tenth of its longer side, within the picture. A missing area is 0.53 of the box.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from gonio.arrays import FloatArray, FloatArray64, IntArray
from gonio.errors import MediaError
from gonio.geometry.boxes import box_area, box_around, clip_boxes
from gonio.io.files import check_is_file
from gonio.io.images import IMAGE_SUFFIXES
from gonio.structures.annotations import Annotations
from gonio.structures.skeleton import Skeleton

AREA_OF_BOX = 0.53
"""Area of a person as a part of their box where a format has boxes only.

Source: the mean of COCO's people, 0.530 over 2,785 and 0.527 over 219 of them; evaluators use the same number."""

BOX_MARGIN = 0.1
"""How far a box made of keypoints reaches beyond them, as a part of the longer side of their extent.

Source: on COCO people of 14 and more keypoints the box reaches beyond them by 0.05 at the sides, 0.11 above, 0.09
below (medians over 886)."""

_ORIENTATION = 0x0112  # EXIF; 5 to 8 lie on their side


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPerson:
    """One person as a file has them.

    Attributes:
        xyv: ``(K, 3)`` float64: x and y in px, visibility 0, 1 or 2, in the skeleton's order.
        box: ``x1 y1 x2 y2``, or None where the format has none.
        area: px², or None where the format has none.
        is_crowd: Whether it is a region of many people.
    """

    xyv: FloatArray64
    box: tuple[float, float, float, float] | None = None
    area: float | None = None
    is_crowd: bool = False


def image_labels(
    people: Sequence[LabelledPerson], skeleton: Skeleton, *, image_id: int, file_name: str, image_hw: tuple[int, int]
) -> Annotations:
    """The people of one image; who has neither a box nor a labelled keypoint is left out."""
    people = [person for person in people if person.box is not None or (person.xyv[:, 2] > 0).any()]
    xyv = np.array([person.xyv for person in people], np.float64).reshape(len(people), len(skeleton), 3)
    visibility: IntArray = xyv[..., 2].astype(np.int64)
    keypoints: FloatArray = np.where(visibility[..., None] > 0, xyv[..., :2], np.nan).astype(np.float32)
    around = boxes_of_keypoints(keypoints, image_hw)
    boxes = np.array(
        [around[i] if person.box is None else person.box for i, person in enumerate(people)], np.float32
    ).reshape(-1, 4)
    guessed = AREA_OF_BOX * box_area(boxes)
    areas = [guessed[i] if person.area is None else person.area for i, person in enumerate(people)]
    return Annotations(
        keypoints=keypoints,
        visibility=visibility,
        boxes=boxes,
        areas=np.array(areas, np.float32),
        is_crowd=np.array([person.is_crowd for person in people], bool),
        skeleton=skeleton,
        image_id=image_id,
        file_name=file_name,
        image_hw=image_hw,
    )


def boxes_of_keypoints(keypoints: FloatArray, image_hw: tuple[int, int]) -> FloatArray:
    """``(N, 4)`` boxes for people who have none; NaN for those without keypoints. `BOX_MARGIN` has the rule."""
    boxes = box_around(keypoints, np.ones(keypoints.shape[:2], bool))  # which leaves out those with NaN
    out = BOX_MARGIN * np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])[:, None]
    return clip_boxes(boxes + out * np.array([-1, -1, 1, 1], np.float32), image_hw)


def image_size_hw(path: Path) -> tuple[int, int]:
    """Height and width of a picture file, upright; only its header is read.

    Raises:
        MediaError: If the file is missing or no picture.
    """
    check_is_file(path)
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            # of a TIFF Pillow gives the size as it is shown
            lying = picture.format != "TIFF" and picture.getexif().get(_ORIENTATION, 1) >= 5
    except (OSError, SyntaxError, ValueError) as error:
        raise MediaError(f"cannot read the size of '{path}' ({error}); is it a picture?") from error
    return (width, height) if lying else (height, width)


def images_in(folder: Path) -> list[Path]:
    """Every picture in a folder and its folders, by name.

    Raises:
        MediaError: If there is no such folder.
    """
    if not folder.is_dir():
        raise MediaError(f"no folder '{folder}'; check the path of the images.")
    return sorted(path for path in folder.rglob("*") if is_picture(path) and path.is_file())


def is_picture(path: Path) -> bool:
    """Whether a file is called as pictures are; hidden ones are a system's own."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def empty_xyv(k: int) -> FloatArray64:
    """``(K, 3)`` of a person of whom nothing is labelled yet."""
    return np.zeros((k, 3), np.float64)


def unusable(path: Path | str, fact: str, way_out: str) -> MediaError:
    """The error of a file whose content is not what its format says."""
    return MediaError(f"cannot use '{path}': {fact}; {way_out}{'' if way_out.endswith('?') else '.'}")
