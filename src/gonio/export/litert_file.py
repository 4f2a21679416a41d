"""A network as LiteRT (formerly TensorFlow Lite), for phones and microcontrollers."""

import logging
import warnings
from pathlib import Path
from typing import Any

from gonio.export.onnx_file import example_input
from gonio.models.card import ModelCard
from gonio.optional import require
from gonio.training.networks import PoseNetwork, deployed


def write_litert(network: PoseNetwork, path: Path, *, card: ModelCard, batch: int, size_hw: tuple[int, int]) -> None:
    """Write the deployed network for inputs ``(batch, 3, h, w)`` of one size; inputs and outputs have their names.

    Raises:
        MissingDependencyError: If litert-torch is not installed.
    """
    litert: Any = require("litert_torch", extra="litert-export", purpose="exporting to LiteRT")
    image = example_input(card, batch).new_zeros(batch, 3, *size_hw)
    with warnings.catch_warnings():
        # PyTorch and JAX about their own parts, and about each other
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        logging.getLogger("jax._src.xla_bridge").setLevel(logging.ERROR)
        litert.convert(deployed(network).cpu().float(), sample_kwargs={"image": image}).export(str(path))
