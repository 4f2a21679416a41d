"""A network as LiteRT (formerly TensorFlow Lite), for phones and microcontrollers."""

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from gonio.arrays import FloatArray
from gonio.codecs import Outputs
from gonio.export.onnx_file import example_input
from gonio.models.card import ModelCard
from gonio.optional import require
from gonio.training.networks import PoseNetwork, deployed


def write_litert(network: PoseNetwork, path: Path, *, card: ModelCard, batch: int, size_hw: tuple[int, int]) -> None:
    """Write the deployed network for inputs ``(batch, 3, h, w)`` of one size; inputs and outputs have their names.

    Raises:
        MissingDependencyError: If litert-torch is not installed.
    """
    litert: Any = require("litert_torch", extra="litert", purpose="exporting to LiteRT")
    image = example_input(card, batch).new_zeros(batch, 3, *size_hw)
    with warnings.catch_warnings():
        # PyTorch and JAX about their own parts, and about each other
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        logging.getLogger("jax._src.xla_bridge").setLevel(logging.ERROR)
        litert.convert(deployed(network).cpu().float(), sample_kwargs={"image": image}).export(str(path))


class LiteRtBackend:
    """A LiteRT file on the CPU."""

    def __init__(self, path: Path) -> None:
        """Load the file."""
        interpreter: Any = require("ai_edge_litert.interpreter", extra="litert", purpose="running a LiteRT file")
        self._interpreter = interpreter.Interpreter(str(path))
        self._run = self._interpreter.get_signature_runner()

    @property
    def description(self) -> str:
        """The runtime."""
        return "LiteRT, CPU"

    @property
    def output_channels(self) -> dict[str, int | None]:
        """Outputs with their numbers of channels."""
        return {name: int(one["shape"][1]) for name, one in self._run.get_output_details().items()}

    def run(self, batch: FloatArray) -> Outputs:
        """Outputs for ``(B, 3, h, w)`` float32 of the file's size, already normalised."""
        return {name: np.array(value, np.float32) for name, value in self._run(image=batch).items()}
