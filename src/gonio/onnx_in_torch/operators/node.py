"""What an operator gets to know of its node, and what many of them need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gonio.errors import ModelError

Operator = Callable[..., Any]
"""``operator(node, *inputs)`` → a tensor, or one for each output."""

DTYPES = {
    1: torch.float32,
    2: torch.uint8,
    3: torch.int8,
    4: torch.uint16,
    5: torch.int16,
    6: torch.int32,
    7: torch.int64,
    9: torch.bool,
    10: torch.float16,
    11: torch.float64,
    16: torch.bfloat16,
}
"""By the numbers of ``TensorProto.DataType``."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operator of a graph.

    Attributes:
        kind: Its operator.
        name: Its name in the file, for messages.
        attributes: Numbers, texts, lists of them, and tensors.
        n_outputs: How many results are asked for.
        opset: The version of the operators' definitions.
        file: Where it is from, for messages.
    """

    kind: str
    name: str
    attributes: Mapping[str, Any]
    n_outputs: int
    opset: int
    file: str

    def get(self, attribute: str, default: Any = None) -> Any:
        """The attribute, or the default."""
        return self.attributes.get(attribute, default)

    def refuse(self, what: str) -> ModelError:
        """The error that says what of this operator cannot be done."""
        return ModelError(
            f"'{self.file}': {what} of operator {self.kind} ({self.name!r}) cannot run here; export the network without"
        )


def numbers(value: Tensor) -> list[int]:
    """The whole numbers that a tensor holds."""
    return [int(number) for number in value.reshape(-1).tolist()]


def together(*values: Tensor) -> list[Tensor]:
    """All on one device: where numbers about shapes, from the CPU, meet others, on the others'."""
    devices = {value.device for value in values}
    if len(devices) == 1:
        return list(values)
    device = next(device for device in devices if device.type != "cpu")
    return [value.to(device) for value in values]


def axes_of(node: Node, axes: Tensor | None) -> list[int] | None:
    """From an input, or from an attribute as in old opsets."""
    if axes is not None:
        return numbers(axes)
    own: list[int] | None = node.get("axes")
    return own
