"""The part of a download that is here, and of what it is a part."""

import json
from pathlib import Path


class Partial:
    """A file that grows, with a note beside it that says whose it is. State: both files, nothing in memory."""

    def __init__(self, path: Path) -> None:
        """Look at, and make nothing.

        Args:
            path: Of the growing file; the note is called as it with ``.json`` added.
        """
        self.path = path
        self._note = path.with_name(path.name + ".json")

    @property
    def size(self) -> int:
        """Bytes that are there."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def resume_at(self, url: str, *, anything: bool) -> tuple[int, str | None]:
        """How many bytes need not be asked for again, and on what condition.

        Args:
            url: Who is asked now.
            anything: The end is checked against a digest that is known, so bytes may be taken on trust.

        Returns:
            The offset, and the ETag or date that the rest must still have; None: any.
        """
        size = self.size
        if not size:
            return 0, None
        note = self._read_note()
        if note.get("url") == url and note.get("validator"):
            return size, str(note["validator"])
        return (size, None) if anything else (0, None)

    def begin(self, url: str, validator: str | None) -> None:
        """Start from nothing.

        Raises:
            OSError: If it cannot be written.
        """
        self.path.write_bytes(b"")
        self._note.write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")

    def drop(self) -> None:
        """Leave nothing."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def _read_note(self) -> dict[str, object]:
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}
