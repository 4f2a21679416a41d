"""``gonio predict``: people and their keypoints from pictures, folders, videos, cameras and streams."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from gonio.apps.cli.console import count, progress_bar, say, say_error
from gonio.apps.cli.model_options import DetectorOption, DeviceOption, RuntimeOption
from gonio.apps.cli.predict_clashes import check_sources_stay, names_read, outputs_of
from gonio.apps.cli.predict_files import Places, names_a_file
from gonio.apps.cli.predict_many import open_jobs, run_jobs, say_left_out
from gonio.draw.overlay import DrawStyle
from gonio.errors import ConfigError
from gonio.io.sinks.encoding import PRESETS, QUICK
from gonio.io.sinks.video import DEFAULT_CRF
from gonio.io.sources import Source, open_source
from gonio.io.sources.folders import sources_named
from gonio.models.loader import load_model, thread_count
from gonio.pacing import PaceReport
from gonio.pipeline import stream
from gonio.results import Result
from gonio.saving import ResultWriter, VideoSettings, source_stem
from gonio.streams import stream_many

DEFAULT_FOLDER = Path("gonio-out")
_FILES_AT_ONCE = 4
"""Enough that networks find company; more would cost memory, and make everybody wait for the first film."""


def predict(
    source: Annotated[
        list[str], typer.Argument(help="Image, video, folder, glob, URL, camera number.", metavar="SOURCE...")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for drawn pictures or video.", show_default="gonio-out"),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="A name from 'gonio models', or a card.")] = None,
    json: Annotated[
        str | None,
        typer.Option(
            "--json", help="File for the numbers, '-' is standard output; of several sources a folder.", metavar="FILE"
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also", help="One more: .jsonl .csv .coco.json .json; of several sources the suffix.", metavar="FILE"
        ),
    ] = None,
    min_score: Annotated[float, typer.Option(help="Hide keypoints below this score in drawings.")] = 0.5,
    min_person_score: Annotated[
        float | None, typer.Option(help="Leave out people below this score.", show_default="the model's")
    ] = None,
    boxes: Annotated[bool, typer.Option("--boxes", help="Draw boxes.")] = False,
    labels: Annotated[bool, typer.Option("--labels", help="Draw scores and track ids.")] = False,
    flip_test: Annotated[bool, typer.Option("--flip-test", help="Average with the mirrored picture: slower.")] = False,
    input_size: Annotated[
        int | None,
        typer.Option(help="Longer side that the one-stage network sees, px; larger finds smaller people."),
    ] = None,
    track: Annotated[
        bool, typer.Option("--track", help="Follow people through a video: ids, and fewer runs of the detector.")
    ] = False,
    target_fps: Annotated[
        float | None,
        typer.Option(help="Hold this rate as if the video were played: let the detector rest, then leave out frames."),
    ] = None,
    preset: Annotated[
        str, typer.Option(help=f"Of drawn videos: {', '.join(PRESETS)}; slower is smaller.", metavar="NAME")
    ] = QUICK,
    crf: Annotated[
        int, typer.Option(help="Of drawn videos: 0 (lossless) to 51; less is better and larger.")
    ] = DEFAULT_CRF,
    start: Annotated[float | None, typer.Option(help="Start a video here, in seconds.")] = None,
    end: Annotated[float | None, typer.Option(help="Stop a video here, in seconds.")] = None,
    stride: Annotated[int, typer.Option(help="Take every n-th frame or picture.")] = 1,
    threads: Annotated[
        int | None,
        typer.Option(help="Threads of each network.", show_default="GONIO_THREADS, else all CPUs; for a film but one"),
    ] = None,
    runtime: RuntimeOption = None,
    device: DeviceOption = None,
    detector: DetectorOption = None,
) -> None:
    """Find people and their keypoints in SOURCE; write drawn pictures or video, and the numbers.

    With neither --out nor --json, both go to the folder gonio-out. Several sources share the networks' runs, and each
    has its own files there. A folder of pictures is one source, of videos each is one.

    Examples:
      gonio predict photo.jpg
      gonio predict run.mp4 --track --labels --out results --json results/run.json
      gonio predict left.mp4 right.mp4 --also .csv --out results
      gonio predict 0 --target-fps 15 --out live
      gonio predict photos/ --json - > poses.json
    """
    style = DrawStyle(min_score=min_score, boxes=boxes, labels=labels)
    video = VideoSettings(crf=crf, preset=preset)
    draws = out is not None or json is None
    opening = partial(open_source, start_s=start, end_s=end, stride=stride, keep_yuv=draws)
    loading = partial(load_model, model, runtime=runtime, device=device, input_size=input_size, detector=detector)
    sources = list(dict.fromkeys(inner for name in source for inner in sources_named(name)))
    if len(sources) > 1 or sources != source:  # the options mean the same whether a folder holds one video or two
        places = Places.of(out, json, also or [], default=DEFAULT_FOLDER)
        jobs = open_jobs(sources, opening, places)
        draws_films = places.media is not None and any(job.source and job.source.is_video for job in jobs)
        finding = partial(
            stream_many,
            model=(ready := loading(threads=thread_count(threads, spare=1 if draws_films else 0))),
            min_person_score=min_person_score,
            flip_test=flip_test,
            track=track,
            target_fps=target_fps,
            style=style,
            at_once=_FILES_AT_ONCE,
        )
        run_jobs(jobs, ready, video, finding)
        return
    if out and not out.is_file() and names_a_file(out):  # an existing file has words of its own
        raise ConfigError(
            f"--out is '{out}', and means the folder for what is drawn; give a folder, and the numbers' file to --json"
        )
    opened = opening(sources[0])
    folder = (out or DEFAULT_FOLDER) if draws else None
    stem = source_stem(opened.name)
    records = [json] if json else [str((folder or DEFAULT_FOLDER) / f"{stem}-poses.json")]
    outputs = outputs_of(opened, stem, folder, [*records, *(also or [])])
    check_sources_stay(names_read(opened), ((opened.name, path) for path in outputs))
    films = opened.is_video and folder is not None  # drawing and encoding go on beside the networks
    ready = loading(threads=thread_count(threads, spare=1 if films else 0))
    held = PaceReport()
    results = stream(
        opened,
        model=ready,
        min_person_score=min_person_score,
        flip_test=flip_test,
        track=track,
        target_fps=target_fps,
        style=style,
        report=held,
    )
    writer = ResultWriter(
        opened,
        model=ready.card.name,
        skeleton=ready.skeleton,
        folder=folder,
        records=[*records, *(also or [])],
        video=video,
    )
    tally = _Tally()
    stopped = False
    try:
        with writer, closing(results):
            for result in _with_progress(results, opened, tally):
                writer.write(result)
    except KeyboardInterrupt:
        stopped = True
    _report(opened, writer, tally, held, stopped=stopped)


class _Tally:
    """What the progress bar and the last line count."""

    def __init__(self) -> None:
        self.frames = 0
        self.people = 0
        self.start = perf_counter()

    @property
    def fps(self) -> float:
        return self.frames / max(perf_counter() - self.start, 1e-9)


def _with_progress(results: Iterable[Result], source: Source, tally: _Tally) -> Iterator[Result]:
    with progress_bar() as bar:
        task = bar.add_task(Path(source.name).name or source.name, total=source.frame_count, fps=0.0, people=0)
        for result in results:
            yield result
            tally.frames += 1
            tally.people += len(result.poses)
            bar.update(task, advance=1, fps=tally.fps, people=len(result.poses))


def _report(source: Source, writer: ResultWriter, tally: _Tally, held: PaceReport, *, stopped: bool) -> None:
    """Say what was found and where it lies; exit 1 if something could not be read, 130 if stopped."""
    frames = count(tally.frames, "frame" if source.is_video else "picture")
    say(f"found {count(tally.people, 'pose')} in {frames}, {tally.fps:.1f} per second")
    say_left_out(source, held)
    places = writer.media if len(writer.media) <= 1 else [writer.media[0].parent]
    for place in [*places, *writer.records]:
        say(f"  {place}")
    for failure in source.failures:
        say_error(str(failure))
    if stopped:
        say("stopped early; what was written is complete up to here", style="yellow")
        raise typer.Exit(130)
    if source.failures:
        raise typer.Exit(1)
