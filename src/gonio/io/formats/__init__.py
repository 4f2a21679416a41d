"""Files of poses: the JSON document, JSON Lines, CSV and COCO results; the name's end picks the format.

| Name ends in | Format | Written |
|---|---|---|
| ``.json`` | one documented document (``docs/json-schema.md``) | named when complete or stopped |
| ``.jsonl`` | a line per frame | grows under its final name |
| ``.csv`` | a row per person and keypoint | named when complete or stopped |
| ``.coco.json`` | COCO results, for pycocotools | named when complete or stopped |
"""

from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self, TextIO, get_args

from gonio.errors import ConfigError
from gonio.io.formats.coco_results import CocoResultsWriter
from gonio.io.formats.pose_csv import CsvWriter
from gonio.io.formats.pose_json import JsonWriter, read_json
from gonio.io.formats.pose_jsonl import JsonLinesWriter, read_jsonl
from gonio.io.formats.records import frame_record, header_record, poses_from_record, schema
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton

__all__ = [
    "CocoResultsWriter",
    "CsvWriter",
    "JsonLinesWriter",
    "JsonWriter",
    "PoseFormat",
    "PoseWriter",
    "format_of",
    "frame_record",
    "header_record",
    "open_writer",
    "poses_from_record",
    "read_json",
    "read_jsonl",
    "schema",
]

PoseFormat = Literal["json", "jsonl", "csv", "coco"]

# Longest first: '.coco.json' ends in '.json' too.
_SUFFIXES: dict[str, PoseFormat] = {".coco.json": "coco", ".jsonl": "jsonl", ".json": "json", ".csv": "csv"}


class PoseWriter(Protocol):
    """Takes frames one by one; a context manager that leaves a valid file however its block ends."""

    def write(self, frame: Frame, poses: Poses) -> None:
        """Add one frame's people."""

    def fail(self, message: str) -> None:
        """Note an input that could not be processed."""

    def close(self, *, complete: bool = True) -> None:
        """End the file; ``complete=False`` when the run was stopped."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


def format_of(path: str | Path) -> PoseFormat:
    """The format that a file's name stands for, in upper or lower case.

    Raises:
        ConfigError: If the name ends in none of the known suffixes.

    Example:
        >>> format_of("run.json"), format_of("run.coco.json")
        ('json', 'coco')
    """
    name = Path(path).name.lower()
    for suffix, kind in _SUFFIXES.items():
        if name.endswith(suffix):
            return kind
    raise ConfigError(
        f"no format for poses is known by the name '{path}'; end it in one of: {', '.join(sorted(_SUFFIXES))}"
    )


def open_writer(
    target: str | Path | TextIO,
    *,
    model: str,
    skeleton: Skeleton,
    kind: PoseFormat | None = None,
    notice: str | None = None,
) -> PoseWriter:
    """Open a file of poses for writing.

    Args:
        target: A path, whose suffix picks the format; or ``"-"`` (standard output) or a text stream, where
            ``kind`` picks it.
        model: Name of the model that finds the poses.
        skeleton: What its keypoints are.
        kind: The format, whatever the suffix; left out for ``"-"`` or a stream, the JSON document.
        notice: A sentence that whoever reads the results must see; the JSON formats carry it.

    Raises:
        ConfigError: If the suffix or ``kind`` is unknown.
        MediaError: If the target cannot be written.
    """
    if kind is None:
        is_path = isinstance(target, str | Path) and target != "-"
        kind = format_of(target) if is_path else "json"  # type: ignore[arg-type]  # is_path says it
    if kind == "json":
        return JsonWriter(target, model=model, skeleton=skeleton, notice=notice)
    if kind == "jsonl":
        return JsonLinesWriter(target, model=model, skeleton=skeleton, notice=notice)
    if kind == "csv":
        return CsvWriter(target, skeleton=skeleton)
    if kind == "coco":
        return CocoResultsWriter(target)
    raise ConfigError(f"no format for poses is named {kind!r}; there are: {', '.join(get_args(PoseFormat))}")
