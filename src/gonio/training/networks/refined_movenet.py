"""MoveNet's own maps, corrected by a pyramid that sees the whole person: one head of heatmaps on a body that stays.

MoveNet asks every cell on its own, from 24 channels, which keypoint of anybody is there, and sorts people out
afterwards. Here maps of four strides, each told what the coarser ones know, say what is to be added to the logits of
its maps: who is meant, what is hidden, where exactly. With body and own heads as they are (``optim.freeze: [body,
own]``) the pyramid alone learns, on a CPU, and the file shares all other weights with MoveNet's.

Source:
    A. Newell et al., "Stacked Hourglass Networks for Human Pose Estimation", ECCV 2016 (maps refined by a second look
    at features and maps); T.-Y. Lin et al., "Feature Pyramid Networks for Object Detection", CVPR 2017.
"""

import itertools
import math
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from gonio.codecs import Heatmap
from gonio.errors import ConfigError
from gonio.training.networks.base import SplitNetwork
from gonio.training.networks.layers import ConvBlock
from gonio.training.networks.movenet import OWN_KEYPOINTS, SIZES, MoveNet, MoveNetBlock

_TOP_DOWN_SIZES = [name for name, size in SIZES.items() if not size.many]
_TAPS = (16, 12, 5)  # the last blocks at strides 32, 16 and 8
_OWN = ("heatmap", "center")
_PRIOR = 0.1  # what new maps say everywhere before training
_STEEPEST = 8.0  # the logits of own maps are read within this


class RefinedMoveNet(SplitNetwork):
    """Body, two of its own heads, and the pyramid."""

    front_parts: ClassVar[tuple[str, ...]] = ("body", "own")

    def __init__(
        self,
        size: str = "thunder",
        *,
        n_keypoints: int = OWN_KEYPOINTS,
        input_hw: tuple[int, int] = (256, 192),
        width: int = 48,
        pretrained: bool = False,
    ) -> None:
        """Make a network with random weights, or with the package's MoveNet weights in body and own heads.

        Args:
            size: ``"lightning"`` or ``"thunder"``.
            n_keypoints: K; with another number than 17 the maps are the pyramid's alone.
            input_hw: Multiples of 32 px.
            width: Channels of the pyramid at stride 4; more at the coarser ones.
            pretrained: Start from the weights of this size that the package carries.

        Raises:
            ConfigError: If there is no such size, or the input size is not a multiple of 32.
            WeightsError: If the weights are missing or damaged.
        """
        super().__init__()
        if size not in _TOP_DOWN_SIZES:
            raise ConfigError(f"no size named {size!r}; there are {', '.join(_TOP_DOWN_SIZES)}")
        if input_hw[0] % self.multiple or input_hw[1] % self.multiple:
            raise ConfigError(f"input_hw is {input_hw}; both must be multiples of {self.multiple} px")
        whole = (MoveNet.pretrained if pretrained else MoveNet)(size)
        self.size, self.input_hw, self.codec = size, input_hw, Heatmap(n_keypoints)
        self.body = whole.body
        self.own = nn.ModuleDict({name: whole.heads[name] for name in _OWN})
        blocks = [cast("MoveNetBlock", self.body.blocks[tap]).outputs for tap in _TAPS]
        self.pyramid = Pyramid([*blocks, self.body.channels + OWN_KEYPOINTS + 1], width)
        self.maps = nn.Conv2d(width, n_keypoints, 1)
        self.adds = n_keypoints == OWN_KEYPOINTS
        nn.init.normal_(self.maps.weight, std=0.001)  # so it begins as MoveNet
        start = 0.0 if self.adds else math.log(_PRIOR / (1 - _PRIOR))
        self.maps.bias = nn.Parameter(torch.full((n_keypoints,), start))

    def front(self, image: Tensor) -> dict[str, Tensor]:
        """``(B, 3, h, w)`` → three maps of the body by their blocks; ``own``, its finest and its heads' logits."""
        top, *tapped = self.body.with_maps(image, _TAPS)
        own = [self.own[name](top) for name in _OWN]
        return {f"block{tap}": one for tap, one in zip(_TAPS, tapped, strict=True)} | {"own": torch.cat([top, *own], 1)}

    def rest(self, maps: dict[str, Tensor]) -> dict[str, Tensor]:
        """The front's maps → ``heatmap``, ``(B, K, h / 4, w / 4)`` in [0, 1]."""
        features, logits, center = torch.split(maps["own"], [self.body.channels, OWN_KEYPOINTS, 1], 1)
        near = torch.cat([logits, center], 1).clamp(-_STEEPEST, _STEEPEST)
        finest = torch.cat([features, near], 1)
        result = self.maps(self.pyramid([*(maps[f"block{tap}"] for tap in _TAPS), finest]))
        return {"heatmap": torch.sigmoid(result + logits if self.adds else result)}


class Pyramid(nn.Module):
    """From the coarsest map to the finest: look around, double, add the finer one."""

    def __init__(self, inputs: list[int], width: int) -> None:
        """Take the channels of four maps, the coarsest first, and those of the result."""
        super().__init__()
        widths = [8 * width // 3, 2 * width, 4 * width // 3, width]
        self.laterals = nn.ModuleList(_block(given, wide) for given, wide in zip(inputs, widths, strict=True))
        self.looks = nn.ModuleList(
            nn.Sequential(*[Look(wide) for _ in range(depth)]) for wide, depth in zip(widths, (2, 3, 2, 2), strict=True)
        )
        self.steps = nn.ModuleList(_block(wide, next_) for wide, next_ in itertools.pairwise(widths))

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Four maps, the coarsest first → ``(B, width, h, w)`` of the finest's size."""
        x = self.looks[0](self.laterals[0](maps[0]))
        for lateral, look, step, one in zip(self.laterals[1:], self.looks[1:], self.steps, maps[1:], strict=True):
            x = look(lateral(one) + functional.interpolate(step(x), scale_factor=2.0, mode="nearest"))
        return x  # type: ignore[no-any-return]


class Look(nn.Module):
    """A separable convolution over 5 x 5 cells, added to what it looks at."""

    def __init__(self, width: int) -> None:
        """Make the layers."""
        super().__init__()
        self.layers = nn.Sequential(_block(width, width, kernel=5, groups=width), _block(width, width))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, h, w)`` → the same shape."""
        return x + self.layers(x)  # type: ignore[no-any-return]


def _block(inputs: int, outputs: int, *, kernel: int = 1, groups: int = 1) -> ConvBlock:
    """Convolution, norm and hard swish."""
    block = ConvBlock(inputs, outputs, kernel=kernel, groups=groups, relu=False)
    block.activation = nn.Hardswish()
    return block
