"""Does the live page keep up with a camera? ``python -m benchmarks.motion.live`` prints one table.

Frames of a clip come at the pace of a camera, forwards and backwards, out of memory: what a camera's own decoding costs
is not in the figures. What ``gonio analyse 0`` does with them is done: people are found, followed and measured, drawn,
and the picture is encoded for the page, which a reader takes as a browser would. The delay is from the moment at which
the clock says that a frame is there to its drawn JPEG picture. A frame that no picture was made of, because a newer one
had come, is dropped.
"""

import argparse
import os
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, cycle
from pathlib import Path

import cv2
import numpy as np

import gonio
from benchmarks.peers.machine import machine
from benchmarks.peers.rounds import processors
from gonio.analysis.options import AnalysisOptions
from gonio.arrays import ImageArray
from gonio.io.sources import open_source
from gonio.io.sources.base import FrameSource
from gonio.live.feed import Feed, run_session
from gonio.live.session import LiveSession
from gonio.structures.frame import Frame

DATA = Path(os.environ.get("GONIO_SHARED", Path(__file__).parents[3] / "shared")) / "data"
WALK = Path(__file__).parents[2] / "samples" / "walk.mp4"
SQUAT = DATA / "exercise" / "squats_squat_24.mp4"
"""One person."""
SIZE_WH = (1280, 720)
FPS = 30.0
MOST_FRAMES = 120
"""Kept in memory: 330 MB."""


class PacedSource(FrameSource):
    """Pictures at the pace of a camera, whether somebody is ready for them or not."""

    def __init__(self, pictures: list[ImageArray], *, seconds: float, fps: float = FPS) -> None:
        super().__init__("paced", is_video=True, is_live=True)
        self._pictures, self._count, self._interval_s = pictures, round(seconds * fps), 1 / fps
        self._started_s = 0.0

    def due_s(self, index: int) -> float:
        """When a frame was to come, by `time.perf_counter`; that this process had no time to fetch it counts too."""
        return self._started_s + index * self._interval_s

    def _frames(self) -> Generator[Frame, None, None]:
        self._started_s = time.perf_counter()
        for index, picture in zip(range(self._count), _to_and_fro(self._pictures), strict=False):
            time.sleep(max(0.0, self.due_s(index) - time.perf_counter()))
            yield Frame(picture, index=index, time_s=index * self._interval_s, source=self.name)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one session with the camera went.

    Attributes:
        came: Frames that the camera gave.
        delays_s: Of each drawn picture, in order.
        took_s: From the start to the end of the camera.
    """

    came: int
    delays_s: tuple[float, ...]
    took_s: float

    def row(self, *names: str) -> str:
        """One row of the table."""
        shown = len(self.delays_s)
        p50, p95 = np.percentile(self.delays_s, [50, 95]) * 1000 if shown else (np.nan, np.nan)
        numbers = (f"{shown / self.took_s:.1f}", f"{self.came - shown} of {self.came}", f"{p50:.0f}", f"{p95:.0f}")
        return f"| {' | '.join([*names, *numbers])} |"


def pictures_of(clip: Path) -> list[ImageArray]:
    """The first pictures of a clip, 1280 x 720."""
    frames = (frame.image for frame, _ in zip(open_source(clip), range(MOST_FRAMES), strict=False))
    return [np.asarray(cv2.resize(image, SIZE_WH, interpolation=cv2.INTER_AREA), np.uint8) for image in frames]


def watch(feed: Feed, source: PacedSource, delays_s: list[float]) -> None:
    """Take pictures like a browser, until the feed ends."""
    number = 0
    while (shown := feed.after(number)) is not None or feed.ended is None:
        if shown is not None:
            number = shown.number
            shown.jpeg()
            delays_s.append(shown.ready_s - source.due_s(shown.view.frame.index))


def play(source: PacedSource, session: LiveSession, feed: Feed) -> Outcome:
    """The camera, the session and one reader, to the end."""
    delays_s: list[float] = []
    reader = threading.Thread(target=watch, args=(feed, source, delays_s))
    reader.start()
    started = time.perf_counter()
    try:
        run_session(source, session, feed)
    finally:
        took_s = time.perf_counter() - started
        feed.close("done")
        reader.join()
    return Outcome(feed.captured, tuple(delays_s), took_s)


def _to_and_fro(pictures: list[ImageArray]) -> Iterator[ImageArray]:
    """Forwards, then backwards, so that nobody jumps."""
    return cycle(chain(pictures, pictures[-2:0:-1]))


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, measure, print."""
    args = _parser().parse_args(arguments)
    print(machine())
    print(f"{SIZE_WH[0]} x {SIZE_WH[1]} px at {args.fps:g} per second for {args.seconds:g} s, ", end="")
    print(f"held to {args.processors} processor(s).\n")
    print("| model | clip | as | frames shown/s | dropped | delay p50, ms | p95, ms |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: |")
    with processors(args.processors):
        models = {name: gonio.load_model(name, threads=args.threads) for name in args.models}
        for clip in args.clips:
            pictures = pictures_of(clip)
            for name, model in models.items():
                for activity in args.activities:
                    session = LiveSession(model, activity=activity, options=AnalysisOptions())
                    first = Frame(pictures[0], index=0, time_s=-1.0, source="warm-up")
                    session.step(first)  # first-run costs
                    source = PacedSource(pictures, seconds=args.seconds, fps=args.fps)
                    print(play(source, session, Feed()).row(name, clip.stem, activity), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.motion.live", description=__doc__)
    add = parser.add_argument
    clips = [SQUAT, WALK] if SQUAT.is_file() else [WALK]
    add("--clips", nargs="+", type=Path, default=clips, help="films (default: one person; one to two who walk)")
    models = ["thunder-int8", "thunder", "lightning"]
    add("--models", nargs="+", default=models, help="the default, its float32 original, and the quickest")
    add("--activities", nargs="+", default=["auto"], help="what is measured (default: auto)")
    add("--fps", type=float, default=FPS, help="of the camera (default: 30)")
    add("--seconds", type=float, default=20.0, help="of each row (default: 20)")
    add("--processors", type=int, default=2, help="that everything is held to (default: 2)")
    add("--threads", type=int, help="of each network (default: as many as processors)")
    return parser


if __name__ == "__main__":
    main()
