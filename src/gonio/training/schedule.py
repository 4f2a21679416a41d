"""What changes from step to step: the learning rate, and the moving average of the weights."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.swa_utils import AveragedModel

from gonio.errors import ConfigError
from gonio.training.recipe_parts import Optim


def learning_rate(step: int, steps: int, optim: Optim) -> float:
    """Of a step, counted from 0: up in a line, then down along half a cosine.

    Source:
        I. Loshchilov, F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, equation 5.

    Example:
        >>> optim = Optim(lr=1.0, warmup=0.1, final=0.0)
        >>> [round(learning_rate(step, 101, optim), 3) for step in (0, 9, 10, 55, 100)]
        [0.1, 1.0, 1.0, 0.5, 0.0]
    """
    warmup = round(steps * optim.warmup)
    if step < warmup:
        return optim.lr * (step + 1) / warmup
    done = (step - warmup) / max(steps - warmup - 1, 1)
    return optim.lr * (optim.final + (1 - optim.final) * (1 + math.cos(math.pi * min(done, 1.0))) / 2)


def make_optimizer(network: nn.Module, optim: Optim) -> AdamW:
    """AdamW over what is not frozen; only matrices and kernels decay."""
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": optim.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=optim.lr)


def freeze(network: nn.Module, beginnings: Sequence[str]) -> None:
    """Keep the weights of the modules whose names begin so.

    Raises:
        ConfigError: If a beginning names nothing, or everything is frozen.
    """
    names = [name for name, _ in network.named_parameters()]
    for beginning in beginnings:
        if not any(is_part(name, beginning) for name in names):
            parts = ", ".join(name for name, _ in network.named_children())
            raise ConfigError(f"optim.freeze names {beginning!r}, which the network lacks; its parts are {parts}")
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(not any(is_part(name, beginning) for beginning in beginnings))
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise ConfigError("optim.freeze leaves nothing to train; freeze less")


def start_training(network: nn.Module, optim: Optim) -> None:
    """Training mode, but for norms that keep their statistics: all where the recipe says so, and what is frozen."""
    network.train()
    for name, module in network.named_modules():
        fixed = optim.fixed_norms and isinstance(module, nn.BatchNorm2d)
        if fixed or any(is_part(name, beginning) for beginning in optim.freeze):
            module.eval()


def make_average(network: nn.Module, optim: Optim) -> AveragedModel:
    """The moving average of a network's weights and statistics; it moves faster at first, to forget the start soon."""

    def move(average: Any, current: Any, updates: Tensor | int) -> None:
        decay = min(optim.ema, (1 + float(updates)) / (10 + float(updates)))
        if torch.is_floating_point(average[0]):
            torch._foreach_lerp_(average, current, 1 - decay)
        else:
            torch._foreach_copy_(average, current)

    return AveragedModel(network, multi_avg_fn=move, use_buffers=True)


def is_part(name: str, beginning: str) -> bool:
    """Whether a module's name is another's or of something in that."""
    return name == beginning or name.startswith(f"{beginning}.")
