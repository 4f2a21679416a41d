"""Files of weights that are no ONNX: the card that goes with each, and the network of a checkpoint.

Checkpoints are written by `gonio.training`, a room that stands on this one; it is loaded by its name, as any optional
part, and only when a checkpoint is opened.
"""

import hashlib
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from pydantic import ValidationError

from gonio.errors import ModelError
from gonio.models.card import ModelCard, Weights, read_card
from gonio.optional import require

SUFFIXES = (".safetensors", ".tflite", ".xml")
"""Of the files that `card_of_weights` knows."""


def find_checkpoint(model: str | Path) -> Path | None:
    """The weights of a checkpoint, if it is one: either of its files."""
    path = Path(model)
    if path.suffix not in (".safetensors", ".json"):
        return None
    weights = path.with_suffix(".safetensors")
    return weights if weights.is_file() else None


def open_checkpoint(path: Path) -> tuple[Any, ModelCard]:
    """The network of a checkpoint as it is deployed, and its card.

    Args:
        path: Its ``.safetensors``.

    Raises:
        MissingDependencyError: If torch or safetensors is not installed.
        WeightsError: If a file is missing or damaged.
    """
    for package in ("torch", "safetensors"):
        require(package, extra="train", purpose="opening a checkpoint")
    checkpoints: Any = require("gonio.training.checkpoint", extra="train", purpose="opening a checkpoint")
    networks: Any = require("gonio.training.networks", extra="train", purpose="opening a checkpoint")
    network, info = checkpoints.load_checkpoint(path)
    return networks.deployed(network), info.card(name=path.stem, weights=Weights(file=path.name, sha256=None))


def card_of_weights(path: Path) -> ModelCard:
    """The card of a checkpoint, of an OpenVINO file (inside, or beside it), or of a LiteRT file (beside it).

    Raises:
        ModelError: If there is none.
        WeightsError: If a checkpoint is damaged.
        MissingDependencyError: If it is a checkpoint and torch is not installed.
    """
    if path.suffix == ".safetensors":
        return open_checkpoint(path)[1]
    beside = path.with_suffix(".json")
    if beside.is_file():
        card = read_card(beside)
        if card.weights.file == path.name:
            return card
    inside = _card_in_xml(path) if path.suffix == ".xml" else None
    if inside is None:
        raise ModelError(
            f"there is no model card for '{path}', and without one nobody knows what its numbers mean; put one beside "
            f"it as '{beside.name}', with weights.file {path.name!r}"
        )
    return inside


def _card_in_xml(path: Path) -> ModelCard | None:
    """What ``gonio export --format openvino`` writes under ``rt_info/gonio/card``; it is about this file."""
    content = path.read_bytes()
    try:
        # a file of the user's own, and expat of today refuses the expansion attacks
        place = ElementTree.fromstring(content).find("rt_info/gonio/card")  # noqa: S314
    except ElementTree.ParseError as error:
        raise ModelError(f"'{path}' is not XML ({error}); give the .xml that OpenVINO wrote") from error
    if place is None:
        return None
    try:
        facts = json.loads(place.get("value", ""))
        digest = hashlib.sha256(content).hexdigest()
        return ModelCard.model_validate(facts | {"weights": {"file": path.name, "sha256": digest}})
    except (ValueError, ValidationError, TypeError) as error:
        fault = str(error).splitlines()[0]
        raise ModelError(f"the model card inside '{path}' is not one ({fault}); export the model again") from error
