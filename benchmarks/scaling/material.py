"""What the measurements run on, made from the sample clip: more people, more pixels, more time."""

from collections.abc import Generator, Iterator
from itertools import count, islice
from pathlib import Path

import cv2
import numpy as np

from gonio.arrays import FloatArray, ImageArray
from gonio.io.sources import open_source
from gonio.io.sources.base import FrameSource
from gonio.structures.frame import Frame

CLIP = Path(__file__).resolve().parents[2] / "samples" / "walk.mp4"
WALKER = Path(__file__).resolve().parents[1] / "peers" / "walker.jpg"
FPS = 30.0


def clip_frames(most: int) -> list[ImageArray]:
    """The first pictures of the sample clip, ``(720, 1280, 3)``."""
    return [frame.image for frame in islice(open_source(CLIP), most)]


def crowd(people: int, size_wh: tuple[int, int] = (1920, 1080)) -> tuple[ImageArray, FloatArray]:
    """So many copies of one walker in rows on grey, none over another; and where they are, ``(people, 4)`` px."""
    walker = _walker()
    height, width = walker.shape[:2]
    columns = max(1, round((people * size_wh[0] / size_wh[1] * height / width) ** 0.5))
    rows = -(-people // columns)
    scale = min(size_wh[0] / (columns * width), size_wh[1] / (rows * height))
    small = cv2.resize(walker, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    picture = np.full((size_wh[1], size_wh[0], 3), 128, np.uint8)
    cell_w, cell_h = size_wh[0] / columns, size_wh[1] / rows
    boxes = np.zeros((people, 4), np.float32)
    for number in range(people):
        left = int((number % columns + 0.5) * cell_w - small.shape[1] / 2)
        top = int((number // columns + 0.5) * cell_h - small.shape[0] / 2)
        left, top = max(left, 0), max(top, 0)
        part = picture[top : top + small.shape[0], left : left + small.shape[1]]
        part[:] = small[: part.shape[0], : part.shape[1]]
        boxes[number] = left, top, left + part.shape[1], top + part.shape[0]
    return picture, boxes


def of_megapixels(megapixels: float, image: ImageArray) -> ImageArray:
    """The picture at another size, sides even."""
    height, width = image.shape[:2]
    scale = (megapixels * 1e6 / (height * width)) ** 0.5
    size_wh = (round(width * scale / 2) * 2, round(height * scale / 2) * 2)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size_wh, interpolation=method), np.uint8)


class Looped(FrameSource):
    """A film of any length from a few pictures, forwards and backwards again, so that nobody jumps."""

    def __init__(self, images: list[ImageArray], frames: int, *, name: str = "looped.mp4", prefetch: int = 4) -> None:
        super().__init__(name, is_video=True, prefetch=prefetch)
        self.fps = FPS
        self.frame_count = frames
        self._images = images

    def _frames(self) -> Generator[Frame, None, None]:
        for index, image in enumerate(islice(self._swinging(), self.frame_count)):
            self.frames_decoded += 1
            yield Frame(image, index=index, time_s=index / FPS, source=self.name)

    def _swinging(self) -> Iterator[ImageArray]:
        last = len(self._images) - 1
        period = max(2 * last, 1)
        for step in count():
            yield self._images[min(step % period, period - step % period) if last else 0]


def _walker() -> ImageArray:
    (frame,) = open_source(WALKER)
    return frame.image
