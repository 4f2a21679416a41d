"""``gonio models pull``, ``bundle``, ``remove``, ``show`` as a person uses them, with a web server on this machine."""

import hashlib
import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gonio.models.registry import WEIGHTS_FOLDER, find_card, zoo_models

if TYPE_CHECKING:
    from tests.e2e.conftest import Check, CommandServer, Gonio, Result

WEIGHTS = WEIGHTS_FOLDER / find_card("multipose")[0].weights.file


class Server:
    """Gives its files, resumed if asked; ``stall`` bytes of one, and then no more."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.stall: dict[str, int] = {}
        self.asked: list[str | None] = []
        self.closing = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.headers.get("Range"))
                content = server.files.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
                start = int(asked[1]) if asked else 0
                self.send_response(206 if asked else 200)
                if asked:
                    self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
                self.send_header("Content-Length", str(len(content) - start))
                self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()[:8]}"')
                self.end_headers()
                stall = server.stall.pop(self.path, None)
                self.wfile.write(content[start:stall])
                if stall is not None:
                    self.wfile.flush()
                    server.closing.wait(20)

            def log_request(self, *args: object) -> None:
                pass

            def log_error(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.close()


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gonio home")


def variables(home: Path) -> dict[str, str]:
    """No proxy of this machine's between us and the server."""
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return {"GONIO_HOME": str(home), "no_proxy": "*", "NO_PROXY": "*"} | dict.fromkeys(names, "")


@pytest.fixture
def run(
    gonio: "Gonio",
    command_server: "CommandServer | None",
    environment: dict[str, str],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., "Result"]:
    """The command, with its models in ``home`` or ``at`` another place."""

    def run(*arguments: str | Path, at: Path = home) -> "Result":
        if command_server is None:
            return gonio(*arguments, env=variables(at))
        monkeypatch.setattr(command_server, "environment", environment | variables(at))
        return gonio(*arguments)

    return run


@pytest.fixture
def mine(home: Path, server: Server) -> str:
    """A model of the user's whose weights are to be pulled, and whose digest nobody states."""
    facts: dict[str, Any] = find_card("multipose")[0].model_dump(mode="json", exclude_none=True)
    facts |= {"name": "mine", "weights": {"file": "mine.onnx", "sha256": None, "urls": [f"{server.url}/mine.onnx"]}}
    facts["input"]["longer_side"] = 64
    (home / "cards").mkdir()
    (home / "cards" / "mine.json").write_text(json.dumps(facts))
    server.files["/mine.onnx"] = WEIGHTS.read_bytes()
    return "mine"


def test_nothing_is_downloaded_unasked(
    run: Callable[..., "Result"], check: "Check", mine: str, server: Server, astronaut: Path
) -> None:
    check.refused(
        run("predict", astronaut, "--model", mine),
        "the weights of model 'mine' are not on this machine; 'gonio models pull mine' downloads them (from 127.0.0.1",
    )
    check.refused(run("predict", astronaut, "--model", "rtmpose-m"), "'gonio models pull rtmpose-m' downloads them")
    assert server.asked == []


def test_a_card_that_calls_itself_like_a_model_of_the_shelf(
    run: Callable[..., "Result"], check: "Check", home: Path, server: Server, tmp_path: Path
) -> None:
    """It would plant its weights, or have those of the real one removed."""
    facts = find_card("vitpose-b")[0].model_dump(mode="json", exclude_none=True)
    facts["weights"] = {"file": "vitpose-b.onnx", "sha256": None, "urls": [f"{server.url}/mine.onnx"]}
    (tmp_path / "v.json").write_text(json.dumps(facts))
    check.refused(run("models", "pull", tmp_path / "v.json"), "is a file and no name on the shelf")
    check.refused(run("models", "remove", tmp_path / "v.json"), "it is a file of yours")
    check.refused(
        run("models", "pull", "vitpose-b", "vitpose-s", "--mirror", f"{server.url}/b.onnx"), "end a folder in /"
    )
    assert server.asked == []
    assert not (home / "weights").exists()


def test_pull_use_remove(
    run: Callable[..., "Result"], mine: str, home: Path, server: Server, astronaut: Path, tmp_path: Path
) -> None:
    result = run("models", "pull", mine, "thunder")
    digest = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    path = home / "weights" / "mine" / "mine.onnx"
    assert (result.returncode, result.stdout) == (0, f"{path}\n")
    said = result.stderr.splitlines()
    assert re.fullmatch(r"mine: 7\.\d MB from 127\.0\.0\.1:\d+; Apache-2\.0 \(Google MoveNet\)", said[0])
    assert digest in said[1]
    assert said[2:] == ["thunder: ships with gonio, nothing to download"]

    assert run("predict", astronaut, "--model", mine, "--json", "out.json").returncode == 0
    assert json.loads((tmp_path / "out.json").read_text())["model"] == "mine"
    assert f"{digest} (of 20" in run("models", "show", mine).stdout
    assert run("models", "pull", mine).stderr.startswith("mine: is here, and right (7.")
    assert len(server.asked) == 1

    removed = run("models", "remove", mine)
    assert re.fullmatch(r"mine: removed, 7\.\d MB freed\n", removed.stderr)
    assert not path.exists()


def test_what_came_first_is_trusted(
    run: Callable[..., "Result"], check: "Check", mine: str, server: Server, home: Path
) -> None:
    assert run("models", "pull", mine).returncode == 0
    another = (WEIGHTS_FOLDER / "movenet-lightning.onnx").read_bytes()
    server.files["/mine.onnx"] = another
    (home / "weights" / "mine" / "mine.onnx").unlink()
    check.refused(
        run("models", "pull", mine), "the file that came first, on 20", "'gonio models pull mine --accept-new'"
    )
    accepted = run("models", "pull", mine, "--accept-new")
    assert hashlib.sha256(another).hexdigest() in accepted.stderr
    server.files["/mine.onnx"] = b"no model at all"
    check.refused(run("models", "pull", mine, "--accept-new"), "sent something that is no ONNX model")


def test_refusals(run: Callable[..., "Result"], check: "Check", mine: str, server: Server, home: Path) -> None:
    server.files.clear()
    check.refused(run("models", "pull", mine), "127.0.0.1", "has no such file (404); try again later, or give another")
    check.refused(run("models", "pull", "rtmpose-q"), "no model named 'rtmpose-q'; did you mean 'rtmpose-")
    check.refused(run("models", "pull", mine, "--mirror", "ftp://a/b"), "begins with https:// or http://")
    check.refused(run("models", "remove", "thunder"), "model 'thunder' ships with gonio; only pulled and added models")
    check.refused(run("models", "bundle", mine), "'gonio models pull mine' downloads them")
    check.refused(run("models", "unbundle", "absent.zip"), "cannot read 'absent.zip': no such file")


def test_a_mirror(run: Callable[..., "Result"], mine: str, server: Server) -> None:
    server.files = {"/copies/mine.onnx": WEIGHTS.read_bytes()}
    assert run("models", "pull", mine, "--mirror", f"{server.url}/copies/").returncode == 0


def test_a_machine_without_network(
    run: Callable[..., "Result"],
    mine: str,
    server: Server,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    astronaut: Path,
) -> None:
    run("models", "pull", mine)
    written = run("models", "bundle", mine, "thunder", "--out", "models.zip")
    assert re.fullmatch(
        r"written: models\.zip \(7\.\d MB\); on the other machine: gonio models unbundle models\.zip\n", written.stderr
    )
    asked, elsewhere = len(server.asked), tmp_path_factory.mktemp("elsewhere")
    unpacked = run("models", "unbundle", "models.zip", at=elsewhere)
    assert re.fullmatch(r"mine: 7\.\d MB, sha256 [0-9a-f]{12}…, with its card\n", unpacked.stderr)
    assert run("predict", astronaut, "--model", mine, "--json", "out.json", at=elsewhere).returncode == 0
    (line,) = [line for line in run("models", at=elsewhere).stdout.splitlines() if line.startswith("mine ")]
    assert " added " in line
    assert len(server.asked) == asked


def test_ctrl_c_and_on(
    run: Callable[..., "Result"], mine: str, home: Path, server: Server, command: str, environment: dict[str, str]
) -> None:
    server.stall["/mine.onnx"] = 1_000_000
    process = subprocess.Popen(
        [command, "models", "pull", mine],
        env=environment | variables(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a shell's background ignores it
    )
    part = home / "weights" / "mine" / ".mine.onnx.part"
    patient_until = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size >= 262_144) and time.monotonic() < patient_until:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    have = part.stat().st_size
    assert have >= 262_144
    assert run("models", "pull", mine).returncode == 0
    assert server.asked == [None, f"bytes={have}-"]
    assert [path.name for path in part.parent.iterdir()] == ["mine.onnx"]


def test_two_at_once(mine: str, home: Path, server: Server, command: str, environment: dict[str, str]) -> None:
    processes = [
        subprocess.Popen(
            [command, "models", "pull", mine],
            env=environment | variables(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    assert len(server.asked) == 1
    assert [path.name for path in (home / "weights" / "mine").iterdir()] == ["mine.onnx"]


def test_the_list_at_80_columns(run: Callable[..., "Result"]) -> None:
    lines = run("models").stdout.splitlines()
    for card in zoo_models():
        (number,) = [number for number, line in enumerate(lines) if line.split()[0] == card.name]
        assert len(lines[number]) <= 80
        assert lines[number].split()[1] == card.task
        assert " to pull " in lines[number] or not card.weights.urls
        assert lines[number].endswith(" Apache-2.0")
        assert lines[number + 1].strip() == card.summary


def test_the_list_for_machines(run: Callable[..., "Result"]) -> None:
    cards = {card["name"]: card for card in json.loads(run("models", "--json").stdout)}
    thunder = WEIGHTS_FOLDER / find_card("thunder")[0].weights.file
    assert (cards["thunder"]["where"], cards["thunder"]["bytes"]) == ("shipped", thunder.stat().st_size)
    assert cards["rtmpose-m"]["where"] == "to pull"
    assert cards["rtmpose-m"]["weights"]["urls"][0].startswith("https://download.openmmlab.com/")


@pytest.mark.parametrize("name", ["rtmpose-m", "thunder", "rtmdet-m"])
def test_show(run: Callable[..., "Result"], name: str) -> None:
    card, said = find_card(name)[0], run("models", "show", name).stdout
    for text in (card.summary, card.licence.weights, card.licence.training_data, card.paper, card.task):
        assert text in said


def test_show_names_the_files_that_are_read(run: Callable[..., "Result"]) -> None:
    said = run("models", "show", "thunder-int8").stdout
    for name, sha256 in find_card("thunder-int8")[0].weights.reads.items():
        assert name in said
        assert sha256 in said


@pytest.mark.parametrize("verb", ["pull", "show", "remove", "bundle", "unbundle"])
def test_each_has_help_with_an_example(run: Callable[..., "Result"], verb: str) -> None:
    lines = run("models", verb, "--help").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.strip().startswith(f"Example: gonio models {verb} ") for line in lines)
