"""The digest by which a file is known again."""

import hashlib
from pathlib import Path


def sha256_of(path: Path) -> str:
    """Digest of a file, in hexadecimal; the file is never in memory as a whole.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
