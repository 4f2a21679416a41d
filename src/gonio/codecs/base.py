"""What every codec promises, so that training and inference cannot drift apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gonio.arrays import FloatArray, check_shape

Outputs = Mapping[str, FloatArray]
"""A network's outputs by name, each with a leading batch axis ``B``."""


@dataclass(frozen=True, slots=True, eq=False)
class DecodedPeople:
    """The people that one network input shows, in that input's pixels.

    Attributes:
        keypoints: ``(N, K, 2)`` float32 px of the input, pixel-centre convention.
        scores: ``(N, K)`` float32 in [0, 1].
        boxes: ``(N, 4)`` float32, continuous ``x1 y1 x2 y2``; NaN where the representation has none.
        person_scores: ``(N,)`` float32 in [0, 1].
    """

    keypoints: FloatArray
    scores: FloatArray
    boxes: FloatArray
    person_scores: FloatArray

    def __post_init__(self) -> None:
        n, k = self.scores.shape
        check_shape("keypoints", self.keypoints.shape, (n, k, 2))
        check_shape("boxes", self.boxes.shape, (n, 4))
        check_shape("person_scores", self.person_scores.shape, (n,))

    def __len__(self) -> int:
        return len(self.person_scores)


class Codec(Protocol):
    """One representation of people, in both directions."""

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads, with the size of each along axis 1; None: any."""
        ...

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:
        """The outputs ``(1, C, h, w)`` of a perfect network for these people."""
        ...

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The people of each of the B inputs."""
        ...

    def unflip(self, outputs: Outputs, flip_indices: Sequence[int]) -> dict[str, FloatArray]:
        """Outputs for mirrored inputs, as they would be for the inputs themselves.

        Raises:
            ConfigError: If the outputs are no maps that can be mirrored, and so there is no flip test.
        """
        ...


def average(first: Outputs, second: Outputs) -> dict[str, FloatArray]:
    """Mean of two sets of outputs, name by name."""
    return {name: np.asarray((first[name] + second[name]) / 2, np.float32) for name in first}


def one_each(keypoints: FloatArray, scores: FloatArray) -> list[DecodedPeople]:
    """One person for each of B inputs, without boxes; a person's score is the mean of the keypoints'.

    Args:
        keypoints: ``(B, K, 2)`` px.
        scores: ``(B, K)`` in [0, 1].
    """
    no_box = np.full((1, 4), np.nan, np.float32)
    means = scores.mean(axis=1, dtype=np.float32)
    return [DecodedPeople(keypoints[i, None], scores[i, None], no_box, means[i, None]) for i in range(len(scores))]
