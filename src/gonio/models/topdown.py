"""Top-down models: somebody proposes people, the network looks at each of them closely."""

from collections.abc import Callable

import numpy as np

from gonio.arrays import ImageArray
from gonio.errors import ConfigError
from gonio.geometry.affine import crop_box, invert, transform
from gonio.models.backends import Backend
from gonio.models.card import CropInput, ModelCard
from gonio.models.model import PoseModel
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton
from gonio.timing import timed

Proposer = Callable[[ImageArray], Poses]
"""Whatever finds boxes ``(N, 4)`` with person scores; its keypoints may be NaN."""


def whole_picture(skeleton: Skeleton) -> Proposer:
    """Proposes one person, in the box ``(0, 0, W, H)`` with score 1: for a subject that fills the picture."""
    nowhere = np.full((1, len(skeleton), 2), np.nan, np.float32)

    def propose(image: ImageArray) -> Poses:
        height, width = image.shape[:2]
        return Poses(
            keypoints=nowhere,
            scores=np.zeros((1, len(skeleton)), np.float32),
            boxes=np.array([[0, 0, width, height]], np.float32),
            person_scores=np.ones(1, np.float32),
            skeleton=skeleton,
        )

    return propose


class TopDownModel(PoseModel):
    """Refines every proposed person in a crop of its own; all crops of an image go through the network as one batch.

    A person's score is the geometric mean of the proposal's score and the mean keypoint score.
    """

    def __init__(self, card: ModelCard, backend: Backend, proposer: Proposer) -> None:
        """Take a card whose input is a crop, and whatever proposes people."""
        super().__init__(card, backend)
        if not isinstance(card.input, CropInput):
            raise ConfigError(f"card {card.name!r}: a top-down model needs a crop input, got {card.input.kind!r}")
        self._input = card.input
        self._min_proposal = 0.0 if card.proposals is None else card.proposals.min_score
        self._proposer = proposer

    def refine(self, image: ImageArray, people: Poses, *, flip_test: bool = False) -> Poses:
        """Look closely at people whose boxes are known, without the detector; in a video at those of a moment ago.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
            people: Their boxes, and as ``person_scores`` those of the proposals; keypoints are not read.
            flip_test: As in a call.

        Returns:
            One pose per box, in their order: nobody is left out by score or as found twice.
        """
        if not len(people):
            return Poses.empty(self.skeleton)
        return self._calibrated(self._refine(image, people, flip_test=flip_test))

    def _estimate(self, image: ImageArray, *, floor: float, flip_test: bool) -> Poses:
        proposals = self._proposer(image)
        # the final score is sqrt(proposal x keypoints) <= sqrt(proposal): below floor^2 a crop would be for nothing
        proposals = proposals[proposals.person_scores >= max(self._min_proposal, floor**2)]
        if not len(proposals):
            return Poses.empty(self.skeleton)
        return self._refine(image, proposals, flip_test=flip_test)

    def _refine(self, image: ImageArray, proposals: Poses, *, flip_test: bool) -> Poses:
        with timed("preprocess"):
            height, width = self._input.input_hw
            crops = [
                crop_box(
                    image,
                    box,
                    size_wh=(width, height),
                    margin=self._input.margin,
                    pad_value=self._input.pad_value,
                )
                for box in proposals.boxes
            ]
        outputs = self._run([crop for crop, _ in crops], flip_test=flip_test)
        with timed("decode keypoints"):
            people = self._codec.decode(outputs)
            keypoints = [
                transform(invert(matrix), one.keypoints[0]) for (_, matrix), one in zip(crops, people, strict=True)
            ]
            scores = np.clip(np.concatenate([one.scores for one in people]), 0, 1)
            return Poses(
                keypoints=np.stack(keypoints),
                scores=scores,
                boxes=proposals.boxes,
                person_scores=np.sqrt(proposals.person_scores * scores.mean(axis=1)),
                skeleton=self.skeleton,
            )
