"""`PoseModel`: what ``gonio.load_model`` returns; an image in, `Poses` out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import overload

import numpy as np

from gonio.arrays import FloatArray, ImageArray
from gonio.codecs import Outputs
from gonio.codecs.base import average
from gonio.errors import ConfigError, ModelMismatchError
from gonio.geometry.boxes import suppress
from gonio.geometry.oks import oks
from gonio.models.backends import Backend
from gonio.models.backends.layout import ImageInput
from gonio.models.backends.sharing import run_network
from gonio.models.card import ModelCard
from gonio.models.preprocess import check_whole, to_batch
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.timing import timed


class PoseModel(ABC):
    """A pose model, ready to run. It keeps no state between calls: one model may be called from several threads.

    Attributes:
        card: What it is, what it was measured at, where it fails.
        skeleton: The keypoints that it finds.
    """

    def __init__(self, card: ModelCard, backend: Backend) -> None:
        """Check that the network fits the card.

        Raises:
            ModelMismatchError: If an output that the codec reads is missing or has another number of channels, or the
                network takes whole numbers and the card makes others of pixels.
        """
        self.card = card
        self.skeleton = card.load_skeleton()
        self._codec = card.build_codec()
        self._backend = backend
        have = backend.output_channels
        for role, channels in self._codec.output_channels.items():
            name = card.outputs.get(role, role)
            if name not in have or (channels is not None and have[name] not in (channels, None)):
                wanted = "" if channels is None else f" with {channels} channels"
                raise ModelMismatchError(
                    f"the weights of model {card.name!r} do not fit its card: there should be an output "
                    f"{name!r}{wanted}, the network has {have}"
                )
        image: ImageInput | None = getattr(backend, "image", None)
        if image is not None:
            check_whole(image, card.input, what=f"model {card.name!r}")

    @property
    def runtime(self) -> str:
        """Runtime, version, device and threads."""
        return self._backend.description

    @overload
    def __call__(
        self, images: ImageArray, *, min_person_score: float | None = None, flip_test: bool = False
    ) -> Poses: ...
    @overload
    def __call__(
        self, images: Sequence[ImageArray], *, min_person_score: float | None = None, flip_test: bool = False
    ) -> list[Poses]: ...
    def __call__(
        self,
        images: ImageArray | Sequence[ImageArray],
        *,
        min_person_score: float | None = None,
        flip_test: bool = False,
    ) -> Poses | list[Poses]:
        """Find everyone in an image, or in each image of a list.

        Args:
            images: ``(H, W, 3)`` uint8 RGB, or a sequence of such, of any sizes.
            min_person_score: People below this are left out; default: the card's.
            flip_test: Also look at the mirrored input and average: more accurate, twice the time.

        Returns:
            Poses, best person first, in pixels of the image; a list of Poses for a list of images.

        Raises:
            ShapeError: If an image is not ``(H, W, 3)`` uint8.
            ConfigError: If the score is not in [0, 1].
        """
        floor = self.person_floor(min_person_score)
        if isinstance(images, list | tuple):
            return [self(image, min_person_score=floor, flip_test=flip_test) for image in images]
        if not isinstance(images, np.ndarray):
            raise ConfigError(
                f"a model takes an (H, W, 3) uint8 RGB array or a list of them, got {type(images).__name__}; "
                "gonio.predict opens files and PIL images"
            )
        people = self._estimate(Frame(images).image, floor=floor, flip_test=flip_test)
        return self._calibrated(self._distinct(people[people.person_scores >= floor]))

    def person_floor(self, asked: float | None) -> float:
        """The score below which people are left out: the asked one, else the card's.

        Raises:
            ConfigError: If it is not in [0, 1].
        """
        floor = self.card.min_person_score if asked is None else asked
        if not 0 <= floor <= 1:  # False for NaN as well
            raise ConfigError(f"min_person_score is {floor}; give a number from 0 to 1")
        return floor

    def _distinct(self, people: Poses) -> Poses:
        """Everyone once, best first."""
        return distinct(people, max_oks=self.card.max_oks)

    def _calibrated(self, people: Poses) -> Poses:
        """Keypoint scores as probabilities, where the card knows how; everything before works with the network's."""
        calibration = self.card.calibration
        return people if calibration is None else replace(people, scores=calibration.apply(people.scores))

    @abstractmethod
    def _estimate(self, image: ImageArray, *, floor: float, flip_test: bool) -> Poses:
        """Everyone in one image; who is sure to score below ``floor`` may be left out."""

    def _run(self, inputs: Sequence[ImageArray], *, flip_test: bool) -> Outputs:
        """The network's outputs for inputs of one size, averaged with those of their mirror images if asked."""
        with timed("preprocess"):
            batch = to_batch(inputs, self.card.input)
        with timed("inference"):
            outputs = self._answers(batch)
            if flip_test:
                mirrored = self._answers(np.ascontiguousarray(batch[..., ::-1]))
                outputs = average(outputs, self._codec.unflip(mirrored, self.skeleton.flip_indices))
        return outputs

    def _answers(self, batch: FloatArray) -> Outputs:
        """The outputs that the codec reads, one row for each input."""
        outputs = self._renamed(run_network(self._backend, batch))
        for name in self._codec.output_channels:
            if name in outputs and len(outputs[name]) != len(batch):
                raise ModelMismatchError(
                    f"model {self.card.name!r} was given {len(batch)} inputs and answers in {name!r} for "
                    f"{len(outputs[name])}; export it with its batch open in the outputs too, or for a batch of 1"
                )
        return outputs

    def _renamed(self, outputs: Outputs) -> Outputs:
        """The outputs that the codec reads, under its names."""
        names = self.card.outputs
        return {role: outputs[names.get(role, role)] for role in self._codec.output_channels} if names else outputs


def distinct(poses: Poses, *, max_oks: float) -> Poses:
    """Everyone once, best first: of two poses more alike than ``max_oks`` the better stays."""
    if len(poses) < 2:
        return poses
    size = np.maximum(poses.boxes[:, 2:] - poses.boxes[:, :2], 1)
    sigmas = np.array(poses.skeleton.sigmas, np.float32)
    alike = oks(poses.keypoints, poses.keypoints, areas=size.prod(axis=1), sigmas=sigmas)
    return poses[suppress(np.maximum(alike, alike.T), poses.person_scores, threshold=max_oks)]
