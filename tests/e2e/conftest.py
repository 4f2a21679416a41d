"""The real command as a child process, and the media that it is given."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import jsonschema
import pytest

from gonio.io.formats import schema
from gonio.models.registry import WEIGHTS_FOLDER, find_card

_SAMPLES = Path(__file__).resolve().parents[2] / "samples"

Result = subprocess.CompletedProcess[str]


class Gonio(Protocol):
    """Runs ``gonio ARGUMENTS`` in a folder of its own and waits for its end."""

    def __call__(
        self,
        *arguments: str | Path,
        prefix: Sequence[str] = (),
        env: dict[str, str] | None = None,
        stdin: int | None = None,
    ) -> Result: ...


@pytest.fixture(scope="session")
def command() -> str:
    """The installed command, beside this Python."""
    found = shutil.which("gonio", path=str(Path(sys.executable).parent))
    assert found, "the command gonio is not installed beside this Python"
    return found


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """One thread a network, because tests run side by side; lines of 80 columns; no debugging."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GONIO_")}
    return kept | {"GONIO_THREADS": "1", "COLUMNS": "80", "PYTHONUTF8": "1"}


class CommandServer:
    """Runs the command in processes that are forked from one which has loaded it; see command_server.py.

    A process like this has its own number, streams, folder, environment, signals and end, and differs from one that a
    shell starts only in that nothing is imported: a second and a half, two hundred times.
    """

    def __init__(self, command: str, environment: dict[str, str]) -> None:
        self.command, self.environment = command, environment
        self._requests, theirs = socket.socketpair()
        script = Path(__file__).with_name("command_server.py")
        self._process = subprocess.Popen(
            [sys.executable, "-P", script, str(theirs.fileno())],
            env=environment | {"OPENBLAS_NUM_THREADS": "1"},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        self._answers = self._requests.makefile("r")

    def run(self, arguments: Sequence[str], folder: Path, *, timeout: float = 120) -> Result:
        """As `subprocess.run` with ``capture_output``, its standard input empty."""
        argv = [self.command, *arguments]
        asked = {"argv": argv, "cwd": str(folder), "env": self.environment}
        (out, to_out), (err, to_err) = os.pipe(), os.pipe()
        empty = os.open(os.devnull, os.O_RDONLY)
        socket.send_fds(self._requests, [json.dumps(asked).encode() + b"\n"], [empty, to_out, to_err])
        for stream in (empty, to_out, to_err):
            os.close(stream)
        with ThreadPoolExecutor(2) as pool:
            said = [pool.submit(_read_all, stream) for stream in (out, err)]
            child = int(self._answers.readline())
            try:
                self._requests.settimeout(timeout)
                code = int(self._answers.readline())
            except TimeoutError:
                os.kill(child, signal.SIGKILL)
                raise
            self._requests.settimeout(None)
            return Result(argv, code, *(one.result() for one in said))

    def close(self) -> None:
        self._answers.close()
        self._requests.close()
        self._process.wait(timeout=10)


def _read_all(stream: int) -> str:
    with open(stream, encoding="utf-8") as file:
        return file.read()


@pytest.fixture(scope="session")
def command_server(command: str, environment: dict[str, str]) -> Iterator[CommandServer | None]:
    """None on Windows, which cannot fork."""
    if not hasattr(os, "fork"):
        yield None
        return
    server = CommandServer(command, environment)
    yield server
    server.close()


@pytest.fixture
def started_gonio(command: str, environment: dict[str, str], tmp_path: Path) -> Gonio:
    """The command as a shell starts it; every verb has a test with this one."""

    def run(
        *arguments: str | Path,
        prefix: Sequence[str] = (),
        env: dict[str, str] | None = None,
        stdin: int | None = None,
    ) -> Result:
        return subprocess.run(
            [*prefix, command, *map(str, arguments)],
            cwd=tmp_path,
            env=environment | (env or {}),
            stdin=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )

    return run


@pytest.fixture
def gonio(started_gonio: Gonio, command_server: CommandServer | None, tmp_path: Path) -> Gonio:
    """The same at a tenth of the cost, where nothing special is asked of how it is started."""

    def run(
        *arguments: str | Path,
        prefix: Sequence[str] = (),
        env: dict[str, str] | None = None,
        stdin: int | None = None,
    ) -> Result:
        if command_server is None or prefix or env or stdin is not None:
            return started_gonio(*arguments, prefix=prefix, env=env, stdin=stdin)
        return command_server.run([str(one) for one in arguments], tmp_path)

    return run


@pytest.fixture
def train_in_two(started_gonio: Gonio) -> Callable[[Path, str], Result]:
    """``gonio train`` in two processes of one machine."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]

    def run(recipe: Path, change: str) -> Result:
        return started_gonio("train", recipe, "--set", change, prefix=launcher, env={"OMP_NUM_THREADS": "1"})

    return run


@pytest.fixture(scope="session")
def astronaut() -> Path:
    """512 x 512 px, one person."""
    return _SAMPLES / "astronaut.jpg"


@pytest.fixture(scope="session")
def walk() -> Path:
    """90 frames of 1280 x 720 px, 30 a second, one or two people."""
    return _SAMPLES / "walk.mp4"


@pytest.fixture(scope="session")
def small_walk(walk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 30 frames of the walk in 320 x 180 px, a key frame every ten, index at the front."""
    return write_clip(tmp_path_factory.mktemp("media") / "small walk.mp4", read_pictures(walk, 30))


def read_pictures(path: Path, count: int, *, step: int = 1, size_wh: tuple[int, int] = (320, 180)) -> list[Any]:
    """``count`` frames of a video, every ``step``-th, scaled."""
    width, height = size_wh
    with av.open(str(path)) as container:
        frames = [frame for index, frame in enumerate(container.decode(video=0)) if index % step == 0]
    return [frame.reformat(width, height, "yuv420p") for frame in frames[:count]]


def write_clip(path: Path, pictures: Sequence[Any], *, faststart: bool = True, rate: int = 30) -> Path:
    """H.264 in MP4 at a constant rate, by PyAV and not by Gonio."""
    options = {"movflags": "+faststart"} if faststart else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = pictures[0].width, pictures[0].height
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = 10
        for index, picture in enumerate(pictures):
            picture.pts, picture.time_base, picture.pict_type = index, Fraction(1, rate), 0
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


class Media:
    """Makes clips."""

    pictures = staticmethod(read_pictures)
    clip = staticmethod(write_clip)


@pytest.fixture(scope="session")
def media() -> Media:
    return Media()


@pytest.fixture(scope="session")
def quick_card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card of the one-stage model at 64 px: a tenth of the time, for tests that look at no pose."""
    card = find_card("multipose")[0]
    facts = card.model_dump(mode="json", exclude_none=True)
    facts["name"] = "quick"
    facts["input"]["longer_side"] = 64
    folder = tmp_path_factory.mktemp("card")
    (folder / card.weights.file).symlink_to(WEIGHTS_FOLDER / card.weights.file)
    path = folder / "quick.json"
    path.write_text(json.dumps(facts))
    return path


class Check:
    """What several tests look at."""

    @staticmethod
    def refused(result: Result, *fragments: str) -> None:
        """Exit 1 with exactly one sentence on stderr that holds these words, and nothing on stdout."""
        lines = result.stderr.splitlines()
        assert len(lines) == 1, result.stderr
        assert lines[0].startswith("error: ")
        for fragment in fragments:
            assert fragment in lines[0]
        assert (result.returncode, result.stdout) == (1, "")

    @staticmethod
    def document(path: Path) -> dict[str, Any]:
        """A JSON document that keeps to the published schema."""
        return Check.document_text(path.read_text("utf-8"))

    @staticmethod
    def document_text(text: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(text)
        jsonschema.validate(document, schema())
        return document

    @staticmethod
    def video_times(path: Path) -> list[float]:
        """Presentation times in s of every frame that PyAV decodes, from the first one on; H.264 only."""
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert stream.codec_context.name == "h264"
            times = [frame.time for frame in container.decode(stream)]
        return [time - times[0] for time in times]

    @staticmethod
    def names(folder: Path) -> list[str]:
        """Every file in a folder, hidden ones too: no temporary file may stay behind."""
        return sorted(file.name for file in folder.iterdir())


@pytest.fixture(scope="session")
def check() -> Check:
    return Check()
