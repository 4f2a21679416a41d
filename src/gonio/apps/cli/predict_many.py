"""``gonio predict a.mp4 b.mp4 …``: several sources through one model; each has its own files, bar and last word."""

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from pathlib import Path
from time import perf_counter

import typer
from rich.progress import Progress

from gonio.apps.cli.console import count, progress_bar, say, say_error
from gonio.apps.cli.predict_clashes import check_sources_stay, names_read, outputs_of
from gonio.apps.cli.predict_files import Files, Job, Places, place_outputs
from gonio.errors import MediaError
from gonio.io.sources import Source
from gonio.io.sources.base import FrameSource
from gonio.models.model import PoseModel
from gonio.pacing import PaceReport
from gonio.saving import VideoSettings, free_stem, source_stem
from gonio.streams import SharingReport, StreamResult

_MOST_BARS = 8
_MOST_PLACES = 12


def open_jobs(names: Iterable[str], opening: Callable[[str], Source], places: Places) -> list[Job]:
    """Open what can be opened, and note of the others why not; exit 1 if that is none.

    Raises:
        ConfigError: If a setting does not go with a source, or an output would replace a source.
    """
    jobs: list[Job] = []
    stems: set[str] = set()
    for name in names:
        try:
            source = opening(name)
        except MediaError as error:
            jobs.append(Job(name, error=error))
            continue
        jobs.append(Job(name, source, stem=free_stem(source_stem(source.name), stems)))
    if not stems:
        _complain(jobs)
        raise typer.Exit(1)
    place_outputs(jobs, places)
    check_sources_stay(
        [name for job in jobs for name in ([job.name] if job.source is None else names_read(job.source))],
        [
            (job.name, path)
            for job in jobs
            if job.source is not None
            for path in outputs_of(job.source, job.stem, job.folder, job.records)
        ],
    )
    return jobs


def run_jobs(
    jobs: list[Job],
    model: PoseModel,
    video: VideoSettings,
    finding: Callable[..., Generator[StreamResult, None, None]],
) -> None:
    """Find people in all, write what was found, and say so.

    Args:
        jobs: From `open_jobs`.
        model: Finds them.
        video: How drawn videos are encoded.
        finding: `stream_many` with all but its sources, ``on_end`` and ``report``.
    """
    opened = [job for job in jobs if job.source is not None]
    begin, stopped, sharing = perf_counter(), False, SharingReport()
    files = Files(opened, model, video)
    try:
        with progress_bar() as progress, files:
            bars = _Bars(progress, opened)

            def end(number: int, error: MediaError | None) -> None:
                files.end(number, error)
                bars.end(number)

            with closing(finding([job.source for job in opened], on_end=end, report=sharing)) as results:
                for one in results:
                    broken = files.write(one)
                    if not files.are_open:  # nobody would keep what comes: a camera's frames come for ever
                        break
                    if broken is not None:
                        say(f"warning: nothing more is written for '{opened[one.stream].name}': {broken}", "yellow")
                    bars.advance(one)
    except KeyboardInterrupt:
        stopped = True
    _report(jobs, files, sharing.paces, perf_counter() - begin, stopped=stopped)


class _Bars:
    """A bar for each source, or, of many, for those that run."""

    def __init__(self, progress: Progress, jobs: list[Job]) -> None:
        self._progress = progress
        self._jobs = jobs
        many = len(jobs) > _MOST_BARS
        self._all = progress.add_task("all sources", total=len(jobs), fps=0.0, people=0) if many else None
        self._begin = perf_counter()

    def advance(self, one: StreamResult) -> None:
        job, people = self._jobs[one.stream], len(one.result.poses)
        if job.bar is None or job.begun_s is None:
            name = Path(job.name).name or job.name
            total = None if job.source is None else job.source.frame_count
            job.bar = self._progress.add_task(name, total=total, fps=0.0, people=0)
            job.begun_s = perf_counter()
        fps = job.frames / max(perf_counter() - job.begun_s, 1e-9)
        self._progress.update(job.bar, advance=1, fps=fps, people=people)

    def end(self, number: int) -> None:
        if self._all is None:
            return
        frames, people = (sum(getattr(job, name) for job in self._jobs) for name in ("frames", "people"))
        self._progress.update(self._all, advance=1, fps=frames / (perf_counter() - self._begin), people=people)
        bar = self._jobs[number].bar
        if bar is not None:
            self._progress.remove_task(bar)


def _report(jobs: list[Job], files: Files, paces: list[PaceReport], wall_s: float, *, stopped: bool) -> None:
    """Say what was found and where it lies; exit 1 if something could not be read, 130 if stopped."""
    frames, people = sum(job.frames for job in jobs), sum(job.people for job in jobs)
    noun = "frame" if any(job.source is not None and job.source.is_video for job in jobs) else "picture"
    sources = count(sum(job.frames > 0 for job in jobs), "source")
    rate = frames / max(wall_s, 1e-9)
    say(f"found {count(people, 'pose')} in {count(frames, noun)} of {sources}, {rate:.1f} per second")
    sources_opened = [(job.name, job.source) for job in jobs if job.source is not None]
    for (name, source), held in zip(sources_opened, paces, strict=False):  # none yet if Ctrl-C came before the frames
        say_left_out(source, held, of=f" of {name}")
    written = files.written
    places = written if len(written) <= _MOST_PLACES else sorted({path.parent for path in written})
    for place in places:
        say(f"  {place}")
    complaints = _complain(jobs)
    if stopped:
        say("stopped early; what was written is complete up to here", style="yellow")
        raise typer.Exit(130)
    if complaints:
        raise typer.Exit(1)


def say_left_out(source: Source, held: PaceReport, *, of: str = "") -> None:
    """Say how many frames nobody looked at, and how far the detector rested so that they are few."""
    rested = "" if not held.detections else f"the detector ran every {held.taken / held.detections:.1f} frames"
    if isinstance(source, FrameSource) and source.frames_dropped:
        dropped = f"left out {count(source.frames_dropped, 'frame')}{of}: the times of the others are true"
        say(f"{dropped}{rested and '; '}{rested}", style="yellow")
    elif rested:
        say(f"left out no frame{of}; {rested}")


def _complain(jobs: list[Job]) -> bool:
    complaints = [complaint for job in jobs for complaint in job.complaints]
    for complaint in complaints:
        say_error(str(complaint))
    return bool(complaints)
