"""Operators that look at neighbours in a picture: convolutions, pools, padding."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from gonio.onnx_in_torch.operators.node import Node, Operator, numbers
from gonio.onnx_in_torch.operators.resize import grid_sample, resize, upsample

_CONVOLUTIONS: dict[int, Callable[..., Tensor]] = {3: functional.conv1d, 4: functional.conv2d, 5: functional.conv3d}
_TRANSPOSED: dict[int, Callable[..., Tensor]] = {
    3: functional.conv_transpose1d,
    4: functional.conv_transpose2d,
    5: functional.conv_transpose3d,
}
_MAXIMA: dict[int, Callable[..., Tensor]] = {
    3: functional.max_pool1d,
    4: functional.max_pool2d,
    5: functional.max_pool3d,
}
_AVERAGES: dict[int, Callable[..., Tensor]] = {
    3: functional.avg_pool1d,
    4: functional.avg_pool2d,
    5: functional.avg_pool3d,
}


def _convolve(node: Node, x: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
    rank = x.dim() - 2
    stride, dilation = node.get("strides", [1] * rank), node.get("dilations", [1] * rank)
    before, after = _padding(node, x.shape[2:], kernel.shape[2:], stride, dilation)
    if before != after:
        x, before = functional.pad(x, _for_torch(before, after)), [0] * rank
    return _CONVOLUTIONS[x.dim()](x, kernel, bias, stride, before, dilation, node.get("group", 1))


def _convolve_transposed(node: Node, x: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
    rank = x.dim() - 2
    stride, dilation = node.get("strides", [1] * rank), node.get("dilations", [1] * rank)
    extra, group = node.get("output_padding", [0] * rank), node.get("group", 1)
    full = [
        (size - 1) * s + (side - 1) * d + 1 + more
        for size, s, side, d, more in zip(x.shape[2:], stride, kernel.shape[2:], dilation, extra, strict=True)
    ]
    before, after = _cropping(node, x.shape[2:], full, stride)
    if before == after:
        return _TRANSPOSED[x.dim()](x, kernel, bias, stride, before, extra, group, dilation)
    result = _TRANSPOSED[x.dim()](x, kernel, bias, stride, 0, extra, group, dilation)
    for axis, (first, last) in enumerate(zip(before, after, strict=True), start=2):
        result = result.narrow(axis, first, result.shape[axis] - first - last)
    return result


def _cropping(
    node: Node, sizes: Sequence[int], full: Sequence[int], stride: Sequence[int]
) -> tuple[list[int], list[int]]:
    """What a transposed convolution loses before and after, along each axis."""
    auto = node.get("auto_pad", "NOTSET")
    wanted = node.get("output_shape")
    if wanted is None and auto.startswith("SAME"):
        wanted = [size * s for size, s in zip(sizes, stride, strict=True)]
    if wanted is None:
        pads = node.get("pads", [0] * 2 * len(sizes))
        return list(pads[: len(sizes)]), list(pads[len(sizes) :])
    lost = [max(have - want, 0) for have, want in zip(full, wanted[-len(sizes) :], strict=True)]
    less, more = [n // 2 for n in lost], [n - n // 2 for n in lost]
    return (less, more) if auto == "SAME_UPPER" else (more, less)


def _max_pool(node: Node, x: Tensor) -> Tensor:
    if node.n_outputs > 1:
        raise node.refuse("the second output, indices,")
    side, stride, dilation, ceil = _window(node, x)
    before, after = _padding(node, x.shape[2:], side, stride, dilation)
    if before != after or any(2 * pad > n for pad, n in zip(before, side, strict=True)):
        x, before = functional.pad(x, _for_torch(before, after), value=-math.inf), [0] * len(side)
    return _MAXIMA[x.dim()](x, side, stride, before, dilation, ceil)


def _average_pool(node: Node, x: Tensor) -> Tensor:
    side, stride, dilation, ceil = _window(node, x)
    if any(step != 1 for step in dilation):
        raise node.refuse("a dilation")
    before, after = _padding(node, x.shape[2:], side, stride, dilation)
    with_border = bool(node.get("count_include_pad", 0))
    pool = _AVERAGES[x.dim()]
    if before == after and all(2 * pad <= n for pad, n in zip(before, side, strict=True)):
        return pool(x, side, stride, before, ceil, with_border)
    border = _for_torch(before, after)
    means = pool(functional.pad(x, border), side, stride, 0, ceil, True)
    if with_border:
        return means
    return means / pool(functional.pad(torch.ones_like(x[:1, :1]), border), side, stride, 0, ceil, True)


def _window(node: Node, x: Tensor) -> tuple[list[int], list[int], list[int], bool]:
    """Sides, strides, dilations of a pool, and whether its last window may be partly outside."""
    ones = [1] * (x.dim() - 2)
    ceil = bool(node.get("ceil_mode", 0))
    return node.get("kernel_shape"), node.get("strides", ones), node.get("dilations", ones), ceil


def _padding(
    node: Node, sizes: Sequence[int], side: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[list[int], list[int]]:
    """What is added before and after, along each axis."""
    auto = node.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        missing = [
            max((-(-size // s) - 1) * s + (n - 1) * d + 1 - size, 0)
            for size, n, s, d in zip(sizes, side, stride, dilation, strict=True)
        ]
        less, more = [n // 2 for n in missing], [n - n // 2 for n in missing]
        return (less, more) if auto == "SAME_UPPER" else (more, less)
    pads = node.get("pads", [0] * 2 * len(sizes)) if auto == "NOTSET" else [0] * 2 * len(sizes)
    return list(pads[: len(sizes)]), list(pads[len(sizes) :])


def _for_torch(before: Sequence[int], after: Sequence[int]) -> list[int]:
    """The order of `functional.pad`: the last axis first."""
    return [pad for pair in zip(reversed(before), reversed(after), strict=True) for pad in pair]


def _pad(
    node: Node, x: Tensor, pads: Tensor | None = None, value: Tensor | None = None, axes: Tensor | None = None
) -> Tensor:
    amounts = node.get("pads") if pads is None else numbers(pads)
    chosen = list(range(x.dim())) if axes is None else [axis % x.dim() for axis in numbers(axes)]
    before, after = [0] * x.dim(), [0] * x.dim()
    for axis, first, last in zip(chosen, amounts[: len(chosen)], amounts[len(chosen) :], strict=True):
        before[axis], after[axis] = first, last
    mode = node.get("mode", "constant")
    if mode == "constant":
        fill: Any = node.get("value", 0.0) if value is None else value.item()
        return functional.pad(x, _for_torch(before, after), value=fill)
    for axis, (first, last) in enumerate(zip(before, after, strict=True)):
        if first or last:
            x = x.index_select(axis, _beyond(node, mode, x.shape[axis], first, last).to(x.device))
    return x


def _beyond(node: Node, mode: str, size: int, before: int, after: int) -> Tensor:
    """Which place each place of a padded axis shows."""
    places = torch.arange(-before, size + after)
    if mode == "edge":
        return places.clamp(0, size - 1)
    if mode == "wrap":
        return places % size
    if mode == "reflect":
        period = max(2 * (size - 1), 1)
        places = places % period
        return torch.minimum(places, period - places)
    raise node.refuse(f"the mode {mode!r}")


def _global(function: Callable[..., Tensor]) -> Operator:
    return lambda _, x: function(x, dim=list(range(2, x.dim())), keepdim=True)


SPATIAL: dict[str, Operator] = {
    "AveragePool": _average_pool,
    "Conv": _convolve,
    "ConvTranspose": _convolve_transposed,
    "GlobalAveragePool": _global(torch.mean),
    "GlobalMaxPool": _global(torch.amax),
    "GridSample": grid_sample,
    "MaxPool": _max_pool,
    "Pad": _pad,
    "Resize": resize,
    "Upsample": upsample,
}
"""By the operator's name."""
