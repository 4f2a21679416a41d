import logging
import threading
import time
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from gonio.errors import MediaError
from gonio.io.sources import open_source
from gonio.io.sources.base import Selection
from gonio.io.sources.stream import StreamSource
from gonio.structures.frame import Frame

if TYPE_CHECKING:
    from tests.unit.io.conftest import Answer, Web

EVERY = Selection()


def mjpeg(connections: list[int]) -> "Answer":
    """A camera's MJPEG stream whose n-th connection sends so many pictures, and then breaks off; then 503."""
    shade = iter(range(0, 250, 10))
    left = iter(connections)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        count = next(left, None)
        if count is None:
            handler.send_error(503)
            return
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace;boundary=frame")
        handler.end_headers()
        handler.wfile.write(b"--frame\r\n")
        for _ in range(count):
            file = BytesIO()
            Image.fromarray(np.full((16, 16, 3), next(shade), np.uint8)).save(file, "JPEG")
            part = f"Content-Type: image/jpeg\r\nContent-Length: {file.tell()}\r\n\r\n"
            handler.wfile.write(part.encode() + file.getvalue() + b"\r\n--frame\r\n")

    return answer


def test_a_broken_stream_is_taken_up_again(web: "Web", caplog: pytest.LogCaptureFixture) -> None:
    web.answers["/live"] = mjpeg([4, 3])
    source = StreamSource(web.url("/live"), EVERY, attempts=2, first_pause_s=0.01)
    frames: list[Frame] = []
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(MediaError, match=r"broke off after 7 frames and 2 attempts to take it up again failed \(.*5XX"),
    ):
        frames.extend(source)
    assert [frame.index for frame in frames] == list(range(7))
    assert [round(frame.image.mean() / 10) for frame in frames] == list(range(7))
    times = [frame.time_s for frame in frames if frame.time_s is not None]
    assert times[0] == 0.0
    assert np.all(np.diff(times) > 0)
    assert times[4] - times[3] >= 0.01  # the pause shows
    assert "trying again in 0.0 s" in caplog.text
    assert (source.is_live, source.is_video, source.frame_count) == (True, True, None)


def test_pauses_double_up_to_a_limit(monkeypatch: pytest.MonkeyPatch, web: "Web") -> None:
    web.answers["/live"] = mjpeg([3])
    source = StreamSource(web.url("/live"), EVERY, attempts=6)
    pauses: list[float] = []

    class Recording(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout or 0.0)
            return False

    monkeypatch.setattr(source, "_stopped", Recording())
    with pytest.raises(MediaError, match="6 attempts"):
        list(source)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


def test_open_source_knows_a_stream_by_its_content_type(web: "Web") -> None:
    web.answers["/live"] = mjpeg([0, 5])  # the first connection only asks what it is
    source = open_source(web.url("/live"), prefetch=0)
    assert source.is_live
    reader = iter(source)
    assert [next(reader).index for _ in range(3)] == [0, 1, 2]
    del reader


def test_selection(web: "Web") -> None:
    web.answers["/live"] = mjpeg([6])
    source = StreamSource(web.url("/live"), Selection(stride=3), attempts=1, first_pause_s=0.0)
    frames: list[Frame] = []
    with pytest.raises(MediaError, match="1 attempts"):
        frames.extend(source)
    assert [frame.index for frame in frames] == [0, 3]


def test_the_end_time_ends_a_live_stream(web: "Web") -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace;boundary=frame")
        handler.end_headers()
        file = BytesIO()
        Image.new("RGB", (16, 16)).save(file, "JPEG")
        part = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {file.tell()}\r\n\r\n".encode()
        while True:
            handler.wfile.write(part + file.getvalue() + b"\r\n")
            time.sleep(0.005)

    web.answers["/live"] = endless
    times = [frame.time_s for frame in StreamSource(web.url("/live"), Selection(end_s=0.1), prefetch=2)]
    assert times
    assert all(moment is not None and moment < 0.1 for moment in times)
    assert [thread for thread in threading.enumerate() if thread.name == "gonio-prefetch"] == []


def test_stopping_wakes_a_stream_from_its_pause(web: "Web", monkeypatch: pytest.MonkeyPatch) -> None:
    web.answers["/live"] = mjpeg([3])
    source = StreamSource(web.url("/live"), EVERY, prefetch=4)
    pausing, woken = threading.Event(), []

    class Watched(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pausing.set()
            woken.append(super().wait(10.0))
            return woken[-1]

    monkeypatch.setattr(source, "_stopped", Watched())
    reader = iter(source)
    next(reader)
    assert pausing.wait(10.0)
    reader.close()
    assert woken == [True]  # by the reader, not by the clock


@pytest.mark.parametrize("scheme", ["rtsp", "rtmp", "tcp"])
def test_nobody_there(scheme: str) -> None:
    source = open_source(f"{scheme}://me:secret@127.0.0.1:1/live")
    with pytest.raises(
        MediaError, match=rf"cannot open stream '{scheme}://\*\*\*@127.0.0.1:1/live'.*check the address"
    ):
        list(source)
