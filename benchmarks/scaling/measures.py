"""One function for each way that work can grow; each gives a table."""

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.scaling.material import CLIP, FPS, Looped, clip_frames, crowd, of_megapixels
from gonio.draw.overlay import draw_poses
from gonio.io.sources import open_source
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.pipeline import stream
from gonio.saving import ResultWriter
from gonio.streams import SharingReport, stream_many
from gonio.structures.poses import Poses

_FILM = 8
"""Pictures of a film that is written to time drawing and encoding."""


TITLES = {
    "people": "People in a picture",
    "pixels": "Size of a picture",
    "length": "Length of a film",
    "streams": "Streams at once",
    "batch": "Crops in one run",
}
"""What each axis is called on the page, in its order."""


@dataclass(frozen=True)
class Settings:
    """How much to measure.

    Attributes:
        threads: Of each network; None for the default.
        rounds: Turns of each point; the median counts.
        people: How many in the picture.
        megapixels: Sizes of the picture.
        lengths_s: Of the film.
        streams: How many at once.
        stream_frames: Of each.
        batches: Crops a run.
    """

    threads: int | None = None
    rounds: int = 7
    people: tuple[int, ...] = (1, 2, 5, 10, 20, 35, 50)
    megapixels: tuple[float, ...] = (0.3, 1, 2, 5, 10, 20)
    lengths_s: tuple[int, ...] = (10, 60, 600)
    streams: tuple[int, ...] = (1, 2, 4, 8, 16)
    stream_frames: int = 60
    batches: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)

    @classmethod
    def quick(cls, threads: int | None) -> "Settings":
        """Enough to see that everything runs."""
        return cls(threads, 1, (1, 3), (0.3, 1), (1, 2), (1, 2), 5, (1, 4))


@dataclass
class Table:
    """What was measured along one axis.

    Attributes:
        title: What grows.
        unit: Of what grows.
        x: The points.
        columns: Name → a number for each point; the first is the one that is plotted and should be linear.
        notes: Sentences below the table.
    """

    title: str
    unit: str
    x: list[float]
    columns: dict[str, list[float | None]]
    notes: list[str] = field(default_factory=list)


def people(settings: Settings) -> Table:
    """One picture of 1920 x 1080 px, more and more people in it: looked at where they are, and found."""
    models = [load_model(name, threads=settings.threads) for name in (None, "multipose")]
    scenes = [crowd(count) for count in settings.people]
    columns: dict[str, list[float | None]] = {
        f"{models[0].card.name}, boxes given, ms": _medians_ms(
            settings, [_refining(models[0], picture, boxes) for picture, boxes in scenes]
        )
    }
    for model in models:
        columns[f"{model.card.name} ms"] = _medians_ms(settings, [_calling(model, picture) for picture, _ in scenes])
        columns[f"{model.card.name} found"] = [float(len(model(picture))) for picture, _ in scenes]
    notes = [
        "copies of one walker, smaller as they become more; found: of them, at the model's own thresholds",
        "without boxes the time follows how many are found, and MultiPose finds no crowd of small people",
    ]
    return Table(TITLES["people"], "people", [float(n) for n in settings.people], columns, notes)


def pixels(settings: Settings) -> Table:
    """One picture at several sizes: what is found, and what drawing and encoding it as a video cost."""
    model = load_model(None, threads=settings.threads)
    (picture,) = clip_frames(1)
    pictures = [of_megapixels(size, picture) for size in settings.megapixels]
    found = [model(picture) for picture in pictures]
    drawing = [_drawing(picture, poses) for picture, poses in zip(pictures, found, strict=True)]
    columns: dict[str, list[float | None]] = {
        "draw and encode ms": _each(_medians_ms(settings, [_encoding(model, picture) for picture in pictures]), _FILM),
        "draw ms": _medians_ms(settings, drawing),
        "find ms": _medians_ms(settings, [_calling(model, picture) for picture in pictures]),
    }
    note = "find: the network sees the same number of pixels whatever the picture has; the rest is making it smaller"
    return Table(TITLES["pixels"], "megapixels", list(settings.megapixels), columns, [note])


def length(settings: Settings) -> Table:
    """A film of 640 x 360 px with tracking, drawing, encoding and numbers, longer and longer.

    Each length is run in a process of its own, so that its memory is its own.
    """
    rows = []
    for seconds in settings.lengths_s:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            rows.append(process.submit(film, seconds, settings.threads).result())
    columns: dict[str, list[float | None]] = {name: [row[name] for row in rows] for name in rows[0]}
    notes = [
        "memory: when a tenth of the film was done, at its end, and the most; each length in a process of its own",
        "lightning, followed, drawn, encoded, numbers as JSON; the film is 90 pictures of the sample clip, to and fro",
        "an hour was not run (`--hour` does)" if max(settings.lengths_s) < 3600 else "",
    ]
    return Table(TITLES["length"], "s", [float(s) for s in settings.lengths_s], columns, [n for n in notes if n])


def streams(settings: Settings) -> Table:
    """So many films at once through one model."""
    model = load_model(None, threads=settings.threads)
    images = [of_megapixels(0.2304, image) for image in clip_frames(30)]
    rows = []
    for count in settings.streams:
        sources = [Looped(images, settings.stream_frames, name=f"camera {i}") for i in range(count)]
        report, latencies = SharingReport(), []
        begin = perf_counter()
        for one in stream_many(sources, model=model, track=True, report=report):
            latencies.append(one.latency_s)
        wall_s = perf_counter() - begin
        rows.append(
            {
                "s for all": wall_s,
                "frames per s": len(latencies) / wall_s,
                "delay p50 ms": float(np.percentile(latencies, 50)) * 1e3,
                "delay p95 ms": float(np.percentile(latencies, 95)) * 1e3,
                "inputs a run": report.mean_batch,
            }
        )
    columns: dict[str, list[float | None]] = {name: [row[name] for row in rows] for name in rows[0]}
    note = (
        f"{settings.stream_frames} frames of 640 x 360 px each, as quick as they go, followed, not drawn; "
        "delay: from the frame taken to its people known"
    )
    return Table(TITLES["streams"], "streams", [float(n) for n in settings.streams], columns, [note])


def batch(settings: Settings) -> Table:
    """So many crops of the default model in one run."""
    model: Any = load_model(None, threads=settings.threads)
    (picture,) = clip_frames(1)
    height, width = picture.shape[:2]
    steps = [_refining(model, picture, np.array([[0, 0, width, height]] * n, np.float32)) for n in settings.batches]
    times = _medians_ms(settings, steps)
    each = [ms / n for ms, n in zip(times, settings.batches, strict=True) if ms is not None]
    columns: dict[str, list[float | None]] = {"ms a run": times, "ms a crop": list(each)}
    note = f"{model.card.name}, crops cut and decoded, on {model.runtime}"
    return Table(TITLES["batch"], "crops", [float(n) for n in settings.batches], columns, [note])


MEASURES: dict[str, Callable[[Settings], Table]] = {
    "people": people,
    "pixels": pixels,
    "length": length,
    "streams": streams,
    "batch": batch,
}


def _medians_ms(settings: Settings, steps: Sequence[Callable[[], object]]) -> list[float | None]:
    """Each in turn, so many rounds, after one that is not counted."""
    times: list[list[float]] = [[] for _ in steps]
    for turn in range(settings.rounds + 1):
        for step, seconds in zip(steps, times, strict=True):
            begin = perf_counter()
            step()
            if turn:
                seconds.append(perf_counter() - begin)
    return [float(np.median(seconds)) * 1e3 for seconds in times]


def _each(times: list[float | None], count: int) -> list[float | None]:
    return [None if time is None else time / count for time in times]


def _calling(model: PoseModel, picture: Any) -> Callable[[], object]:
    return lambda: model(picture)


def _drawing(picture: Any, poses: Poses) -> Callable[[], object]:
    return lambda: draw_poses(picture, poses)


def _refining(model: Any, picture: Any, boxes: Any) -> Callable[[], object]:
    n, k = len(boxes), len(model.skeleton)
    people = Poses(
        keypoints=np.full((n, k, 2), np.nan, np.float32),
        scores=np.zeros((n, k), np.float32),
        boxes=boxes,
        person_scores=np.ones(n, np.float32),
        skeleton=model.skeleton,
    )
    return lambda: model.refine(picture, people)


def _encoding(model: PoseModel, picture: Any) -> Callable[[], object]:
    """Writes a film of `_FILM` such pictures."""
    results = list(stream(Looped([picture], _FILM), model=model))

    def write() -> None:
        with (
            tempfile.TemporaryDirectory() as folder,
            ResultWriter(
                Looped([picture], _FILM), model="m", skeleton=model.skeleton, folder=Path(folder), records=[]
            ) as writer,
        ):
            for result in results:
                writer.write(result)

    return write


def film(seconds: float, threads: int | None) -> dict[str, float | None]:
    """Time and memory of a film of this length, from its frames to the files that are left."""
    model = load_model("lightning", threads=threads)
    images = [of_megapixels(0.2304, frame.image) for frame in islice(open_source(CLIP), 90)]  # never 90 large ones
    return _film(model, Looped(images, round(seconds * FPS)))


def _film(model: PoseModel, film: Looped) -> dict[str, float | None]:
    early: float | None = None
    begin, begin_cpu, frames = perf_counter(), process_time(), film.frame_count or 0
    with tempfile.TemporaryDirectory() as folder:
        records = [Path(folder) / "film.json"]
        with ResultWriter(film, model="m", skeleton=model.skeleton, folder=Path(folder), records=records) as writer:
            for result in stream(film, model=model, track=True):
                writer.write(result)
                if result.frame.index == frames // 10:
                    early = _resident_mb()
            late = _resident_mb()
        wall_s, cpu_s = perf_counter() - begin, process_time() - begin_cpu
    return {
        "run s": wall_s,
        "ms a frame": wall_s / frames * 1e3,
        "cpu ms a frame": cpu_s / frames * 1e3,
        "early MB": early,
        "late MB": late,
        # the system's counters lag a little behind each other
        "peak MB": max((mb for mb in (early, late, _peak_mb()) if mb is not None), default=None),
    }


def _peak_mb() -> float | None:
    """The most memory that this process has had; what ``getrusage`` says may be that of the process that started it."""
    status = Path("/proc/self/status")
    if sys.platform != "linux" or not status.is_file():
        return None
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 2**10


def _resident_mb() -> float | None:
    """Memory of this process now; None where /proc is not."""
    statm = Path("/proc/self/statm")
    if sys.platform != "linux" or not statm.is_file():
        return None
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
