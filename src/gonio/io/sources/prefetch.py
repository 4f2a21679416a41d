"""Decode a few frames ahead in one thread, so that decoding and inference overlap.

The thread ends when the reader stops: at the end, at an error, or because the reader closed its generator. A camera
that says nothing holds its thread; the reader does not wait for that one.
"""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextvars import copy_context
from typing import Generic, TypeVar

_log = logging.getLogger(__name__)

Item = TypeVar("Item")
_LEAVE_S = 1.0
"""For so long the thread of a live source is waited for when the reader stops: it may sit in a driver that waits for a
camera. Whatever it brings later is dropped, and it ends."""
_LOOK_S = 0.5
"""A wait is looked up from so often: on Windows, Ctrl-C is heard only then."""


class SilentError(Exception):
    """Nothing came for longer than the reader waits."""


def prefetched(
    items: Generator[Item, None, None],
    depth: int,
    *,
    drop_oldest: bool = False,
    on_drop: Callable[[], None] | None = None,
    on_close: Callable[[], None] | None = None,
    patience_s: float | None = None,
    heard_s: Callable[[], float] = lambda: -math.inf,
) -> Generator[Item, None, None]:
    """Give the same items in the same order, made by a thread that runs at most ``depth`` items ahead.

    An exception of ``items`` is raised where it happened: after the items before it. ``items`` runs in a copy
    of the reader's context, so that what records there (`gonio.timing`) hears the thread too, and is closed
    in the thread.

    Args:
        items: The generator to run in the thread.
        depth: How many items may wait; 0 runs ``items`` without a thread.
        drop_oldest: When full, forget the oldest waiting item instead of pausing: for live sources, which do
            not wait.
        on_drop: Called in the thread for each item that is forgotten.
        on_close: Called when the reader stops, to wake ``items`` from a wait.
        patience_s: How long an item is waited for; None: for ever.
        heard_s: When the source last said anything, by `time.monotonic`; the wait is counted from there on.

    Raises:
        SilentError: If none came for so long.
    """
    if depth == 0:
        yield from items
        return
    queue: _Queue[Item] = _Queue(depth, drop_oldest=drop_oldest, on_drop=on_drop)
    context = copy_context()
    thread = threading.Thread(target=context.run, args=(_produce, items, queue), name="gonio-prefetch", daemon=True)
    thread.start()
    try:
        while (taken := queue.take(patience_s, heard_s)) is not None:
            yield taken[0]
    finally:
        queue.stop()
        if on_close is not None:
            on_close()
        thread.join(_LEAVE_S if drop_oldest else None)
        if thread.is_alive():
            _log.warning("a live source does not answer; its thread ends when it does")
        if queue.dropped:
            _log.info("%d frames were dropped because the reader was slower than the source", queue.dropped)


def _produce(items: Generator[Item, None, None], queue: "_Queue[Item]") -> None:
    error: BaseException | None = None
    try:
        for item in items:
            if not queue.put(item):
                break
        items.close()
    except BaseException as caught:  # noqa: BLE001 - carried over to the reader's thread, which raises it
        error = caught
    queue.finish(error)


class _Queue(Generic[Item]):
    """A bounded queue that either side can end."""

    def __init__(self, depth: int, *, drop_oldest: bool, on_drop: Callable[[], None] | None) -> None:
        self._items: deque[Item] = deque()
        self._depth = depth
        self._drop_oldest = drop_oldest
        self._on_drop = on_drop
        self._changed = threading.Condition()
        self._stopped = False
        self._finished = False
        self._error: BaseException | None = None
        self.dropped = 0

    def put(self, item: Item) -> bool:
        """Add an item, waiting for room; False once the reader has stopped."""
        with self._changed:
            if self._drop_oldest and len(self._items) == self._depth:
                self._items.popleft()
                self.dropped += 1
                if self._on_drop is not None:
                    self._on_drop()
            self._changed.wait_for(lambda: self._stopped or len(self._items) < self._depth)
            if not self._stopped:
                self._items.append(item)
                self._changed.notify_all()
            return not self._stopped

    def finish(self, error: BaseException | None) -> None:
        """Say that no item follows, because of ``error`` or because all are there."""
        with self._changed:
            self._finished, self._error = True, error
            self._changed.notify_all()

    def take(self, patience_s: float | None, heard_s: Callable[[], float]) -> tuple[Item] | None:
        """Wait for the next item; None after the last one.

        Raises:
            SilentError: If none came for so long.
            BaseException: What ended the items early.
        """
        begin = time.monotonic()
        with self._changed:
            while not self._changed.wait_for(lambda: self._items or self._finished, timeout=_LOOK_S):
                if patience_s is not None and time.monotonic() - max(begin, heard_s()) > patience_s:
                    raise SilentError
            if self._items:
                item = self._items.popleft()
                self._changed.notify_all()
                return (item,)
            if self._error is not None:
                raise self._error
            return None

    def stop(self) -> None:
        """Say that nobody takes any more."""
        with self._changed:
            self._stopped = True
            self._items.clear()
            self._changed.notify_all()
