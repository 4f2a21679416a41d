"""Which runtime opens a file, on which device, and what is said where none does."""

import hashlib
import json
import logging
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest

from gonio.errors import ConfigError, ModelError
from gonio.models.backends import OnnxBackend
from gonio.models.backends.device import parse_device
from gonio.models.loader import load_model
from gonio.models.registry import find_card
from gonio.models.runtimes import RuntimeWish, choose_runtime, list_runtimes

if TYPE_CHECKING:
    from tests.unit.models.conftest import Tiny

needs_openvino = pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is not installed")
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
GREY = np.full((64, 96, 3), 200, np.uint8)


@pytest.mark.parametrize(
    ("file", "wish", "runtime", "device", "reason"),
    [
        ("a.onnx", {}, "onnxruntime", "cpu", "the default where no device is asked"),
        ("a.onnx", {"device": "cpu"}, "onnxruntime", "cpu", "the first that has this device"),
        ("a.onnx", {"runtime": "torch"}, "torch", "cpu", "it was asked for"),
        ("a.onnx", {"device": "npu"}, "openvino", "npu", "the first that can do npu"),
        ("a.onnx", {"device": "GPU:1"}, "openvino", "gpu:1", "the first that can do GPU:1"),
        ("a.onnx", {"device": "tensorrt"}, "onnxruntime", "tensorrt", "the first that has this device"),
        ("a.onnx", {"precision": "bfloat16"}, "openvino", "cpu", "the first that can do bfloat16"),
        ("a.onnx", {"compiled": True}, "torch", "cpu", "the first that can do compiled"),
        ("a.onnx", {"device": "cuda:1", "graphs": True}, "torch", "cuda:1", "the first that can do cuda:1 graphs"),
        ("a.xml", {}, "openvino", "cpu", "what opens .xml files"),
        ("a.xml", {"device": "auto"}, "openvino", "auto", "what opens .xml files"),
        ("a.tflite", {}, "litert", "cpu", "what opens .tflite files"),
        ("a.safetensors", {"device": "cuda"}, "torch", "cuda", "what opens .safetensors files"),
    ],
)
def test_the_choice(file: str, wish: dict[str, Any], runtime: str, device: str, reason: str) -> None:
    choice = choose_runtime(file, RuntimeWish(**wish))
    assert (choice.runtime, str(choice.device), choice.reason) == (runtime, device, reason)


@pytest.mark.parametrize(
    ("file", "wish", "message"),
    [
        ("a.onnx", {"runtime": "litert"}, "litert does not open 'a.onnx': a .onnx file runs in onnxruntime, openvino"),
        ("a.xml", {"runtime": "torch"}, "torch does not open 'a.xml': a .xml file runs in openvino"),
        ("a.onnx", {"runtime": "torch", "device": "npu"}, "torch has no device 'npu': it has cpu, cuda"),
        ("a.tflite", {"device": "cuda"}, "a .tflite file runs in litert, and cuda is for onnxruntime, torch"),
        ("a.tflite", {"precision": "bfloat16"}, "bfloat16 is for openvino, torch"),
        ("a.onnx", {"device": "npu", "compiled": True}, "npu compiled is for none of the runtimes"),
        ("a.pt", {}, "no runtime opens 'a.pt'; weights end in .onnx, .xml, .tflite, .safetensors"),
    ],
)
def test_what_cannot_be(file: str, wish: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        choose_runtime(file, RuntimeWish(**wish))
    assert message in str(caught.value)


@pytest.mark.parametrize("device", ["", "cuda:", "cuda:x", "cpu:0", "cuda:-1", "cuda:²", "abacus"])
def test_no_such_device(device: str) -> None:
    with pytest.raises(ConfigError, match=f"^no device named {device!r}; give one of cpu, cuda"):
        parse_device(device)


def test_no_such_precision() -> None:
    with pytest.raises(ConfigError, match="no precision named 'int4'; give one of float32, bfloat16, float16"):
        RuntimeWish(precision="int4")  # type: ignore[arg-type]


def test_cuda_is_never_silently_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither runtime was built for it both are named; the first that was is taken."""
    monkeypatch.setattr("gonio.models.runtimes.onnx_devices", lambda: ("cpu",))
    monkeypatch.setattr("gonio.models.runtimes.torch_devices", lambda: ("cpu",))
    with pytest.raises(
        ConfigError, match=r"nothing here runs on cuda: ONNX Runtime has cpu, PyTorch cpu.*gonio\[gpu\]"
    ):
        choose_runtime("a.onnx", RuntimeWish(device="cuda"))
    monkeypatch.setattr("gonio.models.runtimes.torch_devices", lambda: ("cpu", "cuda:0"))
    choice = choose_runtime("a.onnx", RuntimeWish(device="cuda"))
    assert (choice.runtime, "PyTorch has it" in choice.reason) == ("torch", True)
    monkeypatch.setattr("gonio.models.runtimes.onnx_devices", lambda: ("cpu", "cuda"))
    assert choose_runtime("a.onnx", RuntimeWish(device="cuda")).runtime == "onnxruntime"


class TestOnnxRuntime:
    @pytest.mark.parametrize("device", ["cuda", "tensorrt", "directml", "coreml"])
    def test_a_device_that_it_was_not_built_for(
        self, tiny: "Tiny", device: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
        with pytest.raises(ConfigError, match=f"this ONNX Runtime .* has no {device}: it has cpu; .*pip install"):
            OnnxBackend(tiny.onnx(), threads=1, device=device)

    @pytest.mark.filterwarnings("ignore:Specified provider")
    def test_a_device_that_does_not_start(self, tiny: "Tiny", monkeypatch: pytest.MonkeyPatch) -> None:
        """As where CUDA's libraries are missing: ONNX Runtime would go on without."""
        providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]
        monkeypatch.setattr("onnxruntime.get_available_providers", lambda: providers)
        if "CUDAExecutionProvider" in __import__("onnxruntime").capi._pybind_state.get_available_providers():
            pytest.skip("this build has CUDA")
        with pytest.raises(ConfigError, match=r"cannot run the network on cuda:1 \(it fell back to CPU\)"):
            OnnxBackend(tiny.onnx(), threads=1, device="cuda:1")

    def test_a_precision_that_is_the_files(self, tiny: "Tiny") -> None:
        with pytest.raises(ConfigError, match="as the file says, not in bfloat16"):
            OnnxBackend(tiny.onnx(), threads=1, precision="bfloat16")


def test_the_reason_is_logged(tiny: "Tiny", caplog: pytest.LogCaptureFixture) -> None:
    card = tiny.card(input__longer_side=64)
    with caplog.at_level(logging.INFO, logger="gonio.models.loader"):
        load_model(card, threads=1)
    assert caplog.messages == ["tiny runs in onnxruntime on cpu: the default where no device is asked"]


@needs_torch
def test_the_proposer_runs_where_the_model_does(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="gonio.models.loader"):
        load_model("lightning", threads=1, runtime="torch")
    assert [message.split(":")[0] for message in caplog.messages] == [
        "lightning runs in torch on cpu",
        "gonio-det runs in torch on cpu",
    ]


@needs_openvino
class TestOpenVinoFile:
    def write(self, tiny: "Tiny", card: dict[str, Any] | None) -> Path:
        from gonio.models.backends.openvino import import_openvino, openvino_core

        network = openvino_core().read_model(tiny.onnx())
        if card is not None:
            network.set_rt_info(json.dumps(card), ["gonio", "card"])
        path = tiny.folder / "net.xml"
        import_openvino().save_model(network, path)
        return path

    def test_with_its_card_inside(self, tiny: "Tiny") -> None:
        facts = json.loads(tiny.card(input__longer_side=64).read_text())
        path = self.write(tiny, facts)
        model = load_model(path, threads=1)
        assert model.card.weights.file == "net.xml"
        assert model.runtime.startswith("openvino ")
        assert len(model(GREY)) == len(load_model(tiny.folder / "tiny.json", threads=1)(GREY)) > 0

    def test_with_a_card_beside(self, tiny: "Tiny") -> None:
        path = self.write(tiny, None)
        facts = json.loads(tiny.card(input__longer_side=64).read_text())
        facts["weights"] = {"file": "net.xml", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        path.with_suffix(".json").write_text(json.dumps(facts))
        for name in (path, path.with_suffix(".json")):
            assert load_model(name, threads=1).runtime.startswith("openvino ")

    def test_without_a_card(self, tiny: "Tiny") -> None:
        with pytest.raises(ModelError, match=r"no model card for '.*net\.xml'.*put one beside it as 'net\.json'"):
            load_model(self.write(tiny, None))
        with pytest.raises(ModelError, match=r"card inside '.*net\.xml' is not one"):
            load_model(self.write(tiny, {"name": "tiny"}))

    def test_what_is_no_xml(self, tmp_path: Path) -> None:
        path = tmp_path / "net.xml"
        path.write_text("nothing")
        with pytest.raises(ModelError, match="is not XML"):
            load_model(path)

    def test_a_proposer_that_cannot_follow(self, tiny: "Tiny", caplog: pytest.LogCaptureFixture) -> None:
        """A top-down model in PyTorch, and a detector that OpenVINO alone opens."""
        detector = self.write(tiny, json.loads(tiny.card(input__longer_side=64).read_text()))
        with caplog.at_level(logging.INFO, logger="gonio.models.loader"):
            load_model("lightning", threads=1, runtime="torch", detector=detector)
        assert caplog.messages[1:] == [
            "tiny, which proposes people, cannot run in torch: its weights are no such file",
            "tiny runs in openvino on cpu: what opens .xml files",
        ]


@needs_torch
@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_a_checkpoint(suffix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Either of its files; the network's answers are those of the module."""
    import torch

    from gonio.models.skeleton_spec import SkeletonSpec
    from gonio.training.checkpoint import CheckpointInfo, save_checkpoint
    from gonio.training.networks import OneStage
    from gonio.training.recipe import NetworkChoice

    network = OneStage("n", n_keypoints=2, input_hw=(64, 64)).eval()
    spec = SkeletonSpec(
        name="stick", keypoint_names=("top", "end"), links=((0, 1),), flip_indices=(0, 1), sigmas=(0.1, 0.1)
    )
    info = CheckpointInfo(
        name="run", network=NetworkChoice(kind="onestage", size="n", parameters={"input_hw": (64, 64)}), skeleton=spec,
        crop=None, epoch=1, step=1,
    )  # fmt: skip
    save_checkpoint(tmp_path / "best.safetensors", network.state_dict(), info)
    with caplog.at_level(logging.INFO, logger="gonio.models.loader"):
        model = load_model(tmp_path / f"best{suffix}", threads=1)
    assert caplog.messages == ["best runs in torch on cpu: what opens .safetensors files"]
    assert model.skeleton.keypoint_names == ("top", "end")
    assert model.runtime.startswith("torch ")
    batch = np.random.default_rng(0).normal(size=(1, 3, 64, 64)).astype(np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(batch))
    found = model._backend.run(batch)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values.numpy(), rtol=0, atol=1e-4)
    assert isinstance(len(model(GREY)), int)


def test_a_litert_file_wants_its_card_beside(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(b"TFL3")
    with pytest.raises(ModelError, match=r"with weights\.file 'net\.tflite'"):
        find_card(path)


def test_what_is_installed() -> None:
    found = list_runtimes()
    assert found["onnxruntime"][0] == "cpu"
    for name, package in (("openvino", "openvino"), ("torch", "torch"), ("litert", "ai_edge_litert")):
        assert (name in found) is (find_spec(package) is not None)


def test_a_network_of_another_kind_in_every_runtime(tiny: "Tiny") -> None:
    """An output of the wrong width is told alike."""
    path = tiny.onnx({"center": 1, "heatmap": 21, "regress": 34, "offset": 34, "box_scale": 2, "box_offset": 2})
    assert onnx.load(path).graph.output[1].name == "heatmap"
    for runtime in list_runtimes():
        if runtime == "litert":
            continue
        with pytest.raises(ModelError, match="there should be an output 'heatmap' with 17 channels"):
            load_model(tiny.card(path), threads=1, runtime=runtime)
