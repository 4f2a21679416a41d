"""`Feed`: the latest view, for any number of readers. A slow one misses views; nobody waits for it."""

import threading
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager

import cv2
import numpy as np

from gonio.io.sources import Source
from gonio.io.sources.prefetch import prefetched
from gonio.live.session import LiveSession, LiveView
from gonio.structures.frame import Frame

_RATE_OVER_S = 2.0
_WIDEST_PX = 1280
_QUALITY = 80


class Shown:
    """A view that readers may see, and its JPEG picture, which the first of them who wants it makes.

    So a picture that nobody looks at costs nothing, and one that many look at is made once.

    Attributes:
        view: What was read of the frame.
        number: Counts the views, from 1.
        captured_s: When the frame came, by `time.perf_counter`.
        ready_s: When the view was ready, and once it has been made, its picture.
    """

    def __init__(self, view: LiveView, number: int, captured_s: float) -> None:
        self.view, self.number, self.captured_s = view, number, captured_s
        self.ready_s = time.perf_counter()
        self._lock = threading.Lock()
        self._jpeg: bytes | None = None

    def jpeg(self) -> bytes:
        """The picture with everyone drawn, at most 1280 px wide."""
        with self._lock:
            if self._jpeg is None:
                image = cv2.cvtColor(self.view.drawn(), cv2.COLOR_RGB2BGR)
                scale = _WIDEST_PX / image.shape[1]
                if scale < 1:
                    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                self._jpeg = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))[1].tobytes()
                self.ready_s = time.perf_counter()
            return self._jpeg


class Feed:
    """Where the session puts its views and readers find the latest.

    Attributes:
        captured: Frames that the source gave.
        ended: Why there will be no more views; None while there will.
    """

    def __init__(self) -> None:
        self.captured = 0
        self.ended: str | None = None
        self._latest: Shown | None = None
        self._recent: deque[Shown] = deque(maxlen=240)
        self._changed = threading.Condition()
        self._readers = 0

    def publish(self, view: LiveView, captured_s: float) -> Shown:
        """Make a view the latest."""
        with self._changed:
            number = self._latest.number + 1 if self._latest else 1
            self._latest = Shown(view, number, captured_s)
            self._recent.append(self._latest)
            self._changed.notify_all()
            return self._latest

    def close(self, reason: str, *, wait_s: float = 1.0) -> None:
        """Tell readers why it ends, and give them a moment to pass it on."""
        with self._changed:
            self.ended = reason
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._readers, timeout=wait_s)

    def after(self, number: int, *, wait_s: float = 1.0) -> Shown | None:
        """The latest view if it is later than ``number``, else the next one; None if none comes in time or at all."""
        with self._changed:
            self._changed.wait_for(lambda: self.ended is not None or self._is_later(number), timeout=wait_s)
            return self._latest if self._is_later(number) else None

    @contextmanager
    def reader(self) -> Iterator[None]:
        """Somebody who reads until the end, and whom `close` waits for."""
        with self._changed:
            self._readers += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    @property
    def latest(self) -> Shown | None:
        """The latest view."""
        return self._latest

    @property
    def dropped(self) -> int:
        """Frames that were not looked at, because newer ones had come."""
        seen = self._latest.number if self._latest else 0
        return max(0, self.captured - seen - 1)  # one may be in the session right now

    def rate_hz(self) -> float:
        """Views per second lately; 0 if there are none."""
        now_s = time.perf_counter()
        with self._changed:
            times = [shown.captured_s for shown in self._recent if now_s - shown.captured_s < _RATE_OVER_S]
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0

    def latency_s(self) -> float:
        """Median time lately from a frame's arrival to its view, or its picture if somebody looks; NaN: none."""
        with self._changed:
            recent = list(self._recent)[-30:]
        return float(np.median([shown.ready_s - shown.captured_s for shown in recent])) if recent else float("nan")

    def _is_later(self, number: int) -> bool:
        return self._latest is not None and self._latest.number > number


def run_session(source: Source, session: LiveSession, feed: Feed) -> None:
    """Put what the session makes of each frame into the feed, until the source ends; always the latest frame.

    Frames are taken in a thread of their own, as fast as they come, and only the newest waits for the session.

    Raises:
        MediaError: If the source fails.
    """
    with closing(prefetched(_stamped(source, feed), 1, drop_oldest=True)) as frames:
        for frame, captured_s in frames:
            feed.publish(session.step(frame), captured_s)


def _stamped(source: Source, feed: Feed) -> Generator[tuple[Frame, float], None, None]:
    frames = iter(source)
    try:
        for frame in frames:
            feed.captured += 1
            yield frame, time.perf_counter()
    finally:
        if isinstance(frames, Generator):
            frames.close()  # releases the camera now, not when somebody collects it
