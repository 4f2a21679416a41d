"""MoveNet as TensorFlow publishes it: the graph decodes by itself and answers with people, not with maps.

====== =================== ===================================================================================
people shape of the output a row
====== =================== ===================================================================================
one    ``(B, 1, K, 3)``    of each keypoint ``y x score``
many   ``(B, P, 3 K + 5)`` of each person K times ``y x score``, then the box ``y1 x1 y2 x2``, then its score
====== =================== ===================================================================================

Coordinates are parts of the network's (padded) input, 0 to 1, continuous. P is 6 in the published file.

Source:
    The model pages of MoveNet SinglePose and MultiPose, Google, 2021.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs.base import DecodedPeople, Outputs, one_each
from gonio.codecs.checks import finite, output_of, probabilities, within_reach
from gonio.errors import ConfigError

_PEOPLE = ("one", "many")


@dataclass(frozen=True, slots=True)
class MoveNetDecoded:
    """One person per input, or some, with boxes.

    Attributes:
        n_keypoints: K.
        input_hw: Height and width of the network's input, px: what coordinates are parts of.
        people: ``"one"`` (Lightning, Thunder) or ``"many"`` (MultiPose).
        min_score: Of many, people below this are left out: the file fills its rows up.

    Example:
        >>> codec = MoveNetDecoded(n_keypoints=1, input_hw=(192, 192))
        >>> codec.decode({"poses": np.float32([[[[0.5, 0.25, 0.9]]]])})[0].keypoints
        array([[[47.5, 95.5]]], dtype=float32)
    """

    n_keypoints: int
    input_hw: tuple[int, int]
    people: Literal["one", "many"] = "one"
    min_score: float = 0.05

    def __post_init__(self) -> None:
        if self.people not in _PEOPLE:
            raise ConfigError(f"people is {self.people!r}; known are {', '.join(_PEOPLE)}")
        if not 0 <= self.min_score <= 1:
            raise ConfigError(f"min_score is {self.min_score}; give a number from 0 to 1")

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's output, and how many people it holds."""
        return {"poses": 1 if self.people == "one" else None}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:
        """The output of a perfect network; of several people the first counts where there is one.

        A keypoint that is NaN has score 0, and lies at the upper left.
        """
        size_yx = np.array(input_hw, np.float32)
        known = np.asarray(np.isfinite(people.keypoints).all(axis=-1))
        points = np.where(known[..., None], (people.keypoints[..., ::-1] + 0.5) / size_yx, 0)
        rows = np.concatenate([points, np.where(known, people.scores, 0)[..., None]], axis=-1, dtype=np.float32)
        if self.people == "one":
            nobody = np.zeros((1, self.n_keypoints, 3), np.float32)
            return {"poses": (rows[:1] if len(rows) else nobody)[None]}
        boxes = people.boxes[:, [1, 0, 3, 2]] / np.tile(size_yx, 2)
        flat = rows.reshape(len(rows), 3 * self.n_keypoints)
        return {"poses": np.concatenate([flat, boxes, people.person_scores[:, None]], axis=1, dtype=np.float32)[None]}

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The people of each of the B inputs, in the file's order.

        Raises:
            ModelMismatchError: If the shape or a value is not that of such a file.
        """
        k = self.n_keypoints
        if self.people == "one":
            rows = output_of(outputs, "poses", (None, 1, k, 3))[:, 0]
            points, scores = self._keypoints(rows)
            return one_each(points, scores)
        people = output_of(outputs, "poses", (None, None, 3 * k + 5))
        points, scores = self._keypoints(people[..., : 3 * k].reshape(*people.shape[:2], k, 3))
        size_xy = np.array(self.input_hw[::-1], np.float32)
        boxes = finite(people[..., 3 * k : 3 * k + 4], "boxes")[..., [1, 0, 3, 2]] * np.tile(size_xy, 2)
        person_scores = probabilities(people[..., -1], "scores of people")
        kept = person_scores >= self.min_score
        return [
            DecodedPeople(points[i, kept[i]], scores[i, kept[i]], boxes[i, kept[i]], person_scores[i, kept[i]])
            for i in range(len(people))
        ]

    def _keypoints(self, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Pixels ``(..., K, 2)`` x y and scores ``(..., K)`` of rows ``(..., K, 3)`` y x score."""
        size_xy = np.array(self.input_hw[::-1], np.float32)
        points = finite(rows[..., 1::-1], "coordinates of keypoints") * size_xy - np.float32(0.5)
        scores = probabilities(rows[..., 2], "scores of keypoints")
        return within_reach(points, scores, self.input_hw), scores

    def unflip(self, outputs: Outputs, flip_indices: Sequence[int]) -> dict[str, FloatArray]:  # noqa: ARG002
        """There is none.

        Raises:
            ConfigError: Always: who is who in the mirrored picture is not told.
        """
        raise ConfigError("a network that decodes by itself has no flip test; leave --flip-test out")
