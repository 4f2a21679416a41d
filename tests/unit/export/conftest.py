"""Small networks that are sure of themselves, and what exports them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gonio.arrays import ImageArray
from gonio.export.source import UNKNOWN, ExportSource
from gonio.models.card import ModelCard
from gonio.models.skeleton_spec import SkeletonSpec
from gonio.training.card import make_card
from gonio.training.checkpoint import CheckpointInfo, Crop
from gonio.training.networks import MoveNet, OneStage, PoseNetwork, TopDownCnn, TopDownVit
from gonio.training.recipe import NetworkChoice

HAND = SkeletonSpec(
    name="hand",
    keypoint_names=("wrist", "left_edge", "right_edge"),
    links=((0, 1), (0, 2)),
    flip_indices=(0, 2, 1),
    sigmas=(0.05, 0.08, 0.08),
)
K = 3
MAKERS: dict[str, Callable[[], PoseNetwork]] = {
    "cnn-heatmap": lambda: TopDownCnn("s", n_keypoints=K, input_hw=(64, 96)),
    "cnn-simcc": lambda: TopDownCnn("s", n_keypoints=K, head="simcc", input_hw=(64, 96)),
    "vit": lambda: TopDownVit("t", n_keypoints=K, input_hw=(64, 96)),
    "onestage": lambda: OneStage("n", n_keypoints=K, input_hw=(96, 96)),
    "movenet-single": lambda: MoveNet("lightning", n_keypoints=K),
}
"""Every kind of network in its smallest size."""


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Tests run side by side."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_confident(network: PoseNetwork) -> PoseNetwork:
    """Enlarge the last layer, so that a random network finds keypoints, and mix up the statistics of its norms."""
    random = torch.Generator().manual_seed(5)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.1, generator=random)
            module.running_var.uniform_(0.5, 1.5, generator=random)
    image = torch.randn(2, 3, *network.input_hw, generator=random) / 2
    with torch.no_grad():
        for layer in last_layers(network):
            seen: list[torch.Tensor] = []
            handle = layer.register_forward_hook(lambda _m, _i, output, seen=seen: seen.append(output))
            network.eval()(image)
            handle.remove()
            assert layer.bias is not None
            if isinstance(layer, nn.Linear):
                layer.weight.mul_(3 / seen[0].std())
            else:  # every map by itself: peaks of 3 or 4, far from where a sigmoid is flat
                factor = 1.2 / seen[0].std(dim=(0, 2, 3))
                layer.weight.mul_(factor[:, None, None, None])
                layer.bias.copy_((layer.bias - seen[0].mean(dim=(0, 2, 3))) * factor)
    return network


def last_layers(network: PoseNetwork) -> list[nn.Conv2d | nn.Linear]:
    """The layers whose outputs are the network's."""
    linear = [m for m in network.modules() if isinstance(m, nn.Linear)]
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    if isinstance(network, MoveNet):
        return [head.output for head in network.heads.values()]  # type: ignore[misc]
    return list(linear[-2:]) if isinstance(network, TopDownCnn) and linear else [convolutions[-1]]


def describe(network: PoseNetwork, *, kind: str, size: str, **parameters: object) -> CheckpointInfo:
    one_stage = "box_scale" in network.codec.output_channels
    return CheckpointInfo(
        name="small",
        network=NetworkChoice(kind=kind, size=size, parameters=parameters),
        skeleton=HAND,
        crop=None if one_stage else Crop(margin=1.25, pad_value=0),
        epoch=1,
        step=2,
    )


def source_of(network: PoseNetwork) -> ExportSource:
    card: ModelCard = make_card(network, describe(network, kind="any", size="any"), name="small", weights=UNKNOWN)
    return (
        ExportSource(card, network=network).proposed_by(None)
        if card.task == "top-down"
        else ExportSource(card, network=network)
    )


@pytest.fixture(scope="session")
def sources() -> dict[str, ExportSource]:
    """Of each kind of network one."""
    torch.manual_seed(0)
    return {name: source_of(make_confident(make())) for name, make in MAKERS.items()}


@pytest.fixture(scope="session")
def pictures() -> list[ImageArray]:
    """Two pictures of different shapes."""
    random = np.random.default_rng(1)
    return [random.integers(0, 256, (120, 160, 3), np.uint8), random.integers(0, 256, (150, 100, 3), np.uint8)]


@pytest.fixture(scope="session")
def samples() -> Path:
    folder = Path(__file__).parents[3] / "samples"
    if not folder.is_dir():
        pytest.skip("the sample pictures are not here")
    return folder
