"""Pose networks in plain PyTorch, each with its codec; `build_network` makes one by name."""

from collections.abc import Callable
from typing import Any

from gonio.errors import ConfigError
from gonio.training.networks.base import PoseNetwork
from gonio.training.networks.cost import count_macs, count_parameters
from gonio.training.networks.layers import deployed
from gonio.training.networks.movenet import MoveNet
from gonio.training.networks.onestage import OneStage
from gonio.training.networks.topdown_cnn import TopDownCnn
from gonio.training.networks.topdown_movenet import TopDownMoveNet
from gonio.training.networks.topdown_vit import TopDownVit

NETWORKS: dict[str, Callable[..., PoseNetwork]] = {
    "movenet": MoveNet,
    "movenet-pretrained": MoveNet.pretrained,
    "onestage": OneStage,
    "topdown-cnn": TopDownCnn,
    "topdown-movenet": TopDownMoveNet,
    "topdown-vit": TopDownVit,
}
"""What makes a network, by the name that a recipe uses."""


def build_network(kind: str, size: str, *, n_keypoints: int, **parameters: Any) -> PoseNetwork:
    """Make a network by name.

    Args:
        kind: A key of `NETWORKS`.
        size: One of its sizes.
        n_keypoints: K.
        parameters: Whatever else the network takes, as ``head="simcc"`` or ``input_hw=(128, 96)``; lists, as YAML and
            JSON have them, are tuples.

    Raises:
        ConfigError: If there is no such network, size or parameter.

    Example:
        >>> build_network("topdown-cnn", "s", n_keypoints=17, head="simcc").codec.output_channels
        {'simcc_x': 17, 'simcc_y': 17}
    """
    if kind not in NETWORKS:
        raise ConfigError(f"no network named {kind!r}; there are {', '.join(NETWORKS)}")
    ready = {name: tuple(value) if isinstance(value, list) else value for name, value in parameters.items()}
    try:
        return NETWORKS[kind](size, n_keypoints=n_keypoints, **ready)
    except TypeError as error:
        raise ConfigError(f"network {kind!r}: {error}") from error


__all__ = [
    "NETWORKS",
    "MoveNet",
    "OneStage",
    "PoseNetwork",
    "TopDownCnn",
    "TopDownMoveNet",
    "TopDownVit",
    "build_network",
    "count_macs",
    "count_parameters",
    "deployed",
]
