"""Top-down Transformer in ViTPose's manner: plain blocks over 16 px patches, a light decoder; the codec is `Heatmap`.

Source:
    Y. Xu, J. Zhang, Q. Zhang, D. Tao, "ViTPose: Simple Vision Transformer Baselines for Human Pose Estimation",
    NeurIPS 2022 (the simple decoder); A. Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gonio.codecs import Heatmap
from gonio.errors import ConfigError
from gonio.training.networks.base import PoseNetwork

_PATCH = 16  # px


@dataclass(frozen=True, slots=True)
class VitSize:
    """How wide and deep the network is.

    Attributes:
        width: Numbers per token.
        depth: Blocks.
        heads: Of the attention; they divide the width.
    """

    width: int
    depth: int
    heads: int


SIZES = {"t": VitSize(192, 8, 3), "s": VitSize(384, 12, 6)}


class TopDownVit(PoseNetwork):
    """Patches, blocks, and a decoder of one 3 x 3 convolution on fourfold enlarged maps."""

    def __init__(self, size: str = "t", *, n_keypoints: int = 17, input_hw: tuple[int, int] = (256, 192)) -> None:
        """Make a network with random weights.

        Args:
            size: A key of `SIZES`.
            n_keypoints: K.
            input_hw: The input size whose positions it learns; at others the positions are interpolated.

        Raises:
            ConfigError: If there is no such size, or the input size is not a multiple of 32.
        """
        super().__init__()
        if size not in SIZES:
            raise ConfigError(f"no size named {size!r}; there are {', '.join(SIZES)}")
        if input_hw[0] % self.multiple or input_hw[1] % self.multiple:
            raise ConfigError(f"input_hw is {input_hw}; both must be multiples of {self.multiple} px")
        chosen = SIZES[size]
        self.size, self.input_hw, self.codec = size, input_hw, Heatmap(n_keypoints)
        self.patches = nn.Conv2d(3, chosen.width, _PATCH, stride=_PATCH)
        self.positions = nn.Parameter(torch.zeros(1, chosen.width, input_hw[0] // _PATCH, input_hw[1] // _PATCH))
        self.blocks = nn.Sequential(*(Block(chosen.width, chosen.heads) for _ in range(chosen.depth)))
        self.norm = nn.LayerNorm(chosen.width)
        self.maps = nn.Conv2d(chosen.width, n_keypoints, 3, padding=1)
        nn.init.trunc_normal_(self.positions, std=0.02)
        nn.init.normal_(self.maps.weight, std=0.001)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """``(B, 3, h, w)`` → ``heatmap``, ``(B, K, h / 4, w / 4)``."""
        x = self.patches(image)
        height, width = x.shape[-2:]
        x = x + self._positions_at(height, width)
        x = self.norm(self.blocks(x.flatten(2).transpose(1, 2)))
        x = x.transpose(1, 2).unflatten(2, (height, width))
        x = nn.functional.interpolate(x, scale_factor=4.0, mode="bilinear", align_corners=False)
        return {"heatmap": self.maps(torch.relu(x))}

    def _positions_at(self, height: int, width: int) -> Tensor:
        if (height, width) == tuple(self.positions.shape[-2:]):
            return self.positions
        return nn.functional.interpolate(self.positions, (height, width), mode="bicubic", align_corners=False)


class Block(nn.Module):
    """Attention, then two linear layers, each behind a norm and beside an identity."""

    def __init__(self, width: int, heads: int) -> None:
        """Make the layers."""
        super().__init__()
        self.before_attention = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.before_linear = nn.LayerNorm(width)
        self.linear = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, tokens, width)`` → the same."""
        x = x + self.attention(self.before_attention(x))
        return x + self.linear(self.before_linear(x))  # type: ignore[no-any-return]


class Attention(nn.Module):
    """Every token asks every other."""

    def __init__(self, width: int, heads: int) -> None:
        """Make the layers."""
        super().__init__()
        self.heads = heads
        self.questions_keys_values = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, tokens, width)`` → the same."""
        parts = self.questions_keys_values(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2])
        return self.out(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    def own_macs(self, tokens: Tensor) -> int:
        """Multiply-adds of the two products of tokens by tokens, which are no layers."""
        batch, n, width = tokens.shape
        return 2 * batch * n * n * width
