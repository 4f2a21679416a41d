"""Live streams (RTSP, RTMP, UDP, MJPEG and HLS over HTTP), taken up again when the connection breaks."""

import logging
import re
import threading
import time
from collections.abc import Generator

import av
import av.error
from av.video.frame import VideoFrame

from gonio.errors import MediaError
from gonio.io.images import check_pixels
from gonio.io.sources.base import FrameSource, Selection
from gonio.io.sources.decoding import Uprighter
from gonio.structures.frame import Frame
from gonio.timing import timed

_log = logging.getLogger(__name__)

STREAM_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "udp", "rtp", "tcp")
"""Addresses that are always live."""

# No "file": a playlist from the network must not open what lies on this machine.
_PROTOCOLS = "http,https,tls,tcp,udp,rtp,rtsp,rtsps,rtmp,rtmps,rtmpt,crypto,httpproxy,data"


class StreamSource(FrameSource):
    """A live stream.

    ``time_s`` is the time of arrival in seconds from the first frame, by a clock that only goes forward, so a
    broken connection shows as a gap. The first connection is tried once; after that, a broken one is taken up
    again with growing pauses.

    Args:
        url: Its address.
        selection: Which frames; an end time ends the recording.
        attempts: How many connections in a row may bring no frame before the stream is given up.
        first_pause_s: Pause before the first new attempt; each further one waits twice as long, up to 8 s.
        timeout_s: How long a silent stream is waited for.
        prefetch: How many frames may wait before the oldest is dropped.
    """

    def __init__(
        self,
        url: str,
        selection: Selection,
        *,
        attempts: int = 5,
        first_pause_s: float = 0.5,
        timeout_s: float = 10.0,
        prefetch: int = 0,
    ) -> None:
        super().__init__(without_password(url), is_video=True, is_live=True, prefetch=prefetch)
        self._url = url
        self._selection = selection
        self._attempts = attempts
        self._first_pause_s = first_pause_s
        self._timeout_s = timeout_s
        self._stopped = threading.Event()

    def _stop_waiting(self) -> None:
        self._stopped.set()

    def _frames(self) -> Generator[Frame, None, None]:
        self._stopped.clear()
        started: float | None = None
        latest_s = -1.0
        wanted = 0
        uprighter = Uprighter()
        for picture in self._pictures():
            now = time.monotonic()
            started = now if started is None else started
            # Two frames of one packet may arrive within one tick of the clock.
            latest_s = max(now - started, latest_s + 1e-6) if latest_s >= 0 else 0.0
            if self._selection.is_past(latest_s):
                return
            index = self.frames_decoded
            self.frames_decoded += 1
            if self._selection.is_before(latest_s):
                continue
            wanted += 1
            if (wanted - 1) % self._selection.stride == 0:
                check_pixels((picture.width, picture.height), self.name)
                with timed("decode"):
                    image = uprighter.rgb(picture)
                yield Frame(image, index=index, time_s=latest_s, source=self.name)

    def _pictures(self) -> Generator[VideoFrame, None, None]:
        """Decoded frames of one connection after the other."""
        barren = 0
        while not self._stopped.is_set():
            before = self.frames_decoded
            reason = yield from self._connected()
            if reason is None:
                return
            if before == self.frames_decoded == 0:
                raise MediaError(f"cannot open stream '{self.name}': {reason}; check the address and the network")
            barren = 1 if self.frames_decoded > before else barren + 1
            if barren > self._attempts:
                raise MediaError(
                    f"stream '{self.name}' broke off after {self.frames_decoded} frames and {self._attempts} "
                    f"attempts to take it up again failed ({reason}); check the sender"
                )
            pause_s = min(self._first_pause_s * 2 ** (barren - 1), 8.0)
            _log.warning("stream '%s' broke off (%s); trying again in %.1f s", self.name, reason, pause_s)
            self._stopped.wait(pause_s)

    def _connected(self) -> Generator[VideoFrame, None, str | None]:
        """Frames of one connection; returns why it ended, None at the end of a stream that has one."""
        try:
            with av.open(
                self._url,
                mode="r",
                options={"rtsp_transport": "tcp", "protocol_whitelist": _PROTOCOLS},
                timeout=self._timeout_s,
            ) as container:
                if not container.streams.video:
                    raise MediaError(f"stream '{self.name}' has no picture, only sound; check the address")
                stream = container.streams.video[0]
                stream.thread_type = "SLICE"  # threads by frame would hold back one frame each
                self.fps = float(stream.average_rate) if stream.average_rate else None
                for packet in container.demux(stream):
                    try:
                        pictures = stream.decode(packet)
                    except av.error.InvalidDataError:
                        continue  # a packet that was lost on the way takes some frames with it
                    yield from (picture for picture in pictures if not picture.is_corrupt)
                return "it ended" if container.duration is None else None
        except av.error.FFmpegError as error:
            return error.strerror or type(error).__name__


def without_password(url: str) -> str:
    """The address as it may be shown and logged.

    Example:
        >>> without_password("rtsp://user:secret@10.0.0.7/live")
        'rtsp://***@10.0.0.7/live'
    """
    return re.sub(r"://[^/?#]*@", "://***@", url, count=1)
