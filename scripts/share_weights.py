"""Make an int8 network that reads its weights from the float file beside it, so that both need little more than one.

``gonio quantize`` writes a file of its own. Of its numbers most are weights of the float file, rounded: the float file
says what they were, and the rounding is a node of the graph. ONNX Runtime computes that once, when it loads. What is
left are ranges, biases and the graph, whose inner names are numbers: written out, they would be a quarter of the file.
The result gives the outputs of the whole int8 file bit for bit: it is checked.

    python -m scripts.share_weights int8.onnx src/gonio/models/weights/movenet-thunder.onnx

docs/quantize.md has the command that makes ``int8.onnx``. Needs numpy, onnx and onnxruntime. The result lies beside the
float file, as NAME-int8.onnx; its sha256 is printed.
"""

import argparse
import hashlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from gonio.io.atomic import atomic_path

Array = np.ndarray[tuple[int, ...], np.dtype[Any]]

LEAST = 64  # bytes; smaller tensors are copied


class Original:
    """The float file: its weights, where their bytes lie, and the nodes that make float32 of them."""

    def __init__(self, path: Path) -> None:
        """Read it."""
        self._name, self._bytes = path.name, path.read_bytes()
        model = onnx.load_from_string(self._bytes)
        self._stored = {tensor.name: tensor for tensor in model.graph.initializer}
        self._made_by = {name: node for node in model.graph.node for name in node.output}
        self.tensors: dict[str, TensorProto] = {}
        self.nodes: dict[str, onnx.NodeProto] = {}

    def values(self, name: str) -> Array | None:
        """The float32 weights of this name; None if there are none."""
        if name in self._stored:
            return numpy_helper.to_array(self._stored[name])
        node = self._made_by.get(name)
        if node is None or node.op_type not in ("Cast", "Mul"):
            return None
        inputs = [values for one in node.input if (values := self.values(one)) is not None]
        if len(inputs) < len(node.input):
            return None
        return inputs[0].astype(np.float32) if node.op_type == "Cast" else np.asarray(inputs[0] * inputs[1])

    def use(self, name: str) -> None:
        """Take along what makes these weights."""
        if name in self._stored:
            self.tensors[name] = self._reference(self._stored[name])
            return
        node = self._made_by[name]
        for one in node.input:
            self.use(one)
        self.nodes[name] = node

    def _reference(self, tensor: TensorProto) -> TensorProto:
        """The tensor as a place in the file."""
        content = tensor.raw_data
        start = self._bytes.find(content) if len(content) >= LEAST else -1
        if start < 0 or self._bytes.find(content, start + 1) >= 0:
            return tensor
        found = TensorProto(
            name=tensor.name, data_type=tensor.data_type, dims=tensor.dims, data_location=TensorProto.EXTERNAL
        )
        for key, value in (("location", self._name), ("offset", start), ("length", len(content))):
            found.external_data.add(key=key, value=str(value))
        return found


def share_weights(model: onnx.ModelProto, original: Original) -> None:
    """Replace weights of an int8 network by places in the float file and nodes that round them. Changes the model."""
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    made: list[onnx.NodeProto] = []
    gone: set[str] = set()
    for name, values in held.items():
        if (known := original.values(name)) is not None and values.nbytes >= LEAST and np.array_equal(known, values):
            original.use(name)
            gone.add(name)
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and (rounding := _rounding(node, held, original)) is not None:
            made.append(rounding)
            gone.add(node.input[0])
    made += _bias_scales(model, held, gone)
    kept = [tensor for tensor in model.graph.initializer if tensor.name not in gone]
    nodes = [*original.nodes.values(), *made, *model.graph.node]
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    tensors = [TensorProto.FromString(one.SerializeToString()) for one in (*kept, *original.tensors.values())]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(copies)
    model.graph.initializer.extend(tensors)


def _rounding(node: onnx.NodeProto, held: dict[str, Array], original: Original) -> onnx.NodeProto | None:
    """The node that makes the int8 weights which this one reads from float weights; None if they are no such."""
    name, scale, zero = node.input
    weights = name.removesuffix("_quantized")
    if name not in held or held[name].dtype != np.int8 or (values := original.values(weights)) is None:
        return None
    axis = next((one.i for one in node.attribute if one.name == "axis"), 1)
    shape = [-1 if i == axis else 1 for i in range(values.ndim)]
    rounded = np.clip(np.rint(values / held[scale].reshape(shape)), -128, 127)
    if not np.array_equal(rounded, held[name]):
        return None
    original.use(weights)
    return helper.make_node("QuantizeLinear", [weights, scale, zero], [name], axis=axis)


def _bias_scales(model: onnx.ModelProto, held: dict[str, Array], gone: set[str]) -> list[onnx.NodeProto]:
    """Nodes that make the biases' scales from those of activations and weights, whose products they are."""
    made_by = {name: node for node in model.graph.node for name in node.output}
    nodes = []
    for node in model.graph.node:
        if node.op_type != "Conv" or len(node.input) < 3:
            continue
        read = [made_by.get(one) for one in node.input]
        scales = [one.input[1] for one in read if one is not None and one.op_type == "DequantizeLinear"]
        if len(scales) < 3 or not all(one in held for one in scales) or scales[2] in gone:
            continue
        if np.array_equal(held[scales[2]], held[scales[0]] * held[scales[1]]):
            nodes.append(helper.make_node("Mul", scales[:2], [scales[2]]))
            gone.add(scales[2])
    return nodes


def leave_out_zeros(model: onnx.ModelProto) -> None:
    """Zero points of integers that are read are 0 where there are none. Changes the model."""
    inside = (one for one in model.graph.initializer if one.data_location != TensorProto.EXTERNAL)
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in inside}
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and len(node.input) > 2 and not held[node.input[2]].any():
            del node.input[2]
    read = {name for node in model.graph.node for name in node.input}
    kept = [TensorProto.FromString(one.SerializeToString()) for one in model.graph.initializer if one.name in read]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def shorten_names(model: onnx.ModelProto) -> None:
    """Number what is neither input nor output of the network, and forget the shapes in between. Changes the model."""
    outside = {value.name for value in (*model.graph.input, *model.graph.output)}
    numbers: dict[str, str] = {name: name for name in outside} | {"": ""}
    for node in model.graph.node:
        node.name = ""
        for names in (node.input, node.output):
            names[:] = [numbers.setdefault(name, str(len(numbers))) for name in names]
    for tensor in model.graph.initializer:
        tensor.name = numbers[tensor.name]
    del model.graph.value_info[:]


def outputs(path: Path, image: Array) -> list[Array]:
    """Of the network in a file."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return list(session.run(None, {session.get_inputs()[0].name: image}))


def main() -> None:
    """Make the file, and check it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("int8", type=Path)
    parser.add_argument("original", type=Path)
    asked = parser.parse_args()
    model = onnx.load(asked.int8)
    share_weights(model, Original(asked.original))
    leave_out_zeros(model)
    shorten_names(model)
    del model.metadata_props[:]  # the card lies in the package
    target = asked.original.with_name(f"{asked.original.stem}-int8.onnx")
    image = np.random.default_rng(0).uniform(-1, 1, (2, 3, 192, 256)).astype(np.float32)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        trial = Path(folder) / target.name
        trial.write_bytes(model.SerializeToString())
        (Path(folder) / asked.original.name).hardlink_to(asked.original)
        pairs = zip(outputs(asked.int8, image), outputs(trial, image), strict=True)
        if not all(np.array_equal(one, other) for one, other in pairs):
            raise SystemExit(f"{asked.int8}: the network with shared weights gives other outputs; nothing is written")
    with atomic_path(target) as path:
        path.write_bytes(model.SerializeToString())
    print(f"{target}: {target.stat().st_size} bytes, sha256 {hashlib.sha256(target.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
