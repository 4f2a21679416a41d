"""`YuvPicture`: a decoded picture as its video holds it, before it became RGB."""

from dataclasses import dataclass

from gonio.arrays import ImageArray


@dataclass(frozen=True, slots=True)
class YuvColours:
    """What the numbers of a YUV picture mean: code points of ITU-T H.273, 2 where the video does not say.

    Attributes:
        matrix: How red, green and blue were mixed (8.3): 1 is BT.709, 5 and 6 are BT.601.
        primaries: Which red, green and blue (8.1).
        transfer: How light became numbers (8.2).
    """

    matrix: int
    primaries: int
    transfer: int


BT709 = YuvColours(matrix=1, primaries=1, transfer=1)


@dataclass(frozen=True, slots=True, eq=False)
class YuvPicture:
    """8 bit, 4:2:0, limited range (black is 16, white 235): what nearly every video file holds.

    Attributes:
        planes: Y ``(H, W)``, and U and V ``(H / 2, W / 2)``, uint8; they belong to the decoder and must not be changed.
        colours: What the numbers mean.
        rgb: What was made of it: a frame whose image is another array has another picture.
    """

    planes: tuple[ImageArray, ImageArray, ImageArray]
    colours: YuvColours
    rgb: ImageArray

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.planes[0].shape[1], self.planes[0].shape[0]
