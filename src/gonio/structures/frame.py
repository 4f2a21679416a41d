"""`Frame`: the pixels of one moment, and where they came from."""

from dataclasses import dataclass

import numpy as np

from gonio.arrays import ImageArray
from gonio.errors import ShapeError
from gonio.structures.yuv import YuvPicture


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One image of a source.

    Attributes:
        image: ``(H, W, 3)`` uint8, RGB, upright (EXIF and container rotation already applied).
        index: Position in the source, counted from 0 over all decoded frames, also those that a stride skips.
        time_s: Presentation time in seconds from the source's first frame; None for a still.
        source: The file, URL, ``camera:0`` or ``array`` it came from.
        yuv: The same picture as its video holds it, if that was asked for (`open_source`) and is 8 bit 4:2:0.

    Raises:
        ShapeError: If the image is not ``(H, W, 3)`` uint8 with at least one pixel.
    """

    image: ImageArray
    index: int = 0
    time_s: float | None = None
    source: str = "array"
    yuv: YuvPicture | None = None

    def __post_init__(self) -> None:
        image: object = self.image
        if not isinstance(image, np.ndarray):  # None is what cv2.imread gives for a file that is not there
            kind = type(image).__name__
            raise ShapeError(f"image is {kind}, expected an (H, W, 3) uint8 array in RGB order; was its file read?")
        if image.ndim != 3 or image.shape[2] != 3 or image.size == 0 or image.dtype != "uint8":
            raise ShapeError(
                f"image has shape {image.shape} and type {image.dtype}, expected (H, W, 3) uint8 in RGB order"
            )

    @property
    def decoded(self) -> YuvPicture | None:
        """``yuv``, unless the image was replaced by another since."""
        return self.yuv if self.yuv is not None and self.yuv.rgb is self.image else None

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]
