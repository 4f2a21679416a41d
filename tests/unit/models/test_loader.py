from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gonio.errors import ConfigError, ModelError, ModelMismatchError, UnknownModelError, WeightsError
from gonio.models.card import LetterboxInput
from gonio.models.loader import load_model
from gonio.models.onestage import OneStageModel
from gonio.models.topdown import TopDownModel
from gonio.processors import available_cpus

if TYPE_CHECKING:
    from tests.unit.models.conftest import Tiny

BLACK = np.zeros((48, 64, 3), np.uint8)


@pytest.fixture(autouse=True)
def _no_setting_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GONIO_THREADS", raising=False)


@pytest.fixture
def card(tiny: "Tiny") -> Path:
    return tiny.card(input__longer_side=64)


def test_a_card_of_ones_own_runs(card: Path) -> None:
    model = load_model(card, threads=1)
    assert isinstance(model, OneStageModel)
    assert model.card.name == "tiny"
    assert len(model(BLACK)) == 0
    assert len(model(BLACK + 255)) > 0


def test_the_default_is_top_down() -> None:
    model = load_model(threads=1)
    assert isinstance(model, TopDownModel)
    assert model.card.default


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({}, "thunder-int8"),
        ({"runtime": "onnxruntime", "device": "cpu"}, "thunder-int8"),
        ({"precision": "float32"}, "thunder"),
        ({"runtime": "openvino"}, "thunder"),
    ],
)
def test_the_default_is_int8_only_where_that_is_at_home(asked: dict[str, Any], name: str) -> None:
    if "openvino" in asked.values():
        pytest.importorskip("openvino")
    assert load_model(threads=1, **asked).card.name == name


def test_a_top_down_card_of_ones_own_runs(tiny: "Tiny") -> None:
    heads = {"center": 1, "heatmap": 17, "regress": 34, "offset": 34}
    model = load_model(tiny.card(tiny.onnx(heads), base="thunder", input__input_hw=[64, 48]), threads=1)
    assert isinstance(model, TopDownModel)
    assert len(model(BLACK)) == 0


class TestThreads:
    def test_by_default_all_cpus_of_this_process(self, card: Path) -> None:
        assert f"{available_cpus()} thread" in load_model(card).runtime

    def test_from_the_environment(self, card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GONIO_THREADS", "3")
        assert load_model(card).runtime.endswith("3 threads")

    def test_the_argument_wins(self, card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GONIO_THREADS", "3")
        assert load_model(card, threads=1).runtime.endswith("1 thread")

    def test_the_argument_saves_from_a_bad_environment(self, card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GONIO_THREADS", "many")
        assert load_model(card, threads=2).runtime.endswith("2 threads")

    @pytest.mark.parametrize("threads", [0, -1])
    def test_a_bad_argument(self, card: Path, threads: int) -> None:
        with pytest.raises(ConfigError, match=f"^threads must be a whole number of at least 1, got '{threads}'$"):
            load_model(card, threads=threads)

    @pytest.mark.parametrize("value", ["0", "-2", "1.5", "many", " ", "²", "nan"])
    def test_a_bad_environment(self, card: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("GONIO_THREADS", value)
        with pytest.raises(ConfigError, match=f"^GONIO_THREADS must be a whole number of at least 1, got '{value}'$"):
            load_model(card)

    def test_an_empty_environment_is_none(self, card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GONIO_THREADS", "")
        load_model(card)


class TestInputSize:
    def test_it_has_an_end(self, card: Path) -> None:
        with pytest.raises(ConfigError, match="up to 4096, got 32000"):
            load_model(card, threads=1, input_size=32000)

    def test_it_is_the_longer_side(self, card: Path) -> None:
        model = load_model(card, threads=1, input_size=128)
        assert isinstance(model.card.input, LetterboxInput)
        assert model.card.input.longer_side == 128

    @pytest.mark.parametrize("input_size", [100, 16, 0, -32])
    def test_it_is_a_multiple(self, card: Path, input_size: int) -> None:
        with pytest.raises(ConfigError, match=f"input_size must be a multiple of 32 px up to 4096, got {input_size}"):
            load_model(card, input_size=input_size)

    def test_of_a_top_down_model_it_is_the_proposers(self) -> None:
        with pytest.raises(ConfigError, match="input_size must be a multiple of 32 px up to 4096, got 100"):
            load_model("lightning", threads=1, input_size=100)


class TestFaults:
    def test_an_unknown_runtime(self) -> None:
        with pytest.raises(ConfigError, match="no runtime named 'abacus'; this version has onnxruntime"):
            load_model(runtime="abacus")

    def test_the_known_runtime(self, card: Path) -> None:
        assert load_model(card, threads=1, runtime="onnxruntime").runtime.startswith("onnxruntime ")

    def test_an_unknown_model(self) -> None:
        with pytest.raises(UnknownModelError, match="no model named 'tunder'; did you mean 'thunder'"):
            load_model("tunder")

    def test_an_onnx_file_without_a_card(self, tiny: "Tiny") -> None:
        with pytest.raises(ModelError, match=r"tiny\.onnx' holds no model card, .* give the path of a card \(\.json\)"):
            load_model(tiny.onnx())

    def test_weights_that_the_runtime_cannot_read(self, tiny: "Tiny") -> None:
        """The card's sha256 is right; the file is no network all the same."""
        file = tiny.folder / "text.onnx"
        file.write_text("not a network")
        with pytest.raises(WeightsError, match=r"ONNX Runtime cannot load '.*text\.onnx'"):
            load_model(tiny.card(file))

    def test_weights_of_another_kind_of_model(self, tiny: "Tiny") -> None:
        with pytest.raises(ModelMismatchError, match="there should be an output 'box_scale' with 2 channels"):
            load_model(tiny.card(tiny.onnx({"center": 1, "heatmap": 17, "regress": 34, "offset": 34})))

    def test_a_top_down_card_with_an_unknown_proposer(self, tiny: "Tiny") -> None:
        with pytest.raises(UnknownModelError, match="'nobody'"):
            load_model(tiny.card(base="thunder", proposals__model="nobody"))

    def test_a_one_stage_card_with_crops(self, tiny: "Tiny") -> None:
        with pytest.raises(ConfigError, match="a one-stage model needs a letterbox or stretch input, got 'crop'"):
            load_model(tiny.card(base="thunder", task="one-stage", codec={"kind": "multi-person-grid"}))
