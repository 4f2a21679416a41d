"""No output of ``gonio predict`` lies where a source lies: it would be gone before, or after, it was read."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from gonio.errors import ConfigError
from gonio.io.sinks.image import ImageSink
from gonio.io.sources import Source
from gonio.io.sources.images import ImageSource
from gonio.saving import drawn_film


def names_read(source: Source) -> list[str]:
    """The files and addresses that a source reads."""
    return source.picture_names if isinstance(source, ImageSource) else [source.name]


def outputs_of(source: Source, stem: str, folder: Path | None, records: Iterable[str | Path]) -> Iterator[Path]:
    """Every file that a run through a source may write.

    Args:
        source: What is read.
        stem: What its drawn video is named after.
        folder: Where what is drawn goes; None for nothing.
        records: Files of numbers; ``-`` is none.
    """
    yield from (Path(record) for record in records if str(record) != "-")
    if folder is not None and source.is_video:
        yield drawn_film(folder, stem)
    elif folder is not None:
        sink = ImageSink(folder)
        yield from (sink.plan(name) for name in names_read(source))


def check_sources_stay(read: Iterable[str], outputs: Iterable[tuple[str, Path]]) -> None:
    """Refuse a run that would replace what it shall read.

    Args:
        read: Files and addresses of all sources.
        outputs: The name of a source, and a file that is written for it.

    Raises:
        ConfigError: If one is the same file as the other, by whatever path or link.
    """
    known: dict[tuple[int, int], str] = {}
    for name in read:
        if (file := _identity(name)) is not None:
            known.setdefault(file, name)
    for source, path in outputs:
        file = _identity(path)
        if file is not None and file in known:
            raise ConfigError(
                f"the output '{path}' of '{source}' would replace the source '{known[file]}'; give another folder "
                "with --out, or leave that source out"
            )


def _identity(path: str | Path) -> tuple[int, int] | None:
    """The same for two names of one file; None where there is no file."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):  # an address, a camera, or a file that is yet to be written
        return None
    return status.st_dev, status.st_ino
