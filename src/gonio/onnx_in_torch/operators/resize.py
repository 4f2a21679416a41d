"""Operators that sample a picture anew: Resize, Upsample, GridSample."""

from fractions import Fraction
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from gonio.onnx_in_torch.operators.node import Node, axes_of, numbers

_SIMPLE = {"linear": {1: "linear", 2: "bilinear", 3: "trilinear"}, "cubic": {2: "bicubic"}}
_NEAREST = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
_CUBIC = -0.75  # of ONNX and of PyTorch


def resize(
    node: Node, x: Tensor, roi: Tensor | None = None, scales: Tensor | None = None, sizes: Tensor | None = None
) -> Tensor:
    """Resize a picture along any of its axes."""
    if node.opset < 11:  # its second input is the scales, and cells begin at whole places
        return _sampled(node, x, _whole(node, x, roi, None), "asymmetric", "floor")
    given = scales if scales is not None and scales.numel() else None
    transformation = node.get("coordinate_transformation_mode", "half_pixel")
    return _sampled(node, x, _whole(node, x, given, sizes), transformation, node.get("nearest_mode", _NEAREST[0]))


def upsample(node: Node, x: Tensor, scales: Tensor | None = None) -> Tensor:
    """Resize's predecessor, until opset 9."""
    factors = torch.tensor(node.get("scales")) if scales is None else scales
    return _sampled(node, x, _whole(node, x, factors, None), "asymmetric", "floor")


def grid_sample(node: Node, x: Tensor, grid: Tensor) -> Tensor:
    """Values at places that the grid says."""
    asked = node.get("mode", "linear")
    mode = {"linear": "bilinear", "cubic": "bicubic"}.get(asked, asked)
    padding, corners = node.get("padding_mode", "zeros"), bool(node.get("align_corners", 0))
    return functional.grid_sample(x, grid, mode=mode, padding_mode=padding, align_corners=corners)


def _whole(node: Node, x: Tensor, scales: Tensor | None, sizes: Tensor | None) -> list[tuple[int, float]]:
    """Size and scale of every axis after resizing."""
    if node.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise node.refuse("a policy of keeping the aspect")
    axes = axes_of(node, None) or range(x.dim())
    result = [(size, 1.0) for size in x.shape]
    if scales is not None:
        for axis, scale in zip(axes, scales.tolist(), strict=True):
            # a scale is a float32: 1.6 times 10 is 16, though as a float64 it is a hair more or less
            exact = Fraction(scale).limit_denominator(1 << 12)
            near = exact if abs(float(exact) - scale) <= 1e-6 * scale else Fraction(scale)
            result[axis] = int(near * x.shape[axis]), scale
    elif sizes is not None:
        for axis, size in zip(axes, numbers(sizes), strict=True):
            result[axis] = size, size / x.shape[axis]
    else:
        raise node.refuse("neither scales nor sizes")
    return result


def _sampled(node: Node, x: Tensor, target: list[tuple[int, float]], transformation: str, nearest: str) -> Tensor:
    if simple := _interpolated(node, x, target, transformation, nearest):
        return simple[0]
    if node.get("antialias", 0):
        raise node.refuse(f"antialias with {transformation}")
    for axis, (size, scale) in enumerate(target):
        if (size, scale) != (x.shape[axis], 1.0):
            places = _places(node, transformation, x.shape[axis], size, scale)
            x = _along_axis(node, x, axis, places, nearest)
    return x


def _interpolated(
    node: Node, x: Tensor, target: list[tuple[int, float]], transformation: str, nearest: str
) -> list[Tensor] | None:
    """What PyTorch does in one step, where it means the same."""
    mode, rank = node.get("mode", "nearest"), x.dim() - 2
    spatial = [size for size, _ in target[2:]]
    exact = all(abs(size - scale * have) < 1e-4 * size for (size, scale), have in zip(target, x.shape, strict=True))
    if rank < 1 or [size for size, _ in target[:2]] != list(x.shape[:2]) or not exact:
        return None
    if mode == "nearest":
        whole = all(size % have == 0 for size, have in zip(spatial, x.shape[2:], strict=True))
        if whole and transformation == "asymmetric" and nearest == "floor" and rank <= 3:
            return [functional.interpolate(x, spatial, mode="nearest")]
        return None
    name = _SIMPLE.get(mode, {}).get(rank)
    # one place only: its middle with half pixels of PyTorch's old kind, its beginning otherwise
    corners = transformation == "align_corners"
    known = corners or transformation == "half_pixel" or (transformation == "pytorch_half_pixel" and min(spatial) > 1)
    plain = node.get("cubic_coeff_a", _CUBIC) == _CUBIC and not node.get("exclude_outside", 0)
    smooth = bool(node.get("antialias", 0))
    if name is None or not known or not plain or (smooth and (corners or rank != 2)):
        return None
    return [functional.interpolate(x, spatial, mode=name, align_corners=corners, antialias=smooth)]


def _places(node: Node, transformation: str, have: int, size: int, scale: float) -> Tensor:
    """Where in the old axis each place of the new one is; ``(size,)`` float32, in which runtimes round it too."""
    i = torch.arange(size, dtype=torch.float32)
    if transformation == "asymmetric":
        return i / scale
    if transformation == "half_pixel" or (transformation == "pytorch_half_pixel" and size > 1):
        return (i + 0.5) / scale - 0.5
    if transformation == "pytorch_half_pixel":
        return torch.zeros_like(i)
    if transformation == "align_corners":
        return i * ((have - 1) / (size - 1)) if size > 1 else torch.zeros_like(i)
    if transformation == "half_pixel_symmetric":
        middle = have / 2 * (1 - size / (scale * have))
        return middle + (i + 0.5) / scale - 0.5
    raise node.refuse(f"the coordinate transformation {transformation!r}")


def _along_axis(node: Node, x: Tensor, axis: int, places: Tensor, nearest: str) -> Tensor:
    """The values at these places of one axis; beyond the rim, those at the rim."""
    mode = node.get("mode", "nearest")
    size = x.shape[axis]
    if mode == "nearest":
        return x.index_select(axis, _rounded(node, places, nearest).clamp(0, size - 1).to(x.device))
    if mode not in _SIMPLE or node.get("exclude_outside", 0):
        raise node.refuse(f"mode {mode!r}" if mode not in _SIMPLE else "exclude_outside")
    if mode == "linear":
        places = places.clamp(0, size - 1)
    below = places.floor()
    taps = _taps(places - below, mode, node.get("cubic_coeff_a", _CUBIC))
    shape = [1] * x.dim()
    shape[axis] = -1
    total = torch.zeros((), dtype=x.dtype, device=x.device)
    for offset, weight in taps.items():
        found = x.index_select(axis, (below + offset).long().clamp(0, size - 1).to(x.device))
        total = total + found * weight.reshape(shape).to(x.device, x.dtype)
    return total


def _taps(fraction: Tensor, mode: Literal["linear", "cubic"], a: float) -> dict[int, Tensor]:
    """Weights of the neighbours, by their distance from the place below.

    Source:
        R. Keys, "Cubic Convolution Interpolation for Digital Image Processing", IEEE Transactions on Acoustics,
        Speech, and Signal Processing 29, 1981, with ONNX's free parameter.
    """
    t = fraction
    if mode == "linear":
        return {0: 1 - t, 1: t}

    def inner(d: Tensor) -> Tensor:
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def outer(d: Tensor) -> Tensor:
        return ((d - 5) * d + 8) * d * a - 4 * a

    return {-1: outer(t + 1), 0: inner(t), 1: inner(1 - t), 2: outer(2 - t)}


def _rounded(node: Node, places: Tensor, nearest: str) -> Tensor:
    if nearest not in _NEAREST:
        raise node.refuse(f"the nearest_mode {nearest!r}")
    if nearest == "floor":
        return places.floor().long()
    if nearest == "ceil":
        return places.ceil().long()
    half = torch.ceil(places - 0.5) if nearest == "round_prefer_floor" else torch.floor(places + 0.5)
    return half.long()
