"""One door for whatever a person calls a source."""

import glob
import os
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from gonio.errors import ConfigError, MediaError
from gonio.io.files import check_is_file
from gonio.io.images import IMAGE_SUFFIXES
from gonio.io.sources.base import Selection, Source
from gonio.io.sources.camera import CameraSource
from gonio.io.sources.images import ImageSource, open_folder, open_list, open_pattern
from gonio.io.sources.stream import STREAM_SCHEMES, StreamSource
from gonio.io.sources.video import VIDEO_SUFFIXES, VideoSource
from gonio.io.sources.web import is_url, open_url

SourceLike: TypeAlias = (
    str | PathLike[str] | int | npt.NDArray[Any] | Image.Image | Sequence[str | Path | npt.NDArray[Any] | Image.Image]
)
"""What `open_source` opens, besides a source."""


def open_source(
    source: SourceLike | Source,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    stride: int = 1,
    prefetch: int = 4,
    keep_yuv: bool = False,
) -> Source:
    """Open whatever holds frames.

    Args:
        source: A picture or video file, a folder of pictures (those directly in it), a pattern (``"run/*.png"``), an
            http(s) address of a picture, video or MJPEG/HLS stream, an ``rtsp://``, ``rtmp://``, ``udp://`` address, a
            camera (``0`` or ``"camera:0"``), a ``(H, W, 3)`` uint8 RGB array, a PIL image, a list of picture files,
            arrays and PIL images, or a source that is open already.
        start_s: Skip what comes before, in seconds from the first frame. Videos and live sources only.
        end_s: Stop at this time; a frame at exactly ``end_s`` is left out.
        stride: Take every n-th frame or picture.
        prefetch: Frames to decode ahead in a thread; 0 for none.
        keep_yuv: Give the frames of a video file also as they were decoded (``Frame.yuv``): a film that `ResultWriter`
            draws then keeps their colours and takes less time. Their images cannot be written into.

    Raises:
        MediaError: If it is not there, cannot be read, or holds nothing that can be decoded.
        ConfigError: If a number is out of range, or the source is of no known kind.

    Example:
        >>> [frame.size_wh for frame in open_source(np.zeros((4, 6, 3), np.uint8))]
        [(6, 4)]
    """
    selection = Selection(start_s, end_s, stride)
    if isinstance(source, bool):
        raise ConfigError(f"source is {source}; give a file, a camera number, an array or a list")
    if isinstance(source, int | np.integer):
        return _open_camera(str(source), selection, prefetch)
    if isinstance(source, str | PathLike):
        opened = _open_named(str(source), selection, prefetch)
        if isinstance(opened, VideoSource):
            opened.keep_yuv = keep_yuv
        return opened
    if isinstance(source, np.ndarray):
        # An (N, H, W, 3) array is a batch, which reads like a list of pictures.
        pictures = list(source) if source.ndim == 4 else [source]
        return ImageSource(pictures, "array", selection, prefetch=prefetch)
    if isinstance(source, Image.Image):
        return ImageSource([source], "image", selection, prefetch=prefetch)
    if isinstance(source, list | tuple):
        return open_list(source, selection, prefetch=prefetch)
    if isinstance(source, Source):
        if selection != Selection():
            raise ConfigError("start, end and stride are chosen when a source is opened; open it again with them")
        return source
    raise ConfigError(
        f"a source cannot be {type(source).__name__}; give a file, folder, address, camera number, array or list"
    )


def _open_named(name: str, selection: Selection, prefetch: int) -> Source:
    if not name:
        raise ConfigError("the source is an empty name; give a file, folder, address or camera number")
    scheme = name.partition("://")[0].lower() if "://" in name else ""
    if scheme in STREAM_SCHEMES:
        return StreamSource(name, selection, prefetch=prefetch)
    if is_url(name):
        return open_url(name, selection, prefetch=prefetch)
    if scheme == "file":
        raise ConfigError(f"'{name}' is a file address; give the path alone")
    if scheme:
        known = ", ".join(("http", "https", *STREAM_SCHEMES))
        raise ConfigError(f"'{name}' begins with '{scheme}://'; known are {known}")
    path = Path(name).expanduser()
    is_there = os.path.exists(path)  # noqa: PTH110 - unlike Path's, it does not raise for an impossible name
    if name.startswith("camera:") or (name.isdecimal() and not is_there):
        return _open_camera(name.removeprefix("camera:"), selection, prefetch)
    if is_there and path.is_dir():
        return open_folder(path, selection, prefetch=prefetch)
    if glob.has_magic(name) and not is_there:
        return _open_pattern(str(path), selection, prefetch)
    return _open_file(path, selection, prefetch)


def _open_camera(number: str, selection: Selection, prefetch: int) -> Source:
    if not number.isdecimal():
        raise ConfigError(f"camera number is '{number}'; give 0 for the first camera, 1 for the second")
    return CameraSource(int(number), selection, prefetch=prefetch)


def _open_pattern(pattern: str, selection: Selection, prefetch: int) -> Source:
    # Path.glob takes no absolute pattern.
    files = [Path(found) for found in glob.glob(pattern, recursive=True) if Path(found).is_file()]  # noqa: PTH207
    if not files:
        raise MediaError(f"no file matches '{pattern}'; check the pattern, and quote it in a shell")
    if len(files) == 1:
        return _open_file(files[0], selection, prefetch)
    return open_pattern(pattern, files, selection, prefetch=prefetch)


def _open_file(path: Path, selection: Selection, prefetch: int) -> Source:
    check_is_file(path)
    if _is_picture(path):
        return ImageSource([path], str(path), selection, prefetch=prefetch)
    return VideoSource(path, selection, prefetch=prefetch)


def _is_picture(path: Path) -> bool:
    """By suffix where it says enough, else by the first bytes; an animated GIF is a video."""
    suffix = path.suffix.lower()
    if suffix == ".gif":
        try:
            with Image.open(path, formats=["GIF"]) as picture:
                return not getattr(picture, "is_animated", False)
        except OSError:
            return True  # whose error says what is wrong with it
    if suffix in IMAGE_SUFFIXES:
        return True
    if suffix in VIDEO_SUFFIXES:
        return False
    return _starts_like_a_picture(path)


def _starts_like_a_picture(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(12)
    marks = (b"\xff\xd8\xff", b"\x89PNG", b"BM", b"II*\0", b"MM\0*")
    return start.startswith(marks) or (start[:4] == b"RIFF" and start[8:] == b"WEBP")
