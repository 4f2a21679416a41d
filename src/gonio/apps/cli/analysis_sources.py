"""What ``gonio analyse`` measures for a name: one source, or each of those in a folder or of a pattern."""

import glob
import json
from collections.abc import Iterable
from pathlib import Path

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.sequence_files import SUFFIXES, is_keypoint_file
from gonio.io.sources.base import natural_key
from gonio.io.sources.folders import videos_among
from gonio.io.sources.video import VIDEO_SUFFIXES

_HEAD_BYTES = 4096
_RECORDS = "gonio."
"""What a file that Gonio wrote calls its format, up to the kind of it."""
_POSES = "gonio.poses"
_ANGLES = ".angles"
"""How its tables of angles are named, before the end."""


def sources_of(name: str) -> list[Path] | None:
    """Every source of a folder or a pattern, in natural order; None: the name is one source itself.

    Of videos and keypoints side by side the videos are taken, for the files beside them are mostly what was found in
    them. Beside a ``.csv`` of the same name an ``.h5`` is left out, which DeepLabCut writes both. Folders of OpenPose's
    files in a folder are sources; what `gonio analyse` wrote itself and hidden files are none.

    Raises:
        ConfigError: If a folder has neither, or nothing fits the pattern.
        MediaError: If the folder cannot be read.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return None if is_keypoint_file(path) else _sources_among(_listed(path), name)
    if "://" in name or path.exists() or not glob.has_magic(name):
        return None
    found = [Path(one) for one in glob.glob(str(path), recursive=True)]  # noqa: PTH207 - Path.glob takes no absolute one
    if not found:
        raise ConfigError(f"nothing fits the pattern '{name}'; check it, or name a folder")
    return _sources_among(found, name)


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except PermissionError as error:
        raise MediaError(f"cannot read '{folder}': no permission; change the folder's permissions") from error


def _sources_among(paths: Iterable[Path], name: str) -> list[Path]:
    visible = [path for path in paths if not path.name.startswith(".")]
    found = videos_among(visible) or [path for path in visible if _is_keypoints(path)]
    stems = {path.with_suffix("") for path in found if path.suffix.lower() == ".csv"}
    found = [path for path in found if path.suffix.lower() != ".h5" or path.with_suffix("") not in stems]
    if not found:
        raise ConfigError(
            f"no video and no file of keypoints in '{name}'; videos end in {', '.join(VIDEO_SUFFIXES)}, "
            f"keypoints in {', '.join(SUFFIXES)}"
        )
    return sorted(found, key=lambda path: natural_key(str(path)))


def _is_keypoints(path: Path) -> bool:
    if path.is_dir():
        return is_keypoint_file(path)
    return path.suffix.lower() in SUFFIXES and not path.stem.lower().endswith(_ANGLES) and not _is_record(path)


def _is_record(path: Path) -> bool:
    """Whether this is a result of Gonio's other than poses: it says so at its beginning."""
    if path.suffix.lower() != ".json":
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES).decode("utf-8", "replace")
    except OSError:
        return False  # whoever opens it says so
    _, _, rest = head.partition('"format"')
    try:
        kind = json.JSONDecoder().raw_decode(rest.lstrip(" \t\r\n:"))[0]
    except ValueError:
        return False
    return isinstance(kind, str) and kind.startswith(_RECORDS) and kind != _POSES
