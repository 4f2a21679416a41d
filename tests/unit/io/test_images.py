import errno
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gonio.arrays import ImageArray
from gonio.errors import ConfigError, MediaError, ShapeError
from gonio.io.files import check_is_file
from gonio.io.images import MAX_PIXELS, as_image, decode_image, read_image, write_image

BLOCKS = np.kron(np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8), np.ones((8, 8, 1), np.uint8))


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("form", "options", "tolerance"),
    [
        pytest.param("PNG", {}, 0, id="png"),
        pytest.param("BMP", {}, 0, id="bmp"),
        pytest.param("TIFF", {"compression": "tiff_lzw"}, 0, id="tiff"),
        pytest.param("WEBP", {"lossless": True}, 0, id="webp"),
        # 8x8 blocks of one colour are JPEG's own blocks: only colour conversion and quantisation remain.
        pytest.param("JPEG", {"quality": 100, "subsampling": 0}, 3, id="jpeg"),
    ],
)
def test_formats(form: str, options: dict[str, Any], tolerance: int) -> None:
    image = decode_image(encoded(Image.fromarray(BLOCKS), form, **options), "x")
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - BLOCKS).max() <= tolerance


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation: int) -> None:
    """Oracle: the EXIF standard's table of what row 0 and column 0 of the stored picture show."""
    upright = np.zeros((2, 3, 3), np.uint8)
    upright[0, 0] = 255
    turns: dict[int, Callable[[ImageArray], ImageArray]] = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),  # row 0 is the right side: stored turned counter-clockwise
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    stored = Image.fromarray(np.ascontiguousarray(turns[orientation](upright)))
    # A TIFF header and one entry: tag 0x0112, one short, the orientation.
    exif = b"Exif\0\0II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    image = decode_image(encoded(stored, "PNG", exif=exif), "x")
    np.testing.assert_array_equal(image, upright)


def test_broken_exif_costs_the_orientation_only(caplog: pytest.LogCaptureFixture) -> None:
    data = encoded(Image.fromarray(BLOCKS), "PNG", exif=b"Exif\0\0garbage that is no TIFF")
    np.testing.assert_array_equal(decode_image(data, "odd.png"), BLOCKS)
    assert "odd.png" in caplog.text


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    image = decode_image(png(3, 1, 16, 0, b"\0" + struct.pack(">3H", 0, 0x8080, 0xFFFF)), "x")
    assert image[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param(Image.new("L", (2, 2), 7), (7, 7, 7), id="grey"),
        pytest.param(Image.new("1", (2, 2), 1), (255, 255, 255), id="one bit"),
        pytest.param(Image.new("RGBA", (2, 2), (9, 9, 9, 0)), (255, 255, 255), id="transparent is white"),
        pytest.param(Image.new("RGBA", (2, 2), (0, 100, 200, 51)), (204, 224, 244), id="a fifth opaque"),
        pytest.param(Image.new("LA", (2, 2), (50, 255)), (50, 50, 50), id="grey and alpha"),
        pytest.param(Image.new("CMYK", (2, 2), (0, 255, 255, 0)), (255, 0, 0), id="cmyk"),
        pytest.param(Image.new("RGB", (2, 2), (1, 2, 3)).quantize(4), (1, 2, 3), id="palette"),
    ],
)
def test_modes(image: Image.Image, expected: tuple[int, int, int]) -> None:
    assert as_image(image)[0, 0].tolist() == list(expected)


def test_palette_with_a_transparent_colour() -> None:
    image = Image.new("P", (2, 2), 0)
    image.putpalette([1, 2, 3, 4, 5, 6])
    data = encoded(image, "PNG", transparency=0)
    assert decode_image(data, "x")[0, 0].tolist() == [255, 255, 255]


def test_cmyk_jpeg() -> None:
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    assert np.abs(decode_image(data, "x")[8, 8].astype(int) - [255, 0, 0]).max() <= 3


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (4, 4), (shade, 0, 0)) for shade in (200, 10)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode_image(data, "x")[0, 0, 0] == 200


def test_thirty_two_bits_have_no_black_and_white() -> None:
    with pytest.raises(MediaError, match=r"32-bit pixels.*8 or 16 bits"):
        decode_image(encoded(Image.new("F", (2, 2), 0.5), "TIFF"), "depth.tif")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
@given(part=st.floats(0.0, 0.999))
def test_a_cut_picture_is_an_error_or_whole(form: str, part: float) -> None:
    """Never a half-grey picture: what decodes at all has every pixel."""
    data = encoded(Image.fromarray(BLOCKS), form)
    with suppress(MediaError):
        image = decode_image(data[: int(len(data) * part)], "cut")
        np.testing.assert_array_equal(image, decode_image(data, "whole"))


def test_a_cut_photograph() -> None:
    data = encoded(Image.fromarray(BLOCKS), "JPEG")
    with pytest.raises(MediaError, match=r"'a.jpg': the picture is damaged or cut off .*; copy or download it again"):
        decode_image(data[: len(data) // 2], "a.jpg")


def test_the_size_is_checked_before_decoding() -> None:
    """The header says 30,000 x 30,000; there are no pixels behind it, so decoding would fail differently."""
    with pytest.raises(MediaError, match=r"'huge' is 30,000 x 30,000 px, over the limit of 100,000,000 px; make it"):
        decode_image(png(30_000, 30_000, 8, 2, b""), "huge")


def test_pillows_global_limit_is_neither_used_nor_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert decode_image(encoded(Image.fromarray(BLOCKS), "PNG"), "x").shape == BLOCKS.shape
    assert Image.MAX_IMAGE_PIXELS == 10


def test_a_pil_image_over_the_limit() -> None:
    class Huge(Image.Image):
        size = (MAX_PIXELS, 2)

    with pytest.raises(MediaError, match=r"over the limit"):
        as_image(Huge())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "'x.jpg' has 0 bytes", id="empty"),
        pytest.param(b"just some text", "not a JPEG, PNG, WebP", id="text"),
        pytest.param(b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC and AVIF.*save it as JPEG", id="heic"),
    ],
)
def test_not_a_picture(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(data)
    with pytest.raises(MediaError, match=r"0 bytes" if not data else message):
        read_image(path)
    with pytest.raises(MediaError, match=message):
        decode_image(data, "x.jpg")


def test_missing_files(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    with pytest.raises(MediaError, match=r"no file '.*phto.jpg'; did you mean '.*photo.jpg'\?"):
        read_image(tmp_path / "phto.jpg")
    with pytest.raises(MediaError, match=r"its folder .* does not exist either"):
        read_image(tmp_path / "no" / "photo.jpg")
    with pytest.raises(MediaError, match=r"is a folder, not a file"):
        read_image(tmp_path)
    with pytest.raises(MediaError, match=r"null byte"):
        check_is_file(Path("a\0b"))


def test_no_permission_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(b"x")

    def refuse(self: Path, *_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(MediaError, match=r"no permission; change"):
        read_image(path)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        pytest.param(np.full((2, 3), 9, np.uint8), (9, 9, 9), id="grey"),
        pytest.param(np.full((2, 3, 1), 9, np.uint8), (9, 9, 9), id="grey with a channel"),
        pytest.param(np.full((2, 3, 4), 0, np.uint8), (255, 255, 255), id="rgba"),
    ],
)
def test_arrays(array: ImageArray, expected: tuple[int, int, int]) -> None:
    image = as_image(array)
    assert image.shape == (2, 3, 3)
    assert image[1, 2].tolist() == list(expected)


def test_an_rgb_array_is_not_copied() -> None:
    assert as_image(BLOCKS) is BLOCKS


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        pytest.param(np.zeros((2, 3, 3), np.float32), ConfigError, r"type float32.*image \* 255", id="float"),
        pytest.param(np.zeros((2, 3, 3), np.uint16), ConfigError, "type uint16.*// 257", id="uint16"),
        pytest.param(np.zeros((2, 3, 3), np.bool_), ConfigError, "type bool", id="bool"),
        pytest.param(np.zeros((3, 20, 20), np.uint8), ShapeError, r"\(3, 20, 20\).*transpose", id="channels first"),
        pytest.param(np.zeros((2, 4, 4, 3), np.uint8), ShapeError, "list of images", id="batch"),
        pytest.param(np.zeros((0, 4, 3), np.uint8), ShapeError, r"\(0, 4, 3\)", id="empty"),
        pytest.param("photo.jpg", ConfigError, "cannot be made of str", id="text"),
        pytest.param(None, ConfigError, "cannot be made of NoneType", id="none"),
    ],
)
def test_what_is_no_image(image: npt.NDArray[Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        as_image(image)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".TIFF"])
def test_write_and_read_again(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "new" / f"a{suffix}"
    write_image(path, BLOCKS)
    np.testing.assert_array_equal(read_image(path), BLOCKS)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_quality_trades_size(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    write_image(tmp_path / f"low{suffix}", noise, quality=20)
    write_image(tmp_path / f"high{suffix}", noise, quality=95)
    assert (tmp_path / f"low{suffix}").stat().st_size * 2 < (tmp_path / f"high{suffix}").stat().st_size


def test_write_refuses(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot write a picture as 'a.xyz'; use one of"):
        write_image(tmp_path / "a.xyz", BLOCKS)
    with pytest.raises(ConfigError, match=r"quality is 0"):
        write_image(tmp_path / "a.jpg", BLOCKS, quality=0)
    with pytest.raises(MediaError, match=r"70000x1 px as JPEG: .*; use .png instead"):
        write_image(tmp_path / "a.jpg", np.zeros((1, 70_000, 3), np.uint8))
    (tmp_path / "b.png").mkdir()
    with pytest.raises(MediaError, match=r"it is a folder"):
        write_image(tmp_path / "b.png", BLOCKS)
    assert [path.name for path in tmp_path.iterdir()] == ["b.png"]
