"""RGB to YUV in 4:2:0; the oracle is FFmpeg's swscale (through PyAV), which is slower."""

import av
import numpy as np
import pytest

from gonio.arrays import ImageArray
from gonio.io.yuv import to_yuv420
from gonio.structures.yuv import YuvColours

PRIMARIES = [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (128, 128, 128)]


def of_ffmpeg(image: ImageArray, matrix: str = "ITU709") -> ImageArray:
    rgb = av.VideoFrame.from_ndarray(image, format="rgb24")
    frame = rgb.reformat(format="yuv420p", dst_colorspace=matrix, dst_color_range="MPEG")
    return np.asarray(frame.to_ndarray(), np.uint8)


@pytest.mark.parametrize(("matrix", "name"), [(1, "ITU709"), (5, "ITU601"), (6, "SMPTE170M"), (2, "DEFAULT")])
@pytest.mark.parametrize("rgb", [*PRIMARIES, (200, 60, 30), (20, 180, 220)])
def test_flat_colours(rgb: tuple[int, int, int], matrix: int, name: str) -> None:
    image = np.full((32, 64, 3), rgb, np.uint8)
    ours = to_yuv420(image, YuvColours(matrix, 2, 2))
    assert np.abs(ours.astype(int) - of_ffmpeg(image, name)).max() <= 1


def test_black_and_white_fill_the_limited_range() -> None:
    black, white = (to_yuv420(np.full((2, 2, 3), value, np.uint8)) for value in (0, 255))
    assert black.ravel().tolist() == [16, 16, 16, 16, 128, 128]
    assert white.ravel().tolist() == [235, 235, 235, 235, 128, 128]


def test_a_picture() -> None:
    rows, columns = np.mgrid[:96, :128]
    image = np.stack([rows * 2, columns * 2, 255 - rows - columns], axis=-1).clip(0, 255).astype(np.uint8)
    ours, theirs = to_yuv420(image).astype(int), of_ffmpeg(image).astype(int)
    assert ours.shape == (144, 128)
    assert np.abs(ours[:96] - theirs[:96]).max() <= 1
    assert np.abs(ours[96:] - theirs[96:]).mean() < 0.5  # they place and average colours a little differently


def test_views_of_larger_pictures() -> None:
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    part = image[10:42, 8:40]
    np.testing.assert_array_equal(to_yuv420(part), to_yuv420(part.copy()))
