"""What ``gonio analyse`` does with one source, a folder, or a camera; rooms that need an extra are imported late."""

import json as json_text
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.progress import TaskID

from gonio.analysis.options import AnalysisOptions
from gonio.apps.cli.analysis_options import Scene, check_marks
from gonio.apps.cli.analysis_sources import sources_of
from gonio.apps.cli.analysis_tables import print_analysis
from gonio.apps.cli.console import progress_bar, say, say_error
from gonio.errors import ConfigError, PoseError
from gonio.io.atomic import atomic_path
from gonio.io.formats.picture_size import picture_size
from gonio.io.formats.sequence_files import is_keypoint_file
from gonio.io.sources import open_source
from gonio.io.sources.base import Selection
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.models.registry import measuring_name
from gonio.results import Result
from gonio.saving import free_stem

if TYPE_CHECKING:
    from gonio.motion.analyse import Motion

DEFAULT_FOLDER = Path("gonio-out")
_RESAMPLED = "--resample is for the keypoints or angles of one source; name the file for them with --out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person asked for, beside the source and where results go."""

    activity: str
    scene: Scene
    options: AnalysisOptions
    person: int | None
    marker_map: Path | None
    model: str | None
    threads: int | None
    runtime: str | None
    device: str | None
    detector: str | None
    fps: float | None
    size_wh: tuple[int, int] | None
    part: Selection
    recorded: datetime | None
    blur_faces: bool
    resample_hz: float | None = None

    def load_model(self, default: str | None = None) -> PoseModel:
        """The model that finds the keypoints, where it was asked to run."""
        return load_model(
            self.model or default,
            threads=self.threads,
            runtime=self.runtime,
            device=self.device,
            detector=self.detector,
        )

    def command(self, source: str, report: Path) -> str:
        """What a person types to make a report again; files by their names alone, for a report is passed on."""
        options, scene, usual = self.options, self.scene, AnalysisOptions()
        given: dict[str, object] = {
            "--as": Path(self.activity).name,
            "--person": self.person,
            "--height": scene.height_m,
            "--metres-per-px": scene.metres_per_px,
            "--known-length": scene.known_length,
            "--calibration": scene.calibration and scene.calibration.name,
            "--view": options.view,
            "--side": options.side,
            "--up": scene.up_deg or None,
            "--vertical": scene.vertical,
            "--floor": scene.floor,
            "--convention": None if options.convention == usual.convention else options.convention,
            "--map": self.marker_map and self.marker_map.name,
            "--fps": self.fps,
            "--start": self.part.start_s,
            "--end": self.part.end_s,
            "--size": self.size_wh and "{}x{}".format(*self.size_wh),
            "--model": self.model and Path(self.model).name,
            "--runtime": self.runtime,
            "--device": self.device,
            "--detector": self.detector and Path(self.detector).name,
            "--report": report.name,
        }
        words = [word for name, value in given.items() if value is not None for word in (name, f"{value}")]
        blurred = ["--blur-faces"] if self.blur_faces else []
        return shlex.join(["gonio", "analyse", Path(source).name, *words, *blurred])


def print_activities() -> None:
    """The names that ``--as`` understands, each with a line, on standard output."""
    from gonio.analysis.activities import list_activities  # needs an extra

    listed = list_activities()
    width = max(len(name) for name in listed)
    for name, line in listed.items():
        typer.echo(f"{name:{width}}  {line}")


def analyse_source(source: str, request: Request, *, reports: Sequence[Path], out: Sequence[Path], json: bool) -> None:
    """One video or file of keypoints, or every one of a folder or a pattern."""
    if (several := sources_of(source)) is None:
        analyse_one(source, request, reports=reports, out=out, json=json)
    else:
        analyse_each(several, request, reports=reports, out=out, json=json)


def analyse_one(source: str, request: Request, *, reports: Sequence[Path], out: Sequence[Path], json: bool) -> None:
    """Analyse, write what was asked for, say the rest; numbers first, so that a file that fails costs none."""
    from gonio.motion.outputs import check_places, write_numbers  # needs an extra

    if request.resample_hz is not None and not out:
        raise ConfigError(_RESAMPLED)
    check_places(source, reports, out, request.options)
    motion = _measured(source, request)
    if json:
        typer.echo(json_text.dumps(_record(motion, request), allow_nan=False))
    else:
        print_analysis(motion)
    for path in reports:
        _write_report(path, source, motion, request)
    for path in out:
        write_numbers(path, motion, request.options, rate_hz=request.resample_hz)
        say(f"  {path}")


def analyse_each(
    sources: Sequence[Path], request: Request, *, reports: Sequence[Path], out: Sequence[Path], json: bool
) -> None:
    """A report and a record of each source; one that fails is told at the end, and stops no other."""
    if request.resample_hz is not None:
        raise ConfigError(_RESAMPLED)
    if reports:
        raise ConfigError("a folder gives a report for each source; name the folder for them with --out, not --report")
    if len(out) > 1 or (out and out[0].suffix):
        raise ConfigError(f"of several sources --out is the folder of the reports, got {', '.join(map(str, out))}")
    target = out[0] if out else DEFAULT_FOLDER
    if any(source.suffix.lower() == ".json" and source.parent.resolve() == target.resolve() for source in sources):
        raise ConfigError(f"the records would go over the sources in '{target}'; name another folder with --out")
    records, failures = [], []
    taken: set[str] = set()
    for source in sources:
        stem = free_stem(source.stem, taken)
        try:
            motion = _measured(str(source), request)
            records.append(_record(motion, request))
            if not json:
                print_analysis(motion)
            _write_text(target / f"{stem}.json", json_text.dumps(records[-1], allow_nan=False, indent=1))
            _write_report(target / f"{stem}.html", str(source), motion, request)
        except PoseError as error:
            failures.append(str(error) if str(source) in str(error) else f"{source}: {error}")
    if json:
        typer.echo(json_text.dumps({"analyses": records, "failures": failures}, allow_nan=False))
    for failure in failures:
        say_error(failure)
    if failures:
        raise typer.Exit(1)


def watch(camera: int, request: Request) -> None:
    """Live, until Ctrl-C."""
    from gonio.live.serving import serve_live  # needs an extra

    serve_live(open_source(camera), request.load_model(), activity=request.activity, options=request.options, say=say)


def _measured(source: str, request: Request) -> "Motion":
    from gonio.motion.analyse import analyse  # needs an extra

    film, stored = Path(source).name, is_keypoint_file(source)
    if stored and request.scene.has_marks:
        check_marks(request.scene, request.size_wh or picture_size(source))
    model = None if stored else request.load_model(measuring_name())
    with progress_bar() as bar:
        steps: dict[str, TaskID] = {}
        frames = count(1)

        def show(step: str, done: int, total: int | None, people: int = 1) -> None:
            if step not in steps:
                steps[step] = bar.add_task(step, total=total, fps=0.0, people=0)
            bar.update(steps[step], completed=done, fps=bar.tasks[-1].speed or 0.0, people=people)

        def advance(result: Result) -> None:
            check_marks(request.scene, result.frame.size_wh)
            show(film, next(frames), None, len(result.poses))

        return analyse(
            source,
            activity=request.activity,
            options=request.options,
            track_id=request.person,
            model=model,
            marker_map=request.marker_map,
            fps=request.fps,
            size_wh=request.size_wh,
            start_s=request.part.start_s,
            end_s=request.part.end_s,
            on_result=advance,
            on_step=show,
        )


def _record(motion: "Motion", request: Request) -> dict[str, Any]:
    from gonio.motion.record import motion_record  # needs an extra

    return motion_record(motion, recorded=request.recorded)


def _write_report(path: Path, source: str, motion: "Motion", request: Request) -> None:
    from gonio.motion.outputs import write_motion_report  # needs an extra

    write_motion_report(path, source, motion, command=request.command(source, path), blur_faces=request.blur_faces)
    say(f"  {path}")


def _write_text(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, "utf-8")
