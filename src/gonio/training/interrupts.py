"""Ctrl-C between steps only, so that what is saved then is whole."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

STOPS = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if sys.platform != "win32" else ()))
"""What stops a run: Ctrl-C, a service manager, the end of its terminal."""


@contextmanager
def deaf() -> Iterator[None]:
    """Start processes in this block that Ctrl-C never reaches; for this one it waits for the block's end.

    A new process hears a terminal's Ctrl-C before it can say that it is not meant, and dies with a traceback. A mask
    is inherited. On Windows, which has none, nothing is done.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # else it starts within the block, and ends the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def unbroken() -> Iterator[None]:
    """Hold Ctrl-C, SIGTERM and SIGHUP until the block has ended: what it changes together is never left half changed.

    Outside the main thread, where no signal arrives, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    before = {number: signal.signal(number, lambda which, _: arrived.append(which)) for number in STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    if arrived:
        signal.raise_signal(arrived[0])
