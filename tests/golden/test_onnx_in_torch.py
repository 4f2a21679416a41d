"""Real networks in PyTorch answer as in ONNX Runtime; our own, exported, as before.

Oracles: ONNX Runtime on the shipped files and on those of PaddleDetection; our networks themselves.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import pytest
import torch

from gonio.models.registry import WEIGHTS_FOLDER
from gonio.onnx_in_torch.module import OnnxModule
from gonio.training.networks import build_network, deployed

RELATIVE = 1e-4  # of the largest value: some hundred float32 sums a layer, in another order


def assert_same(path: Path, shape: tuple[int, ...]) -> None:
    image: npt.NDArray[np.float32] = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    expected = session.run(None, {session.get_inputs()[0].name: image})
    found = OnnxModule(path)(torch.from_numpy(image))
    on_meta = OnnxModule(path).to("meta")(torch.zeros(shape, device="meta"))  # fails where a shape waits for the device
    assert list(found) == [output.name for output in session.get_outputs()]
    for (name, mine), theirs in zip(found.items(), expected, strict=True):
        largest = float(np.abs(theirs).max())
        assert on_meta[name].shape == theirs.shape
        np.testing.assert_allclose(mine.numpy(), theirs, rtol=0, atol=RELATIVE * largest, err_msg=name)


@pytest.mark.parametrize("model", ["thunder", "multipose"])
def test_the_shipped_networks(model: str) -> None:
    path = WEIGHTS_FOLDER / f"movenet-{model}.onnx"
    assert_same(path, (2, 3, 64, 96))


@pytest.mark.parametrize(
    ("file", "input_hw"), [("tinypose-256x192.onnx", (256, 192)), ("picodet-s-320-pedestrian.onnx", (320, 320))]
)
def test_networks_of_others(file: str, input_hw: tuple[int, int]) -> None:
    assert_same(shared_model(file), (1, 3, *input_hw))


def shared_model(file: str) -> Path:
    root = Path(__file__).resolve().parents[2]
    path = Path(os.environ.get("GONIO_SHARED", root.parent / "shared")) / "models" / file
    if not path.is_file():
        pytest.skip(f"no {path}; set GONIO_SHARED to the folder that holds models/")
    return path


@pytest.mark.filterwarnings("ignore")  # the exporter's own
@pytest.mark.parametrize(
    ("kind", "size", "parameters"),
    [
        ("topdown-cnn", "s", {"head": "heatmap", "input_hw": (64, 64)}),
        ("topdown-cnn", "s", {"head": "simcc", "input_hw": (64, 64)}),
        ("topdown-vit", "t", {"input_hw": (64, 64)}),
    ],
    ids=["heatmap", "simcc", "vit"],
)
def test_our_own_networks_exported(kind: str, size: str, parameters: dict[str, Any], tmp_path: Path) -> None:
    """Oracle: the network itself."""
    torch.manual_seed(0)
    network = deployed(build_network(kind, size, n_keypoints=5, **parameters))
    path = tmp_path / "own.onnx"
    batch = torch.export.Dim("batch", min=1, max=64)
    torch.onnx.export(
        network, (torch.zeros(2, 3, 64, 64),), str(path), dynamo=True, opset_version=18,
        dynamic_shapes=({0: batch},), output_names=list(network.codec.output_channels), verbose=False,
    )  # fmt: skip
    image = torch.randn(3, 3, 64, 64)
    found = OnnxModule(path)(image)
    with torch.no_grad():
        expected = network(image)
    assert list(found) == list(expected)
    on_meta = OnnxModule(path).to("meta")(image.to("meta"))  # fails where a shape would wait for the device
    for name, values in expected.items():
        assert on_meta[name].shape == values.shape
        torch.testing.assert_close(found[name], values, rtol=0, atol=RELATIVE * float(values.abs().max()))
