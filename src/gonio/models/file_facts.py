"""What an ONNX file says of itself, and what it answers to a picture without content."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gonio.errors import ModelMismatchError, WeightsError
from gonio.models.backends.layout import ImageInput, image_input
from gonio.models.backends.onnx import cannot_load
from gonio.optional import require

Shape = tuple[int | None, ...]
"""Sizes of axes; None where the file leaves one open."""
TRIAL_SIDE = 320
"""Sides of the trial's picture, px, where the file takes any: a multiple of every customary stride."""
MAGIC = (
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML file"),
    (b"version https://git-lfs", "a pointer to a file in Git LFS"),
    (b"PK\x03\x04", "a zip archive (as PyTorch saves)"),
    (b"\x1f\x8b", "a gzip archive"),
)
"""How files begin that are often saved under the name of a model."""
_DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
}


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output.

    Attributes:
        name: In the file.
        dtype: As numpy calls it; as the file does where numpy has none.
        shape: As the file says, or as the trial gave.
    """

    name: str
    dtype: str
    shape: Shape

    def __str__(self) -> str:
        return f"{self.name} ({', '.join('any' if size is None else str(size) for size in self.shape)})"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file before anybody knows what it is.

    Attributes:
        path: Of the file.
        image: Its image input.
        others: Its further inputs.
        outputs: Where the trial ran, with all sizes known but the batch.
        values: Lowest and highest value of each output in the trial; none where it did not run.
        metadata: As the file has it.
        hint: Names of the file, its graph and what wrote it, in lower case.
    """

    path: Path
    image: ImageInput
    others: tuple[Port, ...]
    outputs: tuple[Port, ...]
    values: dict[str, tuple[float, float]]
    metadata: dict[str, str]
    hint: str

    @property
    def seen(self) -> str:
        """Inputs and outputs in one line, for messages."""
        hw = self.image.input_hw or ("any", "any")
        axes = (*hw, 3) if self.image.channels_last else (3, *hw)
        inputs = [f"{self.image.name} ({', '.join(map(str, axes))}) {self.image.dtype}", *map(str, self.others)]
        return f"input {', '.join(inputs)}; output {', '.join(map(str, self.outputs))}"

    def of_rank(self, rank: int) -> tuple[Port, ...]:
        """The outputs with so many axes, the batch among them."""
        return tuple(port for port in self.outputs if len(port.shape) == rank)


def file_facts(path: Path) -> FileFacts:
    """Open a file and try it.

    Raises:
        WeightsError: If it is missing, damaged or no ONNX model.
        ModelMismatchError: If it takes no pictures.
        MissingDependencyError: If onnxruntime is not installed.
    """
    session = _open(path)
    inputs = [_port(node) for node in session.get_inputs()]
    images = [port for port in inputs if len(port.shape) == 4]
    if len(images) != 1:
        raise ModelMismatchError(
            f"'{path}' takes {', '.join(map(str, inputs))}, not one batch of pictures; it is no model for pictures"
        )
    if images[0].dtype not in _DTYPES.values():
        raise ModelMismatchError(f"'{path}' takes pictures of {images[0].dtype}; export it for float or whole numbers")
    image = image_input(images[0].name, images[0].dtype, images[0].shape, what=f"'{path}'")
    meta = session.get_modelmeta()
    others = tuple(port for port in inputs if port is not images[0])
    declared = tuple(_port(node) for node in session.get_outputs())
    outputs, values = declared, dict[str, tuple[float, float]]()
    if not others:
        outputs, values = _trial(session, image, declared)
    hint = " ".join((path.name, meta.graph_name, meta.producer_name, meta.description, meta.domain)).lower()
    return FileFacts(path, image, others, outputs, values, dict(meta.custom_metadata_map), hint)


def _open(path: Path) -> Any:
    ort = require("onnxruntime", extra="cpu", purpose="reading a model")
    try:
        with path.open("rb") as file:
            start = file.read(512).lstrip()
    except OSError as error:
        raise WeightsError(f"cannot read the model file '{path}': {error.strerror or error}") from error
    for magic, what in MAGIC:
        if start[: len(magic)].lower() == magic.lower():
            raise WeightsError(f"'{path}' is {what}, not an ONNX model; download the file itself again")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # what is wrong is said in one sentence, not by the runtime
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL  # it runs once
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except _errors(ort) as error:
        raise cannot_load(path, error) from error


def _errors(ort: Any) -> tuple[type[Exception], ...]:
    """What the runtime raises; its errors have no common base of their own."""
    state = ort.capi.onnxruntime_pybind11_state
    names = ("Fail", "InvalidProtobuf", "InvalidGraph", "NoSuchFile", "InvalidArgument", "NotImplemented")
    return (*(getattr(state, name) for name in names), state.RuntimeException)


def _port(node: Any) -> Port:
    sizes = tuple(size if isinstance(size, int) and size > 0 else None for size in node.shape)
    return Port(node.name, _DTYPES.get(node.type, node.type), sizes)


def _trial(
    session: Any, image: ImageInput, declared: Sequence[Port]
) -> tuple[tuple[Port, ...], dict[str, tuple[float, float]]]:
    """The outputs with their sizes for a picture without content; as declared where the network does not take it."""
    ort = require("onnxruntime", extra="cpu", purpose="reading a model")
    height, width = image.input_hw or (TRIAL_SIDE, TRIAL_SIDE)
    batch = image.prepared(np.zeros((image.batch or 1, 3, height, width), np.float32))
    names = [port.name for port in declared]
    try:
        arrays = session.run(names, {image.name: batch})
    except _errors(ort):
        return tuple(declared), {}
    outputs, values = [], {}
    for port, array in zip(declared, arrays, strict=True):
        if not isinstance(array, np.ndarray):  # a sequence or a map: nothing that a codec reads
            outputs.append(port)
            continue
        shape: Shape = (port.shape[0] if port.shape else None, *array.shape[1:])
        outputs.append(Port(port.name, port.dtype, shape))
        if array.size and np.issubdtype(array.dtype, np.number):
            values[port.name] = (float(array.min()), float(array.max()))
    return tuple(outputs), values
