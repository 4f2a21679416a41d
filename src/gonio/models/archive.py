"""One file out of a downloaded zip archive, whatever else the archive holds or claims."""

import lzma
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from gonio.errors import WeightsError

_CHUNK = 1 << 20
_LARGEST = 4 << 30
_SMALL = 64 << 20
_RATIO = 20
"""Weights hardly shrink in a zip archive; what grows twentyfold is made to fill disks."""

# What zipfile raises, beside its own error, at archives that are broken in one way or another.
_UNSOUND = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError, RuntimeError)


class ArchiveError(WeightsError):
    """An archive that is damaged, hostile, or without the file."""


def extract_member(archive: Path, member: str, to: Path) -> None:
    """Write one file of a zip archive to a path of ours; the names in the archive decide about no path.

    Args:
        archive: The zip file.
        member: Path of the file inside; or only its last parts, where a single file ends in them.
        to: Where to write.

    Raises:
        ArchiveError: If the archive is damaged, encrypted, has paths that lead out of it, lacks the file or has
            several of that name, or the file grows beyond 20 times the archive.
        OSError: If it cannot be written.
    """
    limit = min(_LARGEST, max(_SMALL, _RATIO * archive.stat().st_size))
    try:
        with zipfile.ZipFile(archive) as opened:
            info = _find(opened, member)
            if info.file_size > limit:
                raise ArchiveError(
                    f"'{info.filename}' in it claims {info.file_size} bytes, more than weights unpack to"
                )
            _copy(opened, info, to, limit)
    except _UNSOUND as error:
        raise ArchiveError(f"it is no sound zip archive ({error})") from error


def _find(opened: zipfile.ZipFile, member: str) -> zipfile.ZipInfo:
    infos = [info for info in opened.infolist() if not info.is_dir()]
    for info in infos:
        path = PurePosixPath(info.filename.replace("\\", "/"))
        if ".." in path.parts or path.is_absolute() or ":" in info.filename:
            raise ArchiveError(f"it has a path that leads out of it, '{info.filename}'")
    found = [info for info in infos if info.filename == member]
    found = found or [info for info in infos if info.filename.endswith("/" + member)]
    if len(found) != 1:
        names = ", ".join(info.filename for info in (found or infos)[:5])
        raise ArchiveError(f"it has {len(found) or 'no'} files named '{member}' (but {names or 'nothing'})")
    if found[0].flag_bits & 1:
        raise ArchiveError(f"'{found[0].filename}' in it is encrypted")
    return found[0]


def _copy(opened: zipfile.ZipFile, info: zipfile.ZipInfo, to: Path, limit: int) -> None:
    written = 0
    with opened.open(info) as source, to.open("wb") as file:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > limit:
                raise ArchiveError(f"'{info.filename}' in it unpacks to more than {limit} bytes")
            file.write(chunk)
