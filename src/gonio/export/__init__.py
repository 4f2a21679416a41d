"""From a trained network to a file for a runtime, always proved against the network.

Modules here import torch, onnx and others at their top; the package itself and `formats` do not, so that the command
can show its help without them.
"""

from gonio.optional import without_telemetry

without_telemetry()  # before a module here imports onnxruntime
