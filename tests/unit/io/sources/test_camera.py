import sys

import cv2
import numpy as np
import pytest

from gonio.errors import MediaError
from gonio.io.sources import open_source
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
