"""One file from the network: resumed, repeated, tried at mirrors, checked, and in its place only then.

Nothing else of Gonio uses the network; this is done only where a person asked for it (``gonio models pull``). Proxies
come from the environment, as for every program (``HTTPS_PROXY``, ``NO_PROXY``).
"""

import errno
import logging
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gonio.errors import ConfigError, WeightsError
from gonio.models.archive import ArchiveError, extract_member
from gonio.models.digest import sha256_of
from gonio.models.http import LARGEST, PassingTroubleError, Patience, RefusedError, Response, request
from gonio.models.locking import locked
from gonio.models.partial import Partial

_log = logging.getLogger(__name__)

_CHUNK = 1 << 20
_UNSTATED = ", the limit where the card states no size"
_HEADWAY = 64 << 10  # a try that brought so much is no failure: the line is bad, not the server

Progress = Callable[[int, int | None], None]
"""Told the bytes that are there and those that there will be, where the server says so."""
Fault = Callable[[Path], str | None]
"""What is wrong with a whole file, to go on after the server's name; None: nothing."""


class DownloadError(WeightsError):
    """No server gave the file.

    Attributes:
        wrong_file: Whether one gave a whole file that is not the expected one.
    """

    def __init__(self, message: str, *, wrong_file: bool) -> None:
        super().__init__(message)
        self.wrong_file = wrong_file


class _WrongFileError(RefusedError):
    pass


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What is in its place now; ``url`` is None where another process put it there meanwhile."""

    path: Path
    sha256: str
    size: int
    url: str | None


@dataclass(frozen=True, slots=True)
class _Wanted:
    target: Path
    sha256: str | None
    size: int | None
    member: str | None
    fault: Fault


def download(
    urls: Sequence[str],
    target: Path,
    *,
    sha256: str | None = None,
    size: int | None = None,
    member: str | None = None,
    fault: Fault | None = None,
    progress: Progress | None = None,
    patience: Patience | None = None,
) -> Downloaded:
    """Bring a file here. What has come stays beside the target until all is there, whatever interrupts it.

    Args:
        urls: Where to ask, in this order; http or https.
        target: The file to make; missing folders are made. An existing file is replaced, when the new one is checked.
        sha256: Of the file at ``target``; None: not known.
        size: Of the download, bytes; None: not known.
        member: Path of the file inside the download, where that is a zip archive.
        fault: Says what is wrong with a file that came, before it is put in place.
        progress: Called again and again.
        patience: How long to wait and how often to try.

    Raises:
        ConfigError: If a URL is not of http or https.
        DownloadError: If no URL gave the file.
        WeightsError: If it cannot be written: no space, no permission.
    """
    for url in urls:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ConfigError(f"cannot download from {url!r}: give a URL that begins with https:// or http://")
    wanted = _Wanted(target, sha256, size, member, fault or _no_fault)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.with_name(f".{target.name}.lock")) as turn:
            if turn == "after another" and (made := _made_meanwhile(wanted)):
                return made
            unique = f".{secrets.token_hex(4)}" if turn == "unlocked" else ""
            partial = Partial(target.with_name(f".{target.name}{unique}.part"))
            try:
                return _from_any(urls, partial, wanted, progress or _tell_nobody, patience or Patience())
            finally:
                if unique:
                    partial.drop()
    except OSError as error:
        raise WeightsError(_disk_trouble(target, error)) from error


def _tell_nobody(done: int, total: int | None) -> None:
    """Where nobody watches."""
    del done, total


def _no_fault(path: Path) -> None:
    """Where nothing is known of the file."""
    del path


def host_of(url: str) -> str:
    """Who is asked, for messages."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _made_meanwhile(wanted: _Wanted) -> Downloaded | None:
    if not wanted.target.is_file():
        return None
    digest = sha256_of(wanted.target)
    if wanted.sha256 not in (None, digest):
        return None
    return Downloaded(wanted.target, digest, wanted.target.stat().st_size, None)


def _from_any(
    urls: Sequence[str], partial: Partial, wanted: _Wanted, progress: Progress, patience: Patience
) -> Downloaded:
    reasons: list[str] = []
    wrong_file = False
    for url in urls:
        try:
            return _from_one(url, partial, wanted, progress, patience)
        except RefusedError as error:
            _log.info("%s: %s", url, error)
            reasons.append(f"{host_of(url)} {error}")
            wrong_file |= isinstance(error, _WrongFileError)
    kept = "; what has come is kept, and the next try goes on from there" if partial.size else ""
    message = f"cannot download '{wanted.target.name}': {'; '.join(reasons) or 'nobody offers it'}{kept}"
    raise DownloadError(message, wrong_file=wrong_file)


def _from_one(url: str, partial: Partial, wanted: _Wanted, progress: Progress, patience: Patience) -> Downloaded:
    """From this URL; a file that was put together from two tries and turns out wrong is fetched once more, whole."""
    pieced = _fetch(url, partial, wanted, progress, patience)
    try:
        return _put_in_place(url, partial, wanted)
    except _WrongFileError:
        partial.drop()
        if not pieced:
            raise
    _log.info("%s: what was put together from several tries is wrong; from the start", url)
    _fetch(url, partial, wanted, progress, patience)
    try:
        return _put_in_place(url, partial, wanted)
    except _WrongFileError:
        partial.drop()
        raise


def _fetch(url: str, partial: Partial, wanted: _Wanted, progress: Progress, patience: Patience) -> bool:
    """Complete the partial file, with as many tries as it takes and patience allows.

    Returns:
        Whether it came in several pieces.
    """
    failures = 0
    while True:
        before = partial.size
        try:
            return _try_once(url, partial, wanted, progress, patience)
        except PassingTroubleError as trouble:
            if trouble.restart:
                partial.drop()
            failures = 1 if partial.size - before >= _HEADWAY else failures + 1
            if failures >= patience.tries:
                raise RefusedError(f"{trouble} ({patience.tries} tries)") from trouble
            pause = patience.pause(failures, trouble.wait_s)
            _log.info("%s %s; again in %.1f s", url, trouble, pause)
            time.sleep(pause)


def _try_once(url: str, partial: Partial, wanted: _Wanted, progress: Progress, patience: Patience) -> bool:
    """One request. Returns whether it went on where an earlier one had stopped."""
    most = wanted.size or LARGEST
    offset, validator = partial.resume_at(url, anything=wanted.sha256 is not None and wanted.member is None)
    with request(url, offset, validator, patience) as response:
        if response.complete_already:
            return True
        offset = response.offset
        if offset and validator and response.validator not in (None, validator):
            raise PassingTroubleError("sent the rest of another version of the file", restart=True)
        _check_size(response, wanted)
        if not offset:
            partial.begin(url, response.validator)
        done = offset
        progress(done, response.total)
        with partial.path.open("r+b") as file:
            file.seek(offset)
            for chunk in response.chunks():
                file.write(chunk)
                done += len(chunk)
                if done > most:
                    break
                progress(done, response.total)
    if done > most:
        partial.drop()
        raise _WrongFileError(f"sends more than {most} bytes" + ("" if wanted.size else _UNSTATED))
    if done < (wanted.size or 0):
        raise PassingTroubleError(f"broke off at {done} of {wanted.size} bytes")
    return offset > 0


def _check_size(response: Response, wanted: _Wanted) -> None:
    """Before anything is written: is it of the expected size, and is there room?"""
    if response.total is None:
        return
    if response.total > (wanted.size or LARGEST) or response.total < (wanted.size or 1):
        expected = f"{wanted.size} were expected" if wanted.size else "which no weights have"
        if not wanted.size and response.total:
            expected = f"more than {LARGEST}{_UNSTATED}"
        raise _WrongFileError(f"offers {response.total} bytes, {expected}")
    needed = (response.total - response.offset) + (response.total if wanted.member else 0)
    free = shutil.disk_usage(wanted.target.parent).free
    if free < needed:
        raise OSError(errno.ENOSPC, f"{needed / 1e6:.1f} MB are needed, {free / 1e6:.1f} MB are free")


def _put_in_place(url: str, partial: Partial, wanted: _Wanted) -> Downloaded:
    """Unpack, check, rename.

    Raises:
        RefusedError: If it is not the file that is wanted.
    """
    ready = partial.path
    if wanted.member is not None:
        ready = partial.path.with_suffix(".unpacked")
        try:
            extract_member(partial.path, wanted.member, ready)
        except BaseException as error:
            ready.unlink(missing_ok=True)
            if isinstance(error, ArchiveError):
                raise _WrongFileError(f"sent an archive that cannot be used: {error}") from error
            raise
    try:
        with ready.open("rb") as file:
            start = file.read(64).lstrip()
        if not start or start.startswith(b"<"):
            raise _WrongFileError("sent an empty file" if not start else "sent a web page, not weights")
        digest, size = sha256_of(ready), ready.stat().st_size
        if wanted.sha256 not in (None, digest):
            raise _WrongFileError(f"sent another file: sha256 is {digest[:12]}…, expected {str(wanted.sha256)[:12]}…")
        if (fault := wanted.fault(ready)) is not None:
            raise _WrongFileError(fault)
        ready.replace(wanted.target)
    finally:
        if ready != partial.path:
            ready.unlink(missing_ok=True)
    partial.drop()
    return Downloaded(wanted.target, digest, size, url)


def _disk_trouble(target: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason = "no space is left there"
        if error.strerror and "needed" in error.strerror:
            reason += f" ({error.strerror})"
        return (
            f"cannot write '{target}': {reason}; free some, or let GONIO_HOME name a folder on another disk; "
            "what has come is kept"
        )
    return f"cannot write '{target}': {error.strerror or error}; let GONIO_HOME name a folder that you may write to"
