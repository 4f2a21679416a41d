"""What can be exported to, and how exact it must be."""

from dataclasses import dataclass
from typing import Literal

Format = Literal["onnx", "openvino", "torchscript", "litert"]
Precision = Literal["float32", "float16"]

SUFFIXES: dict[Format, str] = {"onnx": ".onnx", "openvino": ".xml", "torchscript": ".pt", "litert": ".tflite"}
"""Suffix of the file of each format; OpenVINO has a second one, .bin."""
DEFAULT_OPSET = 18
"""The one that PyTorch's exporter writes by itself; ONNX Runtime, OpenVINO and the vendors' compilers all read it."""
OPSETS = range(18, 24)
"""Opsets that can be asked for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far an export may be from its source.

    Attributes:
        px: A confident keypoint, or a box, pixels of the network's input.
        score: Its score.
        relative: Any number of an output, as a fraction of the largest of that output.
    """

    px: float
    score: float
    relative: float


LIMITS: dict[Precision, Limits] = {
    "float32": Limits(px=0.05, score=0.01, relative=1e-3),  # another order of the same sums
    "float16": Limits(px=0.5, score=0.03, relative=0.05),  # weights with 11 bits instead of 24
}
"""What is allowed where nothing else is said."""
