"""Blocks that more than one network is made of, and how they become plain convolutions once trained.

Chosen for CPU runtimes: a dense 3 x 3 convolution or a fat 1 x 1 one keeps the vector units busy, while many thin
operators mostly move memory. Activations are ReLU, which costs nothing and survives eight bits.
"""

import copy
from typing import Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


@runtime_checkable
class Fusable(Protocol):
    """A block that is more in training than it need be afterwards."""

    def fused(self) -> nn.Module:
        """The same function in evaluation mode with fewer operators."""
        ...


def deployed(network: Network) -> Network:
    """A copy in evaluation mode whose batch norms and parallel branches are folded into single convolutions."""
    result = copy.deepcopy(network).eval()
    for parent in list(result.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, Fusable):
                setattr(parent, name, child.fused())
    return result


class ConvBlock(nn.Module):
    """Convolution, batch norm and, unless ``relu`` is False, ReLU."""

    def __init__(
        self, inputs: int, outputs: int, *, kernel: int = 1, stride: int = 1, groups: int = 1, relu: bool = True
    ) -> None:
        """Make the layers; the padding keeps the size at stride 1."""
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.activation: nn.Module = nn.ReLU(inplace=True) if relu else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, h, w)`` → ``(B, C', h / stride, w / stride)``."""
        return self.activation(self.norm(self.convolution(x)))  # type: ignore[no-any-return]

    def fused(self) -> nn.Module:
        """Convolution with bias, and the activation."""
        plain = _with_bias(self.convolution, *folded(self.convolution.weight, self.norm))
        return nn.Sequential(plain, self.activation)


class RepBlock(nn.Module):
    """Dense 3 x 3 convolution with a 1 x 1 and, where the shape stays, an identity branch beside it in training; ReLU.

    Source:
        X. Ding et al., "RepVGG: Making VGG-style ConvNets Great Again", CVPR 2021, section 3.3.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        """Make the branches."""
        super().__init__()
        self.wide = ConvBlock(inputs, outputs, kernel=3, stride=stride, relu=False)
        self.narrow = ConvBlock(inputs, outputs, relu=False)
        self.stride = stride
        self.identity = nn.BatchNorm2d(inputs) if inputs == outputs and stride == 1 else None
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, h, w)`` → ``(B, C', h / stride, w / stride)``."""
        # the narrow branch's stride is taken here: PyTorch 2.13 corrupts memory in the gradient of a strided 1 x 1
        # convolution of three channels, where those lie last, on CPUs
        total = self.wide(x) + self.narrow(x[..., :: self.stride, :: self.stride])
        if self.identity is not None:
            total = total + self.identity(x)
        return self.activation(total)  # type: ignore[no-any-return]

    def fused(self) -> nn.Module:
        """One 3 x 3 convolution with bias, and the activation."""
        kernel, bias = folded(self.wide.convolution.weight, self.wide.norm)
        narrow_kernel, narrow_bias = folded(self.narrow.convolution.weight, self.narrow.norm)
        kernel = kernel + nn.functional.pad(narrow_kernel, (1, 1, 1, 1))
        bias = bias + narrow_bias
        if self.identity is not None:
            unit = nn.functional.pad(torch.eye(len(bias), device=bias.device)[..., None, None], (1, 1, 1, 1))
            identity_kernel, identity_bias = folded(unit, self.identity)
            kernel, bias = kernel + identity_kernel, bias + identity_bias
        return nn.Sequential(_with_bias(self.wide.convolution, kernel, bias), self.activation)


class InvertedResidual(nn.Module):
    """1 x 1 expansion, depthwise 3 x 3, 1 x 1 projection; the input is added where the shape stays.

    Source:
        M. Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, expand: int = 4) -> None:
        """Make the three convolutions."""
        super().__init__()
        inner = inputs * expand
        self.layers = nn.Sequential(
            ConvBlock(inputs, inner),
            ConvBlock(inner, inner, kernel=3, stride=stride, groups=inner),
            ConvBlock(inner, outputs, relu=False),
        )
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, h, w)`` → ``(B, C', h / stride, w / stride)``."""
        result: Tensor = self.layers(x)
        return x + result if self.adds else result


def folded(kernel: Tensor, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Kernel and bias of a convolution that does what this kernel and the norm's running statistics do."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None  # noqa: S101 - these norms always keep statistics; for the type checker
    assert variance is not None  # noqa: S101
    scale = norm.weight / torch.sqrt(variance + norm.eps)
    return kernel * scale[:, None, None, None], norm.bias - mean * scale


def _with_bias(like: nn.Conv2d, kernel: Tensor, bias: Tensor) -> nn.Conv2d:
    plain = copy.deepcopy(like)
    plain.weight = nn.Parameter(kernel.detach().clone())
    plain.bias = nn.Parameter(bias.detach().clone())
    return plain
