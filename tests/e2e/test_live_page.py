"""The live page over real HTTP on the loopback address, with drawn frames at the pace of a slow camera."""

import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
import pytest
from scripts.chromium import Page, find_chromium

from gonio.analysis.options import AnalysisOptions
from gonio.errors import ConfigError, MediaError
from gonio.io.sources.base import FrameSource
from gonio.live import serving
from gonio.live import session as session_module
from gonio.live.serving import serve_live
from gonio.models.model import PoseModel
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

FAILURE = "camera 0 stopped after 12 frames; check its cable"
MODEL = cast("PoseModel", SimpleNamespace(card=SimpleNamespace(calibration=None)))


class SlowCamera(FrameSource):
    """Gives frames until it is told to end or to fail."""

    def __init__(self) -> None:
        super().__init__("camera:0", is_video=True, is_live=True)
        self.end, self.fail, self.released = threading.Event(), threading.Event(), threading.Event()

    def _frames(self) -> Generator[Frame, None, None]:
        try:
            index = 0
            while not self.end.is_set():
                if self.fail.is_set():
                    raise MediaError(FAILURE)
                image = np.full((120, 160, 3), 40 + index % 100, np.uint8)
                yield Frame(image, index=index, time_s=index / 20, source=self.name)
                index += 1
                time.sleep(0.005)
        finally:
            self.released.set()


def squatting(frame: Frame) -> Poses:
    """Everyone in the frame, as a follower finds them: one person whose hips go up and down every 2 s."""
    down = 20 - 20 * np.cos(np.pi * (frame.time_s or 0.0))
    ys = [10, 9, 9, 10, 10, 20, 20, 30, 30, 38, 38, 50, 50, 75, 75, 100, 100]
    points = np.array(
        [(80 + (3 if k % 2 else -3), y + (down if y < 70 else down / 2 if y < 90 else 0)) for k, y in enumerate(ys)]
    )
    return Poses(
        points[None].astype(np.float32),
        np.full((1, 17), 0.95, np.float32),
        np.array([[70, 5, 90, 105]], np.float32),
        np.array([0.9], np.float32),
        load_skeleton("coco17"),
        np.array([1], np.int64),
        frame.index,
        frame.time_s,
    )


class Running:
    """``serve_live`` in a thread, and ways to ask it."""

    def __init__(self) -> None:
        self.camera = SlowCamera()
        self.said: list[str] = []
        self.error: BaseException | None = None
        self._told = threading.Event()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        assert self._told.wait(10)
        found = re.search(r"http://127\.0\.0\.1:(\d+)/([\w-]{20,})/", " ".join(self.said))
        assert found
        self.port, self.token = int(found[1]), found[2]

    def _serve(self) -> None:
        try:
            serve_live(self.camera, MODEL, activity="squat", options=AnalysisOptions(), say=self._say)
        except MediaError as error:
            self.error = error

    def _say(self, message: str) -> None:
        self.said.append(message)
        self._told.set()

    def ask(
        self, place: str, *, method: str = "GET", token: str | None = None, headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, f"/{self.token if token is None else token}/{place}", headers=headers or {})
        return connection.getresponse()

    def status(self) -> dict[str, Any]:
        with self.ask("status") as answer:
            status: dict[str, Any] = json.loads(answer.read())
        return status

    def wait_for(self, key: str, least: float) -> dict[str, Any]:
        end_s = time.monotonic() + 20
        while time.monotonic() < end_s:
            status = self.status()
            if status[key] is not None and status[key] >= least:
                return status
            time.sleep(0.05)
        pytest.fail(f"{key} did not become {least}: {status}")

    def stop(self) -> None:
        self.camera.end.set()
        self.thread.join(timeout=10)
        assert not self.thread.is_alive()


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(session_module, "Follower", lambda model: squatting)
    running = Running()
    yield running
    running.stop()


def test_the_page_and_its_parts_are_served_and_ask_for_nothing_else(live: Running) -> None:
    with live.ask("") as answer:
        page, headers = answer.read().decode(), answer.headers
    assert answer.status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Access-Control-Allow-Origin"] is None
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    parts = [page]
    for name, kind in (("live.css", "text/css"), ("live.js", "text/javascript")):
        assert f'"{name}"' in page
        with live.ask(name) as answer:
            assert answer.headers["Content-Type"].startswith(kind)
            parts.append(answer.read().decode())
    addresses = set(re.findall(r"https?://[\w.]+", "".join(parts)))
    assert addresses == {"http://www.w3.org"}  # the name of SVG, which nobody fetches


def test_the_film_is_jpeg_pictures_of_the_camera(live: Running) -> None:
    answer = live.ask("film")
    assert answer.headers["Content-Type"].startswith("multipart/x-mixed-replace; boundary=")
    pictures = []
    for _ in range(3):
        while not (line := answer.readline()).startswith(b"Content-Length"):
            assert line
        answer.readline()
        pictures.append(answer.read(int(line.split()[1])))
    answer.close()
    decoded = [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in pictures]
    assert all(image is not None and image.shape == (120, 160, 3) for image in decoded)
    assert len(set(pictures)) == 3
    assert max(np.asarray(image).max() for image in decoded) > 180  # the skeleton, on dark frames


def test_status_counts_and_reset_counts_anew(live: Running) -> None:
    status = live.wait_for("count", 2)
    assert status["title"] == "Squat"
    assert status["person"] is True
    assert status["ended"] is None
    assert status["fps"] > 0
    assert status["signal"]["unit"] == "%"
    with live.ask("reset", method="POST") as answer:
        assert answer.status == 200
    time.sleep(0.3)
    assert live.status()["count"] < 2


def test_events_tell_the_same(live: Running) -> None:
    answer = live.ask("events")
    assert answer.headers["Content-Type"] == "text/event-stream"
    frames = [json.loads(line[6:])["frame"] for line in (answer.readline() for _ in range(8)) if line.strip()]
    answer.close()
    assert frames == sorted(frames)
    assert len(set(frames)) > 1


@pytest.mark.parametrize("place", ["", "film", "status", "events", "live.js"])
@pytest.mark.parametrize("token", ["", "wrong", "%C3%A9"])
def test_nobody_without_the_token(live: Running, place: str, token: str) -> None:
    with live.ask(place, token=token) as answer:
        assert answer.status == 403
        assert live.token not in answer.read().decode()


def test_no_reset_without_the_token(live: Running) -> None:
    live.wait_for("count", 1)
    wrong = live.token[::-1]
    with live.ask("reset", method="POST", token=wrong) as answer:
        assert answer.status == 403
    with live.ask("reset", method="POST", headers={"Origin": "http://elsewhere.example"}) as answer:
        assert answer.status == 403
    with live.ask("reset") as answer:
        assert answer.status == 404
    assert live.status()["count"] >= 1


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1", "127.0.0.1:1"])
def test_no_other_name_for_this_machine(live: Running, host: str) -> None:
    """A page whose name was made to point here has its own name in the Host header."""
    with live.ask("status", headers={"Host": host}) as answer:
        assert answer.status == 421


def test_localhost_is_this_machine(live: Running) -> None:
    with live.ask("status", headers={"Host": f"localhost:{live.port}"}) as answer:
        assert answer.status == 200


def test_a_reader_who_takes_nothing_holds_nobody_up(live: Running) -> None:
    stuck = live.ask("film")
    before = live.status()["frame"]
    assert live.wait_for("frame", before + 20)["ended"] is None
    stuck.close()


def test_the_end_frees_camera_and_port(live: Running) -> None:
    live.wait_for("count", 1)
    live.stop()
    assert live.camera.released.is_set()
    assert re.fullmatch(r"stopped: \d+ repetitions?, \d+ frames in \d+ s, \d+ passed over", live.said[-1])
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past connections, not past listeners
        again.bind(("127.0.0.1", live.port))


def test_a_failure_is_told_on_the_page_and_to_the_caller(live: Running) -> None:
    events = live.ask("events")
    events.readline()
    live.camera.fail.set()
    last = [line for line in events.read().splitlines() if line][-1]
    assert json.loads(last[6:])["ended"] == FAILURE
    live.thread.join(timeout=10)
    assert str(live.error) == FAILURE
    assert live.camera.released.is_set()


def test_ctrl_c_ends_it_cleanly(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session_module, "Follower", lambda model: squatting)
    monkeypatch.setattr(serving, "run_session", interrupted)
    said: list[str] = []
    serve_live(SlowCamera(), MODEL, activity="angles", options=AnalysisOptions(), say=said.append)
    assert said[-1] == "stopped before the first picture"
    assert not [thread for thread in threading.enumerate() if thread.name == "gonio-live"]


def test_pictures_are_not_live() -> None:
    photo = SlowCamera()
    photo.is_video = False
    with pytest.raises(ConfigError, match="'camera:0' is no video"):
        serve_live(photo, MODEL, activity="squat", options=AnalysisOptions(), say=print)


def text_of(page: Page, name: str) -> str:
    """What a part of the page says; empty where it is hidden."""
    found: str = page.evaluate(f"(e => !e || e.hidden ? '' : e.textContent)(document.getElementById('{name}'))")
    return found


def wait_for_text(page: Page, name: str, wanted: str) -> None:
    end_s = time.monotonic() + 20
    while (found := text_of(page, name)) != wanted:
        assert time.monotonic() < end_s, f"{name} says {found!r} and not {wanted!r}"
        time.sleep(0.1)


def test_a_browser_shows_what_is_not_seen_and_no_old_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium here; install it with: apt-get install chromium")
    cut_off = threading.Event()

    def people(frame: Frame) -> Poses:
        poses = squatting(frame)
        hidden = np.array([k >= 13 and cut_off.is_set() for k in range(17)])  # knees and ankles
        return replace(poses, scores=np.where(hidden, 0.05, poses.scores).astype(np.float32))

    monkeypatch.setattr(session_module, "Follower", lambda model: people)
    running = Running()
    try:
        with Page(program) as page:
            page.call("Page.navigate", url=f"http://127.0.0.1:{running.port}/{running.token}/")
            running.wait_for("count", 1)
            wait_for_text(page, "title", "Squat")
            wait_for_text(page, "notice", "")
            assert text_of(page, "angle-box")
            cut_off.set()
            wait_for_text(page, "notice", "Not in sight: hip or knee or ankle")
            assert text_of(page, "phase") == ""
            cut_off.clear()
            wait_for_text(page, "notice", "")
            running.camera.fail.set()
            wait_for_text(page, "notice", FAILURE)
            assert [text_of(page, name) for name in ("angle-box", "phase", "cue")] == ["", "", ""]
            assert text_of(page, "count-box")
            assert page.complaints == []
    finally:
        running.stop()
