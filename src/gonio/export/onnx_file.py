"""A network as an ONNX file: traced, slimmed, named, and with its card inside."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from onnx import helper
from torch import Tensor, nn

from gonio._version import __version__
from gonio.errors import ConfigError, ExportError
from gonio.export.formats import OPSETS, Precision
from gonio.models.card import CARD_KEY, ModelCard, StretchInput
from gonio.optional import require
from gonio.stored_weights import narrow, settle, widen
from gonio.training.networks import PoseNetwork, deployed

INPUT = "image"


class NamedOutputs(nn.Module):
    """A network whose outputs are a tuple, in the order of its codec."""

    def __init__(self, network: PoseNetwork) -> None:
        """Take the network as it is."""
        super().__init__()
        self.network = network
        self.names = tuple(network.codec.output_channels)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """``(B, 3, h, w)`` → the outputs."""
        outputs = self.network(image)
        return tuple(outputs[name] for name in self.names)


def trace(network: PoseNetwork, card: ModelCard, *, opset: int, batch: int | None) -> onnx.ModelProto:
    """The deployed network as a graph of ONNX operators, float32.

    Args:
        network: In any mode; it is left as it is.
        card: A letterbox input gives a graph for any height and width, a crop input one for the crop's size.
        opset: One of `OPSETS`.
        batch: Inputs a batch; None for any number.

    Raises:
        ConfigError: If the opset or batch is out of range.
        ExportError: If the exporter cannot write this opset.
    """
    if opset not in OPSETS:
        raise ConfigError(f"opset is {opset}; choose one of {OPSETS.start} to {OPSETS.stop - 1}")
    if batch is not None and batch < 1:
        raise ConfigError(f"batch is {batch}; give a number from 1, or 'dynamic'")
    require("onnxscript", extra="export", purpose="exporting to ONNX")
    module = NamedOutputs(deployed(network).cpu().float()).eval()
    auto = torch.export.Dim.AUTO
    free = {0: auto} if batch is None else {}
    free |= {2: auto, 3: auto} if card.input.fixed_hw is None else {}
    image = example_input(card, batch or 2)  # of a batch of one the exporter would believe that it is always one
    with _quiet():
        program = torch.onnx.export(
            module,
            (image,),
            input_names=[INPUT],
            output_names=list(module.names),
            opset_version=opset,
            dynamo=True,
            dynamic_shapes=(free,),
            verbose=False,
        )
    assert program is not None  # noqa: S101 - None is for the old exporter; for the type checker
    model: onnx.ModelProto = require("onnxslim", extra="export", purpose="exporting to ONNX").slim(program.model_proto)
    written = next(one.version for one in model.opset_import if one.domain in ("", "ai.onnx"))
    if written != opset:
        raise ExportError(f"the exporter wrote opset {written} where {opset} was asked for; choose {written}")
    _name_axes(model, card, batch=batch)
    return model


def example_input(card: ModelCard, batch: int) -> Tensor:
    """An input to trace a network with."""
    if isinstance(card.input, StretchInput) or card.input.fixed_hw is not None:
        return torch.zeros(batch, 3, *(card.input.fixed_hw or ()))
    multiple = card.input.multiple
    return torch.zeros(batch, 3, 2 * multiple, 3 * multiple)  # sides differ, or the exporter would tie them together


def finish(model: onnx.ModelProto, card: ModelCard, *, precision: Precision) -> bytes:
    """The file's bytes: weights in this precision, the card inside, nothing of the machine that made it.

    Raises:
        ExportError: If a weight is too large for float16.
    """
    widen(model)
    settle(model)
    if precision == "float16":
        narrow(model)
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    model.doc_string = model.graph.doc_string = ""
    model.producer_name, model.producer_version = "gonio", __version__
    kept = {one.key: one.value for one in model.metadata_props}
    helper.set_model_props(model, kept | {CARD_KEY: card_text(card)})
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def card_text(card: ModelCard) -> str:
    """A card for inside a file: JSON, without the sha256 of the file that it is in."""
    return card.model_dump_json(exclude={"weights": {"sha256"}}, exclude_none=True)


def read_onnx(path: Path) -> onnx.ModelProto:
    """A model from its file."""
    return onnx.load(path)


def _name_axes(model: onnx.ModelProto, card: ModelCard, *, batch: int | None) -> None:
    """Axes by the names that the shipped files use; the exporter's are formulas."""
    sides = {2, 3} if card.input.fixed_hw is None else set()
    for value, names in [
        *((value, ("batch", "", "height", "width")) for value in model.graph.input),
        *((value, ("batch", "", "rows", "columns")) for value in model.graph.output),
    ]:
        for axis, dimension in enumerate(value.type.tensor_type.shape.dim):
            if (axis == 0 and batch is None) or axis in sides:
                dimension.dim_param = names[axis]


@contextmanager
def _quiet() -> Iterator[None]:
    """PyTorch speaks of its own parts, and of torchvision, which nothing here uses."""
    log = logging.getLogger("torch.onnx._internal.exporter._registration")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r".*isinstance\(treespec, LeafSpec\)", category=FutureWarning)
            yield
    finally:
        log.setLevel(before)
