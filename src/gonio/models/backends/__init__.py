"""What runs a network: one class per runtime, all with the same two methods."""

from gonio.models.backends.base import Backend
from gonio.models.backends.onnx import OnnxBackend

__all__ = ["Backend", "OnnxBackend"]
