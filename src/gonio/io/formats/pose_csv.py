"""CSV in tidy long form: one row per person and keypoint, for spreadsheets, R and data frames."""

import csv
import io
from collections.abc import Iterable

import numpy as np

from gonio.io.formats.output import Target
from gonio.io.formats.records import finite_time, rounded_coordinates, rounded_scores
from gonio.io.formats.writer import StreamingWriter
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton

COLUMNS = (
    "frame_index",
    "time_s",
    "source",
    "person",
    "track_id",
    "keypoint",
    "x",
    "y",
    "score",
    "person_score",
    "box_x1",
    "box_y1",
    "box_x2",
    "box_y2",
)


class CsvWriter(StreamingWriter):
    """Writes N x K rows per frame; ``person`` counts from 0 within a frame, an empty cell means no value.

    A frame without people has no row, and there is no place for model, failures or completeness: the JSON
    formats have them. UTF-8, comma, point, header line; rounding as in the JSON document.

    Args:
        target: A path, ``"-"`` for standard output, or a text stream.
        skeleton: Gives the keypoints' names.

    Raises:
        MediaError: If the target cannot be written.
    """

    def __init__(self, target: Target, *, skeleton: Skeleton) -> None:
        self._names = skeleton.keypoint_names
        super().__init__(target)

    def _head(self) -> str:
        return _rows_text([COLUMNS])

    def _frame_text(self, frame: Frame, poses: Poses) -> str:
        moment = (frame.index, finite_time(frame.time_s), frame.source)
        ids = [None] * len(poses) if poses.track_ids is None else poses.track_ids.tolist()
        points = rounded_coordinates(poses.keypoints)
        scores = rounded_scores(poses.scores)
        person_scores = rounded_scores(poses.person_scores)
        boxes = rounded_coordinates(poses.boxes)
        rows = [
            (*moment, n, ids[n], name, *points[n][k], scores[n][k], person_scores[n], *boxes[n])
            for n, k in np.ndindex(len(poses), len(self._names))
            for name in (self._names[k],)
        ]
        return _rows_text(rows)

    def _tail(self, *, complete: bool) -> str:  # noqa: ARG002 - CSV has no place for it
        return ""


def _rows_text(rows: Iterable[tuple[object, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
