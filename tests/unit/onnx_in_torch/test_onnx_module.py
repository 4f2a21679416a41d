"""ONNX files in PyTorch answer as they do in ONNX Runtime, which is the oracle throughout."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from gonio.errors import ModelError, ModelMismatchError, WeightsError
from gonio.models.registry import WEIGHTS_FOLDER
from gonio.onnx_in_torch.module import OnnxModule
from gonio.onnx_in_torch.operators import HOST_INPUTS, OPERATORS

Array = npt.NDArray[Any]
RELATIVE = 1e-4  # of the largest value: some hundred float32 sums, in another order

random = np.random.default_rng(0)


def normal(*shape: int) -> Array:
    return random.normal(size=shape).astype(np.float32)


def whole(*values: int) -> Array:
    return np.array(values, np.int64)


def real(value: npt.ArrayLike) -> Array:
    return np.array(value, np.float32)


def signed(value: npt.ArrayLike) -> Array:
    return np.array(value, np.int8)


def unsigned(value: npt.ArrayLike) -> Array:
    return np.array(value, np.uint8)


def oracle(path: Path, inputs: Sequence[Array]) -> list[Array]:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    return list(session.run(None, dict(zip(names, inputs, strict=True))))


def assert_same(path: Path, inputs: Sequence[Array]) -> None:
    expected = oracle(path, inputs)
    found = OnnxModule(path)(*(torch.from_numpy(one) for one in inputs))
    assert len(found) == len(expected)
    for (name, mine), theirs in zip(found.items(), expected, strict=True):
        assert mine.shape == theirs.shape, name
        assert mine.numpy().dtype == theirs.dtype, name
        largest = max(float(np.abs(theirs.astype(np.float64)).max(initial=0)), 1e-6)
        np.testing.assert_allclose(
            mine.numpy().astype(np.float64), theirs.astype(np.float64), rtol=0, atol=RELATIVE * largest, err_msg=name
        )


@dataclass
class Case:
    """One operator: its first ``n_inputs`` inputs are the graph's, the rest constants of the file; None is left out."""

    kind: str
    inputs: list[Array | None]
    attributes: dict[str, Any] = field(default_factory=dict)
    opset: int = 18
    n_inputs: int = 1
    n_outputs: int = 1

    def write(self, path: Path) -> Path:
        names = [f"in{i}" if one is not None else "" for i, one in enumerate(self.inputs)]
        given = [one for one in self.inputs[: self.n_inputs] if one is not None]
        fixed = [
            numpy_helper.from_array(one, name)
            for one, name in zip(self.inputs, names, strict=True)
            if one is not None and int(name[2:]) >= self.n_inputs
        ]
        inputs = [
            helper.make_tensor_value_info(f"in{i}", helper.np_dtype_to_tensor_dtype(one.dtype), one.shape)
            for i, one in enumerate(given)
        ]
        outputs = [f"out{i}" for i in range(self.n_outputs)]
        node = helper.make_node(self.kind, names, outputs, name="tested", **self.attributes)
        values = [helper.make_empty_tensor_value_info(name) for name in outputs]
        return write_graph(path, [node], inputs, values, fixed, opset=self.opset)


def write_graph(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    fixed: Sequence[onnx.TensorProto] = (),
    *,
    opset: int = 18,
) -> Path:
    graph = helper.make_graph(nodes, "test", inputs, outputs, fixed)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
    return path


X = normal(2, 3, 8, 6)
W = normal(4, 3, 3, 3)
UNARY = (
    "Abs Ceil Cos Elu Erf Exp Floor HardSigmoid HardSwish Identity LeakyRelu Neg Reciprocal Relu Round Sigmoid Sign Sin"
    " Softplus Tanh Mish"
)
BINARY = "Add Div Max Min Mul Sub Sum Mean Equal Greater GreaterOrEqual Less LessOrEqual"
CASES: dict[str, Case] = {
    **{kind: Case(kind, [X]) for kind in UNARY.split()},
    **{kind: Case(kind, [X, normal(6)]) for kind in BINARY.split()},
    **{kind: Case(kind, [X > 0, normal(6) > 0]) for kind in ("And", "Or", "Xor")},
    **{kind: Case(kind, [np.abs(X) + 0.1]) for kind in ("Log", "Sqrt")},
    **{
        f"{kind} of attributes": Case(kind, [X], {"axes": [1, -1], "keepdims": 0}, opset=11)
        for kind in ("ReduceMean", "ReduceMax", "ReduceSum", "ReduceL2")
    },
    **{
        kind: Case(kind, [X, whole(2, 3)])
        for kind in OPERATORS
        if kind.startswith("Reduce") and kind != "ReduceLogSumExp"
    },
    "ReduceLogSumExp of all": Case("ReduceLogSumExp", [X]),
    "Reduce of nothing": Case("ReduceSum", [X, whole()], {"noop_with_empty_axes": 1}),
    "whole Div": Case("Div", [whole(7, -7, 9), whole(2, 2, -4)]),
    "Mod": Case("Mod", [whole(7, -7), whole(3, 3)]),
    "fmod": Case("Mod", [X, real([1.5])], {"fmod": 1}),
    "Pow": Case("Pow", [np.abs(X), real(2.5)]),
    "Not": Case("Not", [X > 0]),
    "Where": Case("Where", [X > 0, normal(6), normal(1)]),
    "Gelu": Case("Gelu", [X], opset=20),
    "Gelu tanh": Case("Gelu", [X], {"approximate": "tanh"}, opset=20),
    "PRelu": Case("PRelu", [X, normal(3, 1, 1)]),
    "Clip": Case("Clip", [X, real(-0.5), real(0.25)]),
    "Clip above": Case("Clip", [X, None, real(0.25)]),
    "Clip of attributes": Case("Clip", [X], {"min": 0.0, "max": 0.5}, opset=6),
    "HardSigmoid of parameters": Case("HardSigmoid", [X], {"alpha": 0.1667, "beta": 0.4}),
    "Softmax": Case("Softmax", [X], {"axis": 1}),
    "old Softmax": Case("Softmax", [X], {"axis": 1}, opset=11),
    "LogSoftmax": Case("LogSoftmax", [X]),
    "MatMul": Case("MatMul", [normal(2, 5, 4), normal(4, 3)]),
    "Gemm": Case(
        "Gemm", [normal(4, 5), normal(3, 4), normal(3)], {"transA": 1, "transB": 1, "alpha": 0.5, "beta": 2.0}
    ),
    "Einsum": Case("Einsum", [normal(2, 5, 4), normal(4, 3)], {"equation": "bij,jk->bik"}),
    "BatchNormalization": Case("BatchNormalization", [X, *(np.abs(normal(3)) for _ in range(4))]),
    "InstanceNormalization": Case("InstanceNormalization", [X, normal(3), normal(3)]),
    "GroupNormalization": Case("GroupNormalization", [normal(2, 4, 5), normal(4), normal(4)], {"num_groups": 2}, 21),
    "LayerNormalization": Case("LayerNormalization", [X, normal(6), normal(6)], {"epsilon": 1e-3}),
    "LayerNormalization of two axes": Case("LayerNormalization", [X, normal(8, 6)], {"axis": 2}),
    "Conv": Case("Conv", [X, W, normal(4)], {"pads": [1, 1, 1, 1], "strides": [2, 2], "kernel_shape": [3, 3]}),
    "Conv, uneven": Case("Conv", [X, W], {"pads": [0, 1, 2, 0], "dilations": [2, 1]}),
    "Conv, same upper": Case("Conv", [X, W], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "Conv, same lower": Case("Conv", [X, W], {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    "Conv, valid": Case("Conv", [X, W], {"auto_pad": "VALID"}),
    "Conv, depthwise": Case("Conv", [X, normal(3, 1, 3, 3)], {"group": 3}),
    "Conv, one axis": Case("Conv", [normal(2, 3, 9), normal(5, 3, 3)], {"pads": [1, 1]}),
    "ConvTranspose": Case("ConvTranspose", [X, normal(3, 4, 4, 4), normal(4)], {"strides": [2, 2], "pads": [1] * 4}),
    "ConvTranspose, uneven": Case(
        "ConvTranspose", [X, normal(3, 4, 3, 3)], {"strides": [2, 2], "pads": [0, 1, 1, 0], "output_padding": [1, 1]}
    ),
    "ConvTranspose, of a size": Case(
        "ConvTranspose", [X, normal(3, 2, 3, 3)], {"strides": [2, 2], "output_shape": [16, 12], "group": 1}
    ),
    "ConvTranspose, same": Case(
        "ConvTranspose", [X, normal(3, 2, 3, 3)], {"strides": [2, 2], "auto_pad": "SAME_UPPER"}
    ),
    "MaxPool": Case("MaxPool", [X], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4}),
    "MaxPool, uneven": Case("MaxPool", [X], {"kernel_shape": [3, 2], "pads": [0, 0, 2, 1], "dilations": [1, 2]}),
    "MaxPool, ceiling": Case("MaxPool", [X], {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
    "AveragePool": Case("AveragePool", [X], {"kernel_shape": [3, 3], "pads": [1] * 4}),
    "AveragePool with border": Case(
        "AveragePool", [X], {"kernel_shape": [3, 3], "pads": [1] * 4, "count_include_pad": 1}
    ),
    "AveragePool, uneven": Case("AveragePool", [X], {"kernel_shape": [3, 3], "pads": [0, 1, 1, 2], "strides": [2, 1]}),
    "GlobalAveragePool": Case("GlobalAveragePool", [X]),
    "GlobalMaxPool": Case("GlobalMaxPool", [X]),
    "Pad": Case("Pad", [X, whole(0, 0, 1, 2, 0, 0, 0, -1), real(0.5)]),
    "Pad, axes": Case("Pad", [X, whole(1, 2), None, whole(-1)]),
    "Pad, reflect": Case("Pad", [X, whole(0, 0, 2, 3, 0, 0, 1, 2)], {"mode": "reflect"}),
    "Pad, edge": Case("Pad", [X, whole(0, 0, 2, 3, 0, 0, 1, 2)], {"mode": "edge"}),
    "Pad, wrap": Case("Pad", [X, whole(0, 0, 2, 3, 0, 0, 1, 2)], {"mode": "wrap"}, opset=19),
    "Shape": Case("Shape", [X], {"start": 1, "end": -1}),
    "Size": Case("Size", [X]),
    "Reshape": Case("Reshape", [X, whole(0, -1, 3)]),
    "Flatten": Case("Flatten", [X], {"axis": 2}),
    "Transpose": Case("Transpose", [X], {"perm": [0, 2, 3, 1]}),
    "Transpose of all": Case("Transpose", [X]),
    "Squeeze": Case("Squeeze", [normal(1, 3, 1), whole(0)]),
    "Squeeze of attributes": Case("Squeeze", [normal(1, 3, 1)], {"axes": [2]}, opset=11),
    "Squeeze of all": Case("Squeeze", [normal(1, 3, 1)]),
    "Unsqueeze": Case("Unsqueeze", [X, whole(-1, 0)]),
    "Concat": Case("Concat", [X, normal(2, 1, 8, 6)], {"axis": -3}),
    "Split": Case("Split", [X, whole(1, 2)], {"axis": 1}, n_outputs=2),
    "Split into a number": Case("Split", [X], {"axis": 2, "num_outputs": 3}, n_outputs=3),
    "Split of attributes": Case("Split", [X], {"axis": 2, "split": [5, 3]}, opset=11, n_outputs=2),
    "Slice": Case("Slice", [X, whole(1, -4), whole(2**62, -1), whole(2, -1), whole(3, 1)]),
    "Slice backwards": Case("Slice", [X, whole(2**62, 4), whole(-(2**62), 0), whole(2, 3), whole(-1, -2)]),
    "Slice of attributes": Case("Slice", [X], {"starts": [1], "ends": [3], "axes": [3]}, opset=9),
    "Gather": Case("Gather", [X, np.array([[0, -1], [2, 1]])], {"axis": 2}),
    "Gather of one": Case("Gather", [X, np.array(-2)], {"axis": 1}),
    "GatherElements": Case("GatherElements", [normal(3, 4), np.array([[0, -1], [2, 1]])], {"axis": 1}),
    "GatherND": Case("GatherND", [X, np.array([[0, 1], [1, 2]])]),
    "Expand": Case("Expand", [normal(3, 1), whole(2, 1, 4)]),
    "Tile": Case("Tile", [X, whole(1, 2, 1, 3)]),
    "ConstantOfShape": Case(
        "ConstantOfShape", [whole(2, 3)], {"value": helper.make_tensor("value", TensorProto.FLOAT, [1], [2.5])}
    ),
    "Range": Case("Range", [np.array(2), np.array(11), np.array(3)], n_inputs=3),
    "Cast": Case("Cast", [X * 5], {"to": TensorProto.INT32}),
    "Cast to half": Case("Cast", [X], {"to": TensorProto.FLOAT16}),
    "CastLike": Case("CastLike", [X, whole(1)]),
    "Dropout": Case("Dropout", [X]),
    "DepthToSpace": Case("DepthToSpace", [normal(1, 8, 3, 2)], {"blocksize": 2}),
    "DepthToSpace, columns first": Case("DepthToSpace", [normal(1, 8, 3, 2)], {"blocksize": 2, "mode": "CRD"}),
    "SpaceToDepth": Case("SpaceToDepth", [X], {"blocksize": 2}),
    "ArgMax": Case("ArgMax", [X], {"axis": 2}),
    "ArgMin": Case("ArgMin", [X], {"axis": -1, "keepdims": 0}),
    "TopK": Case("TopK", [X, whole(3)], {"axis": -1}, n_outputs=2),
    "CumSum": Case("CumSum", [X, np.array(2)]),
    "GridSample": Case("GridSample", [X, random.uniform(-1, 1, (2, 4, 5, 2)).astype(np.float32)], {"mode": "bilinear"}),
    "QuantizeLinear": Case("QuantizeLinear", [X, real(0.02), unsigned(128)]),
    "QuantizeLinear, channels": Case("QuantizeLinear", [X, real([0.01, 0.02, 0.05]), signed([0, 3, -4])], {"axis": 1}),
    "DequantizeLinear": Case(
        "DequantizeLinear", [(X * 20).astype(np.int8), real([0.01, 0.02, 0.05]), signed([0, 3, -4])], {"axis": 1}
    ),
    "old Upsample": Case("Upsample", [X, real([1, 1, 2, 3])], {"mode": "nearest"}, opset=9),
    "old Resize": Case("Resize", [X, real([1, 1, 2, 2])], {"mode": "nearest"}, opset=10),
}
MODES = [
    *(
        ("nearest", how, round_)
        for how in ("asymmetric", "half_pixel", "align_corners")
        for round_ in ("floor", "ceil")
    ),
    ("nearest", "half_pixel", "round_prefer_floor"),
    ("nearest", "half_pixel", "round_prefer_ceil"),
    *(("linear", how, "floor") for how in ("asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners")),
    *(("cubic", how, "floor") for how in ("asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners")),
    ("linear", "half_pixel_symmetric", "floor"),
]


@pytest.mark.parametrize("name", CASES)
def test_an_operator(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    path = case.write(tmp_path / "one.onnx")
    assert_same(path, [one for one in case.inputs[: case.n_inputs] if one is not None])


@pytest.mark.parametrize(("mode", "how", "rounding"), MODES)
@pytest.mark.parametrize("to", [(16, 18), (5, 9), (4, 3), (1, 6)], ids=str)
def test_resizing_to_a_size(mode: str, how: str, rounding: str, to: tuple[int, int], tmp_path: Path) -> None:
    how_is = {"mode": mode, "coordinate_transformation_mode": how, "nearest_mode": rounding}
    case = Case("Resize", [X, None, None, whole(2, 3, *to)], how_is, opset=19)
    assert_same(case.write(tmp_path / "one.onnx"), [X])


@pytest.mark.parametrize(("mode", "how", "rounding"), MODES)
def test_resizing_by_a_factor(mode: str, how: str, rounding: str, tmp_path: Path) -> None:
    """1.7 x 6 is no whole number: places follow the factor, not the size."""
    how_is = {"mode": mode, "coordinate_transformation_mode": how, "nearest_mode": rounding, "axes": [2, 3]}
    case = Case("Resize", [X, None, real([1.6, 1.7])], how_is, opset=19)
    assert_same(case.write(tmp_path / "one.onnx"), [X])


def test_every_operator_is_tested() -> None:
    """`Constant` is in a graph below."""
    assert set(OPERATORS) - {case.kind for case in CASES.values()} == {"Constant"}
    assert set(HOST_INPUTS) <= set(OPERATORS)


def test_a_shipped_network() -> None:
    """The others, and those of other projects, in ``tests/golden/test_onnx_in_torch.py``."""
    assert_same(WEIGHTS_FOLDER / "movenet-lightning.onnx", [normal(2, 3, 64, 96)])


def test_shapes_are_computed_on_the_cpu_and_constants_once(tmp_path: Path) -> None:
    """A picture is flattened by its own shape and scaled by the root of a constant."""
    nodes = [
        helper.make_node("Constant", [], ["four"], value_float=4.0),
        helper.make_node("Sqrt", ["four"], ["two"]),
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Constant", [], ["first"], value_ints=[0]),
        helper.make_node("Gather", ["shape", "first"], ["batch"]),
        helper.make_node("Constant", [], ["rest"], value=numpy_helper.from_array(whole(-1))),
        helper.make_node("Concat", ["batch", "rest"], ["flat"], axis=0),
        helper.make_node("Reshape", ["x", "flat"], ["y"]),
        helper.make_node("Div", ["y", "two"], ["z"]),
    ]
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 8, 6])
    path = write_graph(tmp_path / "shapes.onnx", nodes, [value], [helper.make_empty_tensor_value_info("z")])
    assert_same(path, [X])
    module = OnnxModule(path)
    torch.testing.assert_close(module(torch.ones(5, 3, 8, 6))["z"], torch.full((5, 144), 0.5))
    assert [float(buffer) for buffer in module.buffers()] == [2.0]
    assert list(module.parameters()) == []


def test_it_gives_no_gradient_and_goes_to_another_type() -> None:
    module = OnnxModule(WEIGHTS_FOLDER / "movenet-lightning.onnx")
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert not module(image)["heatmap"].requires_grad
    assert module.output_channels == {"center": 1, "heatmap": 17, "regress": 34, "offset": 34}
    full = module(image)["heatmap"]
    with torch.autocast("cpu", torch.bfloat16):
        automatic = module(image)["heatmap"]
    low = module.to(torch.bfloat16)(image.to(torch.bfloat16))["heatmap"]
    assert low.dtype == torch.bfloat16
    for other in (automatic, low):
        assert 0 < float((other.float() - full).abs().max()) < 0.1  # bfloat16 has eight bits


def test_run_gives_gradients_through_operators_of_ones_own(tmp_path: Path) -> None:
    """As fine-tuning an int8 network needs: rounding by its own rule, weights as inputs."""
    path = Case("Mul", [normal(2, 3), normal(2, 3)], n_inputs=2).write(tmp_path / "mul.onnx")
    network = OnnxModule(path, operators={"Mul": lambda _, a, b: 3 * a * b})
    a, b = (torch.from_numpy(normal(2, 3)).requires_grad_() for _ in range(2))
    assert not network(a, b)["out0"].requires_grad
    network.run(a, b)["out0"].sum().backward()  # type: ignore[no-untyped-call]
    assert a.grad is not None
    torch.testing.assert_close(a.grad, 3 * b.detach())


def test_nothing_waits_for_the_device(tmp_path: Path) -> None:
    """On the device ``meta`` there are shapes but no numbers: whatever would fetch one to go on fails there."""
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Cast", ["shape"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Slice", ["real", "two", "four"], ["size"]),
        helper.make_node("ReduceProd", ["size"], ["area"], keepdims=0),
        helper.make_node("Div", ["x", "area"], ["scaled"]),
        helper.make_node("Clip", ["scaled", "low"], ["positive"]),
        helper.make_node("Gather", ["positive", "places"], ["chosen"], axis=1),
        helper.make_node("Resize", ["chosen", "", "factors"], ["larger"], mode="nearest"),
        helper.make_node("Pad", ["larger", "pads"], ["padded"], mode="reflect"),
        helper.make_node("Mul", ["padded", "gain"], ["y"]),
    ]
    fixed = {
        "two": whole(2), "four": whole(4), "low": real(0), "places": whole(2, 0),
        "factors": real([1, 1, 1.5, 2]), "pads": whole(0, 0, 1, 1, 0, 0, 1, 1), "gain": normal(2, 1, 1),
    }  # fmt: skip
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 8, 6])
    out = helper.make_empty_tensor_value_info("y")
    stored = [numpy_helper.from_array(array, name) for name, array in fixed.items()]
    path = write_graph(tmp_path / "device.onnx", nodes, [value], [out], stored)
    assert_same(path, [X])
    for module, image in (
        (OnnxModule(path), torch.from_numpy(X)),
        (OnnxModule(WEIGHTS_FOLDER / "movenet-lightning.onnx"), torch.zeros(1, 3, 64, 64)),
    ):
        for output in module.to("meta")(image.to("meta")).values():
            assert output.device.type == "meta"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_it_goes_to_the_gpu() -> None:
    path = WEIGHTS_FOLDER / "movenet-lightning.onnx"
    image = torch.rand(1, 3, 64, 64)
    found = OnnxModule(path).to("cuda")(image.to("cuda"))["heatmap"]
    assert found.device.type == "cuda"
    torch.testing.assert_close(found.cpu(), OnnxModule(path)(image)["heatmap"], rtol=0, atol=1e-2)


def test_an_unknown_operator_is_named_with_its_file(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["y"]),
        helper.make_node("Det", ["y"], ["z"]),
        helper.make_node("Wonder", ["z"], ["w"], domain="com.example"),
    ]
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 2])
    path = write_graph(tmp_path / "odd.onnx", nodes, [value], [helper.make_empty_tensor_value_info("w")])
    with pytest.raises(
        ModelError, match=r"odd\.onnx' has operators that cannot run .* here: Det, com\.example\.Wonder;"
    ):
        OnnxModule(path)


def test_what_an_operator_cannot_do_is_named_with_its_file(tmp_path: Path) -> None:
    case = Case("MaxPool", [X], {"kernel_shape": [2, 2]}, n_outputs=2)
    module = OnnxModule(case.write(tmp_path / "pool.onnx"))
    with pytest.raises(ModelError, match=r"pool\.onnx': the second output, indices, of operator MaxPool \('tested'\)"):
        module(torch.from_numpy(X))


def test_a_wrong_input(tmp_path: Path) -> None:
    module = OnnxModule(Case("Conv", [X, W]).write(tmp_path / "conv.onnx"))
    with pytest.raises(ModelMismatchError, match=r"conv\.onnx': Conv \('tested'\) cannot run on shapes \(1, 2, 8, 8\)"):
        module(torch.zeros(1, 2, 8, 8))
    with pytest.raises(ModelMismatchError, match=r"takes 1 inputs \(in0\), got 2"):
        module(torch.zeros(1, 3, 8, 8), torch.zeros(1))


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="No such file"):
        OnnxModule(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("not a network")
    with pytest.raises(WeightsError, match="damaged or no ONNX file"):
        OnnxModule(tmp_path / "text.onnx")
    (tmp_path / "empty.onnx").write_bytes(b"")
    with pytest.raises(WeightsError, match="holds no graph"):
        OnnxModule(tmp_path / "empty.onnx")
