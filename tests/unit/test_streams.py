"""stream_many: several sources, one model; each as if it were alone, and none that stops the others."""

import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.sources.base import FrameSource
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.pipeline import stream
from gonio.streams import SharingReport, StreamResult, stream_many
from gonio.structures.frame import Frame

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("gonio-")]


@pytest.fixture(scope="module")
def model() -> PoseModel:
    return load_model("multipose", threads=1, input_size=128)


class Film(FrameSource):
    """Grey frames; breaks off after ``frames`` if told so."""

    def __init__(self, name: str, frames: int, *, breaks: BaseException | None = None) -> None:
        super().__init__(name, is_video=True)
        self._frames_left = frames
        self._breaks = breaks

    def _frames(self) -> Generator[Frame, None, None]:
        for index in range(self._frames_left):
            yield Frame(np.full((48, 64, 3), 90, np.uint8), index=index, time_s=index / 10, source=self.name)
        if self._breaks is not None:
            raise self._breaks


def by_stream(results: list[StreamResult]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for one in results:
        found.setdefault(one.stream, []).append(one.result.frame.index)
    return found


def test_each_source_comes_whole_and_in_order(model: PoseModel) -> None:
    report = SharingReport()
    results = list(stream_many([Film("a", 5), Film("b", 3), Film("c", 0)], model=model, report=report))
    assert by_stream(results) == {0: [0, 1, 2, 3, 4], 1: [0, 1, 2]}
    assert all(one.latency_s > 0 for one in results)
    assert report.inputs == 8
    assert 1 <= report.runs <= 8
    assert 1 <= report.mean_batch <= 2


def test_the_same_people_as_alone() -> None:
    picture = SAMPLES / "astronaut.jpg"
    model = load_model("multipose", threads=1)
    (alone,) = stream(picture, model=model)
    for one in stream_many([picture, picture, picture], model=model):
        np.testing.assert_allclose(one.result.poses.keypoints, alone.poses.keypoints, atol=0.05)
        np.testing.assert_allclose(one.result.poses.scores, alone.poses.scores, atol=1e-3)


def test_one_that_breaks_off_ends_alone(model: PoseModel, caplog: pytest.LogCaptureFixture) -> None:
    broken = Film("b", 1, breaks=MediaError("the cable is out"))
    results = list(stream_many([Film("a", 4), broken], model=model))
    assert by_stream(results) == {0: [0, 1, 2, 3], 1: [0]}
    assert [str(failure) for failure in broken.failures] == ["the cable is out"]
    assert "stream 1 ends: the cable is out" in caplog.text


def test_when_all_break_off_it_is_said(model: PoseModel) -> None:
    sources = [Film(name, 2, breaks=MediaError(f"{name} is gone")) for name in "ab"]
    with pytest.raises(MediaError, match="is gone"):
        list(stream_many(sources, model=model))


def test_a_fault_of_the_program_ends_all(model: PoseModel) -> None:
    with pytest.raises(ZeroDivisionError):
        list(stream_many([Film("a", 100), Film("b", 1, breaks=ZeroDivisionError())], model=model))


def test_a_reader_that_stops_stops_all(model: PoseModel) -> None:
    results = stream_many([Film("a", 10_000), Film("b", 10_000)], model=model)
    next(results)
    results.close()


def test_each_end_is_told_after_its_last_result(model: PoseModel) -> None:
    broken = MediaError("the cable is out")
    sources = [Film("a", 4), Film("b", 2, breaks=broken), Film("c", 0)]
    seen: list[int] = []
    ends: dict[int, tuple[int, MediaError | None]] = {}

    def on_end(number: int, error: MediaError | None) -> None:
        ends[number] = seen.count(number), error

    for one in stream_many(sources, model=model, on_end=on_end):
        seen.append(one.stream)
    assert ends == {0: (4, None), 1: (2, broken), 2: (0, None)}


def test_who_is_told_of_every_end_gets_no_error(model: PoseModel) -> None:
    errors = []
    sources = [Film(name, 1, breaks=MediaError(f"{name} is gone")) for name in "ab"]
    results = list(stream_many(sources, model=model, on_end=lambda _, error: errors.append(str(error))))
    assert (len(results), sorted(errors)) == (2, ["a is gone", "b is gone"])


class Counted(Film):
    """Knows how many of its kind were open at once, at most."""

    open_now = most = 0

    def _frames(self) -> Generator[Frame, None, None]:
        Counted.open_now += 1
        Counted.most = max(Counted.most, Counted.open_now)
        yield from super()._frames()
        Counted.open_now -= 1


def test_no_more_than_so_many_at_once(model: PoseModel) -> None:
    sources = [Counted(str(number), 3) for number in range(6)]
    results = list(stream_many(sources, model=model, at_once=1))
    assert [one.stream for one in results] == sorted(list(range(6)) * 3)
    assert Counted.most == 1


def test_what_is_live_waits_for_nobody(model: PoseModel) -> None:
    """The film goes on until the camera has been seen, which would be never if the camera had to wait."""
    camera, film = Film("camera", 1), Film("film", 10_000)
    camera.is_live = True
    for one in stream_many([film, camera], model=model, at_once=1):
        if one.stream == 1:
            break
    else:
        raise AssertionError("the camera came after the film")


def test_settings_are_looked_at_before_the_first_frame(model: PoseModel) -> None:
    with pytest.raises(ConfigError, match=r"the sources are 'run\.mp4', one alone; give a list"):
        stream_many("run.mp4")
    with pytest.raises(ConfigError, match="no source"):
        stream_many([], model=model)
    with pytest.raises(ConfigError, match="at_once is 0"):
        stream_many([Film("a", 1)], model=model, at_once=0)
    with pytest.raises(ConfigError, match="threads are chosen"):
        stream_many([Film("a", 1)], model=model, threads=1)
    with pytest.raises(MediaError, match="nowhere"):
        stream_many([Film("a", 1), "nowhere.mp4"], model=model)


def test_pictures_among_videos_are_neither_followed_nor_paced(model: PoseModel) -> None:
    report, still = SharingReport(), SAMPLES / "astronaut.jpg"
    film = Film("a", 20)
    results = list(stream_many([film, still], model=model, track=True, target_fps=1, report=report))
    assert [one.result.poses.track_ids is None for one in results if one.stream == 1] == [True]
    assert all(one.result.poses.track_ids is not None for one in results if one.stream == 0)
    assert sum(one.stream == 0 for one in results) <= 3
    for settings in ({"track": True}, {"target_fps": 5.0}):
        with pytest.raises(ConfigError, match="is no video"):
            stream_many([still, still], model=model, **settings)


def test_each_source_is_paced_by_itself(model: PoseModel) -> None:
    source = Film("a", 20)
    results = list(stream_many([source], model=model, target_fps=1))
    assert len(results) == 20 - source.frames_dropped
    assert len(results) <= 3
