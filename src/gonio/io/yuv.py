"""Between RGB and the YUV of videos: 8 bit, 4:2:0, limited range."""

from collections.abc import Sequence

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

from gonio.arrays import FloatArray, ImageArray
from gonio.structures.yuv import BT709, YuvColours, YuvPicture

_WEIGHTS = {
    1: (0.2126, 0.0722),  # ITU-R BT.709-6, 3.2
    2: (0.299, 0.114),  # unspecified: FFmpeg, which makes our RGB, takes BT.601
    5: (0.299, 0.114),  # ITU-R BT.601-7, 2.5.1
    6: (0.299, 0.114),
}
"""Of red and blue in the luma, by the number of the matrix in ITU-T H.273, 8.3."""
_UNSPECIFIED_RANGE, _LIMITED_RANGE = 0, 1


def as_decoded(picture: VideoFrame, rgb: ImageArray) -> YuvPicture | None:
    """A decoded frame as it lies in memory, uncopied; None if it is not one of those that `YuvPicture` can hold.

    Args:
        picture: The frame.
        rgb: What was made of it.
    """
    primaries, transfer = (getattr(picture, name, None) for name in ("color_primaries", "color_trc"))  # PyAV 17
    if (
        picture.format.name != "yuv420p"
        or picture.color_range not in (_UNSPECIFIED_RANGE, _LIMITED_RANGE)
        or picture.colorspace not in _WEIGHTS
        or primaries is None
        or transfer is None
        or picture.width % 2
        or picture.height % 2
        or any(plane.line_size < plane.width for plane in picture.planes)  # from the bottom row up
    ):
        return None
    luma, blue, red = (plane_pixels(plane) for plane in picture.planes)
    return YuvPicture((luma, blue, red), YuvColours(picture.colorspace, primaries, transfer), rgb)


def plane_pixels(plane: VideoPlane) -> ImageArray:
    """``(H, W)`` view of a plane's bytes, without the padding at the end of its rows."""
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def to_yuv420(image: ImageArray, colours: YuvColours = BT709) -> ImageArray:
    """YUV in the limited range, colours halved both ways by the mean of four pixels.

    OpenCV's own conversion to this layout is BT.601's, FFmpeg's takes three to five times as long.

    Args:
        image: ``(H, W, 3)`` uint8 RGB, H and W even.
        colours: By which matrix.

    Returns:
        ``(3 H / 2, W)`` uint8: the planes Y, U, V one after the other, as FFmpeg's ``yuv420p``.
    """
    height, width = image.shape[:2]
    planes = np.empty((height * 3 // 2, width), np.uint8)
    write_yuv420(image, [planes[:height], *planes[height:].reshape(2, height // 2, width // 2)], colours)
    return planes


def write_yuv420(image: ImageArray, planes: Sequence[ImageArray], colours: YuvColours) -> None:
    """`to_yuv420` into three planes, or into a part of them, in place."""
    full = cv2.transform(image, _matrix(colours))
    halved = cv2.resize(full, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    for channel, (pixels, plane) in enumerate(zip((full, halved, halved), planes, strict=True)):
        cv2.extractChannel(pixels, channel, dst=plane)


def _matrix(colours: YuvColours) -> FloatArray:
    """``(3, 4)``: RGB of 0 to 255 to luma and colour differences in the limited range (H.273, 8.3)."""
    red, blue = _WEIGHTS[colours.matrix]
    green = 1 - red - blue
    return np.array(
        [
            [219 / 255 * red, 219 / 255 * green, 219 / 255 * blue, 16],
            [-112 / 255 * red / (1 - blue), -112 / 255 * green / (1 - blue), 112 / 255, 128],
            [112 / 255, -112 / 255 * green / (1 - red), -112 / 255 * blue / (1 - red), 128],
        ],
        np.float32,
    )
