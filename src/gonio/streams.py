"""`stream_many`: several cameras or videos through one model, whose runs they share."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from gonio.draw.overlay import DrawStyle
from gonio.errors import ConfigError, MediaError
from gonio.following import FollowSettings
from gonio.io.sources import Source, SourceLike, open_source
from gonio.models.backends.sharing import SharedRuns
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.pacing import Pace
from gonio.pipeline import Finder, finder, frames_of, pace_of
from gonio.results import Result

_log = logging.getLogger(__name__)
_LONGEST_WAIT_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class StreamResult:
    """One frame of one of several sources.

    Attributes:
        stream: Which source, counted from 0.
        result: As from `gonio.stream`.
        latency_s: From the moment the frame was taken from its source until its people were known.
    """

    stream: int
    result: Result
    latency_s: float


@dataclass(slots=True)
class SharingReport:
    """How well the streams shared the networks; filled in when `stream_many` ends.

    Attributes:
        runs: How often a network ran.
        inputs: How many crops and pictures it was given in them, all together.
    """

    runs: int = 0
    inputs: int = 0

    @property
    def mean_batch(self) -> float:
        """Inputs a run; 0 without a run."""
        return self.inputs / self.runs if self.runs else 0.0


@dataclass(slots=True)
class _Stream:
    number: int
    source: Source
    find: Finder
    pace: Pace | None


@dataclass(slots=True)
class _Shared:
    """What the streams' threads and the reader share."""

    depth: int
    ready: deque[StreamResult] = field(default_factory=deque)
    changed: threading.Condition = field(default_factory=threading.Condition)
    running: int = 0
    stopped: bool = False
    error: BaseException | None = None


def stream_many(
    sources: Sequence[SourceLike | Source],
    *,
    model: str | Path | PoseModel | None = None,
    min_person_score: float | None = None,
    flip_test: bool = False,
    threads: int | None = None,
    track: bool | FollowSettings = False,
    target_fps: float | None = None,
    style: DrawStyle | None = None,
    report: SharingReport | None = None,
) -> Generator[StreamResult, None, None]:
    """Find everyone in the frames of several sources at once: cameras, streams, videos.

    Each source has a thread; crops of several sources, and pictures of one size, go through a network in one run
    wherever they come at about the same time. Results come as they are ready: those of one source in order, those of
    several in any.

    Args:
        sources: Each as for `gonio.stream`.
        model: As for `gonio.stream`; loaded once.
        min_person_score: As for `gonio.stream`, for all.
        flip_test: As for `gonio.stream`, for all.
        threads: As for `gonio.stream`.
        track: Follow people, in each source by itself.
        target_fps: For each source by itself.
        style: How results draw themselves.
        report: Told in the end how well the runs were shared.

    Returns:
        A generator; it stops when the reader stops. A source that breaks off ends alone: that is logged, and listed in
        its ``failures``; only when every source broke off is the last one's error raised.

    Raises:
        MediaError: If a source cannot be opened, or all broke off.
        ModelError: If the model cannot be loaded.
        ConfigError: If a setting is out of range, or there is no source.
    """
    if not sources:
        raise ConfigError("there is no source; give at least one")
    if isinstance(model, PoseModel) and threads is not None:
        raise ConfigError("threads are chosen when a model is loaded; give them to load_model")
    opened = [open_source(source) for source in sources]
    ready = model if isinstance(model, PoseModel) else load_model(model, threads=threads)
    streams = [
        _Stream(
            number,
            source,
            finder(source, ready, min_person_score=min_person_score, flip_test=flip_test, track=track),
            pace_of(source, target_fps),
        )
        for number, source in enumerate(opened)
    ]
    return _run(streams, ready, style or DrawStyle(), report)


def _run(
    streams: list[_Stream], model: PoseModel, style: DrawStyle, report: SharingReport | None
) -> Generator[StreamResult, None, None]:
    shared, runs = _Shared(depth=2 * len(streams), running=len(streams)), SharedRuns()
    failures: list[MediaError] = []
    threads = []
    for stream in streams:
        work = _worker(stream, model, style, shared, runs, failures)
        context = copy_context()
        thread = threading.Thread(target=context.run, args=(work,), name=f"gonio-stream-{stream.number}", daemon=True)
        threads.append(thread)
        thread.start()
    try:
        while (taken := _take(shared)) is not None:
            yield taken
    finally:
        with shared.changed:
            shared.stopped = True
            shared.changed.notify_all()
        for thread in threads:
            # A camera that says nothing holds its thread until its own time limit; nobody waits for that. What the
            # thread finds afterwards is dropped, and it ends.
            thread.join(timeout=_LONGEST_WAIT_S)
        if report is not None:
            report.runs, report.inputs = runs.runs, runs.inputs
    if len(failures) == len(streams):
        raise failures[-1]


def _worker(
    stream: _Stream,
    model: PoseModel,
    style: DrawStyle,
    shared: _Shared,
    runs: SharedRuns,
    failures: list[MediaError],
) -> Callable[[], None]:
    def work() -> None:
        try:
            with runs.joined(), frames_of(stream.source, stream.pace, model) as frames:
                for frame in frames:
                    begin = perf_counter()
                    result = Result(frame, stream.find(frame), model.card.name, style)
                    if not _put(shared, StreamResult(stream.number, result, perf_counter() - begin)):
                        return
        except MediaError as error:
            _log.warning("stream %d ends: %s", stream.number, error)
            failures.append(error)
            with suppress(AttributeError):  # a source of somebody's own may have none
                stream.source.failures.append(error)
        except BaseException as error:  # noqa: BLE001 - carried over to the reader's thread, which raises it
            with shared.changed:
                shared.error = error
        finally:
            with shared.changed:
                shared.running -= 1
                shared.changed.notify_all()

    return work


def _put(shared: _Shared, item: StreamResult) -> bool:
    with shared.changed:
        shared.changed.wait_for(lambda: shared.stopped or len(shared.ready) < shared.depth)
        if not shared.stopped:
            shared.ready.append(item)
            shared.changed.notify_all()
        return not shared.stopped


def _take(shared: _Shared) -> StreamResult | None:
    with shared.changed:
        shared.changed.wait_for(lambda: shared.ready or shared.error is not None or not shared.running)
        if shared.error is not None:
            raise shared.error
        if not shared.ready:
            return None
        item = shared.ready.popleft()
        shared.changed.notify_all()
        return item
