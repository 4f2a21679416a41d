"""One-stage network: everyone in a picture in one pass, by their centres; the codec is `MultiPersonGrid`.

It is also the detector of the top-down path: proposals are boxes with scores, and this gives both. Train its score maps
with the focal loss of the source: under a plain squared error they collapsed to zero, as MoveNet's did.

Source:
    X. Zhou, D. Wang, P. Krähenbühl, "Objects as Points", 2019, arXiv:1904.07850.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gonio.codecs import MultiPersonGrid
from gonio.errors import ConfigError
from gonio.training.networks.base import PoseNetwork
from gonio.training.networks.layers import ConvBlock
from gonio.training.networks.trunk import Neck, Trunk, TrunkSize, start

_PRIOR = 0.1  # what the centre map and heatmaps say everywhere before training, as in the source


@dataclass(frozen=True, slots=True)
class OneStageSize:
    """How wide and deep the network is.

    Attributes:
        trunk: See there.
        neck: Channels after each step up, at strides 16, 8 and 4.
        hidden: Channels between the neck and the outputs.
    """

    trunk: TrunkSize
    neck: tuple[int, int, int]
    hidden: int


SIZES = {
    "n": OneStageSize(TrunkSize(16, (32, 48, 96, 160), (1, 2, 3, 3)), neck=(96, 48, 32), hidden=64),
    "s": OneStageSize(TrunkSize(24, (32, 64, 128, 224), (1, 3, 4, 4)), neck=(128, 64, 48), hidden=96),
}


class OneStage(PoseNetwork):
    """Trunk, neck, and all outputs from one convolution at stride 4."""

    def __init__(self, size: str = "s", *, n_keypoints: int = 17, input_hw: tuple[int, int] = (320, 320)) -> None:
        """Make a network with random weights.

        Args:
            size: A key of `SIZES`.
            n_keypoints: K.
            input_hw: The input size that it is made for, multiples of 32 px; others work too.

        Raises:
            ConfigError: If there is no such size, or the input size is not a multiple of 32.
        """
        super().__init__()
        if size not in SIZES:
            raise ConfigError(f"no size named {size!r}; there are {', '.join(SIZES)}")
        if input_hw[0] % self.multiple or input_hw[1] % self.multiple:
            raise ConfigError(f"input_hw is {input_hw}; both must be multiples of {self.multiple} px")
        chosen = SIZES[size]
        self.size, self.input_hw, self.codec = size, input_hw, MultiPersonGrid(n_keypoints)
        self.channels = dict(self.codec.output_channels)
        self.trunk = Trunk(chosen.trunk)
        self.neck = Neck(chosen.trunk.widths, chosen.neck)
        self.mix = nn.Sequential(
            ConvBlock(chosen.neck[-1], chosen.neck[-1], kernel=3, groups=chosen.neck[-1], relu=False),
            ConvBlock(chosen.neck[-1], chosen.hidden),
        )
        for part in (self.trunk, self.neck, self.mix):
            start(part)
        self.outputs = nn.Conv2d(chosen.hidden, sum(self.channels.values()), 1)
        self._start_outputs(n_scores=1 + n_keypoints)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """``(B, 3, h, w)`` → the six outputs of `MultiPersonGrid`, each ``(B, C, h / 4, w / 4)``."""
        fields = self.outputs(self.mix(self.neck(self.trunk(image))))
        parts = torch.split(fields, list(self.channels.values()), dim=1)
        return {
            name: torch.sigmoid(part) if name in ("center", "heatmap") else part
            for name, part in zip(self.channels, parts, strict=True)
        }

    def _start_outputs(self, *, n_scores: int) -> None:
        """Scores first, in the order of the codec: they start at the prior, regressions at zero."""
        nn.init.normal_(self.outputs.weight, std=0.001)
        bias = torch.zeros(self.outputs.out_channels)
        bias[:n_scores] = math.log(_PRIOR / (1 - _PRIOR))
        self.outputs.bias = nn.Parameter(bias)
