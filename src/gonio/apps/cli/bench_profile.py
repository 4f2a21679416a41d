"""``gonio bench --profile``: when each stage ran, in which thread, and what the run waited for."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from gonio.io.atomic import atomic_path
from gonio.timing import Span


@dataclass(frozen=True, slots=True)
class StageShare:
    """What one stage took of a run.

    Attributes:
        stage: Its name.
        thread: Where it ran; the first of several threads.
        frame_ms: Milliseconds a frame, by the clock.
        cpu_ms: Processor milliseconds a frame, of its own thread alone.
        busy: Share of the run in which it ran, in [0, 1].
        alone: Share of the run in which it ran and no other stage did: what more overlap could win.
        critical: Share of the run that it is on the critical path.
    """

    stage: str
    thread: str
    frame_ms: float
    cpu_ms: float
    busy: float
    alone: float
    critical: float


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the time of a run went.

    Attributes:
        wall_s: From the start of the first stage to the end of the last.
        frames: Frames in it.
        stages: In order of first appearance.
        threads: Name → share of the run in which the thread ran any stage.
        idle: Share of the run in which no stage ran at all.
        waiting: Share of the critical path that belongs to no stage.
    """

    wall_s: float
    frames: int
    stages: tuple[StageShare, ...]
    threads: dict[str, float]
    idle: float
    waiting: float


def chrome_trace(spans: Sequence[Span]) -> dict[str, Any]:
    """The document that chrome://tracing and ui.perfetto.dev open: one row a thread, microseconds from the first stage.

    Source:
        N. Duca and D. Sinclair, "Trace Event Format", 2016: complete events ("X") and names of threads ("M").
    """
    start_s = min((span.start_s for span in spans), default=0.0)
    rows = {span.thread_id: span.thread for span in spans}
    names = [
        {"ph": "M", "name": "thread_name", "pid": 1, "tid": row, "args": {"name": name}} for row, name in rows.items()
    ]
    events = [
        {
            "ph": "X",
            "name": span.stage,
            "cat": "stage",
            "pid": 1,
            "tid": span.thread_id,
            "ts": round((span.start_s - start_s) * 1e6, 1),
            "dur": round((span.end_s - span.start_s) * 1e6, 1),
            "args": {"cpu_ms": round(span.cpu_s * 1e3, 3)},
        }
        for span in sorted(spans, key=lambda span: span.start_s)
    ]
    return {"displayTimeUnit": "ms", "traceEvents": [*names, *events]}


def write_trace(path: Path, spans: Sequence[Span]) -> None:
    """Write `chrome_trace`, whole or not at all.

    Raises:
        MediaError: If the file cannot be written.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(chrome_trace(spans)), encoding="utf-8")


def profile_of(spans: Sequence[Span], frames: int) -> Profile:
    """Add up where the time went.

    Args:
        spans: Of one run, at least one.
        frames: How many frames it had.
    """
    start_s, end_s = min(span.start_s for span in spans), max(span.end_s for span in spans)
    wall_s = max(end_s - start_s, 1e-9)
    critical: dict[str, float] = defaultdict(float)
    for stage, seconds in critical_path(spans):
        critical[stage] += seconds
    by_stage: dict[str, list[Span]] = defaultdict(list)
    by_thread: dict[str, list[Span]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: span.start_s):
        by_stage[span.stage].append(span)
        by_thread[span.thread].append(span)
    alone, idle_s = _alone(spans)
    stages = tuple(
        StageShare(
            stage=stage,
            thread=runs[0].thread,
            frame_ms=sum(run.end_s - run.start_s for run in runs) / frames * 1e3,
            cpu_ms=sum(run.cpu_s for run in runs) / frames * 1e3,
            busy=_covered_s(runs) / wall_s,
            alone=alone[stage] / wall_s,
            critical=critical[stage] / wall_s,
        )
        for stage, runs in by_stage.items()
    )
    return Profile(
        wall_s=wall_s,
        frames=frames,
        stages=stages,
        threads={thread: _covered_s(runs) / wall_s for thread, runs in by_thread.items()},
        idle=idle_s / wall_s,
        waiting=critical[""] / wall_s,
    )


def critical_path(spans: Sequence[Span]) -> list[tuple[str, float]]:
    """What the end of the run waited for, from the last moment back to the first: stages and their seconds.

    From the start of a stage it goes on with whatever ended last before it, in any thread: that is what the stage
    waited for, or at least what nothing else can have been waiting for. ``""`` is time in between, in no stage.
    """
    path: list[tuple[str, float]] = []
    # of a stage within a stage only the outer counts
    remaining = sorted(_outermost(spans), key=lambda span: span.end_s)
    while remaining:
        last = remaining.pop()
        path.append((last.stage, last.end_s - last.start_s))
        while remaining and remaining[-1].end_s > last.start_s:
            remaining.pop()  # ran beside it
        if remaining:
            path.append(("", last.start_s - remaining[-1].end_s))
    return path


def _outermost(spans: Sequence[Span]) -> Iterator[Span]:
    latest: dict[int, float] = {}
    for span in sorted(spans, key=lambda span: (span.start_s, -span.end_s)):
        if span.end_s > latest.get(span.thread_id, float("-inf")):
            latest[span.thread_id] = span.end_s
            yield span


def _covered_s(spans: Sequence[Span]) -> float:
    """Seconds in which at least one of them ran; they are sorted by their starts."""
    total, until = 0.0, float("-inf")
    for span in spans:
        total += max(0.0, span.end_s - max(span.start_s, until))
        until = max(until, span.end_s)
    return total


def _alone(spans: Sequence[Span]) -> tuple[dict[str, float], float]:
    """Seconds in which one stage alone ran, by stage, and those in which none did."""
    changes = sorted(
        [(span.start_s, 1, span.stage) for span in spans] + [(span.end_s, -1, span.stage) for span in spans]
    )
    running: dict[str, int] = defaultdict(int)
    alone: dict[str, float] = defaultdict(float)
    idle_s = 0.0
    for (now, step, stage), (then, _, _) in pairwise(changes):
        running[stage] += step
        active = [name for name, count in running.items() if count]
        if len(active) == 1:
            alone[active[0]] += then - now
        elif not active:
            idle_s += then - now
    return alone, idle_s
