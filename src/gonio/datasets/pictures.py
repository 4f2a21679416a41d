"""A labelled picture, read as its labels mean it: labels of another size of it would teach and measure nonsense."""

from pathlib import Path

from gonio.arrays import ImageArray
from gonio.errors import MediaError
from gonio.io.images import read_image
from gonio.structures.annotations import Annotations

_ROUNDING_PX = 1


def read_labelled(path: Path, labels: Annotations) -> ImageArray:
    """Read a picture that has the size that its labels say, but for a pixel of rounding.

    Args:
        path: The picture.
        labels: Its people.

    Returns:
        ``(H, W, 3)`` uint8 RGB, upright.

    Raises:
        MediaError: If it cannot be read, or is another size or the other way up.
    """
    image = read_image(path)
    height, width = image.shape[:2]
    said_height, said_width = labels.image_hw
    if max(abs(height - said_height), abs(width - said_width)) <= _ROUNDING_PX:
        return image
    if max(abs(height - said_width), abs(width - said_height)) <= _ROUNDING_PX:
        way_out = (
            "its EXIF orientation turns it. If the labels lie right on the upright picture, exchange their width and "
            "height; if they were made on the picture as it is stored, save it so, without EXIF data"
        )
    else:
        way_out = "take the pictures in the size in which they were labelled"
    raise MediaError(
        f"'{path}' is {width} x {height} px upright, its labels are of {said_width} x {said_height} px; {way_out}. "
        "'gonio data lint' lists all of that kind"
    )
