"""JSON Lines: a line per frame, on the disk as soon as the frame is done, so that a run can be followed."""

import logging
from pathlib import Path

from gonio.errors import MediaError
from gonio.io.formats.output import Target
from gonio.io.formats.reading import parse_json, read_text, same_tracking
from gonio.io.formats.records import frame_record, header_record, poses_from_record, skeleton_from_header
from gonio.io.formats.writer import StreamingWriter, compact_json
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton

_log = logging.getLogger(__name__)


class JsonLinesWriter(StreamingWriter):
    """Writes the header line, then a line per frame or failure, and at the end ``{"complete": true}``.

    The lines go straight to the file's final name, in place of an earlier file, and only whole lines stay
    there: also after Ctrl-C, on a full disk, and, but for the last line, after a power cut.

    Args:
        target: A path, ``"-"`` for standard output, or a text stream.
        model: Name of the model that finds the poses.
        skeleton: What its keypoints are.
        notice: A sentence that whoever reads the results must see.

    Raises:
        MediaError: If the target cannot be written.
    """

    def __init__(self, target: Target, *, model: str, skeleton: Skeleton, notice: str | None = None) -> None:
        self._header = header_record(model=model, skeleton=skeleton, notice=notice)
        super().__init__(target, growing=True)

    def fail(self, message: str) -> None:
        """Write the sentence as a line of its own.

        Raises:
            MediaError: If it cannot be written, or the writer is closed.
        """
        self.failures.append(message)
        self._output.write(_line({"failure": message}))

    def _head(self) -> str:
        return _line(self._header)

    def _frame_text(self, frame: Frame, poses: Poses) -> str:
        return _line(frame_record(frame, poses))

    def _tail(self, *, complete: bool) -> str:
        return _line({"complete": complete})


def read_jsonl(path: str | Path) -> list[Poses]:
    """The frames of a JSON Lines file, in its order.

    A last line without its end, as a power cut or a running writer may leave it, is left out and the fact
    logged.

    Raises:
        MediaError: If the file cannot be read, is not such a file or of another version; the sentence names
            the line.
    """
    lines = read_text(path).split("\n")
    if unfinished := lines.pop():
        _log.warning("'%s': line %d has no end and is left out: %.40s", path, len(lines) + 1, unfinished)
    if not lines:
        raise MediaError(f"'{path}' is not a file of poses: it has no whole line; write one with Gonio")
    header, *records = [parse_json(line, _place(path, number)) for number, line in enumerate(lines)]
    skeleton = skeleton_from_header(header, _place(path, 0))
    frames = [
        poses_from_record(record, skeleton, _place(path, number))
        for number, record in enumerate(records, start=1)
        if not _is_note(record)
    ]
    return same_tracking(frames)


def _is_note(record: object) -> bool:
    """Whether a line tells of a failure or of the end, not of a frame."""
    return isinstance(record, dict) and ("failure" in record or "complete" in record)


def _place(path: str | Path, number: int) -> str:
    return f"'{path}', line {number + 1}"


def _line(record: dict[str, object]) -> str:
    return compact_json(record) + "\n"
