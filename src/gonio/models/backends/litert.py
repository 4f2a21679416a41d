"""LiteRT, formerly TensorFlow Lite, on the CPU."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs import Outputs
from gonio.errors import ModelMismatchError, WeightsError
from gonio.models.backends.layout import ImageInput, read_inputs
from gonio.optional import require


class LiteRtBackend:
    """A LiteRT file. State: the interpreter, which has one set of arrays; threads take turns.

    Inputs and outputs have the names of the file's signature, as ``gonio export`` and TensorFlow write one, else those
    of its tensors. Quantised ones are turned into real numbers and back as the file says.
    """

    def __init__(
        self, path: Path, *, threads: int | None = None, constants: Mapping[str, tuple[float, ...]] | None = None
    ) -> None:
        """Load a network.

        Args:
            path: The .tflite file.
            threads: Threads within one operator; None: as many as LiteRT likes.
            constants: Its inputs beside the image, each with the values for one image.

        Raises:
            MissingDependencyError: If ai-edge-litert is not installed.
            WeightsError: If the runtime cannot read the file.
            ModelMismatchError: If the network does not take exactly one batch of images, and the constants.
        """
        module: Any = require("ai_edge_litert.interpreter", extra="litert", purpose="running a LiteRT file")
        try:
            self._interpreter = module.Interpreter(str(path), num_threads=threads)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise WeightsError(
                f"LiteRT cannot load '{path}' ({str(error).strip().splitlines()[0]}); the file is damaged, is no "
                "LiteRT model, or has operators that this version lacks"
            ) from error
        if self._interpreter.get_signature_list():
            runner = self._interpreter.get_signature_runner()
            self._runner: Any = runner
            self._details, self._results = runner.get_input_details(), runner.get_output_details()
        else:
            self._runner = None
            self._details = {one["name"]: one for one in self._interpreter.get_input_details()}
            self._results = {one["name"]: one for one in self._interpreter.get_output_details()}
        nodes = {name: (np.dtype(one["dtype"]).name, _sizes(one)) for name, one in self._details.items()}
        inputs = read_inputs(nodes, constants, what=f"'{path}'")
        scaled = _quantised(self._details[inputs.image.name])[0] is not None
        self._inputs = replace(inputs, image=replace(inputs.image, scaled=scaled))
        self._shapes = {name: tuple(int(size) for size in one["shape"]) for name, one in self._details.items()}
        self._turn = Lock()
        counted = "" if threads is None else f", {threads} thread{'s' if threads > 1 else ''}"
        self._description = f"litert {_version()}, CPU{counted}"

    @property
    def image(self) -> ImageInput:
        """What the file says of its image input."""
        return self._inputs.image

    @property
    def description(self) -> str:
        """Runtime, version, device and threads."""
        return self._description

    @property
    def output_channels(self) -> dict[str, int | None]:
        """Outputs with their numbers of channels; None where the file leaves it open."""
        sizes = {name: _sizes(one) for name, one in self._results.items()}
        return {name: shape[1] if len(shape) > 1 else None for name, shape in sizes.items()}

    def run(self, batch: FloatArray) -> Outputs:
        """Outputs for ``(B, 3, h, w)`` float32, already normalised.

        Raises:
            ModelMismatchError: If the network cannot take an input of this size.
        """
        image = self._inputs.image
        reason = "" if image.input_hw in (None, batch.shape[2:]) else f"it takes {image.input_hw} alone"
        try:
            if not reason:  # LiteRT would take other sizes, and fail later or never
                scale, zero = _quantised(self._details[image.name])
                return self._inputs.each(batch if scale is None else batch / scale + zero, self._invoke)
        except (ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ModelMismatchError(self._refusal(batch, reason)) from error
        raise ModelMismatchError(self._refusal(batch, reason))

    def _refusal(self, batch: FloatArray, reason: str) -> str:
        return f"the network cannot run on an input of shape {batch.shape} ({reason}); check the card's input size"

    def _invoke(self, inputs: dict[str, Any]) -> dict[str, Any]:
        with self._turn:
            found = self._runner(**inputs) if self._runner is not None else self._invoke_plain(inputs)
        return {name: _real(value, self._results[name]) for name, value in found.items()}

    def _invoke_plain(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """As the runner of a signature does it, by the tensors' numbers."""
        interpreter = self._interpreter
        shapes = {name: value.shape for name, value in inputs.items()}
        if shapes != self._shapes:
            for name, shape in shapes.items():
                interpreter.resize_tensor_input(self._details[name]["index"], shape)
            interpreter.allocate_tensors()
            self._shapes = shapes
        for name, value in inputs.items():
            interpreter.set_tensor(self._details[name]["index"], value)
        interpreter.invoke()
        return {name: interpreter.get_tensor(one["index"]) for name, one in self._results.items()}


def _sizes(details: Mapping[str, Any]) -> list[int | None]:
    """Of each axis; None where the file leaves it open."""
    shape = details.get("shape_signature")
    shape = details["shape"] if shape is None or len(shape) == 0 else shape
    return [int(size) if size > 0 else None for size in shape]


def _quantised(details: Mapping[str, Any]) -> tuple[float | None, int]:
    """Scale and zero point of a tensor of whole numbers; a scale of None: they are what they are."""
    scale, zero = details.get("quantization", (0.0, 0))
    return (float(scale), int(zero)) if scale and np.issubdtype(details["dtype"], np.integer) else (None, 0)


def _real(value: Any, details: Mapping[str, Any]) -> Any:
    scale, zero = _quantised(details)
    return np.array(value, np.float32) if scale is None else (np.array(value, np.float32) - zero) * np.float32(scale)


def _version() -> str:
    package: Any = require("ai_edge_litert", extra="litert", purpose="running a LiteRT file")
    return str(getattr(package, "__version__", "")) or "of an unknown version"
