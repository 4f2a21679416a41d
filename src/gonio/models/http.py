"""One request for a file or its rest: what the server answered, in our words.

Everything that can go wrong on the way is one of two: trouble that may pass, or a refusal.
"""

import http.client
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from typing import IO
from urllib.parse import urlsplit

from gonio._version import __version__

LARGEST = 1 << 30
"""Weights whose size no card states are no larger, bytes; so much an endless answer may fill."""

_CHUNK = 256 << 10
_SLOWEST = 100  # bytes a second over a stall time: below it is no transfer
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_REASONS = {
    401: "asks for a password (401)",
    403: "forbids it (403)",
    404: "has no such file (404)",
    410: "has it no more (410)",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server and how often to ask it.

    Attributes:
        stall_s: So long nothing, or next to nothing, may come.
        tries: Failures in a row after which a server is given up; one that brought something counts anew.
        pause_s: Before the second try; each further pause is twice as long.
        longest_pause_s: But no longer than this, whatever the server asks for.
    """

    stall_s: float = 30.0
    tries: int = 5
    pause_s: float = 1.0
    longest_pause_s: float = 60.0

    def pause(self, failures: int, asked_s: float) -> float:
        """Seconds to wait after so many failures, if the server asked for some."""
        return min(self.longest_pause_s, max(asked_s, self.pause_s * 2.0 ** (failures - 1)))


class PassingTroubleError(Exception):
    """It may work the next time.

    Attributes:
        wait_s: So long the server asked to wait.
        restart: What is here already is no use to this server.
    """

    def __init__(self, message: str, *, wait_s: float = 0, restart: bool = False) -> None:
        super().__init__(message)
        self.wait_s = wait_s
        self.restart = restart


class RefusedError(Exception):
    """Asking again is no use. The text goes on after the server's name: ``has no such file (404)``."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows, but never from https to anything that others can read or change on the way."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if new not in ("http", "https") or (old, new) == ("https", "http"):
            fp.close()
            raise RefusedError(f"redirects from {old} to {newurl[:80]}, which is not safe")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type] # typeshed: HTTPMessage


@dataclass(frozen=True, slots=True)
class Response:
    """What came back.

    Attributes:
        offset: At which byte of the file the answer begins.
        total: Bytes of the whole file, where the server says so.
        validator: What tells this version of the file from others: a strong ETag, else a date; None: nothing does.
        complete_already: The server has nothing after the offset that was asked for.
    """

    offset: int
    total: int | None
    validator: str | None
    complete_already: bool = False
    _raw: http.client.HTTPResponse | None = None
    _stall_s: float = 30.0

    def chunks(self) -> Iterator[bytes]:
        """The body, piece by piece.

        Raises:
            PassingTroubleError: If it stalls, breaks off or ends early.
        """
        if self._raw is None:
            return
        left = None if self.total is None else self.total - self.offset
        since, got = time.monotonic(), 0
        while left != 0:
            try:
                chunk = self._raw.read1(_CHUNK if left is None else min(_CHUNK, left))
            except TimeoutError as error:
                raise PassingTroubleError(f"sent nothing for {self._stall_s:g} s") from error
            except (OSError, http.client.HTTPException) as error:
                raise PassingTroubleError(f"broke off ({error or type(error).__name__})") from error
            if not chunk:
                if left:
                    raise PassingTroubleError(f"broke off {left} bytes before the end")
                return
            yield chunk
            left = None if left is None else left - len(chunk)
            got += len(chunk)
            if (elapsed := time.monotonic() - since) >= self._stall_s:
                if got < _SLOWEST * elapsed:
                    raise PassingTroubleError(f"sent only {got} bytes in {elapsed:.0f} s")
                since, got = time.monotonic(), 0


@contextmanager
def request(url: str, offset: int, validator: str | None, patience: Patience) -> Iterator[Response]:
    """Ask for a file from this byte on.

    Raises:
        PassingTroubleError: If the server is busy, broken or not reached.
        RefusedError: If it has no such file, or sends something else.
    """
    headers = {"User-Agent": f"gonio/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if validator:
            headers["If-Range"] = validator
    asked = urllib.request.Request(url, headers=headers)  # noqa: S310 - the caller lets only http and https through
    try:
        raw = _opener().open(asked, timeout=patience.stall_s)
    except urllib.error.HTTPError as error:
        with error:
            yield _complete(error, offset)
        return
    except TimeoutError as error:
        raise PassingTroubleError(f"did not answer for {patience.stall_s:g} s") from error
    except urllib.error.URLError as error:
        raise _unreached(error, patience) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise PassingTroubleError(f"broke off ({error or type(error).__name__})") from error
    with raw:
        yield _read_head(raw, offset, patience)


def _opener() -> urllib.request.OpenerDirector:
    """Http and https and nothing else: no local files, no FTP."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    return opener


def _complete(error: urllib.error.HTTPError, offset: int) -> Response:
    """The one error that is good news: there is nothing after what we have."""
    if error.code == 416 and offset and error.headers.get("Content-Range") == f"bytes */{offset}":
        return Response(offset, offset, None, complete_already=True)
    if error.code in _PASSING:
        asked = error.headers.get("Retry-After") or ""
        wait_s = float(asked) if asked.isdecimal() else 0
        raise PassingTroubleError(f"answered {error.code} {error.reason}", wait_s=wait_s)
    if error.code == 416 and offset:
        raise PassingTroubleError(f"has nothing after byte {offset} (416)", restart=True)
    if 300 <= error.code < 400:
        circle = "infinite loop" in str(error.reason)
        raise RefusedError(f"redirects {'in a circle' if circle else 'to where it may not'} ({error.code})")
    raise RefusedError(_REASONS.get(error.code, f"answered {error.code} {error.reason}"))


def _unreached(error: urllib.error.URLError, patience: Patience) -> Exception:
    reason = error.reason
    if isinstance(reason, TimeoutError):
        return PassingTroubleError(f"did not answer for {patience.stall_s:g} s")
    if isinstance(reason, socket.gaierror):
        return RefusedError("cannot be found: there may be no network here")
    if isinstance(reason, ssl.SSLCertVerificationError):
        return RefusedError(f"shows a certificate that cannot be trusted ({reason.verify_message})")
    return PassingTroubleError(f"cannot be reached ({getattr(reason, 'strerror', None) or reason})")


def _read_head(raw: http.client.HTTPResponse, offset: int, patience: Patience) -> Response:
    head = raw.headers
    if (head.get("Content-Encoding") or "identity") != "identity":
        raise RefusedError(f"sends it encoded ({head['Content-Encoding']}), which was not asked for")
    if head.get_content_type() in ("text/html", "application/xhtml+xml"):
        raise RefusedError("answers with a web page, not with the file")
    etag, date = head.get("ETag"), head.get("Last-Modified")
    validator = etag if etag and not etag.startswith("W/") else date
    length = head.get("Content-Length") or ""
    if raw.status == 206:
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", head.get("Content-Range") or "")
        if not found or int(found[1]) != offset:
            raise PassingTroubleError("sent another part than was asked for", restart=True)
        total = int(found[2]) + 1 if found[3] == "*" else int(found[3])
        return Response(offset, total, validator, _raw=raw, _stall_s=patience.stall_s)
    if raw.status != 200:
        raise RefusedError(f"answered {raw.status} {raw.reason}")
    total_or_none = int(length) if length.isdecimal() else None
    return Response(0, total_or_none, validator, _raw=raw, _stall_s=patience.stall_s)
