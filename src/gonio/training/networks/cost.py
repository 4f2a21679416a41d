"""What a network costs: parameters and multiply-adds."""

import math
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn


@runtime_checkable
class CountsItself(Protocol):
    """A module with multiply-adds beside those of its layers."""

    def own_macs(self, tokens: Tensor) -> int:
        """How many, for this input."""
        ...


def count_parameters(network: nn.Module) -> int:
    """Numbers that training changes."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_macs(network: nn.Module, input_hw: tuple[int, int]) -> int:
    """Multiply-adds of convolutions, linear layers and attention for one input ``(1, 3, h, w)``.

    Activations, additions, resizing and batch norms are not counted, as is the custom. Count the `deployed` network:
    the branches that a block has in training alone would be counted too. A network made under
    ``torch.device("meta")`` is counted without computing anything.
    """
    total = 0

    def hook(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        nonlocal total
        total += _macs(module, inputs[0], output)

    counted = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear, CountsItself))]
    handles = [module.register_forward_hook(hook) for module in counted]
    was_training = network.training
    try:
        with torch.inference_mode():
            network.eval()(torch.zeros(1, 3, *input_hw, device=next(network.parameters()).device))
    finally:
        network.train(was_training)
        for handle in handles:
            handle.remove()
    return total


def _macs(module: nn.Module, x: Tensor, output: Tensor) -> int:
    if isinstance(module, nn.Conv2d):
        per_output = module.in_channels // module.groups * math.prod(module.kernel_size)
        return output.numel() * per_output
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    own: Callable[[Tensor], int] = module.own_macs  # type: ignore[assignment]
    return own(x)
