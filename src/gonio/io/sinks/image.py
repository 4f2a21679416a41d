"""Annotated stills: named after their source, never on top of it or of each other."""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gonio.arrays import ImageArray
from gonio.io.images import write_image
from gonio.timing import timed

_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
# What Windows, macOS or a shell's user would stumble over in a file name.
_AWKWARD = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


class ImageSink:
    """Writes pictures into a folder, each under a name of its own.

    The stem is the source's. So is the suffix if it is ``.jpg``, ``.jpeg``, ``.png`` or ``.webp``; else it
    is ``.png``, which loses nothing. Two sources of one name, such as ``a.jpg`` and ``b/a.jpg``, become
    ``a.jpg`` and ``a-2.jpg``. A file of an earlier run is replaced; but in the folder that the source lies
    in, the name gets ``-poses`` at its end and no file that exists is replaced, for it may be another
    source.

    Args:
        folder: Where the pictures go; made with the first picture.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._taken: set[str] = set()  # in lower case: many file systems take A.jpg and a.jpg for one

    def write(self, image: ImageArray, name: str) -> Path:
        """Write one picture.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
            name: The frame's source: a path, a URL, or any text.

        Returns:
            The file that was written.

        Raises:
            MediaError: If it cannot be written; an earlier file is left as it was.
        """
        path = self._free_path(name)
        with timed("encode"):
            write_image(path, image)
        self._taken.add(path.name.lower())
        return path

    def plan(self, name: str) -> Path:
        """Which file `write` would make of a picture of this name; the next one gets another."""
        path = self._free_path(name)
        self._taken.add(path.name.lower())
        return path

    def _free_path(self, name: str) -> Path:
        stem, suffix = _name_parts(name)
        beside_source = _is_in_folder(name, self.folder)
        if beside_source:
            stem += "-poses"
        number = 1
        while True:
            path = self.folder / (f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}")
            if path.name.lower() not in self._taken and not (beside_source and os.path.lexists(path)):
                return path
            number += 1


def _name_parts(name: str) -> tuple[str, str]:
    """Stem and suffix of the file to write for a source."""
    path = unquote(urlsplit(name).path) if "://" in name else name
    file = Path(path.replace("\\", "/")).name
    suffix = Path(file).suffix.lower()
    stem = _AWKWARD.sub("_", Path(file).stem if suffix in _SUFFIXES + _OTHER_PICTURES else file)
    return stem.strip(". ")[:150] or "image", suffix if suffix in _SUFFIXES else ".png"


# Known picture suffixes that give way to .png; the dot in a name such as "run.0042" is not the start of one.
_OTHER_PICTURES = (".bmp", ".tif", ".tiff", ".gif")


def _is_in_folder(name: str, folder: Path) -> bool:
    """Whether the source is a file in this folder, by whatever path or link."""
    try:
        return Path(name).is_file() and Path(name).parent.samefile(folder)
    except (OSError, ValueError):  # the folder is not there yet, or the name is no path
        return False
