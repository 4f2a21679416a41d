"""One network in each runtime: what opens it, and what that needs.

onnxruntime alone will do for ONNX Runtime's; torch, onnx and openvino are imported where a network needs them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from gonio.errors import ExportError
from gonio.export.formats import DEFAULT_OPSET, Precision
from gonio.export.openvino_file import write_openvino
from gonio.models.backends import Backend, OnnxBackend, OpenVinoBackend, TorchBackend
from gonio.models.card import ModelCard
from gonio.optional import require


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A network file for a runtime, not opened yet.

    Attributes:
        runtime: Its name.
        precision: ``float32``, ``float16`` (of the stored weights) or ``int8``.
        file: Where the network comes from.
        open: Opens it, and says how many bytes its files have.
    """

    runtime: str
    precision: str
    file: str
    open: Callable[[], tuple[Backend, int]]


def open_checkpoint(checkpoint: Path, folder: Path) -> tuple[Path, Backend]:
    """A checkpoint's network as an ONNX file with its card inside, and in PyTorch, both deployed."""
    for package in ("torch", "onnx", "safetensors"):
        require(package, extra="export", purpose="timing a checkpoint")
    from gonio.export.onnx_file import finish, trace  # needs torch and onnx, which are optional and slow
    from gonio.export.source import find_source  # needs torch
    from gonio.training.networks import deployed  # needs torch

    source = find_source(checkpoint)
    network = source.module("timing")
    path = folder / f"{source.card.name}.onnx"
    model = trace(network, source.card, opset=DEFAULT_OPSET, batch=None)
    path.write_bytes(finish(model, source.card, precision="float32"))
    return path, TorchBackend(deployed(network), network.codec.output_channels)


def in_onnxruntime(card: ModelCard, path: Path, threads: int) -> Candidate:
    """A model's ONNX file as it is; its size is with the files that it reads."""

    def opened() -> tuple[Backend, int]:
        files = (path, *(path.parent / name for name in card.weights.reads))
        return OnnxBackend(path, threads=threads), sum(file.stat().st_size for file in files)

    return Candidate("ONNX Runtime", _precision(path), card.name, opened)


def in_openvino(card: ModelCard, path: Path, threads: int, folder: Path) -> Iterator[Candidate]:
    """Float networks with weights in both precisions, int8 as it is, or in one piece if it reads other files."""
    int8 = _precision(path) == "int8"
    precisions: tuple[Precision, ...] = ("float32",) if int8 else ("float32", "float16")

    def opened(precision: Precision) -> tuple[Backend, int]:
        out = folder / f"{len(list(folder.iterdir()))}-{precision}.xml"
        content = path.read_bytes() if int8 and not card.weights.reads else _wide(path, card)
        write_openvino(content, out, card="{}", precision=precision)
        size = out.stat().st_size + out.with_suffix(".bin").stat().st_size
        # without a precision it computes in what the runtime takes for the best here
        exact: Precision | None = "float32" if precision == "float32" else None
        return OpenVinoBackend(out, threads=threads, precision=exact), size

    for precision in precisions:
        yield Candidate("OpenVINO", "int8" if int8 else precision, card.name, partial(opened, precision))


def _wide(path: Path, card: ModelCard) -> bytes:
    """An ONNX file with float32 weights, as ``gonio export`` would hand it on; without its packages, as it is."""
    for package in ("torch", "onnx"):
        if card.weights.reads:
            require(package, extra="export", purpose="putting the weights of several files into one")
        elif find_spec(package) is None:
            return path.read_bytes()
    from gonio.export.onnx_file import finish, read_onnx  # needs torch and onnx, which are optional and slow

    return finish(read_onnx(path), card, precision="float32")


def in_torch(name: str, checkpoint: Path | None, network: Backend | None) -> Candidate:
    """A checkpoint's network, from `open_checkpoint`; None: there is none, and opening says so."""

    def opened() -> tuple[Backend, int]:
        if checkpoint is None or network is None:
            raise ExportError("the model is an ONNX file; give its checkpoint (.safetensors) as the model")
        return network, checkpoint.stat().st_size

    return Candidate("PyTorch", "float32", name, opened)


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """PyTorch with so many threads until the block ends."""
    import torch  # optional and slow; it is loaded already

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _precision(path: Path) -> str:
    """Of an ONNX file, without onnx: int8 networks have such nodes (field 4 of a node, its type, with its length)."""
    content = path.read_bytes()
    kinds = (b"DequantizeLinear", b"QLinearConv", b"ConvInteger")
    return "int8" if any(b'"' + bytes([len(kind)]) + kind in content for kind in kinds) else "float32"
