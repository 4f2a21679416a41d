"""TorchScript, and LiteRT where its converter is installed."""

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from gonio.arrays import ImageArray
from gonio.errors import MissingDependencyError
from gonio.export.exporting import ExportChoice, export_model
from gonio.export.source import ExportSource, find_source
from gonio.export.torchscript_file import TorchScriptBackend

from .conftest import MAKERS

Sources = Mapping[str, ExportSource]


@pytest.mark.parametrize("name", MAKERS)
def test_torchscript(name: str, sources: Sources, pictures: list[ImageArray], tmp_path: Path) -> None:
    done = export_model(sources[name], tmp_path / "net.pt", ExportChoice(format="torchscript"), pictures=pictures)
    assert done.files == (tmp_path / "net.pt",)
    assert done.parity.points > 0
    assert done.parity.px < 1e-3
    card = json.loads(TorchScriptBackend(done.files[0]).card_text)
    assert (card["name"], card["skeleton"]["keypoint_names"][0]) == ("net", "wrist")


def test_a_shipped_model_as_torchscript(pictures: list[ImageArray], tmp_path: Path) -> None:
    """Its module is compared with its ONNX file."""
    done = export_model(
        find_source("lightning"), tmp_path / "lightning.pt", ExportChoice(format="torchscript"), pictures=pictures
    )
    assert done.parity.raw < 0.01


HAS_LITERT = find_spec("litert_torch") is not None


@pytest.mark.skipif(not HAS_LITERT, reason="litert-torch is not installed")
@pytest.mark.filterwarnings("default")  # JAX and torchao have much to say
@pytest.mark.parametrize("name", MAKERS)
def test_litert(name: str, sources: Sources, pictures: list[ImageArray], tmp_path: Path) -> None:
    done = export_model(sources[name], tmp_path / "net.tflite", ExportChoice(format="litert"), pictures=pictures)
    assert done.files == (tmp_path / "net.tflite", tmp_path / "net.json")
    assert done.parity.points > 0
    assert done.parity.px < 0.01


@pytest.mark.skipif(HAS_LITERT, reason="litert-torch is installed")
def test_without_the_converter_it_is_named(sources: Sources, tmp_path: Path) -> None:
    with pytest.raises(MissingDependencyError, match=r"needs litert_torch, .* pip install 'gonio\[litert-export\]'"):
        export_model(sources["cnn-heatmap"], tmp_path / "a.tflite", ExportChoice(format="litert"), pictures=[])
    assert list(tmp_path.iterdir()) == []
