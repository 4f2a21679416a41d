"""What is exported: a checkpoint's network, or the ONNX file of a model that there is already."""

import copy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from gonio.arrays import FloatArray
from gonio.codecs import Outputs
from gonio.errors import ConfigError
from gonio.models.backends import Backend, OnnxBackend
from gonio.models.card import ModelCard, Proposals, Weights
from gonio.models.loader import available_cpus
from gonio.models.registry import find_card, find_weights, list_models
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
            ConfigError: If it is no top-down model.
        """
        if self.card.task != "top-down":
            raise ConfigError(f"model {self.card.name!r} is one-stage: it finds people itself; leave --proposals out")
        return replace(self, card=self.card.model_copy(update={"proposals": proposals}))

    def backend(self) -> Backend:
        """What an export is compared with: the ONNX file where there is one, else the network as it was trained."""
        if self.onnx is not None:
            return OnnxBackend(self.onnx, threads=available_cpus())
        return TorchBackend(self.module("comparing"))

    def module(self, what: str) -> PoseNetwork:
        """The network; the shipped MoveNets are modules too.

        Raises:
            ConfigError: If there is an ONNX file only.
        """
        if self.card in list_models() and self.card.weights.file.startswith("movenet-"):
            return MoveNet.pretrained(self.card.weights.file.removeprefix("movenet-").removesuffix(".onnx"))
        if self.network is None:
            raise ConfigError(
                f"{what} needs the network in PyTorch, and {self.card.name!r} is an ONNX file; give the checkpoint "
                "that it came from, or choose --format onnx or openvino"
            )
        return self.network


class TorchBackend:
    """A network in PyTorch on the CPU, in evaluation mode; it keeps a copy."""

    def __init__(self, network: PoseNetwork) -> None:
        """Copy the network."""
        self._network = copy.deepcopy(network).cpu().float().eval()
        self._channels = dict(network.codec.output_channels)

    @property
    def description(self) -> str:
        """Runtime and version."""
        return f"torch {torch.__version__}, CPU"

    @property
    def output_channels(self) -> dict[str, int | None]:
        """The codec's outputs."""
        return dict(self._channels)

    def run(self, batch: FloatArray) -> Outputs:
        """Outputs for ``(B, 3, h, w)`` float32, already normalised."""
        with torch.inference_mode():
            outputs = self._network(torch.from_numpy(batch))
        return {name: np.asarray(output.numpy(), np.float32) for name, output in outputs.items()}


def find_source(model: str | Path) -> ExportSource:
    """What a person means by MODEL.

    Args:
        model: A checkpoint (``best.safetensors``, or ``best.json`` beside it), a model's name, the path of a card, or
            of an ONNX file that holds its card.

    Raises:
        ModelError: If there is no such model or its files are damaged.
    """
    path = Path(model)
    if path.suffix == ".safetensors" or (path.suffix == ".json" and path.with_suffix(".safetensors").is_file()):
        network, info = load_checkpoint(path)
        return ExportSource(info.card(name=path.stem, weights=UNKNOWN), network=network)
    card, folder = find_card(model)
    return ExportSource(card, onnx=find_weights(card, folder))
