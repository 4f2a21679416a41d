"""What all pose writers share: constant memory, a valid file however the run ends, one way to close.

A format says how its head, a frame and its tail read as text; this file says when they are written.
"""

import json
import logging
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Self

from gonio.io.formats.output import Target, open_output
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses

_log = logging.getLogger(__name__)


class StreamingWriter(ABC):
    """Writes one frame at a time, and ends the file well also after Ctrl-C or an error in the caller's loop.

    Use it in a ``with`` block. Leaving the block by an exception keeps what was written, marked as incomplete
    where the format can say so. Only when the file itself cannot be written is it given up; and when the exception came
    before the first frame, there is nothing to keep and an earlier file stays as it was (not so for ``growing``).

    Args:
        target: A path, ``"-"`` for standard output, or a text stream (which stays open).
        growing: Write straight to the final name instead of renaming at the end.

    Raises:
        MediaError: If the target cannot be written.
    """

    def __init__(self, target: Target, *, growing: bool = False) -> None:
        self.frames_written = 0
        self.failures: list[str] = []
        self._output = open_output(target, growing=growing)
        self._output.write(self._head())

    def write(self, frame: Frame, poses: Poses) -> None:
        """Add one frame's people.

        Raises:
            MediaError: If it cannot be written, or the writer is closed.
        """
        self._output.write(self._frame_text(frame, poses))
        self.frames_written += 1

    def fail(self, message: str) -> None:
        """Note an input that could not be processed; a format without a place for it logs the sentence."""
        self.failures.append(message)
        _log.warning("%s", message)

    def close(self, *, complete: bool = True) -> None:
        """End the file; a second call does nothing.

        Args:
            complete: False when the run was stopped before the end of its source.

        Raises:
            MediaError: If the end cannot be written; an earlier file of the same name is left as it was.
        """
        if self._output.closed:
            return
        tail = self._tail(complete=complete)
        if tail:
            self._output.write(tail)
        self._output.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error_type is not None and not self.frames_written and not self._output.closed and self._output.drop():
            return
        self.close(complete=error_type is None)

    @abstractmethod
    def _head(self) -> str:
        """Text before the first frame."""

    @abstractmethod
    def _frame_text(self, frame: Frame, poses: Poses) -> str:
        """Text of one frame, with what separates it from the frame before."""

    @abstractmethod
    def _tail(self, *, complete: bool) -> str:
        """Text after the last frame."""


def compact_json(value: Any) -> str:
    """One line of ASCII JSON; NaN and Infinity raise instead of being written."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))
