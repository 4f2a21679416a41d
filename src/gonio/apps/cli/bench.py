"""``gonio bench``: where the time goes, stage by stage."""

import json as json_text
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from gonio.apps.cli.console import number_table, progress_bar
from gonio.io.sources import open_source
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.pipeline import stream
from gonio.saving import ResultWriter
from gonio.timing import StageTimes, record_stages

STAGES = ("decode", "preprocess", "inference", "decode keypoints", "draw", "encode")


def bench(
    source: Annotated[str, typer.Argument(help="Image, folder or video to run on.", metavar="SOURCE")],
    model: Annotated[str | None, typer.Option("--model", "-m", help="A name from 'gonio models', or a card.")] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Run through the source so many times.")] = 3,
    threads: Annotated[
        int | None, typer.Option(help="Threads of each network.", show_default="GONIO_THREADS, else all CPUs")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Time every stage from file to drawn file: median and 95th percentile a frame, frames per second, peak memory.

    The first run through the source warms up and is not counted.

    Example: gonio bench run.mp4 --threads 1
    """
    ready = load_model(model, threads=threads)
    _run_once(source, ready, "warm-up")
    runs = [_run_once(source, ready, f"run {i + 1} of {repeat}") for i in range(repeat)]
    frames = [frame for run in runs for frame in run.frames_s]
    facts: dict[str, Any] = {
        "model": ready.card.name,
        "runtime": ready.runtime,
        "source": source,
        "frames": len(frames),
        "people": sum(run.people for run in runs),
        "fps": len(frames) / sum(run.wall_s for run in runs),
        "frame_ms": _spread(frames),
        "stages_ms": {
            stage: _spread(seconds)
            for stage in STAGES
            if (seconds := [value for run in runs for value in run.stages_s[stage]])
        },
        "peak_memory_mb": _peak_memory_mb(),
    }
    if json:
        sys.stdout.write(json_text.dumps(facts) + "\n")
    else:
        _print(facts)


@dataclass
class _Run:
    """One run through the source: seconds of each stage and each frame."""

    stages_s: dict[str, list[float]] = field(default_factory=lambda: {stage: [] for stage in STAGES})
    frames_s: list[float] = field(default_factory=list)
    people: int = 0
    wall_s: float = 0.0


def _run_once(source: str, model: PoseModel, description: str) -> _Run:
    opened = open_source(source)
    run = _Run()
    with tempfile.TemporaryDirectory() as folder, record_stages() as times, progress_bar() as bar:
        task = bar.add_task(description, total=opened.frame_count, fps=0.0, people=0)
        writer = ResultWriter(opened, model=model.card.name, skeleton=model.skeleton, folder=Path(folder), records=[])
        begin = last = perf_counter()
        with writer:
            for result in stream(opened, model=model):
                writer.write(result)
                now = perf_counter()
                run.frames_s.append(now - last)
                last = now
                run.people += len(result.poses)
                _collect(times, run)
                bar.update(task, advance=1, fps=len(run.frames_s) / (now - begin), people=len(result.poses))
        run.wall_s = perf_counter() - begin
        run.stages_s["decode"] = times["decode"]
    return run


def _collect(times: StageTimes, run: _Run) -> None:
    """Add up what each stage took for this frame; decoding runs ahead in a thread and is one entry a frame already."""
    for stage in STAGES:
        if stage != "decode" and times[stage]:
            run.stages_s[stage].append(sum(times[stage]))
            times[stage].clear()


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds."""
    p50, p95 = np.percentile(np.array(seconds) * 1e3, [50, 95])
    return {"p50": round(float(p50), 3), "p95": round(float(p95), 3)}


def _peak_memory_mb() -> float | None:
    """The most memory that this process has held; None where the system does not tell (Windows)."""
    try:
        import resource  # not on Windows
    except ModuleNotFoundError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)  # macOS counts bytes, Linux KiB


def _print(facts: dict[str, Any]) -> None:
    typer.echo(f"{facts['model']} on {facts['runtime']}: {facts['source']}, {facts['frames']} frames")
    table = number_table("stage", "p50 ms", "p95 ms")
    for stage, spread in [*facts["stages_ms"].items(), ("whole frame", facts["frame_ms"])]:
        table.add_row(stage, f"{spread['p50']:.2f}", f"{spread['p95']:.2f}")
    Console().print(table)
    memory = "" if facts["peak_memory_mb"] is None else f", peak memory {facts['peak_memory_mb']:.0f} MB"
    typer.echo(f"{facts['fps']:.1f} frames per second{memory}")
