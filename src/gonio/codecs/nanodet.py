"""Boxes as NanoDet is exported: one output ``(B, N, C + 4 (reg_max + 1))``, a row per cell of all grids.

A row is the scores of the C classes, and for the left, upper, right and lower side of the box ``reg_max + 1`` logits:
by softmax, how likely the side is 0, 1 ... ``reg_max`` strides from the cell's point. The mean is the distance.
The box is cut at the input's rim. Suppression is left to do.

Source:
    X. Li et al., "Generalized Focal Loss: Learning Qualified and Distributed Bounding Boxes for Dense Object
    Detection", NeurIPS 2020, section 3.2 (distributions of the sides); the repository of NanoDet (Apache-2.0), where
    the cell's point is the middle of the cell in the first version, its upper left corner in NanoDet-Plus.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray, FloatArray64, IntArray
from gonio.codecs.base import DecodedPeople, Outputs
from gonio.codecs.checks import finite, output_of, probabilities
from gonio.codecs.persons import PersonCodec, grid_points, to_centres
from gonio.errors import ConfigError, ModelMismatchError

_NEVER = -1e4  # the logit of what is impossible


@dataclass(frozen=True, slots=True)
class NanoDet(PersonCodec):
    """Boxes of cells, to be suppressed by their overlap; how many classes there are, the file tells.

    Attributes:
        max_iou: As in `PersonCodec`.
        input_hw: Height and width of the network's input.
        strides: Input pixels a cell, of each grid: 8, 16, 32 and 64 in NanoDet-Plus; the first version has no 64.
        reg_max: The farthest side, strides from the cell's point.
        point: Where in the cell the point is, from its upper left corner in cells: 0 in NanoDet-Plus, 0.5 in the
            first version.

    Raises:
        ConfigError: If a parameter is out of range, or the size is not known.

    Example:
        >>> codec = NanoDet(n_keypoints=17, input_hw=(64, 64), strides=(16, 32))
        >>> ones = np.ones(1, np.float32)
        >>> people = codec.boxes_alone(np.float32([[9, 10, 40, 60]]), ones)
        >>> codec.decode(codec.encode(people, (64, 64)))[0].boxes.round(3).tolist()
        [[9.0, 10.0, 40.0, 60.0]]
    """

    max_iou: float = 0.6
    input_hw: tuple[int, int] | None = None
    strides: tuple[int, ...] = (8, 16, 32, 64)
    reg_max: int = 7
    point: float = 0.0

    def __post_init__(self) -> None:
        PersonCodec.__post_init__(self)
        if self.input_hw is None:
            raise ConfigError("the cells of nanodet need the input's size; give the card a stretch input")
        if not self.strides or min(self.strides) < 1 or self.reg_max < 1:
            raise ConfigError(f"strides are {self.strides} and reg_max {self.reg_max}; all must be at least 1")
        if not 0 <= self.point <= 1:
            raise ConfigError(f"point is {self.point}; give a number of cells from 0 to 1")

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads; how many rows there are is checked when they come."""
        return {"output": None}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:
        """The outputs of a perfect network, which has no class after people.

        A person is told by the cell whose point is nearest to the box's middle, in the finest grid that reaches its
        sides. What lies beyond the last one's reach, and a side that is not beyond the point, is cut.
        """
        points, stride = self._points(input_hw)
        sides = 4 * (self.reg_max + 1)
        rows = np.zeros((1, len(points), self.person_class + 1 + sides), np.float32)
        for box, score in zip(people.boxes, people.person_scores, strict=True):
            index = self._cell_of(box, points, stride)
            told = np.concatenate([points[index] - box[:2], box[2:] - points[index]]) / stride[index]
            rows[0, index, self.person_class] = score
            rows[0, index, -sides:] = self._logits(np.clip(told, 0, self.reg_max)).ravel()
        return {"output": rows}

    def _cell_of(self, box: FloatArray, points: FloatArray, stride: FloatArray) -> int:
        middle = to_centres(box)[:2]
        for size in self.strides:
            of_grid = np.flatnonzero(stride == size)
            index = int(of_grid[((points[of_grid] - middle) ** 2).sum(axis=1).argmin()])
            reach = np.abs(np.concatenate([points[index] - box[:2], box[2:] - points[index]])).max()
            if reach <= self.reg_max * size:
                break
        return index

    def _logits(self, distances: FloatArray) -> FloatArray:
        """Logits ``(4, reg_max + 1)`` of two neighbouring bins whose mean is each distance ``(4,)``."""
        below = np.minimum(distances.astype(int), self.reg_max - 1)
        share = distances - below
        logits = np.full((4, self.reg_max + 1), _NEVER, np.float32)
        with np.errstate(divide="ignore"):
            logits[np.arange(4), below] = np.maximum(np.log(1 - share), _NEVER)
            logits[np.arange(4), below + 1] = np.maximum(np.log(share), _NEVER)
        return logits

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The boxes in each of the B inputs, best first.

        Raises:
            ModelMismatchError: If shapes or values are not those of such a file.
        """
        array = output_of(outputs, "output", (None, None, None))
        classes = array.shape[2] - 4 * (self.reg_max + 1)
        points, stride = self._points(self.input_hw or (0, 0))
        if classes <= self.person_class or len(points) != array.shape[1]:
            raise ModelMismatchError(
                f"output 'output' has shape {array.shape}, expected (any, {len(points)}, at least "
                f"{self.person_class + 1 + 4 * (self.reg_max + 1)}) for an input of {self.input_hw} px; check the "
                "card's input and the codec's strides, reg_max and person_class"
            )
        scores = probabilities(array[..., :classes], "scores of classes")[..., self.person_class]
        return [self._decode_one(array[i, :, classes:], scores[i], points, stride) for i in range(len(array))]

    def _decode_one(
        self, sides: FloatArray, scores: FloatArray, points: FloatArray, stride: FloatArray
    ) -> DecodedPeople:
        best = self.best(scores)
        distances = self._distances(sides, best) * stride[best, None]
        boxes = np.concatenate([points[best] - distances[:, :2], points[best] + distances[:, 2:]], axis=1)
        height, width = self.input_hw or (0, 0)
        inside = np.clip(boxes, 0, (width, height, width, height))  # before the suppression, as in the original
        return self.boxes_alone(inside.astype(np.float32), scores[best])

    def _distances(self, sides: FloatArray, chosen: IntArray) -> FloatArray64:
        """Mean distances ``(P, 4)`` of the chosen cells, strides."""
        logits = finite(sides[chosen], "logits of the boxes").reshape(-1, 4, self.reg_max + 1).astype(np.float64)
        likely = np.exp(logits - logits.max(axis=-1, keepdims=True))
        mean = (likely * np.arange(self.reg_max + 1)).sum(axis=-1) / likely.sum(axis=-1)
        return np.asarray(mean, np.float64)

    def _points(self, input_hw: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
        """Points ``(N, 2)`` px of all cells, and their strides ``(N,)``."""
        cells, stride = grid_points(input_hw, self.strides)
        return np.asarray((cells + np.float32(self.point)) * stride[:, None], np.float32), stride
