"""The files of ``gonio predict a.mp4 b.mp4 …``: each source's are named after it, and none is lost with another."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.progress import TaskID

from gonio.errors import ConfigError, MediaError
from gonio.io.formats import format_of
from gonio.io.images import IMAGE_SUFFIXES
from gonio.io.sources import Source
from gonio.io.sources.video import VIDEO_SUFFIXES
from gonio.models.model import PoseModel
from gonio.saving import ResultWriter, VideoSettings, source_stem
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
            if folder and (str(folder) == "-" or _names_a_file(folder)):
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
    """

    name: str
    source: Source | None = None
    error: MediaError | None = None
    frames: int = 0
    people: int = 0
    stem: str = ""
    begun_s: float | None = None
    bar: TaskID | None = None

    @property
    def complaints(self) -> list[MediaError]:
        """Everything to tell; what broke it off says the rest by itself."""
        if self.error is not None or self.source is None:
            return [self.error] if self.error is not None else []
        return self.source.failures


class Files:
    """A writer for each source; a source whose files cannot be written is given up, and the others go on.

    A context manager: whatever ends the block, every file that was begun is closed and stays.
    """

    def __init__(self, jobs: list[Job], model: PoseModel, places: Places, video: VideoSettings) -> None:
        self._jobs = jobs
        pictures: set[str] = set()
        self._writers = [
            ResultWriter(
                _source(job),
                model=model.card.name,
                skeleton=model.skeleton,
                folder=_media_folder(job, places, pictures),
                records=[places.numbers / f"{job.stem}-poses{suffix}" for suffix in (".json", *places.also)],
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

    def write(self, one: StreamResult) -> None:
        """Add a result to its source's files."""
        job = self._jobs[one.stream]
        if one.stream not in self._open:
            return
        try:
            self._writers[one.stream].write(one.result)
        except MediaError as error:
            self.end(one.stream, error)
            return
        job.frames += 1
        job.people += len(one.result.poses)

    def end(self, number: int, error: MediaError | None) -> None:
        """Close a source's files."""
        if number not in self._open:
            return
        self._open.remove(number)
        self._jobs[number].error = error
        try:
            self._writers[number].__exit__(None if error is None else type(error), error, None)
        except MediaError as of_the_files:
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


def _names_a_file(path: Path) -> bool:
    known = (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES, ".json", ".jsonl", ".csv")
    return path.is_file() or (path.suffix.lower() in known and not path.is_dir())


def _media_folder(job: Job, places: Places, taken: set[str]) -> Path | None:
    """Single pictures and videos lie side by side; a set of pictures, and a second picture of one name, by itself."""
    source = _source(job)
    if places.media is None or source.is_video:
        return places.media
    name = source_stem(source.name).casefold()
    if source.frame_count == 1 and not {name, f"{name}-poses"} & taken:
        taken |= {name, f"{name}-poses"}
        return places.media
    return places.media / job.stem


def _source(job: Job) -> Source:
    if job.source is None:
        raise ValueError(f"'{job.name}' was not opened")
    return job.source
