"""Operators that compute with numbers: place by place, products, norms, reductions, quantisation."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from gonio.onnx_in_torch.operators.node import DTYPES, Node, Operator, axes_of, together


def _unary(function: Callable[[Tensor], Tensor]) -> Operator:
    return lambda _, x: function(x)


def _binary(function: Callable[[Tensor, Tensor], Tensor]) -> Operator:
    return lambda _, a, b: function(*together(a, b))


def _folding(function: Callable[[Tensor, Tensor], Tensor]) -> Operator:
    """Any number of inputs, two at a time."""

    def operator(_: Node, *values: Tensor) -> Tensor:
        result, *others = together(*values)
        for other in others:
            result = function(result, other)
        return result

    return operator


def _divide(a: Tensor, b: Tensor) -> Tensor:
    if a.is_floating_point():
        return a / b
    return torch.div(a, b, rounding_mode="trunc")


def _mod(node: Node, a: Tensor, b: Tensor) -> Tensor:
    a, b = together(a, b)
    return torch.fmod(a, b) if node.get("fmod", 0) else torch.remainder(a, b)


def _where(_: Node, condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    condition, a, b = together(condition, a, b)
    return torch.where(condition, a, b)


def _clip(node: Node, x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    lowest = node.get("min") if low is None else low.item()
    highest = node.get("max") if high is None else high.item()
    return x if lowest is None and highest is None else torch.clamp(x, lowest, highest)


def _hard_sigmoid(node: Node, x: Tensor) -> Tensor:
    return torch.clamp(x * node.get("alpha", 0.2) + node.get("beta", 0.5), 0, 1)


def _gelu(node: Node, x: Tensor) -> Tensor:
    return functional.gelu(x, approximate=node.get("approximate", "none"))


def _leaky_relu(node: Node, x: Tensor) -> Tensor:
    return functional.leaky_relu(x, node.get("alpha", 0.01))


def _prelu(_: Node, x: Tensor, slope: Tensor) -> Tensor:
    return torch.where(x < 0, slope * x, x)


def _softmax(function: Callable[[Tensor, int], Tensor]) -> Operator:
    def operator(node: Node, x: Tensor) -> Tensor:
        if node.opset >= 13:
            return function(x, node.get("axis", -1))
        axis = node.get("axis", 1) % x.dim()  # before 13: over all axes from here on
        return function(x.flatten(axis), -1).reshape(x.shape)

    return operator


def _gemm(node: Node, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    a = a.T if node.get("transA", 0) else a
    b = b.T if node.get("transB", 0) else b
    product: Tensor = (a @ b) * node.get("alpha", 1.0)
    return product if c is None else product + c * node.get("beta", 1.0)


def _einsum(node: Node, *values: Tensor) -> Tensor:
    return torch.einsum(node.get("equation"), *values)


def _batch_norm(node: Node, x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    return functional.batch_norm(x, mean, variance, scale, bias, training=False, eps=node.get("epsilon", 1e-5))


def _layer_norm(node: Node, x: Tensor, scale: Tensor, bias: Tensor | None = None) -> Tensor:
    if node.n_outputs > 1:
        raise node.refuse("a second output")
    axis = node.get("axis", -1) % x.dim()
    shape = list(x.shape[axis:])
    own = None if bias is None else bias.expand(shape)
    return functional.layer_norm(x, shape, scale.expand(shape), own, eps=node.get("epsilon", 1e-5))


def _instance_norm(node: Node, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    return functional.instance_norm(x, weight=scale, bias=bias, eps=node.get("epsilon", 1e-5))


def _group_norm(node: Node, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    groups = node.get("num_groups")
    if len(scale) != x.shape[1]:  # before opset 21: one number a group
        scale, bias = (value.repeat_interleave(x.shape[1] // groups) for value in (scale, bias))
    return functional.group_norm(x, groups, scale, bias, eps=node.get("epsilon", 1e-5))


def _reduction(function: Callable[..., Tensor]) -> Operator:
    def operator(node: Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
        chosen = axes_of(node, axes)
        if not chosen:
            if node.get("noop_with_empty_axes", 0):
                return x
            chosen = list(range(x.dim()))
        return function(x, dim=chosen, keepdim=bool(node.get("keepdims", 1)))

    return operator


def _product(x: Tensor, *, dim: list[int], keepdim: bool) -> Tensor:
    for axis in sorted((axis % x.dim() for axis in dim), reverse=True):
        x = x.prod(dim=axis, keepdim=keepdim)
    return x


def _arg(function: Callable[..., Tensor]) -> Operator:
    def operator(node: Node, x: Tensor) -> Tensor:
        if node.get("select_last_index", 0):
            raise node.refuse("select_last_index")
        return function(x, dim=node.get("axis", 0), keepdim=bool(node.get("keepdims", 1)))

    return operator


def _top_k(node: Node, x: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
    values, indices = torch.topk(x, int(k), dim=node.get("axis", -1), largest=bool(node.get("largest", 1)))
    return values, indices


def _cumulative_sum(node: Node, x: Tensor, axis: Tensor) -> Tensor:
    if node.get("exclusive", 0) or node.get("reverse", 0):
        raise node.refuse("exclusive or reverse")
    return x.cumsum(int(axis))


def _along(node: Node, x: Tensor, values: Tensor) -> Tensor:
    """One number for all, or one for each place along the quantisation's axis."""
    if node.get("block_size", 0):
        raise node.refuse("quantisation in blocks")
    if values.numel() == 1:
        return values.reshape(())
    shape = [1] * x.dim()
    shape[node.get("axis", 1)] = -1
    return values.reshape(shape)


def _quantize(node: Node, x: Tensor, scale: Tensor, zero: Tensor | None = None) -> Tensor:
    dtype = DTYPES[node.get("output_dtype") or 2] if zero is None else zero.dtype
    limits = torch.iinfo(dtype)
    steps = torch.round(x / _along(node, x, scale))
    shifted = steps if zero is None else steps + _along(node, x, zero.to(x.device, x.dtype))
    return shifted.clamp(limits.min, limits.max).to(dtype)


def _dequantize(node: Node, x: Tensor, scale: Tensor, zero: Tensor | None = None) -> Tensor:
    value = x.to(scale.dtype)
    if zero is not None:
        value = value - _along(node, x, zero.to(x.device, scale.dtype))
    return value * _along(node, x, scale)


ARITHMETIC: dict[str, Operator] = {
    "Abs": _unary(torch.abs),
    "Add": _binary(torch.add),
    "And": _binary(torch.logical_and),
    "ArgMax": _arg(torch.argmax),
    "ArgMin": _arg(torch.argmin),
    "BatchNormalization": _batch_norm,
    "Ceil": _unary(torch.ceil),
    "Clip": _clip,
    "Cos": _unary(torch.cos),
    "CumSum": _cumulative_sum,
    "DequantizeLinear": _dequantize,
    "Div": _binary(_divide),
    "Einsum": _einsum,
    "Elu": lambda node, x: functional.elu(x, node.get("alpha", 1.0)),
    "Equal": _binary(torch.eq),
    "Erf": _unary(torch.erf),
    "Exp": _unary(torch.exp),
    "Floor": _unary(torch.floor),
    "Gelu": _gelu,
    "Gemm": _gemm,
    "Greater": _binary(torch.gt),
    "GreaterOrEqual": _binary(torch.ge),
    "GroupNormalization": _group_norm,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _unary(functional.hardswish),
    "InstanceNormalization": _instance_norm,
    "LayerNormalization": _layer_norm,
    "LeakyRelu": _leaky_relu,
    "Less": _binary(torch.lt),
    "LessOrEqual": _binary(torch.le),
    "Log": _unary(torch.log),
    "LogSoftmax": _softmax(torch.log_softmax),
    "MatMul": _binary(torch.matmul),
    "Max": _folding(torch.maximum),
    "Mean": lambda node, *values: ARITHMETIC["Sum"](node, *values) / len(values),
    "Min": _folding(torch.minimum),
    "Mish": _unary(functional.mish),
    "Mod": _mod,
    "Mul": _binary(torch.mul),
    "Neg": _unary(torch.neg),
    "Not": _unary(torch.logical_not),
    "Or": _binary(torch.logical_or),
    "PRelu": _prelu,
    "Pow": lambda _, a, b: torch.pow(*together(a, b)).to(a.dtype),
    "QuantizeLinear": _quantize,
    "Reciprocal": _unary(torch.reciprocal),
    "ReduceL1": _reduction(lambda x, **how: x.abs().sum(**how)),
    "ReduceL2": _reduction(lambda x, **how: x.square().sum(**how).sqrt()),
    "ReduceLogSumExp": _reduction(torch.logsumexp),
    "ReduceMax": _reduction(torch.amax),
    "ReduceMean": _reduction(torch.mean),
    "ReduceMin": _reduction(torch.amin),
    "ReduceProd": _reduction(_product),
    "ReduceSum": _reduction(torch.sum),
    "ReduceSumSquare": _reduction(lambda x, **how: x.square().sum(**how)),
    "Relu": _unary(torch.relu),
    "Round": _unary(torch.round),
    "Sigmoid": _unary(torch.sigmoid),
    "Sign": _unary(torch.sign),
    "Sin": _unary(torch.sin),
    "Softmax": _softmax(torch.softmax),
    "Softplus": _unary(functional.softplus),
    "Sqrt": _unary(torch.sqrt),
    "Sub": _binary(torch.sub),
    "Sum": _folding(torch.add),
    "Tanh": _unary(torch.tanh),
    "TopK": _top_k,
    "Where": _where,
    "Xor": _binary(torch.logical_xor),
}
"""By the operator's name."""
