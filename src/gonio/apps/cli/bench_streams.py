"""``gonio bench a.mp4 b.mp4 …``: several sources at once through one model."""

from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import Any

import typer
from rich.console import Console

from gonio.apps.cli.bench_run import peak_memory_mb, spread
from gonio.apps.cli.console import number_table, say_error
from gonio.io.sources import open_source
from gonio.models.model import PoseModel
from gonio.streams import SharingReport, stream_many


@dataclass
class _Tally:
    people: int = 0
    end_s: float = 0.0
    latencies_s: list[float] = field(default_factory=list)


def bench_streams(sources: list[str], model: PoseModel, *, track: bool) -> dict[str, Any]:
    """Run all of them at once, from file to keypoints, and say how each fared; nothing is drawn.

    Returns:
        What ``--json`` prints.
    """
    report = SharingReport()
    opened = [open_source(source) for source in sources]
    tallies = [_Tally() for _ in sources]
    begin, begin_cpu = perf_counter(), process_time()
    for one in stream_many(opened, model=model, track=track, report=report):
        tally = tallies[one.stream]
        tally.people += len(one.result.poses)
        tally.end_s = perf_counter() - begin
        tally.latencies_s.append(one.latency_s)
    wall_s, cpu_s = perf_counter() - begin, process_time() - begin_cpu
    frames = sum(len(tally.latencies_s) for tally in tallies)
    return {
        "model": model.card.name,
        "runtime": model.runtime,
        "frames": frames,
        "fps": frames / wall_s,
        "cpu_ms": round(cpu_s / max(frames, 1) * 1e3, 3),
        "mean_batch": round(report.mean_batch, 3),
        "peak_memory_mb": peak_memory_mb(),
        "streams": [
            {
                "source": source,
                "frames": len(tally.latencies_s),
                "people": tally.people,
                "fps": len(tally.latencies_s) / tally.end_s if tally.end_s else 0.0,
                "latency_ms": spread(tally.latencies_s) if tally.latencies_s else None,
                "failures": [str(failure) for failure in opened_source.failures],
            }
            for source, opened_source, tally in zip(sources, opened, tallies, strict=True)
        ],
    }


def print_streams(facts: dict[str, Any]) -> None:
    """The same for people."""
    typer.echo(f"{facts['model']} on {facts['runtime']}: {len(facts['streams'])} sources at once")
    table = number_table("source", "frames", "fps", "p50 ms", "p95 ms")
    for stream in facts["streams"]:
        latency = stream["latency_ms"]
        times = ("-", "-") if latency is None else (f"{latency['p50']:.1f}", f"{latency['p95']:.1f}")
        table.add_row(stream["source"], str(stream["frames"]), f"{stream['fps']:.1f}", *times)
    Console().print(table)
    memory = "" if facts["peak_memory_mb"] is None else f", peak memory {facts['peak_memory_mb']:.0f} MB"
    typer.echo(
        f"{facts['fps']:.1f} frames per second together, {facts['cpu_ms']:.1f} ms of processor time a frame, "
        f"{facts['mean_batch']:.2f} inputs a run of a network{memory}"
    )
    for stream in facts["streams"]:
        for failure in stream["failures"]:
            say_error(failure)
