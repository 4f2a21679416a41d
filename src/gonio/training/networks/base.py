"""What every network here promises, so that training, export and cards need not know which one it is."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from torch import Tensor, nn

from gonio.codecs import BoxGrid, Codec, MultiPersonGrid
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

    @property
    def task(self) -> Literal["top-down", "one-stage", "detector"]:
        """What it is for, as a model card says it: one person's crop, everyone in a picture, or everyone's box."""
        if isinstance(self.codec, BoxGrid):
            return "detector"
        return "one-stage" if isinstance(self.codec, MultiPersonGrid) else "top-down"

    def settle(self, images: Tensor) -> None:
        """Take the statistics of norms that have none yet from inputs ``(B, 3, h, w)`` of the kind to come."""
        if self.unsettled:
            settle(self, images)
        self.unsettled = False

    @abstractmethod
    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Outputs by name, each with a leading batch axis."""


class SplitNetwork(PoseNetwork):
    """A network of two parts: where its front learns nothing, what that makes of a picture need not be made again.

    Attributes:
        front_parts: The modules that the front is made of, by their names; nothing of them is in the rest.
    """

    front_parts: ClassVar[tuple[str, ...]]

    @abstractmethod
    def front(self, image: Tensor) -> dict[str, Tensor]:
        """Inputs as of `forward` → maps by name, each with a leading batch axis."""

    @abstractmethod
    def rest(self, maps: dict[str, Tensor]) -> dict[str, Tensor]:
        """What the front makes → outputs as of `forward`."""

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Both parts."""
        return self.rest(self.front(image))


class Rest(nn.Module):
    """A network whose ``forward`` begins behind its front, for whoever calls nothing else, as several processes do."""

    def __init__(self, network: SplitNetwork) -> None:
        """Take a network; it stays the same module, with the same weights."""
        super().__init__()
        self.network = network

    def forward(self, maps: dict[str, Tensor]) -> dict[str, Tensor]:
        """As `SplitNetwork.rest`."""
        return self.network.rest(maps)
