"""Calibration and the int8 graph itself: QDQ nodes by ONNX Runtime, and biases that make up for rounded weights.

What makes the difference on compact networks (``docs/quantize.md`` has the figures):

- Weights have a scale per output channel. Those of dense layers use 7 of their 8 bits: on processors without VNNI the
  product of unsigned activations with signed weights is added up in pairs in 16 bits, which 8 bits overflow silently.
  Depthwise layers go another way, which cannot overflow, and need all 8 bits most.
- Rounding the weights shifts the mean of a layer's result, most where a kernel's positive and negative weights almost
  cancel. That shift is known, and is taken out of the bias.
"""

import contextlib
import copy
import io
import tempfile
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import create_calibrator
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

from gonio.arrays import FloatArray
from gonio.export.quantize_graph import LAYERS, FloatGraph, is_depthwise

Method = Literal["min-max", "percentile", "entropy"]
"""How the range of an activation is found: all that was seen, all but the rarest, or by what is lost least."""
METHODS: tuple[Method, ...] = ("percentile", "min-max", "entropy")
PERCENTILE = 99.9
"""Of the values of an activation, in percent, that its range covers with ``percentile``."""

_OPTIONS: dict[Method, tuple[CalibrationMethod, dict[str, Any]]] = {
    "min-max": (CalibrationMethod.MinMax, {}),
    "percentile": (CalibrationMethod.Percentile, {"percentile": PERCENTILE, "symmetric": False}),
    "entropy": (CalibrationMethod.Entropy, {}),
}
_OPERATORS = sorted(set(QDQRegistry) | set(QLinearOpsRegistry))
_AT_ONCE = 4  # inputs whose activations are held in memory together
DENSE_STEPS, DEPTHWISE_STEPS = 64, 127
"""Positive steps of a weight: 7 and 8 bits."""
_TINY = 1e-12  # scale of a channel without weights


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """Hands batches to ONNX Runtime."""

    def __init__(self, name: str, batches: Sequence[FloatArray]) -> None:
        self._name = name
        self._batches: Iterator[FloatArray] = iter(batches)

    def get_next(self) -> dict[str, FloatArray] | None:
        batch = next(self._batches, None)
        return None if batch is None else {self._name: batch}


def calibrate(graph: FloatGraph, batches: Sequence[FloatArray], method: Method) -> Any:
    """Ranges of all activations on real inputs ``(1, 3, h, w)`` of any sizes, for `quantized`."""
    chosen, options = _OPTIONS[method]
    with tempfile.TemporaryDirectory(prefix="gonio-quantize-") as folder, _silent():
        plain = Path(folder, "plain.onnx")
        onnx.save(graph.model, plain)
        calibrator = create_calibrator(
            plain,
            _OPERATORS,
            augmented_model_path=str(Path(folder, "augmented.onnx")),
            calibrate_method=chosen,
            extra_options=options,
        )
        for together in _of_one_shape(batches):
            calibrator.collect_data(_Reader(graph.input_name, together))
        return calibrator.compute_data()


def _of_one_shape(batches: Sequence[FloatArray]) -> Iterator[Sequence[FloatArray]]:
    """At most `_AT_ONCE` at a time: ONNX Runtime puts what one tensor was for all of them into one array."""
    for _, same in groupby(sorted(batches, key=np.shape), key=np.shape):
        alike = list(same)
        yield from (alike[start : start + _AT_ONCE] for start in range(0, len(alike), _AT_ONCE))


def quantized(
    graph: FloatGraph, ranges: Any, means: dict[str, FloatArray], *, float_nodes: Collection[str] = ()
) -> onnx.ModelProto:
    """The int8 network.

    Args:
        graph: The float network; it is left as it is.
        ranges: From `calibrate`.
        means: From `input_means`.
        float_nodes: Nodes that are computed in float.
    """
    model = copy.deepcopy(graph.model)
    chosen = [node.name for node in model.graph.node if node.name not in float_nodes]
    _correct_biases(model, means, set(chosen))
    weights = {tensor.name for tensor in model.graph.initializer}
    full = {"quant_type": QuantType.QInt8, "symmetric": True, "reduce_range": False, "axis": 0}
    overrides = {
        node.input[1]: [dict(full)]
        for node in model.graph.node
        if node.op_type == "Conv" and is_depthwise(node) and node.name in chosen and node.input[1] in weights
    }
    with _silent():
        worker = QDQQuantizer(
            model,
            per_channel=True,
            reduce_range=True,
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=ranges,
            nodes_to_quantize=chosen,
            nodes_to_exclude=[],
            op_types_to_quantize=_OPERATORS,
            extra_options={"TensorQuantOverrides": overrides},
        )
        worker.quantize_model()
        worker.model.topological_sort()
    made: onnx.ModelProto = worker.model.model
    return made


def input_means(graph: FloatGraph, batches: Sequence[FloatArray]) -> dict[str, FloatArray]:
    """Mean of each channel ``(C,)`` of what goes into each convolution, by its name."""
    names = sorted({node.input[0] for node in graph.convolutions(_names(graph))})
    totals = {name: np.zeros(1) for name in names}
    for values in _activations(graph, names, batches):
        for name, value in zip(names, values, strict=True):
            totals[name] = totals[name] + value.mean(axis=(0, 2, 3), dtype=np.float64)
    return {name: np.asarray(total / len(batches), np.float32) for name, total in totals.items()}


def block_macs(graph: FloatGraph, batch: FloatArray) -> dict[str, int]:
    """Multiplications and additions of each block for one input, by its name."""
    weights = graph.weights()
    layers = {node.name: node for node in graph.model.graph.node if node.op_type in LAYERS}
    names = [name for block in graph.blocks for name in block.layers]
    sizes = {
        name: value.size // len(batch)
        for name, value in zip(
            names, next(_activations(graph, [layers[name].output[0] for name in names], [batch])), strict=True
        )
    }
    return {
        block.name: sum(sizes[name] * _per_result(layers[name], weights) for name in block.layers)
        for block in graph.blocks
    }


def _per_result(node: onnx.NodeProto, weights: dict[str, onnx.TensorProto]) -> int:
    """Multiplications for one number of a layer's result."""
    shape = list(weights[node.input[1]].dims)
    if node.op_type == "Conv":
        return int(np.prod(shape[1:]))
    if node.op_type == "ConvTranspose":
        return int(shape[0])  # about: strides are left out
    return int(shape[-2] if node.op_type == "MatMul" else np.prod(shape) // max(shape))


def _activations(
    graph: FloatGraph, names: Sequence[str], batches: Sequence[FloatArray]
) -> Iterator[Sequence[FloatArray]]:
    """Values inside the network, one list per batch."""
    inside = [name for name in names if name != graph.input_name]
    model = onnx.ModelProto.FromString(graph.model.SerializeToString())
    del model.graph.output[:]
    model.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in inside)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]) if inside else None
    for batch in batches:
        found = dict(zip(inside, session.run(inside, {graph.input_name: batch}), strict=True)) if session else {}
        yield [batch if name == graph.input_name else found[name] for name in names]


def _names(graph: FloatGraph) -> list[str]:
    return [node.name for node in graph.model.graph.node]


def _correct_biases(model: onnx.ModelProto, means: dict[str, FloatArray], chosen: set[str]) -> None:
    """Add to each bias what rounding the weights takes from the mean of the result.

    Source:
        Nagel et al., "Data-Free Quantization through Weight Equalization and Bias Correction", ICCV 2019, section 4.2,
        with the means measured on data. Padding at the border is taken for ordinary input.
    """
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type != "Conv" or node.name not in chosen or node.input[1] not in weights:
            continue
        kernel = numpy_helper.to_array(weights[node.input[1]])
        lost = (kernel - _rounded(kernel, DEPTHWISE_STEPS if is_depthwise(node) else DENSE_STEPS)).sum(axis=(2, 3))
        shift = _applied(lost, means[node.input[0]])
        has_bias = len(node.input) > 2 and node.input[2] in weights
        if len(node.input) > 2 and not has_bias:
            continue  # a bias that is computed
        before = numpy_helper.to_array(weights[node.input[2]]) if has_bias else np.float32(0)
        name = f"{node.output[0]}_corrected_bias"
        model.graph.initializer.append(numpy_helper.from_array((before + shift).astype(np.float32), name))
        del node.input[2:]
        node.input.append(name)


def _applied(kernel: FloatArray, mean: FloatArray) -> FloatArray:
    """What a kernel ``(C_out, C_in / groups)`` makes of an input of these means ``(C_in,)``."""
    groups = len(mean) // kernel.shape[1]
    seen = mean.reshape(groups, 1, kernel.shape[1])
    return np.asarray((kernel.reshape(groups, -1, kernel.shape[1]) * seen).sum(axis=2).ravel(), np.float32)


def _rounded(kernel: FloatArray, steps: int) -> FloatArray:
    """Weights as int8 has them: for each output channel the largest is ``steps`` steps."""
    scale = np.maximum(np.abs(kernel).max(axis=(1, 2, 3), keepdims=True) / steps, _TINY)
    return np.asarray(np.round(kernel / scale) * scale, np.float32)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """ONNX Runtime's calibration prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
