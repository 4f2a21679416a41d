"""An ONNX file as OpenVINO's IR (.xml and .bin), and that in OpenVINO's runtime."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs import Outputs
from gonio.export.formats import Precision
from gonio.optional import require

_TELEMETRY = "openvino_telemetry"


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
        return require("openvino", extra="openvino", purpose="exporting to OpenVINO")
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


def write_openvino(model: bytes, path: Path, *, card: str, precision: Precision) -> None:
    """Write ``path`` (.xml) and the file of the weights beside it (.bin).

    Args:
        model: An ONNX model with float32 weights.
        path: Its suffix is .xml.
        card: JSON that goes into the .xml, under ``rt_info/gonio/card``.
        precision: Of the weights; the runtime computes as its device likes.
    """
    openvino = import_openvino()
    network = openvino_core().read_model(model)
    network.set_rt_info(card, ["gonio", "card"])
    openvino.save_model(network, path, compress_to_fp16=precision == "float16")


class OpenVinoBackend:
    """An IR in OpenVINO on the CPU, in float32, as the comparison wants it."""

    def __init__(self, path: Path) -> None:
        """Load the .xml with the .bin beside it."""
        settings = {"INFERENCE_PRECISION_HINT": "f32"}  # some CPUs would compute in bfloat16
        self._network = openvino_core().compile_model(path, "CPU", settings)
        self._version = import_openvino().__version__.split("-")[0]

    @property
    def description(self) -> str:
        """Runtime and version."""
        return f"openvino {self._version}, CPU"

    @property
    def output_channels(self) -> dict[str, int | None]:
        """Outputs with their numbers of channels."""
        shapes = {output.any_name: output.partial_shape for output in self._network.outputs}
        return {name: shape[1].get_length() if shape[1].is_static else None for name, shape in shapes.items()}

    def run(self, batch: FloatArray) -> Outputs:
        """Outputs for ``(B, 3, h, w)`` float32, already normalised."""
        return {key.any_name: np.array(value, np.float32) for key, value in self._network([batch]).items()}
