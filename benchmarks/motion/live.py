"""Does the live page keep up with a camera? ``python -m benchmarks.motion.live`` prints one table.

Frames of a clip come at the pace of a camera, forwards and backwards, out of memory: what a camera's own decoding costs
is not in the figures. A reader takes each picture as a browser would. The delay is from the arrival of a frame to its
drawn JPEG picture; a frame that came while another was looked at, and was overtaken by a newer one, is passed over.
"""

import argparse
import os
import threading
import time
from collections.abc import Generator, Iterator
from itertools import chain, cycle
from pathlib import Path

import cv2
import numpy as np

import gonio
from gonio.analysis.options import AnalysisOptions
from gonio.arrays import ImageArray
from gonio.io.sources import open_source
from gonio.io.sources.base import FrameSource
from gonio.live.feed import Feed, run_session
from gonio.live.session import LiveSession
from gonio.models.model import PoseModel
from gonio.structures.frame import Frame

DATA = Path(os.environ.get("GONIO_SHARED", Path(__file__).parents[3] / "shared")) / "data"
WALK = Path(__file__).parents[2] / "samples" / "walk.mp4"
SQUAT = DATA / "exercise" / "squats_squat_24.mp4"
SIZE_WH = (1280, 720)
FPS = 30.0
MOST_FRAMES = 120
"""Kept in memory: 330 MB."""


class PacedSource(FrameSource):
    """Pictures at the pace of a camera, whether somebody is ready for them or not."""

    def __init__(self, pictures: list[ImageArray], *, seconds: float, fps: float = FPS) -> None:
        super().__init__("paced", is_video=True, is_live=True)
        self._pictures, self._count, self._interval_s = pictures, round(seconds * fps), 1 / fps

    def _frames(self) -> Generator[Frame, None, None]:
        started = time.perf_counter()
        for index, picture in zip(range(self._count), _to_and_fro(self._pictures), strict=False):
            time.sleep(max(0.0, started + index * self._interval_s - time.perf_counter()))
            yield Frame(picture, index=index, time_s=time.perf_counter() - started, source=self.name)


def pictures_of(clip: Path) -> list[ImageArray]:
    """The first pictures of a clip, 1280 x 720."""
    frames = (frame.image for frame, _ in zip(open_source(clip), range(MOST_FRAMES), strict=False))
    return [np.asarray(cv2.resize(image, SIZE_WH, interpolation=cv2.INTER_AREA), np.uint8) for image in frames]


def watch(feed: Feed, delays_s: list[float]) -> None:
    """Take pictures like a browser, until the feed ends."""
    number = 0
    while feed.ended is None:
        shown = feed.after(number)
        if shown is not None:
            number = shown.number
            shown.jpeg()
            delays_s.append(shown.ready_s - shown.captured_s)


def measure(pictures: list[ImageArray], model: PoseModel, activity: str, *, seconds: float) -> str:
    """One row of the table."""
    session, feed = LiveSession(model, activity=activity, options=AnalysisOptions()), Feed()
    session.step(Frame(pictures[0], index=0, time_s=-1.0, source="warm-up"))  # loading and first-run costs
    delays_s: list[float] = []
    reader = threading.Thread(target=watch, args=(feed, delays_s))
    reader.start()
    started = time.perf_counter()
    try:
        run_session(PacedSource(pictures, seconds=seconds), session, feed)
    finally:
        took_s = time.perf_counter() - started
        feed.close("done")
        reader.join()
    seen = feed.latest.number if feed.latest else 0
    p50, p95 = np.percentile(delays_s, [50, 95]) * 1000 if delays_s else (np.nan, np.nan)
    passed_over = f"{feed.captured - seen} of {feed.captured}"
    return f"| {activity:<10} | {seen / took_s:>8.1f} | {passed_over:>12} | {p50:>13.0f} | {p95:>7.0f} |"


def _to_and_fro(pictures: list[ImageArray]) -> Iterator[ImageArray]:
    """Forwards, then backwards, so that nobody jumps."""
    return cycle(chain(pictures, pictures[-2:0:-1]))


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", type=Path, default=SQUAT if SQUAT.is_file() else WALK)
    parser.add_argument("--activities", nargs="+", default=["squat", "auto", "angles", "plank"])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--model", default=None)
    parser.add_argument("--threads", type=int, default=None)
    arguments = parser.parse_args()
    model = gonio.load_model(arguments.model, threads=arguments.threads)
    pictures = pictures_of(arguments.clip)
    pace = f"{SIZE_WH[0]} x {SIZE_WH[1]} at {FPS:g} per second"
    print(f"{arguments.clip.name}, {pace}, model {model.card.name}, {os.cpu_count()} CPUs\n")
    print("| activity   | frames/s | passed over  | delay p50, ms | p95, ms |")
    print("|---|---|---|---|---|")
    for activity in arguments.activities:
        print(measure(pictures, model, activity, seconds=arguments.seconds), flush=True)


if __name__ == "__main__":
    main()
