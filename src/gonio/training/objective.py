"""What a step makes small: the codec's loss against labels, or labels mixed with a teacher's."""

from collections.abc import Mapping

import torch
from torch import Tensor

from gonio.codecs import Heatmap
from gonio.structures.skeleton import Skeleton
from gonio.training.distillation import Distiller
from gonio.training.losses import coordinate_loss, loss_for
from gonio.training.networks import PoseNetwork
from gonio.training.recipe import Recipe
from gonio.training.samples import Batch


class Objective:
    """The recipe's loss of one network."""

    def __init__(self, recipe: Recipe, network: PoseNetwork, skeleton: Skeleton, device: torch.device) -> None:
        """Load the teacher, where there is one.

        Args:
            recipe: The run's.
            network: What learns.
            skeleton: What its keypoints are.
            device: Where it learns.

        Raises:
            PoseError: If the teacher cannot be loaded, or does not know these keypoints.
        """
        self._codec, self._loss, self._share = network.codec, loss_for(network.codec), recipe.coordinate_loss
        choice = recipe.teacher
        self._distiller = choice and Distiller.of(
            choice, data=recipe.data, network=network, skeleton=skeleton, device=device
        )

    def __call__(self, outputs: Mapping[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """Terms to add.

        Args:
            outputs: The network's, of ``batch["image"]``.
            batch: On the same device.
        """
        targets, weights = self._distiller(batch) if self._distiller else (batch["targets"], batch["weights"])
        exact = {name: value.float() for name, value in outputs.items()}
        terms = self._loss(exact, targets, weights)
        if self._share and isinstance(self._codec, Heatmap):
            distance = coordinate_loss(exact[self._codec.output], batch["keypoints"], weights, codec=self._codec)
            terms["coordinates"] = self._share * distance
        return terms
