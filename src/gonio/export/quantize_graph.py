"""A float network as the graph that is quantised: weights unfolded, nodes named, layers grouped into blocks."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import onnx
from onnx import TensorProto
from onnxruntime.quantization.shape_inference import quant_pre_process

from gonio.errors import ExportError
from gonio.stored_weights import widen

LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""Operators with weights: what int8 makes small and fast."""
_INTEGER = ("QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvInteger", "MatMulInteger", "QLinearMatMul")
_MOST_LAYERS = 4  # of one group


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Layers that are quantised, or kept in float, together.

    Attributes:
        name: Of its first layer.
        layers: Names of its layers, in the order of the graph.
        nodes: Names of its layers and of what follows them: activations, additions.
        is_first: Whether no layer comes before it.
        is_head: Whether its result is an output of the network.
    """

    name: str
    layers: list[str] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    is_first: bool = False
    is_head: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FloatGraph:
    """A network in float32, ready to be quantised.

    Attributes:
        model: Its graph; every node has a name of its own.
        blocks: All of its layers, in groups.
        metadata: What the file said of itself.
    """

    model: onnx.ModelProto
    blocks: tuple[Block, ...]
    metadata: dict[str, str]

    @property
    def input_name(self) -> str:
        """Of the picture."""
        weights = {tensor.name for tensor in self.model.graph.initializer}
        return next(str(value.name) for value in self.model.graph.input if value.name not in weights)

    def convolutions(self, nodes: Iterable[str]) -> list[onnx.NodeProto]:
        """Those of these nodes that are convolutions with stored weights."""
        weights, wanted = set(self.weights()), set(nodes)
        return [
            node
            for node in self.model.graph.node
            if node.op_type == "Conv" and node.name in wanted and node.input[1] in weights
        ]

    def weights(self) -> dict[str, onnx.TensorProto]:
        """Stored tensors by name."""
        return {tensor.name: tensor for tensor in self.model.graph.initializer}


def read_float_graph(path: Path, apart: Sequence[str] = ()) -> FloatGraph:
    """Read an ONNX file and prepare it.

    Weights that are stored in fewer bytes become float32, batch norms are folded into their convolutions and
    constants computed (by ONNX Runtime's own preparation), shapes inferred.

    Args:
        path: Of the file.
        apart: Patterns of names of layers; no block has layers that match beside layers that do not.

    Raises:
        ExportError: If the network is quantised already, or has no float32 layers.
    """
    model = onnx.load(path)
    integer = sorted({node.op_type for node in model.graph.node} & set(_INTEGER))
    if integer:
        raise ExportError(
            f"'{path}' is quantised already (it has {', '.join(integer)}); give the float model that it was made from"
        )
    metadata = {one.key: one.value for one in model.metadata_props}
    widen(model)
    prepared = _prepared(model)
    _name_nodes(prepared)
    blocks = group_layers(prepared, apart)
    if not blocks:
        raise ExportError(
            f"'{path}' has no convolution or matrix product with stored float32 weights, so there is nothing to "
            "quantise; give a float32 network, or one whose float16 weights are cast to float32"
        )
    return FloatGraph(prepared, tuple(blocks), metadata)


def is_depthwise(node: onnx.NodeProto) -> bool:
    """Whether a convolution looks at each channel alone, or at groups of them."""
    return any(attribute.name == "group" and attribute.i > 1 for attribute in node.attribute)


def named(layer: str, patterns: Sequence[str]) -> bool:
    """Whether a layer's name matches one of the patterns (``*``, ``?``, ``[...]``)."""
    return any(fnmatchcase(layer, pattern) for pattern in patterns)


def group_layers(model: onnx.ModelProto, apart: Sequence[str] = ()) -> list[Block]:
    """Layers in groups: a block ends where branches meet, after four layers, and before a head; order of the graph.

    The first layer and the last layer before each output are groups of their own, and layers are apart that match the
    patterns.
    """
    stored = {tensor.name for tensor in model.graph.initializer if tensor.data_type == TensorProto.FLOAT}
    heads = _heads(model, stored)
    blocks: list[Block] = []
    owner: dict[str, Block] = {}
    closed: set[str] = set()
    for node in model.graph.node:
        before = owner.get(node.input[0]) if node.input else None
        if _is_layer(node, stored):
            is_first, is_head = before is None, node.name in heads
            full = before is not None and (before.name in closed or len(before.layers) >= _MOST_LAYERS)
            if before is None or is_head or full or named(node.name, apart) != named(before.name, apart):
                before = Block(node.name, is_first=is_first, is_head=is_head)
                blocks.append(before)
            if is_first or is_head:
                closed.add(before.name)
            before.layers.append(node.name)
        if before is None:
            continue
        before.nodes.append(node.name)
        if sum(name in owner for name in node.input) > 1:
            closed.add(before.name)  # branches meet here
        if node.op_type in LAYERS and len(_users(model, node.output[0])) > 1:
            closed.add(before.name)
        owner.update(dict.fromkeys(node.output, before))
    return blocks


def _is_layer(node: onnx.NodeProto, stored: set[str]) -> bool:
    return node.op_type in LAYERS and len(node.input) > 1 and node.input[1] in stored


def _users(model: onnx.ModelProto, name: str) -> list[onnx.NodeProto]:
    return [node for node in model.graph.node if name in node.input]


def _heads(model: onnx.ModelProto, stored: set[str]) -> set[str]:
    """The last layer before each output."""
    producer = {name: node for node in model.graph.node for name in node.output}
    heads = set()
    for value in model.graph.output:
        node = producer.get(value.name)
        while node is not None and not _is_layer(node, stored):
            node = producer.get(node.input[0]) if node.input else None
        if node is not None:
            heads.add(node.name)
    return heads


def _prepared(model: onnx.ModelProto) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory(prefix="gonio-quantize-") as folder:
        before, after = Path(folder, "before.onnx"), Path(folder, "after.onnx")
        onnx.save(model, before)
        # shapes by ONNX's own inference: the symbolic one needs sympy and adds nothing to networks of convolutions
        quant_pre_process(before, after, skip_symbolic_shape=True)
        return onnx.load(after)


def _name_nodes(model: onnx.ModelProto) -> None:
    """Give each node the name of its first result, and a layer from PyTorch that of its module: both are unique.

    Empty names could not be told apart, and the results' names are numbers in a file from PyTorch.
    """
    weights = [node.input[1] for node in model.graph.node if node.op_type in LAYERS]
    modules = {one.removesuffix(".weight") for one, n in Counter(weights).items() if n == 1 and one.endswith(".weight")}
    for node in model.graph.node:
        module = node.input[1].removesuffix(".weight") if node.op_type in LAYERS else ""
        node.name = module if module in modules else node.output[0]
