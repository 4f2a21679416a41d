"""Cameras at this machine, through OpenCV."""

import sys
import time
from collections.abc import Generator
from pathlib import Path

import cv2
import numpy as np

from gonio.errors import MediaError
from gonio.io.sources.base import FrameSource, Selection
from gonio.structures.frame import Frame
from gonio.timing import timed

_PATIENCE_S = 10.0


class CameraSource(FrameSource):
    """A camera by its number. Times are those of arrival, in seconds from the first frame.

    The camera is opened here, so that a missing one is told at once, and released when the reader stops.

    Args:
        index: 0 for the first camera.
        selection: Which frames; an end time ends the recording.
        size_wh: Width and height to ask the camera for (it may choose others); asks for MJPEG as well,
            without which many cameras send large pictures slowly.
        prefetch: How many frames may wait before the oldest is dropped. With any, a camera that is silent for 10 s is
            given up; without, it is waited for as long as its driver does.

    Raises:
        MediaError: If there is no such camera, or another program uses it.
    """

    def __init__(
        self, index: int, selection: Selection, *, size_wh: tuple[int, int] | None = None, prefetch: int = 0
    ) -> None:
        super().__init__(f"camera:{index}", is_video=True, is_live=True, prefetch=prefetch)
        self.patience_s = _PATIENCE_S
        self._index = index
        self._selection = selection
        self._size_wh = size_wh
        self._capture: cv2.VideoCapture | None = self._open()

    def _open(self) -> cv2.VideoCapture:
        if sys.platform == "linux" and not Path(f"/dev/video{self._index}").exists():
            # Asked first, because OpenCV would print its own lines on the way to the same answer.
            raise MediaError(f"no camera {self._index}; {_others()}")
        capture = cv2.VideoCapture(self._index)
        if not capture.isOpened():
            capture.release()
            raise MediaError(
                f"cannot open camera {self._index}; check that it is plugged in and no other program uses it"
            )
        if self._size_wh is not None:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._size_wh[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._size_wh[1])
        self.fps = capture.get(cv2.CAP_PROP_FPS) or None
        return capture

    def _frames(self) -> Generator[Frame, None, None]:
        capture, self._capture = self._capture or self._open(), None
        try:
            yield from self._read(capture)
        finally:
            capture.release()

    def _read(self, capture: cv2.VideoCapture) -> Generator[Frame, None, None]:
        started: float | None = None
        wanted = 0
        while capture.grab():  # waits for the camera
            now = time.monotonic()
            started = now if started is None else started
            index, time_s = self.frames_decoded, now - started
            if self._selection.is_past(time_s):
                return
            self.frames_decoded += 1
            wanted += not self._selection.is_before(time_s)
            if not wanted or (wanted - 1) % self._selection.stride:
                self.heard_s = now  # the reader gets nothing, but the camera is not silent
                continue
            with timed("decode"):
                good, bgr = capture.retrieve()
                if not good:
                    continue
                rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
            yield Frame(rgb, index=index, time_s=time_s, source=self.name)
        raise MediaError(
            f"camera {self._index} stopped after {self.frames_decoded} frames; check its cable, "
            "and whether another program took it"
        )


def _others() -> str:
    found = sorted(Path("/dev").glob("video*"))
    if not found:
        return "this machine shows none; plug one in, or give a file"
    return f"this machine shows {', '.join(map(str, found))}"
