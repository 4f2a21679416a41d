"""`ResultWriter`: everything that a run leaves on disk, kept valid however the run ends."""

import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from gonio.io.formats import PoseWriter, open_writer
from gonio.io.sinks.image import ImageSink
from gonio.io.sinks.video import VideoSink
from gonio.io.sources import Source
from gonio.results import Result
from gonio.structures.skeleton import Skeleton
from gonio.timing import timed


class ResultWriter:
    """Writes drawn pictures or a drawn video, and files of numbers, one result at a time.

    A context manager: after Ctrl-C or an error in its block, what was written so far is closed and stays; the documents
    then say that they are not complete.

    Attributes:
        media: The drawn pictures and videos so far.
        records: The files of numbers.
    """

    def __init__(
        self,
        source: Source,
        *,
        model: str,
        skeleton: Skeleton,
        folder: Path | None,
        records: Sequence[str | Path],
    ) -> None:
        """Name what shall be written.

        Args:
            source: What the results come from; its failures are written down too.
            model: Name of the model.
            skeleton: What its keypoints are.
            folder: Where drawn pictures and videos go; None for none.
            records: Files of numbers; the suffix picks the format, ``-`` is JSON on standard output.
        """
        self.media: list[Path] = []
        self.records = list(records)
        self._source = source
        self._model = model
        self._skeleton = skeleton
        self._folder = folder
        self._stack = ExitStack()
        self._writers: list[PoseWriter] = []
        self._video: VideoSink | None = None
        self._images: ImageSink | None = None
        self._begin_s: float | None = None

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            for target in self.records:
                writer = open_writer(target, model=self._model, skeleton=self._skeleton)
                self._writers.append(opening.enter_context(writer))
            if self._folder is not None and self._source.is_video:
                path = self._folder / f"{source_stem(self._source.name)}-poses.mp4"
                self._video = opening.enter_context(VideoSink(path, fps_hint=self._source.fps))
            elif self._folder is not None:
                self._images = ImageSink(self._folder)
            self._stack = opening.pop_all()
        return self

    def write(self, result: Result) -> None:
        """Add one result to every file."""
        for writer in self._writers:
            writer.write(result.frame, result.poses)
        if self._video is None and self._images is None:
            return
        with timed("draw"):
            picture = result.plot()
        if self._video is not None:
            moment = result.frame.time_s or 0.0
            if self._begin_s is None:
                self._begin_s = moment  # a clip that starts at 60 s need not begin with a minute of nothing
            self._video.write(picture, moment - self._begin_s)
            self.media = [self._video.path]
        elif self._images is not None:
            self.media.append(self._images.write(picture, result.frame.source))

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for failure in self._source.failures:
            for writer in self._writers:
                writer.fail(str(failure))
        self._stack.__exit__(error_type, error, traceback)


def source_stem(name: str) -> str:
    """A file stem for the outputs of a source: of a path or URL its own, of a camera ``camera-0``.

    Example:
        >>> source_stem("clips/run.mp4"), source_stem("https://host/a%20b.mp4?x=1"), source_stem("camera:0")
        ('run', 'a-20b', 'camera-0')
    """
    path = urlsplit(name).path if "://" in name else name
    stem = Path(path).stem or Path(path).name or "poses"
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "poses"
