"""Everyone at once, as RTMO is deployed: boxes and keypoints of those people that its own suppression left over.

Outputs of N people, the same N for every input of a batch, all in pixels of the network's input:

============= ================ ==============================================================
``dets``      ``(B, N, 5)``    box ``x1 y1 x2 y2`` and the score that this is a person
``keypoints`` ``(B, N, K, 3)`` keypoint ``x y`` and the score that it is visible
============= ================ ==============================================================

Source:
    P. Lu et al., "RTMO: Towards High-Performance One-Stage Real-Time Multi-Person Pose Estimation", CVPR 2024; the
    names and shapes are those of the files that OpenMMLab publishes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs.base import DecodedPeople, Outputs
from gonio.codecs.checks import finite, output_of, probabilities
from gonio.errors import ConfigError


@dataclass(frozen=True, slots=True)
class RTMO:
    """Any number of people per input, with their boxes; nothing is left to decode but what is checked.

    Attributes:
        n_keypoints: K.
        min_score: People below this are left out: rows that fill up a batch, and the long tail of a file whose own
            suppression keeps everything.

    Example:
        >>> codec = RTMO(n_keypoints=1)
        >>> dets, keypoints = np.float32([[[0, 0, 9, 9, 0.8]]]), np.float32([[[[4, 5, 0.7]]]])
        >>> codec.decode({"dets": dets, "keypoints": keypoints})[0].keypoints
        array([[[4., 5.]]], dtype=float32)
    """

    n_keypoints: int
    min_score: float = 0.01

    def __post_init__(self) -> None:
        if not 0 <= self.min_score <= 1:
            raise ConfigError(f"min_score is {self.min_score}; give a number from 0 to 1")

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads; how many people there will be is open."""
        return {"dets": None, "keypoints": None}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:  # noqa: ARG002
        """The outputs of a perfect network. A keypoint that is NaN has score 0, and lies at the upper left."""
        known = np.asarray(np.isfinite(people.keypoints).all(axis=-1))
        points = np.where(known[..., None], people.keypoints, 0)
        scores = np.where(known, people.scores, 0)
        return {
            "dets": np.concatenate([people.boxes, people.person_scores[:, None]], axis=1, dtype=np.float32)[None],
            "keypoints": np.concatenate([points, scores[..., None]], axis=-1, dtype=np.float32)[None],
        }

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The people of each of the B inputs, in the file's order.

        Raises:
            ModelMismatchError: If shapes or values are not those of such a file.
        """
        dets = output_of(outputs, "dets", (None, None, 5))
        keypoints = output_of(outputs, "keypoints", (len(dets), dets.shape[1], self.n_keypoints, 3))
        person_scores = probabilities(dets[..., 4], "scores of people")
        scores = probabilities(keypoints[..., 2], "scores of keypoints")
        boxes, points = finite(dets[..., :4], "boxes"), finite(keypoints[..., :2], "keypoints")
        kept = person_scores >= self.min_score
        return [
            DecodedPeople(points[i, kept[i]], scores[i, kept[i]], boxes[i, kept[i]], person_scores[i, kept[i]])
            for i in range(len(dets))
        ]

    def unflip(self, outputs: Outputs, flip_indices: Sequence[int]) -> dict[str, FloatArray]:  # noqa: ARG002
        """There is none.

        Raises:
            ConfigError: Always: who is who in the mirrored picture is not told.
        """
        raise ConfigError("a network that decodes by itself has no flip test; leave --flip-test out")
