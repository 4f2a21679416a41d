"""Everyone at once, as DETRPose is exported: its queries, the best first, decoded inside the file.

============= ================ =====================================================================================
``scores``    ``(B, N)``       that the query shows something of the class, 0 to 1
``labels``    ``(B, N)``       number of the class; a person is 1, as in COCO; one query may be there for each class
``keypoints`` ``(B, N, K, 2)`` keypoint ``x y``: shares of the picture times the file's second input
============= ================ =====================================================================================

N is 60. The second input, ``orig_target_sizes`` (width, height), is a constant of the card: the size of the network's
input, so that keypoints are its pixels. There is no box, no score of a single keypoint, and nothing to suppress.

Source:
    S. Janampa and M. Pattichis, "DETRPose: Real-time end-to-end transformer model for multi-person pose estimation",
    2025, arXiv:2506.13027; names, shapes and order of the outputs are those of its export script.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs.base import DecodedPeople, Outputs
from gonio.codecs.checks import finite, output_of, probabilities
from gonio.codecs.persons import PersonCodec
from gonio.errors import ModelMismatchError
from gonio.geometry.boxes import box_around

_SPECK = 2.0  # px: nobody's keypoints all lie so near the origin, unless they are shares


@dataclass(frozen=True, slots=True)
class DETRPose(PersonCodec):
    """People as rows, each once. A keypoint's score is the person's, the box is that around the keypoints.

    Attributes:
        person_class: As in `PersonCodec`; 1 is COCO's and CrowdPose's number.

    Example:
        >>> outputs = {"scores": np.float32([[0.9]]), "labels": np.float32([[1]])}
        >>> (people,) = DETRPose(n_keypoints=1).decode(outputs | {"keypoints": np.float32([[[[52, 31]]]])})
        >>> people.keypoints[0].tolist(), people.boxes[0].tolist()
        ([[52.0, 31.0]], [52.0, 31.0, 53.0, 32.0])
    """

    person_class: int = 1

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads; how many rows there are is open."""
        return {"scores": None, "labels": None, "keypoints": None}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:  # noqa: ARG002
        """The outputs of a perfect network, which has rows for these people alone. A NaN becomes the origin."""
        return {
            "scores": np.asarray(people.person_scores[None], np.float32),
            "labels": np.full((1, len(people)), self.person_class, np.float32),
            "keypoints": np.nan_to_num(people.keypoints[None], nan=0.0).astype(np.float32),
        }

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The people of each of the B inputs, best first.

        Raises:
            ModelMismatchError: If shapes or values are not those of such a file.
        """
        scores = probabilities(output_of(outputs, "scores", (None, None)), "scores of people")
        labels = output_of(outputs, "labels", scores.shape)
        keypoints = output_of(outputs, "keypoints", (*scores.shape, self.n_keypoints, 2))
        scores = np.where(self.of_the_class(labels), scores, np.float32(-1))
        return [self._decode_one(scores[i], keypoints[i]) for i in range(len(scores))]

    def _decode_one(self, scores: FloatArray, keypoints: FloatArray) -> DecodedPeople:
        best = self.best(scores)
        points = finite(keypoints[best], "keypoints")
        if points.size and float(points.max()) < _SPECK:
            raise ModelMismatchError(
                f"the keypoints of {len(best)} people reach no farther than {float(points.max()):.3g} px; give the "
                "width and height of the network's input as 'orig_target_sizes' under 'constants' of the card"
            )
        boxes = box_around(points, np.ones(points.shape[:2], bool))
        kept = self.distinct(boxes, scores[best])
        person_scores = np.asarray(scores[best[kept]], np.float32)
        return DecodedPeople(
            keypoints=np.asarray(points[kept], np.float32),
            scores=np.repeat(person_scores[:, None], self.n_keypoints, axis=1),
            boxes=boxes[kept],
            person_scores=person_scores,
        )
