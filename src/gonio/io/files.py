"""Is there such a file, and if not, which one was meant?"""

import difflib
import os
from pathlib import Path

from gonio.errors import MediaError


def check_is_file(path: Path) -> None:
    """Raise a helpful error unless ``path`` is a file with something in it.

    Raises:
        MediaError: If it is missing (a similar name in its folder is suggested), a folder, or has 0 bytes.
    """
    try:
        size = path.stat().st_size
    except PermissionError as error:
        raise MediaError(f"cannot read '{path}': no permission; change the file's permissions") from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise MediaError(f"no file '{path}'; {_suggestion(path)}") from error
    if path.is_dir():
        raise MediaError(f"'{path}' is a folder, not a file; give the name of a file in it")
    if size == 0 and path.is_file():
        raise MediaError(f"'{path}' has 0 bytes; copy or download it again")


def _suggestion(path: Path) -> str:
    if "\0" in str(path):
        return "its name holds a null byte"
    if os.path.islink(path):  # noqa: PTH114 - which does not raise at a name that no file can have
        return f"it is a link to '{path.readlink()}', which is not there"
    if not path.parent.is_dir():
        return f"its folder '{path.parent}' does not exist either; check the path"
    try:
        names = sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        names = []
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.7)
    return f"did you mean '{path.with_name(close[0])}'?" if close else "check the path"
