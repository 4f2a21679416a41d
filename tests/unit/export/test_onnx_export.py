"""Every kind of network as ONNX: proved, named, with its card inside; and what is refused."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from gonio.arrays import ImageArray
from gonio.errors import ConfigError, ExportError, PoseError, UnknownModelError
from gonio.export import exporting
from gonio.export.exporting import ExportChoice, Exported, export_model
from gonio.export.inputs import parity_batches, pictures_for_parity
from gonio.export.onnx_file import finish, read_onnx
from gonio.export.source import ExportSource, find_source
from gonio.models.card import CropInput, Proposals, read_card
from gonio.models.loader import load_model
from gonio.models.skeleton_spec import SkeletonSpec
from gonio.training.checkpoint import save_checkpoint
from gonio.training.networks import TopDownCnn

from .conftest import HAND, MAKERS, describe, make_confident

Sources = Mapping[str, ExportSource]


Export = Callable[[str], Exported]


@pytest.fixture(scope="module")
def exported(sources: Sources, pictures: list[ImageArray], tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Each network as ONNX, once: tracing is what takes time."""
    folder = tmp_path_factory.mktemp("exported")

    @cache
    def export(name: str) -> Exported:
        return export_model(sources[name], folder / f"{name}.onnx", ExportChoice(), pictures=pictures)

    return export


@pytest.fixture
def plain(exported: Export) -> Path:
    """The top-down CNN as ONNX."""
    return exported("cnn-heatmap").files[0]


@pytest.mark.parametrize("name", MAKERS)
def test_every_network(
    name: str, exported: Export, sources: Sources, pictures: list[ImageArray], tmp_path: Path
) -> None:
    """It is proved on keypoints, not on nothing; and so is the OpenVINO file made of the ONNX file."""
    source, done = sources[name], exported(name)
    assert [path.name for path in done.files] == [f"{name}.onnx", f"{name}.json"]
    assert done.parity.points > 0
    assert done.parity.px < 1e-3
    model = read_onnx(done.files[0])
    assert [value.name for value in model.graph.input] == ["image"]
    assert [value.name for value in model.graph.output] == list(source.card.build_codec().output_channels)
    axes = [dim.dim_param or dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
    fixed = source.card.input.input_hw if isinstance(source.card.input, CropInput) else ("height", "width")
    assert axes == ["batch", 3, *fixed]
    assert [one.version for one in model.opset_import if not one.domain] == [18]
    again = find_source(done.files[0])
    choice = ExportChoice(format="openvino", limit_px=1e-3)
    assert export_model(again, tmp_path / "net.xml", choice, pictures=pictures).parity.points > 0


def test_the_card_inside_is_the_card_beside(plain: Path) -> None:
    inside, beside = read_card(plain), read_card(plain.with_suffix(".json"))
    assert inside == beside
    assert isinstance(inside.skeleton, SkeletonSpec)
    assert inside.skeleton.keypoint_names == HAND.keypoint_names
    assert inside.skeleton.flip_indices == HAND.flip_indices
    assert (inside.name, inside.default, inside.proposals) == ("cnn-heatmap", False, None)
    assert "sha256" not in onnx.load(plain).metadata_props[0].value


def test_the_file_says_nothing_of_the_machine(plain: Path) -> None:
    data = plain.read_bytes()
    for trace in (b"stack_trace", b".py", str(Path.home()).encode(), str(Path.cwd()).encode()):
        assert trace not in data


def test_it_runs_as_a_model(plain: Path, pictures: list[ImageArray]) -> None:
    """By the file, by the card beside it; in the whole picture, as nobody proposes."""
    by_file, by_card = load_model(plain)(pictures[0]), load_model(plain.with_suffix(".json"))(pictures[0])
    assert len(by_file) == 1
    np.testing.assert_array_equal(by_file.keypoints, by_card.keypoints)
    np.testing.assert_array_equal(by_file.boxes, [[0, 0, 160, 120]])
    assert by_file.skeleton.keypoint_names == HAND.keypoint_names


def test_float16_halves_the_file_and_float32_brings_it_back(
    plain: Path, pictures: list[ImageArray], tmp_path: Path
) -> None:
    choice = ExportChoice(precision="float16")
    half = export_model(find_source(plain), tmp_path / "half.onnx", choice, pictures=pictures)
    assert half.size_bytes < 0.53 * plain.stat().st_size
    assert half.parity.raw > 0
    assert half.parity.px < 0.1
    whole = export_model(find_source(half.files[0]), tmp_path / "whole.onnx", ExportChoice(), pictures=pictures)
    assert whole.parity.raw == 0
    assert whole.size_bytes > 0.95 * plain.stat().st_size
    assert not any(node.op_type == "Cast" for node in read_onnx(whole.files[0]).graph.node)


def test_a_weight_too_large_for_float16(plain: Path) -> None:
    model = read_onnx(plain)
    tensor = next(one for one in model.graph.initializer if np.prod(one.dims) > 100)
    tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor) * np.float32(1e7), tensor.name))
    with pytest.raises(ExportError, match="float16 ends at 65504; choose --precision float32"):
        finish(model, read_card(plain), precision="float16")


def test_a_fixed_batch_and_another_opset(sources: Sources, pictures: list[ImageArray], tmp_path: Path) -> None:
    done = export_model(
        sources["cnn-heatmap"], tmp_path / "two.onnx", ExportChoice(opset=20, batch=2), pictures=pictures
    )
    model = read_onnx(done.files[0])
    assert [one.version for one in model.opset_import if not one.domain] == [20]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 2
    assert done.parity.inputs % 2 == 0


@pytest.mark.parametrize(
    ("pick", "said"),
    [
        pytest.param(0, r"a keypoint lies [\d.e+]+ px", id="the first, which all depends on"),
        pytest.param(-3, r"(a keypoint is missing|(a keypoint|an output) lies [\d.e+-]+)", id="a late one"),
    ],
)
def test_a_damaged_export_is_refused_and_not_left_behind(
    plain: Path, pictures: list[ImageArray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pick: int, said: str
) -> None:
    """One convolution of the graph loses its weights on the way."""

    def damage(path: Path) -> onnx.ModelProto:
        model = read_onnx(path)
        kernel = [node for node in model.graph.node if node.op_type == "Conv"][pick].input[1]
        tensor = next(one for one in model.graph.initializer if one.name == kernel)
        values = onnx.numpy_helper.to_array(tensor)
        tensor.CopyFrom(onnx.numpy_helper.from_array(np.zeros_like(values), tensor.name))
        return model

    monkeypatch.setattr(exporting, "read_onnx", damage)
    out = tmp_path / "out" / "hand.onnx"
    out.parent.mkdir()
    with pytest.raises(ExportError, match=rf"'hand\.onnx' does not do what its source does: {said}"):
        export_model(find_source(plain), out, ExportChoice(), pictures=pictures)
    assert list(out.parent.iterdir()) == []


def test_a_limit_of_ones_own(plain: Path, pictures: list[ImageArray], tmp_path: Path) -> None:
    choice = ExportChoice(precision="float16", limit_px=1e-9)
    with pytest.raises(ExportError, match="the limit is 1e-09 px"):
        export_model(find_source(plain), tmp_path / "half.onnx", choice, pictures=pictures)


def test_a_checkpoint_is_a_source(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = make_confident(TopDownCnn("s", n_keypoints=3, input_hw=(64, 64)))
    info = describe(network, kind="topdown-cnn", size="s", input_hw=(64, 64))
    save_checkpoint(tmp_path / "best.safetensors", network.state_dict(), info)
    for file in ("best.safetensors", "best.json"):
        source = find_source(tmp_path / file)
        assert source.network is not None
        batches = parity_batches(source.card, [])
        expected = ExportSource(source.card, network=network).backend().run(batches[0])
        np.testing.assert_array_equal(source.backend().run(batches[0])["heatmap"], expected["heatmap"])
    with pytest.raises(ConfigError, match=r"the model card goes to '.*best\.json', and what is there is none"):
        export_model(source, tmp_path / "best.onnx", ExportChoice(), pictures=[])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.json", "best.safetensors"]


def test_without_pictures_noise_is_compared(plain: Path) -> None:
    batches = parity_batches(read_card(plain), [])
    assert [batch.shape for batch in batches] == [(1, 3, 64, 96), (3, 3, 64, 96)]
    fixed = parity_batches(read_card(plain), [], batch=3)
    assert [batch.shape for batch in fixed] == [(3, 3, 64, 96)] * 2
    assert not np.array_equal(fixed[0][0], fixed[0][1])


def test_the_sample_pictures_show_people(samples: Path) -> None:
    """Crops of people, and each picture as a whole."""
    card = load_model("thunder").card
    found = pictures_for_parity(None)
    crops = sum(len(batch) for batch in parity_batches(card, found)) - len(parity_batches(card, [])[1]) - 1
    assert len(found) == 4
    assert crops > 2 * len(found) - 1
    assert len(pictures_for_parity(samples)) >= 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"opset": 17}, "opset is 17; choose one of 18 to 23"),
        ({"batch": 0}, "batch is 0; give a number from 1"),
    ],
)
def test_settings_out_of_range(sources: Sources, tmp_path: Path, change: dict[str, int], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        export_model(sources["cnn-heatmap"], tmp_path / "a.onnx", replace(ExportChoice(), **change), pictures=[])  # type: ignore[arg-type]


def test_what_is_refused(plain: Path, sources: Sources, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"a file of the format onnx ends in \.onnx, got 'net\.xml'"):
        export_model(sources["cnn-heatmap"], Path("net.xml"), ExportChoice())
    with pytest.raises(ConfigError, match="float16 is for onnx and openvino, not for torchscript"):
        ExportChoice(format="torchscript", precision="float16")
    with pytest.raises(ConfigError, match="limit_px is nan; give a positive number"):
        ExportChoice(limit_px=float("nan"))
    with pytest.raises(
        ConfigError, match="TorchScript needs the network in PyTorch, and 'cnn-heatmap' is an ONNX file"
    ):
        export_model(find_source(plain), tmp_path / "a.pt", ExportChoice(format="torchscript"), pictures=[])
    with pytest.raises(ConfigError, match="the batch of an ONNX file stays as it is"):
        export_model(find_source(plain), tmp_path / "a.onnx", ExportChoice(batch=2), pictures=[])
    with pytest.raises(ConfigError, match="is one-stage: it finds people itself; leave --proposals out"):
        sources["onestage"].proposed_by(None)
    with pytest.raises(UnknownModelError, match=re.escape("no file 'nothing.onnx'")):
        find_source("nothing.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("model", "message"),
    [("multipos", "no model named 'multipos'; did you mean 'multipose'"), ("thunder", "'thunder' is top-down")],
)
def test_who_proposes_is_known(model: str, message: str) -> None:
    """Else the file would be written, and nothing could run it."""
    with pytest.raises(PoseError, match=message):
        find_source("lightning").proposed_by(Proposals(model=model, min_score=0.05))
