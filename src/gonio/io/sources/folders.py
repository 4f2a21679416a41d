"""Folders and patterns that hold videos: each of them is a source of its own."""

import glob
import logging
from collections.abc import Iterable
from pathlib import Path

from gonio.errors import MediaError
from gonio.io.images import IMAGE_SUFFIXES
from gonio.io.sources.base import natural_key
from gonio.io.sources.video import VIDEO_SUFFIXES

DRAWN = "-poses"
"""What the name of a drawn film ends in, behind that of its source."""

_log = logging.getLogger(__name__)


def videos_among(files: Iterable[Path]) -> list[Path]:
    """Those that end as videos do, in natural order; hidden files are left out."""
    videos = [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES and not file.name.startswith(".")]
    return sorted(videos, key=lambda file: natural_key(str(file)))


def sources_named(name: str) -> list[str]:
    """What is opened for a name: of a folder or a pattern with videos and no pictures, each video.

    Films that an earlier run drew beside their sources (``a-poses.mp4`` beside ``a.mov``) are left out, and logged.

    Args:
        name: As a person gives it; what is no folder and no pattern stays as it is, and so does what has pictures.

    Raises:
        MediaError: If the folder cannot be read.
    """
    path = Path(name).expanduser()
    try:
        if path.is_dir():
            files = list(path.iterdir())
        elif glob.has_magic(name) and "://" not in name and not path.exists():
            # Path.glob takes no absolute pattern
            files = [Path(found) for found in glob.glob(str(path), recursive=True)]  # noqa: PTH207
        else:
            return [name]
    except PermissionError as error:
        raise MediaError(f"cannot read '{name}': no permission; change the folder's permissions") from error
    except (OSError, ValueError):  # no name that a file can have: whoever opens it says so
        return [name]
    files = [file for file in files if file.is_file() and not file.name.startswith(".")]
    videos = videos_among(files)
    if not videos or any(file.suffix.lower() in IMAGE_SUFFIXES for file in files):
        return [name]
    stems = {file.with_suffix("") for file in videos}
    drawn = [file for file in videos if file.stem.endswith(DRAWN) and _source_of(file) in stems]
    if drawn:
        _log.warning("left out what an earlier run drew: %s", ", ".join(f"'{file}'" for file in drawn))
    return [str(file) for file in videos if file not in drawn]


def _source_of(drawn: Path) -> Path:
    return drawn.with_name(drawn.stem.removesuffix(DRAWN))
