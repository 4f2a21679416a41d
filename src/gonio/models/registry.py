"""Which models there are, by name; a name is the stem of a card, and a path to a card works as well."""

import difflib
import hashlib
from functools import cache
from importlib import resources
from pathlib import Path

from gonio.errors import UnknownModelError, WeightsError
from gonio.models.card import ModelCard, read_card

_ROOM = Path(str(resources.files("gonio.models")))
WEIGHTS_FOLDER = _ROOM / "weights"
"""Where the weights lie that ship with the package."""


@cache
def list_models() -> tuple[ModelCard, ...]:
    """The cards that the package carries, by name."""
    return tuple(read_card(path) for path in sorted((_ROOM / "cards").glob("*.json")))


def default_name() -> str:
    """The name of the model that is used when none is named: the one whose card says ``default``."""
    return next(card.name for card in list_models() if card.default)


def find_card(name: str | Path) -> tuple[ModelCard, Path]:
    """The card of this name, or in this JSON or ONNX file, and the folder where its weights lie.

    Raises:
        UnknownModelError: If there is neither a model nor a card file of this name.
        ModelError: If the file is not a card, or an ONNX file without one inside.
    """
    for card in list_models():
        if card.name == str(name):
            return card, WEIGHTS_FOLDER
    path = Path(name)
    if path.suffix in (".json", ".onnx") and path.is_file():
        return read_card(path), path.parent
    names = [card.name for card in list_models()]
    close = difflib.get_close_matches(str(name), names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise UnknownModelError(
        f"no model named {str(name)!r}; {hint}'gonio models' lists all ({', '.join(names)}), "
        "and the path of a model card (.json), or of an ONNX file from 'gonio export', works too"
    )


def find_weights(card: ModelCard, folder: Path) -> Path:
    """The checked weights file of a card.

    Raises:
        WeightsError: If the file is missing or its sha256 is not the card's.
    """
    path = folder / card.weights.file
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise WeightsError(
            f"the weights of model {card.name!r} cannot be read at '{path}' ({error.strerror}); "
            "reinstall gonio, or put the file back beside its card"
        ) from error
    if digest != card.weights.sha256:
        raise WeightsError(
            f"the weights of model {card.name!r} at '{path}' are damaged: sha256 is {digest[:12]}…, the card says "
            f"{card.weights.sha256[:12]}…; reinstall gonio, or put the right file back"
        )
    return path
