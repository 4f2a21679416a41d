"""What runs a network: one class per runtime, all with the same methods."""

from gonio.models.backends.base import Backend
from gonio.models.backends.litert import LiteRtBackend
from gonio.models.backends.onnx import OnnxBackend
from gonio.models.backends.openvino import OpenVinoBackend
from gonio.models.backends.torch import TorchBackend

__all__ = ["Backend", "LiteRtBackend", "OnnxBackend", "OpenVinoBackend", "TorchBackend"]
