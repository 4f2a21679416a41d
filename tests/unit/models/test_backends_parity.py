"""The same network in every runtime that is installed: ONNX Runtime on the CPU is the oracle of the others.

With real networks this takes some ten seconds.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from gonio.arrays import FloatArray, ImageArray
from gonio.errors import ConfigError, ModelMismatchError, WeightsError
from gonio.io.sources import open_source
from gonio.models.backends import Backend, OnnxBackend, OpenVinoBackend, TorchBackend
from gonio.models.loader import load_model
from gonio.models.registry import WEIGHTS_FOLDER
from gonio.models.runtimes import torch_devices

if TYPE_CHECKING:
    from tests.unit.models.conftest import Tiny

TOLERANCE_PX = 0.05
"""In the picture, in float32: what docs/runtimes.md promises. Measured is a thousandth of it."""
OPENERS: dict[str, Callable[..., Backend]] = {
    "openvino": lambda path, **settings: OpenVinoBackend(path, threads=1, **settings),
    "torch": lambda path, **settings: TorchBackend.from_onnx(path, threads=1, **settings),
}
EACH = [
    pytest.param(name, marks=pytest.mark.skipif(find_spec(name) is None, reason=f"{name} is not installed"))
    for name in OPENERS
]


@pytest.fixture(scope="module")
def walkers() -> ImageArray:
    path = Path(__file__).parents[3] / "samples" / "walk.mp4"
    if not path.is_file():
        pytest.skip("the sample video is not here")
    return next(iter(open_source(path, start_s=1.0))).image


def noise(*shape: int) -> FloatArray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("runtime", EACH)
@pytest.mark.parametrize("model", ["thunder", "multipose"])
def test_the_same_keypoints(runtime: str, model: str, walkers: ImageArray) -> None:
    expected = load_model(model, threads=1)(walkers)
    found = load_model(model, threads=1, runtime=runtime)
    assert found.runtime.startswith(runtime)
    poses = found(walkers)
    assert len(poses) == len(expected) > 0
    np.testing.assert_allclose(poses.keypoints, expected.keypoints, rtol=0, atol=TOLERANCE_PX)
    np.testing.assert_allclose(poses.scores, expected.scores, rtol=0, atol=1e-3)


@pytest.mark.parametrize("runtime", EACH)
@pytest.mark.parametrize("batch", [1, 2, "batch"])
@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.UINT8, TensorProto.FLOAT16])
def test_any_batch_and_kind_of_numbers(runtime: str, batch: int | str, kind: int, tmp_path: Path) -> None:
    """Files that want their images otherwise get them so, and give them back."""
    ends = [
        helper.make_tensor_value_info("image", kind, (batch, 5, 7, 3)),
        helper.make_tensor_value_info("seen", TensorProto.FLOAT, (batch, 5, 7, 3)),
    ]
    graph = helper.make_graph(
        [helper.make_node("Cast", ["image"], ["seen"], to=TensorProto.FLOAT)], "echo", ends[:1], ends[1:]
    )
    path = tmp_path / "echo.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    images = np.random.default_rng(0).integers(0, 256, (3, 3, 5, 7)).astype(np.float32)
    backend = OPENERS[runtime](path)
    assert backend.output_channels == OnnxBackend(path, threads=1).output_channels
    np.testing.assert_array_equal(backend.run(images)["seen"], images.transpose(0, 2, 3, 1))


@pytest.mark.parametrize("runtime", EACH)
def test_further_inputs_and_their_order(runtime: str, tmp_path: Path) -> None:
    """The image need not be the graph's first input."""
    ends = [
        helper.make_tensor_value_info("size", TensorProto.FLOAT, ("batch", 2)),
        helper.make_tensor_value_info("image", TensorProto.FLOAT, ("batch", 3, 4, 4)),
        helper.make_tensor_value_info("twice", TensorProto.FLOAT, ("batch", 2)),
        helper.make_tensor_value_info("seen", TensorProto.FLOAT, ("batch", 3, 4, 4)),
    ]
    nodes = [helper.make_node("Add", ["size", "size"], ["twice"]), helper.make_node("Relu", ["image"], ["seen"])]
    path = tmp_path / "two.onnx"
    graph = helper.make_graph(nodes, "two", ends[:2], ends[2:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    images = np.abs(noise(3, 3, 4, 4))
    outputs = OPENERS[runtime](path, constants={"size": (640, 480)}).run(images)
    np.testing.assert_array_equal(outputs["twice"], [[1280, 960]] * 3)
    np.testing.assert_array_equal(outputs["seen"], images)


@pytest.mark.parametrize("runtime", EACH)
def test_several_threads_at_once(runtime: str, tiny: "Tiny") -> None:
    """Of batches and pictures of several sizes everybody gets their own."""
    path = tiny.onnx({"a": 2})
    backend, oracle = OPENERS[runtime](path), OnnxBackend(path, threads=1)
    batches = [noise(1 + i % 3, 3, 32 * (1 + i % 2), 64) + i for i in range(48)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(backend.run, batches))
    for batch, outputs in zip(batches, found, strict=True):
        np.testing.assert_allclose(outputs["a"], oracle.run(batch)["a"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("runtime", EACH)
def test_a_size_that_does_not_fit_is_told_and_harms_nobody(runtime: str) -> None:
    """OpenVINO, left alone, gives the outputs of the run before, and ends the process later."""
    path = WEIGHTS_FOLDER / "movenet-lightning.onnx"
    backend = OPENERS[runtime](path)
    image = noise(1, 3, 64, 64)
    before = backend.run(image)["heatmap"]
    with pytest.raises(ModelMismatchError, match=r"\(1, 3, 50, 50\)|Add"):
        backend.run(noise(1, 3, 50, 50))
    np.testing.assert_array_equal(backend.run(image)["heatmap"], before)
    np.testing.assert_allclose(before, OnnxBackend(path, threads=1).run(image)["heatmap"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("runtime", EACH)
def test_a_file_that_is_no_network(runtime: str, tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(b"\x08\x08\x12\x01x")
    with pytest.raises(WeightsError, match=r"a\.onnx"):
        OPENERS[runtime](path)


@pytest.mark.parametrize("runtime", EACH)
def test_a_device_that_is_not_here(runtime: str, tiny: "Tiny") -> None:
    device = {"openvino": "gpu:7", "torch": "cuda:7"}[runtime]
    with pytest.raises(ConfigError, match=r"GPU\.7|cuda:7"):
        OPENERS[runtime](tiny.onnx(), device=device)
    with pytest.raises(ConfigError, match="coreml"):
        OPENERS[runtime](tiny.onnx(), device="coreml")


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
class TestTorch:
    def test_half_of_the_bits(self, tiny: "Tiny") -> None:
        """Close to float32, and not it."""
        path, image = tiny.onnx({"a": 2}), noise(2, 3, 64, 64)
        rough = TorchBackend.from_onnx(path, threads=1, precision="bfloat16")
        assert rough.description.endswith("computes in bfloat16")
        away = np.abs(rough.run(image)["a"] - OnnxBackend(path, threads=1).run(image)["a"]).max()
        assert 0 < away < 0.02

    def test_compiled_is_one_graph_for_each_size(self, tiny: "Tiny", monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[Any] = []

        def compiled(graph: Any) -> Any:
            made.append(graph)
            return graph

        monkeypatch.setattr("torch.compile", compiled)
        path = tiny.onnx({"a": 2})
        backend = TorchBackend.from_onnx(path, threads=1, compiled=True)
        for shape in ((1, 3, 64, 64), (2, 3, 32, 64), (1, 3, 64, 64)):
            image = noise(*shape)
            expected = OnnxBackend(path, threads=1).run(image)["a"]
            np.testing.assert_allclose(backend.run(image)["a"], expected, rtol=0, atol=1e-5)
        assert len(made) == 2

    def test_graphs_are_for_gpus(self, tiny: "Tiny") -> None:
        with pytest.raises(ConfigError, match="CUDA graphs are for device='cuda'"):
            TorchBackend.from_onnx(tiny.onnx(), graphs=True)
        with pytest.raises(ConfigError, match="float16 on a GPU alone"):
            TorchBackend.from_onnx(tiny.onnx(), precision="float16")

    @pytest.mark.parametrize("graphs", [False, True])
    def test_a_gpu(self, graphs: bool) -> None:
        if not torch_devices()[1:]:
            pytest.skip("no GPU")
        path = WEIGHTS_FOLDER / "movenet-lightning.onnx"
        backend = TorchBackend.from_onnx(path, device="cuda", graphs=graphs)
        oracle = OnnxBackend(path, threads=1)
        for shape in ((1, 3, 192, 192), (4, 3, 96, 192), (1, 3, 192, 192)):
            image = noise(*shape)
            found, expected = backend.run(image), oracle.run(image)
            for name, values in expected.items():
                np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-3 * float(np.abs(values).max()))


@pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is not installed")
def test_openvino_computes_in_what_it_is_told_or_says_so(tiny: "Tiny") -> None:
    path = tiny.onnx({"a": 2})
    assert OpenVinoBackend(path, threads=1).description.endswith("CPU, 1 thread, computes in f32")
    try:
        rough = OpenVinoBackend(path, threads=1, precision="bfloat16")
    except ConfigError as error:
        assert "computes in f32 on this CPU, not in bfloat16" in str(error)  # noqa: PT017 - which CPU is this?
    else:
        assert rough.description.endswith("computes in bf16")
