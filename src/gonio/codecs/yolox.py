"""Boxes as YOLOX is exported: one output ``(B, N, 5 + C)``, a row per cell of three grids.

A row is ``x y w h``, the score that there is an object, and the scores of the C classes; the box's own score is the
product. Cell ``(i, j)`` of the grid of stride s says by ``x y`` where the box's centre is, ``((i + x) s, (j + y) s)``,
and by ``w h`` the logarithm of its size in strides: ``(s exp(w), s exp(h))``. Files exported with the decoding inside
(``decode_in_inference``) have ``cx cy w h`` in px. Suppression is left to do in either.

Source:
    Z. Ge, S. Liu, F. Wang, Z. Li, J. Sun, "YOLOX: Exceeding YOLO Series in 2021", arXiv:2107.08430, section 2.1, and
    the demonstration of the ONNX export in its repository (Apache-2.0).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray, IntArray
from gonio.codecs.base import DecodedPeople, Outputs
from gonio.codecs.checks import output_of, probabilities
from gonio.codecs.persons import PersonCodec, check_pixels, grid_points, to_centres, to_corners
from gonio.errors import ConfigError, ModelMismatchError

_MAX_LOG = 12.0  # exp(12) strides is far beyond every picture; larger numbers would overflow


@dataclass(frozen=True, slots=True)
class YoloX(PersonCodec):
    """Boxes of cells, to be suppressed by their overlap.

    Attributes:
        max_iou: As in `PersonCodec`.
        input_hw: Height and width of the network's input.
        strides: Input pixels a cell, of each grid; large models have a fourth of 64.
        decoded: The file gives pixels.

    Raises:
        ConfigError: If a parameter is out of range, or the size is not known.

    Example:
        >>> codec = YoloX(n_keypoints=17, input_hw=(64, 64))
        >>> rows = np.zeros((1, 64 + 16 + 4, 6), np.float32)
        >>> rows[0, 64 + 5] = 0.5, 0.25, 1, 0, 1, 0.9  # column 1 of row 1 of the grid of stride 16
        >>> codec.decode({"output": rows})[0].boxes.round(1)
        array([[ 2.3, 12. , 45.7, 28. ]], dtype=float32)
    """

    max_iou: float = 0.65
    input_hw: tuple[int, int] | None = None
    strides: tuple[int, ...] = (8, 16, 32)
    decoded: bool = False

    def __post_init__(self) -> None:
        PersonCodec.__post_init__(self)
        if self.input_hw is None and not self.decoded:
            raise ConfigError("the cells of yolox need the input's size; give the card a square letterbox")
        if not self.strides or min(self.strides) < 1:
            raise ConfigError(f"strides are {self.strides}; give at least one of at least 1 px")

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads; how many rows there are is checked when they come."""
        return {"output": None}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:
        """The outputs of a perfect network, which says nothing but of the cells where people are centred.

        A person is told by the first grid; of two in one cell the later.
        """
        cells, stride = grid_points(input_hw, self.strides)
        rows = np.zeros((1, len(cells), 6 + self.person_class), np.float32)
        boxes = to_centres(people.boxes)
        columns = -(-input_hw[1] // self.strides[0])
        limit = np.array([columns, -(-input_hw[0] // self.strides[0])]) - 1
        at = np.clip(boxes[:, :2] // self.strides[0], 0, limit).astype(int)
        index = at[:, 1] * columns + at[:, 0]
        rows[0, index, :4] = boxes if self.decoded else self._told(boxes, cells[index], stride[index])
        rows[0, index, 4] = 1
        rows[0, index, 5 + self.person_class] = people.person_scores
        return {"output": rows}

    def _told(self, boxes: FloatArray, cells: FloatArray, stride: FloatArray) -> FloatArray:
        """How cells say boxes ``cx cy w h``."""
        size = np.maximum(boxes / stride[:, None], 1e-6)
        return np.concatenate([boxes[:, :2] / stride[:, None] - cells, np.log(size[:, 2:])], axis=1)

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The boxes in each of the B inputs, best first.

        Raises:
            ModelMismatchError: If shapes or values are not those of such a file.
        """
        array = output_of(outputs, "output", (None, None, None))
        if array.shape[2] < 6 + self.person_class:
            raise ModelMismatchError(
                f"output 'output' has shape {array.shape}, so {array.shape[2] - 5} classes from 0, but person_class is "
                f"{self.person_class}; the card names another codec or class than the file has"
            )
        scores = probabilities(array[..., 4:], "scores of objects and classes")
        scores = scores[..., 0] * scores[..., 1 + self.person_class]
        return [self._decode_one(array[i], scores[i]) for i in range(len(array))]

    def _decode_one(self, rows: FloatArray, scores: FloatArray) -> DecodedPeople:
        best = self.best(scores)
        boxes = check_pixels(to_corners(rows[best, :4])) if self.decoded else self._boxes(rows, best)
        return self.boxes_alone(boxes, scores[best])

    def _boxes(self, rows: FloatArray, chosen: IntArray) -> FloatArray:
        """What the chosen cells say, by corners in px."""
        cells, stride = grid_points(self.input_hw or (0, 0), self.strides)
        if len(cells) != len(rows):
            raise ModelMismatchError(
                f"output 'output' has {len(rows)} rows, but an input of {self.input_hw} px has {len(cells)} cells of "
                f"{', '.join(map(str, self.strides))} px; check the card's input and the codec's strides"
            )
        told, size = rows[chosen, :4], stride[chosen, None]
        if (told[:, 2:] > _MAX_LOG).any():
            raise ModelMismatchError(
                f"logarithms of the boxes' sizes reach {float(told[:, 2:].max()):.3g}; the file seems to give pixels: "
                "say so by the codec's parameter decoded"
            )
        return to_corners(np.concatenate([(cells[chosen] + told[:, :2]) * size, np.exp(told[:, 2:]) * size], axis=1))
