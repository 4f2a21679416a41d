"""The comparison on films: its clip, its turns, its numbers, without another library."""

import json
import os
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from benchmarks.peers import video
from benchmarks.peers.client import WorkerFailedError
from benchmarks.peers.contenders import Contender
from benchmarks.peers.video import compare
from benchmarks.peers.video_clip import Clip, prepared
from benchmarks.peers.video_report import FilmReport, Turn, to_json, to_markdown
from benchmarks.peers.workers.gonio_video_worker import GonioFilm
from benchmarks.peers.workers.video_protocol import Drawn, FilmWorker, film_in

from gonio.io.sinks.video import VideoSink

CLIP = Clip("a.mp4", Path("a.mp4"), (64, 48), 10)
WARM_UP = Clip("a.mp4", Path("warm.mp4"), (64, 48), 2)


def turn(seconds: float, frames: int = 10, size: int = 2_000_000) -> Turn:
    return Turn(seconds, cpu_seconds=2 * seconds, frames=frames, people=15, bytes=size, suffix=".mp4")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    with VideoSink(path, fps_hint=25) as sink:
        for index in range(8):
            sink.write(np.full((48, 64, 3), 20 * index, np.uint8), index / 25)
    return path


class Worker:
    """Answers as a worker process would, and writes down who was asked what."""

    def __init__(self, name: str, log: list[str], *, dies_at: int | None = None) -> None:
        self._name, self._log, self._dies_at, self._renders = name, log, dies_at, 0

    def ask(self, do: str, *, within_s: float = 1.0, **details: Any) -> dict[str, Any]:
        self._log.append(f"{self._name} {do} {Path(details.get('clip', '')).name}".strip())
        if do == "load":
            return {"versions": {self._name: "1"}, "notes": [f"{self._name} is fake"]}
        if self._renders == self._dies_at:
            raise WorkerFailedError("it fell over")
        self._renders += 1
        seconds = 1.0 if self._name == "gonio" else 4.0
        return {"ok": True, "seconds": seconds, "cpu_seconds": 2.0, "frames": 10, "people": 9, "bytes": 5, "suffix": ""}

    def close(self) -> None:
        self._log.append(f"{self._name} closed")


def run(log: list[str], *, rounds: int, dies_at: int | None = None) -> FilmReport:
    report = FilmReport("gonio", 1, 10)
    who = [Contender(name, Path("python"), "module") for name in ("gonio", "peer")]

    def start(contender: Contender, threads: int) -> Worker:
        if hasattr(os, "sched_getaffinity"):
            assert len(os.sched_getaffinity(0)) == threads
        return Worker(contender.label, log, dies_at=dies_at if contender.label == "peer" else None)

    compare(who, report, clip=CLIP, warm_up=WARM_UP, rounds=rounds, start=start)
    return report


def test_turns_alternate_after_an_untimed_one() -> None:
    log: list[str] = []
    report = run(log, rounds=2)
    assert log == [
        *("gonio load", "gonio render warm.mp4", "peer load", "peer render warm.mp4"),
        *("gonio render a.mp4", "peer render a.mp4") * 2,
        *("gonio closed", "peer closed"),
    ]
    assert [len(turns) for turns in report.turns.values()] == [2, 2]
    assert report.ratio("peer") == pytest.approx(4)
    assert report.versions == {"gonio": {"gonio": "1"}, "peer": {"peer": "1"}}


@pytest.mark.parametrize(("dies_at", "turns"), [(0, None), (2, 1)], ids=["warming up", "in a round"])
def test_one_that_fails_is_left_out_and_reported(dies_at: int, turns: int | None) -> None:
    log: list[str] = []
    report = run(log, rounds=3, dies_at=dies_at)
    assert report.missing == {"peer": "it fell over"}
    assert len(report.turns["gonio"]) == 3
    assert log.count("peer closed") == 1
    if turns is None:
        assert "peer" not in report.turns
    else:
        assert len(report.turns["peer"]) == turns
        assert report.ratio("peer") is None  # its rounds are not the others'


def test_numbers_of_the_table_by_hand() -> None:
    report = FilmReport("Gonio", 2, 10, settings=["Machine: a test."])
    report.turns = {"Gonio": [turn(1), turn(2), turn(4)], "Peer": [turn(2), turn(8), turn(20, frames=20)]}
    report.notes, report.missing = {"Peer": ["is slow"]}, {"Absent": "no package"}
    # Seconds a frame: Gonio .1 .2 .4, Peer .2 .8 1; the rounds' ratios 2, 4, 2.5.
    assert report.ratios("Peer") == pytest.approx([2, 4, 2.5])
    lines = to_markdown(report).splitlines()
    assert "| Gonio | 5.0 | 1.00x | 0.400 | 1.50 | 2.0 MB .mp4 |" in lines
    assert "| Peer\\* | 1.2 | 2.50x (2.00 to 4.00) | 1.600 | 1.50 | 2.0 MB .mp4 |" in lines
    assert any(line.startswith("\\* It read another number") for line in lines)
    assert "- **Absent**: no package" in lines
    assert "- **Peer**: is slow." in lines
    data = json.loads(json.dumps(to_json(report)))
    assert data["ratios"] == pytest.approx({"Gonio": 1, "Peer": 2.5})
    assert data["turns"]["Peer"][2]["frames"] == 20


def test_without_a_turn_there_is_no_table() -> None:
    text = to_markdown(FilmReport("Gonio", 1, 10, missing={"Gonio": "no package"}))
    assert "- **Gonio**: no package" in text
    assert "|" not in text


def test_a_clip_of_the_size_is_taken_as_it_is(film: Path, tmp_path: Path) -> None:
    for wanted in (None, (64, 48)):
        assert prepared(film, folder=tmp_path / "work", size_wh=wanted, frames=8) == Clip(
            "film.mp4", film.resolve(), (64, 48), 8
        )
    assert not (tmp_path / "work").exists()


def test_another_size_is_made_once(film: Path, tmp_path: Path) -> None:
    clip = prepared(film, folder=tmp_path / "work", size_wh=(128, 96), frames=5)
    with av.open(str(clip.path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert container.streams.video[0].average_rate == 25
    assert (clip.size_wh, clip.frames, len(frames), frames[0].shape) == ((128, 96), 5, 5, (96, 128, 3))
    assert [frame.mean() for frame in frames] == pytest.approx([0, 20, 40, 60, 80], abs=4)
    made = clip.path.stat().st_mtime_ns
    assert prepared(film, folder=tmp_path / "work", size_wh=(128, 96), frames=5) == clip
    assert clip.path.stat().st_mtime_ns == made
    assert [path.name for path in (tmp_path / "work").iterdir()] == [clip.path.name]


def test_a_missing_clip_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert video.main([str(tmp_path / "nowhere.mp4")]) == 1
    assert "nowhere.mp4" in capsys.readouterr().err


def test_gonios_worker_draws_and_is_measured(film: Path) -> None:
    peer = GonioFilm()
    worker = FilmWorker(peer)
    options = {"model": "lightning", "track": "yes", "note": ""}
    loaded = worker.answer({"do": "load", "options": options, "threads": 1})
    assert loaded["notes"] == []
    assert set(loaded["versions"]) >= {"gonio", "av"}
    reply = worker.answer({"do": "render", "clip": str(film)})
    assert (reply["frames"], reply["people"], reply["suffix"]) == (8, 0, ".mp4")
    assert reply["bytes"] > 500
    assert reply["seconds"] > 0
    assert Turn(**reply).frames == 8


def test_a_film_that_was_not_written_is_an_error(tmp_path: Path) -> None:
    class Lazy:
        packages: tuple[str, ...] = ()

        def load(self, options: dict[str, str], threads: int) -> list[str]:
            return []

        def render(self, clip: Path, folder: Path) -> Drawn:
            return Drawn(1, 1, film_in(folder))

    with pytest.raises(FileNotFoundError, match="no drawn film"):
        FilmWorker(Lazy()).answer({"do": "render", "clip": "x.mp4"})
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.avi").touch()
    (tmp_path / "a.txt").touch()
    assert film_in(tmp_path) == tmp_path / "deep" / "a.avi"
