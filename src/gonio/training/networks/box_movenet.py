"""A detector of people on MoveNet's trunk: boxes from maps at three strides; the codec is `BoxGrid`.

With MultiPose's trunk as it is (``optim.freeze: [body]``) the head alone learns, in hours on a CPU, and the file shares
its weights with MultiPose's.

Source:
    Z. Tian et al., "FCOS", ICCV 2019 (distances to four sides from every cell); S. Liu et al., "Path Aggregation
    Network for Instance Segmentation", CVPR 2018 (down and up again between the maps).
"""

import math
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from gonio.codecs import BoxGrid
from gonio.codecs.box_grid import STRIDES, name_of
from gonio.errors import ConfigError
from gonio.training.networks.base import SplitNetwork
from gonio.training.networks.layers import ConvBlock
from gonio.training.networks.movenet import SIZES, MoveNet, MoveNetBlock, MoveNetTrunk

_TAPS = (5, 12, 16)  # the last blocks at strides 8, 16 and 32
_PRIOR = 0.01  # what every cell's score is before training, as in RetinaNet (ICCV 2017, section 4.1)
_WIDEST = 6.0  # the logarithm of a distance in cells stays within this
_LEAST_MULTIPLE = 32


class BoxMoveNet(SplitNetwork):
    """Trunk, pyramid, and on each level of it a head of its own."""

    front_parts: ClassVar[tuple[str, ...]] = ("body",)

    def __init__(
        self,
        size: str = "multipose",
        *,
        n_keypoints: int = 17,
        input_hw: tuple[int, int] = (320, 320),
        width: int = 96,
        pretrained: bool = False,
    ) -> None:
        """Make a network with random weights, or with the package's MoveNet weights in its trunk.

        Args:
            size: A key of `gonio.training.networks.movenet.SIZES`, whose trunk it has.
            n_keypoints: How many missing keypoints its people have.
            input_hw: The input size that it is made for, multiples of 32 px; others work too.
            width: Channels of pyramid and heads.
            pretrained: Start from the weights of this size that the package carries.

        Raises:
            ConfigError: If there is no such size, or the input size is not a multiple of 32.
            WeightsError: If the weights are missing or damaged.
        """
        super().__init__()
        if size not in SIZES:
            raise ConfigError(f"no size named {size!r}; there are {', '.join(SIZES)}")
        if input_hw[0] % _LEAST_MULTIPLE or input_hw[1] % _LEAST_MULTIPLE:
            raise ConfigError(f"input_hw is {input_hw}; both must be multiples of {_LEAST_MULTIPLE} px")
        self.size, self.input_hw, self.codec = size, input_hw, BoxGrid(n_keypoints)
        self.body = MoveNetTrunk(SIZES[size])
        if pretrained:
            self.body.load_state_dict(MoveNet.pretrained(size).body.state_dict(), strict=False)
        self.pyramid = Pyramid([cast("MoveNetBlock", self.body.blocks[tap]).outputs for tap in _TAPS], width)
        self.heads = nn.ModuleList(BoxHead(width, stride) for stride in STRIDES)

    def front(self, image: Tensor) -> dict[str, Tensor]:
        """``(B, 3, h, w)`` → the trunk's three maps, the finest first, by their blocks."""
        maps = self.body.maps(image, _TAPS)[: len(_TAPS)]
        return {f"block{tap}": one for tap, one in zip(_TAPS, maps, strict=True)}

    def rest(self, maps: dict[str, Tensor]) -> dict[str, Tensor]:
        """The trunk's maps → the outputs of `BoxGrid`, each ``(B, 5, h / s, w / s)``."""
        levels = self.pyramid([maps[f"block{tap}"] for tap in _TAPS])
        return {name_of(stride): head(level) for stride, head, level in zip(STRIDES, self.heads, levels, strict=True)}


class Pyramid(nn.Module):
    """The trunk's maps, each told what the others know: down to the finest, and up again."""

    def __init__(self, inputs: list[int], width: int) -> None:
        """Take the channels of the three maps, the finest first."""
        super().__init__()
        self.laterals = nn.ModuleList(_block(channels, width) for channels in inputs)
        self.down = nn.ModuleList(_separable(width) for _ in inputs[1:])
        self.up = nn.ModuleList(_separable(width) for _ in inputs[1:])

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Three maps, the finest first → three of the same sizes."""
        fine, middle, coarse = (lateral(one) for lateral, one in zip(self.laterals, maps, strict=True))
        middle = self.down[0](middle + functional.interpolate(coarse, scale_factor=2.0, mode="nearest"))
        fine = self.down[1](fine + functional.interpolate(middle, scale_factor=2.0, mode="nearest"))
        middle = self.up[0](middle + functional.max_pool2d(fine, 2))
        coarse = self.up[1](coarse + functional.max_pool2d(middle, 2))
        return [fine, middle, coarse]


class BoxHead(nn.Module):
    """Score, and distances to the four sides, of every cell of a map."""

    def __init__(self, width: int, stride: int) -> None:
        """Make the layers; scores start low everywhere."""
        super().__init__()
        self.stride = stride
        self.mix = nn.Sequential(_separable(width), _separable(width))
        self.score = nn.Conv2d(width, 1, 1)
        self.sides = nn.Conv2d(width, 4, 1)
        nn.init.constant_(cast("Tensor", self.score.bias), math.log(_PRIOR / (1 - _PRIOR)))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, h, w)`` → ``(B, 5, h, w)``."""
        x = self.mix(x)
        sides = self.sides(x).clamp(-_WIDEST, _WIDEST).exp() * self.stride
        return torch.cat([torch.sigmoid(self.score(x)), sides], dim=1)


def _block(inputs: int, outputs: int, *, kernel: int = 1, groups: int = 1) -> ConvBlock:
    """Convolution, norm and hard swish."""
    block = ConvBlock(inputs, outputs, kernel=kernel, groups=groups, relu=False)
    block.activation = nn.Hardswish()
    return block


def _separable(width: int) -> nn.Sequential:
    return nn.Sequential(_block(width, width, kernel=5, groups=width), _block(width, width))
