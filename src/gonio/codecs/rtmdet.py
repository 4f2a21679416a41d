"""Boxes as OpenMMLab deploys detectors (RTMDet, YOLOX): suppression is inside the file.

========== ============= ========================================================
``dets``   ``(B, N, 5)`` box ``x1 y1 x2 y2`` px of the input, and its score
``labels`` ``(B, N)``    number of the class; absent from some files of one class
========== ============= ========================================================

N is the same for every input of a batch; rows of score 0, or of class -1, fill it up.

Source:
    C. Lyu et al., "RTMDet: An Empirical Study of Designing Real-Time Object Detectors", 2022, arXiv:2212.07784; names
    and shapes are those of the files that OpenMMLab publishes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs.base import DecodedPeople, Outputs
from gonio.codecs.checks import output_of, probabilities
from gonio.codecs.persons import PersonCodec


@dataclass(frozen=True, slots=True)
class RTMDet(PersonCodec):
    """Boxes as rows, each once.

    Attributes:
        labelled: The file says the class of each box; else all are people.

    Example:
        >>> outputs = {"dets": np.float32([[[40, 10, 60, 70, 0.9]]]), "labels": np.float32([[0]])}
        >>> RTMDet(n_keypoints=17).decode(outputs)[0].boxes.tolist()
        [[40.0, 10.0, 60.0, 70.0]]
    """

    labelled: bool = True

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads; how many rows there are is open."""
        return {"dets": None, "labels": None} if self.labelled else {"dets": None}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:  # noqa: ARG002
        """The outputs of a perfect network."""
        rows = np.concatenate([people.boxes, people.person_scores[:, None]], axis=1)
        outputs = {"dets": np.asarray(rows[None], np.float32)}
        if self.labelled:
            outputs["labels"] = np.full((1, len(people)), self.person_class, np.float32)
        return outputs

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The boxes in each of the B inputs, best first.

        Raises:
            ModelMismatchError: If shapes or values are not those of such a file.
        """
        dets = output_of(outputs, "dets", (None, None, 5))
        scores = probabilities(dets[..., 4], "scores of boxes")
        if self.labelled:
            labels = output_of(outputs, "labels", dets.shape[:2])
            scores = np.where(labels == self.person_class, scores, -1).astype(np.float32)
        return [self._decode_one(dets[i, :, :4], scores[i]) for i in range(len(dets))]

    def _decode_one(self, boxes: FloatArray, scores: FloatArray) -> DecodedPeople:
        best = self.best(scores)
        return self.boxes_alone(boxes[best], scores[best])
