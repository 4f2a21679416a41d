"""Boxes of people as maps of three sizes: what Gonio's own detector says, for inputs of any size.

=============================== =================================================================================
``boxes_8``, ``_16``, ``_32``   ``(B, 5, h / s, w / s)``: score in [0, 1]; left, top, right, bottom, px, from the
                                middle of the cell to the sides of the box, at least 0
=============================== =================================================================================

Of a row of ``s`` px the first cell's middle lies at ``s / 2``, in continuous coordinates of the input.

Source:
    Z. Tian et al., "FCOS: Fully Convolutional One-Stage Object Detection", ICCV 2019, equation 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs.base import DecodedPeople, Outputs
from gonio.codecs.checks import output_of, probabilities
from gonio.codecs.persons import PersonCodec, grid_points
from gonio.errors import ConfigError

STRIDES = (8, 16, 32)
"""px a cell, of each map."""
_VALUES = 5


@dataclass(frozen=True, slots=True)
class BoxGrid(PersonCodec):
    """Each cell's box and score, to be suppressed by the overlap of the boxes.

    Attributes:
        max_iou: As in `PersonCodec`.
        person_class: 0, for there is no other.

    Example:
        >>> maps = {f"boxes_{s}": np.zeros((1, 5, 64 // s, 32 // s), np.float32) for s in STRIDES}
        >>> maps["boxes_16"][0, :, 1, 0] = 0.9, 8, 20, 12, 30
        >>> BoxGrid(n_keypoints=17).decode(maps)[0].boxes.tolist()
        [[0.0, 4.0, 20.0, 54.0]]
    """

    max_iou: float = 0.6

    def __post_init__(self) -> None:
        PersonCodec.__post_init__(self)
        if self.person_class:
            raise ConfigError(f"person_class is {self.person_class}, but these maps know people alone; leave it out")

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads."""
        return dict.fromkeys(map(name_of, STRIDES), _VALUES)

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:
        """The outputs of a perfect network, each box said by one cell: the nearest to its middle that is free.

        Raises:
            ConfigError: If there are more people than cells in their boxes.
        """
        points, strides = grid_points(input_hw, STRIDES)
        centres = (points + 0.5) * strides[:, None]
        rows = np.zeros((len(centres), _VALUES), np.float32)
        for box, score in zip(people.boxes, people.person_scores, strict=True):
            sides = np.concatenate([centres - box[:2], box[2:] - centres], axis=1)
            free = (rows[:, 0] == 0) & (sides >= 0).all(axis=1)
            if not free.any():
                raise ConfigError(f"no cell is left in the box {np.round(box, 1).tolist()}; give larger or fewer boxes")
            cell = np.where(free, np.hypot(*(centres - (box[:2] + box[2:]) / 2).T), np.inf).argmin()
            rows[cell] = score, *sides[cell]
        return self._maps(rows, input_hw)

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The boxes in each of the B inputs, best first.

        Raises:
            ModelMismatchError: If shapes or values are not those of such a network.
        """
        height, width = output_of(outputs, name_of(STRIDES[0]), (None, _VALUES, None, None)).shape[2:]
        input_hw = (height * STRIDES[0], width * STRIDES[0])
        maps = []
        for stride in STRIDES:
            rows, columns = (-(-side // stride) for side in input_hw)
            maps.append(output_of(outputs, name_of(stride), (None, _VALUES, rows, columns)))
        table = np.concatenate([one.reshape(len(one), _VALUES, one.shape[2] * one.shape[3]) for one in maps], axis=2)
        scores = probabilities(table[:, 0], "scores of boxes")
        points, strides = grid_points(input_hw, STRIDES)
        centres = (points + 0.5) * strides[:, None]
        return [self._decode_one(centres, table[i, 1:].T, scores[i]) for i in range(len(table))]

    def _decode_one(self, centres: FloatArray, sides: FloatArray, scores: FloatArray) -> DecodedPeople:
        best = self.best(scores)
        boxes = np.concatenate([centres[best] - sides[best, :2], centres[best] + sides[best, 2:]], axis=1)
        return self.boxes_alone(boxes, scores[best])

    def _maps(self, rows: FloatArray, input_hw: tuple[int, int]) -> dict[str, FloatArray]:
        shapes = [(-(-input_hw[0] // s), -(-input_hw[1] // s)) for s in STRIDES]
        parts = np.split(rows, np.cumsum([h * w for h, w in shapes])[:-1])
        return {
            name_of(stride): np.ascontiguousarray(part.reshape(1, h, w, _VALUES).transpose(0, 3, 1, 2))
            for stride, part, (h, w) in zip(STRIDES, parts, shapes, strict=True)
        }


def name_of(stride: int) -> str:
    """The output of this stride."""
    return f"boxes_{stride}"
