"""Fine-tuning of int8 networks: what PyTorch trains is what ONNX Runtime runs, and errors become less."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from gonio.arrays import FloatArray
from gonio.errors import ConfigError
from gonio.export.quantize_choice import QuantizeChoice
from gonio.export.quantize_finetune import finetuned, relative_error
from gonio.export.quantize_graph import FloatGraph, read_float_graph
from gonio.export.quantize_int8 import calibrate, input_means, quantized
from gonio.export.quantize_network import Int8Network


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> FloatGraph:
    """Two separable layers with ReLU6 and a sum, and a head; channels of very different sizes."""
    random = np.random.default_rng(0)
    tensors = [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in (("zero", 0), ("six", 6))]
    nodes = []

    def conv(name: str, source: str, shape: tuple[int, ...], groups: int = 1) -> str:
        spread = np.geomspace(0.2, 2, shape[0]).reshape(-1, 1, 1, 1)
        weights = random.normal(0, spread / np.sqrt(np.prod(shape[1:])), shape)
        tensors.append(numpy_helper.from_array(weights.astype(np.float32), f"{name}_w"))
        tensors.append(numpy_helper.from_array(random.normal(0, 0.1, shape[0]).astype(np.float32), f"{name}_b"))
        pads = [shape[2] // 2] * 4
        nodes.append(helper.make_node("Conv", [source, f"{name}_w", f"{name}_b"], [name], group=groups, pads=pads))
        return name

    nodes.append(helper.make_node("Clip", [conv("open", "image", (8, 3, 3, 3)), "zero", "six"], ["opened"]))
    conv("close", conv("deep", "opened", (8, 1, 3, 3), 8), (8, 8, 1, 1))
    nodes.append(helper.make_node("Add", ["opened", "close"], ["sum"]))
    nodes.append(helper.make_node("Relu", [conv("wide", "sum", (8, 8, 1, 1))], ["widened"]))
    conv("maps", "widened", (4, 8, 1, 1))
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", channels, "height", "width"])
        for name, channels in (("image", 3), ("maps", 4))
    ]
    made = helper.make_graph(nodes, "small", ports[:1], ports[1:], tensors)
    path = tmp_path_factory.mktemp("small") / "small.onnx"
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return read_float_graph(path)


@pytest.fixture(scope="module")
def inputs() -> list[FloatArray]:
    random = np.random.default_rng(1)
    return [random.normal(size=(1, 3, side, 16)).astype(np.float32) for side in (16, 24) * 8]


@pytest.fixture(scope="module")
def int8(graph: FloatGraph, inputs: list[FloatArray]) -> onnx.ModelProto:
    return quantized(graph, calibrate(graph, inputs, "min-max"), input_means(graph, inputs))


def answer(model: onnx.ModelProto, batch: FloatArray) -> FloatArray:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"image": batch})[0], np.float32)


def float_weights(graph: FloatGraph) -> dict[str, FloatArray]:
    return {name: numpy_helper.to_array(one) for name, one in graph.weights().items()}


def error(model: onnx.ModelProto, graph: FloatGraph, inputs: list[FloatArray]) -> float:
    return float(np.mean([np.square(answer(model, one) - answer(graph.model, one)).mean() for one in inputs]))


def step_of(model: onnx.ModelProto, name: str) -> float:
    return next(float(numpy_helper.to_array(one)) for one in model.graph.initializer if one.name == f"{name}_scale")


def test_the_int8_file_keeps_the_order_that_onnx_asks_for(int8: onnx.ModelProto) -> None:
    """ONNX Runtime runs it anyway; PyTorch and other runtimes do not."""
    onnx.checker.check_model(int8)


def test_before_learning_the_graph_is_what_it_was(graph: FloatGraph, int8: onnx.ModelProto) -> None:
    written = Int8Network(int8, float_weights(graph)).written()
    for before, after in zip(int8.graph.initializer, written.graph.initializer, strict=True):
        assert before.name == after.name
        np.testing.assert_allclose(numpy_helper.to_array(after), numpy_helper.to_array(before), rtol=1e-6)


def test_what_is_trained_is_what_runs(graph: FloatGraph, int8: onnx.ModelProto, inputs: list[FloatArray]) -> None:
    """Also where all that can be learned has moved: sums in another order may round the other way, by a few steps."""
    network = Int8Network(int8, float_weights(graph))
    torch.manual_seed(0)
    with torch.no_grad():
        for one in (*network.weights, *network.biases):
            one += 3 * torch.randn_like(one)
        for one in network.ranges:
            one += 0.2 * torch.randn_like(one)
        simulated = network(torch.from_numpy(inputs[0]))["maps"].numpy()
    written = network.written()
    apart = np.abs(answer(written, inputs[0]) - simulated) / step_of(written, "maps")
    assert apart.max() < 5
    assert np.mean(apart > 0.5) < 0.02
    assert np.abs(answer(int8, inputs[0]) - simulated).max() > 5 * step_of(written, "maps")  # it did move


def test_fine_tuning_reduces_the_error(graph: FloatGraph, inputs: list[FloatArray]) -> None:
    """Ranges of activations are too wide here, by an input that is like no other."""
    strange = [*inputs[:8], 4 * inputs[8]]
    before = quantized(graph, calibrate(graph, strange, "min-max"), input_means(graph, inputs[:8]))
    told: list[tuple[int, int]] = []
    after = finetuned(before, graph, inputs[:8], steps=40, progress=lambda *at: told.append(at))
    assert error(after, graph, inputs[9:]) < 0.9 * error(before, graph, inputs[9:])
    assert told == [(done, 40) for done in range(41)]


def test_the_same_seed_makes_the_same_network(
    graph: FloatGraph, int8: onnx.ModelProto, inputs: list[FloatArray]
) -> None:
    one, same, other = (finetuned(int8, graph, inputs, steps=3, seed=seed).SerializeToString() for seed in (0, 0, 1))
    assert one == same != other


def test_gradients_of_rounding(graph: FloatGraph, int8: onnx.ModelProto, inputs: list[FloatArray]) -> None:
    """Everything that can be learned gets one: weights, biases, scales."""
    network = Int8Network(int8, float_weights(graph))
    maps = network(torch.from_numpy(inputs[0]))["maps"]
    relative_error(maps, torch.zeros_like(maps) + torch.arange(16.0)).backward()  # type: ignore[no-untyped-call]
    for one in network.parameters():
        assert one.grad is not None
        assert one.grad.abs().max() > 0


def test_a_negative_number_of_steps() -> None:
    with pytest.raises(ConfigError, match="finetune is -1; give a number of steps"):
        QuantizeChoice(finetune=-1)
