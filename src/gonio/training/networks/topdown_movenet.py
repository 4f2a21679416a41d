"""MoveNet's body with one head of heatmaps, for the person in the middle of a crop: a warm start for small data.

MoveNet asks its heatmaps, centre map and two regressions together who is who and where; in a crop around one person
the maps alone can answer, a quarter of the heads' work goes, and `Heatmap` reads them below a cell.

Source:
    As `gonio.training.networks.movenet`, whose weights it starts from.
"""

from typing import ClassVar

import torch
from torch import Tensor

from gonio.codecs import Heatmap
from gonio.errors import ConfigError
from gonio.training.networks.base import SplitNetwork
from gonio.training.networks.movenet import SIZES, MoveNet, put_norms_back

_TOP_DOWN_SIZES = [name for name, size in SIZES.items() if not size.many]


class TopDownMoveNet(SplitNetwork):
    """Body, neck and the head of heatmaps."""

    front_parts: ClassVar[tuple[str, ...]] = ("body",)

    def __init__(
        self,
        size: str = "lightning",
        *,
        n_keypoints: int = 17,
        input_hw: tuple[int, int] = (256, 192),
        pretrained: bool = False,
        normed_from: int | None = None,
    ) -> None:
        """Make a network with random weights, or with the package's MoveNet weights.

        Args:
            size: ``"lightning"`` or ``"thunder"``.
            n_keypoints: K; with another number than 17 the last convolution stays random.
            input_hw: Multiples of 32 px.
            pretrained: Start from the weights of this size that the package carries.
            normed_from: As of `gonio.training.networks.movenet.put_norms_back`; None: nowhere.

        Raises:
            ConfigError: If there is no such size, or the input size is not a multiple of 32.
            WeightsError: If the weights are missing or damaged.
        """
        super().__init__()
        if size not in _TOP_DOWN_SIZES:
            raise ConfigError(f"no size named {size!r}; there are {', '.join(_TOP_DOWN_SIZES)}")
        if input_hw[0] % self.multiple or input_hw[1] % self.multiple:
            raise ConfigError(f"input_hw is {input_hw}; both must be multiples of {self.multiple} px")
        make = MoveNet.pretrained if pretrained else MoveNet
        whole = make(size, n_keypoints=n_keypoints)
        self.size, self.input_hw = size, input_hw
        self.codec = Heatmap(n_keypoints)
        self.body, self.head = whole.body, whole.heads["heatmap"]
        self.unsettled = pretrained and normed_from is not None
        if normed_from is not None:
            put_norms_back(self.body, [self.head], from_block=normed_from)

    def front(self, image: Tensor) -> dict[str, Tensor]:
        """``(B, 3, h, w)`` → ``body``, ``(B, 24, h / 4, w / 4)``."""
        return {"body": self.body(image)}

    def rest(self, maps: dict[str, Tensor]) -> dict[str, Tensor]:
        """The body's map → ``heatmap``, ``(B, K, h / 4, w / 4)`` in [0, 1]."""
        return {"heatmap": torch.sigmoid(self.head(maps["body"]))}
