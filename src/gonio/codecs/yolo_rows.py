"""Rows of numbers as YOLO networks have them, one per candidate; coordinates are pixels or shares of the input.

Pixels are those of the network's input. Boxes are continuous. Keypoints are pixel centres: these networks learn COCO's
keypoints, which say pixels, through affine maps of pixel centres, and nothing adds half a pixel.
"""

from dataclasses import dataclass

import numpy as np

from gonio.arrays import BoolArray, FloatArray
from gonio.codecs.base import DecodedPeople
from gonio.codecs.checks import finite, probabilities
from gonio.codecs.persons import PersonCodec, check_pixels, check_shares
from gonio.errors import ConfigError

PREDICTIONS = "predictions"
"""What these codecs call the one output; in Ultralytics' files it is ``output0``."""


@dataclass(frozen=True, slots=True)
class YoloCodec(PersonCodec):
    """Settings of the codecs of YOLO networks. It is no codec itself.

    Attributes:
        normalised: Coordinates are shares of the input's width and height, as in exports for TensorFlow Lite.
        input_hw: Height and width of the input; only where ``normalised``.

    Raises:
        ConfigError: If a parameter is out of range, or the size is not known.
    """

    normalised: bool = False
    input_hw: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        PersonCodec.__post_init__(self)
        if self.normalised and self.input_hw is None:
            raise ConfigError("normalised coordinates need the input's size; give the card a square letterbox")

    def unit(self) -> FloatArray:
        """Pixels, x and y, that a coordinate of 1 stands for."""
        if not self.normalised or self.input_hw is None:
            return np.ones(2, np.float32)
        return np.array(self.input_hw[::-1], np.float32)

    def to_pixels(self, boxes: FloatArray) -> FloatArray:
        """Boxes ``(P, 4)`` by corners, as the file has them → in pixels.

        Raises:
            ModelMismatchError: If they are not finite, or not in the unit that the card says.
        """
        finite(boxes, "boxes")
        checked = check_shares(boxes) if self.normalised else check_pixels(boxes)
        return np.asarray(checked * np.tile(self.unit(), 2), np.float32)


@dataclass(frozen=True, slots=True)
class YoloPoseCodec(YoloCodec):
    """Settings of the codecs of YOLO pose networks. It is no codec itself.

    Attributes:
        values: D, numbers for each keypoint: 3 for x, y and visibility, 2 without it.

    Raises:
        ConfigError: If a parameter is out of range.
    """

    values: int = 3

    def __post_init__(self) -> None:
        YoloCodec.__post_init__(self)
        if self.values not in (2, 3):
            raise ConfigError(f"values is {self.values}; give 3 (x, y and visibility) or 2 for each keypoint")

    def people(self, boxes: FloatArray, scores: FloatArray, points: FloatArray) -> DecodedPeople:
        """People of their boxes ``(N, 4)`` px, scores ``(N,)`` and keypoints ``(N, K x D)`` as the file has them.

        A keypoint's score is its visibility, where the file has none the person's.

        Raises:
            ModelMismatchError: If keypoints are not finite, or visibilities not in [0, 1].
        """
        rows = points.reshape(len(scores), self.n_keypoints, self.values)
        xy = finite(rows[..., :2], "keypoints") * self.unit()
        if self.values == 3:
            visibility = probabilities(rows[..., 2], "visibilities of keypoints")
        else:
            visibility = np.repeat(scores[:, None], self.n_keypoints, axis=1)
        return DecodedPeople(
            keypoints=xy.astype(np.float32),
            scores=np.asarray(visibility, np.float32),
            boxes=boxes,
            person_scores=np.asarray(scores, np.float32),
        )

    def points_of(self, people: DecodedPeople) -> FloatArray:
        """The other way: keypoints ``(N, K x D)`` as a file has them; a NaN is the origin, with visibility 0."""
        known: BoolArray = np.asarray(np.isfinite(people.keypoints).all(axis=-1))
        xy = np.where(known[..., None], people.keypoints, 0) / self.unit()
        visibility = np.where(known, people.scores, np.float32(0))
        rows = np.concatenate([xy, visibility.reshape(*known.shape, 1)], axis=-1)[..., : self.values]
        return rows.reshape(len(people), self.n_keypoints * self.values).astype(np.float32)
