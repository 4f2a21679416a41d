"""Write a few items behind in one thread, so that drawing, encoding and inference overlap.

The mirror image of `gonio.io.sources.prefetch`: there a thread runs ahead of the reader, here one follows the writer.
"""

import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from types import TracebackType
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")


class WriteBehind(Generic[Item]):
    """Calls a function with one item after the other, in a thread of its own. A context manager.

    The thread starts with the first item, in a copy of the caller's context, so that what records there
    (`gonio.timing`) hears it. What the function raises is raised in the caller's thread, by every later `put`, or at
    the end of the block if no `put` has raised it; no further item is written then. At the end of the block, also by
    Ctrl-C or an error, the items that wait are still written; another Ctrl-C while that lasts drops all but the one
    that is being written.

    Args:
        write: Takes an item; only ever runs in the thread.
        depth: How many items may wait; 0 writes at once, without a thread.
    """

    def __init__(self, write: Callable[[Item], None], *, depth: int) -> None:
        self._write = write
        self._depth = depth
        self._waiting: deque[Item] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ended = False
        self._error: BaseException | None = None
        self._told = False

    def put(self, item: Item) -> None:
        """Hand over an item; waits while ``depth`` items wait.

        Raises:
            BaseException: What writing an earlier item raised.
            ValueError: If it is closed.
        """
        if self._depth == 0:
            self._write(item)
            return
        if self._thread is None:
            run = copy_context().run
            self._thread = threading.Thread(target=run, args=(self._work,), name="gonio-writer", daemon=True)
            self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._ended or len(self._waiting) < self._depth)
            if self._error is not None:
                self._told = True
                raise self._error
            if self._ended:
                raise ValueError("nothing is written behind any more: it is closed")
            self._waiting.append(item)
            self._changed.notify_all()

    def close(self) -> None:
        """Wait until everything is written; a second call does nothing.

        Raises:
            BaseException: What writing raised, if no `put` has raised it yet.
        """
        if self._thread is None:
            return
        self._end()
        try:
            self._thread.join()
        except BaseException:  # Ctrl-C, once more
            with self._changed:
                self._waiting.clear()
            self._thread.join()
            raise
        if self._error is not None and not self._told:
            self._told = True
            raise self._error

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended)
                if not self._waiting:
                    return
                item = self._waiting.popleft()
                self._changed.notify_all()
            try:
                self._write(item)
            except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread, which raises it
                with self._changed:
                    self._error, self._ended = error, True
                    self._waiting.clear()
                    self._changed.notify_all()
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
