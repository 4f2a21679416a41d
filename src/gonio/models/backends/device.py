"""Where a network runs: a kind of device, and which of several."""

from dataclasses import dataclass
from typing import Literal, get_args

from gonio.errors import ConfigError

Precision = Literal["float32", "bfloat16", "float16"]
"""In which numbers a network computes; how its weights are stored is another matter."""
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


@dataclass(frozen=True, slots=True)
class Device:
    """A device as ``device=`` names it.

    Attributes:
        kind: ``cpu``, ``cuda``, ``tensorrt``, ``directml``, ``coreml``, ``gpu``, ``npu`` or ``auto``.
        index: Which of several, from 0; None: not said.
    """

    kind: str
    index: int | None = None

    def __str__(self) -> str:
        return self.kind if self.index is None else f"{self.kind}:{self.index}"


KINDS = ("cpu", "cuda", "tensorrt", "directml", "coreml", "gpu", "npu", "auto")
"""All that ``device=`` takes; some may be followed by a number, as ``cuda:1``."""
_SEVERAL = ("cuda", "tensorrt", "directml", "gpu")


def parse_device(text: str) -> Device:
    """The device of this name.

    Raises:
        ConfigError: If there is none.

    Example:
        >>> parse_device("cuda:1")
        Device(kind='cuda', index=1)
    """
    kind, colon, index = text.lower().partition(":")
    if kind not in KINDS or (colon and not (kind in _SEVERAL and index.isascii() and index.isdecimal())):
        several = ", ".join(f"{one}:1" for one in _SEVERAL)
        raise ConfigError(f"no device named {text!r}; give one of {', '.join(KINDS)}, or of several one: {several}")
    return Device(kind, int(index) if colon else None)
