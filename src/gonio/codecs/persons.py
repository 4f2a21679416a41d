"""What the codecs of detectors and of one-stage YOLO models share: from many scored boxes to people, each once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray, IntArray
from gonio.codecs.base import DecodedPeople, Outputs
from gonio.codecs.checks import finite
from gonio.errors import ConfigError, ModelMismatchError
from gonio.geometry.boxes import suppress_boxes

MAX_CANDIDATES = 3000
"""So many boxes of a picture are looked at, the best first."""
_SPECK = 2.0  # the far corner of a person's box is never so few pixels from the origin, in units never so many sides


@dataclass(frozen=True, slots=True)
class PersonCodec:
    """Settings that all of these codecs have. It is no codec itself.

    Attributes:
        n_keypoints: K; of a detector how many missing keypoints its people have.
        person_class: Which of the network's classes is a person, from 0.
        min_score: People below this are nobody.
        max_iou: Of two boxes that overlap by more than this the better stays; 1: both, where the file has its own
            suppression or needs none.
        max_people: At most so many people an input, the best first.

    Raises:
        ConfigError: If a parameter is out of range.
    """

    n_keypoints: int
    person_class: int = 0
    min_score: float = 0.01
    max_iou: float = 1.0
    max_people: int = 300

    def __post_init__(self) -> None:
        if not 0 <= self.min_score <= 1:
            raise ConfigError(f"min_score is {self.min_score}; give a number from 0 to 1")
        if not 0 <= self.max_iou <= 1:
            raise ConfigError(f"max_iou is {self.max_iou}; give a number from 0 to 1")
        if self.person_class < 0 or self.max_people < 1:
            raise ConfigError(
                f"person_class is {self.person_class} and max_people {self.max_people}; give at least 0 and at least 1"
            )

    def best(self, scores: FloatArray) -> IntArray:
        """Which of the scores ``(N,)`` are worth a look, best first."""
        above = np.flatnonzero(scores >= self.min_score)
        return above[np.argsort(-scores[above], kind="stable")[:MAX_CANDIDATES]]

    def distinct(self, boxes: FloatArray, scores: FloatArray) -> IntArray:
        """Which of the candidates stay: boxes ``(P, 4)`` and their scores ``(P,)``, best first."""
        if self.max_iou == 1:
            return np.arange(min(len(scores), self.max_people))
        return suppress_boxes(boxes, scores, threshold=self.max_iou, limit=self.max_people)

    def of_the_class(self, classes: FloatArray) -> FloatArray:
        """Where ``(...)`` these numbers of classes are the person's.

        Raises:
            ModelMismatchError: If they are not numbers of classes.
        """
        if not (np.isfinite(classes).all() and (classes >= 0).all() and (classes == np.round(classes)).all()):
            raise ModelMismatchError(
                "the numbers of the classes are not whole; the card names another codec or skeleton than the file was "
                "made for"
            )
        return np.asarray(classes == self.person_class)

    def boxes_alone(self, boxes: FloatArray, scores: FloatArray) -> DecodedPeople:
        """People of whom nothing but box and score is known, each once.

        Args:
            boxes: ``(P, 4)`` px of the input, of the candidates, best first.
            scores: ``(P,)``.

        Raises:
            ModelMismatchError: If a box is not finite.
        """
        kept = self.distinct(finite(boxes, "boxes"), scores)
        return DecodedPeople(
            keypoints=np.full((len(kept), self.n_keypoints, 2), np.nan, np.float32),
            scores=np.zeros((len(kept), self.n_keypoints), np.float32),
            boxes=np.asarray(boxes[kept], np.float32),
            person_scores=np.asarray(scores[kept], np.float32),
        )

    def unflip(self, outputs: Outputs, flip_indices: Sequence[int]) -> dict[str, FloatArray]:  # noqa: ARG002
        """There is none.

        Raises:
            ConfigError: Always: which box is whose in the mirrored picture is not told.
        """
        raise ConfigError("a network that lists boxes has no flip test; leave --flip-test out")


def to_corners(boxes_cxcywh: FloatArray) -> FloatArray:
    """Boxes ``(..., 4)`` by centre and size → by corners ``x1 y1 x2 y2``."""
    centre, half = boxes_cxcywh[..., :2], boxes_cxcywh[..., 2:] / 2
    return np.concatenate([centre - half, centre + half], axis=-1)


def to_centres(boxes: FloatArray) -> FloatArray:
    """Boxes ``(..., 4)`` by corners → by centre and size ``cx cy w h``."""
    low, high = boxes[..., :2], boxes[..., 2:]
    return np.concatenate([(low + high) / 2, high - low], axis=-1)


def grid_points(input_hw: tuple[int, int], strides: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    """The cells of several grids over one input, in the order of such networks: grid by grid, row by row.

    A side that is no multiple of a stride has a last, incomplete cell.

    Returns:
        ``(N, 2)`` column and row, and ``(N,)`` stride.

    Example:
        >>> cells, stride = grid_points((32, 64), (16, 32))
        >>> len(cells), cells[5].tolist(), stride[[7, 8]].tolist()
        (10, [1.0, 1.0], [16.0, 32.0])
    """
    cells, sizes = [], []
    for stride in strides:
        rows, columns = (-(-side // stride) for side in input_hw)
        y, x = np.mgrid[:rows, :columns]
        cells.append(np.stack([x.ravel(), y.ravel()], axis=-1))
        sizes.append(np.full(rows * columns, stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(sizes).astype(np.float32)


def check_pixels(boxes: FloatArray) -> FloatArray:
    """Boxes ``(P, 4)`` by corners, unless they are shares of the input's sides, not pixels.

    Raises:
        ModelMismatchError: If they all lie within two pixels of the origin.
    """
    if len(boxes) and float(boxes.max()) < _SPECK:
        raise ModelMismatchError(
            f"the boxes of {len(boxes)} people reach no farther than {float(boxes.max()):.3g} px; the file seems to "
            "give coordinates from 0 to 1: say so by the codec's parameter normalised"
        )
    return boxes


def check_shares(boxes: FloatArray) -> FloatArray:
    """Boxes ``(P, 4)`` by corners as shares of the input's sides, unless they are pixels.

    Raises:
        ModelMismatchError: If they reach farther than twice the input.
    """
    if len(boxes) and float(boxes.max()) > _SPECK:
        raise ModelMismatchError(
            f"normalised boxes reach {float(boxes.max()):.3g}, expected 1 or little more; the file seems to give "
            "pixels: leave the codec's parameter normalised out"
        )
    return boxes
