"""One-stage models: the whole picture in one pass, everyone at once."""

import numpy as np

from gonio.arrays import ImageArray
from gonio.codecs import Outputs
from gonio.codecs.base import DecodedPeople
from gonio.errors import ConfigError
from gonio.geometry.affine import invert, letterbox, transform, transform_boxes
from gonio.geometry.boxes import clip_boxes
from gonio.models.backends import Backend
from gonio.models.card import LetterboxInput, ModelCard
from gonio.models.model import PoseModel
from gonio.structures.poses import Poses
from gonio.timing import timed


class OneStageModel(PoseModel):
    """Finds everyone with one run of the network; its time does not depend on how many people there are."""

    def __init__(self, card: ModelCard, backend: Backend) -> None:
        """Take a card whose input is a letterbox."""
        super().__init__(card, backend)
        if not isinstance(card.input, LetterboxInput):
            raise ConfigError(f"card {card.name!r}: a one-stage model needs a letterbox input, got {card.input.kind!r}")
        self._input = card.input

    def _estimate(self, image: ImageArray, *, floor: float, flip_test: bool) -> Poses:  # noqa: ARG002
        with timed("preprocess"):
            boxed, matrix = letterbox(
                image,
                longer_side=self._input.longer_side,
                multiple=self._input.multiple,
                pad_value=self._input.pad_value,
            )
        outputs: Outputs = self._run([boxed], flip_test=flip_test)
        with timed("decode keypoints"):
            people: DecodedPeople = self._codec.decode(outputs)[0]
            home = invert(matrix)
            return Poses(
                keypoints=transform(home, people.keypoints),
                scores=np.clip(people.scores, 0, 1),
                boxes=clip_boxes(transform_boxes(home, people.boxes), image.shape[:2]),
                person_scores=np.clip(people.person_scores, 0, 1),
                skeleton=self.skeleton,
            )
