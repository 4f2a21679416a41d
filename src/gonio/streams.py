"""`stream_many`: several cameras, videos or pictures through one model, whose runs they share."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

from gonio.draw.overlay import DrawStyle
from gonio.errors import ConfigError, MediaError
from gonio.following import FollowSettings
from gonio.io.sources import Source, SourceLike, open_source
from gonio.models.backends.sharing import SharedRuns
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.pacing import Pace, PaceReport
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
    """How well the streams shared the networks, and held their rate; filled in when `stream_many` ends.

    Attributes:
        runs: How often a network ran.
        inputs: How many crops and pictures it was given in them, all together.
        paces: What each source did to hold ``target_fps``, in their order.
    """

    runs: int = 0
    inputs: int = 0
    paces: list[PaceReport] = field(default_factory=list)

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
    held: PaceReport = field(default_factory=PaceReport)


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    stream: int
    error: MediaError | None


_OnEnd: TypeAlias = Callable[[int, MediaError | None], None]


@dataclass(slots=True)
class _Shared:
    """What the streams' threads and the reader share."""

    depth: int
    ready: deque[StreamResult | _End] = field(default_factory=deque)
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
    at_once: int | None = None,
    on_end: _OnEnd | None = None,
    report: SharingReport | None = None,
) -> Generator[StreamResult, None, None]:
    """Find everyone in the frames of several sources at once: cameras, streams, videos, pictures.

    Each source has a thread; crops of several sources, and pictures of one size, go through a network in one run
    wherever they come at about the same time. Results come as they are ready: those of one source in order, those of
    several in any.

    Args:
        sources: Each as for `gonio.stream`.
        model: As for `gonio.stream`; loaded once.
        min_person_score: As for `gonio.stream`, for all.
        flip_test: As for `gonio.stream`, for all.
        threads: As for `gonio.stream`.
        track: Follow people, in each video by itself; pictures among videos are looked at as they are.
        target_fps: For each video by itself.
        style: How results draw themselves.
        at_once: How many videos and pictures run at a time, the others wait their turn; default: all. What is live
            waits for nobody, and always runs.
        on_end: Called where the results are read, after the last one of a source, with the source's number and with
            what broke it off or None.
        report: Told in the end how well the runs were shared, and what was done to hold ``target_fps``.

    Returns:
        A generator; it stops when the reader stops. A source that breaks off ends alone: that is logged, and listed in
        its ``failures``; only when every source broke off, and nobody is told by ``on_end``, is the last one's error
        raised.

    Raises:
        MediaError: If a source cannot be opened, or all broke off.
        ModelError: If the model cannot be loaded.
        ConfigError: If a setting is out of range, there is no source, or ``track`` or ``target_fps`` is given and
            none is a video.
    """
    if isinstance(sources, str | Path):
        raise ConfigError(f"the sources are '{sources}', one alone; give a list of several, or take gonio.stream")
    if not sources:
        raise ConfigError("there is no source; give at least one")
    if at_once is not None and at_once < 1:
        raise ConfigError(f"at_once is {at_once}; let at least 1 source run")
    if isinstance(model, PoseModel) and threads is not None:
        raise ConfigError("threads are chosen when a model is loaded; give them to load_model")
    opened = [open_source(source) for source in sources]
    ready = model if isinstance(model, PoseModel) else load_model(model, threads=threads)
    streams = []
    any_video = any(source.is_video for source in opened)
    for number, source in enumerate(opened):
        spared = any_video and not source.is_video  # without any video, the settings are a mistake: it is refused
        followed = False if spared else track
        find = finder(source, ready, min_person_score=min_person_score, flip_test=flip_test, track=followed)
        streams.append(_Stream(number, source, find, pace_of(source, None if spared else target_fps, find)))
    if report is not None:
        report.paces = [stream.held for stream in streams]
    return _run(_queues(streams, at_once), ready, style or DrawStyle(), on_end, report)


def _queues(streams: list[_Stream], at_once: int | None) -> list[deque[_Stream]]:
    """What each thread runs: one live source each; the others come from one queue, which so many threads share."""
    live = [deque([stream]) for stream in streams if stream.source.is_live]
    patient = deque(stream for stream in streams if not stream.source.is_live)
    return [*live, *[patient] * min(at_once or len(patient), len(patient))]


def _run(
    queues: list[deque[_Stream]],
    model: PoseModel,
    style: DrawStyle,
    on_end: _OnEnd | None,
    report: SharingReport | None,
) -> Generator[StreamResult, None, None]:
    shared, runs = _Shared(depth=2 * len(queues), running=len(queues)), SharedRuns()
    failures: list[MediaError] = []
    ended = 0
    threads = []
    for number, queue in enumerate(queues):
        work = _worker(queue, model, style, shared, runs)
        context = copy_context()
        thread = threading.Thread(target=context.run, args=(work,), name=f"gonio-stream-{number}", daemon=True)
        threads.append(thread)
        thread.start()
    try:
        while (taken := _take(shared)) is not None:
            if isinstance(taken, StreamResult):
                yield taken
                continue
            ended += 1
            if taken.error is not None:
                failures.append(taken.error)
            if on_end is not None:
                on_end(taken.stream, taken.error)
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
    if on_end is None and len(failures) == ended:
        raise failures[-1]


def _worker(
    queue: deque[_Stream], model: PoseModel, style: DrawStyle, shared: _Shared, runs: SharedRuns
) -> Callable[[], None]:
    def work() -> None:
        try:
            with runs.joined():
                while not shared.stopped and (stream := _next(queue)) is not None:
                    _put(shared, _End(stream.number, _run_one(stream, model, style, shared)))
        except BaseException as error:  # noqa: BLE001 - carried over to the reader's thread, which raises it
            with shared.changed:
                shared.error = error
        finally:
            with shared.changed:
                shared.running -= 1
                shared.changed.notify_all()

    return work


def _next(queue: deque[_Stream]) -> _Stream | None:
    try:
        return queue.popleft()
    except IndexError:  # asked for by another thread in between
        return None


def _run_one(stream: _Stream, model: PoseModel, style: DrawStyle, shared: _Shared) -> MediaError | None:
    """One source to its end, or until the reader stops; gives what broke it off."""
    try:
        with frames_of(stream.source, stream.pace, model, stream.held) as frames:
            for frame in frames:
                begin = perf_counter()
                result = Result(frame, stream.find(frame), model.card.name, style)
                if not _put(shared, StreamResult(stream.number, result, perf_counter() - begin)):
                    return None
    except MediaError as error:
        _log.warning("stream %d ends: %s", stream.number, error)
        with suppress(AttributeError):  # a source of somebody's own may have none
            stream.source.failures.append(error)
        return error
    return None


def _put(shared: _Shared, item: StreamResult | _End) -> bool:
    with shared.changed:
        shared.changed.wait_for(lambda: shared.stopped or len(shared.ready) < shared.depth)
        if not shared.stopped:
            shared.ready.append(item)
            shared.changed.notify_all()
        return not shared.stopped


def _take(shared: _Shared) -> StreamResult | _End | None:
    with shared.changed:
        shared.changed.wait_for(lambda: shared.ready or shared.error is not None or not shared.running)
        if shared.error is not None:
            raise shared.error
        if not shared.ready:
            return None
        item = shared.ready.popleft()
        shared.changed.notify_all()
        return item
