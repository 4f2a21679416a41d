"""The convolutional trunk and neck that the compact top-down and one-stage networks share.

Dense re-parameterised 3 x 3 blocks where the maps are large and thin, inverted residuals where they are small and wide.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gonio.training.networks.layers import ConvBlock, InvertedResidual, RepBlock


@dataclass(frozen=True, slots=True)
class TrunkSize:
    """How wide and deep a trunk is.

    Attributes:
        stem: Channels at stride 2.
        widths: Channels at strides 4, 8, 16 and 32.
        depths: Blocks at strides 4, 8, 16 and 32, at least one each.
        expand: Of the inverted residuals.
    """

    stem: int
    widths: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]
    expand: int = 4


class Trunk(nn.Module):
    """Image → maps at strides 4, 8, 16 and 32."""

    def __init__(self, size: TrunkSize) -> None:
        """Make the stem and four stages."""
        super().__init__()
        self.stem = RepBlock(3, size.stem, stride=2)
        stages: list[nn.Module] = []
        inputs = size.stem
        for level, (width, depth) in enumerate(zip(size.widths, size.depths, strict=True)):
            blocks: list[nn.Module] = []
            for i in range(depth):
                stride = 2 if i == 0 else 1
                if level < 2:
                    blocks.append(RepBlock(inputs, width, stride=stride))
                else:
                    blocks.append(InvertedResidual(inputs, width, stride=stride, expand=size.expand))
                inputs = width
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)

    def forward(self, image: Tensor) -> list[Tensor]:
        """``(B, 3, h, w)`` → four maps, the finest first."""
        x = self.stem(image)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


class Neck(nn.Module):
    """Carries what the coarsest map knows back up: project, double, add the finer map, mix.

    Source:
        T.-Y. Lin et al., "Feature Pyramid Networks for Object Detection", CVPR 2017.
    """

    def __init__(self, widths: Sequence[int], channels: Sequence[int]) -> None:
        """Make as many steps up as there are channels.

        Args:
            widths: Of the trunk's maps, the finest first.
            channels: Of the neck after each step up.
        """
        super().__init__()
        self.top = ConvBlock(widths[-1], channels[0], relu=False)
        finer = list(reversed(widths[:-1]))[: len(channels)]
        self.laterals = nn.ModuleList(
            ConvBlock(width, channel, relu=False)
            for width, channel in zip(finer, (channels[0], *channels[:-1]), strict=True)
        )
        self.mixers = nn.ModuleList(
            nn.Sequential(ConvBlock(before, before, kernel=3, groups=before, relu=False), ConvBlock(before, after))
            for before, after in zip((channels[0], *channels[:-1]), channels, strict=True)
        )

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """The trunk's maps → one map, ``(B, channels[-1], ., .)``, of the finest level reached."""
        x = self.top(maps[-1])
        for lateral, mixer, finer in zip(self.laterals, self.mixers, reversed(maps[:-1]), strict=False):
            x = mixer(nn.functional.interpolate(x, scale_factor=2.0, mode="nearest") + lateral(finer))
        return x  # type: ignore[no-any-return]


def start(network: nn.Module) -> None:
    """Initial weights: He's normal for convolutions before ReLU; norms and biases stay at PyTorch's."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                torch.nn.init.zeros_(module.bias)
