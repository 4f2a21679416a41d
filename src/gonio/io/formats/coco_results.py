"""COCO results: the list of detections that pycocotools and the COCO server evaluate."""

import logging
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from gonio.io.formats.output import Target
from gonio.io.formats.records import rounded_coordinates, rounded_scores
from gonio.io.formats.writer import StreamingWriter, compact_json
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses

PERSON_CATEGORY = 1
"""COCO's category of people."""
_SCORE_DECIMALS = 6  # the evaluation ranks people by score, so ties must not arise from rounding


_log = logging.getLogger(__name__)


class CocoResultsWriter(StreamingWriter):
    """Writes one dictionary per person, in one JSON list.

    ``keypoints`` is COCO's flat ``[x1, y1, s1, x2, y2, s2, ...]``: in results the third number is our score,
    not a visibility, and a keypoint without an estimate is ``0, 0, 0``, for COCO has no null. COCO counts
    pixels from the centre of the top-left one, as Gonio does, so nothing is shifted. ``bbox`` is
    ``x, y, width, height``. There is no place for failures, which are logged, or for completeness.

    Args:
        target: A path, ``"-"`` for standard output, or a text stream.
        image_ids: A frame's ``source`` → the data set's image id. Without it, a picture whose name is a
            number has this number as its id (COCO's ``000000000139.jpg`` is 139), another picture its name
            without the suffix, and a frame of a video its index.

    Raises:
        MediaError: If the target cannot be written.
    """

    def __init__(self, target: Target, *, image_ids: Mapping[str, int] | None = None) -> None:
        self._image_ids = image_ids or {}
        self._has_people = False
        self._sources: dict[int | str, str] = {}
        super().__init__(target)

    def _head(self) -> str:
        return "["

    def _frame_text(self, frame: Frame, poses: Poses) -> str:
        image_id = self._image_ids.get(frame.source, image_id_of(frame))
        self._warn_of_namesakes(image_id, frame)
        texts = [compact_json(result) for result in coco_results(poses, image_id)]
        if not texts:
            return ""
        separator = ",\n" if self._has_people else "\n"
        self._has_people = True
        return separator + ",\n".join(texts)

    def _warn_of_namesakes(self, image_id: int | str, frame: Frame) -> None:
        """Two pictures of one id would be scored as one."""
        if frame.time_s is None and self._sources.setdefault(image_id, frame.source) != frame.source:
            _log.warning(
                "'%s' and '%s' both get the COCO image id %r; rename one",
                self._sources[image_id],
                frame.source,
                image_id,
            )

    def _tail(self, *, complete: bool) -> str:  # noqa: ARG002 - a plain list has no place for it
        return "\n]\n"


def image_id_of(frame: Frame) -> int | str:
    """The image id that a frame has without a data set's list.

    Example:
        >>> import numpy as np
        >>> pixel = np.zeros((1, 1, 3), np.uint8)
        >>> image_id_of(Frame(pixel, source="val2017/000000000139.jpg"))
        139
        >>> image_id_of(Frame(pixel, index=7, time_s=0.28, source="run.mp4"))
        7
    """
    if frame.time_s is not None:
        return frame.index
    stem = PurePosixPath(frame.source.replace("\\", "/")).stem
    return int(stem) if stem.isascii() and stem.isdigit() else stem


def coco_results(poses: Poses, image_id: int | str) -> list[dict[str, Any]]:
    """One COCO result per person, coordinates to 1/1000 px."""
    points = rounded_coordinates(poses.keypoints)
    scores = rounded_scores(poses.scores, _SCORE_DECIMALS)
    person_scores = rounded_scores(poses.person_scores, _SCORE_DECIMALS)
    boxes = rounded_coordinates(poses.boxes)
    return [
        {
            "image_id": image_id,
            "category_id": PERSON_CATEGORY,
            "keypoints": _flat(points[n], scores[n]),
            "score": person_scores[n],
            "bbox": _xywh(boxes[n]),
        }
        for n in range(len(poses))
    ]


def _flat(points: list[list[float | None]], scores: list[float]) -> list[float]:
    flat: list[float] = []
    for (x, y), score in zip(points, scores, strict=True):
        flat += [0.0, 0.0, 0.0] if x is None or y is None else [x, y, score]
    return flat


def _xywh(box: list[float | None]) -> list[float]:
    x1, y1, x2, y2 = (0.0 if value is None else value for value in box)
    return [x1, y1, round(x2 - x1, 3), round(y2 - y1, 3)]
