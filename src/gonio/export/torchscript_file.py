"""A network as TorchScript, for programs in C++ and phones that have libtorch."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from gonio.arrays import FloatArray
from gonio.codecs import Outputs
from gonio.export.onnx_file import example_input
from gonio.models.card import CARD_KEY, ModelCard
from gonio.training.networks import PoseNetwork, deployed


def write_torchscript(network: PoseNetwork, path: Path, *, card: ModelCard, text: str, batch: int | None) -> None:
    """Write the deployed network; its outputs are a dict by name, the card is the extra file ``gonio.card``."""
    module = deployed(network).cpu().float()
    with torch.inference_mode(), _quiet():
        # not strict: only so may the outputs be a dict. What the tracer would check is checked by the comparison.
        script = torch.jit.trace(module, example_input(card, batch or 2), strict=False, check_trace=False)  # type: ignore[no-untyped-call]
        torch.jit.save(script, path, _extra_files={CARD_KEY: text.encode()})


class TorchScriptBackend:
    """A TorchScript file on the CPU."""

    def __init__(self, path: Path) -> None:
        """Load the file."""
        extra = {CARD_KEY: ""}
        with _quiet():
            self._module = torch.jit.load(path, map_location="cpu", _extra_files=extra)  # type: ignore[no-untyped-call]
        held: str | bytes = extra[CARD_KEY]
        self.card_text = held.decode() if isinstance(held, bytes) else held

    @property
    def description(self) -> str:
        """Runtime and version."""
        return f"TorchScript {torch.__version__}, CPU"

    @property
    def output_channels(self) -> dict[str, int | None]:
        """Nothing is known before it runs."""
        return {}

    def run(self, batch: FloatArray) -> Outputs:
        """Outputs for ``(B, 3, h, w)`` float32, already normalised."""
        with torch.inference_mode():
            outputs = self._module(torch.from_numpy(batch))
        return {name: np.asarray(output.numpy(), np.float32) for name, output in outputs.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """TorchScript is no longer developed, and PyTorch says so at each step; it is there for those who run it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.\w+` is deprecated", category=DeprecationWarning)
        # of sizes that the trace fixes: they are those of the card, and the comparison tries others where it may
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        yield
