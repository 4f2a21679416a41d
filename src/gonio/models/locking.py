"""One process at a time: a lock that its holder's death releases."""

import errno
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_log = logging.getLogger(__name__)

_POLL_S = 0.05
_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}
"""What the system says of a lock that somebody else holds; anything else: there are no locks here."""

Turn = Literal["at once", "after another", "unlocked"]


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[Turn]:
    """Hold a lock file while the block runs; another process, or thread, that asks for it waits.

    Args:
        path: The lock file; it is made, and removed at the end. Its folder must exist.
        wait: For who holds it; False: raise.

    Yields:
        ``"after another"`` if somebody else held it, who may have done the work; ``"unlocked"`` if the file system
        knows no locks (some network disks), and the block must be prepared for company.

    Raises:
        OSError: If the file cannot be made.
        BlockingIOError: If somebody else holds it and nobody shall wait.
    """
    turn: Turn = "at once"
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(descriptor)
        except OSError as error:
            os.close(descriptor)
            if error.errno not in _HELD:
                _log.info("no locks on the file system of '%s' (%s)", path, error.strerror)
                yield "unlocked"
                return
            if not wait:
                raise BlockingIOError(errno.EWOULDBLOCK, "is held by another process", str(path)) from error
            if turn == "at once":
                _log.info("waiting for another process, which holds '%s'", path)
            turn = "after another"
            time.sleep(_POLL_S)
            continue
        if _is_still(path, descriptor):
            break
        os.close(descriptor)  # its last holder removed it between our two steps
        turn = "after another"
    try:
        yield turn
    finally:
        with suppress(OSError):  # Windows removes no open file; it then stays, which harms nobody
            path.unlink()
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the locked file is the one that others find under this name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
