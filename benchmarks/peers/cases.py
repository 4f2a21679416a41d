"""The pictures that are timed: made from photographs of one person each, so that the count is certain.

A person who walks, in copies; and a portrait, because half a person is what detectors propose twice.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]

GREY = 114  # the colour of cells without a person, and of most letterboxes


@dataclass(frozen=True, slots=True)
class Case:
    """One picture to time.

    Attributes:
        name: What the report calls it.
        people: People in the picture, by construction.
        path: An ``.npy`` file with the ``(H, W, 3)`` uint8 RGB array, so that no worker times a JPEG decoder.
    """

    name: str
    people: int
    path: Path


def tile(photo: Image, *, people: int, size_wh: tuple[int, int]) -> Image:
    """A picture with ``people`` copies of ``photo``, in equal square cells, row by row.

    One size keeps each library's network input the same for every number of people: only the people change.
    Every second copy is mirrored. Cells are ``ceil(sqrt(people))`` to a row; what is left over stays grey.

    Args:
        photo: ``(H, W, 3)`` RGB with one person; its middle square is used.
        people: At least 1.
        size_wh: Width and height of the result, px.

    Returns:
        ``(height, width, 3)`` RGB.
    """
    width, height = size_wh
    per_row = math.ceil(math.sqrt(people))
    cell = min(width // per_row, height // math.ceil(people / per_row))
    copy = _middle_square(photo, cell)
    canvas = np.full((height, width, 3), GREY, dtype=np.uint8)
    for index in range(people):
        y, x = (index // per_row) * cell, (index % per_row) * cell
        canvas[y : y + cell, x : x + cell] = copy[:, ::-1] if index % 2 else copy
    return canvas


def make_cases(photo: Path, *, kind: str, people: Sequence[int], size_wh: tuple[int, int], folder: Path) -> list[Case]:
    """Write one picture of copies of ``photo`` per number of people into ``folder``.

    Args:
        photo: One person.
        kind: A word on the photograph for the pictures' names.
        people: Copies in each picture.
        size_wh: Width and height of the pictures, px.
        folder: Made if it is not there.

    Raises:
        FileNotFoundError: If ``photo`` cannot be read as a picture.
    """
    bgr = cv2.imread(str(photo), cv2.IMREAD_COLOR) if photo.is_file() else None
    if bgr is None:
        raise FileNotFoundError(f"cannot read a picture from '{photo}'; name one with one person in it by --photo")
    rgb = np.ascontiguousarray(bgr[..., ::-1], dtype=np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    cases = []
    for count in people:
        path = folder / f"{kind}-{count}.npy"
        np.save(path, tile(rgb, people=count, size_wh=size_wh))
        cases.append(Case(f"{count} x {kind}", count, path))
    return cases


def _middle_square(photo: Image, side: int) -> Image:
    """The largest centred square of ``photo``, resized to ``side``."""
    height, width = photo.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    method = cv2.INTER_AREA if side < edge else cv2.INTER_CUBIC
    square = cv2.resize(photo[top : top + edge, left : left + edge], (side, side), interpolation=method)
    return np.asarray(square, dtype=np.uint8)
