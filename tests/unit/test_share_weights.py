"""``scripts.share_weights``: a network reads its weights from others' files, whatever they are called there."""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from scripts.share_weights import main

from gonio.export.quantize_graph import read_float_graph
from gonio.export.quantize_int8 import calibrate, input_means, quantized
from gonio.stored_weights import narrow, widen

Network = dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]
RANDOM = np.random.default_rng(0)
TRUNK = RANDOM.normal(0, 0.3, (40, 3, 3, 3)).astype(np.float16).astype(np.float32)
LARGEST = RANDOM.normal(0, 0.3, (64, 40, 1, 1)).astype(np.float32)
HEAD = RANDOM.normal(0, 0.3, (50, 64, 1, 1)).astype(np.float32)


def save(path: Path, kernels: Network, *, half: bool = True, rounded_share: float = 0.0) -> Path:
    """One convolution after the other, weights stored as float16 and the largest as int8."""
    nodes, at = [], "image"
    for name in kernels:
        nodes.append(helper.make_node("Conv", [at, name], [f"{name}_out"]))
        at = f"{name}_out"
    nodes[-1].output[0] = "found"
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", channels, f"{name}_h", f"{name}_w"])
        for name, channels in (("image", 3), ("found", len(list(kernels.values())[-1])))
    ]
    tensors = [numpy_helper.from_array(values, name) for name, values in kernels.items()]
    graph = helper.make_graph(nodes, "layers", ports[:1], ports[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    if half:
        narrow(model, rounded_share=rounded_share)
    onnx.save(model, path)
    return path


def share(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["share_weights", *map(str, arguments)])
    main()


def places(path: Path) -> set[str]:
    tensors = onnx.load(path, load_external_data=False).graph.initializer
    return {one.value for tensor in tensors for one in tensor.external_data if one.key == "location"}


def answer(path: Path, image: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> list[object]:
    return list(ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"image": image}))


def test_a_float_network_reads_its_trunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By value: what is float16 in both; and float16 that is the other's int8, with its factors, rounded."""
    first = save(tmp_path / "first.onnx", {"a": TRUNK, "b": LARGEST}, rounded_share=0.5)
    model = onnx.load(first)
    widen(model)
    trunk = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    whole = save(tmp_path / "whole.onnx", {"network.x": trunk["a"], "network.y": trunk["b"], "head": HEAD})
    share(monkeypatch, whole, first, "--out", "second.onnx")
    second = tmp_path / "second.onnx"
    assert places(second) == {"first.onnx"}
    assert second.stat().st_size < HEAD.size * 2 + 1500 < whole.stat().st_size - 4000
    image = RANDOM.uniform(-1, 1, (1, 3, 20, 30)).astype(np.float32)
    np.testing.assert_array_equal(answer(second, image), answer(whole, image))


def test_several_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them reads from the other in turn; two of their names are the same and mean different weights."""
    first = save(tmp_path / "first.onnx", {"a": TRUNK})
    whole = save(tmp_path / "whole.onnx", {"b": TRUNK, "a": LARGEST})
    share(monkeypatch, whole, first, "--out", "second.onnx")
    third = save(tmp_path / "third.onnx", {"x": TRUNK, "y": LARGEST.astype(np.float16).astype(np.float32)}, half=False)
    share(monkeypatch, third, first, tmp_path / "second.onnx", "--out", "small.onnx")
    assert places(tmp_path / "small.onnx") == {"first.onnx", "second.onnx"}
    assert (tmp_path / "small.onnx").stat().st_size < 1500


def test_int8_of_weights_with_other_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Integers are found by what they round: here of what is int8 in the other file, with other steps."""
    first = save(tmp_path / "first.onnx", {"a": TRUNK, "b": LARGEST}, rounded_share=0.5)
    again = onnx.load(first)
    widen(again)
    trunk = {tensor.name: numpy_helper.to_array(tensor) for tensor in again.graph.initializer}
    graph = read_float_graph(save(tmp_path / "whole.onnx", {"x": trunk["a"], "y": trunk["b"]}, half=False))
    inputs = [RANDOM.uniform(-1, 1, (1, 3, 20, 30)).astype(np.float32) for _ in range(2)]
    model = quantized(graph, calibrate(graph, inputs, "min-max"), input_means(graph, inputs))
    onnx.save(model, tmp_path / "int8.onnx")
    share(monkeypatch, tmp_path / "int8.onnx", first)
    made = tmp_path / "first-int8.onnx"
    assert places(made) == {"first.onnx"}
    own = [one for one in onnx.load(made, load_external_data=False).graph.initializer if not one.external_data]
    assert max(np.prod(one.dims, dtype=int) for one in own) <= 64  # scales, zeros and biases
    np.testing.assert_array_equal(answer(made, inputs[0]), answer(tmp_path / "int8.onnx", inputs[0]))


def test_the_result_is_none_of_the_files_that_it_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = save(tmp_path / "first.onnx", {"a": TRUNK})
    before = first.read_bytes()
    with pytest.raises(SystemExit, match="lie in one folder, under different names"):
        share(monkeypatch, first, first, "--out", "first.onnx")
    assert first.read_bytes() == before
