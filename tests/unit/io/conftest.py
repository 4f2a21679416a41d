"""Tiny media made on the spot, and a web server on the loopback."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from gonio.arrays import ImageArray

RED = (250, 10, 10)
Answer = Callable[[BaseHTTPRequestHandler], None]


def picture(size_wh: tuple[int, int] = (64, 48), shade: int = 0) -> ImageArray:
    """Red top-left quarter, black top right, bottom half of the given shade."""
    width, height = size_wh
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = RED
    image[height // 2 :] = shade
    return image


def write_video(
    path: Path,
    *,
    frames: int = 30,
    rate: int = 30,
    codec: str = "libx264",
    size_wh: tuple[int, int] = (64, 48),
    pix_fmt: str = "yuv420p",
    pts_ms: Sequence[int] | None = None,
    rotation: tuple[float, bool] | None = None,
    movflags: str = "",
) -> Path:
    """A video whose frame ``i`` has the bottom shade ``7 i``; B-frames and a key frame every ten."""
    time_base = Fraction(1, 1000) if pts_ms is not None else Fraction(1, rate)
    with av.open(str(path), "w", options={"movflags": movflags} if movflags else {}) as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size_wh
        stream.pix_fmt = pix_fmt
        stream.bit_rate = 2_000_000  # plenty, so that shades survive
        stream.codec_context.time_base = time_base
        stream.codec_context.gop_size = 10
        if rotation is not None:
            stream.set_display_rotation(rotation[0], hflip=rotation[1])
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(size_wh, index * 7 % 256))
            frame.pts = index if pts_ms is None else pts_ms[index]
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_sound(path: Path) -> Path:
    """A tenth of a second of silence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4410), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def cut(path: Path, part: float) -> Path:
    """Keep only the first part of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    return path


class Media:
    """Makes tiny media."""

    red = RED
    picture = staticmethod(picture)
    video = staticmethod(write_video)
    sound = staticmethod(write_sound)
    cut = staticmethod(cut)


@pytest.fixture(scope="session")
def media() -> Media:
    return Media()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second at 30 frames a second, 64 x 48."""
    return write_video(tmp_path_factory.mktemp("media") / "clip.mp4")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve pictures whose shade is their number, and things that are none."""
    for index in range(12):
        Image.fromarray(picture(shade=index)).save(tmp_path / f"run{index}.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / ".hidden.png").write_bytes(b"nothing")
    (tmp_path / "deeper.png").mkdir()
    return tmp_path


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, answers: dict[str, Answer], *args: object) -> None:
        self._answers = answers
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        answer = self._answers.get(self.path)
        if answer is None:
            self.send_error(404)
            return
        with suppress(BrokenPipeError, ConnectionResetError):  # the client has seen enough
            answer(self)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Web:
    """A web server: ``web.answers["/path"]`` holds what it does, ``web.url("/path")`` leads there."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self.answers))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def serve(self, path: str, data: bytes, content_type: str, *, length: int | None = None) -> str:
        """Answer ``path`` with bytes; ``length`` announces another size than they have."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Type", content_type)
            handler.send_header("Content-Length", str(len(data) if length is None else length))
            handler.end_headers()
            handler.wfile.write(data)

        self.answers[path] = answer
        return self.url(path)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()
