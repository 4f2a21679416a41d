"""The PyTorch modules answer as the shipped ONNX files do, and as the original TensorFlow.js graphs.

Oracles: ONNX Runtime on the shipped files; ``movenet_graph.npz`` (see ``test_movenet_graph.py``).
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import pytest
import torch

from gonio.errors import WeightsError
from gonio.models.registry import WEIGHTS_FOLDER
from gonio.training.networks import MoveNet, count_parameters

Array = npt.NDArray[Any]

GOLDEN = Path(__file__).with_name("movenet_graph.npz")
PARAMETERS = {"lightning": 2_317_974, "thunder": 6_226_046, "multipose": 4_723_346}  # of the original graphs
SCORE = 1e-5
CELLS = 2.5e-4  # of 4 px: 1e-3 px
# Regressions reach 96 cells in a full-size picture; some hundred float32 products each are up to 3.5e-4 cells off
# there (PyTorch's from double precision: 2.8e-4, ONNX Runtime's: 1.0e-4), hence double precision for those pictures.
models = pytest.mark.parametrize("model", PARAMETERS)


@pytest.fixture(scope="module")
def golden() -> dict[str, Array]:
    with np.load(GOLDEN) as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def networks() -> dict[str, MoveNet]:
    return {size: MoveNet.pretrained(size).eval() for size in PARAMETERS}


def normalised(image: Array) -> Array:
    return (image.astype(np.float32) / np.float32(127.5) - 1).transpose(2, 0, 1)[None]


def answers_of_onnx(model: str, image: Array) -> dict[str, Array]:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    path = WEIGHTS_FOLDER / f"movenet-{model}.onnx"
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"image": image}), strict=True))


def check(found: dict[str, torch.Tensor], expected: dict[str, Array], *, rounded: bool = False) -> None:
    """Exactly, or as near as kernels are that were rounded to int8."""
    assert list(found) == list(expected)
    for name, answer in expected.items():
        exact, near = (SCORE, 0.03) if name in ("center", "heatmap") else (CELLS, 0.6)
        tolerance = near if rounded else exact
        np.testing.assert_allclose(found[name].numpy(), answer, rtol=0, atol=tolerance, err_msg=name)


@models
def test_it_is_the_onnx_file(golden: dict[str, Array], networks: dict[str, MoveNet], model: str) -> None:
    image = normalised(golden["image"])
    with torch.inference_mode():
        check(networks[model](torch.from_numpy(image)), answers_of_onnx(model, image))


@models
def test_it_is_the_onnx_file_at_full_size(golden: dict[str, Array], networks: dict[str, MoveNet], model: str) -> None:
    """In double precision, so that one side's rounding is left out of the comparison."""
    image = normalised(golden[f"movenet-{model}/image"])
    network = MoveNet(model).double().eval()
    network.load_state_dict(networks[model].state_dict())
    with torch.inference_mode():
        check(network(torch.from_numpy(image).double()), answers_of_onnx(model, image))


@models
def test_it_is_the_original_graph(golden: dict[str, Array], networks: dict[str, MoveNet], model: str) -> None:
    with torch.inference_mode():
        found = networks[model](torch.from_numpy(normalised(golden["image"])))
    check(found, {name: golden[f"movenet-{model}/{name}"] for name in found}, rounded=model != "lightning")


@models
def test_parameters(networks: dict[str, MoveNet], model: str) -> None:
    assert count_parameters(networks[model]) == PARAMETERS[model]


def test_another_skeleton_keeps_all_but_the_last_layers(networks: dict[str, MoveNet]) -> None:
    fresh = MoveNet.pretrained("lightning", n_keypoints=5)
    kept, original = fresh.state_dict(), networks["lightning"].state_dict()
    changed = {name for name in kept if kept[name].shape != original[name].shape}
    assert changed == {f"heads.{h}.output.{p}" for h in ("heatmap", "regress", "offset") for p in ("weight", "bias")}
    assert all(torch.equal(kept[name], original[name]) for name in kept if name not in changed)
    assert fresh.codec.output_channels == {"center": 1, "heatmap": 5, "regress": 10, "offset": 10}


def test_wrong_files_are_refused_and_change_nothing(tmp_path: Path) -> None:
    network = MoveNet("lightning")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    (tmp_path / "noise.onnx").write_bytes(b"\xff\x00 no graph \xff")
    cases = {
        WEIGHTS_FOLDER / "movenet-thunder.onnx": r"stem should have the shapes \[\(32, 3, 3, 3\), \(32,\)\]",
        WEIGHTS_FOLDER / "movenet-multipose.onnx": "give the file of this size",
        tmp_path / "nothing.onnx": "cannot be read",
        tmp_path / "noise.onnx": "cannot be read",
    }
    for path, said in cases.items():
        with pytest.raises(WeightsError, match=said):
            network.load_onnx(path)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
