"""Batch norms for a network whose own were folded into its convolutions, so that it can be trained on.

Folded weights differ by orders of magnitude from channel to channel, and an optimizer that moves all of them equally
far destroys in a few steps what they knew. Here every convolution's output is normalised again, by statistics of real
pictures, and scaled back by parameters of its own: the same function at first, and one that trains as any other.
"""

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gonio.training.networks.layers import folded


class NormedConv(nn.Module):
    """A convolution with a batch norm behind it that changes nothing until it is trained.

    Attributes:
        settling: The next forward passes take their statistics and keep their function.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        """Take a convolution; its bias becomes the norm's."""
        super().__init__()
        self.convolution = convolution
        self.norm = nn.BatchNorm2d(convolution.out_channels)
        if convolution.bias is not None:
            self.norm.bias.data.copy_(convolution.bias.data)
            convolution.bias = None
        self.settling = False

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, h, w)`` → ``(B, C', h', w')``."""
        if self.settling:
            return self._settled(self.convolution(x))
        result: Tensor
        if self.norm.training:
            result = self.norm(self.convolution(x))
        else:  # the kernel is scaled, which is small, instead of what comes out; the gradients are the same
            kernel, bias = folded(self.convolution.weight, self.norm)
            result = functional_call(self.convolution, {"weight": kernel, "bias": bias}, (x,))
        return result

    def fused(self) -> nn.Module:
        """One convolution with a bias."""
        kernel, bias = folded(self.convolution.weight, self.norm)
        self.convolution.weight = nn.Parameter(kernel.detach().clone())
        self.convolution.bias = nn.Parameter(bias.detach().clone())
        return self.convolution

    def _settled(self, y: Tensor) -> Tensor:
        """Kernels of length 1, statistics of this output, and parameters that undo both; the output as before."""
        norm, kernel = self.norm, self.convolution.weight.data
        length = kernel.flatten(1).norm(dim=1).clamp(min=1e-8)
        variance, mean = torch.var_mean(y / length[:, None, None], dim=(0, 2, 3), correction=0)
        result = y + norm.bias.data[:, None, None]
        kernel /= length[:, None, None, None]
        norm.running_mean = mean
        norm.running_var = variance
        norm.weight.data = length * torch.sqrt(variance + norm.eps)
        norm.bias.data = norm.bias.data + mean * length
        return result


def unfold(module: nn.Module, *, keep: str | None = None) -> None:
    """Put a `NormedConv` in the place of every convolution inside, but for the child of that name."""
    for name, child in list(module.named_children()):
        if name == keep:
            continue
        if isinstance(child, nn.Conv2d):
            setattr(module, name, NormedConv(child))
        elif not isinstance(child, NormedConv):
            unfold(child)


@torch.no_grad()
def settle(network: nn.Module, images: Tensor) -> None:
    """Take the statistics of all `NormedConv` from these inputs; the function in evaluation mode stays.

    Args:
        network: With weights that mean something.
        images: ``(B, 3, h, w)``, as the network takes them; a hundred or so of what it will be trained on.
    """
    normed = [module for module in network.modules() if isinstance(module, NormedConv)]
    for module in normed:
        module.settling = True
    try:
        network(images)
    finally:
        for module in normed:
            module.settling = False
