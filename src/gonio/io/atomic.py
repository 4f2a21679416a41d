"""Files that are either complete or absent: written beside their place and moved there at the end.

Every writer of Gonio goes through `atomic_path`, so a run that fails or is interrupted leaves an older result
as it was, and "no permission" and "disk full" read the same everywhere.
"""

import errno
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gonio.errors import MediaError

_log = logging.getLogger(__name__)

_REASONS = {
    errno.EACCES: "no permission to write there; choose another folder or change its permissions",
    errno.EPERM: "no permission to write there; choose another folder or change its permissions",
    errno.EROFS: "that file system is read-only; choose another folder",
    errno.ENOSPC: "no space left on that disk; free some space or choose another disk",
    errno.EDQUOT: "your disk quota there is used up; free some space or choose another disk",
    errno.EFBIG: "the file is too large for that file system; choose another disk",
    errno.EISDIR: "it is a folder; give the name of a file",
    errno.ENOTDIR: "a part of its path is a file, not a folder; choose another folder",
    errno.EEXIST: "a part of its path is a file, not a folder; choose another folder",
    errno.ENAMETOOLONG: "that name is too long for the file system; choose a shorter one",
}
_DISK_TROUBLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


@contextmanager
def atomic_path(path: Path, *, keep_partial: bool = False) -> Iterator[Path]:
    """Give a temporary path beside ``path`` to write to; it becomes ``path`` when the block ends well.

    Missing parent folders are created. The temporary file is hidden and keeps the suffix, by which writers
    choose their format. It is created on entry, so a place that cannot be written to is told before the work,
    not after it. A link is followed; a device or pipe such as ``/dev/stdout`` is written to directly.

    Args:
        path: The file to make. An existing file is replaced.
        keep_partial: Leave the temporary file where it is, and log its name, if the block raises.

    Yields:
        The path to write to.

    Raises:
        MediaError: If the file cannot be written: no permission, no space, a folder of that name.
    """
    with _explained(path, path):
        is_device = path.exists() and not path.is_file() and not path.is_dir()
        target = path.resolve() if path.is_symlink() else path
    if is_device:
        with _explained(path, path):
            yield path
        return
    temporary = target.with_name(f".{target.stem[:80]}.{secrets.token_hex(4)}.tmp{target.suffix}")
    with _explained(target, temporary):
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a folder", str(target))
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch(exist_ok=False)
        try:
            yield temporary
            temporary.replace(target)
        except BaseException:
            _drop(temporary, keep_partial=keep_partial)
            raise


def _drop(temporary: Path, *, keep_partial: bool) -> None:
    """Remove what a failed block left, or say where it is."""
    if keep_partial and temporary.exists() and temporary.stat().st_size:
        _log.warning("the unfinished file is kept as '%s'", temporary)
    else:
        temporary.unlink(missing_ok=True)


@contextmanager
def _explained(target: Path, temporary: Path) -> Iterator[None]:
    """Turn an error about these paths, or about a full disk, into one sentence; let every other pass."""
    try:
        yield
    except OSError as error:
        ours = {str(target), str(temporary), *map(str, target.parents)}
        if str(error.filename) not in ours and error.errno not in _DISK_TROUBLE:
            raise
        reason = _REASONS.get(error.errno or 0, f"{error.strerror or error}; choose another place")
        raise MediaError(f"cannot write '{target}': {reason}") from error
