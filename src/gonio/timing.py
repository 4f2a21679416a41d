"""Where the time goes: named stages, recorded only while somebody asks.

The path wraps its steps in ``with timed("inference")``; outside ``record_stages`` that costs one look at a context
variable.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter

StageTimes = defaultdict[str, list[float]]
"""Stage name → seconds, one entry each time the stage ran."""

_recording: ContextVar[StageTimes | None] = ContextVar("gonio_stage_times", default=None)


@contextmanager
def record_stages() -> Iterator[StageTimes]:
    """Record the stages that run in this context (this thread or task) until the block ends.

    Example:
        >>> with record_stages() as times:
        ...     with timed("draw"):
        ...         pass
        >>> len(times["draw"])
        1
    """
    times: StageTimes = defaultdict(list)
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
    start = perf_counter()
    try:
        yield
    finally:
        times[stage].append(perf_counter() - start)
