"""ONNX Runtime: on the CPU, and through its execution providers on whatever else it was built for."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

from gonio.arrays import FloatArray
from gonio.codecs import Outputs
from gonio.errors import ConfigError, ModelMismatchError, WeightsError
from gonio.models.backends.device import Device, Precision, parse_device
from gonio.models.backends.layout import ImageInput, Inputs, read_inputs
from gonio.models.onnx_bytes import external_places
from gonio.optional import require

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
}
PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}
"""ONNX Runtime's names of the devices that it can be built for."""
INSTALL = {
    "cuda": "install it in place of onnxruntime: pip install 'gonio[gpu]'",
    "tensorrt": "install it in place of onnxruntime: pip install 'gonio[gpu]', and TensorRT itself",
    "directml": "on Windows, install it in place of onnxruntime: pip install onnxruntime-directml",
    "coreml": "on a Mac, install it: pip install 'gonio[cpu]'",
}
"""What brings them; two builds of ONNX Runtime cannot be installed side by side."""
_ESCAPES = "escapes model directory"  # what ONNX Runtime says of weights that lie in another folder


class OnnxBackend:
    """An ONNX file in ONNX Runtime. State: the session, which is safe to share between threads."""

    def __init__(
        self,
        path: Path,
        *,
        threads: int,
        device: str | Device = "cpu",
        precision: Precision | None = "float32",
        constants: Mapping[str, tuple[float, ...]] | None = None,
    ) -> None:
        """Load a network.

        Args:
            path: The ONNX file.
            threads: Threads within one operator.
            device: ``cpu``, ``cuda``, ``tensorrt``, ``directml`` or ``coreml``. Single operators that a device lacks
                run on the CPU; the network as a whole never does, unless it is told to.
            precision: ``float32``, or of TensorRT ``float16``: elsewhere the file says what is computed.
            constants: Its inputs beside the image, each with the values for one image.

        Raises:
            MissingDependencyError: If onnxruntime is not installed.
            ConfigError: If this build of ONNX Runtime has no such device, or it cannot be started.
            WeightsError: If the runtime cannot read the file.
            ModelMismatchError: If the network does not take exactly one batch of images, and the constants.
        """
        ort = require("onnxruntime", extra="cpu", purpose="running a model")
        device = parse_device(device) if isinstance(device, str) else device
        providers = _providers(ort, device, precision)
        self._errors = (
            ort.capi.onnxruntime_pybind11_state.Fail,
            ort.capi.onnxruntime_pybind11_state.InvalidProtobuf,
            ort.capi.onnxruntime_pybind11_state.InvalidGraph,
            ort.capi.onnxruntime_pybind11_state.NoSuchFile,
            ort.capi.onnxruntime_pybind11_state.InvalidArgument,
            ort.capi.onnxruntime_pybind11_state.NotImplemented,
            ort.capi.onnxruntime_pybind11_state.RuntimeException,
        )
        try:  # without its own fallback, which would print, and run on the CPU
            self._session = ort.InferenceSession(
                str(path), _options(ort, device, threads), providers=providers, enable_fallback=0
            )
        except self._errors as error:
            if device.kind != "cpu" and _ESCAPES not in str(error):
                raise ConfigError(_cannot_start(device, str(error).strip().splitlines()[0])) from error
            raise cannot_load(path, error) from error
        used = self._session.get_providers()
        if used[0] != PROVIDERS[device.kind]:  # its libraries could not be loaded, and ONNX Runtime went on without
            raise ConfigError(_cannot_start(device, f"it fell back to {used[0].removesuffix('ExecutionProvider')}"))
        self._inputs = self._read_inputs(path, constants)
        # DirectML's sessions are for one thread at a time
        self._turn: AbstractContextManager[Any] = Lock() if device.kind == "directml" else nullcontext()
        where = "CPU" if device.kind == "cpu" else str(device)
        self._description = f"onnxruntime {ort.__version__}, {where}, {threads} thread{'s' if threads > 1 else ''}"

    def _read_inputs(self, path: Path, constants: Mapping[str, tuple[float, ...]] | None) -> Inputs:
        nodes = {node.name: (_DTYPES.get(node.type), node.shape) for node in self._session.get_inputs()}
        return read_inputs(nodes, constants, what=f"'{path}'", outputs=self.output_shapes.values())

    @property
    def image(self) -> ImageInput:
        """What the file says of its image input."""
        return self._inputs.image

    @property
    def output_shapes(self) -> dict[str, tuple[int | str | None, ...]]:
        """What the file says of its outputs: sizes, and names or None where they are open."""
        return {node.name: tuple(node.shape) for node in self._session.get_outputs()}

    @property
    def description(self) -> str:
        """Runtime, version, device and threads."""
        return self._description

    @property
    def output_channels(self) -> dict[str, int | None]:
        """Outputs with their numbers of channels; None where the file leaves it open."""
        axes = {name: shape[1] if len(shape) > 1 else None for name, shape in self.output_shapes.items()}
        return {name: axis if isinstance(axis, int) else None for name, axis in axes.items()}

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

        def run(inputs: dict[str, Any]) -> dict[str, Any]:
            with self._turn:
                return dict(zip(names, self._session.run(names, inputs), strict=True))

        try:
            return self._inputs.each(batch, run)
        except self._errors as error:
            reason = str(error).strip().splitlines()[0]
            raise ModelMismatchError(
                f"the network cannot run on an input of shape {batch.shape} ({reason}); check the card's input size"
            ) from error


def cannot_load(path: Path, error: Exception) -> WeightsError:
    """What to raise where ONNX Runtime does not load a file."""
    if _ESCAPES in str(error):
        return WeightsError(
            f"'{path}' reads weights from another file, which it reaches through a link to another folder, and ONNX "
            "Runtime refuses that; put both as real files side by side (cp -L), or use a model of one file, as "
            "'thunder' in place of 'thunder-int8'"
        )
    missing = (
        [place for place in external_places(path) if not (path.parent / place).is_file()] if path.is_file() else []
    )
    if missing:
        files = " and ".join(f"'{place}'" for place in missing[:3])
        return WeightsError(
            f"'{path}' reads weights from {files}, seen from its folder, which is not there; put what came with the "
            "model there, under that name"
        )
    reason = str(error).strip().splitlines()[0]
    return WeightsError(f"ONNX Runtime cannot load '{path}' ({reason}); the file is damaged or is not an ONNX model")


def onnx_devices() -> tuple[str, ...]:
    """The devices that the installed build of ONNX Runtime was made for, whether they are in this machine or not.

    Raises:
        MissingDependencyError: If onnxruntime is not installed.
    """
    ort = require("onnxruntime", extra="cpu", purpose="running a model")
    have = ort.get_available_providers()
    return tuple(device for device, provider in PROVIDERS.items() if provider in have)


def _providers(ort: Any, device: Device, precision: Precision | None) -> list[tuple[str, dict[str, str]]]:
    """The device's provider first; behind it what takes the operators that it lacks."""
    if device.kind not in PROVIDERS:
        raise ConfigError(f"ONNX Runtime has no device {device.kind!r}; give one of {', '.join(PROVIDERS)}")
    if precision not in (None, "float32") and (device.kind, precision) != ("tensorrt", "float16"):
        raise ConfigError(
            f"ONNX Runtime computes on {device} as the file says, not in {precision}; leave precision out, "
            "or choose runtime='openvino' or 'torch', or device='tensorrt' with float16"
        )
    have = onnx_devices()
    if device.kind not in have:
        raise ConfigError(
            f"this ONNX Runtime ({ort.__version__}) has no {device.kind}: it has {', '.join(have)}; "
            f"{INSTALL[device.kind]}"
        )
    index = {"device_id": str(device.index or 0)}
    settings = {
        "cpu": {},
        "cuda": index | {"use_tf32": "0"},  # else convolutions are rounded to ten bits
        "tensorrt": index | {"trt_fp16_enable": "True" if precision == "float16" else "False"},
        "directml": index,
        "coreml": {"ModelFormat": "MLProgram"},  # the other format knows fewer operators
    }
    behind = {"cpu": (), "tensorrt": ("cuda", "cpu")}.get(device.kind, ("cpu",))
    return [(PROVIDERS[kind], settings[kind]) for kind in (device.kind, *behind) if kind in have]


def _options(ort: Any, device: Device, threads: int) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    # Waiting threads spin for a third of a millisecond, as long as it takes the next operation to come, then sleep:
    # spinning on, two processes on one machine starve each other; sleeping sooner, small networks wait for the waking.
    options.add_session_config_entry("session.intra_op.spin_duration_us", "300")
    options.log_severity_level = 3
    if device.kind == "directml":
        options.enable_mem_pattern = False  # as DirectML asks for
    return options


def _cannot_start(device: Device, reason: str) -> str:
    return (
        f"ONNX Runtime cannot run the network on {device} ({reason}); check that the device's driver and libraries fit "
        "this version ('gonio info'), or leave device out to run on the CPU"
    )
