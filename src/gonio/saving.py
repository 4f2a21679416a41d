"""`ResultWriter`: everything that a run leaves on disk, kept valid however the run ends."""

import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from gonio.draw.overlay import draw_over
from gonio.errors import ConfigError
from gonio.io.formats import PoseWriter, format_of, open_writer
from gonio.io.sinks.behind import WriteBehind
from gonio.io.sinks.encoding import QUICK
from gonio.io.sinks.image import ImageSink
from gonio.io.sinks.video import DEFAULT_CRF, VideoSink, check_settings
from gonio.io.sources import Source
from gonio.results import Result
from gonio.structures.skeleton import Skeleton
from gonio.timing import timed

_BEHIND = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSettings:
    """How a drawn video is encoded; the arguments of `VideoSink`.

    Raises:
        ConfigError: If one is out of range.
    """

    crf: int = DEFAULT_CRF
    preset: str = QUICK
    threads: int | None = None

    def __post_init__(self) -> None:
        check_settings(threads=self.threads, crf=self.crf, preset=self.preset)


class ResultWriter:
    """Writes drawn pictures or a drawn video, and files of numbers, one result at a time.

    Where pictures are drawn, they and the files that are there when they are whole are written in a thread of its own,
    at most three results behind; what goes wrong there is raised by the next `write`, or at the end of the block.

    A context manager. Nothing is opened before the first result, so a source that cannot be read leaves the files of an
    earlier run as they were. After that, also by Ctrl-C or an error in its block, what was written so far is closed and
    stays; the documents then say that they are not complete.

    Attributes:
        media: The drawn pictures and videos so far; all of them once the block has ended.
        records: The files of numbers so far.
    """

    def __init__(
        self,
        source: Source,
        *,
        model: str,
        skeleton: Skeleton,
        folder: Path | None,
        records: Sequence[str | Path],
        video: VideoSettings | None = None,
        stem: str | None = None,
    ) -> None:
        """Name what shall be written.

        Args:
            source: What the results come from; its failures are written down too.
            model: Name of the model.
            skeleton: What its keypoints are.
            folder: Where drawn pictures and videos go; None for none.
            records: Files of numbers; the suffix picks the format, ``-`` is JSON on standard output.
            video: How a drawn video is encoded.
            stem: What a drawn video is called before ``-poses.mp4``, if not by the source.

        Raises:
            ConfigError: If a suffix is unknown, or a file is named twice.
        """
        self.media: list[Path] = []
        self.records: list[str] = []
        self._targets = _checked([str(record) for record in records])
        self._source = source
        self._model = model
        self._skeleton = skeleton
        self._folder = folder
        self._open: ExitStack | None = None
        self._at_once: list[PoseWriter] = []
        self._at_end: list[PoseWriter] = []
        self._video: VideoSink | None = None
        self._images: ImageSink | None = None
        self._video_settings = video or VideoSettings()
        self._stem = stem or source_stem(source.name)
        self._behind = WriteBehind(self._draw, depth=_BEHIND)

    def __enter__(self) -> Self:
        return self

    def write(self, result: Result) -> None:
        """Add one result to every file.

        Raises:
            MediaError: If a file cannot be opened or written.
        """
        if self._open is None:
            self._open = self._opened(result.frame.time_s or 0.0)
        for writer in self._at_once:
            writer.write(result.frame, result.poses)
        if self._folder is None:
            self._note(result)
        else:
            self._behind.put(result)

    def _note(self, result: Result) -> None:
        """Into the files that are there when they are whole."""
        for writer in self._at_end:
            writer.write(result.frame, result.poses)

    def _draw(self, result: Result) -> None:
        """Draw, encode and note; runs in the writer's thread."""
        self._note(result)
        frame = result.frame
        with timed("draw"):
            drawing = draw_over(frame.image, result.poses, style=result.style)
        if self._video is not None:
            self._video.write(drawing.image, frame.time_s or 0.0, over=frame.decoded, changed=drawing.changed)
            self.media = [self._video.path]
        elif self._images is not None:
            self.media.append(self._images.write(drawing.image, frame.source))

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._open is None and error_type is None:
            self._open = self._opened(0.0)  # a source without a frame still gets its empty document
        if self._open is not None:
            self._open.__exit__(error_type, error, traceback)

    def _opened(self, start_s: float) -> ExitStack:
        """Open all files or, if one cannot be opened, none; a drawn video starts at 0 whatever ``start_s`` is."""
        # First those that replace an earlier file only at their end, and can still be dropped; then .jsonl and "-".
        at_once = [target for target in self._targets if _appears_at_once(target)]
        at_end = [target for target in self._targets if target not in at_once]
        with ExitStack() as opening:
            self._at_end = [self._enter(target, opening) for target in at_end]
            if self._folder is not None and self._source.is_video:
                path = drawn_film(self._folder, self._stem)
                self._video = opening.enter_context(self._video_sink(path, start_s))
            elif self._folder is not None:
                self._images = ImageSink(self._folder)
            self._at_once = [self._enter(target, opening) for target in at_once]
            opening.callback(self._note_failures)
            opening.enter_context(self._behind)  # last, so that at the end it has written before a file is closed
            self.records = [target for target in self._targets if target != "-"]
            return opening.pop_all()

    def _video_sink(self, path: Path, start_s: float) -> VideoSink:
        chosen = self._video_settings
        return VideoSink(
            path,
            fps_hint=self._source.fps,
            start_s=start_s,
            crf=chosen.crf,
            preset=chosen.preset,
            threads=chosen.threads,
        )

    def _enter(self, target: str, stack: ExitStack) -> PoseWriter:
        return stack.enter_context(open_writer(target, model=self._model, skeleton=self._skeleton))

    def _note_failures(self) -> None:
        for failure in self._source.failures:
            for writer in (*self._at_end, *self._at_once):
                writer.fail(str(failure))


def _checked(targets: list[str]) -> list[str]:
    for target in targets:
        if target != "-":
            format_of(target)  # which complains of an unknown suffix, before the work
        if sum(Path(other).absolute() == Path(target).absolute() for other in targets) > 1:
            raise ConfigError(f"'{target}' is named twice among the files to write; name it once")
    return targets


def _appears_at_once(target: str) -> bool:
    return target == "-" or format_of(target) == "jsonl"


def drawn_film(folder: Path, stem: str) -> Path:
    """Where the drawn video of a source lies."""
    return folder / f"{stem}-poses.mp4"


def source_stem(name: str) -> str:
    """A file stem for the outputs of a source: of a path or URL its own, of a camera ``camera-0``.

    Example:
        >>> source_stem("clips/run.mp4"), source_stem("https://host/a%20b.mp4?x=1"), source_stem("camera:0")
        ('run', 'a-20b', 'camera-0')
    """
    path = urlsplit(name).path if "://" in name else name
    stem = Path(path).stem or Path(path).name or "poses"
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "poses"


def free_stem(stem: str, taken: set[str]) -> str:
    """The stem, or with a number behind it: many file systems take A and a for one.

    Args:
        stem: As wished for.
        taken: Case-folded; the answer is added.

    Example:
        >>> taken: set[str] = set()
        >>> free_stem("run", taken), free_stem("Run", taken)
        ('run', 'Run-2')
    """
    free, number = stem, 1
    while free.casefold() in taken:
        number += 1
        free = f"{stem}-{number}"
    taken.add(free.casefold())
    return free
