import gc
import tempfile
import time
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from gonio.errors import ConfigError, MediaError, TruncatedMediaError
from gonio.io.sources import open_source
from gonio.io.sources import web as web_module

if TYPE_CHECKING:
    from tests.unit.io.conftest import Web

GREY = np.full((4, 6, 3), 9, np.uint8)


def png() -> bytes:
    file = BytesIO()
    Image.fromarray(GREY).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that temporary files go to."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("path", "content_type"),
    [("/a", "image/png"), ("/a.png?size=2", "application/octet-stream")],
    ids=["by content type", "by suffix"],
)
def test_a_picture(web: "Web", path: str, content_type: str) -> None:
    url = web.serve(path, png(), content_type)
    (frame,) = open_source(url)
    np.testing.assert_array_equal(frame.image, GREY)
    assert frame.source == url


@pytest.mark.parametrize(
    ("path", "content_type"),
    [("/run", "video/mp4"), ("/run.mp4", "application/octet-stream")],
    ids=["by content type", "by suffix"],
)
def test_a_video(web: "Web", clip: Path, downloads: Path, path: str, content_type: str) -> None:
    url = web.serve(path, clip.read_bytes(), content_type)
    source = open_source(url, start_s=0.5)
    frames = list(source)
    assert [frame.index for frame in frames] == list(range(15, 30))
    assert {frame.source for frame in frames} == {url}
    assert len(list(downloads.iterdir())) == 1
    del source
    gc.collect()
    assert list(downloads.iterdir()) == []


def test_a_download_that_breaks_off(web: "Web", clip: Path, downloads: Path) -> None:
    data = clip.read_bytes()
    url = web.serve("/run.mp4", data[: len(data) // 2], "video/mp4", length=len(data))
    with pytest.raises(TruncatedMediaError, match=rf"ended early: {len(data) // 2:,} of {len(data):,} bytes came; try"):
        open_source(url)
    url = web.serve("/a.png", png()[:20], "image/png", length=len(png()))
    with pytest.raises(TruncatedMediaError, match=r"ended early: 20 of"):
        open_source(url)
    assert list(downloads.iterdir()) == []


def test_what_is_no_video_leaves_no_file(web: "Web", downloads: Path) -> None:
    with pytest.raises(MediaError, match=r"cannot decode 'http.*run.mp4'"):
        open_source(web.serve("/run.mp4", b"text", "video/mp4"))
    gc.collect()
    assert list(downloads.iterdir()) == []


def test_a_web_page(web: "Web") -> None:
    with pytest.raises(MediaError, match=r"holds text/html, not a picture or a video; give the address of the file"):
        open_source(web.serve("/page", b"<html>", "text/html"))


def test_a_missing_page(web: "Web") -> None:
    with pytest.raises(MediaError, match=r"the server answered 404 \(Not Found\); check the address"):
        open_source(web.url("/nothing.png"))


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/a.png", "data:image/png,x"])
def test_redirects_stay_on_the_web(web: "Web", target: str) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    web.answers["/a.png"] = answer
    with pytest.raises(MediaError, match=r"cannot fetch 'http"):
        open_source(web.url("/a.png"))


def test_a_redirect_to_the_picture(web: "Web") -> None:
    url = web.serve("/real.png", png(), "image/png")

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(301)
        handler.send_header("Location", url)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    web.answers["/a"] = answer
    assert len(list(open_source(web.url("/a")))) == 1


def test_a_silent_server(web: "Web", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_module, "TIMEOUT_S", 0.1)
    web.answers["/a.png"] = lambda handler: time.sleep(0.4)
    with pytest.raises(MediaError, match=r"no answer within 0.1 s|timed out"):
        open_source(web.url("/a.png"))


def test_nobody_there() -> None:
    with pytest.raises(MediaError, match=r"cannot fetch 'http://127.0.0.1:1/a.png': .*refused"):
        open_source("http://127.0.0.1:1/a.png")


def test_size_limits(web: "Web", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_module, "MAX_IMAGE_BYTES", 10)
    with pytest.raises(MediaError, match=r"bytes or more, over the limit of 10; download it"):
        open_source(web.serve("/a.png", png(), "image/png"))

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "image/png")
        handler.end_headers()
        handler.wfile.write(png())

    web.answers["/b.png"] = endless  # no length announced
    with pytest.raises(MediaError, match=r"over the limit of 10"):
        open_source(web.url("/b.png"))


def test_a_still_on_the_web_has_no_time(web: "Web") -> None:
    with pytest.raises(ConfigError, match="leave out start and end"):
        open_source(web.serve("/a.png", png(), "image/png"), start_s=1.0)


def test_an_empty_answer_and_a_broken_address(web: "Web") -> None:
    with pytest.raises(MediaError, match="has 0 bytes"):
        open_source(web.serve("/a.png", b"", "image/png"))
    with pytest.raises(MediaError, match=r"cannot fetch 'http://\[x'"):
        open_source("http://[x")


def test_passwords_are_not_shown() -> None:
    with pytest.raises(MediaError) as caught:
        open_source("http://me:secret@127.0.0.1:1/a.png")
    assert "secret" not in str(caught.value)
