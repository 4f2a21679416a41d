"""VideoSink: true times, whatever happens; read back with PyAV, not with our own source."""

import resource
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from gonio.arrays import ImageArray
from gonio.errors import ConfigError, MediaError, ShapeError
from gonio.io.sinks.video import VideoSink
from gonio.io.yuv import to_yuv420
from gonio.structures.yuv import YuvColours, YuvPicture
from gonio.timing import record_stages

TICK_S = 1 / 90_000


def picture(height: int = 48, width: int = 64, rgb: tuple[int, int, int] = (200, 60, 30)) -> ImageArray:
    return np.full((height, width, 3), rgb, np.uint8)


def write(path: Path, times: Sequence[float], **options: float) -> None:
    with VideoSink(path, **options) as sink:  # type: ignore[arg-type]
        for time_s in times:
            sink.write(picture(), time_s)


def read(path: Path) -> tuple[list[float], list[ImageArray], float]:
    """Times in s, RGB pictures, and the stream's duration in s."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert stream.duration is not None
        assert stream.time_base is not None
        times = [float(frame.pts * frame.time_base) for frame in frames]  # type: ignore[operator]
        pictures = [frame.to_ndarray(format="rgb24") for frame in frames]
        return times, pictures, float(stream.duration * stream.time_base)  # type: ignore[return-value]


@pytest.mark.parametrize(
    "times",
    [
        pytest.param([i / 25 for i in range(30)], id="25 per second"),
        pytest.param([i * 1001 / 30000 for i in range(70)], id="29.97, over a key frame"),
        pytest.param([0, 0.001, 0.5, 0.5031, 2, 2.1, 7.77], id="variable"),
        pytest.param([3.25, 3.5], id="starts late"),
        pytest.param([36_000 + i / 240 for i in range(9)], id="240 per second after ten hours"),
        pytest.param([0.0], id="one frame"),
    ],
)
@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_times_are_kept_to_one_tick(tmp_path: Path, name: str, times: list[float]) -> None:
    write(tmp_path / name, times)
    back, _, _ = read(tmp_path / name)
    assert len(back) == len(times)
    assert np.abs(np.array(back) - times).max() <= TICK_S


@pytest.mark.parametrize(
    ("times", "fps_hint", "expected"),
    [
        pytest.param([0, 0.04, 0.08], 25, 0.12, id="constant"),
        pytest.param([0, 0.1, 0.5], None, 0.9, id="as long as the one before"),
        pytest.param([0, 0.1, 9], None, 10, id="but not as long as a gap"),
        pytest.param([0, 0.1, 9], 20, 9.05, id="hint"),
        pytest.param([0], None, 1 / 30, id="one frame"),
        pytest.param([0], 90_000, 1 / 30, id="a hint that no camera gives"),
    ],
)
def test_last_frame_has_a_duration(tmp_path: Path, times: list[float], fps_hint: float | None, expected: float) -> None:
    with VideoSink(tmp_path / "a.mp4", fps_hint=fps_hint) as sink:
        for time_s in times:
            sink.write(picture(), time_s)
    assert read(tmp_path / "a.mp4")[2] == pytest.approx(expected, abs=2 * TICK_S)


def test_start_becomes_zero(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", [60.0, 60.5], start_s=60.0)
    assert read(tmp_path / "a.mp4")[0] == [0.0, 0.5]


def test_times_that_do_not_increase(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path / "a.mp4", [0.0, 1.0, 1.0, 0.5, 2.0])
    back = read(tmp_path / "a.mp4")[0]
    assert back == pytest.approx([0, 1, 1 + TICK_S, 1 + 2 * TICK_S, 2], abs=1e-9)
    assert caplog.text.count("is not later than the one before") == 1


def test_colours_come_back(tmp_path: Path) -> None:
    image = picture()
    image[:, 32:] = (20, 180, 220)
    with VideoSink(tmp_path / "a.mp4") as sink:
        sink.write(image, 0.0)
    back = read(tmp_path / "a.mp4")[1][0].astype(int)
    assert np.abs(back[24, 8] - image[24, 8]).max() <= 3
    assert np.abs(back[24, 56] - image[24, 56]).max() <= 3
    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt, context.colorspace, context.color_range) == ("h264", "yuv420p", 1, 1)


@pytest.mark.parametrize(("height", "width"), [(47, 64), (48, 63), (47, 63), (1, 1)])
def test_odd_sizes_repeat_the_edge(tmp_path: Path, height: int, width: int) -> None:
    with VideoSink(tmp_path / "a.mp4") as sink:
        sink.write(picture(height, width), 0.0)
    (back,) = read(tmp_path / "a.mp4")[1]
    assert back.shape == (height + height % 2, width + width % 2, 3)
    assert np.abs(back.astype(int) - (200, 60, 30)).max() <= 6


def test_another_size_is_letterboxed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with VideoSink(tmp_path / "a.mp4") as sink:
        sink.write(picture(48, 64), 0.0)
        sink.write(picture(96, 64), 0.1)  # halved: 48 x 32, 16 columns of black at each side
        sink.write(picture(96, 64), 0.2)
    back = read(tmp_path / "a.mp4")[1][2].astype(int)
    assert back.shape == (48, 64, 3)
    assert back[:, :14].max() < 20
    assert back[:, 50:].max() < 20
    assert np.abs(back[:, 20:44] - (200, 60, 30)).max() < 12
    assert caplog.text.count("a frame of 64 x 96 px is scaled to fit the video's 64 x 48 px") == 1


def test_index_comes_first(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", [0, 0.1])
    data = (tmp_path / "a.mp4").read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_stopped_run_leaves_a_whole_video(tmp_path: Path, stop: type[BaseException]) -> None:
    def run() -> None:
        with VideoSink(tmp_path / "a.mp4") as sink:
            sink.write(picture(), 0.0)
            sink.write(picture(), 0.1)
            raise stop

    with pytest.raises(stop):
        run()
    assert read(tmp_path / "a.mp4")[0] == pytest.approx([0, 0.1], abs=TICK_S)
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


def test_no_frame_no_file(tmp_path: Path) -> None:
    with VideoSink(tmp_path / "a.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_no_frame_leaves_the_earlier_file(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("earlier")
    with VideoSink(tmp_path / "a.mp4"):
        pass
    assert (tmp_path / "a.mp4").read_text() == "earlier"


def test_close_is_final_and_may_be_repeated(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "a.mp4")
    sink.write(picture(), 0.0)
    sink.close()
    sink.close()
    assert sink.frames_written == 1
    with pytest.raises(MediaError, match=r"a\.mp4': it is closed"):
        sink.write(picture(), 1.0)


@pytest.mark.parametrize("preset", ["quick", "veryfast"])
@pytest.mark.parametrize("size_wh", [(64, 48), (50, 34), (2, 2)])  # rows that FFmpeg pads, and rows that it does not
def test_without_loss_every_pixel_comes_back(tmp_path: Path, size_wh: tuple[int, int], preset: str) -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (*size_wh[::-1], 3), dtype=np.uint8) for _ in range(3)]
    with VideoSink(tmp_path / "a.mp4", crf=0, preset=preset) as sink:
        for index, image in enumerate(pictures):
            sink.write(image, index / 30)
    with av.open(str(tmp_path / "a.mp4")) as container:
        for image, frame in zip(pictures, container.decode(video=0), strict=True):
            np.testing.assert_array_equal(frame.to_ndarray(), to_yuv420(image))


SMPTE170M = YuvColours(matrix=6, primaries=6, transfer=6)


def decoded(luma: int, colours: YuvColours, size_wh: tuple[int, int] = (64, 48)) -> YuvPicture:
    """Noise, which no conversion would leave as it is."""
    width, height = size_wh
    noise = np.random.default_rng(luma).integers(luma, luma + 100, (height * 3 // 2, width), dtype=np.uint8)
    blue, red = noise[height:].reshape(2, height // 2, width // 2)
    return YuvPicture((noise[:height], blue, red), colours, picture(height, width))


def planes_of(path: Path) -> list[list[ImageArray]]:
    with av.open(str(path)) as container:
        flat = [frame.to_ndarray() for frame in container.decode(video=0)]
    return [[one[:48], *one[48:].reshape(2, 24, 32)] for one in flat]  # type: ignore[list-item]


@pytest.mark.parametrize("box", [(10, 8, 30, 20), (11, 9, 29, 19), (0, 0, 64, 48)])
def test_what_was_not_drawn_on_is_kept_to_the_bit(tmp_path: Path, box: tuple[int, int, int, int]) -> None:
    before = [decoded(20 + index, SMPTE170M) for index in range(3)]
    with VideoSink(tmp_path / "a.mp4", crf=0) as sink:
        for index, yuv in enumerate(before):
            sink.write(picture(), index / 30, over=yuv, changed=[box])
    drawn = to_yuv420(picture(), SMPTE170M)
    x1, y1, x2, y2 = (box[0] & ~1, box[1] & ~1, (box[2] + 1) & ~1, (box[3] + 1) & ~1)
    for yuv, (luma, *differences) in zip(before, planes_of(tmp_path / "a.mp4"), strict=True):
        expected = yuv.planes[0].copy()
        expected[y1:y2, x1:x2] = drawn[0, 0]
        np.testing.assert_array_equal(luma, expected)
        for plane, found, value in zip(yuv.planes[1:], differences, drawn[48:].reshape(2, -1)[:, 0], strict=True):
            expected = plane.copy()
            expected[y1 // 2 : y2 // 2, x1 // 2 : x2 // 2] = value
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("colours", [SMPTE170M, YuvColours(2, 2, 2), YuvColours(1, 1, 1)])
def test_the_file_says_what_its_first_picture_said(tmp_path: Path, colours: YuvColours) -> None:
    with VideoSink(tmp_path / "a.mp4") as sink:
        sink.write(picture(), 0.0, over=decoded(20, colours))
    with av.open(str(tmp_path / "a.mp4")) as container:
        frame = next(container.decode(video=0))
        assert YuvColours(frame.colorspace, frame.color_primaries, frame.color_trc) == colours


@pytest.mark.parametrize(
    "other", [None, decoded(20, YuvColours(1, 1, 1)), decoded(20, SMPTE170M, (32, 24))], ids=["none", "colours", "size"]
)
def test_a_picture_that_does_not_fit_the_file_is_converted(tmp_path: Path, other: YuvPicture | None) -> None:
    with VideoSink(tmp_path / "a.mp4", crf=0) as sink:
        sink.write(picture(), 0.0, over=decoded(20, SMPTE170M))
        sink.write(picture(), 0.1, over=other)
    (luma, *_) = planes_of(tmp_path / "a.mp4")[1]
    np.testing.assert_array_equal(luma, to_yuv420(picture(), SMPTE170M)[:48])


@pytest.mark.parametrize("preset", ["quick", "veryfast"])
def test_a_larger_crf_gives_a_smaller_file(tmp_path: Path, preset: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    sizes = []
    for crf in (10, 23, 40):
        with VideoSink(tmp_path / "a.mp4", crf=crf, preset=preset) as sink:
            for index in range(5):
                sink.write(np.roll(noise, index * 7, axis=0), index / 30)
        sizes.append((tmp_path / "a.mp4").stat().st_size)
    assert sizes[0] > 1.5 * sizes[1] > 2 * sizes[2]


def test_full_disk_leaves_the_earlier_file(tmp_path: Path) -> None:
    """No file may grow beyond 30 kB: the system refuses the write, as on a full disk."""
    (tmp_path / "a.mp4").write_text("earlier")
    noise = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)

    def run() -> None:
        with VideoSink(tmp_path / "a.mp4", crf=10) as sink:
            for index in range(60):
                sink.write(np.roll(noise, index * 7, axis=0), index / 30)

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, before[1]))
    try:
        with pytest.raises(MediaError, match=r"cannot write '.*a\.mp4': the file is too large"):
            run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.mp4", "earlier")]


def test_size_that_the_encoder_refuses(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "a.mp4")
    with pytest.raises(MediaError, match="libx264 refuses frames of 40000 x 2 px"):
        sink.write(picture(2, 40_000), 0.0)
    assert list(tmp_path.iterdir()) == []


def test_folder_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").mkdir()
    with pytest.raises(MediaError, match=r"cannot write '.*a\.mp4': it is a folder"):
        VideoSink(tmp_path / "a.mp4")


def test_awkward_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ["clip:1.mp4", "50%d läuft.mp4", "-.mp4"]:
        write(Path(name), [0.0])
        assert read(tmp_path / name)[0] == [0.0]


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("a.avi", {}, r"cannot write a video as 'a.avi'; .* \.mp4, \.m4v, \.mov"),
        ("a", {}, "cannot write a video as 'a'"),
        ("a.mp4", {"threads": 0}, "threads is 0"),
        ("a.mp4", {"crf": 52}, "crf is 52"),
        ("a.mp4", {"preset": "warp"}, "no preset is named 'warp'"),
    ],
)
def test_settings_out_of_range(tmp_path: Path, name: str, options: dict[str, int], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        VideoSink(tmp_path / name, **options)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("time_s", [float("nan"), float("inf"), -0.1])
def test_times_that_are_none(tmp_path: Path, time_s: float) -> None:
    with VideoSink(tmp_path / "a.mp4") as sink, pytest.raises(ConfigError, match="time_s is"):
        sink.write(picture(), time_s)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_images_that_are_none(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with VideoSink(tmp_path / "a.mp4") as sink, pytest.raises(ShapeError, match="image has shape"):
        sink.write(np.zeros(shape, np.uint8), 0.0)


def test_without_an_h264_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(av, "codecs_available", {"mpeg4"})
    write(tmp_path / "a.mp4", [0, 0.033, 0.5, 0.503])
    times, pictures, _ = read(tmp_path / "a.mp4")
    assert times == pytest.approx([0, 0.033, 0.5, 0.503], abs=1 / 60_000)
    assert np.abs(pictures[0].astype(int) - (200, 60, 30)).max() < 12
    assert "no H.264 encoder" in caplog.text


def test_encoding_is_timed(tmp_path: Path) -> None:
    with record_stages() as stages:
        write(tmp_path / "a.mp4", [0, 0.1])
    assert len(stages["encode"]) == 3  # two frames and the end
