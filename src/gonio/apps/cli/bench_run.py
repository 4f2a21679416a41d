"""One timed run from a source to a drawn file, for ``gonio bench``."""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from gonio.apps.cli.console import progress_bar
from gonio.io.sources import open_source
from gonio.models.model import PoseModel
from gonio.pipeline import stream
from gonio.saving import ResultWriter
from gonio.timing import Span, StageTimes, record_stages

STAGES = ("decode", "preprocess", "inference", "decode keypoints", "track", "draw", "encode")
_IN_OTHER_THREADS = ("decode", "draw", "encode")
"""Run ahead or behind; each runs once a frame."""


@dataclass
class Run:
    """One run through the source: seconds of each stage and each frame."""

    stages_s: dict[str, list[float]] = field(default_factory=lambda: {stage: [] for stage in STAGES})
    frames_s: list[float] = field(default_factory=list)
    people: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    spans: list[Span] = field(default_factory=list)


def run_once(source: str, model: PoseModel, description: str, *, track: bool = False, with_spans: bool = False) -> Run:
    """From the source to a drawn file that is thrown away."""
    opened = open_source(source, keep_yuv=True)
    run = Run()
    with (
        tempfile.TemporaryDirectory() as folder,
        record_stages(with_spans=with_spans) as times,
        progress_bar() as bar,
    ):
        task = bar.add_task(description, total=opened.frame_count, fps=0.0, people=0)
        writer = ResultWriter(opened, model=model.card.name, skeleton=model.skeleton, folder=Path(folder), records=[])
        begin = last = perf_counter()
        begin_cpu = process_time()
        with writer:
            for result in stream(opened, model=model, track=track):
                writer.write(result)
                now = perf_counter()
                run.frames_s.append(now - last)
                last = now
                run.people += len(result.poses)
                _collect(times, run)
                bar.update(task, advance=1, fps=len(run.frames_s) / (now - begin), people=len(result.poses))
        run.wall_s, run.cpu_s = perf_counter() - begin, process_time() - begin_cpu
    for stage in _IN_OTHER_THREADS:
        run.stages_s[stage] = times[stage][: len(run.frames_s)]  # not the end of a video
    run.spans = times.spans or []
    return run


def _collect(times: StageTimes, run: Run) -> None:
    """Add up what each stage of this thread took for this frame."""
    for stage in STAGES:
        if stage not in _IN_OTHER_THREADS and times[stage]:
            run.stages_s[stage].append(sum(times[stage]))
            times[stage].clear()


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds."""
    p50, p95 = np.percentile(np.array(seconds) * 1e3, [50, 95])
    return {"p50": round(float(p50), 3), "p95": round(float(p95), 3)}


def peak_memory_mb() -> float | None:
    """The most memory that this process has held; None where the system does not tell (Windows)."""
    try:
        import resource  # not on Windows
    except ModuleNotFoundError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)  # macOS counts bytes, Linux KiB
