"""ONNX Runtime on the CPU."""

from pathlib import Path

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs import Outputs
from gonio.errors import ModelMismatchError, WeightsError
from gonio.optional import require


class OnnxBackend:
    """An ONNX file in ONNX Runtime. State: the session, which is safe to share between threads."""

    def __init__(self, path: Path, *, threads: int) -> None:
        """Load a network.

        Args:
            path: The ONNX file.
            threads: Threads within one operator.

        Raises:
            MissingDependencyError: If onnxruntime is not installed.
            WeightsError: If the runtime cannot read the file.
            ModelMismatchError: If the network does not take exactly one image batch ``(B, 3, h, w)`` of float32.
        """
        ort = require("onnxruntime", extra="cpu", purpose="running a model")
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        # Waiting threads spin for a tenth of a millisecond, as long as it takes the next operation to come, then sleep:
        # spinning on, two processes on one machine starve each other; not spinning at all costs a tenth of the speed.
        options.add_session_config_entry("session.intra_op.spin_duration_us", "100")
        options.log_severity_level = 3
        self._errors = (
            ort.capi.onnxruntime_pybind11_state.Fail,
            ort.capi.onnxruntime_pybind11_state.InvalidProtobuf,
            ort.capi.onnxruntime_pybind11_state.InvalidGraph,
            ort.capi.onnxruntime_pybind11_state.NoSuchFile,
            ort.capi.onnxruntime_pybind11_state.InvalidArgument,
            ort.capi.onnxruntime_pybind11_state.NotImplemented,
            ort.capi.onnxruntime_pybind11_state.RuntimeException,
        )
        try:
            self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except self._errors as error:
            reason = str(error).strip().splitlines()[0]
            raise WeightsError(
                f"ONNX Runtime cannot load '{path}' ({reason}); the file is damaged or is not an ONNX model"
            ) from error
        inputs = self._session.get_inputs()
        shapes = [(node.name, node.type, node.shape) for node in inputs]
        if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 4:
            raise ModelMismatchError(f"'{path}' takes {shapes}, expected one float image batch (B, 3, h, w)")
        self._input_name: str = inputs[0].name
        self._description = f"onnxruntime {ort.__version__}, CPU, {threads} thread{'s' if threads > 1 else ''}"

    @property
    def description(self) -> str:
        """Runtime, version, device and threads."""
        return self._description

    @property
    def output_channels(self) -> dict[str, int | None]:
        """Outputs with their numbers of channels; None where the file leaves it open."""
        channels: dict[str, int | None] = {}
        for node in self._session.get_outputs():
            axis = node.shape[1] if len(node.shape) > 1 else None
            channels[node.name] = axis if isinstance(axis, int) else None
        return channels

    @property
    def metadata(self) -> dict[str, str]:
        """What the file says of itself."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, batch: FloatArray) -> Outputs:
        """Outputs for ``(B, 3, h, w)`` float32, already normalised.

        Raises:
            ModelMismatchError: If the network cannot take an input of this size.
        """
        names = [node.name for node in self._session.get_outputs()]
        try:
            arrays = self._session.run(names, {self._input_name: batch})
        except self._errors as error:
            reason = str(error).strip().splitlines()[0]
            raise ModelMismatchError(
                f"the network cannot run on an input of shape {batch.shape} ({reason}); check the card's input size"
            ) from error
        return {name: np.asarray(array, np.float32) for name, array in zip(names, arrays, strict=True)}
