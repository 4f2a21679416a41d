"""What is exported: a checkpoint's network, or the ONNX file of a model that there is already."""

import copy
from dataclasses import dataclass, replace
from pathlib import Path

from gonio.errors import ConfigError
from gonio.models.backends import Backend, OnnxBackend, TorchBackend
from gonio.models.card import ModelCard, Proposals, Weights
from gonio.models.registry import find_card, find_weights, list_models
from gonio.processors import available_cpus
from gonio.training.checkpoint import load_checkpoint
from gonio.training.networks import MoveNet, PoseNetwork

UNKNOWN = Weights(file="none", sha256="0" * 64)
"""In a card whose file is not written yet."""


@dataclass(frozen=True, slots=True, eq=False)
class ExportSource:
    """A model to export.

    Attributes:
        card: How it is run; its name and weights are those of the source.
        network: The module, or None for an ONNX file.
        onnx: The ONNX file, or None for a checkpoint.
    """

    card: ModelCard
    network: PoseNetwork | None = None
    onnx: Path | None = None

    def proposed_by(self, proposals: Proposals | None) -> "ExportSource":
        """The same with other proposals; None: the whole picture.

        Raises:
            ConfigError: If it is no top-down model, or the other one cannot propose.
            UnknownModelError: If there is no such other one.
        """
        if proposals is not None and find_card(proposals.model)[0].task == "top-down":
            raise ConfigError(f"{proposals.model!r} is top-down and finds nobody; name a one-stage model or a detector")
        if self.card.task != "top-down":
            raise ConfigError(f"model {self.card.name!r} is one-stage: it finds people itself; leave --proposals out")
        return replace(self, card=self.card.model_copy(update={"proposals": proposals}))

    def backend(self) -> Backend:
        """What an export is compared with: the ONNX file where there is one, else the network as it was trained."""
        if self.onnx is not None:
            return OnnxBackend(self.onnx, threads=available_cpus())
        network = copy.deepcopy(self.module("comparing")).cpu().float()
        return TorchBackend(network, network.codec.output_channels)

    def module(self, what: str) -> PoseNetwork:
        """The network; the shipped MoveNets are modules too.

        Raises:
            ConfigError: If there is an ONNX file only.
        """
        if self.card in list_models() and self.card.weights.file.startswith("movenet-") and not self.card.original:
            return MoveNet.pretrained(self.card.weights.file.removeprefix("movenet-").removesuffix(".onnx"))
        if self.network is None:
            raise ConfigError(
                f"{what} needs the network in PyTorch, and {self.card.name!r} is an ONNX file; give the checkpoint "
                "that it came from, or choose --format onnx or openvino"
            )
        return self.network


def find_source(model: str | Path) -> ExportSource:
    """What a person means by MODEL.

    Args:
        model: A checkpoint (``best.safetensors``, or ``best.json`` beside it), a model's name, the path of a card, or
            of an ONNX file that holds its card.

    Raises:
        ModelError: If there is no such model or its files are damaged.
        ConfigError: If its weights are neither.
    """
    path = Path(model)
    if path.suffix == ".safetensors" or (path.suffix == ".json" and path.with_suffix(".safetensors").is_file()):
        network, info = load_checkpoint(path)
        return ExportSource(info.card(name=path.stem, weights=UNKNOWN), network=network)
    card, folder = find_card(model)
    if not card.weights.file.endswith(".onnx"):
        raise ConfigError(
            f"an export starts from a checkpoint or an ONNX file, and the weights of {card.name!r} are "
            f"'{card.weights.file}'; give what they were made from"
        )
    return ExportSource(card, onnx=find_weights(card, folder))
