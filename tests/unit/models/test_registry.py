import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gonio.errors import ModelError, UnknownModelError, WeightsError
from gonio.models.registry import (
    WEIGHTS_FOLDER,
    find_card,
    find_weights,
    list_models,
    shelf_of,
    shipped_models,
    zoo_models,
)

if TYPE_CHECKING:
    from tests.unit.models.conftest import Tiny


@pytest.mark.parametrize("name", ["lightning", "multipose", "thunder"])
def test_a_shipped_card_is_found_by_name(name: str) -> None:
    card, folder = find_card(name)
    assert (card.name, folder) == (name, WEIGHTS_FOLDER)


def test_cards_come_by_name_shelf_by_shelf() -> None:
    for shelf in (shipped_models(), zoo_models()):
        names = [card.name for card in shelf]
        assert names == sorted(names)
    assert list_models()[: len(shipped_models()) + len(zoo_models())] == (*shipped_models(), *zoo_models())


@pytest.mark.parametrize(
    ("name", "shelf"), [("thunder", "shipped"), ("rtmpose-m", "zoo"), ("models/thunder.json", "file")]
)
def test_where_a_card_comes_from(name: str, shelf: str) -> None:
    assert shelf_of(name) == shelf


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("thunderr", "thunder"),
        ("multi-pose", "multipose"),
        ("lightnin", "lightning"),
        ("rtmpose-m-halpe", "rtmpose-m-halpe26"),
    ],
)
def test_a_name_with_a_slip_gets_the_right_one(asked: str, meant: str) -> None:
    with pytest.raises(UnknownModelError, match=f"no model named '{asked}'; did you mean '{meant}'?"):
        find_card(asked)


def test_a_name_like_no_other_gets_the_list() -> None:
    with pytest.raises(
        UnknownModelError,
        match=r"^no model named 'openface'; 'gonio models' lists all \([a-z0-9, -]*lightning, multipose, "
        r"thunder, thunder-int8, thunder-thorough and \d+ more\), and the path of a model card \(\.json\), or of an "
        r"ONNX file from 'gonio export', works too$",
    ):
        find_card("openface")


def test_a_path_to_a_card_with_its_weights_beside_it(tiny: "Tiny") -> None:
    path = tiny.card()
    for given in (path, str(path)):
        card, folder = find_card(given)
        assert (card.name, folder) == ("tiny", tiny.folder)
        assert find_weights(card, folder) == tiny.folder / "tiny.onnx"


def test_a_path_to_a_card_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("{")
    with pytest.raises(ModelError, match=r"broken\.json' is not a model card"):
        find_card(path)


@pytest.mark.parametrize("name", ["absent.json", "folder.json", "absent.onnx", "absent.safetensors"])
def test_a_path_without_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(UnknownModelError, match=f"^no file '.*{name}'; check the path, or give the name of a model"):
        find_card(tmp_path / name)


@pytest.mark.parametrize("name", ["", ".", "..", "/"])
def test_a_folder_is_an_unknown_model(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownModelError, match=r"the path of a model card \(\.json\), or of an ONNX file"):
        find_card(name or tmp_path)


def test_missing_weights(tiny: "Tiny") -> None:
    card, folder = find_card(tiny.card())
    (folder / "tiny.onnx").unlink()
    with pytest.raises(
        WeightsError, match=r"weights of model 'tiny' cannot be read at '.*tiny\.onnx' \(No such file or directory\)"
    ):
        find_weights(card, folder)


def test_weights_without_a_stated_digest(tiny: "Tiny") -> None:
    """A card of the user's, beside the file: nothing to compare with, nothing to remember."""
    card, folder = find_card(tiny.card(weights__sha256=None))
    assert find_weights(card, folder) == tiny.folder / "tiny.onnx"


def test_damaged_weights_of_a_shipped_model(tmp_path: Path) -> None:
    """One byte of fifteen million."""
    card, _ = find_card("lightning")
    path = tmp_path / card.weights.file
    shutil.copy(WEIGHTS_FOLDER / card.weights.file, path)
    with path.open("r+b") as file:
        file.seek(1_000_000)
        (byte,) = file.read(1)
        file.seek(1_000_000)
        file.write(bytes([byte ^ 1]))
    with pytest.raises(
        WeightsError,
        match=f"'lightning' at '{path}' are damaged: .* the card says {str(card.weights.sha256)[:12]}…; reinstall",
    ):
        find_weights(card, tmp_path)


def test_weights_cut_short(tiny: "Tiny") -> None:
    card, folder = find_card(tiny.card())
    content = (folder / "tiny.onnx").read_bytes()
    (folder / "tiny.onnx").write_bytes(content[: len(content) // 2])
    with pytest.raises(WeightsError, match="are damaged"):
        find_weights(card, folder)
