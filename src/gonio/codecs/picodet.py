"""Boxes as PP-PicoDet is exported without its last step: decoded, suppression is left to do.

========== ============= ===========================================
``boxes``  ``(B, N, 4)`` ``x1 y1 x2 y2`` px of the network's input
``scores`` ``(B, C, N)`` of the C classes, in [0, 1]
========== ============= ===========================================

N is 2125 for an input of 320 x 320: strides 8, 16, 32 and 64.

Source:
    G. Yu et al., "PP-PicoDet: A Better Real-Time Object Detector on Mobile Devices", 2021, arXiv:2111.00902; shapes
    are those of the files that PaddleDetection exports.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs.base import DecodedPeople, Outputs
from gonio.codecs.checks import output_of, probabilities
from gonio.codecs.persons import PersonCodec
from gonio.errors import ModelMismatchError


@dataclass(frozen=True, slots=True)
class PicoDet(PersonCodec):
    """Boxes and scores of all classes apart, to be suppressed by the overlap of the boxes.

    Attributes:
        max_iou: As in `PersonCodec`.

    Example:
        >>> outputs = {"boxes": np.float32([[[40, 10, 60, 70]]]), "scores": np.float32([[[0.9]]])}
        >>> PicoDet(n_keypoints=17).decode(outputs)[0].boxes.tolist()
        [[40.0, 10.0, 60.0, 70.0]]
    """

    max_iou: float = 0.6

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads; how many boxes and classes there are is open."""
        return {"boxes": None, "scores": None}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:  # noqa: ARG002
        """The outputs of a perfect network, which has these boxes alone and no class after theirs."""
        scores = np.zeros((1, self.person_class + 1, len(people)), np.float32)
        scores[0, -1] = people.person_scores
        return {"boxes": np.asarray(people.boxes[None], np.float32), "scores": scores}

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The boxes in each of the B inputs, best first.

        Raises:
            ModelMismatchError: If shapes or values are not those of such a file.
        """
        boxes = output_of(outputs, "boxes", (None, None, 4))
        table = output_of(outputs, "scores", (len(boxes), None, boxes.shape[1]))
        if table.shape[1] <= self.person_class:
            raise ModelMismatchError(
                f"output 'scores' has {table.shape[1]} classes from 0, but person_class is {self.person_class}; the "
                "card names another class than the file has"
            )
        scores = probabilities(table, "scores of classes")[:, self.person_class]
        return [self._decode_one(boxes[i], scores[i]) for i in range(len(boxes))]

    def _decode_one(self, boxes: FloatArray, scores: FloatArray) -> DecodedPeople:
        best = self.best(scores)
        return self.boxes_alone(boxes[best], scores[best])
