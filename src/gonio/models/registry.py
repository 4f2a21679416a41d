"""Which models there are, by name; a name is the stem of a card, and a path to a card works as well.

Three shelves: cards that ship with their weights; the zoo, whose weights are downloaded when asked for; and what the
user added. The first that has a name has it.
"""

import logging
from contextlib import suppress
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from gonio.errors import ModelError, UnknownModelError, WeightsError, did_you_mean
from gonio.models.card import ModelCard, read_card
from gonio.models.checkpoints import SUFFIXES, card_of_weights, find_checkpoint
from gonio.models.digest import sha256_of
from gonio.models.recognise import card_of_file
from gonio.models.store import absent, store

_log = logging.getLogger(__name__)

_ROOM = Path(str(resources.files("gonio.models")))
WEIGHTS_FOLDER = _ROOM / "weights"
"""Where the weights lie that ship with the package."""

_PYTORCH = (
    "a checkpoint of PyTorch, weights without their network",
    "export it to ONNX where it was trained (torch.onnx.export, or the project's own export)",
)
_OTHER_FORMATS = {
    **dict.fromkeys((".pt", ".pth", ".ckpt"), _PYTORCH),
    ".pdparams": ("a checkpoint of PaddlePaddle", "export it to ONNX by paddle2onnx"),
    ".pdmodel": ("a network of PaddlePaddle", "convert it to ONNX by paddle2onnx"),
    ".h5": ("a model of Keras", "convert it to ONNX by tf2onnx"),
    ".keras": ("a model of Keras", "convert it to ONNX by tf2onnx"),
    ".pb": ("a graph of TensorFlow", "convert it to ONNX by tf2onnx"),
    ".engine": ("an engine of TensorRT, made for one kind of GPU", "take the ONNX file that it was made of"),
    ".mlmodel": ("a model of Core ML", "take the ONNX file that it was made of"),
    ".mlpackage": ("a model of Core ML", "take the ONNX file that it was made of"),
    ".bin": ("weights without their network", "take the .xml of OpenVINO beside it, or export to ONNX"),
    ".zip": ("an archive", "unpack it, or take it in by 'gonio models unbundle' if it is a bundle,"),
    ".task": ("a bundle of MediaPipe", "'gonio models' has BlazePose; or convert the .tflite in it to ONNX"),
}
"""Files that people have of models: what they are, and how to an ONNX file."""

Shelf = Literal["shipped", "zoo", "added", "file"]
"""Where a card comes from; ``"file"``: none of the shelves."""


@cache
def shipped_models() -> tuple[ModelCard, ...]:
    """The cards whose weights the package carries, by name."""
    return _cards_in(_ROOM / "cards")


@cache
def zoo_models() -> tuple[ModelCard, ...]:
    """The cards whose weights ``gonio models pull`` downloads, by name."""
    return _cards_in(_ROOM / "zoo")


def added_models() -> tuple[ModelCard, ...]:
    """The cards that the user added, by name; what is no card, or called as one of ours, is left out with a warning."""
    ours = {card.name for card in (*shipped_models(), *zoo_models())}
    found = []
    for path in sorted(store().cards.glob("*.json")):
        try:
            card = read_card(path)
        except ModelError as error:
            _log.warning("%s; it is left out", error)
            continue
        if card.name in ours or card.name != path.stem:
            clash = "that is a model of Gonio's" if card.name in ours else "its file is called otherwise"
            _log.warning("the card '%s' is of a model %r, but %s; it is left out", path, card.name, clash)
            continue
        found.append(card)
    return tuple(found)


def list_models() -> tuple[ModelCard, ...]:
    """All models, whether their weights are here or not: those that ship, the zoo, the user's own; each by name."""
    return (*shipped_models(), *zoo_models(), *added_models())


def default_name() -> str:
    """The name of the model that is used when none is named: the one whose card says ``default``."""
    return _default().name


def measuring_name() -> str:
    """The default model as it was before it was made quicker: it measures, and runs where the quicker one does not."""
    card = _default()
    return card.original or card.name


def _default() -> ModelCard:
    return next(card for card in shipped_models() if card.default)


def shelf_of(name: str) -> Shelf:
    """Where the card of this name comes from."""
    shelves: tuple[tuple[Shelf, tuple[ModelCard, ...]], ...] = (("shipped", shipped_models()), ("zoo", zoo_models()))
    for shelf, cards in shelves:
        if any(card.name == name for card in cards):
            return shelf
    return "added" if any(card.name == name for card in added_models()) else "file"


def find_card(name: str | Path) -> tuple[ModelCard, Path]:
    """The card of this name, or of this file, and the folder where its weights lie, or would.

    A file is a card (.json) or weights: .onnx, .xml, .tflite, .safetensors. Of an ONNX file without a card a draft is
    made, where its family can be recognised; see `card_of_file`.

    Raises:
        UnknownModelError: If there is neither a model nor a card file of this name.
        ModelError: If the file is not a card, or an ONNX file that is not recognised.
    """
    for card in shipped_models():
        if card.name == str(name):
            return card, WEIGHTS_FOLDER
    for card in zoo_models():
        if card.name == str(name):
            return card, store().folder(card.name)
    path = Path(name)
    if checkpoint := find_checkpoint(path):
        return card_of_weights(checkpoint), path.parent
    if path.suffix in SUFFIXES and path.is_file():
        return card_of_weights(path), path.parent
    if path.suffix in (".json", ".onnx") and path.is_file():
        return card_of_file(path), path.parent
    for card in added_models():
        if card.name == str(name):
            return card, store().folder(card.name)
    raise UnknownModelError(_unknown(str(name)))


def _unknown(name: str) -> str:
    if Path(name).suffix in (*SUFFIXES, ".json", ".onnx"):  # no model is called so
        return f"no file '{name}'; check the path, or give the name of a model from 'gonio models'"
    with suppress(OSError):  # no name for a file on this system
        if name and Path(name).exists():
            return _no_model(Path(name))
    shipped = [card.name for card in shipped_models()]
    more = [card.name for card in (*zoo_models(), *added_models())]
    hint = did_you_mean(name, shipped + more)
    return (
        f"no model named {name!r}; {hint}'gonio models' lists all ({', '.join(shipped)} and {len(more)} more), "
        "and the path of a model card (.json), or of an ONNX file from 'gonio export', works too"
    )


def _no_model(path: Path) -> str:
    """What a file or folder is that is there and is none of those that run, and what to do."""
    if path.is_dir():
        return f"'{path}' is a folder; give the path of a model card (.json), or of an ONNX file in it"
    if path.suffix.lower() == ".onnx":
        return f"'{path}' is not read as an ONNX file by this name; rename it to '{path.with_suffix('.onnx').name}'"
    what, way = _OTHER_FORMATS.get(path.suffix.lower(), ("no model that Gonio runs", "export the model to ONNX"))
    known = ", ".join((".onnx", ".json (a model card)", *SUFFIXES))
    return f"'{path}' is {what}; {way} and give that file (known are {known})"


def find_weights(card: ModelCard, folder: Path) -> Path:
    """The checked weights file of a card. Nothing is downloaded here, ever.

    Raises:
        WeightsError: If the file, or one that it reads, is missing, or its sha256 is neither the card's nor, where the
            card states none, that of the file that was pulled first.
    """
    weights = path = folder / card.weights.file
    try:
        if store().owns(folder):
            store().check(card, path)
        else:
            _check(card, path, card.weights.sha256)
        for name, sha256 in card.weights.reads.items():
            path = weights.parent / name
            _check(card, path, sha256)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and store().owns(folder) and path == weights:
            raise WeightsError(absent(card, folder)) from error
        raise WeightsError(
            f"the weights of model {card.name!r} cannot be read at '{path}' ({error.strerror}); "
            f"reinstall gonio, or put the file back {_whence(card, path, weights)}"
        ) from error
    return weights


def _check(card: ModelCard, path: Path, sha256: str | None) -> None:
    digest = sha256_of(path)
    if sha256 not in (None, digest):
        raise WeightsError(
            f"the weights of model {card.name!r} at '{path}' are damaged: sha256 is {digest[:12]}…, the card "
            f"says {str(sha256)[:12]}…; reinstall gonio, or put the right file back"
        )


def _whence(card: ModelCard, path: Path, weights: Path) -> str:
    if path != weights:
        return f"beside '{weights.name}', which reads it"
    return "beside its card" + (f" (it comes from {card.weights.urls[0]})" if card.weights.urls else "")


def _cards_in(folder: Path) -> tuple[ModelCard, ...]:
    return tuple(read_card(path) for path in sorted(folder.glob("*.json"), key=lambda path: path.stem))
