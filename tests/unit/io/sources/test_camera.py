import sys
import threading
import time
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from gonio.errors import MediaError
from gonio.io.sources import open_source, prefetch
from gonio.io.sources.base import Selection
from gonio.io.sources.camera import CameraSource
from gonio.structures.frame import Frame


class Capture:
    """Stands in for `cv2.VideoCapture`: five blue frames."""

    opened: "list[Capture]" = []  # noqa: RUF012 - emptied by the fixture
    works = True

    def __init__(self, index: int) -> None:
        self.left = 5
        self.released = False
        self.settings: dict[int, float] = {}
        self.opened.append(self)

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self.works

    def get(self, _: int) -> float:
        return 30.0

    def set(self, key: int, value: float) -> None:
        self.settings[key] = value

    def grab(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, object]:
        return True, np.full((4, 6, 3), (200, 0, 0), np.uint8)

    def release(self) -> None:
        self.released = True


@pytest.fixture
def captures(monkeypatch: pytest.MonkeyPatch) -> list[Capture]:
    monkeypatch.setattr(cv2, "VideoCapture", Capture)
    monkeypatch.setattr(sys, "platform", "elsewhere")
    monkeypatch.setattr(Capture, "opened", [])
    return Capture.opened


@pytest.mark.parametrize("name", [0, "0", "camera:0"])
def test_frames_are_rgb_and_timed(captures: list[Capture], name: int | str) -> None:
    source = open_source(name, prefetch=0)
    frames: list[Frame] = []
    with pytest.raises(MediaError, match="camera 0 stopped after 5 frames; check its cable"):
        frames.extend(source)
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert frames[0].image[0, 0].tolist() == [0, 0, 200]
    assert frames[0].time_s == 0.0
    assert frames[0].source == "camera:0"
    assert (source.is_live, source.is_video, source.fps) == (True, True, 30.0)
    assert Capture.opened[0].released


def test_leaving_releases_the_camera(captures: list[Capture]) -> None:
    for _ in open_source(0):
        break
    assert [capture.released for capture in Capture.opened] == [True]


@pytest.fixture
def silence(captures: list[Capture], monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """After five frames the driver waits for the camera until this is set."""
    speaks = threading.Event()

    def grab(self: Capture) -> bool:
        self.left -= 1
        return self.left >= 0 or (speaks.wait(30) and False)

    monkeypatch.setattr(Capture, "grab", grab)
    monkeypatch.setattr(prefetch, "_LEAVE_S", 0.05)
    yield speaks
    speaks.set()
    for thread in threading.enumerate():
        if thread.name == "gonio-prefetch":
            thread.join(5)


def test_nobody_waits_for_a_silent_camera(silence: threading.Event) -> None:
    reader = iter(CameraSource(0, Selection(), prefetch=4))
    for _ in range(2):
        next(reader)
    reader.close()  # waits for nobody
    assert not silence.is_set()
    silence.set()
    for thread in threading.enumerate():
        if thread.name == "gonio-prefetch":
            thread.join(5)
    assert [capture.released for capture in Capture.opened] == [True]


def test_a_camera_that_goes_silent_is_given_up(silence: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "_LOOK_S", 0.02)
    source = CameraSource(0, Selection(), prefetch=8)
    source.patience_s = 0.1
    with pytest.raises(MediaError, match=r"'camera:0' gave no picture for 0\.1 s, after 5 frames; check its cable"):
        list(source)


@pytest.mark.parametrize(("selection", "wanted"), [(Selection(start_s=1.2), 1), (Selection(stride=60), 2)])
def test_frames_that_nobody_asked_for_are_no_silence(
    captures: list[Capture], monkeypatch: pytest.MonkeyPatch, selection: Selection, wanted: int
) -> None:
    def grab(_: Capture) -> bool:
        time.sleep(0.02)
        return True

    monkeypatch.setattr(Capture, "grab", grab)
    monkeypatch.setattr(prefetch, "_LOOK_S", 0.02)
    source = CameraSource(0, selection, prefetch=4)
    source.patience_s = 0.5
    reader = iter(source)
    seen = [next(reader) for _ in range(wanted)]
    reader.close()
    assert seen[-1].index % selection.stride == 0
    assert not selection.is_before(seen[0].time_s or 0.0)


def test_stride_and_size(captures: list[Capture]) -> None:
    source = CameraSource(0, Selection(stride=2), size_wh=(640, 480))
    reader = iter(source)
    assert [next(reader).index for _ in range(3)] == [0, 2, 4]
    reader.close()
    assert Capture.opened[0].settings[cv2.CAP_PROP_FRAME_WIDTH] == 640


def test_a_camera_in_use(captures: list[Capture], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Capture, "works", False)
    with pytest.raises(MediaError, match="cannot open camera 0; check that it is plugged in and no other program"):
        open_source(0)
    assert Capture.opened[0].released


def test_no_such_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(MediaError, match="no camera 987; this machine shows"):
        open_source("camera:987")
