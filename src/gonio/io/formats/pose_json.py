"""The JSON document: one file that says what it holds, whole and valid however the run ended."""

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


class JsonWriter(StreamingWriter):
    """Writes header, frames and footer one after the other; its memory does not grow with the frames.

    A file takes its name when it is closed. A run that was stopped leaves a valid document with
    ``"complete": false``.

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
        super().__init__(target)

    def fail(self, message: str) -> None:
        """Keep the sentence for the document's ``failures``."""
        self.failures.append(message)

    def _head(self) -> str:
        return compact_json(self._header).removesuffix("}") + ',"frames":['

    def _frame_text(self, frame: Frame, poses: Poses) -> str:
        separator = ",\n" if self.frames_written else "\n"
        return separator + compact_json(frame_record(frame, poses))

    def _tail(self, *, complete: bool) -> str:
        failures, ended = compact_json(self.failures), compact_json(complete)
        return f'\n],"failures":{failures},"complete":{ended}}}\n'


def read_json(path: str | Path) -> list[Poses]:
    """The frames of a JSON document, in its order.

    A document whose run was stopped is read as far as it goes, and the fact logged.

    Raises:
        MediaError: If the file cannot be read, is not such a document or of another version; the sentence
            names the line or the field.
    """
    where = f"'{path}'"
    document = parse_json(read_text(path), where)
    skeleton = skeleton_from_header(document, where)
    records = document.get("frames")
    if not isinstance(records, list):
        raise MediaError(f'{where} has no list "frames"; the format is described in docs/json-schema.md')
    if document.get("complete") is not True:
        _log.warning("%s is incomplete: its run was stopped after %d frames", where, len(records))
    frames = [
        poses_from_record(record, skeleton, f"{where}: frames[{number}]") for number, record in enumerate(records)
    ]
    return same_tracking(frames)
