"""predict and stream: every kind of source through one path, and a stop that leaves nothing running."""

import json
import logging
import threading
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import gonio
from gonio.arrays import ImageArray
from gonio.errors import ConfigError, MediaError, UnknownModelError
from gonio.io.sources import Source, SourceLike, open_source
from gonio.io.sources.base import FrameSource
from gonio.models.model import PoseModel
from gonio.models.registry import find_card
from gonio.pipeline import predict, stream
from gonio.saving import ResultWriter
from gonio.structures.poses import Poses


class OneInTheMiddle(PoseModel):
    """Finds one person, all keypoints in the middle, score 0.5; breaks at call number ``fails_at``."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.card = find_card("multipose")[0]
        self.skeleton = self.card.load_skeleton()
        self.calls = 0
        self._fails_at = fails_at

    def _estimate(self, image: ImageArray, *, floor: float, flip_test: bool) -> Poses:
        if self.calls == self._fails_at:
            raise RuntimeError("the model broke")
        self.calls += 1
        height, width = image.shape[:2]
        return Poses(
            keypoints=np.full((1, 17, 2), ((width - 1) / 2, (height - 1) / 2), np.float32),
            scores=np.full((1, 17), 0.5, np.float32),
            boxes=np.array([[0, 0, width, height]], np.float32),
            person_scores=np.array([0.5], np.float32),
            skeleton=self.skeleton,
        )


@pytest.fixture
def model() -> OneInTheMiddle:
    return OneInTheMiddle()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 frames of 64 x 48 px at 25 a second."""
    path = tmp_path_factory.mktemp("media") / "clip.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for index in range(30):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), index * 8, np.uint8))
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode())
    return path


def write_photo(path: Path) -> Path:
    Image.new("RGB", (40, 30), (1, 2, 3)).save(path)
    return path


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_kinds_of_sources(tmp_path: Path, model: OneInTheMiddle) -> None:
    file = write_photo(tmp_path / "a.png")
    array = np.zeros((30, 40, 3), np.uint8)
    sources: list[tuple[SourceLike | Source, int]] = [
        (file, 1),
        (str(file), 1),
        (tmp_path, 1),
        (array, 1),
        (Image.new("RGB", (40, 30)), 1),
        ([file, str(file), array, Image.new("L", (40, 30))], 4),
        (np.zeros((2, 30, 40, 3), np.uint8), 2),
        (open_source(file), 1),
    ]
    for source, count in sources:
        results = predict(source, model=model)
        assert len(results) == count
        assert results.failures == []
        for index, result in enumerate(results):
            assert result.frame.index == result.poses.frame_index == index
            np.testing.assert_array_equal(result.poses.keypoints[0, 0], [19.5, 14.5])
            assert (result.model, result.poses.time_s) == ("multipose", None)


def test_video_times_reach_the_poses(clip: Path, model: OneInTheMiddle) -> None:
    results = list(stream(clip, model=model, start_s=0.4, end_s=1.0, stride=5))
    assert [result.poses.frame_index for result in results] == [10, 15, 20]
    assert [result.poses.time_s for result in results] == pytest.approx([0.4, 0.6, 0.8])
    assert [int(result.frame.image.mean() / 8 + 0.5) for result in results] == [10, 15, 20]


def test_bad_pictures_among_good_ones(tmp_path: Path, model: OneInTheMiddle, caplog: pytest.LogCaptureFixture) -> None:
    write_photo(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("no picture")
    write_photo(tmp_path / "c.png")
    results = predict(tmp_path, model=model)
    assert [result.frame.index for result in results] == [0, 2]
    (failure,) = results.failures
    assert isinstance(failure, MediaError)
    assert "b.png" in str(failure)
    assert "b.png" in caplog.text


def test_stream_is_lazy_and_stops_with_its_reader(clip: Path, model: OneInTheMiddle) -> None:
    before = threads()
    results = stream(clip, model=model)
    assert (model.calls, threads()) == (0, before)
    next(results)
    next(results)
    assert model.calls == 2
    assert "gonio-prefetch" in threads()
    results.close()
    assert threads() == before
    with pytest.raises(StopIteration):
        next(results)


def test_no_thread_is_left_at_the_end(clip: Path, model: OneInTheMiddle) -> None:
    before = threads()
    assert len(list(stream(clip, model=model))) == 30
    assert threads() == before


def test_no_thread_is_left_by_an_error(clip: Path) -> None:
    """Also while the traceback, which holds on to the generator's frame, is alive."""
    before = threads()
    with pytest.raises(RuntimeError, match="the model broke") as caught:
        list(stream(clip, model=OneInTheMiddle(fails_at=3)))
    assert caught.tb is not None
    assert threads() == before


def test_failing_frame_leaves_valid_files(clip: Path, tmp_path: Path) -> None:
    """A model that breaks at frame 10: its error comes through, ten frames stay."""
    model = OneInTheMiddle(fails_at=10)
    source = open_source(clip)
    records = [tmp_path / name for name in ("a.json", "a.jsonl", "a.csv")]

    def run() -> None:
        with ResultWriter(source, model="m", skeleton=model.skeleton, folder=tmp_path, records=records) as writer:
            for result in stream(source, model=model):
                writer.write(result)

    with pytest.raises(RuntimeError, match="the model broke"):
        run()
    document = json.loads(records[0].read_text())
    assert (len(document["frames"]), document["complete"]) == (10, False)
    assert len(records[1].read_text().splitlines()) == 12
    assert len(records[2].read_text().splitlines()) == 1 + 17 * 10
    with av.open(str(tmp_path / "clip-poses.mp4")) as container:
        assert len(list(container.decode(video=0))) == 10


@pytest.mark.parametrize("score", [float("nan"), -0.1, 1.1])
def test_scores_out_of_range_are_refused_at_once(model: OneInTheMiddle, score: float) -> None:
    """When stream is called, not when its first frame is wanted."""
    with pytest.raises(ConfigError, match=f"min_person_score is {score}; give a number from 0 to 1"):
        stream(np.zeros((30, 40, 3), np.uint8), model=model, min_person_score=score)


def test_people_below_the_score_are_left_out(model: OneInTheMiddle) -> None:
    picture = np.zeros((30, 40, 3), np.uint8)
    assert len(predict(picture, model=model, min_person_score=0.5)[0].poses) == 1
    assert len(predict(picture, model=model, min_person_score=0.51)[0].poses) == 0


def test_what_is_wrong_is_told_when_stream_is_called(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no file"):
        stream(tmp_path / "none.mp4")
    with pytest.raises(UnknownModelError, match="did you mean 'thunder'"):
        stream(np.zeros((30, 40, 3), np.uint8), model="tunder")


def test_threads_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GONIO_THREADS", "1")
    assert gonio.load_model("multipose").runtime.endswith("1 thread")
    assert gonio.load_model("multipose", threads=2).runtime.endswith("2 threads")
    monkeypatch.setenv("GONIO_THREADS", "0")
    with pytest.raises(ConfigError, match="GONIO_THREADS must be a whole number of at least 1, got '0'"):
        gonio.load_model("multipose")


def test_predict_warns_of_long_videos(
    model: OneInTheMiddle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("gonio.pipeline._MANY_FRAMES", 3)
    with caplog.at_level(logging.WARNING):
        predict(np.zeros((2, 30, 40, 3), np.uint8), model=model)
        assert "memory" not in caplog.text
        predict(np.zeros((4, 30, 40, 3), np.uint8), model=model)
    assert caplog.text.count("gonio.stream gives one by one") == 1


def test_target_fps_leaves_out_frames_and_says_so(clip: Path, model: OneInTheMiddle) -> None:
    source = open_source(clip)
    results = predict(source, model=model, target_fps=5)
    indices = [result.frame.index for result in results]
    assert indices[0] == 0
    assert all(later - earlier >= 4 for earlier, later in pairwise(indices))
    assert [result.poses.time_s for result in results] == pytest.approx([index / 25 for index in indices])
    assert isinstance(source, FrameSource)
    assert source.frames_dropped == 30 - len(results)
    assert len(predict(source, model=model)) == 30
    assert source.frames_dropped == 0


def test_the_model_is_warm_before_time_counts(clip: Path, model: OneInTheMiddle) -> None:
    results = predict(clip, model=model, target_fps=100)
    assert model.calls == len(results) + 1


def test_only_a_video_has_a_rate(tmp_path: Path, model: OneInTheMiddle) -> None:
    with pytest.raises(ConfigError, match="no video"):
        stream(write_photo(tmp_path / "a.png"), model=model, target_fps=5)


def test_a_stopped_run_still_says_what_it_left_out(clip: Path, model: OneInTheMiddle) -> None:
    source = open_source(clip)
    results = stream(source, model=model, target_fps=5)
    next(results)
    second = next(results)
    results.close()
    assert isinstance(source, FrameSource)
    assert source.frames_dropped == second.frame.index - 1
