"""Pictures and videos behind an http(s) address: fetched whole, with limits, before anything is decoded.

A download is held against the length that the server announced, so one that broke off is an error here and
not a short video later. What has no end (MJPEG, HLS, MPEG-TS without a length) is a stream.
"""

import http.client
import tempfile
import urllib.error
import urllib.request
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.client import HTTPResponse
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import unquote, urlsplit

from gonio._version import __version__
from gonio.errors import MediaError, TruncatedMediaError
from gonio.io.images import IMAGE_SUFFIXES, decode_image
from gonio.io.sources.base import FrameSource, Selection
from gonio.io.sources.images import ImageSource
from gonio.io.sources.stream import StreamSource, without_password
from gonio.io.sources.video import VIDEO_SUFFIXES, VideoSource

MAX_IMAGE_BYTES = 200_000_000
"""Largest picture that is downloaded."""
MAX_VIDEO_BYTES = 4_000_000_000
"""Largest video that is downloaded, to a temporary file."""
TIMEOUT_S = 20.0
"""How long a silent server is waited for."""

_LIVE_TYPES = (
    "multipart/x-mixed-replace",
    "application/vnd.apple.mpegurl",
    "application/x-mpegurl",
    "audio/mpegurl",
    "application/dash+xml",
)
_LIVE_SUFFIXES = (".m3u8", ".mpd", ".mjpg", ".mjpeg")
_CHUNK = 1 << 18


def is_url(source: str) -> bool:
    """Whether a source is an http(s) address."""
    return source.lower().startswith(("http://", "https://"))


def open_url(url: str, selection: Selection, *, prefetch: int = 0) -> FrameSource:
    """Find out what an address holds and open it; pictures and videos are downloaded now.

    Raises:
        MediaError: If the address cannot be reached, answers with an error, is too slow or too large, leads
            to anything but http(s), or holds neither picture nor video.
        TruncatedMediaError: If the download ended early.
    """
    name = without_password(url)
    with _answer(url, name) as answer:
        kind = _kind(answer, name)
        data = b"".join(_chunks(answer, name, MAX_IMAGE_BYTES)) if kind == "image" else b""
        path = _to_file(answer, name) if kind == "video" else None
    if path is not None:
        return _DownloadedVideo(path, selection, name=name, prefetch=prefetch)
    if data:
        return ImageSource([decode_image(data, name)], name, selection, prefetch=prefetch)
    if kind == "image":
        raise MediaError(f"'{name}' has 0 bytes; check the address")
    return StreamSource(url, selection, prefetch=prefetch)


class _DownloadedVideo(VideoSource):
    """A video in a temporary file, which goes when the source goes."""

    def __init__(self, path: Path, selection: Selection, *, name: str, prefetch: int) -> None:
        weakref.finalize(self, path.unlink, missing_ok=True)
        super().__init__(path, selection, name=name, prefetch=prefetch)


class _HttpOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https alone: an address must not lead to this machine's files."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        if not is_url(newurl):
            raise urllib.error.URLError(f"it redirects to '{newurl}', which is not http(s)")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


@contextmanager
def _answer(url: str, name: str) -> Iterator[HTTPResponse]:
    """Ask, and turn everything that a network can do wrong into one sentence."""
    opener = urllib.request.build_opener(_HttpOnly)
    try:
        # is_url let only http(s) come here.
        request = urllib.request.Request(url, headers={"User-Agent": f"gonio/{__version__}"})  # noqa: S310
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            yield answer
    except urllib.error.HTTPError as error:
        error.close()
        raise MediaError(
            f"cannot fetch '{name}': the server answered {error.code} ({_first_line(error.reason)}); check the address"
        ) from error
    except TimeoutError as error:
        raise MediaError(
            f"cannot fetch '{name}': no answer within {TIMEOUT_S:g} s; check the network and try again"
        ) from error
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise MediaError(f"cannot fetch '{name}': {reason}; check the address and the network") from error


def _kind(answer: HTTPResponse, name: str) -> str:
    """``image``, ``video`` or ``stream``, by content type and, where that is vague, by suffix."""
    content_type = answer.headers.get_content_type().lower()
    suffix = PurePosixPath(unquote(urlsplit(answer.url).path)).suffix.lower()
    if content_type in _LIVE_TYPES or suffix in _LIVE_SUFFIXES:
        return "stream"
    if content_type.startswith("image/"):
        return "video" if content_type == "image/gif" else "image"
    if content_type.startswith("video/"):
        endless = content_type in ("video/mp2t", "video/x-flv") and answer.length is None
        return "stream" if endless else "video"
    if content_type in ("application/octet-stream", "binary/octet-stream", "text/plain"):
        if suffix in IMAGE_SUFFIXES:
            return "image"
        if suffix in VIDEO_SUFFIXES:
            return "video"
    raise MediaError(f"'{name}' holds {content_type}, not a picture or a video; give the address of the file itself")


def _chunks(answer: HTTPResponse, name: str, limit: int) -> Iterator[bytes]:
    announced = answer.length
    received = 0
    if announced is not None and announced > limit:
        raise MediaError(_too_large(name, announced, limit))
    while chunk := answer.read(_CHUNK):
        received += len(chunk)
        if received > limit:
            raise MediaError(_too_large(name, received, limit))
        yield chunk
    if announced is not None and received < announced:
        raise TruncatedMediaError(
            f"the download of '{name}' ended early: {received:,} of {announced:,} bytes came; try again"
        )


def _too_large(name: str, size: int, limit: int) -> str:
    return f"'{name}' has {size:,} bytes or more, over the limit of {limit:,}; download it and give the file"


def _to_file(answer: HTTPResponse, name: str) -> Path:
    suffix = PurePosixPath(unquote(urlsplit(answer.url).path)).suffix
    with tempfile.NamedTemporaryFile(prefix="gonio-", suffix=suffix, delete=False) as file:
        path = Path(file.name)
        try:
            for chunk in _chunks(answer, name, MAX_VIDEO_BYTES):
                file.write(chunk)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return path


def _first_line(reason: object) -> str:
    return (str(reason).splitlines() or ["no reason given"])[0]
