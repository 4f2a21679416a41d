"""``gonio bench``: where the time goes, stage by stage, and how fast the network is in other runtimes."""

import json as json_text
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gonio.apps.cli.bench_profile import Profile, profile_of, write_trace
from gonio.apps.cli.bench_run import STAGES, peak_memory_mb, run_once, spread
from gonio.apps.cli.bench_streams import bench_streams, print_streams
from gonio.apps.cli.console import console, number_table, say
from gonio.apps.cli.model_options import DetectorOption, DeviceOption, RuntimeOption
from gonio.errors import ConfigError, MediaError
from gonio.export.devices import DeviceTable, bench_devices
from gonio.io.sources import open_source
from gonio.models.loader import load_model, thread_count
from gonio.models.model import PoseModel

_MOST_FRAMES = 1920  # to look for people in


def bench(
    sources: Annotated[
        list[str], typer.Argument(help="Image, folder or video to run on; several run at once.", metavar="SOURCE...")
    ],
    model: Annotated[str | None, typer.Option("--model", "-m", help="A name from 'gonio models', or a card.")] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Run through the source so many times.")] = 3,
    threads: Annotated[
        int | None, typer.Option(help="Threads of each network.", show_default="GONIO_THREADS, else all CPUs")
    ] = None,
    runtime: RuntimeOption = None,
    device: DeviceOption = None,
    detector: DetectorOption = None,
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
    track: Annotated[bool, typer.Option("--track", help="Follow people, as 'gonio predict --track' does.")] = False,
    profile: Annotated[
        Path | None,
        typer.Option(help="Write when each stage ran, for ui.perfetto.dev or chrome://tracing.", metavar="FILE.json"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Time every stage from file to drawn file: median and 95th percentile a frame, frames per second, peak memory.

    The first run through the source warms up and is not counted. With --devices a table over runtimes and precisions
    instead: the model looks at SOURCE, and what its network gets is timed and compared; MODEL may be a checkpoint.
    Several sources share one model, as several cameras would: frames per second and delay of each; nothing is drawn.

    Examples:
      gonio bench run.mp4 --threads 1
      gonio bench run.mp4 --track --profile run-trace.json
      gonio bench left.mp4 right.mp4 --track
      gonio bench run.mp4 --devices -m thunder --also thunder-int8.json
    """
    source = sources[0]
    if len(sources) > 1 and (devices or profile is not None):
        raise ConfigError("--devices and --profile take one source; give one")
    if devices:
        if profile is not None or track:
            raise ConfigError("--devices times the network alone; leave --profile and --track out")
        if runtime or device or detector:
            raise ConfigError("--devices times every runtime; leave --runtime, --device and --detector out")
        _bench_devices(source, model, also or [], threads=threads, rounds=rounds or 20, batch=batch or 1, json=json)
        return
    if also or rounds is not None or batch is not None:
        raise ConfigError("--also, --rounds and --batch are for the table of --devices; add --devices")
    ready = load_model(model, threads=threads, runtime=runtime, device=device, detector=detector)
    if len(sources) > 1:
        _bench_streams(sources, ready, track=track, json=json)
        return
    run_once(source, ready, "warm-up", track=track)
    runs = [
        run_once(source, ready, f"run {i + 1} of {repeat}", track=track, with_spans=profile is not None)
        for i in range(repeat)
    ]
    frames = [frame for run in runs for frame in run.frames_s]
    if not frames:
        raise MediaError(f"'{source}' gave no frame to time; give a picture or a video that can be read")
    facts: dict[str, Any] = {
        "model": ready.card.name,
        "runtime": ready.runtime,
        "source": source,
        "frames": len(frames),
        "people": sum(run.people for run in runs),
        "fps": len(frames) / sum(run.wall_s for run in runs),
        "frame_ms": spread(frames),
        "cpu_ms": round(sum(run.cpu_s for run in runs) / len(frames) * 1e3, 3),
        "stages_ms": {
            stage: spread(seconds)
            for stage in STAGES
            if (seconds := [value for run in runs for value in run.stages_s[stage]])
        },
        "peak_memory_mb": peak_memory_mb(),
    }
    last = profile_of(runs[-1].spans, len(runs[-1].frames_s)) if runs[-1].spans else None
    if profile is not None:
        write_trace(profile, runs[-1].spans)
    if json:
        sys.stdout.write(json_text.dumps(facts | ({} if last is None else {"profile": asdict(last)})) + "\n")
        return
    _print(facts)
    if last is not None:
        _print_profile(last)
        say(f"  {profile}")


def _bench_streams(sources: list[str], model: PoseModel, *, track: bool, json: bool) -> None:
    bench_streams(sources[:1], model, track=track)  # warms up
    facts = bench_streams(sources, model, track=track)
    if json:
        sys.stdout.write(json_text.dumps(facts) + "\n")
    else:
        print_streams(facts)


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


def _print(facts: dict[str, Any]) -> None:
    typer.echo(f"{facts['model']} on {facts['runtime']}: {facts['source']}, {facts['frames']} frames")
    table = number_table("stage", "p50 ms", "p95 ms")
    for stage, times in [*facts["stages_ms"].items(), ("whole frame", facts["frame_ms"])]:
        table.add_row(stage, f"{times['p50']:.2f}", f"{times['p95']:.2f}")
    Console().print(table)
    memory = "" if facts["peak_memory_mb"] is None else f", peak memory {facts['peak_memory_mb']:.0f} MB"
    cpu = f"{facts['cpu_ms']:.1f} ms of processor time a frame"
    typer.echo(f"{facts['fps']:.1f} frames per second, {cpu}{memory}")


def _print_profile(profile: Profile) -> None:
    table = number_table("stage", "ms a frame", "cpu ms", "busy", "alone", "critical", "thread")
    for share in profile.stages:
        shares = (f"{value:.0%}" for value in (share.busy, share.alone, share.critical))
        thread = share.thread.removeprefix("gonio-").replace("MainThread", "main")
        table.add_row(share.stage, f"{share.frame_ms:.2f}", f"{share.cpu_ms:.2f}", *shares, thread)
    Console().print(table)
    busy = ", ".join(f"{thread} {share:.0%}" for thread, share in profile.threads.items())
    typer.echo(f"busy: {busy}; nothing ran for {profile.idle:.0%}, no stage is critical for {profile.waiting:.0%}")
    typer.echo("cpu ms: of the stage's own thread; what the threads of a runtime or an encoder do is not in it")


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
    typer.echo("px: the largest difference of a keypoint or box to the first row, pixels of the network's input")
    for row in table.rows:
        if row.note:
            say(f"{row.runtime} {row.precision}{' of ' + row.file if several else ''}: {row.note}", style="yellow")
