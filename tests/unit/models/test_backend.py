import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from gonio.errors import MissingDependencyError, ModelMismatchError, WeightsError
from gonio.models.backends import OnnxBackend
from gonio.models.card import read_card
from gonio.models.onestage import OneStageModel

if TYPE_CHECKING:
    from tests.unit.models.conftest import Tiny

GRID = {"center": 1, "heatmap": 17, "regress": 34, "offset": 34, "box_scale": 2, "box_offset": 2}
IMAGE = ("batch", 3, "height", "width")


def test_it_runs_the_network(tiny: "Tiny") -> None:
    """The network is a weighted mean of 4 x 4 px, which numpy computes as well."""
    batch = np.random.default_rng(0).random((2, 3, 8, 12), np.float32)
    outputs = OnnxBackend(tiny.onnx({"a": 1, "b": 5}), threads=1).run(batch)
    means = batch.reshape(2, 3, 2, 4, 3, 4).mean(axis=(3, 5))
    expected = np.einsum("bchw,c->bhw", means, np.array([1, 2, 3]) / 6)[:, None]
    assert {name: array.shape for name, array in outputs.items()} == {"a": (2, 1, 2, 3), "b": (2, 5, 2, 3)}
    assert {array.dtype for array in outputs.values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(outputs["b"], np.repeat(expected, 5, axis=1), rtol=0, atol=1e-6)


def test_it_describes_itself(tiny: "Tiny") -> None:
    path = tiny.onnx({"a": 1})
    assert OnnxBackend(path, threads=1).description.endswith("CPU, 1 thread")
    assert OnnxBackend(path, threads=2).description.endswith("CPU, 2 threads")


def test_it_names_its_outputs(tiny: "Tiny") -> None:
    assert OnnxBackend(tiny.onnx(GRID), threads=1).output_channels == GRID


def test_open_channels_are_none(tiny: "Tiny") -> None:
    path = tiny.onnx({"a": 1, "b": 2})
    model = onnx.load(path)
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_param = "channels"
    onnx.save(model, path)
    channels = OnnxBackend(path, threads=1).output_channels
    assert channels["b"] == 2
    assert channels["a"] in (None, 1)  # a runtime may find out by itself


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not a network", id="text"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(64), id="picture"),
        pytest.param(b"\x08\x08\x12\x01x", id="no graph"),
    ],
)
def test_a_file_that_is_no_network(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"ONNX Runtime cannot load '.*model\.onnx' \(.+\); the file is damaged or"):
        OnnxBackend(path, threads=1)


def test_a_network_cut_in_half(tiny: "Tiny") -> None:
    path = tiny.onnx()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(WeightsError, match="the file is damaged"):
        OnnxBackend(path, threads=1)


def test_a_network_from_the_future(tiny: "Tiny") -> None:
    path = tiny.onnx()
    model = onnx.load(path)
    model.ir_version = 999
    onnx.save(model, path)
    with pytest.raises(WeightsError, match=r"model\.onnx|tiny\.onnx"):
        OnnxBackend(path, threads=1)


def test_a_network_with_an_unknown_operator(tiny: "Tiny") -> None:
    path = tiny.onnx()
    model = onnx.load(path)
    model.graph.node[1].op_type = "Crystal"
    onnx.save(model, path)
    with pytest.raises(WeightsError, match="Crystal"):
        OnnxBackend(path, threads=1)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot load '.*none\.onnx'"):
        OnnxBackend(tmp_path / "none.onnx", threads=1)


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param([("image", TensorProto.BOOL, IMAGE)], id="bits"),
        pytest.param([("image", TensorProto.FLOAT, ("batch", 4, 64, 64))], id="four channels"),
        pytest.param([("image", TensorProto.FLOAT, IMAGE), ("size", TensorProto.FLOAT, (2,))], id="two inputs"),
    ],
)
def test_an_input_that_is_no_image_batch(tiny: "Tiny", inputs: Sequence[tuple[str, int, Sequence[int | str]]]) -> None:
    path = tiny.onnx({"a": 1}, inputs=inputs)
    with pytest.raises(ModelMismatchError, match=r"takes .*'image'.*expected one batch of images \(B, 3, h, w\)"):
        OnnxBackend(path, threads=1)


def test_an_input_without_a_batch_axis(tmp_path: Path) -> None:
    path = tmp_path / "flat.onnx"
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (3, 64, 64)) for name in ("image", "same")]
    graph = helper.make_graph([helper.make_node("Identity", ["image"], ["same"])], "flat", ends[:1], ends[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    with pytest.raises(ModelMismatchError, match=r"takes 'image' of shape \(3, 64, 64\), expected"):
        OnnxBackend(path, threads=1)


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        pytest.param(
            {name: c for name, c in GRID.items() if name != "offset"},
            "do not fit its card: there should be an output 'offset' with 34 channels, the network has {'center': 1",
            id="missing output",
        ),
        pytest.param(
            GRID | {"heatmap": 21}, "there should be an output 'heatmap' with 17 channels", id="wrong channels"
        ),
    ],
)
def test_outputs_that_the_codec_does_not_read(tiny: "Tiny", heads: dict[str, int], message: str) -> None:
    path = tiny.onnx(heads)
    with pytest.raises(ModelMismatchError, match=message):
        OneStageModel(read_card(tiny.card(path)), OnnxBackend(path, threads=1))


def test_a_further_output_does_no_harm(tiny: "Tiny") -> None:
    path = tiny.onnx(GRID | {"embedding": 8})
    model = OneStageModel(read_card(tiny.card(path)), OnnxBackend(path, threads=1))
    assert len(model(np.zeros((32, 32, 3), np.uint8))) == 0


def test_without_onnxruntime(tiny: "Tiny", monkeypatch: pytest.MonkeyPatch) -> None:
    path = tiny.onnx()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as Python does for a package that is not there
    with pytest.raises(
        MissingDependencyError, match=r"^running a model needs onnxruntime.*pip install 'gonio\[cpu\]'$"
    ):
        OnnxBackend(path, threads=1)
