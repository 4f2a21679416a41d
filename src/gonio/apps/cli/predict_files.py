"""The files of ``gonio predict a.mp4 b.mp4 …``: each source's are named after it, and none is lost with another."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.progress import TaskID

from gonio.apps.cli.predict_clashes import names_read
from gonio.errors import ConfigError, PoseError
from gonio.io.formats import format_of
from gonio.io.images import IMAGE_SUFFIXES
from gonio.io.sinks.image import ImageSink
from gonio.io.sources import Source
from gonio.io.sources.video import VIDEO_SUFFIXES
from gonio.models.model import PoseModel
from gonio.saving import ResultWriter, VideoSettings
from gonio.streams import StreamResult


@dataclass(frozen=True, slots=True)
class Places:
    """Where the outputs of several sources go.

    Attributes:
        media: Folder of drawn pictures and videos; None for none.
        numbers: Folder of the JSON documents, and of what ``also`` names.
        also: Suffixes of more files of numbers.

    Raises:
        ConfigError: If one of them names a single file.
    """

    media: Path | None
    numbers: Path
    also: tuple[str, ...]

    @classmethod
    def of(cls, out: Path | None, json: str | None, also: Sequence[str], *, default: Path) -> "Places":
        """From the options of the command, which mean folders here."""
        media = out if out or json else default
        for option, folder in (("--out", media), ("--json", json and Path(json))):
            if folder and (str(folder) == "-" or names_a_file(folder)):
                raise ConfigError(
                    f"{option} is '{folder}', one file for several sources; name a folder, in which each source's "
                    "outputs are named after it"
                )
        for suffix in also:
            if not suffix.startswith(".") or "/" in suffix:
                raise ConfigError(
                    f"--also is '{suffix}', one file for several sources; give the suffix alone, such as .csv"
                )
            format_of(f"poses{suffix}")
        return cls(media, Path(json) if json else media or default, tuple(also))


@dataclass(slots=True)
class Job:
    """One source on its way.

    Attributes:
        name: What the person called it.
        source: None if it could not be opened.
        error: What broke it off, or made its files impossible.
        stem: What its outputs are named after.
        folder: Where what is drawn goes; None for nothing.
        records: Its files of numbers.
    """

    name: str
    source: Source | None = None
    error: PoseError | None = None
    frames: int = 0
    people: int = 0
    stem: str = ""
    folder: Path | None = None
    records: list[Path] = field(default_factory=list)
    begun_s: float | None = None
    bar: TaskID | None = None

    @property
    def complaints(self) -> list[PoseError]:
        """Everything to tell: what went wrong on the way and, at last, what broke it off."""
        failures: list[PoseError] = [] if self.source is None else list(self.source.failures)
        if self.error is not None and self.error not in failures:
            failures.append(self.error)
        return failures


class Files:
    """A writer for each source; a source whose files cannot be written is given up, and the others go on.

    A context manager: whatever ends the block, every file that was begun is closed and stays.
    """

    def __init__(self, jobs: list[Job], model: PoseModel, video: VideoSettings) -> None:
        self._jobs = jobs
        self._writers = [
            ResultWriter(
                _source(job),
                model=model.card.name,
                skeleton=model.skeleton,
                folder=job.folder,
                records=job.records,
                video=video,
                stem=job.stem,
            )
            for job in jobs
        ]
        self._open = set(range(len(jobs)))

    @property
    def written(self) -> list[Path]:
        """All files, source by source."""
        return [
            path for writer in self._writers for path in [*writer.media, *(Path(record) for record in writer.records)]
        ]

    @property
    def are_open(self) -> bool:
        """Whether any source's files still take results."""
        return bool(self._open)

    def write(self, one: StreamResult) -> PoseError | None:
        """Add a result to its source's files; gives what made them impossible, if that happens now."""
        job = self._jobs[one.stream]
        if one.stream not in self._open:
            return None
        try:
            self._writers[one.stream].write(one.result)
        except PoseError as error:  # also a setting: a film whose times go back before its first frame
            self.end(one.stream, error)
            return error
        job.frames += 1
        job.people += len(one.result.poses)
        return None

    def end(self, number: int, error: PoseError | None) -> None:
        """Close a source's files."""
        if number not in self._open:
            return
        self._open.remove(number)
        self._jobs[number].error = error
        try:
            self._writers[number].__exit__(None if error is None else type(error), error, None)
        except PoseError as of_the_files:
            self._jobs[number].error = error or of_the_files

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        closing_all = ExitStack()  # one that cannot be closed leaves no other open
        for number in self._open:
            closing_all.push(self._writers[number])
        closing_all.__exit__(error_type, error, traceback)


def names_a_file(path: Path) -> bool:
    """Whether a person who gives this name means a file, not a folder."""
    known = (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES, ".json", ".jsonl", ".csv")
    return path.is_file() or (path.suffix.lower() in known and not path.is_dir())


def place_outputs(jobs: list[Job], places: Places) -> None:
    """Give each source that is open its folder and its files of numbers, none of them another's."""
    taken: set[str] = set()
    for job in jobs:
        if job.source is not None:
            job.folder = _media_folder(job.source, job.stem, places.media, taken)
            job.records = [places.numbers / f"{job.stem}-poses{suffix}" for suffix in (".json", *places.also)]


def _media_folder(source: Source, stem: str, media: Path | None, taken: set[str]) -> Path | None:
    """Single pictures and videos lie side by side; a set of pictures, and a second picture of one name, by itself."""
    if media is None or source.is_video:
        return media
    if names_read(source) == [source.name]:  # a folder in which one picture lies is a set, too
        drawn = ImageSink(media).plan(source.name).name.casefold()
        if drawn not in taken:
            taken.add(drawn)
            return media
    return media / stem


def _source(job: Job) -> Source:
    if job.source is None:
        raise ValueError(f"'{job.name}' was not opened")
    return job.source
