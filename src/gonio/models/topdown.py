"""Top-down models: somebody proposes people, the network looks at each of them closely."""

import numpy as np

from gonio.arrays import FloatArray, ImageArray
from gonio.errors import ConfigError
from gonio.geometry.affine import crop_box, invert, transform
from gonio.models.backends import Backend
from gonio.models.card import CropInput, ModelCard
from gonio.models.model import PoseModel
from gonio.models.person_score import person_scores, proposal_scores
from gonio.models.proposals import Proposer
from gonio.structures.poses import Poses
from gonio.timing import timed


class TopDownModel(PoseModel):
    """Refines every proposed person in a crop of its own; the crops of one size are one batch.

    A person's score is the weighted geometric mean of the proposal's score and the network's mean keypoint score, as
    `gonio.models.person_score` has it and the card weighs it.
    """

    def __init__(self, card: ModelCard, backend: Backend, proposer: Proposer) -> None:
        """Take a card whose input is a crop, and whatever proposes people."""
        super().__init__(card, backend)
        if not isinstance(card.input, CropInput):
            raise ConfigError(f"card {card.name!r}: a top-down model needs a crop input, got {card.input.kind!r}")
        self._input = card.input
        self._min_proposal = 0.0 if card.proposals is None else card.proposals.min_score
        self._proposer = proposer

    def propose(self, image: ImageArray) -> Poses:
        """Who may be in the picture, as the card's detector says: boxes, scores, and perhaps rough keypoints."""
        people = self._proposer(image)
        return people[people.person_scores >= self._min_proposal]

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

    def proposal_scores(self, people: Poses) -> FloatArray:
        """What the proposals of people scored whom this model found, from their own scores.

        Returns:
            ``(N,)`` float32 in [0, 1]; about that where the card's calibration gives different scores the same value.
        """
        calibration = self.card.calibration
        scores = people.scores if calibration is None else calibration.undo(people.scores)
        return proposal_scores(people.person_scores, scores.mean(axis=1), share=self.card.proposal_share)

    def _scores(self, proposals: Poses, scores: FloatArray) -> FloatArray:
        """The people's scores, from the network's keypoint scores ``(N, K)``."""
        return person_scores(proposals.person_scores, scores.mean(axis=1), share=self.card.proposal_share)

    def _estimate(self, image: ImageArray, *, floor: float, flip_test: bool) -> Poses:
        proposals = self.propose(image)
        # with perfect keypoints they would score this; below the floor a crop would be for nothing
        best = self._scores(proposals, np.ones((len(proposals), 1), np.float32))
        proposals = proposals[best >= floor]
        if not len(proposals):
            return Poses.empty(self.skeleton)
        return self._refine(image, proposals, flip_test=flip_test)

    def _refine(self, image: ImageArray, proposals: Poses, *, flip_test: bool) -> Poses:
        shapes: dict[tuple[int, int], list[int]] = {}
        for i, box in enumerate(proposals.boxes):
            shapes.setdefault(self._input.hw_for(box), []).append(i)
        n, k = proposals.scores.shape[0], len(self.skeleton)
        keypoints, scores = np.empty((n, k, 2), np.float32), np.empty((n, k), np.float32)
        for input_hw, rows in shapes.items():
            keypoints[rows], scores[rows] = self._look(image, proposals.boxes[rows], input_hw, flip_test=flip_test)
        return Poses(
            keypoints=keypoints,
            scores=scores,
            boxes=proposals.boxes,
            person_scores=self._scores(proposals, scores),
            skeleton=self.skeleton,
        )

    def _look(
        self, image: ImageArray, boxes: FloatArray, input_hw: tuple[int, int], *, flip_test: bool
    ) -> tuple[FloatArray, FloatArray]:
        """Keypoints ``(N, K, 2)`` in the image and scores ``(N, K)`` of the people in boxes ``(N, 4)``."""
        with timed("preprocess"):
            how = self._input
            crops = [
                crop_box(image, box, size_wh=input_hw[::-1], margin=how.margin, pad_value=how.pad_value)
                for box in boxes
            ]
        outputs = self._run([crop for crop, _ in crops], flip_test=flip_test)
        with timed("decode keypoints"):
            people = self._codec.decode(outputs)
            keypoints = [
                transform(invert(matrix), one.keypoints[0]) for (_, matrix), one in zip(crops, people, strict=True)
            ]
            return np.stack(keypoints), np.clip(np.concatenate([one.scores for one in people]), 0, 1)
