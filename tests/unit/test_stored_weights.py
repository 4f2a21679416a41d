"""Weights in fewer bytes: which, how near, and back."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import TensorProto, helper, numpy_helper

from gonio.arrays import FloatArray
from gonio.errors import ExportError
from gonio.stored_weights import narrow, round_channels, settle, widen

RNG = np.random.default_rng(0)
KERNELS = {"small": (8, 3, 3, 3), "middle": (32, 8, 1, 1), "large": (64, 32, 1, 1), "depthwise": (64, 1, 3, 3)}


def network(scale: float = 1.0) -> onnx.ModelProto:
    """Four convolutions in a row, the last depthwise."""
    tensors, nodes, last = [], [], "image"
    for name, shape in KERNELS.items():
        values = (RNG.normal(size=shape) * scale).astype(np.float32)
        tensors.append(numpy_helper.from_array(values, name))
        group = shape[0] if name == "depthwise" else 1
        nodes.append(helper.make_node("Conv", [last, name], [f"{name}_out"], group=group))
        last = f"{name}_out"
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 16, 16])
    result = helper.make_tensor_value_info(last, TensorProto.FLOAT, [1, 64, None, None])
    graph = helper.make_graph(nodes, "net", [image], [result], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def weights(model: onnx.ModelProto) -> dict[str, FloatArray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def integer_kernels(model: onnx.ModelProto) -> set[str]:
    return {name.removesuffix("_i8") for name, array in weights(model).items() if array.dtype == np.int8}


@pytest.mark.parametrize(
    ("share", "rounded"),
    [(0.0, set()), (0.1, {"large"}), (0.7, {"large", "middle"}), (1.0, {"large", "middle", "small"})],
)
def test_the_largest_kernels_are_rounded_first_and_depthwise_ones_never(share: float, rounded: set[str]) -> None:
    model = network()
    narrow(model, rounded_share=share)
    onnx.checker.check_model(model, full_check=True)
    assert integer_kernels(model) == rounded
    assert all(array.dtype in (np.int8, np.float16) for name, array in weights(model).items() if "factors" not in name)


def test_what_is_stored_comes_back_as_near_as_said() -> None:
    model = network()
    before = weights(model)
    narrow(model, rounded_share=0.7)
    widen(model)
    onnx.checker.check_model(model, full_check=True)
    after = weights(model)
    assert after.keys() == before.keys()
    assert [node.op_type for node in model.graph.node] == ["Conv"] * 4
    for name, values in before.items():
        error = np.sqrt(np.mean((after[name] - values) ** 2) / np.mean(values**2))
        assert after[name].dtype == np.float32
        assert 0 < error < (0.02 if name in ("large", "middle") else 5e-4)


def test_what_is_stored_twice_changes_no_more() -> None:
    model = network()
    narrow(model)
    once = model.SerializeToString()
    narrow(model)
    assert model.SerializeToString() == once
    widen(model)
    narrow(model)
    assert weights(model).keys() == {f"{name}_f16" for name in KERNELS}


def test_a_weight_beyond_float16_is_refused_but_not_where_int8_takes_it() -> None:
    with pytest.raises(ExportError, match=r"weight 'small' holds .*, and float16 ends at 65504"):
        narrow(network(scale=1e6))
    model = network(scale=1e6)
    for name in ("small", "depthwise"):
        tensor = next(one for one in model.graph.initializer if one.name == name)
        tensor.CopyFrom(numpy_helper.from_array(np.ones(KERNELS[name], np.float32), name))
    narrow(model, rounded_share=0.7)
    assert integer_kernels(model) == {"large", "middle"}


def test_what_is_rounded_is_not_stored_again() -> None:
    model = network()
    narrow(model, rounded_share=1.0)
    once = model.SerializeToString()
    narrow(model)
    assert model.SerializeToString() == once
    widen(model)
    assert [node.op_type for node in model.graph.node] == ["Conv"] * 4


def foreign(*nodes: onnx.NodeProto, tensors: list[onnx.TensorProto], outputs: list[str]) -> onnx.ModelProto:
    """Somebody's own network behind a convolution that gives ``c``."""
    kernel = numpy_helper.from_array(RNG.normal(size=(4, 3, 1, 1)).astype(np.float32), "w")
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 8, 8])
    first = helper.make_node("Conv", ["image", "w"], ["c"])
    ends = [helper.make_empty_tensor_value_info(name) for name in outputs]
    graph = helper.make_graph([first, *nodes], "net", [image], ends, [kernel, *tensors])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def branch(kind: str) -> onnx.GraphProto:
    node = helper.make_node(kind, ["c", "b"], ["r"])
    return helper.make_graph([node], kind, [], [helper.make_tensor_value_info("r", TensorProto.FLOAT, None)])


FOREIGN = {
    "a shape of small integers": foreign(
        helper.make_node("Cast", ["s8"], ["s"], to=TensorProto.INT64),
        helper.make_node("Reshape", ["c", "s"], ["y"]),
        tensors=[numpy_helper.from_array(np.array([1, -1], np.int8), "s8")],
        outputs=["y"],
    ),
    "half to double": foreign(
        helper.make_node("Cast", ["c"], ["d"], to=TensorProto.DOUBLE),
        helper.make_node("Cast", ["h"], ["k"], to=TensorProto.DOUBLE),
        helper.make_node("Add", ["d", "k"], ["y"]),
        tensors=[numpy_helper.from_array(np.ones(1, np.float16), "h")],
        outputs=["y"],
    ),
    "integers that are added": foreign(
        helper.make_node("Cast", ["i8"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["c", "f"], ["y"]),
        tensors=[numpy_helper.from_array(np.arange(8, dtype=np.int8), "i8")],
        outputs=["y"],
    ),
    "constants that the graph gives": foreign(
        helper.make_node("Cast", ["h"], ["k"], to=TensorProto.FLOAT),
        tensors=[
            numpy_helper.from_array(np.ones(20, np.float16), "h"),
            numpy_helper.from_array(np.ones(20, np.float32), "anchors"),
        ],
        outputs=["c", "k", "anchors"],
    ),
    "a weight that only a branch reads": foreign(
        helper.make_node("If", ["yes"], ["y"], then_branch=branch("Add"), else_branch=branch("Sub")),
        tensors=[
            numpy_helper.from_array(np.ones(1, np.float32), "b"),
            numpy_helper.from_array(np.array(True), "yes"),
        ],
        outputs=["y"],
    ),
}


@pytest.mark.parametrize("model", FOREIGN.values(), ids=FOREIGN)
def test_other_peoples_constants_stay_what_they_are(model: onnx.ModelProto) -> None:
    def answers() -> list[FloatArray]:
        session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        return list(session.run(None, {"image": np.ones((1, 3, 8, 8), np.float32)}))

    before = answers()
    widen(model)
    for one, other in zip(before, answers(), strict=True):
        np.testing.assert_array_equal(one, other)


@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 40)), elements=st.floats(-8, 8, width=32)),
    st.sampled_from([0, 1, -1]),
)
def test_every_value_is_within_half_a_step_or_cut_off(values: FloatArray, axis: int) -> None:
    integers, factors = round_channels(values, axis)
    assert np.abs(integers.astype(int)).max(initial=0) <= 127
    error = np.abs(integers * factors - values)
    inside = np.abs(values) <= 127 * factors
    tolerance = 1e-5 * np.abs(values).max(initial=1)
    assert (error <= factors / 2 + tolerance)[inside].all()
    plain = np.abs(values).max(axis=1 - axis % 2, keepdims=True) / 127  # the factor that cuts nothing off
    plain_error = (np.rint(values / np.where(plain > 0, plain, 1)) * plain - values) ** 2
    assert (error**2).sum() <= plain_error.sum() + tolerance


def rounding_network(*, per_channel: bool) -> onnx.ModelProto:
    """A convolution whose kernel is stored as float16, and rounded to int8 with a scale that is a product."""
    rng = np.random.default_rng(1)
    kernel = rng.normal(size=(8, 3, 3, 3)).astype(np.float32)
    scale = np.full(8 if per_channel else (), 0.05, np.float32)
    tensors = [
        numpy_helper.from_array(kernel, "kernel"),
        numpy_helper.from_array(scale / 2, "half"),
        numpy_helper.from_array(np.array(2, np.float32), "two"),
        numpy_helper.from_array(np.zeros(scale.shape, np.int8), "zero"),
    ]
    nodes = [
        helper.make_node("Mul", ["half", "two"], ["scale"]),
        helper.make_node("QuantizeLinear", ["kernel", "scale", "zero"], ["steps"], axis=0),
        helper.make_node("DequantizeLinear", ["steps", "scale", "zero"], ["rounded"], axis=0),
        helper.make_node("Conv", ["image", "rounded"], ["out"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 16, 16])
    result = helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 8, None, None])
    graph = helper.make_graph(nodes, "net", [image], [result], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize("per_channel", [True, False])
def test_rounding_of_constants_becomes_integers_and_nothing_changes(per_channel: bool) -> None:
    """Oracle: ONNX Runtime, which rounds by itself."""
    model = rounding_network(per_channel=per_channel)
    image = RNG.normal(size=(1, 3, 16, 16)).astype(np.float32)

    def answer() -> FloatArray:
        session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        return np.asarray(session.run(None, {"image": image})[0])

    before = answer()
    settle(model)
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["DequantizeLinear", "Conv"]
    assert {name: array.dtype for name, array in weights(model).items()} == {
        "steps": np.int8,
        "scale": np.float32,
        "zero": np.int8,
    }
    np.testing.assert_array_equal(answer(), before)
