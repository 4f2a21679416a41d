"""The model around the network: the same pictures, the same proposals, with one network or another."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gonio.arrays import FloatArray, ImageArray
from gonio.codecs import Outputs
from gonio.errors import ConfigError, ExportError
from gonio.models.backends import Backend, OnnxBackend
from gonio.models.card import ModelCard
from gonio.models.loader import load_model, model_of
from gonio.models.model import PoseModel
from gonio.models.proposals import Proposer, whole_picture
from gonio.models.registry import find_card, find_weights
from gonio.structures.poses import Poses

MOST_PER_PICTURE = 2
"""Crops that one picture gives for calibrating, so that a crowd does not outweigh all other pictures."""


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """A model whose network can be exchanged. State: proposals are remembered, so a picture's are found once.

    Attributes:
        card: Of the float model.
        folder: Where its weights lie.
        weights: Its ONNX file.
        threads: Of each network.
        proposer: Who finds people for a top-down model.
    """

    card: ModelCard
    folder: Path
    weights: Path
    threads: int
    proposer: Proposer

    def model(self, backend: Backend) -> PoseModel:
        """The model with this network."""
        return model_of(self.card, backend, self.proposer)

    def backend(self, weights: Path | None = None) -> OnnxBackend:
        """The float network, or that of another file."""
        return OnnxBackend(weights or self.weights, threads=self.threads)


def open_rig(name: str | Path, *, threads: int) -> Rig:
    """Find a model and who proposes people to it.

    Raises:
        ModelError: If there is no such model, or its weights are damaged.
        ConfigError: If it is a checkpoint.
    """
    if Path(name).suffix == ".safetensors":
        raise ConfigError(
            f"'{name}' is a checkpoint, and int8 is made from an ONNX file; first: gonio export {name} --out model.onnx"
        )
    card, folder = find_card(name)
    weights = find_weights(card, folder)
    if card.task != "top-down" or card.proposals is None:
        return Rig(card, folder, weights, threads, whole_picture(card.load_skeleton()))
    beside = folder / card.proposals.model
    detector = load_model(beside if beside.is_file() else card.proposals.model, threads=threads)
    return Rig(card, folder, weights, threads, _remembering(detector))


def record_inputs(rig: Rig, images: Iterable[ImageArray], *, most: int) -> list[FloatArray]:
    """What goes into the network when the model looks at these pictures, one input ``(1, 3, h, w)`` each.

    Raises:
        ExportError: If nothing does, because nobody is found.
    """
    recorder = _Recorder(rig.backend())
    model = rig.model(recorder)
    inputs: list[FloatArray] = []
    looked_at = 0
    for image in images:
        looked_at += 1
        recorder.seen.clear()
        model(image)
        inputs += recorder.seen[:MOST_PER_PICTURE]
        if len(inputs) >= most:
            break
    if not inputs:
        raise ExportError(
            f"nobody was found in the {looked_at} pictures, so there is nothing to calibrate on; give pictures of "
            "the people that the model is for"
        )
    return inputs[:most]


class _Recorder:
    """A network that keeps its inputs, each for itself."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.seen: list[FloatArray] = []

    @property
    def description(self) -> str:
        return self._backend.description

    @property
    def output_channels(self) -> dict[str, int | None]:
        return self._backend.output_channels

    def run(self, batch: FloatArray) -> Outputs:
        self.seen += [batch[i : i + 1].copy() for i in range(len(batch))]
        return self._backend.run(batch)


def _remembering(detector: PoseModel) -> Proposer:
    known: dict[bytes, Poses] = {}

    def propose(image: ImageArray) -> Poses:
        key = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
        if key not in known:
            known[key] = detector(image, min_person_score=0)
        return known[key]

    return propose
