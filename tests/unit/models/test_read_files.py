"""Models whose weights lie partly in another file: found, checked, told, taken along and refused."""

import hashlib
import logging
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest

from gonio.apps.cli.models_tables import where_and_size
from gonio.errors import ModelError, WeightsError
from gonio.models.backends import OnnxBackend
from gonio.models.bundle import read_bundle, write_bundle
from gonio.models.card import ModelCard, read_card
from gonio.models.loader import load_model
from gonio.models.recognise import recognise
from gonio.models.registry import WEIGHTS_FOLDER, find_card, find_weights
from gonio.models.store import store

if TYPE_CHECKING:
    from tests.unit.models.conftest import Tiny

OTHER = "lent.data"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def two_files(tiny: "Tiny") -> Path:
    """A tiny network whose weights all lie in `OTHER` beside it."""
    path = tiny.onnx()
    onnx.save(onnx.load(path), path, save_as_external_data=True, location=OTHER, size_threshold=0)
    return path


@pytest.fixture
def card(tiny: "Tiny", two_files: Path) -> Path:
    """Its card, beside it."""
    return tiny.card(two_files, weights__reads={OTHER: sha256(tiny.folder / OTHER)})


@pytest.fixture
def added(card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """The card in the user's store, with the weights where they were."""
    monkeypatch.setenv("GONIO_HOME", str(tmp_path / "home"))
    store().cards.mkdir(parents=True)
    found = read_card(card)
    whole = found.weights.model_copy(update={"file": str(card.with_suffix(".onnx"))})
    found = found.model_copy(update={"weights": whole})
    (store().cards / "tiny.json").write_text(found.model_dump_json())
    return found


def test_they_are_looked_for_beside_the_weights(card: Path, tmp_path: Path) -> None:
    text = card.read_text().replace('"tiny.onnx"', f'"{tmp_path / "tiny.onnx"}"')
    (tmp_path / "elsewhere").mkdir()
    elsewhere = tmp_path / "elsewhere" / "tiny.json"
    elsewhere.write_text(text)
    assert load_model(elsewhere, threads=1).card.name == "tiny"


def test_of_an_added_model_they_are_checked_too(added: ModelCard, tmp_path: Path) -> None:
    assert find_weights(*find_card("tiny")) == Path(added.weights.file)
    (tmp_path / OTHER).write_bytes(b"x")
    with pytest.raises(WeightsError, match=rf"model 'tiny' at '.*{OTHER}' are damaged"):
        find_weights(*find_card("tiny"))
    (tmp_path / OTHER).unlink()
    with pytest.raises(WeightsError, match=rf"model 'tiny' cannot be read at '.*{OTHER}'"):
        find_weights(*find_card("tiny"))


@pytest.mark.usefixtures("added")
class TestBundles:
    @pytest.fixture
    def bundle(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """On another machine."""
        path = tmp_path / "tiny.zip"
        write_bundle(["tiny"], path)
        monkeypatch.setenv("GONIO_HOME", str(tmp_path / "other"))
        for name in ("tiny.onnx", OTHER):
            (tmp_path / name).unlink()
        return path

    def test_they_travel_along(self, bundle: Path) -> None:
        (one,) = read_bundle(bundle)
        folder = store().folder("tiny")
        assert one.size == sum((folder / name).stat().st_size for name in ("tiny.onnx", OTHER))
        assert load_model("tiny", threads=1).card.weights.reads == {OTHER: sha256(folder / OTHER)}
        store().remove("tiny")
        assert not folder.exists()

    @pytest.mark.parametrize(
        ("content", "match"), [(b"x", "are damaged"), (None, "not a sound bundle"), (bytes(10**6), "are damaged")]
    )
    def test_damaged_or_left_out(self, bundle: Path, content: bytes | None, match: str) -> None:
        changed = bundle.with_name("changed.zip")
        with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(changed, "w") as new:
            for member in old.namelist():
                data = content if member.endswith(OTHER) else old.read(member)
                if data is not None:
                    new.writestr(member, data)
        with pytest.raises(WeightsError, match=match):
            read_bundle(changed)
        assert [path for path in store().home.rglob("*") if path.is_file()] == []

    def test_one_that_would_lie_elsewhere(self, bundle: Path) -> None:
        changed = bundle.with_name("changed.zip")
        with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(changed, "w") as new:
            for member in old.namelist():
                data = old.read(member)
                new.writestr(member, data.replace(OTHER.encode(), b"..") if member.endswith(".json") else data)
        with pytest.raises(WeightsError, match="lie elsewhere"):
            read_bundle(changed)


def test_a_recognised_file_names_them(answering: Any, tmp_path: Path) -> None:
    answers = {"simcc_x": np.zeros((1, 17, 384), np.float32), "simcc_y": np.zeros((1, 17, 512), np.float32)}
    path = answering(tmp_path / "two.onnx", answers, image=(1, 3, 256, 192))
    assert recognise(path).weights.reads == {}
    onnx.save(
        onnx.load(path), path, save_as_external_data=True, location=OTHER, size_threshold=0, convert_attribute=True
    )
    card = recognise(path)
    assert card.weights.reads == {OTHER: sha256(tmp_path / OTHER)}


class TestInFoldersBelow:
    """Weights in ``w/deep.data`` were lost on the way to the other machine, and had no sha256."""

    PLACE = "w/deep.data"

    @pytest.fixture
    def deep(self, answering: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("GONIO_HOME", str(tmp_path / "home"))
        maps = np.zeros((1, 17, 64, 48), np.float32)
        path: Path = answering(tmp_path / "deep.onnx", {"maps": maps})
        (tmp_path / "w").mkdir()
        onnx.save(onnx.load(path), path, save_as_external_data=True, location=self.PLACE, size_threshold=0)
        return path

    def test_they_are_named_and_checked(self, deep: Path) -> None:
        card = recognise(deep)
        assert card.weights.reads == {self.PLACE: sha256(deep.parent / self.PLACE)}
        deep.with_suffix(".json").write_text(card.model_dump_json())
        (deep.parent / self.PLACE).write_bytes(b"x")
        with pytest.raises(WeightsError, match=rf"model 'deep' at '.*{self.PLACE}' are damaged"):
            find_weights(*find_card(deep))
        (deep.parent / self.PLACE).unlink()
        with pytest.raises(WeightsError, match=r"put the file back beside 'deep\.onnx', which reads it"):
            find_weights(*find_card(deep))

    @pytest.mark.parametrize("named", [True, False], ids=["named by the card", "by an older card"])
    def test_they_travel_along(self, deep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool) -> None:
        card = recognise(deep)
        reads = card.weights.reads if named else {}
        older = card.weights.model_copy(update={"reads": reads})
        deep.with_suffix(".json").write_text(card.model_copy(update={"weights": older}).model_dump_json())
        write_bundle([str(deep)], tmp_path / "deep.zip")
        deep.unlink()
        (tmp_path / self.PLACE).unlink()
        monkeypatch.setenv("GONIO_HOME", str(tmp_path / "other"))
        read_bundle(tmp_path / "deep.zip")
        folder = store().folder("deep")
        assert load_model("deep", threads=1).card.weights.reads == {self.PLACE: sha256(folder / self.PLACE)}
        assert store().remove("deep") > 0
        assert not folder.exists()

    def test_one_that_is_not_there_is_told_when_the_bundle_is_made(self, deep: Path, tmp_path: Path) -> None:
        card = recognise(deep)
        older = card.weights.model_copy(update={"reads": {}})
        deep.with_suffix(".json").write_text(card.model_copy(update={"weights": older}).model_dump_json())
        (tmp_path / self.PLACE).unlink()
        with pytest.raises(WeightsError, match=f"reads weights from '{self.PLACE}', which is no file in its folder"):
            write_bundle([str(deep)], tmp_path / "deep.zip")
        assert not (tmp_path / "deep.zip").exists()

    @pytest.mark.parametrize("place", ["../deep.data", "/etc/passwd", "w/../../x", "w\\\\x", "C:x"])
    def test_a_card_names_none_elsewhere(self, deep: Path, place: str) -> None:
        text = recognise(deep).model_dump_json().replace(self.PLACE, place)
        (deep.parent / "other.json").write_text(text)
        with pytest.raises(ModelError, match="lie elsewhere"):
            read_card(deep.parent / "other.json")


def test_the_size_is_that_of_all_files() -> None:
    found = find_card("thunder-int8")[0]
    names = ("movenet-thunder-int8.onnx", "movenet-thunder.onnx")
    assert where_and_size(found) == ("shipped", sum((WEIGHTS_FOLDER / name).stat().st_size for name in names))


def test_links_that_lead_elsewhere(two_files: Path, tmp_path: Path) -> None:
    """As stores do that keep files by their content: the runtime refuses, and the file is not damaged."""
    (tmp_path / "model").mkdir()
    for name in (two_files.name, OTHER):
        (tmp_path / "blobs" / name).mkdir(parents=True)
        blob = (tmp_path / name).rename(tmp_path / "blobs" / name / "blob")
        try:
            (tmp_path / "model" / name).symlink_to(blob)
        except OSError:
            pytest.skip("this system makes no links")
    with pytest.raises(WeightsError, match=r"reads weights from another file.*through a link") as refused:
        OnnxBackend(tmp_path / "model" / two_files.name, threads=1)
    assert "damaged" not in str(refused.value)
    assert "side by side" in str(refused.value)


def test_pytorch_is_told_to_be_slow_with_int8(card: Path, tiny: "Tiny", caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("torch")
    lent: dict[str, Any] = {"weights__reads": read_card(card).weights.reads}
    with caplog.at_level(logging.WARNING):
        load_model(tiny.card(card.with_suffix(".onnx"), **lent), threads=1, runtime="torch")
        quick = tiny.card(card.with_suffix(".onnx"), original="thunder", **lent)
        load_model(quick, threads=1, runtime="onnxruntime")
        assert caplog.text == ""
        load_model(quick, threads=1, runtime="torch")
    assert "slow in PyTorch" in caplog.text
    assert "'thunder'" in caplog.text
