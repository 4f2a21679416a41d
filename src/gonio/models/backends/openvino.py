"""OpenVINO: Intel's CPUs, GPUs and NPUs, and CPUs of others."""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs import Outputs
from gonio.errors import ConfigError, ModelMismatchError, WeightsError
from gonio.models.backends.device import Device, Precision, parse_device
from gonio.models.backends.layout import ImageInput, Inputs, read_inputs
from gonio.optional import require

_TELEMETRY = "openvino_telemetry"
_HINTS = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}
DEVICES = ("cpu", "gpu", "npu", "auto")
"""What it is told as CPU, GPU, NPU and AUTO."""


def import_openvino() -> Any:
    """OpenVINO without its telemetry.

    ``import openvino`` loads its model converter, and that reports the import to an analytics service where the
    package ``openvino_telemetry`` is installed, as it is by default. Where that is missing, OpenVINO takes a stub of
    its own: so it is made to be missing during the import. Seen in OpenVINO 2026.4.

    Raises:
        MissingDependencyError: If openvino is not installed.
    """
    if "openvino" in sys.modules:
        return sys.modules["openvino"]
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == _TELEMETRY}
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment] # how Python is told that a package is missing
    try:
        return require("openvino", extra="openvino", purpose="running or writing a model in OpenVINO")
    finally:
        del sys.modules[_TELEMETRY]
        sys.modules.update(hidden)


@cache
def openvino_core() -> Any:
    """The one ``Core`` of this process.

    Each gives its thread a stack for signals and frees it with its last network; where networks do not go in the order
    in which they came, a freed stack stays in use, and the next signal ends the process. Seen in OpenVINO 2026.4.

    Raises:
        MissingDependencyError: If openvino is not installed.
    """
    return import_openvino().Core()


def openvino_devices() -> tuple[str, ...]:
    """What OpenVINO finds in this machine, in its own words: ``CPU``, ``GPU.0``...

    Raises:
        MissingDependencyError: If openvino is not installed.
    """
    return tuple(openvino_core().available_devices)


class OpenVinoBackend:
    """An IR (.xml, with its .bin) or an ONNX file in OpenVINO.

    State: requests, one for each thread that runs at once; and which sizes of input are known to fit.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int | None = None,
        device: str | Device = "cpu",
        precision: Precision | None = "float32",
        constants: Mapping[str, tuple[float, ...]] | None = None,
        fixed_hw: tuple[int, int] | None = None,
    ) -> None:
        """Load a network.

        Args:
            path: The .xml or .onnx file.
            threads: On a CPU; None: as many as OpenVINO likes.
            device: ``cpu``, ``gpu``, ``gpu:1``, ``npu``, or ``auto``: whatever OpenVINO takes for the best here.
            precision: In what it computes; some CPUs, and all GPUs, would by themselves take less than float32. None:
                what the runtime likes. An NPU has float16 alone: there ``float32`` is not asked for.
            constants: Its inputs beside the image, each with the values for one image.
            fixed_hw: The input's size, where it is always the same: an NPU wants to know it beforehand.

        Raises:
            MissingDependencyError: If openvino is not installed.
            ConfigError: If the device is not here, or cannot compute in the asked precision.
            WeightsError: If the runtime cannot read the file.
            ModelMismatchError: If the network does not take exactly one batch of images, and the constants.
        """
        core = openvino_core()
        device = parse_device(device) if isinstance(device, str) else device
        name = _device_name(device)
        try:
            network = core.read_model(path)
        except RuntimeError as error:
            raise WeightsError(
                f"OpenVINO cannot read '{path}' ({_last_line(error)}); the file is damaged, or its .bin is missing"
            ) from error
        self._inputs = _read(network, constants, path)
        if device.kind == "npu" and fixed_hw is not None and not constants:
            network.reshape({self._inputs.image.name: self._shape(1, fixed_hw)})
            self._inputs = _read(network, constants, path)
        self._shapes, self._fitting, self._turn = network, set[tuple[int, int]](), Lock()
        asked = None if device.kind == "npu" and precision == "float32" else precision
        try:
            self._network = core.compile_model(network.clone(), name, _settings(device, asked, threads))
        except RuntimeError as error:
            raise ConfigError(
                f"OpenVINO cannot run '{path}' on {name} ({_last_line(error)}); choose another device or precision"
            ) from error
        self._channels = {
            name: sizes[1] if len(sizes) > 1 else None
            for output in self._network.outputs
            for sizes in [_sizes(output.partial_shape)]
            for name in output.names
        }
        self._requests: list[Any] = []
        self._description = self._described(device, asked, threads)

    def _described(self, device: Device, asked: Precision | None, threads: int | None) -> str:
        """Checked: it computes where and in what it was told to."""
        version = import_openvino().__version__.split("-")[0]
        parts = [f"openvino {version}", ", ".join(self._network.get_property("EXECUTION_DEVICES"))]
        if device.kind == "cpu" and threads is not None:
            parts.append(f"{threads} thread{'s' if threads > 1 else ''}")
        if device.kind != "auto":  # which does not tell
            computes = self._network.get_property("INFERENCE_PRECISION_HINT").to_string()
            if asked is not None and computes != _HINTS[asked]:
                raise ConfigError(
                    f"OpenVINO computes in {computes} on this {device.kind.upper()}, not in {asked}; "
                    "leave precision out"
                )
            parts.append(f"computes in {computes}")
        return ", ".join(parts)

    @property
    def image(self) -> ImageInput:
        """What the file says of its image input."""
        return self._inputs.image

    @property
    def description(self) -> str:
        """Runtime, version, device, threads, and in what it computes."""
        return self._description

    @property
    def output_channels(self) -> dict[str, int | None]:
        """Outputs with their numbers of channels; None where the file leaves it open."""
        return dict(self._channels)

    def run(self, batch: FloatArray) -> Outputs:
        """Outputs for ``(B, 3, h, w)`` float32, already normalised.

        Raises:
            ModelMismatchError: If the network cannot take an input of this size.
        """
        try:
            self._check_size(batch.shape[2:])
            return self._inputs.each(batch, self._infer)
        except RuntimeError as error:
            raise ModelMismatchError(
                f"the network cannot run on an input of shape {batch.shape} ({_last_line(error)}); "
                "check the card's input size"
            ) from error

    def _check_size(self, input_hw: tuple[int, ...]) -> None:
        """Whether all operators fit an input of this size, once for each.

        A network that has run before and then gets a size that does not fit gives the outputs of the run before, or
        ends the process some time later. Seen in OpenVINO 2026.4.
        """
        height, width = input_hw
        if (height, width) in self._fitting:
            return
        with self._turn:
            self._shapes.reshape({self._inputs.image.name: self._shape(self._inputs.image.batch or 1, (height, width))})
            self._fitting.add((height, width))

    def _shape(self, batch: int, input_hw: tuple[int, int]) -> list[int]:
        return [batch, *input_hw, 3] if self._inputs.image.channels_last else [batch, 3, *input_hw]

    def _infer(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """With a request that no other thread uses: the network's own is one for all, and refuses while it is busy."""
        try:
            request = self._requests.pop()
        except IndexError:
            request = self._network.create_infer_request()
        results = request.infer(inputs, share_inputs=True)
        outputs = {name: np.array(value) for key, value in results.items() for name in key.names}
        self._requests.append(request)
        return outputs


def _read(network: Any, constants: Mapping[str, tuple[float, ...]] | None, path: Path) -> Inputs:
    nodes = {one.any_name: (_dtype(one), _sizes(one.partial_shape)) for one in network.inputs}
    outputs = [_sizes(one.partial_shape) for one in network.outputs]
    return read_inputs(nodes, constants, what=f"'{path}'", outputs=outputs)


def _device_name(device: Device) -> str:
    """OpenVINO's own name, of a device that is here."""
    if device.kind not in DEVICES:
        raise ConfigError(f"OpenVINO has no device {device.kind!r}; give one of {', '.join(DEVICES)}")
    name = device.kind.upper() if device.index is None else f"{device.kind.upper()}.{device.index}"
    if device.kind == "auto":
        return name
    have = openvino_devices()
    if not any(one == name or one.startswith(f"{name}.") or name == f"{one}.0" for one in have):
        hint = "; its GPUs are Intel's: for one of NVIDIA give device='cuda'" if device.kind == "gpu" else ""
        raise ConfigError(f"OpenVINO finds no {name} here: it finds {', '.join(have)}; check the device's driver{hint}")
    return name


def _settings(device: Device, precision: Precision | None, threads: int | None) -> dict[str, str | int]:
    settings: dict[str, str | int] = {"PERFORMANCE_HINT": "LATENCY"}
    if precision is not None:
        settings["INFERENCE_PRECISION_HINT"] = _HINTS[precision]
    if threads is not None and device.kind == "cpu":
        settings["INFERENCE_NUM_THREADS"] = threads
    return settings


def _dtype(port: Any) -> str | None:
    try:
        return str(np.dtype(port.element_type.to_dtype()))
    except RuntimeError:  # a type that numpy has not
        return None


def _sizes(shape: Any) -> list[int | None]:
    return [axis.get_length() if axis.is_static else None for axis in shape] if shape.rank.is_static else []


def _last_line(error: RuntimeError) -> str:
    """What OpenVINO says after the places in its source that it came from."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith("Exception from ")]
    return (said or lines or ["no reason given"])[-1]
