"""The seam between Gonio and a runtime."""

from typing import Protocol

from gonio.arrays import FloatArray
from gonio.codecs import Outputs


class Backend(Protocol):
    """A loaded network. ``run`` may be called from several threads at once."""

    @property
    def description(self) -> str:
        """Runtime, version, device and threads, for people to read."""
        ...

    @property
    def output_channels(self) -> dict[str, int | None]:
        """The network's outputs with their sizes along axis 1; None where the file leaves it open."""
        ...

    def run(self, batch: FloatArray) -> Outputs:
        """Outputs for ``(B, 3, h, w)`` float32, already normalised; in what form the file wants it is its affair."""
        ...
