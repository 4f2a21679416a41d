"""``gonio bench``: where the time goes, stage by stage, and how fast the network is in other runtimes."""

import json as json_text
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from gonio.apps.cli.console import console, number_table, progress_bar, say
from gonio.errors import ConfigError
from gonio.export.devices import DeviceTable, bench_devices
from gonio.io.sources import open_source
from gonio.models.loader import load_model, thread_count
from gonio.models.model import PoseModel
from gonio.pipeline import stream
from gonio.saving import ResultWriter
from gonio.timing import StageTimes, record_stages

_MOST_FRAMES = 1920  # to look for people in
STAGES = ("decode", "preprocess", "inference", "decode keypoints", "draw", "encode")


def bench(
    source: Annotated[str, typer.Argument(help="Image, folder or video to run on.", metavar="SOURCE")],
    model: Annotated[str | None, typer.Option("--model", "-m", help="A name from 'gonio models', or a card.")] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Run through the source so many times.")] = 3,
    threads: Annotated[
        int | None, typer.Option(help="Threads of each network.", show_default="GONIO_THREADS, else all CPUs")
    ] = None,
    devices: Annotated[
        bool, typer.Option("--devices", help="Time the network alone, in every runtime that is installed.")
    ] = False,
    also: Annotated[
        list[str] | None,
        typer.Option(help="With --devices: a further file of the model, as int8; repeatable.", metavar="CARD|ONNX"),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="With --devices: turns of each runtime.", show_default="20")
    ] = None,
    batch: Annotated[
        int | None, typer.Option(min=1, help="With --devices: crops or pictures a run.", show_default="1")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Time every stage from file to drawn file: median and 95th percentile a frame, frames per second, peak memory.

    The first run through the source warms up and is not counted. With --devices a table over runtimes and precisions
    instead: the model looks at SOURCE, and what its network gets is timed and compared; MODEL may be a checkpoint.

    Examples:
      gonio bench run.mp4 --threads 1
      gonio bench run.mp4 --devices -m thunder --also thunder-int8.json
    """
    if devices:
        _bench_devices(source, model, also or [], threads=threads, rounds=rounds or 20, batch=batch or 1, json=json)
        return
    if also or rounds is not None or batch is not None:
        raise ConfigError("--also, --rounds and --batch are for the table of --devices; add --devices")
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


def _bench_devices(
    source: str, model: str | None, also: Sequence[str], *, threads: int | None, rounds: int, batch: int, json: bool
) -> None:
    opened = open_source(source)
    images = (frame.image for frame in islice(opened, 0, _MOST_FRAMES, _step(opened.frame_count)))
    with console.status("timing") if console.is_terminal else nullcontext():
        table = bench_devices(model, images, threads=thread_count(threads), also=also, batch=batch, rounds=rounds)
    if json:
        sys.stdout.write(json_text.dumps({"source": source} | asdict(table), allow_nan=False) + "\n")
    else:
        _print_devices(table, source)


def _step(frames: int | None) -> int:
    """Every how many frames one is looked at: 32 of them, spread over the first minute or so."""
    return min(max((frames or 0) // 32, 1), _MOST_FRAMES // 32)


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


def _print_devices(table: DeviceTable, source: str) -> None:
    height, width = table.input_hw
    typer.echo(f"{table.model} on {table.machine}")
    typer.echo(f"{table.inputs} {table.unit} of {height} x {width} from {source}, {table.rounds} rounds in turns")
    several = len({row.file for row in table.rows}) > 1
    headers = ("precision", "threads", "batch", "median ms", "p95 ms", f"{table.unit} per s", "file MB", "most px")
    shown = number_table("runtime", *headers, *(["file"] if several else []))
    shown.padding = (0, 0)  # nine columns, of 80 characters together
    ran = [row for row in table.rows if row.median_ms is not None]
    for row in ran:
        numbers = (f"{row.median_ms:.2f}", f"{row.p95_ms:.2f}", f"{row.per_second:.1f}", f"{row.file_mb:.2f}")
        away = "-" if row.keypoint_px is None else f"{row.keypoint_px:.2g}"
        settings = (row.precision, str(table.threads), str(table.batch))
        shown.add_row(row.runtime, *settings, *numbers, away, *([row.file] if several else []))
    Console().print(shown)
    typer.echo("; ".join(dict.fromkeys(row.description for row in ran)))
    typer.echo("px: the largest difference of a keypoint to the first row, pixels of the network's input")
    for row in table.rows:
        if row.note:
            say(f"{row.runtime} {row.precision}{' of ' + row.file if several else ''}: {row.note}", style="yellow")
