import logging
import struct
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gonio.errors import MediaError, TruncatedMediaError
from gonio.io.sources import open_source
from gonio.io.yuv import to_yuv420
from gonio.structures.frame import Frame
from gonio.timing import record_stages

if TYPE_CHECKING:
    from tests.unit.io.conftest import Media

FASTSTART = "faststart"


def numbers(frames: list[Frame]) -> list[int]:
    """Which frames these are, read from their shade."""
    return [round(float(frame.image[-8:, -8:].mean()) / 7) for frame in frames]


@pytest.mark.parametrize("prefetch", [0, 4])
def test_every_frame_with_its_time(clip: Path, prefetch: int) -> None:
    source = open_source(clip, prefetch=prefetch)
    frames = list(source)
    assert numbers(frames) == list(range(30))
    assert [frame.index for frame in frames] == list(range(30))
    assert [frame.time_s for frame in frames] == [index / 30 for index in range(30)]
    assert {frame.source for frame in frames} == {str(clip)}
    assert (source.frame_count, source.frames_decoded, source.failures) == (30, 30, [])
    assert (source.is_video, source.is_live, source.fps) == (True, False, 30.0)
    assert numbers(list(source)) == list(range(30))  # and a second time


def test_the_number_of_processors_changes_no_frame(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With few of them no frames are decoded side by side."""
    seen = []
    for cpus in (1, 8):
        monkeypatch.setattr("gonio.io.sources.video.available_cpus", lambda cpus=cpus: cpus)
        seen.append([(frame.index, frame.time_s, frame.image.copy()) for frame in open_source(clip)])
    for few, many in zip(*seen, strict=True):
        assert few[:2] == many[:2]
        np.testing.assert_array_equal(few[2], many[2])


def test_colours_are_rgb(media: "Media", clip: Path) -> None:
    (frame, *_) = open_source(clip)
    assert np.abs(frame.image[8, 8].astype(int) - media.red).max() < 12


def test_a_frame_can_keep_what_was_decoded(clip: Path) -> None:
    assert next(iter(open_source(clip))).yuv is None
    with av.open(str(clip)) as container:
        pictures = [picture.to_ndarray() for picture in container.decode(video=0)]
    for frame, flat in zip(open_source(clip, keep_yuv=True), pictures, strict=True):
        assert frame.yuv is not None
        assert frame.yuv.size_wh == frame.size_wh
        luma, blue, red = frame.yuv.planes
        np.testing.assert_array_equal(np.concatenate([luma.ravel(), blue.ravel(), red.ravel()]), flat.ravel())
        # What a film puts in its place where somebody is drawn: the same but for rounding, and colours at edges.
        assert np.abs(to_yuv420(frame.image, frame.yuv.colours)[:48].astype(int) - luma).mean() < 1.5
        with pytest.raises(ValueError, match="read-only"):
            frame.image[:] = 0
        assert frame.decoded is frame.yuv
        assert replace(frame, image=frame.image.copy()).decoded is None


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"rotation": (90.0, False)}, id="turned"),
        pytest.param({"pix_fmt": "yuv420p10le"}, id="10 bit"),
        pytest.param({"pix_fmt": "yuv444p", "size_wh": (63, 47)}, id="odd"),
        pytest.param({"pix_fmt": "yuvj420p"}, id="full range"),
    ],
)
def test_not_of_every_video(media: "Media", tmp_path: Path, options: dict[str, Any]) -> None:
    path = media.video(tmp_path / "a.mp4", frames=3, **options)
    assert [frame.yuv for frame in open_source(path, keep_yuv=True)] == [None] * 3


def test_a_video_from_the_bottom_row_up_is_converted(tmp_path: Path) -> None:
    """FFmpeg marks such raw videos in their extra data, and gives planes whose rows lie in reverse."""
    path = tmp_path / "a.mkv"
    rows = np.repeat(np.arange(0, 96, 2, dtype=np.uint8)[:, None], 64, axis=1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("rawvideo", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.extradata = b"BottomUp\0"
        frame = av.VideoFrame.from_ndarray(np.concatenate([rows, np.full((24, 64), 128, np.uint8)]), format="yuv420p")
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with av.open(str(path)) as container:
        picture = next(container.decode(video=0))
        upside_down = any(plane.line_size < 0 for plane in picture.planes)
    if not upside_down:
        pytest.skip("this FFmpeg turns such videos itself")
    (only,) = open_source(path, keep_yuv=True)
    assert only.yuv is None


@pytest.mark.parametrize(
    ("start_s", "end_s", "stride", "expected"),
    [
        (None, None, 7, [0, 7, 14, 21, 28]),
        (0.5, None, 1, list(range(15, 30))),
        (None, 0.2, 1, list(range(6))),
        (0.5, 0.8, 4, [15, 19, 23]),
        (0.51, None, 10, [16, 26]),
    ],
)
def test_start_end_and_stride(
    clip: Path, start_s: float | None, end_s: float | None, stride: int, expected: list[int]
) -> None:
    source = open_source(clip, start_s=start_s, end_s=end_s, stride=stride)
    frames = list(source)
    assert numbers(frames) == expected
    assert [frame.index for frame in frames] == expected
    assert [frame.time_s for frame in frames] == [index / 30 for index in expected]
    assert source.frame_count == len(expected)
    assert source.failures == []


def test_a_start_beyond_the_end_is_told(clip: Path) -> None:
    source = open_source(clip, start_s=5.0)
    assert list(source) == []
    (failure,) = source.failures
    assert "ends at 1.00 s, before the start of 5.0 s" in str(failure)


def test_a_part_between_two_frames_is_empty_and_not_beyond_the_end(clip: Path) -> None:
    source = open_source(clip, start_s=0.51, end_s=0.52)
    assert list(source) == []
    assert source.failures == []


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=st.lists(st.integers(1, 500), min_size=1, max_size=12))
def test_variable_rate_times_round_trip(media: "Media", tmp_path: Path, suffix: str, steps: list[int]) -> None:
    """Oracle: the milliseconds that were written."""
    stamps = [0, *np.cumsum(steps).tolist()]
    path = media.video(tmp_path / f"vfr{suffix}", frames=len(stamps), pts_ms=stamps)
    source = open_source(path, prefetch=0)
    times = np.array([frame.time_s for frame in source], np.float64)
    np.testing.assert_allclose(times, np.array(stamps) / 1000, atol=1e-9)
    assert source.failures == []


def test_times_equal_the_containers_pts(shared_data: Path) -> None:
    """Oracle: the packets' pts, read without decoding. The clip is sports2d_demo.mp4."""
    path = shared_data / "videos" / "sports2d_demo.mp4"
    if not path.exists():
        pytest.skip(f"no {path}")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        base = stream.time_base
        assert base is not None
        stamps = sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None)
    wanted = [float((stamp - stamps[0]) * base) for stamp in stamps]
    source = open_source(path, end_s=1.0)
    assert [frame.time_s for frame in source] == [time for time in wanted if time < 1.0]


@pytest.mark.parametrize(
    ("degrees", "hflip", "turn"),
    [
        pytest.param(90, False, lambda a: np.rot90(a, 1), id="counter-clockwise"),
        pytest.param(-90, False, lambda a: np.rot90(a, -1), id="clockwise"),
        pytest.param(180, False, lambda a: a[::-1, ::-1], id="upside down"),
        pytest.param(0, True, lambda a: a[:, ::-1], id="mirrored"),
    ],
)
def test_display_matrix(media: "Media", tmp_path: Path, degrees: float, hflip: bool, turn: object) -> None:
    path = media.video(tmp_path / "turned.mp4", frames=2, rotation=(degrees, hflip))
    (frame, _) = open_source(path)
    assert callable(turn)
    expected = turn(media.picture())
    assert frame.image.shape == expected.shape
    assert np.abs(frame.image.astype(int) - expected).mean() < 6


def test_a_phone_held_upright(media: "Media", tmp_path: Path) -> None:
    """Oracle: the matrix that phones write for portrait, (0 1 0, -1 0 0): a quarter turn clockwise (ISO 14496-12)."""
    path = media.video(tmp_path / "phone.mp4", frames=2, rotation=(90, False))
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 44
    data[matrix : matrix + 20] = struct.pack(">5i", 0, 1 << 16, 0, -(1 << 16), 0)
    path.write_bytes(data)
    (frame, _) = open_source(path)
    assert frame.size_wh == (48, 64)
    assert np.abs(frame.image[8, -8].astype(int) - media.red).max() < 12  # top left went to top right


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "size_wh"),
    [
        pytest.param("a.mkv", "libx264", "yuv420p10le", (64, 48), id="10 bit"),
        pytest.param("a.mkv", "libx264", "yuv444p", (63, 47), id="odd size"),
        pytest.param("a.mov", "qtrle", "argb", (64, 48), id="alpha"),
        pytest.param("a.avi", "mpeg4", "yuv420p", (64, 48), id="avi"),
        pytest.param("a.webm", "libvpx", "yuv420p", (64, 48), id="webm"),
        pytest.param("a.ts", "libx264", "yuv420p", (64, 48), id="transport stream"),
        pytest.param("a.mp4", "mpeg4", "yuv420p", (64, 48), id="mpeg-4"),
    ],
)
def test_formats(media: "Media", tmp_path: Path, name: str, codec: str, pix_fmt: str, size_wh: tuple[int, int]) -> None:
    path = media.video(tmp_path / name, frames=20, codec=codec, pix_fmt=pix_fmt, size_wh=size_wh)
    source = open_source(path)
    frames = list(source)
    assert numbers(frames) == list(range(20))
    assert frames[0].size_wh == size_wh
    assert np.abs(frames[0].image[8, 8].astype(int) - media.red).max() < 20
    assert source.failures == []
    assert source.frame_count == 20


def test_an_animated_gif_is_a_video(media: "Media", tmp_path: Path) -> None:
    path = media.video(tmp_path / "a.gif", frames=5, rate=10, codec="gif", pix_fmt="rgb8")
    source = open_source(path)
    assert source.is_video
    assert [frame.time_s for frame in source] == [0.0, 0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize(
    ("name", "movflags", "message"),
    [
        pytest.param("a.mp4", FASTSTART, r"of 90 announced frames", id="index in front"),
        pytest.param("a.mp4", "frag_keyframe+empty_moov", "of about ", id="fragments"),
        pytest.param("a.mkv", "", "of about 90 announced frames", id="matroska"),
    ],
)
def test_a_video_cut_in_half(
    media: "Media", tmp_path: Path, name: str, movflags: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = media.cut(media.video(tmp_path / name, frames=90, movflags=movflags), 0.6)
    source = open_source(path)
    with caplog.at_level(logging.WARNING):
        frames = list(source)
    assert 0 < len(frames) < 80
    (failure,) = source.failures
    assert isinstance(failure, TruncatedMediaError)
    assert f"ended early: {len(frames)} {message}" in str(failure) or movflags.startswith("frag")
    assert "the results cover the first" in str(failure)
    assert str(failure) in caplog.text
    last = frames[-1].time_s
    assert last is not None
    assert f"first {last + 1 / 30:.1f} s" in str(failure)


def test_stopping_before_the_cut_is_no_failure(media: "Media", tmp_path: Path) -> None:
    path = media.cut(media.video(tmp_path / "a.mp4", frames=90, movflags=FASTSTART), 0.6)
    source = open_source(path, end_s=0.2)
    assert len(list(source)) == 6
    assert source.failures == []


def test_an_index_at_the_end_that_was_cut_off(media: "Media", tmp_path: Path) -> None:
    path = media.cut(media.video(tmp_path / "a.mp4"), 0.6)
    with pytest.raises(MediaError, match=r"cannot decode '.*a.mp4': its index \(moov\) is missing.*copy it again"):
        open_source(path)


def test_a_damaged_middle(media: "Media", tmp_path: Path) -> None:
    path = media.video(tmp_path / "a.mp4", frames=90, movflags=FASTSTART)
    data = bytearray(path.read_bytes())
    half = len(data) // 2
    data[half : half + 300] = b"\xaa" * 300
    path.write_bytes(data)
    source = open_source(path)
    frames = list(source)
    assert 30 < len(frames) < 90
    (failure,) = source.failures
    assert "is damaged" in str(failure)
    times = [frame.time_s for frame in frames if frame.time_s is not None]
    assert len(times) == len(frames)
    assert np.all(np.diff(times) > 0)


def test_what_is_no_video(media: "Media", tmp_path: Path) -> None:
    sound = media.sound(tmp_path / "sound.mp4")
    with pytest.raises(MediaError, match=r"cannot decode '.*': no video stream \(found audio only\)"):
        open_source(sound)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(MediaError, match=r"has 0 bytes"):
        open_source(tmp_path / "empty.mp4")
    (tmp_path / "text.mp4").write_text("text " * 100)
    with pytest.raises(MediaError, match=r"not a video that FFmpeg knows"):
        open_source(tmp_path / "text.mp4")
    with pytest.raises(MediaError, match=r"no file .*soud.mp4'; did you mean '.*sound.mp4'"):
        open_source(tmp_path / "soud.mp4")


def test_a_playlist_in_a_videos_clothes_opens_nothing_else(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "run.mp4"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/{clip.name}\n#EXT-X-ENDLIST\n")
    with pytest.raises(MediaError, match=r"cannot decode"):
        list(open_source(path))


def test_the_pixel_limit(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gonio.io.images.MAX_PIXELS", 1000)
    with pytest.raises(MediaError, match=r"64 x 48 px, over the limit of 1,000 px"):
        open_source(clip)


def test_awkward_names(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "run: 50%d #1?.mp4"
    path.write_bytes(clip.read_bytes())
    assert len(list(open_source(path))) == 30


def test_leaving_early_closes_file_and_thread(clip: Path) -> None:
    source = open_source(clip)
    for frame in source:
        if frame.index == 3:
            break
    assert [thread.name for thread in threading.enumerate() if thread.name == "gonio-prefetch"] == []


def test_decoding_is_timed(clip: Path) -> None:
    """One entry a frame, and one for the flush at the end."""
    with record_stages() as times:
        list(open_source(clip))
    assert len(times["decode"]) == 31
