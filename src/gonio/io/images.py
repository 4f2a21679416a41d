"""One picture: from a file, bytes, an array or a PIL image to RGB pixels, and back to a file.

Pillow decodes. What a viewer would show is what comes out: EXIF orientation applied, palettes and 16 bits
brought to 8-bit RGB, transparency laid on white, the first frame of an animation. A picture that is cut off
is an error, never a half-grey picture, and its size is looked at before a single pixel is decoded.
"""

import logging
import struct
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps, features

from gonio.arrays import ImageArray
from gonio.errors import ConfigError, MediaError, ShapeError
from gonio.io.atomic import atomic_path
from gonio.io.files import check_is_file

_log = logging.getLogger(__name__)

MAX_PIXELS = 100_000_000
"""Largest picture or video frame that is decoded, in pixels (300 MB as RGB)."""

IMAGE_SUFFIXES = (".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""File names that are taken for pictures."""

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "MPO")
_SAVE_FORMATS = {
    ".bmp": "BMP",
    ".jpeg": "JPEG",
    ".jpg": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
SAVED_SUFFIXES = tuple(_SAVE_FORMATS)
"""File names that `write_image` knows."""

# What Pillow's plugins raise on bytes that are not theirs, or that break off.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    UserWarning,  # where the caller's filter makes errors of warnings
)


def read_image(path: Path | str) -> ImageArray:
    """Read a picture file.

    Returns:
        ``(H, W, 3)`` uint8 RGB, upright.

    Raises:
        MediaError: If the file is missing, unreadable, not a picture, cut off or larger than ``MAX_PIXELS``.
    """
    path = Path(path)
    check_is_file(path)
    try:
        with path.open("rb") as file:
            return _decode(file, str(path))
    except PermissionError as error:
        raise MediaError(f"cannot read '{path}': no permission; change the file's permissions") from error
    except OSError as error:
        raise MediaError(f"cannot read '{path}': {error.strerror or error}; copy the file again") from error


def decode_image(data: bytes, name: str) -> ImageArray:
    """Decode the bytes of a picture file; ``name`` is what errors call it.

    Returns:
        ``(H, W, 3)`` uint8 RGB, upright.

    Raises:
        MediaError: If the bytes are not a picture, are cut off, or hold more than ``MAX_PIXELS``.
    """
    return _decode(BytesIO(data), name)


def as_image(image: object) -> ImageArray:
    """Bring an array or a PIL image to Gonio's form. An array that already has it is not copied.

    Args:
        image: A PIL image of any mode, or a uint8 array: ``(H, W, 3)`` RGB (OpenCV's BGR must be turned round
            first: ``image[..., ::-1]``), ``(H, W)`` or ``(H, W, 1)`` grey, ``(H, W, 4)`` RGBA, laid on white.

    Returns:
        ``(H, W, 3)`` uint8 RGB.

    Raises:
        ConfigError: If the object is neither, or the array is not uint8.
        ShapeError: If the array has another shape or no pixels.

    Example:
        >>> as_image(np.zeros((4, 6), np.uint8)).shape
        (4, 6, 3)
    """
    if isinstance(image, Image.Image):
        check_pixels(image.size, "image")
        try:
            return _to_rgb(image, "image")
        except _DAMAGE as error:  # a PIL image opened from a file decodes now
            raise MediaError(f"cannot decode the PIL image: {error}; load it from an intact file") from error
    if not isinstance(image, np.ndarray):
        raise ConfigError(f"an image cannot be made of {type(image).__name__}; give a uint8 RGB array or a PIL image")
    return _array_to_rgb(image)


def write_image(path: Path | str, image: ImageArray, *, quality: int = 92) -> None:
    """Write a picture, complete or not at all; the suffix picks the format.

    Args:
        path: ``.jpg``, ``.png``, ``.webp``, ``.tif`` or ``.bmp``. Parent folders are created.
        image: ``(H, W, 3)`` uint8 RGB.
        quality: 1 to 100, for JPEG and WebP; the other formats lose nothing.

    Raises:
        ConfigError: If the suffix is none of these, or the quality out of range.
        MediaError: If the file cannot be written: no permission, no space, too large for the format.
    """
    path = Path(path)
    form = _SAVE_FORMATS.get(path.suffix.lower())
    if form is None:
        raise ConfigError(f"cannot write a picture as '{path.name}'; use one of {', '.join(_SAVE_FORMATS)}")
    if not 1 <= quality <= 100:
        raise ConfigError(f"quality is {quality}; choose a number from 1 to 100")
    # Full colour resolution: thin coloured limbs fray when chroma is halved.
    options: dict[str, Any] = {"JPEG": {"quality": quality, "subsampling": 0}, "WEBP": {"quality": quality}}
    picture = Image.fromarray(as_image(image))
    with atomic_path(path) as temporary:
        try:
            picture.save(temporary, format=form, **options.get(form, {}))
        except (ValueError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's fault: atomic_path has the words for it
            size = "x".join(map(str, picture.size))
            raise MediaError(f"cannot write {size} px as {form}: {error}; use .png instead") from error


def _decode(file: IO[bytes], name: str) -> ImageArray:
    try:
        with _open(file, name) as picture:
            check_pixels(picture.size, name)
            return _to_rgb(picture, name)
    except MediaError:
        raise
    except _DAMAGE as error:
        raise MediaError(
            f"cannot decode '{name}': the picture is damaged or cut off ({error}); copy or download it again"
        ) from error


def _open(file: IO[bytes], name: str) -> ImageFile.ImageFile:
    """Let the first format that knows these bytes read the header.

    The plugins are asked one by one instead of through ``Image.open``, whose pixel limit is a global setting
    and warns on the way: ours must neither change what the caller set nor depend on it.
    """
    Image.init()
    prefix = file.read(16)
    if not prefix:
        raise MediaError(f"'{name}' has 0 bytes; copy or download it again")
    for form in _FORMATS:
        factory, accept = Image.OPEN.get(form, (None, None))
        if factory is not None and (accept is None or accept(prefix) is True):
            file.seek(0)
            return factory(file, name)
    raise MediaError(_unknown(prefix, name))


def _unknown(prefix: bytes, name: str) -> str:
    if prefix[4:8] == b"ftyp" and prefix[8:11] in (b"hei", b"mif", b"hev", b"avi"):
        return f"cannot decode '{name}': HEIC and AVIF pictures are not supported; save it as JPEG or PNG"
    if prefix[:4] == b"RIFF" and prefix[8:12] == b"WEBP" and not features.check("webp"):
        return f"cannot decode '{name}': this Pillow has no WebP; save it as JPEG or PNG"
    return f"cannot decode '{name}': not a JPEG, PNG, WebP, BMP, TIFF or GIF picture; check what it holds"


def check_pixels(size_wh: tuple[int, int], name: str) -> None:
    """Refuse pictures that would fill the memory.

    Raises:
        MediaError: If width times height is over ``MAX_PIXELS``.
    """
    width, height = size_wh
    if width * height > MAX_PIXELS:
        raise MediaError(
            f"'{name}' is {width:,} x {height:,} px, over the limit of {MAX_PIXELS:,} px; "
            "make it smaller or cut a part out of it first"
        )


def _upright(picture: Image.Image, name: str) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except _DAMAGE as error:  # broken EXIF data is no reason to refuse an intact picture
        _log.warning("'%s' is used without its EXIF orientation, which cannot be read (%s)", name, error)
        return picture


def _to_rgb(picture: Image.Image, name: str) -> ImageArray:
    picture.load()
    picture = _upright(picture, name)
    if picture.mode.startswith("I;16"):
        wide = np.asarray(picture).astype(np.uint32)
        return _array_to_rgb(((wide + 128) // 257).astype(np.uint8))  # 65535 is 255, rounded
    if picture.mode in ("I", "F"):
        raise MediaError(
            f"'{name}' has 32-bit pixels, whose black and white are not defined; save it with 8 or 16 bits"
        )
    if picture.has_transparency_data:
        return _array_to_rgb(np.asarray(picture.convert("RGBA")))
    return np.array(picture.convert("RGB"))


def _array_to_rgb(array: npt.NDArray[Any]) -> ImageArray:
    if array.dtype != np.uint8:
        raise ConfigError(f"image has type {array.dtype}, expected uint8 from 0 to 255; {_way_out(array)}")
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.size == 0 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ShapeError(
            f"image has shape {array.shape}, expected (H, W, 3) RGB, (H, W) grey or (H, W, 4) RGBA{_layout(array)}"
        )
    if array.ndim == 2:
        return np.repeat(array[:, :, None], 3, axis=2)
    if array.shape[2] == 4:
        return _on_white(array)
    return np.ascontiguousarray(array)


def _on_white(rgba: ImageArray) -> ImageArray:
    alpha = rgba[:, :, 3:].astype(np.uint16)
    mixed = rgba[:, :, :3] * alpha + 255 * (255 - alpha)
    return ((mixed + 127) // 255).astype(np.uint8)


def _way_out(array: npt.NDArray[Any]) -> str:
    if array.dtype.kind == "f":
        return "for values from 0 to 1 use (image * 255).round().astype('uint8')"
    if array.dtype == np.uint16:
        return "use (image // 257).astype('uint8')"
    return "convert it with image.astype('uint8')"


def _layout(array: npt.NDArray[Any]) -> str:
    if array.ndim == 3 and array.shape[0] in (1, 3, 4):
        return "; use image.transpose(1, 2, 0) to put the channels last"
    if array.ndim == 4:
        return "; give a batch as a list of images: list(images)"
    return ""
