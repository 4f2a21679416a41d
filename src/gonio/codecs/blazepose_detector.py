"""People as BlazePose's detector tells them: one output ``(B, N, 13)``, a row per anchor.

A row is a logit that there is somebody, the head's box ``cx cy w h``, and four points ``x y``, all in px of the input
and all but the size counted from the anchor. Anchors are the middles of the cells of three grids, of 8, 16 and 32 px;
each cell of the first two has two, each of the last has six (there are three such layers), all of the same size.

The points say where BlazePose shall look: the middle of the hips, the top of the circle around the whole body whose
middle that is, and the same of the upper body, from the middle of the shoulders. So a person's box is the square around
the circle, and not the head's, which serves the suppression only: anchors that tell of one head are averaged, weighted
by their scores.

Source:
    V. Bazarevsky et al., "BlazePose: On-device Real-time Body Pose Tracking", 2020, arXiv:2006.10204, section 2.2;
    V. Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019, arXiv:1907.05047,
    section 3 (averaging instead of suppression); the constants of the graph ``pose_detection`` of MediaPipe
    (Apache-2.0).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs.base import DecodedPeople, Outputs
from gonio.codecs.checks import finite, output_of
from gonio.codecs.persons import PersonCodec, grid_points, to_corners
from gonio.errors import ConfigError, ModelMismatchError
from gonio.geometry.boxes import iou

POINTS = ("mid_hip", "circle_top", "mid_shoulder", "upper_circle_top")
"""What the four points are, as the skeleton of a card calls them."""
_LARGEST_LOGIT = 100.0  # as in MediaPipe; the graph gives logits of some hundred thousand below
_ANCHORS = 2  # of a cell, for each layer of that stride
_HEAD = 0.5  # side of a drawn head, of the circle's radius
_VALUES = 5 + 2 * len(POINTS)


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """What the rows of one input say.

    Attributes:
        boxes: ``(P, 4)`` float32 px, continuous ``x1 y1 x2 y2``, of heads.
        points: ``(P, 4, 2)`` float32 px, pixel-centre convention, in the order of `POINTS`.
        scores: ``(P,)`` float32 in [0, 1], best first.
    """

    boxes: FloatArray
    points: FloatArray
    scores: FloatArray


@dataclass(frozen=True, slots=True)
class BlazePoseDetector(PersonCodec):
    """Circles around bodies, with the points that say how they are turned.

    Attributes:
        min_score: As in `PersonCodec`; anchors below it have no say in the average either.
        max_iou: Heads that overlap by more than this are one person's.
        input_hw: Height and width of the network's input.
        strides: Input pixels a cell, of each layer.

    Raises:
        ConfigError: If a parameter is out of range, the size is not known or there are not four keypoints.

    Example:
        >>> codec = BlazePoseDetector(n_keypoints=4, input_hw=(224, 224))
        >>> points = np.float32([[[100, 120], [90, 60], [98, 95], [90, 60]]])
        >>> people = DecodedPeople(points, np.ones((1, 4), np.float32), circles(points), np.float32([0.75]))
        >>> codec.decode(codec.encode(people, (224, 224)))[0].keypoints.round(2).tolist()
        [[[100.0, 120.0], [90.0, 60.0], [98.0, 95.0], [90.0, 60.0]]]
    """

    min_score: float = 0.5
    max_iou: float = 0.3
    input_hw: tuple[int, int] | None = None
    strides: tuple[int, ...] = (8, 16, 32, 32, 32)

    def __post_init__(self) -> None:
        PersonCodec.__post_init__(self)
        if self.n_keypoints != len(POINTS):
            raise ConfigError(
                f"blazepose-detector tells {len(POINTS)} points, but the skeleton has {self.n_keypoints}; give the "
                f"card a skeleton of {', '.join(POINTS)}"
            )
        if self.input_hw is None:
            raise ConfigError("the anchors of blazepose-detector need the input's size; give the card a square input")
        if not self.strides or min(self.strides) < 1:
            raise ConfigError(f"strides are {self.strides}; give at least one of at least 1 px")

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads; how many rows there are is checked when they come."""
        return {"person": None}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:
        """The outputs of a perfect network, which is sure that nobody is told by any other anchor.

        A person's head is drawn half a radius large, between the middle of the shoulders and the top of the circle, and
        told by the first anchor that is nearest to it. Of two people whose heads are there, the later counts.
        """
        anchors = self._anchors(input_hw)
        rows = np.zeros((1, len(anchors), _VALUES), np.float32)
        rows[..., 0] = -_LARGEST_LOGIT
        for points, score in zip(people.keypoints + np.float32(0.5), people.person_scores, strict=True):
            side = _HEAD * np.linalg.norm(points[1] - points[0])
            middle = (points[1] + points[2]) / 2
            index = int(((anchors - middle) ** 2).sum(axis=1).argmin())
            rows[0, index, 1:5] = *(middle - anchors[index]), side, side
            rows[0, index, 5:] = (points - anchors[index]).ravel()
            with np.errstate(divide="ignore"):
                rows[0, index, 0] = np.clip(np.log(score) - np.log1p(-score), -_LARGEST_LOGIT, _LARGEST_LOGIT)
        return {"person": rows}

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The people in each of the B inputs, best first.

        Raises:
            ModelMismatchError: If shapes or values are not those of such a file.
        """
        return [
            DecodedPeople(
                keypoints=heads.points,
                scores=np.repeat(heads.scores[:, None], len(POINTS), axis=1),
                boxes=circles(heads.points),
                person_scores=heads.scores,
            )
            for heads in self.heads(outputs)
        ]

    def heads(self, outputs: Outputs) -> list[Heads]:
        """What MediaPipe calls the detections: heads and points of each of the B inputs, each person once.

        Raises:
            ModelMismatchError: If shapes or values are not those of such a file.
        """
        array = output_of(outputs, "person", (None, None, _VALUES))
        anchors = self._anchors(self.input_hw or (0, 0))
        if len(anchors) != array.shape[1]:
            raise ModelMismatchError(
                f"output 'person' has {array.shape[1]} rows, but an input of {self.input_hw} px has {len(anchors)} "
                f"anchors {', '.join(map(str, self.strides))} px apart; check the card's input and the codec's strides"
            )
        return [self._heads(rows, anchors) for rows in finite(array, "rows of anchors")]

    def _heads(self, rows: FloatArray, anchors: FloatArray) -> Heads:
        logits = np.clip(rows[:, 0], -_LARGEST_LOGIT, _LARGEST_LOGIT).astype(np.float64)  # exp(100) is no float32
        scores = (1 / (1 + np.exp(-logits))).astype(np.float32)
        best = self.best(scores)
        here, nothing = anchors[best], np.zeros((len(best), 2), np.float32)
        told = rows[best, 1:] + np.concatenate([here, nothing, *[here] * len(POINTS)], axis=1)
        kept = _averaged(np.concatenate([to_corners(told[:, :4]), told[:, 4:]], axis=1), scores[best], self.max_iou)
        values, kept_scores = (part[: self.max_people] for part in kept)
        points = values[:, 4:].reshape(-1, len(POINTS), 2) - np.float32(0.5)
        return Heads(values[:, :4], points, kept_scores)

    def _anchors(self, input_hw: tuple[int, int]) -> FloatArray:
        """Places ``(N, 2)`` px, continuous, in the order of the rows."""
        each = []
        for stride in dict.fromkeys(self.strides):
            cells, _ = grid_points(input_hw, (stride,))
            middles = (cells + np.float32(0.5)) * np.float32(stride)
            each.append(np.repeat(middles, _ANCHORS * self.strides.count(stride), axis=0))
        return np.concatenate(each)


def circles(points: FloatArray) -> FloatArray:
    """Boxes ``(N, 4)``, continuous, of the squares around the circles that points ``(N, 4, 2)`` tell of.

    Example:
        >>> circles(np.float32([[[99.5, 99.5], [99.5, 69.5], [99.5, 80], [99.5, 69.5]]])).tolist()
        [[70.0, 70.0, 130.0, 130.0]]
    """
    middles = points[:, 0] + np.float32(0.5)
    radii = np.linalg.norm(points[:, 1] - points[:, 0], axis=1)[:, None]
    return np.concatenate([middles - radii, middles + radii], axis=1).astype(np.float32)


def _averaged(values: FloatArray, scores: FloatArray, max_iou: float) -> tuple[FloatArray, FloatArray]:
    """Each person once: the mean of all rows that tell of one head, weighted by score, with the best one's score.

    Args:
        values: ``(P, V)``, best first; the first four are the head's box by its corners.
        scores: ``(P,)``.
        max_iou: Rows whose heads overlap the best one's by more than this are averaged with it.
    """
    overlap = iou(values[:, :4], values[:, :4]) > max_iou
    np.fill_diagonal(overlap, val=True)
    means, firsts = [], []
    left = np.ones(len(values), bool)
    for first in range(len(values)):
        if left[first]:
            group = left & overlap[first]
            left &= ~group
            means.append(np.average(values[group], axis=0, weights=scores[group]))
            firsts.append(first)
    return np.array(means, np.float32).reshape(-1, values.shape[1]), scores[firsts].astype(np.float32)
