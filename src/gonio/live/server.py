"""The page's server: for this machine alone, and on it only for who has the address with its secret.

It listens on the loopback address. Another page in the same browser cannot read it: it does not know the token; a
foreign name made to point here (DNS rebinding) is refused by the Host header; and no header allows other origins in.
"""

import json
import logging
import secrets
import sys
import threading
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from gonio.live.feed import Feed
from gonio.live.status import status

_log = logging.getLogger(__name__)

_FILES = {
    "": ("live.html", "text/html; charset=utf-8"),
    "live.css": ("live.css", "text/css; charset=utf-8"),
    "live.js": ("live.js", "text/javascript; charset=utf-8"),
}
_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_BOUNDARY = "gonio-frame"
_STATUS_EVERY_S = 1 / 15
_STUCK_S = 10.0
"""A reader that takes nothing for so long is let go."""


class LiveServer(ThreadingHTTPServer):
    """Serves the page while the ``with`` block runs.

    Args:
        feed: What it shows.
        title: What is watched.
        on_reset: Called when the reader asks to count from zero.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, feed: Feed, *, title: str, on_reset: Callable[[], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.feed, self.title, self.on_reset = feed, title, on_reset
        self.token = secrets.token_urlsafe(18)
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, name="gonio-live")

    @property
    def hosts(self) -> tuple[str, str]:
        """What a browser on this machine may call it."""
        return f"127.0.0.1:{self.server_port}", f"localhost:{self.server_port}"

    @property
    def address(self) -> str:
        """What to open; it holds the secret."""
        return f"http://{self.hosts[0]}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - as in the base class
        """A browser that leaves is no error; anything else is logged."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            _log.warning("the live page failed to answer", exc_info=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Page(BaseHTTPRequestHandler):
    """One request."""

    server: LiveServer
    timeout = _STUCK_S
    server_version, sys_version = "gonio", ""

    def do_GET(self) -> None:
        place = self._admitted()
        if place is None:
            return
        streams = {"film": self._film, "events": self._events}
        if place in _FILES:
            name, kind = _FILES[place]
            self._answer(HTTPStatus.OK, _asset(name), kind)
        elif place == "status":
            self._answer(HTTPStatus.OK, self._status(), "application/json")
        elif place in streams:
            with self.server.feed.reader():
                streams[place]()
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such place")

    def do_POST(self) -> None:
        place = self._admitted()
        if place is None:
            return
        if place != "reset":
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such place")
            return
        self.server.on_reset()
        self._answer(HTTPStatus.OK, b"{}", "application/json")

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - as in the base class
        """Not on standard error; and without the line of the request, which holds the secret."""

    def _admitted(self) -> str | None:
        """What is asked for, after the token; None, and an answer given, if the asker may not."""
        hosts, origin = self.server.hosts, self.headers.get("Origin")
        if self.headers.get("Host") not in hosts:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "this is only for the address that the terminal shows")
            return None
        token, _, place = urlsplit(self.path).path.lstrip("/").partition("/")
        is_ours = secrets.compare_digest(token.encode(), self.server.token.encode())
        if not is_ours or (origin is not None and origin not in [f"http://{host}" for host in hosts]):
            self._refuse(HTTPStatus.FORBIDDEN, "open the whole address that the terminal shows")
            return None
        return place

    def _film(self) -> None:
        """Pictures as they come, each of which replaces the last (MJPEG)."""
        self._head(HTTPStatus.OK, f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        # A browser shows a picture when it sees the boundary behind it, so that comes at once and not with the next.
        self.wfile.write(f"--{_BOUNDARY}\r\n".encode())
        number = 0
        while self._goes_on():
            shown = self.server.feed.after(number)
            if shown is not None:
                number, picture = shown.number, shown.jpeg()
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n".encode()
                self.wfile.write(head + picture + f"\r\n--{_BOUNDARY}\r\n".encode())

    def _events(self) -> None:
        """The status as it changes (server-sent events), and once a second where it does not."""
        self._head(HTTPStatus.OK, "text/event-stream")
        number = 0
        while self._goes_on():
            shown = self.server.feed.after(number)
            number = shown.number if shown else number
            self.wfile.write(b"data: " + self._status() + b"\n\n")
            self.server.stopping.wait(_STATUS_EVERY_S)
        self.wfile.write(b"data: " + self._status() + b"\n\n")

    def _goes_on(self) -> bool:
        return self.server.feed.ended is None and not self.server.stopping.is_set()

    def _status(self) -> bytes:
        return json.dumps(status(self.server.feed, title=self.server.title), allow_nan=False).encode()

    def _refuse(self, code: HTTPStatus, text: str) -> None:
        self._answer(code, f"{text}\n".encode(), "text/plain; charset=utf-8")

    def _answer(self, code: HTTPStatus, body: bytes, kind: str) -> None:
        self._head(code, kind, {"Content-Length": str(len(body))})
        self.wfile.write(body)

    def _head(self, code: HTTPStatus, kind: str, more: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in ({"Content-Type": kind} | _HEADERS | (more or {})).items():
            self.send_header(name, value)
        self.end_headers()


@cache
def _asset(name: str) -> bytes:
    return (resources.files("gonio.live") / "assets" / name).read_bytes()
