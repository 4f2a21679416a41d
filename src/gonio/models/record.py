"""What is remembered of a model's weights: the digest of the first that came, for where nobody states one."""

import logging
import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

_log = logging.getLogger(__name__)


class Record(BaseModel):
    """What is remembered of a model's weights.

    Attributes:
        file: The file's name.
        sha256: Of the file that came first, or was accepted last.
        size: Of that file, bytes.
        url: Where it came from; None: it was put there by hand, or came in a bundle.
        time: When, ISO 8601, UTC.
        checked_size: Size of the file when its digest was last computed and found right.
        checked_ns: And the time of its last change, ns since 1970. While both are as they were, it is not read again.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)
    file: str
    sha256: str
    size: int
    url: str | None = None
    time: str
    checked_size: int | None = None
    checked_ns: int | None = None

    @property
    def day(self) -> str:
        """When, for people."""
        return self.time[:10]


def record_of(path: Path, sha256: str, url: str | None) -> Record:
    """A record of weights that were just checked, and are at ``path``.

    Raises:
        OSError: If they are not.
    """
    state = path.stat()
    return Record(
        file=path.name,
        sha256=sha256,
        size=state.st_size,
        url=url,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        checked_size=state.st_size,
        checked_ns=state.st_mtime_ns,
    )


def read_record(path: Path) -> Record | None:
    """The record in a file; None: there is none, or none that can be read."""
    try:
        return Record.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        _log.warning("the record '%s' cannot be read (%s); it is as if there were none", path, error)
        return None


def write_record(path: Path, record: Record) -> None:
    """Write a record, whole or not at all.

    Raises:
        OSError: If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)
