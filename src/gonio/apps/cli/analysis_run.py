"""What ``gonio analyse`` does with one source, a folder, or a camera; rooms that need an extra are imported late."""

import json as json_text
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import typer

from gonio.analysis.options import AnalysisOptions
from gonio.apps.cli.analysis_tables import print_analysis
from gonio.apps.cli.console import progress_bar, say, say_error
from gonio.errors import ConfigError, PoseError
from gonio.io.atomic import atomic_path
from gonio.io.formats.mot import write_mot
from gonio.io.formats.sequence_files import check_writable, is_keypoint_file, write_sequence
from gonio.io.sources import open_source
from gonio.models.loader import load_model
from gonio.results import Result

if TYPE_CHECKING:
    from gonio.motion.analyse import Motion

VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")
_IN_METRES = (".trc", ".c3d", ".bvh")
DEFAULT_FOLDER = Path("gonio-out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person asked for, beside the source and where results go."""

    activity: str
    options: AnalysisOptions
    person: int | None
    marker_map: Path | None
    model: str | None
    threads: int | None
    fps: float | None
    size_wh: tuple[int, int] | None
    recorded: datetime | None
    blur_faces: bool


def print_activities() -> None:
    """The names that ``--as`` understands, each with a line, on standard output."""
    from gonio.analysis.activities import list_activities  # needs an extra

    listed = list_activities()
    width = max(len(name) for name in listed)
    for name, line in listed.items():
        typer.echo(f"{name:{width}}  {line}")


def is_folder_of_videos(source: str) -> bool:
    """A folder that is no set of keypoint files."""
    return Path(source).is_dir() and not is_keypoint_file(source)


def analyse_one(
    source: str, request: Request, *, reports: Sequence[Path], out: Sequence[Path], json: bool, stem: str | None = None
) -> dict[str, Any]:
    """Analyse, write what was asked for, say the rest; gives the record that ``--json`` prints."""
    from gonio.motion.record import motion_record  # needs an extra

    _check_places(reports, out)
    motion = _measured(source, request)
    record = motion_record(motion, recorded=request.recorded)
    for path in out:
        _write_numbers(path, motion, request)
    for path in reports:
        _write_report(path, source, motion, request)
    if json and stem is None:
        typer.echo(json_text.dumps(record, allow_nan=False))
    elif not json:
        print_analysis(motion)
    for path in (*out, *reports):
        say(f"  {path}")
    return record


def analyse_folder(folder: Path, request: Request, *, reports: Sequence[Path], out: Sequence[Path], json: bool) -> None:
    """Every video of a folder: a report and a record of each; one that fails is told at the end, and stops no other."""
    if reports:
        raise ConfigError("a folder gives a report for each video; name the folder for them with --out, not --report")
    if len(out) > 1 or (out and out[0].suffix):
        raise ConfigError(f"of a folder of videos --out is the folder of the reports, got {', '.join(map(str, out))}")
    videos = sorted(path for path in folder.iterdir() if path.suffix.lower() in VIDEO_SUFFIXES)
    if not videos:
        raise ConfigError(f"no video in '{folder}'; videos end in {', '.join(VIDEO_SUFFIXES)}")
    target = out[0] if out else DEFAULT_FOLDER
    records, failures = [], []
    for video in videos:
        try:
            record = analyse_one(
                str(video), request, reports=[target / f"{video.stem}.html"], out=[], json=json, stem=video.stem
            )
        except PoseError as error:
            failures.append(f"{video}: {error}")
            continue
        records.append(record)
        _write_text(target / f"{video.stem}.json", json_text.dumps(record, allow_nan=False, indent=1))
    if json:
        typer.echo(json_text.dumps({"analyses": records, "failures": failures}, allow_nan=False))
    for failure in failures:
        say_error(failure)
    if failures:
        raise typer.Exit(1)


def watch(camera: int, request: Request) -> None:
    """Live, until Ctrl-C."""
    from gonio.live.serving import serve_live  # needs an extra

    model = load_model(request.model, threads=request.threads)
    serve_live(open_source(camera), model, activity=request.activity, options=request.options, say=say)


def _measured(source: str, request: Request) -> "Motion":
    from gonio.motion.analyse import analyse  # needs an extra

    start = perf_counter()
    with progress_bar() as bar:
        task = bar.add_task(Path(source).name, total=None, fps=0.0, people=0)

        def advance(result: Result) -> None:
            done = bar.tasks[0].completed + 1
            fps = done / max(perf_counter() - start, 1e-9)
            bar.update(task, advance=1, fps=fps, people=len(result.poses))

        return analyse(
            source,
            activity=request.activity,
            options=request.options,
            track_id=request.person,
            model=request.model,
            threads=request.threads,
            marker_map=request.marker_map,
            fps=request.fps,
            size_wh=request.size_wh,
            on_result=advance,
        )


def _check_places(reports: Sequence[Path], out: Sequence[Path]) -> None:
    """Say what is wrong with a name before the work."""
    for path in reports:
        if path.suffix.lower() not in (".html", ".pdf"):
            raise ConfigError(f"a report ends in .html or .pdf, got '{path}'")
    for path in out:
        if path.suffix.lower() != ".mot":
            check_writable(path)


def _write_numbers(path: Path, motion: "Motion", request: Request) -> None:
    """Angles, or the cleaned keypoints: for motion capture's formats in metres where the scale is known."""
    from gonio.analysis.known_scale import known_scale  # needs an extra
    from gonio.analysis.scale import to_metres  # needs an extra
    from gonio.motion.angle_columns import angle_columns  # needs an extra

    if path.suffix.lower() == ".mot":
        names, values = angle_columns(motion.sequence, request.options)
        write_mot(path, names, values, motion.sequence.time_s)
        return
    sequence, scale = motion.sequence, known_scale(motion.sequence, request.options)
    if scale is not None and sequence.unit == "px" and path.suffix.lower() in _IN_METRES:
        sequence = to_metres(sequence, replace(scale, up_deg=request.options.up_deg))
    write_sequence(path, sequence)


def _write_report(path: Path, source: str, motion: "Motion", request: Request) -> None:
    from gonio.motion.record import file_hash  # needs an extra
    from gonio.motion_report.content import ReportContent, ReportOptions, pictures_of  # needs an extra
    from gonio.motion_report.page import write_report  # needs an extra
    from gonio.motion_report.pdf import write_pdf  # needs an extra

    video = None if is_keypoint_file(source) or not Path(source).is_file() else Path(source)
    chosen = {field.name: getattr(request.options, field.name) for field in fields(request.options)}
    content = ReportContent(
        analyses=(motion.analysis,),
        sequence=motion.everyone,
        created=datetime.now().astimezone(),
        source=Path(source).name,
        sha256=file_hash(source) or "",
        pictures=pictures_of(video) if video else None,
        model={"model": motion.model} if motion.model else {},
        versions={name: version(name) for name in ("gonio", "numpy", "scipy")},
        settings={"as": request.activity} | {name: str(value) for name, value in chosen.items() if value is not None},
        command=f"gonio analyse {Path(source).name} --as {motion.analysis.activity} --report {path.name}",
    )
    write = write_pdf if path.suffix.lower() == ".pdf" else write_report
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, content, ReportOptions(blur_faces=request.blur_faces))


def _write_text(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, "utf-8")
