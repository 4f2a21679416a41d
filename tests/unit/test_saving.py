"""ResultWriter: all or nothing at the start, and valid files at every end."""

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import jsonschema
import numpy as np
import pytest

from gonio import saving
from gonio.arrays import ImageArray
from gonio.draw.overlay import Drawing
from gonio.errors import ConfigError, MediaError
from gonio.io.formats import schema
from gonio.io.sources.base import FrameSource
from gonio.results import Result
from gonio.saving import ResultWriter, VideoSettings, source_stem
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton
from gonio.structures.yuv import YuvColours, YuvPicture

COCO = load_skeleton("coco17")
EARLIER = "of an earlier run"


class NoSource(FrameSource):
    """A name, a kind and failures; the tests bring the results."""

    def __init__(self, name: str = "run.mp4", *, is_video: bool = True) -> None:
        super().__init__(name, is_video=is_video)
        self.fps = 10.0

    def _frames(self):  # type: ignore[no-untyped-def]
        raise AssertionError("nobody reads it")


def make_result(index: int = 0, *, start_s: float = 0.0, source: str = "run.mp4", still: bool = False) -> Result:
    time_s = None if still else start_s + index / 10
    frame = Frame(np.zeros((32, 48, 3), np.uint8), index=index, time_s=time_s, source=source)
    return Result(frame, Poses.empty(COCO), "some-model")


def open_writer(folder: Path, *records: str, source: NoSource | None = None, media: bool = True) -> ResultWriter:
    return ResultWriter(
        source or NoSource(),
        model="some-model",
        skeleton=COCO,
        folder=folder if media else None,
        records=[record if record == "-" else folder / record for record in records],
    )


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def document(path: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads(path.read_text())
    jsonschema.validate(content, schema())
    return content


def times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


def test_video_and_records(tmp_path: Path) -> None:
    with open_writer(tmp_path, "a.json", "a.jsonl") as writer:
        for index in range(3):
            writer.write(make_result(index))
    assert names(tmp_path) == ["a.json", "a.jsonl", "run-poses.mp4"]
    assert times(tmp_path / "run-poses.mp4") == pytest.approx([0, 0.1, 0.2])
    assert document(tmp_path / "a.json")["complete"] is True
    assert writer.media == [tmp_path / "run-poses.mp4"]
    assert writer.records == [str(tmp_path / "a.json"), str(tmp_path / "a.jsonl")]


def test_drawn_video_of_a_late_piece_starts_at_0(tmp_path: Path) -> None:
    with open_writer(tmp_path) as writer:
        for index in range(3):
            writer.write(make_result(index, start_s=60))
    assert times(tmp_path / "run-poses.mp4") == pytest.approx([0, 0.1, 0.2])


def test_a_film_keeps_what_was_not_drawn_on(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    luma, blue, red = (rng.integers(60, 180, size, dtype=np.uint8) for size in ((96, 128), (48, 64), (48, 64)))
    rgb = np.full((96, 128, 3), 120, np.uint8)
    frame = Frame(rgb, time_s=0.0, yuv=YuvPicture((luma, blue, red), YuvColours(2, 2, 2), rgb))
    blurred = replace(frame, image=np.full_like(rgb, 90), time_s=0.1)
    poses = replace(Poses.empty(COCO), **one_person(x=20.0, y=30.0))
    writer = ResultWriter(
        NoSource(),
        model="some-model",
        skeleton=COCO,
        folder=tmp_path,
        records=[],
        video=VideoSettings(crf=0, preset="ultrafast"),
    )
    with writer:
        writer.write(Result(frame, poses, "some-model"))
        writer.write(Result(blurred, poses, "some-model"))
    with av.open(str(writer.media[0])) as container:
        found, after = (picture.to_ndarray()[:96] for picture in container.decode(video=0))
    np.testing.assert_array_equal(found[:, 64:], luma[:, 64:])
    assert (found[22:38, 12:28] != luma[22:38, 12:28]).mean() > 0.5
    assert len(np.unique(after[:, 64:])) == 1  # whoever replaces the image means it


def one_person(*, x: float, y: float) -> dict[str, Any]:
    """The fields of a person whose keypoints all lie within a few pixels."""
    spread = np.random.default_rng(1).uniform(-5, 5, (1, 17, 2))
    return {
        "keypoints": (spread + np.array([x, y])).astype(np.float32),
        "scores": np.ones((1, 17), np.float32),
        "boxes": np.array([[x - 5, y - 5, x + 5, y + 5]], np.float32),
        "person_scores": np.ones(1, np.float32),
    }


def test_pictures(tmp_path: Path) -> None:
    with open_writer(tmp_path, "a.json", source=NoSource("photos", is_video=False)) as writer:
        for index, name in enumerate(("photos/a.png", "photos/b.png", "photos/deeper/a.png")):
            writer.write(make_result(index, source=name, still=True))
    assert names(tmp_path) == ["a-2.png", "a.json", "a.png", "b.png"]
    assert writer.media == [tmp_path / name for name in ("a.png", "b.png", "a-2.png")]


def test_lines_are_on_the_disk_before_their_picture_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = threading.Event()

    def draw(image: ImageArray, *_: object, **__: object) -> Drawing:
        drawn.wait(10)
        return Drawing(image, [])

    monkeypatch.setattr(saving, "draw_over", draw)
    with open_writer(tmp_path, "a.jsonl") as writer:
        writer.write(make_result(0))
        writer.write(make_result(1))
        lines = (tmp_path / "a.jsonl").read_text().splitlines()
        drawn.set()
    assert [json.loads(line).get("index") for line in lines] == [None, 0, 1]


def test_no_folder_no_drawing(tmp_path: Path) -> None:
    with open_writer(tmp_path, "a.json", media=False) as writer:
        writer.write(make_result())
    assert names(tmp_path) == ["a.json"]
    assert writer.media == []


def test_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_writer(tmp_path, "-", media=False) as writer:
        assert capsys.readouterr().out == ""
        writer.write(make_result())
    assert json.loads(capsys.readouterr().out)["complete"] is True
    assert writer.records == []


def test_source_without_a_frame_gets_an_empty_document(tmp_path: Path) -> None:
    with open_writer(tmp_path, "a.json"):
        pass
    assert names(tmp_path) == ["a.json"]
    assert (document(tmp_path / "a.json")["frames"], document(tmp_path / "a.json")["complete"]) == ([], True)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MediaError], ids=["Ctrl-C", "error"])
def test_stopped_before_the_first_result(tmp_path: Path, stop: type[BaseException]) -> None:
    for name in ("a.json", "a.jsonl", "run-poses.mp4"):
        (tmp_path / name).write_text(EARLIER)
    with pytest.raises(stop), open_writer(tmp_path, "a.json", "a.jsonl"):
        raise stop
    assert {file.read_text() for file in tmp_path.iterdir()} == {EARLIER}
    assert len(names(tmp_path)) == 3


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError], ids=["Ctrl-C", "error"])
def test_stopped_later(tmp_path: Path, stop: type[BaseException]) -> None:
    def run() -> None:
        with open_writer(tmp_path, "a.json", "a.jsonl", "a.csv") as writer:
            writer.write(make_result(0))
            writer.write(make_result(1))
            raise stop

    with pytest.raises(stop):
        run()
    assert names(tmp_path) == ["a.csv", "a.json", "a.jsonl", "run-poses.mp4"]
    content = document(tmp_path / "a.json")
    assert (len(content["frames"]), content["complete"]) == (2, False)  # type: ignore[arg-type]
    assert json.loads((tmp_path / "a.jsonl").read_text().splitlines()[-1]) == {"complete": False}
    assert len(times(tmp_path / "run-poses.mp4")) == 2


@pytest.mark.parametrize("bad", ["file/a.json", "file/a.jsonl"])
def test_all_or_nothing_is_opened(tmp_path: Path, bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One place cannot be written: the others, named before or after it, stay as they were."""
    (tmp_path / "file").touch()
    for name in ("a.json", "b.csv", "run-poses.mp4"):
        (tmp_path / name).write_text(EARLIER)

    def run() -> None:
        with open_writer(tmp_path, "a.json", bad, "b.csv", "-") as writer:
            writer.write(make_result())

    with pytest.raises(MediaError, match=bad):
        run()
    assert [(tmp_path / name).read_text() for name in ("a.json", "b.csv", "run-poses.mp4")] == [EARLIER] * 3
    assert names(tmp_path) == ["a.json", "b.csv", "file", "run-poses.mp4"]
    assert capsys.readouterr().out == ""


def test_growing_file_is_opened_after_those_that_can_fail(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "a.jsonl").write_text(EARLIER)

    def run() -> None:
        with open_writer(tmp_path, "a.jsonl", "file/a.json") as writer:
            writer.write(make_result())

    with pytest.raises(MediaError):
        run()
    assert (tmp_path / "a.jsonl").read_text() == EARLIER


def test_failures_are_written_down(tmp_path: Path) -> None:
    source = NoSource()
    with open_writer(tmp_path, "a.json", "a.jsonl", source=source) as writer:
        writer.write(make_result())
        source.failures.append(MediaError("the rest is damaged"))
    assert document(tmp_path / "a.json")["failures"] == ["the rest is damaged"]
    assert '{"failure":"the rest is damaged"}' in (tmp_path / "a.jsonl").read_text().splitlines()


@pytest.mark.parametrize(
    ("records", "message"),
    [
        pytest.param(("a.xml",), r"a\.xml.*\.jsonl", id="unknown suffix"),
        pytest.param(("a.csv", "a.csv"), r"a\.csv' is named twice", id="twice"),
        pytest.param(("a.csv", "./a.csv"), r"a\.csv' is named twice", id="twice, spelled differently"),
    ],
)
def test_refused_before_the_work(tmp_path: Path, records: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_writer(tmp_path, *records)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("clips/run.mp4", "run"),
        ("photos/", "photos"),
        ("run/*.png", "poses"),
        ("my [red] clip.mp4", "my-red-clip"),
        ("Läufer.mov", "Läufer"),
        ("rtsp://host/live", "live"),
        ("http://host/", "poses"),
        (".", "poses"),
        ("..", "poses"),
    ],
)
def test_source_stem(name: str, stem: str) -> None:
    assert source_stem(name) == stem


def test_an_error_while_drawing_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It happens in the writer's thread; the caller hears of it, and what is on the disk says that it is not whole."""

    def run() -> None:
        with open_writer(tmp_path, "a.json", "a.jsonl") as writer:
            for index in range(100):
                writer.write(make_result(index))

    drawn: list[Drawing] = []

    def draw(image: ImageArray, *_: object, **__: object) -> Drawing:
        if len(drawn) == 2:
            raise MediaError("no paint left")
        drawn.append(Drawing(image, []))
        return drawn[-1]

    monkeypatch.setattr(saving, "draw_over", draw)
    with pytest.raises(MediaError, match="no paint left"):
        run()
    assert len(drawn) == 2
    assert times(tmp_path / "run-poses.mp4") == pytest.approx([0, 0.1])
    assert document(tmp_path / "a.json")["complete"] is False
    assert json.loads((tmp_path / "a.jsonl").read_text().splitlines()[-1]) == {"complete": False}


def test_an_error_while_the_last_frame_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(*_: object, **__: object) -> Drawing:
        raise MediaError("no paint left")

    monkeypatch.setattr(saving, "draw_over", draw)

    def run() -> None:
        with open_writer(tmp_path, "a.json", "a.jsonl") as writer:
            writer.write(make_result())

    with pytest.raises(MediaError, match="no paint left"):
        run()
    assert document(tmp_path / "a.json")["complete"] is False
    assert json.loads((tmp_path / "a.jsonl").read_text().splitlines()[-1]) == {"complete": False}


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"crf": 60}, "crf is 60"), ({"preset": "warp"}, "no preset"), ({"threads": 0}, "threads")],
)
def test_video_settings_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        VideoSettings(**settings)


def test_video_settings_reach_the_encoder(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    sizes = []
    for crf in (10, 45):
        folder = tmp_path / str(crf)
        video = VideoSettings(crf=crf, preset="fast")
        with ResultWriter(NoSource(), model="m", skeleton=COCO, folder=folder, records=[], video=video) as writer:
            for index in range(4):
                frame = Frame(noise, index=index, time_s=index / 10)
                writer.write(Result(frame, Poses.empty(COCO), "m"))
        sizes.append((folder / "run-poses.mp4").stat().st_size)
    assert sizes[0] > 2 * sizes[1]
