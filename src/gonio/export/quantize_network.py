"""An int8 graph (QDQ) in PyTorch, rounding included, that can learn: `gonio.export.quantize_finetune` trains it.

Gradients pass what is rounded as if it were not (the straight-through estimate). Weights, biases and the scales of
activations are learned and written back into the same graph: what was trained is what runs.

Source:
    Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR
    2018; scales: Esser et al., "Learned Step Size Quantization", ICLR 2020.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from gonio.arrays import FloatArray
from gonio.export.quantize_int8 import DENSE_STEPS, DEPTHWISE_STEPS
from gonio.onnx_in_torch.module import OnnxModule
from gonio.onnx_in_torch.operators import OPERATORS, Node

_DEQUANTIZE = "DequantizeLinear"
_MOST = 255  # uint8
_STORED = "_quantized"  # what ONNX Runtime adds to the name of a weight
_BIAS_STEPS = 64  # to the largest bias of a layer: what a bias is moved in


@dataclass(frozen=True, slots=True)
class _Layer:
    """Stored integers that are learned.

    Attributes:
        name: Of the integers in the graph.
        scale: Name of their scale there.
        shape: Which that takes, to multiply them.
        limit: The largest integer of a weight; None for biases, which are not rounded while they are learned.
        unit: Value of what is learned.
    """

    name: str
    scale: str
    shape: tuple[int, ...]
    limit: int | None
    unit: Tensor


class Int8Network(nn.Module):
    """An int8 graph (QDQ) in PyTorch that can learn.

    Attributes:
        weights: In units of one integer.
        biases: In units of which the largest of a layer is 64 at first.
        ranges: Of each activation's scale, the logarithm of how much larger it has become.
    """

    def __init__(
        self, model: onnx.ModelProto, weights: Mapping[str, FloatArray], *, inside: Sequence[str] = ()
    ) -> None:
        """Take a graph.

        Args:
            model: From `gonio.export.quantize_int8.quantized`; it is left as it is.
            weights: The float network's, by name: from there learning starts.
            inside: Values that are outputs too.
        """
        super().__init__()
        self._model = model
        self._stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self._layers: dict[str, _Layer] = {}
        self.weights, self.biases, self.ranges = nn.ParameterList(), nn.ParameterList(), nn.ParameterList()
        for node in model.graph.node:
            if node.op_type == _DEQUANTIZE and node.input[0] in self._stored:
                self._add(node, weights)
        self._scales = sorted({node.input[1] for node in model.graph.node if node.op_type == "QuantizeLinear"})
        self.ranges.extend(nn.Parameter(torch.zeros(())) for _ in self._scales)
        self._network = open_graph(model, inside=inside, to_give=[*self._layers, *self._scales])

    def _add(self, node: onnx.NodeProto, weights: Mapping[str, FloatArray]) -> None:
        name, scale = node.input[:2]
        if name in self._layers:
            return  # of two operators
        integers, one = self._stored[name], self._stored[scale]
        axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 1)
        shape = tuple(-1 if one.size > 1 and i == axis % integers.ndim else 1 for i in range(integers.ndim))
        if integers.dtype == np.int8:
            limit = DENSE_STEPS if np.abs(integers.astype(int)).max() <= DENSE_STEPS else DEPTHWISE_STEPS
            value, unit = weights[name.removesuffix(_STORED)], one.reshape(shape)
        else:
            limit, value = None, integers * one.reshape(shape)
            unit = np.maximum(np.abs(value).max(keepdims=True) / _BIAS_STEPS, one.min())
        self._layers[name] = _Layer(name, scale, shape, limit, torch.from_numpy(np.array(unit, np.float32)))
        learned = nn.Parameter(torch.from_numpy(np.array(value / unit, np.float32)))
        (self.biases if limit is None else self.weights).append(learned)

    def forward(self, batch: Tensor) -> dict[str, Tensor]:
        """What the int8 network answers, by output."""
        return self._network.run(batch, *self._values(), *self._activation_scales())

    def _values(self) -> list[Tensor]:
        """What the integers stand for."""
        weights, biases = iter(self.weights), iter(self.biases)
        return [
            (next(biases) if layer.limit is None else _rounded(next(weights), layer.limit)) * layer.unit
            for layer in self._layers.values()
        ]

    def _activation_scales(self) -> list[Tensor]:
        return [float(self._stored[name]) * grown.exp() for name, grown in zip(self._scales, self.ranges, strict=True)]

    @torch.no_grad()
    def written(self) -> onnx.ModelProto:
        """The graph with what was learned."""
        new = self._stored | {
            name: np.array(scale.numpy(), np.float32)
            for name, scale in zip(self._scales, self._activation_scales(), strict=True)
        }
        self._scale_biases(new)
        for layer, value in zip(self._layers.values(), self._values(), strict=True):
            integers = np.rint(value.numpy() / new[layer.scale].reshape(layer.shape))
            new[layer.name] = integers.astype(self._stored[layer.name].dtype)
        model: onnx.ModelProto = onnx.ModelProto.FromString(self._model.SerializeToString())
        for tensor in model.graph.initializer:
            tensor.CopyFrom(numpy_helper.from_array(new[tensor.name], tensor.name))
        return model

    def _scale_biases(self, new: dict[str, FloatArray]) -> None:
        """A bias has the scale of the products: that of the activations by that of the weights."""
        scales = {node.output[0]: node.input[1] for node in self._model.graph.node if node.op_type == _DEQUANTIZE}
        for node in self._model.graph.node:
            if len(node.input) > 2 and (of_bias := scales.get(node.input[2])) is not None:
                product = new[scales[node.input[0]]] * new[scales[node.input[1]]]
                new[of_bias] = product.astype(np.float32).reshape(new[of_bias].shape)


def open_graph(model: onnx.ModelProto, *, inside: Sequence[str] = (), to_give: Sequence[str] = ()) -> OnnxModule:
    """A graph in PyTorch.

    Args:
        model: Float, or int8: then rounded activations are floats that have a gradient.
        inside: Values that are outputs too.
        to_give: Stored tensors that become inputs, given as the floats that they stand for.
    """
    opened = onnx.ModelProto.FromString(model.SerializeToString())
    kept = [tensor for tensor in opened.graph.initializer if tensor.name not in to_give]
    del opened.graph.initializer[:]
    opened.graph.initializer.extend(kept)
    opened.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in inside)
    opened.graph.input.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in to_give)
    with tempfile.TemporaryDirectory(prefix="gonio-quantize-") as folder:
        path = Path(folder, "graph.onnx")
        onnx.save(opened, path)
        return OnnxModule(path, operators={"QuantizeLinear": _quantize, _DEQUANTIZE: _dequantize})


def _rounded(weights: Tensor, limit: int) -> Tensor:
    return (weights + (weights.round() - weights).detach()).clamp(-limit, limit)


class _Round(torch.autograd.Function):
    """Rounds an activation; gradients of LSQ."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
        rounded = torch.fake_quantize_per_tensor_affine(x, scale, zero, 0, _MOST)
        ctx.save_for_backward(x, rounded, scale, zero)
        return rounded

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        x, rounded, scale, zero = ctx.saved_tensors
        inside = (x >= -zero * scale) & (x <= (_MOST - zero) * scale)
        return gradient * inside, ((rounded - x * inside) * gradient).sum() / scale, None


def _quantize(_: Node, x: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
    """What an activation is after rounding, as a float."""
    result: Tensor = _Round.apply(x, scale, zero.int())  # type: ignore[no-untyped-call]
    return result


def _dequantize(node: Node, x: Tensor, *numbers: Tensor) -> Tensor:
    """Nothing to do for what `_quantize` and `Int8Network` give."""
    if x.is_floating_point():
        return x
    result: Tensor = OPERATORS[_DEQUANTIZE](node, x, *numbers)
    return result
