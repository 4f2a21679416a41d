"""CSV in tidy long form: one row per person and keypoint, for spreadsheets, R and data frames."""

import csv
import io
from collections.abc import Iterable

import numpy as np

from gonio.io.formats.output import Target
from gonio.io.formats.records import WORLD_DECIMALS, finite_time, rounded_coordinates, rounded_scores
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
WORLD_COLUMNS = ("world_x", "world_y", "world_z")
"""Behind the others, from models that estimate positions in metres."""


class CsvWriter(StreamingWriter):
    """Writes N x K rows per frame; ``person`` counts from 0 within a frame, an empty cell means no value.

    The columns of ``world`` are there if the first people have it; so the header line ends when they come.

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
        self._has_world: bool | None = None
        super().__init__(target)

    def _head(self) -> str:
        return _rows_text([COLUMNS]).removesuffix("\n")  # at once, so that a full disk is told at once

    def _end_of_header(self, *, has_world: bool) -> str:
        """The first time the rest of the header line, then nothing."""
        if self._has_world is not None:
            return ""
        self._has_world = has_world
        return ("," + _rows_text([WORLD_COLUMNS])) if has_world else "\n"

    def _frame_text(self, frame: Frame, poses: Poses) -> str:
        if not len(poses):
            return ""
        header = self._end_of_header(has_world=poses.world is not None)
        moment = (frame.index, finite_time(frame.time_s), frame.source)
        ids = [None] * len(poses) if poses.track_ids is None else poses.track_ids.tolist()
        points = rounded_coordinates(poses.keypoints)
        scores = rounded_scores(poses.scores)
        person_scores = rounded_scores(poses.person_scores)
        boxes = rounded_coordinates(poses.boxes)
        world = self._world(poses)
        rows = [
            (*moment, n, ids[n], name, *points[n][k], scores[n][k], person_scores[n], *boxes[n], *world[n][k])
            for n, k in np.ndindex(len(poses), len(self._names))
            for name in (self._names[k],)
        ]
        return header + _rows_text(rows)

    def _world(self, poses: Poses) -> list[list[list[float | None]]]:
        """Of each person's keypoints the cells behind the others, if there are such."""
        if not self._has_world:
            return [[[] for _ in self._names] for _ in range(len(poses))]
        missing = np.full((*poses.scores.shape, 3), np.nan, np.float32)
        return rounded_coordinates(missing if poses.world is None else poses.world, WORLD_DECIMALS)

    def _tail(self, *, complete: bool) -> str:  # noqa: ARG002 - CSV has no place for it
        return self._end_of_header(has_world=False)


def _rows_text(rows: Iterable[tuple[object, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
