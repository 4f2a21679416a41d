"""What every network here promises, so that training, export and cards need not know which one it is."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from gonio.codecs import Codec
from gonio.training.networks.unfolding import settle


class PoseNetwork(nn.Module, ABC):
    """A network that says what goes in and what its outputs mean.

    ``forward`` takes ``(B, 3, h, w)`` float32 RGB, normalised as ``(pixel - mean) / std`` with pixels 0 to 255, sides
    multiples of ``multiple``, and returns the codec's outputs by name.

    Attributes:
        codec: What the outputs mean.
        input_hw: The input size that it is made for, px.
        mean: Of the normalisation, each channel.
        std: Of the normalisation, each channel.
        multiple: Both sides of the input are multiples of this, px.
        size: The name of the configuration.
        unsettled: Whether `settle` has something to do before the first step.
    """

    mean: ClassVar[float] = 127.5
    std: ClassVar[float] = 127.5
    multiple: ClassVar[int] = 32

    codec: Codec
    input_hw: tuple[int, int]
    size: str
    unsettled: bool = False

    def settle(self, images: Tensor) -> None:
        """Take the statistics of norms that have none yet from inputs ``(B, 3, h, w)`` of the kind to come."""
        if self.unsettled:
            settle(self, images)
        self.unsettled = False

    @abstractmethod
    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Outputs by name, each with a leading batch axis."""
