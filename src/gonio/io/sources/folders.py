"""Folders and patterns that hold videos: each of them is a source of its own."""

import glob
from collections.abc import Iterable
from pathlib import Path

from gonio.errors import MediaError
from gonio.io.images import IMAGE_SUFFIXES
from gonio.io.sources.base import natural_key
from gonio.io.sources.video import VIDEO_SUFFIXES


def videos_among(files: Iterable[Path]) -> list[Path]:
    """Those that end as videos do, in natural order; hidden files are left out."""
    videos = [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES and not file.name.startswith(".")]
    return sorted(videos, key=lambda file: natural_key(str(file)))


def sources_named(name: str) -> list[str]:
    """What is opened for a name: of a folder or a pattern with videos, each video beside its pictures as one set.

    Args:
        name: As a person gives it; what is neither a folder nor a pattern stays as it is.

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
    pictures = [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES]
    videos = [str(file) for file in videos_among(files) if file not in pictures]  # a GIF among pictures is one
    return videos if videos and not pictures else [name, *videos]
