"""Where a writer's text goes: a file that appears when it is finished, a file that grows, or a text stream.

Each call of `write` is one whole piece (a header, a frame's record). A file never keeps half a piece: what an
interrupt or a full disk cut off is taken back before anything else is written and before the file is closed.
"""

import os
import stat
import sys
from contextlib import ExitStack, suppress
from io import FileIO
from pathlib import Path
from typing import NoReturn, Protocol, TextIO

from gonio.errors import MediaError
from gonio.io.atomic import atomic_path

Target = str | Path | TextIO
"""A path, ``"-"`` for standard output, or an open text stream (which stays open)."""


class TextOutput(Protocol):
    """Takes whole pieces of text until it is finished."""

    @property
    def closed(self) -> bool:
        """Whether it is finished, or gave up after an error."""

    def write(self, text: str) -> None:
        """Add one whole piece.

        Raises:
            MediaError: If it cannot be written; the output is closed then.
        """

    def finish(self) -> None:
        """Make what was written final."""

    def drop(self) -> bool:
        """Leave no trace, if that is still possible; False if it is not, and the output still waits for its end."""


def open_output(target: Target, *, growing: bool = False) -> TextOutput:
    """Open a target for writing.

    Args:
        target: A path, ``"-"`` or a text stream.
        growing: Write a file straight to its final name, so that it can be followed while it grows; otherwise
            it takes its name, and the place of an earlier file, only when it is finished.

    Raises:
        MediaError: If the file cannot be made.
    """
    if target == "-":
        return _StreamOutput(sys.stdout)
    if isinstance(target, str | Path):
        return _GrowingOutput(Path(target)) if growing else _AtomicOutput(Path(target))
    return _StreamOutput(target)


class _StreamOutput:
    """Standard output or another stream; every piece is flushed, so a reader at its end keeps up."""

    def __init__(self, stream: TextIO) -> None:
        self.closed = False
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> None:
        _require_open(self, "the output stream")
        # A terminal that cannot show a character gets its escape, not an error.
        shown = text.encode(self._encoding, "backslashreplace").decode(self._encoding)
        try:
            self._stream.write(shown)
            self._stream.flush()
        except BrokenPipeError as error:
            self.closed = True
            raise MediaError(
                "the program that reads the output has ended; let it read to the end or write to a file"
            ) from error
        except OSError as error:
            self.closed = True
            raise MediaError(f"cannot write to the output stream: {error.strerror}; write to a file instead") from error

    def finish(self) -> None:
        self.closed = True

    def drop(self) -> bool:
        return False


class _File:
    """Unbuffered, so a piece is on its way to the disk when `write` returns, and its end is known."""

    def __init__(self, path: Path) -> None:
        self._raw = FileIO(path, "w")
        # A device or pipe, such as /dev/stdout, has no end that could be cut.
        self._is_regular = stat.S_ISREG(os.fstat(self._raw.fileno()).st_mode)
        self._end = 0

    @property
    def closed(self) -> bool:
        return self._raw.closed

    def append(self, text: str) -> None:
        data = text.encode("utf-8", "backslashreplace")
        self.cut()
        rest = memoryview(data)
        while rest:
            rest = rest[self._raw.write(rest) or 0 :]
        self._end += len(data)

    def cut(self) -> None:
        """Take back what lies behind the last whole piece."""
        if self._is_regular and self._raw.tell() != self._end:
            self._raw.seek(self._end)
            self._raw.truncate()

    def close(self) -> None:
        self._raw.close()


class _AtomicOutput:
    """A temporary file that becomes ``path`` at the end; an error leaves an earlier file as it was."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = ExitStack()
        self._temporary = self._place.enter_context(atomic_path(path))
        try:
            self._file = _File(self._temporary)
        except OSError as error:
            self._give_up(error)

    @property
    def closed(self) -> bool:
        return self._file.closed

    def write(self, text: str) -> None:
        _require_open(self, f"'{self._path}'")
        try:
            self._file.append(text)
        except OSError as error:
            self._file.close()
            self._give_up(error)

    def finish(self) -> None:
        if self.closed:
            return
        try:
            self._file.cut()
            self._file.close()
        except OSError as error:
            self._give_up(error)
        self._place.close()

    def drop(self) -> bool:
        self._file.close()
        unused = MediaError("nothing was written")  # any error makes atomic_path remove its file
        self._place.__exit__(MediaError, unused, None)
        return True

    def _give_up(self, error: OSError) -> NoReturn:
        error.filename = str(self._temporary)  # by which atomic_path knows the error for its own and explains it
        self._place.__exit__(type(error), error, error.__traceback__)
        raise error


class _GrowingOutput:
    """The final file from the first piece on; an error leaves the whole pieces that were written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _File(path)
        except OSError as error:
            raise self._explained(error) from error

    @property
    def closed(self) -> bool:
        return self._file.closed

    def write(self, text: str) -> None:
        _require_open(self, f"'{self._path}'")
        try:
            self._file.append(text)
        except OSError as error:
            self._close()
            raise self._explained(error) from error

    def finish(self) -> None:
        if not self.closed:
            self._close()

    def drop(self) -> bool:
        return False

    def _close(self) -> None:
        with suppress(OSError):  # the piece that does not fit has been, or is being, reported
            self._file.cut()
        self._file.close()

    def _explained(self, error: OSError) -> MediaError:
        return MediaError(
            f"cannot write '{self._path}': {error.strerror or error}; free some space there, change its "
            "permissions or choose another place"
        )


def _require_open(output: TextOutput, name: str) -> None:
    if output.closed:
        raise MediaError(f"cannot write to {name}: it is closed; open a new writer")
