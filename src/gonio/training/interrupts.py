"""Ctrl-C between steps only, so that what is saved then is whole."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STOPS = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if sys.platform != "win32" else ()))
"""What stops a run: Ctrl-C, a service manager, the end of its terminal."""


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
