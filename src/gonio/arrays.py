"""Named array types, and the letters that shapes are written in.

``T`` time steps, ``N`` people, ``K`` keypoints, ``D`` dimensions (2 or 3), ``H W`` image height and width, ``B`` batch.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gonio.errors import ShapeError

FloatArray = npt.NDArray[np.float32]
"""Coordinates and scores; shape in the name's docstring."""
FloatArray64 = npt.NDArray[np.float64]
"""Times, and matrices that are multiplied."""
IntArray = npt.NDArray[np.int64]
"""Indices and identities."""
BoolArray = npt.NDArray[np.bool_]
"""Masks."""
FlagArray = npt.NDArray[np.uint8]
"""Bits that say why something is not to be trusted."""
ImageArray = npt.NDArray[np.uint8]
"""``(H, W, 3)`` uint8, RGB."""
PixelBox = tuple[int, int, int, int]
"""``x1 y1 x2 y2`` in whole pixels of a picture, the end excluded."""


def check_shape(name: str, shape: Sequence[int], expected: Sequence[int | None]) -> None:
    """Raise unless ``shape`` is ``expected``; None in ``expected`` fits any length.

    Raises:
        ShapeError: If the shapes differ.
    """
    if shape == expected:  # of two tuples; most calls end here, and there are many a frame
        return
    fits = len(shape) == len(expected) and all(
        want is None or have == want for have, want in zip(shape, expected, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if want is None else str(want) for want in expected)
        raise ShapeError(f"{name} has shape {tuple(shape)}, expected ({wanted}{',' * (len(expected) == 1)})")
