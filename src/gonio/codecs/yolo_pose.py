"""Everyone at once, as YOLO pose networks (v8, 11, 26) are exported: a box and keypoints of each candidate.

`YoloPose`, one output ``(B, 4 + C + K D, N)``, a column per cell of three grids (N is 8400 for an input of 640 x 640):
box ``cx cy w h``, scores of the C classes, K keypoints of D numbers ``x y (visibility)``; suppression is left to do.

`YoloPoseEndToEnd`, one output ``(B, N, 6 + K D)``, a row per person (N is 300): box ``x1 y1 x2 y2``, score, number of
the class, keypoints; nothing is left to suppress. Rows of score 0 fill it up.

Source:
    Ultralytics' documentation of its export formats, and the shapes and metadata of files exported by version 8.4;
    D. Maji et al., "YOLO-Pose: Enhancing YOLO for Multi Person Pose Estimation Using Object Keypoint Similarity Loss",
    CVPR workshops 2022.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs.base import DecodedPeople, Outputs
from gonio.codecs.checks import output_of, probabilities
from gonio.codecs.persons import to_centres, to_corners
from gonio.codecs.yolo_rows import PREDICTIONS, YoloPoseCodec
from gonio.errors import ConfigError


@dataclass(frozen=True, slots=True)
class YoloPose(YoloPoseCodec):
    """People as columns, to be suppressed by the overlap of their boxes.

    Attributes:
        max_iou: As in `PersonCodec`.
        classes: C.

    Example:
        >>> column = np.float32([50, 40, 20, 60, 0.9, 52, 31, 0.8]).reshape(1, 8, 1)
        >>> (people,) = YoloPose(n_keypoints=1).decode({"predictions": column})
        >>> people.boxes[0].tolist(), people.keypoints[0].tolist()
        ([40.0, 10.0, 60.0, 70.0], [[52.0, 31.0]])
    """

    max_iou: float = 0.7
    classes: int = 1

    def __post_init__(self) -> None:
        YoloPoseCodec.__post_init__(self)
        if not self.person_class < self.classes:
            raise ConfigError(f"person_class is {self.person_class}, but there are {self.classes} classes, from 0")

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads, with the size of each along axis 1."""
        return {PREDICTIONS: 4 + self.classes + self.n_keypoints * self.values}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:  # noqa: ARG002
        """The outputs of a perfect network, which has columns for these people alone."""
        columns = np.zeros((len(people), 4 + self.classes), np.float32)
        columns[:, :4] = to_centres(people.boxes) / np.tile(self.unit(), 2)
        columns[:, 4 + self.person_class] = people.person_scores
        return {PREDICTIONS: np.ascontiguousarray(np.concatenate([columns, self.points_of(people)], axis=1).T[None])}

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The people of each of the B inputs, best first.

        Raises:
            ModelMismatchError: If shapes or values are not those of such a file.
        """
        array = output_of(outputs, PREDICTIONS, (None, self.output_channels[PREDICTIONS], None))
        first_point = 4 + self.classes
        scores = probabilities(array[:, 4:first_point], "scores of classes")[:, self.person_class]
        return [self._decode_one(array[i], scores[i], first_point) for i in range(len(array))]

    def _decode_one(self, columns: FloatArray, scores: FloatArray, first_point: int) -> DecodedPeople:
        best = self.best(scores)
        rows, scores = columns[:, best].T, scores[best]
        boxes = self.to_pixels(to_corners(rows[:, :4]))
        kept = self.distinct(boxes, scores)
        return self.people(boxes[kept], scores[kept], rows[kept, first_point:])


@dataclass(frozen=True, slots=True)
class YoloPoseEndToEnd(YoloPoseCodec):
    """People as rows, each once. Also what an export with ``nms=True`` gives.

    Example:
        >>> row = np.float32([[[40, 10, 60, 70, 0.9, 0, 52, 31, 0.8]]])
        >>> YoloPoseEndToEnd(n_keypoints=1).decode({"predictions": row})[0].keypoints[0].tolist()
        [[52.0, 31.0]]
    """

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads; how many rows there are is open."""
        return {PREDICTIONS: None}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:  # noqa: ARG002
        """The outputs of a perfect network, which has rows for these people alone."""
        boxes = people.boxes / np.tile(self.unit(), 2)
        classes = np.full((len(people), 1), self.person_class)
        rows = np.concatenate([boxes, people.person_scores[:, None], classes, self.points_of(people)], axis=1)
        return {PREDICTIONS: np.asarray(rows[None], np.float32)}

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The people of each of the B inputs, best first.

        Raises:
            ModelMismatchError: If shapes or values are not those of such a file.
        """
        array = output_of(outputs, PREDICTIONS, (None, None, 6 + self.n_keypoints * self.values))
        scores = np.where(self.of_the_class(array[..., 5]), probabilities(array[..., 4], "scores of people"), -1)
        return [self._decode_one(array[i], scores[i].astype(np.float32)) for i in range(len(array))]

    def _decode_one(self, rows: FloatArray, scores: FloatArray) -> DecodedPeople:
        best = self.best(scores)
        boxes = self.to_pixels(rows[best, :4])
        kept = self.distinct(boxes, scores[best])
        return self.people(boxes[kept], scores[best[kept]], rows[best[kept], 6:])
