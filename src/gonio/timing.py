"""Where the time goes: named stages, recorded only while somebody asks.

The path wraps its steps in ``with timed("inference")``; outside ``record_stages`` that costs one look at a context
variable.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter, thread_time
from typing import NamedTuple


class Span(NamedTuple):
    """One run of a stage.

    Attributes:
        stage: Its name.
        start_s: When it began, by `time.perf_counter`.
        end_s: When it ended.
        cpu_s: Processor time of its own thread; what a runtime's or an encoder's threads did is not in it.
        thread: Name of the thread.
        thread_id: Its number, for threads of one name.
    """

    stage: str
    start_s: float
    end_s: float
    cpu_s: float
    thread: str
    thread_id: int


class StageTimes(defaultdict[str, list[float]]):
    """Stage name → seconds, one entry each time the stage ran.

    Attributes:
        spans: When and where each of them ran, in the order of their ends; None if nobody asked for it.
    """

    def __init__(self, *, with_spans: bool = False) -> None:
        super().__init__(list)
        self.spans: list[Span] | None = [] if with_spans else None


_recording: ContextVar[StageTimes | None] = ContextVar("gonio_stage_times", default=None)


@contextmanager
def record_stages(*, with_spans: bool = False) -> Iterator[StageTimes]:
    """Record the stages that run in this context (this thread or task, and the threads that the path starts for it).

    Args:
        with_spans: Note each run's start, end and thread as well.

    Example:
        >>> with record_stages() as times:
        ...     with timed("draw"):
        ...         pass
        >>> len(times["draw"])
        1
    """
    times = StageTimes(with_spans=with_spans)
    token = _recording.set(times)
    try:
        yield times
    finally:
        _recording.reset(token)


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Add the duration of the block to ``stage`` of the current recording, if there is one."""
    times = _recording.get()
    if times is None:
        yield
        return
    cpu, start = thread_time(), perf_counter()
    try:
        yield
    finally:
        end = perf_counter()
        times[stage].append(end - start)
        if times.spans is not None:
            thread = threading.current_thread()
            times.spans.append(Span(stage, start, end, thread_time() - cpu, thread.name, thread.ident or 0))
