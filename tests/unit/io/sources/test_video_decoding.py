from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonio.io.sources.decoding import Clock, VideoHeader, mp4_is_cut


def stamped(pts: int | None, base: Fraction = Fraction(1, 1000)) -> av.VideoFrame:
    frame = av.VideoFrame(16, 16, "rgb24")
    frame.pts = pts
    frame.time_base = base
    return frame


def times(stamps: list[int | None], frame_s: float | None = 0.04) -> list[float]:
    clock = Clock(frame_s, "x")
    return [clock.time_s(stamped(stamp)) for stamp in stamps]


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        pytest.param([500, 533, 700], [0.0, 0.033, 0.2], id="from the first frame"),
        pytest.param([0, None, None, 200], [0.0, 0.04, 0.08, 0.2], id="missing in the middle"),
        pytest.param([None, None, 900, 940], [0.0, 0.04, 0.08, 0.12], id="missing at the start"),
        pytest.param([0, 40, 40, 120], [0.0, 0.04, 0.08, 0.12], id="twice the same"),
        pytest.param([0, 5000, 0, 40], [0.0, 5.0, 5.04, 5.08], id="two recordings joined"),
    ],
)
def test_times(stamps: list[int | None], expected: list[float], caplog: pytest.LogCaptureFixture) -> None:
    np.testing.assert_allclose(times(stamps), expected, atol=1e-12)
    assert caplog.text.count("time stamp") == (expected != [0.0, 0.033, 0.2])


@given(stamps=st.lists(st.none() | st.integers(-(10**6), 10**6), min_size=1, max_size=30))
def test_times_only_grow(stamps: list[int | None]) -> None:
    result = times(stamps)
    assert result[0] == 0.0
    assert np.all(np.diff(result) > 0)


@pytest.mark.parametrize(
    ("header", "frames", "covered_s", "early"),
    [
        pytest.param(VideoHeader(30, 90, 3.0), 40, 40 / 30, True, id="cut"),
        pytest.param(VideoHeader(30, 90, 3.0), 89, 89 / 30, True, id="last frame"),
        pytest.param(VideoHeader(30, 90, 3.0), 90, 3.0, False, id="whole"),
        pytest.param(VideoHeader(30, 90, 2.0), 60, 2.0, False, id="edit list hides frames"),
        pytest.param(VideoHeader(30, None, 3.0), 89, 2.97, False, id="duration rounded"),
        pytest.param(VideoHeader(30, None, 3.0), 80, 2.7, True, id="no count, short"),
        pytest.param(VideoHeader(30, None, None), 3, 0.1, False, id="nothing announced"),
        pytest.param(VideoHeader(None, 90, None), 80, 2.7, True, id="count only"),
    ],
)
def test_ended_early(header: VideoHeader, frames: int, covered_s: float, early: bool) -> None:
    assert header.ended_early(frames, covered_s) is early


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"\0\0\0\x0cftypisom\0\0\0\x08mdat", False, id="whole"),
        pytest.param(b"\0\0\0\x0cftypisom\0\0\0\x18mdat123", True, id="last box cut"),
        pytest.param(b"\0\0\0\x0cftypisom\0\0\0", True, id="cut in a box's size"),
        pytest.param(b"\0\0\0\x0cftypisom\0\0\0\0mdat123", False, id="to the end of the file"),
        pytest.param(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x14abcd", False, id="large size"),
        pytest.param(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x15abcd", True, id="large size, cut"),
    ],
)
def test_cut_boxes(tmp_path: Path, data: bytes, expected: bool) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    assert mp4_is_cut(path) is expected
