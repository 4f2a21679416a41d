"""Pictures: one, or a set from a folder, a pattern or a list, in which a bad one does not stop the rest."""

import logging
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from gonio.errors import ConfigError, MediaError
from gonio.io.files import check_is_file
from gonio.io.images import IMAGE_SUFFIXES, as_image, read_image
from gonio.io.sources.base import FrameSource, Selection, natural_key
from gonio.io.sources.video import VIDEO_SUFFIXES
from gonio.structures.frame import Frame
from gonio.timing import timed

_log = logging.getLogger(__name__)

Picture: TypeAlias = str | Path | npt.NDArray[Any] | Image.Image
"""A picture file, ``(H, W, 3)`` uint8 RGB (grey and RGBA work too), or a PIL image."""


class ImageSource(FrameSource):
    """Still pictures. ``Frame.index`` is the place in the set, also when a picture before it was bad.

    Args:
        pictures: Files, arrays or PIL images, in the order they are wanted.
        name: What to call the set; for a single picture also ``Frame.source``.
        selection: Only its stride applies.
        prefetch: How many pictures to decode ahead.

    Raises:
        ConfigError: If a start or end time is asked for: stills have no time.
        MediaError: If the only picture is a file that is missing or empty.
    """

    def __init__(self, pictures: Sequence[Picture], name: str, selection: Selection, *, prefetch: int = 0) -> None:
        super().__init__(name, is_video=False, prefetch=prefetch)
        if len(pictures) == 1:
            self._prefetch = 0  # a thread would have nothing to run ahead to
        if selection.has_times:
            raise ConfigError(f"'{name}' is a set of still pictures, which have no time; leave out start and end")
        if len(pictures) == 1 and isinstance(pictures[0], str | Path):
            check_is_file(Path(pictures[0]))
        self._pictures = pictures
        self._stride = selection.stride
        self.frame_count = selection.count(len(pictures))

    @property
    def picture_names(self) -> list[str]:
        """What each picture that is asked for is called, as in ``Frame.source``."""
        return [self._name_of(index) for index in range(0, len(self._pictures), self._stride)]

    def _frames(self) -> Generator[Frame, None, None]:
        good = 0
        for index in range(0, len(self._pictures), self._stride):
            try:
                with timed("decode"):
                    frame = self._frame(index)
            except (MediaError, ConfigError) as error:
                if len(self._pictures) == 1:
                    raise
                self._record(error if isinstance(error, MediaError) else MediaError(f"picture {index}: {error}"))
                continue
            good += 1
            self.frames_decoded += 1
            yield frame
        if not good:
            raise MediaError(
                f"none of the {len(self.failures)} pictures of '{self.name}' could be read; "
                f"the first error: {self.failures[0]}"
            )

    def _frame(self, index: int) -> Frame:
        picture = self._pictures[index]
        image = read_image(picture) if isinstance(picture, str | Path) else as_image(picture)
        return Frame(image, index=index, source=self._name_of(index))

    def _name_of(self, index: int) -> str:
        picture = self._pictures[index]
        if isinstance(picture, str | Path):
            return str(picture)
        return self.name if len(self._pictures) == 1 else f"{self.name}[{index}]"


def open_folder(folder: Path, selection: Selection, *, prefetch: int = 0) -> ImageSource:
    """All pictures directly in a folder, in natural order; hidden files are left out.

    Raises:
        MediaError: If there is none, or the folder cannot be read.
    """
    try:
        files = [entry for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith(".")]
    except PermissionError as error:
        raise MediaError(f"cannot read '{folder}': no permission; change the folder's permissions") from error
    return _open_set(files, str(folder), selection, prefetch)


def open_pattern(pattern: str, files: Sequence[Path], selection: Selection, *, prefetch: int = 0) -> ImageSource:
    """The pictures among the files that a pattern such as ``run/*.png`` gave, in natural order.

    Raises:
        MediaError: If there is none.
    """
    return _open_set(files, pattern, selection, prefetch)


def open_list(pictures: Sequence[object], selection: Selection, *, prefetch: int = 0) -> ImageSource:
    """A list of files, arrays and PIL images, in its own order.

    Raises:
        ConfigError: If the list is empty or holds something else.
    """
    known: list[Picture] = []
    for index, picture in enumerate(pictures):
        if not isinstance(picture, str | Path | np.ndarray | Image.Image):
            raise ConfigError(
                f"item {index} of the list is {type(picture).__name__}; give paths, uint8 RGB arrays or PIL images"
            )
        if isinstance(picture, str) and "://" in picture:
            raise ConfigError(f"item {index} of the list is the address '{picture}'; open addresses one at a time")
        if isinstance(picture, str | Path) and Path(picture).suffix.lower() in VIDEO_SUFFIXES:
            raise ConfigError(f"item {index} of the list is the video '{picture}'; open videos one at a time")
        known.append(picture)
    if not known:
        raise ConfigError("the list of pictures is empty; give at least one")
    return ImageSource(known, "list", selection, prefetch=prefetch)


def _open_set(files: Sequence[Path], name: str, selection: Selection, prefetch: int) -> ImageSource:
    pictures = [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES]
    if not pictures:
        if films := [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES]:
            number = f"{len(films)} video{'s' * (len(films) > 1)}"
            raise MediaError(f"no image in '{name}', but {number}; give each video by its name, such as '{min(films)}'")
        found = f"found {len(files)} other files" if files else "no file lies directly in it"
        raise MediaError(f"no image in '{name}' ({found}); it needs files ending in {', '.join(IMAGE_SUFFIXES)}")
    if beside := sum(file.suffix.lower() in VIDEO_SUFFIXES and file not in pictures for file in files):
        _log.warning("of '%s' the pictures are taken; give its videos (%d) by their names, or a pattern", name, beside)
    pictures.sort(key=lambda file: natural_key(str(file)))
    return ImageSource(pictures, name, selection, prefetch=prefetch)
