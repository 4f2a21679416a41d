"""Weights of an ONNX graph in fewer bytes than it computes in: float16, or int8 for the largest; and back.

Behind each stored weight stands what makes float32 of it, a cast and for int8 a product with a factor for each output
channel. It depends on no input, so ONNX Runtime and `gonio.onnx_in_torch` compute it once, when they load: the network
is as fast as before.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from gonio.arrays import FloatArray
from gonio.errors import ExportError

_SMALL = 16  # numbers; smaller tensors stay float32: nothing to gain, and some are factors of a size
_HALF_LIMIT = 65504.0  # largest float16
_STEPS = 127
_NOTHING = 1e-30  # a channel whose values are no larger is empty: factors of that size are no float32
_CLIPPED = np.linspace(0.6, 1.0, 41)
_CHANNEL_AXES = {"Conv": 0, "MatMul": -1}
"""Operators whose second input is stored as int8, and the axis of that input that counts the output channels."""


def narrow(model: onnx.ModelProto, *, rounded_share: float = 0.0) -> None:
    """Store float32 weights as float16, and of the largest kernels, if asked for, as int8.

    Args:
        model: Is changed. Weights that are stored so already stay as they are; `widen` first to store them anew.
        rounded_share: How much of all numbers int8 takes: kernels of convolutions and matrix products, largest first,
            until they hold that much. The first layers and the heads are small, and there rounding does most harm.

    Raises:
        ExportError: If a weight is too large for float16.
    """
    factors = set(_factors(model).values())
    stored = [
        tensor
        for tensor in model.graph.initializer
        if tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims, dtype=int) > _SMALL
        if tensor.name not in factors
    ]
    axes = _channel_axes(model)
    sizes = {tensor.name: int(np.prod(tensor.dims, dtype=int)) for tensor in stored}
    rounded = _largest({name: sizes[name] for name in axes if name in sizes}, rounded_share * sum(sizes.values()))
    before: list[onnx.NodeProto] = []
    for tensor in stored:
        values = numpy_helper.to_array(tensor)
        if tensor.name in rounded:
            before += _as_int8(model, tensor, values, axes[tensor.name])
        else:
            before.append(_as_float16(tensor, values))
    _set_nodes(model, [*before, *model.graph.node])


def widen(model: onnx.ModelProto) -> None:
    """Turn weights that `narrow` stored into float32 weights: undo it, but for the rounding.

    Constants that are cast to anything else, or integers for anything else, stay as they are.
    """
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    factors = _factors(model)
    wide: dict[str, FloatArray] = {}
    rest = []
    for node in model.graph.node:
        kind = _stored_kind(node, stored)
        if kind == TensorProto.FLOAT16 or (kind == TensorProto.INT8 and node.output[0] in factors):
            wide[node.output[0]] = numpy_helper.to_array(stored[node.input[0]]).astype(np.float32)
        elif node.op_type == "Mul" and node.input[0] in wide and factors.get(node.input[0]) == node.input[1]:
            wide[node.output[0]] = wide[node.input[0]] * numpy_helper.to_array(stored[node.input[1]])
        else:
            rest.append(node)
    used = _used(model.graph, rest)
    model.graph.initializer.extend(numpy_helper.from_array(wide[name], name) for name in wide if name in used)
    _set_nodes(model, rest)
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def settle(model: onnx.ModelProto) -> None:
    """Put integers where a graph rounds float32 constants to int8, as one does that shares its weights with another.

    Scales that are products of constants become constants too. Run `widen` first. Changes the model.
    """
    held = {tensor.name: tensor for tensor in model.graph.initializer}
    rest = []
    for node in model.graph.node:
        n_inputs = {"Mul": 2, "QuantizeLinear": 3}.get(node.op_type)
        if len(node.input) == n_inputs and all(name in held for name in node.input):
            values = [numpy_helper.to_array(held[name]) for name in node.input]
            result = values[0] * values[1] if node.op_type == "Mul" else _quantized(node, *values)
            held[node.output[0]] = numpy_helper.from_array(result, node.output[0])
        else:
            rest.append(node)
    used = _used(model.graph, rest)
    kept = [tensor for name, tensor in held.items() if name in used]
    _set_nodes(model, rest)
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def _quantized(
    node: onnx.NodeProto, values: FloatArray, scale: FloatArray, zero: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """What QuantizeLinear gives: https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html."""
    axis = next((one.i for one in node.attribute if one.name == "axis"), 1) % values.ndim
    shape = [-1 if i == axis and scale.size > 1 else 1 for i in range(values.ndim)]
    limits = np.iinfo(zero.dtype)
    steps = np.rint(values / scale.reshape(shape)) + zero.reshape(shape)
    return np.asarray(np.clip(steps, limits.min, limits.max), zero.dtype)


def round_channels(values: FloatArray, axis: int) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int8]], FloatArray]:
    """Integers from -127 to 127 and a factor for each channel, whose product is near the values.

    The factor of a channel is the one of 41 that leaves the least squared error: from the one that its largest value
    needs down to 0.6 of that, where the largest are cut off and all others are finer.

    Args:
        values: Any shape.
        axis: Of the channels.

    Returns:
        The integers, of the values' shape, and the factors, of a shape that multiplies them.
    """
    others = tuple(i for i in range(values.ndim) if i != axis % values.ndim)
    largest = np.abs(values).max(axis=others, keepdims=True)
    needed = np.asarray(np.where(largest > _NOTHING, largest, 1) / _STEPS, np.float32)
    factors, least = needed, np.full(needed.shape, np.inf)
    for share in _CLIPPED:
        tried = needed * np.float32(share)
        error = ((_integers(values, tried) * tried - values) ** 2).sum(axis=others, keepdims=True)
        factors = np.asarray(np.where(error < least, tried, factors), np.float32)
        least = np.minimum(error, least)
    return _integers(values, factors).astype(np.int8), factors


def _integers(values: FloatArray, factors: FloatArray) -> FloatArray:
    return np.asarray(np.clip(np.rint(values / factors), -_STEPS, _STEPS), np.float32)


def _stored_kind(node: onnx.NodeProto, stored: dict[str, onnx.TensorProto]) -> int | None:
    """In which type the constant is stored that this node casts to float32; None if it does no such thing."""
    if node.op_type != "Cast" or node.input[0] not in stored or node.attribute[0].i != TensorProto.FLOAT:
        return None
    return stored[node.input[0]].data_type


def _factors(model: onnx.ModelProto) -> dict[str, str]:
    """Of what is cast from stored int8 and only multiplied with stored float32: the factor's name."""
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    cast = {one.output[0] for one in model.graph.node if _stored_kind(one, stored) == TensorProto.INT8}
    users = [node for node in model.graph.node if cast & set(node.input)]
    counts = Counter(name for node in users for name in node.input)
    return {
        node.input[0]: node.input[1]
        for node in users
        if node.op_type == "Mul" and counts[node.input[0]] == 1 and node.input[0] in cast
        if node.input[1] in stored and stored[node.input[1]].data_type == TensorProto.FLOAT
    }


def _used(graph: onnx.GraphProto, nodes: Iterable[onnx.NodeProto]) -> set[str]:
    """Names that these nodes read, in graphs inside them too, or that the graph gives."""
    names = {output.name for output in graph.output}
    for node in nodes:
        names |= set(node.input)
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                names |= _used(inner, inner.node)
    return names


def _largest(sizes: dict[str, int], enough: float) -> set[str]:
    """Names by falling size until they hold enough numbers, or all."""
    names: set[str] = set()
    held = 0
    for name in sorted(sizes, key=lambda one: -sizes[one]):
        if held >= enough:
            break
        names.add(name)
        held += sizes[name]
    return names


def _channel_axes(model: onnx.ModelProto) -> dict[str, int]:
    """Of every tensor that is a kernel: the axis that counts its output channels."""
    return {
        node.input[1]: _CHANNEL_AXES[node.op_type]
        for node in model.graph.node
        if node.op_type in _CHANNEL_AXES
        and not any(attribute.name == "group" and attribute.i > 1 for attribute in node.attribute)
    }


def _as_int8(model: onnx.ModelProto, tensor: onnx.TensorProto, values: FloatArray, axis: int) -> list[onnx.NodeProto]:
    name = tensor.name
    integers, factors = round_channels(values, axis)
    tensor.CopyFrom(numpy_helper.from_array(integers, f"{name}_i8"))
    model.graph.initializer.append(numpy_helper.from_array(factors, f"{name}_factors"))
    return [
        helper.make_node("Cast", [f"{name}_i8"], [f"{name}_steps"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_steps", f"{name}_factors"], [name]),
    ]


def _as_float16(tensor: onnx.TensorProto, values: FloatArray) -> onnx.NodeProto:
    name = tensor.name
    if np.abs(values).max() > _HALF_LIMIT:
        raise ExportError(
            f"weight {name!r} holds {np.abs(values).max():.3g}, and float16 ends at {_HALF_LIMIT:g}; "
            "choose --precision float32"
        )
    tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_f16"))
    return helper.make_node("Cast", [f"{name}_f16"], [name], to=TensorProto.FLOAT)


def _set_nodes(model: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> None:
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)
