"""One-stage models: the whole picture in one pass, everyone at once; and detectors, which give boxes alone."""

from typing import Self

import numpy as np

from gonio.arrays import ImageArray
from gonio.codecs.base import DecodedPeople
from gonio.codecs.checks import within_reach
from gonio.errors import ConfigError
from gonio.geometry.affine import CropResult, invert, letterbox, stretched, transform, transform_boxes
from gonio.geometry.boxes import clip_boxes, iou, suppress
from gonio.models.backends import Backend
from gonio.models.card import CropInput, LetterboxInput, ModelCard, StretchInput
from gonio.models.model import PoseModel
from gonio.structures.poses import Poses
from gonio.timing import timed


class OneStageModel(PoseModel):
    """Finds everyone with one run of the network; its time does not depend on how many people there are."""

    def __init__(self, card: ModelCard, backend: Backend) -> None:
        """Take a card whose input is the whole picture."""
        super().__init__(card, backend)
        if isinstance(card.input, CropInput):
            raise ConfigError(f"card {card.name!r}: a {card.task} model needs a letterbox or stretch input, got 'crop'")
        self._input = card.input

    def at_size(self, longer_side: int) -> Self:
        """The same network, seeing pictures of this longer side, px; it must take any size."""
        if not isinstance(self._input, LetterboxInput):
            raise ConfigError(f"model {self.card.name!r} stretches pictures to one size; it has no other")
        seen = self._input.model_copy(update={"longer_side": longer_side})
        return type(self)(self.card.model_copy(update={"input": seen}), self._backend)

    def _estimate(self, image: ImageArray, *, floor: float, flip_test: bool) -> Poses:
        with timed("preprocess"):
            seen, matrix = picture_input(image, self._input)
        outputs = self._run([seen], flip_test=flip_test)
        with timed("decode keypoints"):
            people: DecodedPeople = self._codec.decode(outputs)[0]
            sure = people.person_scores >= floor
            within_reach(people.keypoints[sure], people.scores[sure], seen.shape[:2])
            home = invert(matrix)
            return Poses(
                keypoints=transform(home, people.keypoints),
                scores=np.clip(people.scores, 0, 1),
                boxes=clip_boxes(transform_boxes(home, people.boxes), image.shape[:2]),
                person_scores=np.clip(people.person_scores, 0, 1),
                skeleton=self.skeleton,
            )


class DetectorModel(OneStageModel):
    """Finds the boxes of people; all their keypoints are NaN, with score 0.

    The card's ``max_oks`` is its limit of overlap (IoU): of two boxes that share more, the better stays.
    """

    def _distinct(self, people: Poses) -> Poses:
        return people[suppress(iou(people.boxes, people.boxes), people.person_scores, threshold=self.card.max_oks)]


def picture_input(image: ImageArray, how: LetterboxInput | StretchInput) -> CropResult:
    """The picture as a card wants it, and the matrix from picture to input."""
    if isinstance(how, StretchInput):
        height, width = how.input_hw
        return stretched(image, (width, height))
    return letterbox(
        image,
        longer_side=how.longer_side,
        multiple=how.multiple,
        pad_value=how.pad_value,
        square=how.square,
        centred=how.placement == "centre",
    )
