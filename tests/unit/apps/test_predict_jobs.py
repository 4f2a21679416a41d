"""The run over several sources, given what the finder gives: which files stay, what is said, and when it ends."""

from collections.abc import Generator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import typer

from gonio.apps.cli.predict_files import Job, Places, place_outputs
from gonio.apps.cli.predict_many import run_jobs
from gonio.errors import MediaError
from gonio.io.sources.base import FrameSource, Selection
from gonio.io.sources.images import ImageSource
from gonio.models.model import PoseModel
from gonio.results import Result
from gonio.saving import VideoSettings
from gonio.streams import StreamResult
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO = load_skeleton("coco17")
MODEL = cast("PoseModel", SimpleNamespace(card=SimpleNamespace(name="some-model"), skeleton=COCO))


class Camera(FrameSource):
    """A name; the tests bring the results."""

    def __init__(self, name: str) -> None:
        super().__init__(name, is_video=True, is_live=True)

    def _frames(self) -> Generator[Frame, None, None]:
        raise AssertionError("nobody reads it")


def jobs_of(*names: str, media: Path | None, numbers: Path) -> list[Job]:
    jobs = [Job(name, Camera(name), stem=name) for name in names]
    place_outputs(jobs, Places(media, numbers, ()))
    return jobs


def seen(stream: int, time_s: float) -> StreamResult:
    frame = Frame(np.zeros((32, 48, 3), np.uint8), index=0, time_s=time_s, source="a")
    return StreamResult(stream, Result(frame, Poses.empty(COCO), "some-model"), 0.1)


def end_of(jobs: list[Job], results: Iterator[StreamResult]) -> int:
    """The exit code of a run in which the finder gives these."""

    def finding(sources: Any, *, on_end: Any, report: Any) -> Generator[StreamResult, None, None]:
        yield from results
        for number in range(len(jobs)):
            on_end(number, None)

    try:
        run_jobs(jobs, MODEL, VideoSettings(), finding)
    except typer.Exit as end:
        return end.exit_code
    return 0


def picture(name: str) -> ImageSource:
    return ImageSource([np.zeros((4, 4, 3), np.uint8)], name, Selection())


def test_two_pictures_that_would_be_drawn_to_one_file_have_two_folders(tmp_path: Path) -> None:
    names = ("https://host/a%20b.jpg", "photos/a b.jpg", "c.bmp", "c.png", "c.jpg")
    jobs = [Job(name, picture(name), stem=f"stem{number}") for number, name in enumerate(names)]
    place_outputs(jobs, Places(tmp_path, tmp_path, ()))
    assert [job.folder for job in jobs] == [tmp_path, tmp_path / "stem1", tmp_path, tmp_path / "stem3", tmp_path]


def test_the_run_ends_when_no_files_can_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    jobs = jobs_of("left", "right", media=None, numbers=tmp_path / "file")
    given = 0

    def for_ever() -> Iterator[StreamResult]:
        nonlocal given
        for given in range(1, 100):
            yield seen(given % 2, given / 10)
        raise AssertionError("the run goes on for nothing")

    assert end_of(jobs, for_ever()) == 1
    assert given == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("warning: nothing more is written for 'right': ")  # at once, for left may go on for days
    assert [line.split(":")[0] for line in lines[-2:]] == ["error", "error"]


def test_ctrl_c_before_the_first_frame(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> Iterator[StreamResult]:
        raise KeyboardInterrupt
        yield

    assert end_of(jobs_of("left", "right", media=None, numbers=tmp_path), interrupted()) == 130
    assert "stopped early" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_all_that_went_wrong_with_a_source_is_told_once() -> None:
    camera, early, last = Camera("left"), MediaError("a damaged frame"), MediaError("the disk is full")
    camera.failures = [early]
    job = Job("left", camera, error=last)
    assert job.complaints == [early, last]
    camera.failures.append(last)
    assert job.complaints == [early, last]
    assert Job("right", error=last).complaints == [last]


def test_times_that_a_film_cannot_hold_stop_their_source_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = jobs_of("left", "right", media=tmp_path, numbers=tmp_path)
    times = [5.0, 1.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]  # the second lies before the start of the film
    results = [one for time_s in times for one in (seen(0, time_s), seen(1, max(time_s, 5.0)))]
    assert end_of(jobs, iter(results)) == 1
    assert "error: time_s is 1.0" in capsys.readouterr().err
    assert (tmp_path / "right-poses.mp4").is_file()
    assert jobs[1].frames == len(times)
    assert jobs[1].error is None
