"""Make a network that reads its weights from float files beside it, so that all need little more than one.

``gonio quantize`` writes a file of its own. Of its numbers most are weights of the float file, rounded: the float file
says what they were, and the rounding is a node of the graph. ONNX Runtime computes that once, when it loads. What is
left are ranges, biases and the graph, whose inner names are numbers: written out, they would be a quarter of the file.
A float network that was trained on another's frozen layers shares those with it in the same way. Weights are found by
their name and value, else by their value alone.
The result gives the outputs of the whole file bit for bit: it is checked.

    python -m scripts.share_weights int8.onnx src/gonio/models/weights/movenet-thunder.onnx
    python -m scripts.share_weights src/gonio/models/weights/movenet-lightning.onnx

The second, without a float file, only numbers the inner names of a file, and puts the result in its place.
docs/quantize.md has the commands that make such files. Needs numpy, onnx and onnxruntime. The result lies beside the
float files, as --out says or as NAME-int8.onnx of the first; its sha256 is printed.
"""

import argparse
import hashlib
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
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
    """A float file: its weights, where their bytes lie, and the nodes that make float32 of them.

    Attributes:
        values: Its constants by name, those that it stores and those that it makes of them.
        tensors: What of it is used.
        nodes: What makes more of that.
    """

    def __init__(self, path: Path) -> None:
        """Read it, and the weights that it reads from files beside it."""
        self._name, self._bytes = path.name, path.read_bytes()
        graph = onnx.load_from_string(self._bytes).graph
        self._stored = {tensor.name: tensor for tensor in graph.initializer}
        self._made_by = {name: node for node in graph.node for name in node.output}
        self.values: dict[str, Array] = {
            tensor.name: numpy_helper.to_array(tensor, str(path.parent)) for tensor in graph.initializer
        }
        for node in graph.node:
            inputs = [self.values[name] for name in node.input if name in self.values]
            if node.op_type in ("Cast", "Mul") and len(inputs) == len(node.input):
                self.values[node.output[0]] = _computed(node, inputs)
        self.tensors: dict[str, TensorProto] = {}
        self.nodes: dict[str, onnx.NodeProto] = {}

    def use(self, name: str) -> str:
        """Take along what makes these weights; gives the name that they have then."""
        mine = f"{self._name}:{name}"
        if name in self._stored:
            self.tensors[mine] = self._reference(self._stored[name], mine)
        elif mine not in self.nodes:
            node = onnx.NodeProto.FromString(self._made_by[name].SerializeToString())
            node.input[:] = [self.use(one) for one in node.input]
            node.output[:] = [mine]
            self.nodes[mine] = node
        return mine

    def _reference(self, tensor: TensorProto, name: str) -> TensorProto:
        """The tensor as a place in this file, or where it lies already."""
        found: TensorProto = TensorProto.FromString(tensor.SerializeToString())
        found.name = name
        content = tensor.raw_data
        start = self._bytes.find(content) if len(content) >= LEAST else -1
        if start < 0 or self._bytes.find(content, start + 1) >= 0:
            return found
        found.ClearField("raw_data")
        found.data_location = TensorProto.EXTERNAL
        for key, value in (("location", self._name), ("offset", start), ("length", len(content))):
            found.external_data.add(key=key, value=str(value))
        return found


def _computed(node: onnx.NodeProto, inputs: list[Array]) -> Array:
    """What a cast or a product is."""
    if node.op_type == "Mul":
        return np.asarray(inputs[0] * inputs[1])
    return inputs[0].astype(helper.tensor_dtype_to_np_dtype(node.attribute[0].i))


def _found(originals: Sequence[Original], name: str, fits: Callable[[Array], bool]) -> str | None:
    """The name, once they are used, of the weights that fit: best those of this name, else any."""
    named = [(original, name) for original in originals if name in original.values]
    others = [(original, other) for original in originals for other in original.values]
    chosen = next(((one, other) for one, other in [*named, *others] if fits(one.values[other])), None)
    return None if chosen is None else chosen[0].use(chosen[1])


def share_weights(model: onnx.ModelProto, originals: Sequence[Original]) -> None:
    """Replace weights of a network by places in float files and nodes that round them. Changes the model."""
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    made: list[onnx.NodeProto] = []
    instead: dict[str, str] = {}
    for name, values in held.items():
        if values.nbytes < LEAST:
            continue
        if (known := _found(originals, name, partial(_same, values))) is not None:
            instead[name] = known
        elif (wide := _found(originals, name, partial(_same_as_half, values))) is not None:
            made.append(helper.make_node("Cast", [wide], [name], to=TensorProto.FLOAT16))
    gone = {*instead, *(name for node in made for name in node.output)}
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and (rounding := _rounding(node, held, gone, originals)) is not None:
            made.append(rounding)
            gone.add(node.input[0])
    made += _bias_scales(model, held, gone)
    kept = [tensor for tensor in model.graph.initializer if tensor.name not in gone]
    lent = [tensor for original in originals for tensor in original.tensors.values()]
    before = [node for original in originals for node in original.nodes.values()]
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in (*before, *made, *model.graph.node)]
    tensors = [TensorProto.FromString(one.SerializeToString()) for one in (*kept, *lent)]
    for node in copies:
        node.input[:] = [instead.get(name, name) for name in node.input]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(copies)
    model.graph.initializer.extend(tensors)


def _same(values: Array, known: Array) -> bool:
    return known.dtype == values.dtype and np.array_equal(known, values)


def _same_as_half(values: Array, known: Array) -> bool:
    """Whether float32 weights are these once they are rounded to float16."""
    if values.dtype != np.float16 or known.dtype != np.float32 or known.shape != values.shape:
        return False
    return np.array_equal(known.astype(np.float16), values)


def _rounding(
    node: onnx.NodeProto, held: dict[str, Array], gone: set[str], originals: Sequence[Original]
) -> onnx.NodeProto | None:
    """The node that makes the int8 weights which this one reads from float weights; None if they are no such."""
    name = node.input[0]
    if name in gone or name not in held or held[name].dtype != np.int8 or len(node.input) < 3:
        return None
    scale, zero = node.input[1:]
    axis = next((one.i for one in node.attribute if one.name == "axis"), 1)
    steps = held[scale].reshape([-1 if i == axis else 1 for i in range(held[name].ndim)])

    def fits(known: Array) -> bool:
        if known.dtype != np.float32 or known.shape != held[name].shape:
            return False
        return np.array_equal(np.clip(np.rint(known / steps), -128, 127), held[name])

    weights = _found(originals, name.removesuffix("_quantized"), fits)
    return None if weights is None else helper.make_node("QuantizeLinear", [weights, scale, zero], [name], axis=axis)


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


def _sides(model: onnx.ModelProto) -> Any:
    """Height and width of the network's picture, 0 where they are open."""
    return model.graph.input[0].type.tensor_type.shape.dim[2:4]


def main() -> None:
    """Make the file, and check it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path)
    parser.add_argument(
        "originals", type=Path, nargs="*", help="float files of one folder; the first that fits is read"
    )
    parser.add_argument("--out", help="name of the result in that folder; default: NAME-int8.onnx of the first")
    asked = parser.parse_args()
    first = asked.originals[0] if asked.originals else asked.network
    folder = first.parent
    target = folder / (asked.out or (f"{first.stem}-int8.onnx" if asked.originals else first.name))
    if any(one.parent != folder or one.name == target.name for one in asked.originals) or target.parent != folder:
        raise SystemExit(f"{target}: the result and the files that it reads lie in one folder, under different names")
    model = onnx.load(asked.network, load_external_data=bool(asked.originals))
    if asked.originals:
        share_weights(model, [Original(path) for path in asked.originals])
        del model.metadata_props[:]  # the card lies in the package
    leave_out_zeros(model)
    shorten_names(model)
    height, width = (one.dim_value or default for one, default in zip(_sides(model), (192, 256), strict=True))
    image = np.random.default_rng(0).uniform(-1, 1, (2, 3, height, width)).astype(np.float32)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        trial = Path(name) / target.name
        trial.write_bytes(model.SerializeToString())
        places = [place for tensor in model.graph.initializer for place in tensor.external_data]
        for read in {place.value for place in places if place.key == "location"}:
            (Path(name) / read).hardlink_to(folder / read)
        pairs = zip(outputs(asked.network, image), outputs(trial, image), strict=True)
        if not all(np.array_equal(one, other) for one, other in pairs):
            raise SystemExit(
                f"{asked.network}: the network with shared weights gives other outputs; nothing is written"
            )
    with atomic_path(target) as path:
        path.write_bytes(model.SerializeToString())
    print(f"{target}: {target.stat().st_size} bytes, sha256 {hashlib.sha256(target.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
