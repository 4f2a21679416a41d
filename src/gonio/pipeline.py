"""The one path: source → model → results. Library, command and service are doors onto it."""

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from gonio.arrays import ImageArray
from gonio.draw.overlay import DrawStyle
from gonio.errors import ConfigError
from gonio.following import Follower, FollowSettings
from gonio.io.sources import Source, SourceLike, open_source
from gonio.io.sources.base import FrameSource
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.models.proposals import whole_picture
from gonio.models.topdown import TopDownModel
from gonio.optional import require
from gonio.pacing import DetectorRest, Pace, PaceReport
from gonio.results import Result, Results
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses

Finder = Callable[[Frame], Poses]
"""Everyone in a frame, stamped with its index and time."""
_log = logging.getLogger(__name__)
_MANY_FRAMES = 500


def stream(
    source: SourceLike | Source,
    *,
    model: str | Path | PoseModel | None = None,
    min_person_score: float | None = None,
    flip_test: bool = False,
    threads: int | None = None,
    start_s: float | None = None,
    end_s: float | None = None,
    stride: int = 1,
    track: bool | FollowSettings = False,
    target_fps: float | None = None,
    style: DrawStyle | None = None,
    report: PaceReport | None = None,
) -> Generator[Result, None, None]:
    """Find everyone in each frame of a source, one frame at a time, in constant memory.

    Args:
        source: Path of an image or video, folder of images, glob, URL, camera number, stream address, numpy array
            ``(H, W, 3)`` uint8 RGB, PIL image, list of images (paths, arrays, PIL), or what ``gonio.open_source`` gave.
        model: A name from ``gonio models``, the path of a model card, or a loaded model; default: the default model.
        min_person_score: People below this are left out; default: the model card's.
        flip_test: Also look at the mirrored picture and average: more accurate, twice the time.
        threads: Threads of each network, only where ``model`` is a name; default: ``GONIO_THREADS``, else all CPUs.
        start_s: Leave out the frames before this time of a video.
        end_s: Stop a video at this time.
        stride: Take every n-th frame.
        track: Follow people through a video: poses get ``track_ids``, and a top-down model looks where people are
            expected, so that the detector runs only now and then; its settings instead of True, to say how often.
        target_fps: Look at no more frames than this a second of the video, and leave out those that the run would be
            too late for, as if the video were played: results keep their true times, ``frames_dropped`` of a source
            that you open yourself says how many are missing. Where people are followed, the detector rests longer
            first.
        style: How results draw themselves.
        report: Told in the end what was done to hold ``target_fps``.

    Returns:
        A generator of results. It stops when the reader stops. What went wrong without ending the source (a bad picture
        among many, a video cut short) is logged, and listed in ``failures`` of a source that you open yourself.

    Raises:
        MediaError: If the source cannot be opened or read.
        ModelError: If the model cannot be loaded.
        ConfigError: If a setting is out of range.
    """
    opened = open_source(source, start_s=start_s, end_s=end_s, stride=stride)
    if isinstance(model, PoseModel) and threads is not None:
        raise ConfigError("threads are chosen when a model is loaded; give them to load_model")
    ready = model if isinstance(model, PoseModel) else load_model(model, threads=threads)
    find = finder(opened, ready, min_person_score=min_person_score, flip_test=flip_test, track=track)
    pace = pace_of(opened, target_fps, find)
    return _run(opened, find, pace, ready, style or DrawStyle(), report)


def predict(
    source: SourceLike | Source,
    *,
    model: str | Path | PoseModel | None = None,
    min_person_score: float | None = None,
    flip_test: bool = False,
    threads: int | None = None,
    start_s: float | None = None,
    end_s: float | None = None,
    stride: int = 1,
    track: bool | FollowSettings = False,
    target_fps: float | None = None,
    style: DrawStyle | None = None,
) -> Results:
    """Find everyone in every frame of a source and keep all of it; for a long video use `stream`.

    Arguments and errors are those of `stream`.

    Returns:
        A list of `Result`, one per picture or frame; its ``failures`` name what could not be read.

    Example:
        >>> import numpy as np
        >>> predict(np.zeros((64, 64, 3), np.uint8))
        [Result('array', frame 0: 0 people)]
    """
    opened = open_source(source, start_s=start_s, end_s=end_s, stride=stride)
    results = Results()
    for result in stream(
        opened,
        model=model,
        min_person_score=min_person_score,
        flip_test=flip_test,
        threads=threads,
        track=track,
        target_fps=target_fps,
        style=style,
    ):
        results.append(result)
        if len(results) == _MANY_FRAMES:
            _log.warning("predict keeps every frame of %r in memory; gonio.stream gives one by one", opened.name)
    results.failures = list(opened.failures)
    return results


def finder(
    source: Source,
    model: PoseModel,
    *,
    min_person_score: float | None = None,
    flip_test: bool = False,
    track: bool | FollowSettings = False,
) -> Finder:
    """Who finds people in the frames of this source; where they are followed, it keeps state: one per run.

    Raises:
        ConfigError: If a setting is out of range, or the source is no video and people shall be followed.
    """
    floor = model.person_floor(min_person_score)  # now, not at the first frame
    if not track:
        return partial(_find, model, min_person_score=floor, flip_test=flip_test)
    if not source.is_video:
        raise ConfigError(f"'{source.name}' is no video: people are followed through frames that have a time")
    require("scipy.optimize", extra="analysis", purpose="tracking")
    settings = track if isinstance(track, FollowSettings) else FollowSettings()
    return Follower(model, min_person_score=floor, flip_test=flip_test, settings=settings)


def pace_of(source: Source, target_fps: float | None, find: Finder) -> Pace | None:
    """How a run through this source is paced, if at all; ``find`` is who looks at its frames.

    Raises:
        ConfigError: If the rate is not above 0, or the source is no video.
    """
    if target_fps is None:
        return None
    if not source.is_video:
        raise ConfigError(f"'{source.name}' is no video: only frames that have a time can be taken at a rate")
    rest = None
    if isinstance(find, Follower) and find.may_rest and target_fps > 0:  # else the pace complains
        rest = DetectorRest(find, max(1 / target_fps, 1 / source.fps if source.fps else 0.0))
    return Pace(target_fps, is_live=source.is_live, rest=rest)


def warm_up(model: PoseModel, image: ImageArray) -> None:
    """Run every network of a model once, on a picture of the size to come.

    A runtime plans and allocates in its first run, which takes several times as long as a later one: a live source
    would lose its first frames to that.
    """
    model(image)
    if isinstance(model, TopDownModel):
        model.refine(image, whole_picture(model.skeleton)(image))


def _run(
    source: Source, find: Finder, pace: Pace | None, model: PoseModel, style: DrawStyle, report: PaceReport | None
) -> Generator[Result, None, None]:
    """Frames through a model, as they come."""
    with frames_of(source, pace, model, report) as frames:
        for frame in frames:
            yield Result(frame, find(frame), model.card.name, style)


def _find(model: PoseModel, frame: Frame, *, min_person_score: float, flip_test: bool) -> Poses:
    poses = model(frame.image, min_person_score=min_person_score, flip_test=flip_test)
    return replace(poses, frame_index=frame.index, time_s=frame.time_s)


@contextmanager
def frames_of(
    source: Source, pace: Pace | None, model: PoseModel, report: PaceReport | None = None
) -> Iterator[Iterator[Frame]]:
    """One run through a source that ends, with its thread and its file, when the block does, also by an error.

    Where time counts, the model is warm before the second frame is taken. What ``pace`` leaves out is added to the
    source's ``frames_dropped``, where it has that, and told to ``report``.
    """
    frames = iter(source)
    ready = _warm(frames, model) if source.is_live or pace is not None else frames
    try:
        yield ready if pace is None else pace.over(ready)
    finally:
        if isinstance(frames, Generator):
            frames.close()
        if pace is not None and isinstance(source, FrameSource):
            source.frames_dropped += pace.dropped
        if pace is not None and report is not None:
            pace.report(report)


def _warm(frames: Iterator[Frame], model: PoseModel) -> Iterator[Frame]:
    for first in frames:
        warm_up(model, first.image)
        yield first
        yield from frames
