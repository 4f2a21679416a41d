"""Compact top-down network: one person's crop in, heatmaps or SimCC lines out; the codec is `Heatmap` or `SimCC`.

At 256 x 192 all sizes stay below 0.5 GMACs and 4 M parameters (`docs/models/networks.md` has the table).
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from gonio.codecs import Heatmap, SimCC
from gonio.errors import ConfigError
from gonio.training.networks.base import PoseNetwork
from gonio.training.networks.layers import ConvBlock
from gonio.training.networks.trunk import Neck, Trunk, TrunkSize, start

Head = Literal["heatmap", "simcc"]


@dataclass(frozen=True, slots=True)
class TopDownSize:
    """How wide and deep the network is.

    Attributes:
        trunk: See there.
        neck: Channels after each step up, at strides 16, 8 and 4; the SimCC head stops at stride 16.
        hidden: Numbers per keypoint between the SimCC head's two layers.
    """

    trunk: TrunkSize
    neck: tuple[int, int, int]
    hidden: int


SIZES = {
    "s": TopDownSize(TrunkSize(24, (32, 64, 96, 192), (2, 3, 4, 3)), neck=(96, 64, 48), hidden=192),
    "m": TopDownSize(TrunkSize(32, (32, 80, 128, 256), (2, 3, 6, 4)), neck=(128, 64, 48), hidden=256),
}


class TopDownCnn(PoseNetwork):
    """Trunk, neck and head."""

    def __init__(
        self,
        size: str = "s",
        *,
        n_keypoints: int = 17,
        head: Head = "heatmap",
        input_hw: tuple[int, int] = (256, 192),
    ) -> None:
        """Make a network with random weights.

        Args:
            size: A key of `SIZES`.
            n_keypoints: K.
            head: ``"heatmap"``: ``(B, K, h / 4, w / 4)``, of any input size. ``"simcc"``: ``(B, K, 2 w)`` and
                ``(B, K, 2 h)`` logits, of this input size only.
            input_hw: Multiples of 32 px.

        Raises:
            ConfigError: If there is no such size or head, or the input size is not a multiple of 32.
        """
        super().__init__()
        if size not in SIZES:
            raise ConfigError(f"no size named {size!r}; there are {', '.join(SIZES)}")
        if input_hw[0] % self.multiple or input_hw[1] % self.multiple:
            raise ConfigError(f"input_hw is {input_hw}; both must be multiples of {self.multiple} px")
        chosen = SIZES[size]
        self.size, self.input_hw = f"{size}-{head}", input_hw
        self.trunk = Trunk(chosen.trunk)
        if head == "heatmap":
            self.codec = Heatmap(n_keypoints)
            self.neck = Neck(chosen.trunk.widths, chosen.neck)
            self.head: nn.Module = HeatmapHead(chosen.neck[-1], n_keypoints)
        elif head == "simcc":
            codec = SimCC(n_keypoints)
            self.codec = codec
            self.neck = Neck(chosen.trunk.widths, chosen.neck[:1])
            cells = input_hw[0] * input_hw[1] // 16**2
            self.head = SimCCHead(chosen.neck[0], n_keypoints, cells, chosen.hidden, codec.bins_xy(input_hw))
        else:
            raise ConfigError(f"no head named {head!r}; there are heatmap, simcc")
        start(self.trunk)
        start(self.neck)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """``(B, 3, h, w)`` → ``heatmap``, or ``simcc_x`` and ``simcc_y``."""
        result: dict[str, Tensor] = self.head(self.neck(self.trunk(image)))
        return result


class HeatmapHead(nn.Module):
    """One 1 x 1 convolution; its maps are trained towards Gaussians of height 1 as they are, without a sigmoid."""

    def __init__(self, channels: int, n_keypoints: int) -> None:
        """Make the layer, quiet at first: maps are almost everywhere zero."""
        super().__init__()
        self.maps = nn.Conv2d(channels, n_keypoints, 1)
        nn.init.normal_(self.maps.weight, std=0.001)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """``(B, C, h, w)`` → ``heatmap``, ``(B, K, h, w)``."""
        return {"heatmap": self.maps(x)}


class SimCCHead(nn.Module):
    """One map per keypoint, read as a vector by two linear layers that all keypoints share."""

    def __init__(self, channels: int, n_keypoints: int, cells: int, hidden: int, bins_xy: tuple[int, int]) -> None:
        """Make the layers for maps of so many cells."""
        super().__init__()
        self.maps = ConvBlock(channels, n_keypoints, kernel=3, relu=False)
        self.mix = nn.Linear(cells, hidden)
        self.x = nn.Linear(hidden, bins_xy[0])
        self.y = nn.Linear(hidden, bins_xy[1])

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """``(B, C, h, w)`` → ``simcc_x``, ``(B, K, bins)``, and ``simcc_y``."""
        hidden = torch.relu(self.mix(self.maps(x).flatten(2)))
        return {"simcc_x": self.x(hidden), "simcc_y": self.y(hidden)}
