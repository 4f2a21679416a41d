"""Pose networks in plain PyTorch, each with its codec; `build_network` makes one by name."""

from collections.abc import Callable
from inspect import signature
from typing import Any

from gonio.errors import ConfigError, did_you_mean
from gonio.training.networks.base import PoseNetwork, Rest, SplitNetwork
from gonio.training.networks.box_movenet import BoxMoveNet
from gonio.training.networks.cost import count_macs, count_parameters
from gonio.training.networks.layers import deployed
from gonio.training.networks.movenet import MoveNet
from gonio.training.networks.onestage import OneStage
from gonio.training.networks.refined_movenet import RefinedMoveNet
from gonio.training.networks.topdown_cnn import TopDownCnn
from gonio.training.networks.topdown_movenet import TopDownMoveNet
from gonio.training.networks.topdown_vit import TopDownVit

NETWORKS: dict[str, Callable[..., PoseNetwork]] = {
    "box-movenet": BoxMoveNet,
    "movenet": MoveNet,
    "movenet-pretrained": MoveNet.pretrained,
    "onestage": OneStage,
    "refined-movenet": RefinedMoveNet,
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
    known = [name for name in signature(NETWORKS[kind]).parameters if name not in ("size", "n_keypoints")]
    if unknown := [name for name in ready if name not in known]:
        hint = did_you_mean(unknown[0], known)
        raise ConfigError(
            f"network {kind!r} has no parameter {unknown[0]!r}; {hint}it takes {', '.join(known) or 'none'}"
        )
    if (hw := ready.get("input_hw")) is not None and not _is_size(hw):
        raise ConfigError(f"input_hw is {hw!r}; give height and width in px, such as [256, 192]")
    try:
        return NETWORKS[kind](size, n_keypoints=n_keypoints, **ready)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"network {kind!r} cannot be made with {ready}: {error}; check network.parameters") from error


def _is_size(value: object) -> bool:
    """Whether it is two positive whole numbers."""
    return isinstance(value, tuple) and len(value) == 2 and all(type(side) is int and side > 0 for side in value)


__all__ = [
    "NETWORKS",
    "BoxMoveNet",
    "MoveNet",
    "OneStage",
    "PoseNetwork",
    "RefinedMoveNet",
    "Rest",
    "SplitNetwork",
    "TopDownCnn",
    "TopDownMoveNet",
    "TopDownVit",
    "build_network",
    "count_macs",
    "count_parameters",
    "deployed",
]
