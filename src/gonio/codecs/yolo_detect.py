"""Boxes of people from YOLO detectors (v8, 9, 10, 11, 12, 26), as they are exported.

`YoloDetect`, one output ``(B, 4 + C, N)``, a column per cell of three grids (N is 8400 for an input of 640 x 640): box
``cx cy w h`` and scores of the C classes; suppression is left to do.

`YoloDetectEndToEnd`, one output ``(B, N, 6)``, a row per object (N is 300): box ``x1 y1 x2 y2``, score, number of the
class; nothing is left to suppress. Rows of score 0 fill it up.

Source:
    Ultralytics' documentation of its export formats, and the shapes and metadata of files exported by version 8.4;
    A. Wang et al., "YOLOv10: Real-Time End-to-End Object Detection", NeurIPS 2024 (without suppression).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs.base import DecodedPeople, Outputs
from gonio.codecs.checks import output_of, probabilities
from gonio.codecs.persons import to_centres, to_corners
from gonio.codecs.yolo_rows import PREDICTIONS, YoloCodec
from gonio.errors import ModelMismatchError


@dataclass(frozen=True, slots=True)
class YoloDetect(YoloCodec):
    """Boxes as columns, to be suppressed by their overlap; how many classes there are, the file tells.

    Attributes:
        max_iou: As in `PersonCodec`.

    Example:
        >>> column = np.float32([50, 40, 20, 60, 0.9]).reshape(1, 5, 1)
        >>> (people,) = YoloDetect(n_keypoints=17).decode({"predictions": column})
        >>> people.boxes[0].tolist(), people.keypoints.shape
        ([40.0, 10.0, 60.0, 70.0], (1, 17, 2))
    """

    max_iou: float = 0.7

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads; how many classes there are is open."""
        return {PREDICTIONS: None}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:  # noqa: ARG002
        """The outputs of a perfect network, which has columns for these people alone and no class after theirs."""
        columns = np.zeros((1, 5 + self.person_class, len(people)), np.float32)
        columns[0, :4] = (to_centres(people.boxes) / np.tile(self.unit(), 2)).T
        columns[0, -1] = people.person_scores
        return {PREDICTIONS: columns}

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The boxes in each of the B inputs, best first.

        Raises:
            ModelMismatchError: If shapes or values are not those of such a file.
        """
        array = output_of(outputs, PREDICTIONS, (None, None, None))
        if array.shape[1] < 5 + self.person_class:
            raise ModelMismatchError(
                f"output {PREDICTIONS!r} has shape {array.shape}, so {array.shape[1] - 4} classes from 0, but "
                f"person_class is {self.person_class}; the card names another codec or class than the file has"
            )
        scores = probabilities(array[:, 4:], "scores of classes")[:, self.person_class]
        return [self._decode_one(array[i], scores[i]) for i in range(len(array))]

    def _decode_one(self, columns: FloatArray, scores: FloatArray) -> DecodedPeople:
        best = self.best(scores)
        return self.boxes_alone(self.to_pixels(to_corners(columns[:4, best].T)), scores[best])


@dataclass(frozen=True, slots=True)
class YoloDetectEndToEnd(YoloCodec):
    """Boxes as rows, each once. Also what an export with ``nms=True`` gives.

    Example:
        >>> rows = np.float32([[[40, 10, 60, 70, 0.9, 0], [0, 0, 30, 30, 0.8, 16]]])
        >>> YoloDetectEndToEnd(n_keypoints=17).decode({"predictions": rows})[0].boxes.tolist()
        [[40.0, 10.0, 60.0, 70.0]]
    """

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads; how many rows there are is open."""
        return {PREDICTIONS: None}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:  # noqa: ARG002
        """The outputs of a perfect network, which has rows for these people alone."""
        classes = np.full((len(people), 1), self.person_class)
        boxes = people.boxes / np.tile(self.unit(), 2)
        rows = np.concatenate([boxes, people.person_scores[:, None], classes], axis=1)
        return {PREDICTIONS: np.asarray(rows[None], np.float32)}

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The boxes in each of the B inputs, best first.

        Raises:
            ModelMismatchError: If shapes or values are not those of such a file.
        """
        array = output_of(outputs, PREDICTIONS, (None, None, 6))
        scores = np.where(self.of_the_class(array[..., 5]), probabilities(array[..., 4], "scores of boxes"), -1)
        return [self._decode_one(array[i], scores[i].astype(np.float32)) for i in range(len(array))]

    def _decode_one(self, rows: FloatArray, scores: FloatArray) -> DecodedPeople:
        best = self.best(scores)
        return self.boxes_alone(self.to_pixels(rows[best, :4]), scores[best])
