"""RTMPose's graph with made-up weights: it is timed in the published one's place, so it must cost the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="RTMPose's graph is built in PyTorch")

from benchmarks.peers import rtmpose_graph  # noqa: E402
from benchmarks.peers.rtmpose_graph import INPUT_HW, PUBLISHED, RTMPose  # noqa: E402

from gonio.training.networks import count_macs, count_parameters  # noqa: E402


def count_norm_outputs(network: Any) -> int:
    """Numbers that all batch norms together give out for one input."""
    counts: list[int] = []
    for module in network.eval().modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.register_forward_hook(lambda _module, _inputs, output: counts.append(output.numel()))
    network(torch.zeros(1, 3, *INPUT_HW, device="meta"))
    return sum(counts)


@pytest.mark.parametrize("size", PUBLISHED)
def test_cost_is_the_published_one(size: str) -> None:
    """Oracle: the authors' table of parameters and GFLOPs, to the digits that it gives."""
    with torch.device("meta"):  # shapes without numbers: quick
        network = RTMPose(size)
    published = PUBLISHED[size]
    assert round(count_parameters(network) / 1e6, 2) == published.parameters_m
    macs = count_macs(network, INPUT_HW)
    assert macs / 1e9 == pytest.approx(published.gmacs, rel=0.02)
    with_norms = macs + 2 * count_norm_outputs(network)  # a factor and a term each, which `count_macs` leaves out
    assert round(with_norms / 1e9, 2) == published.gmacs


def test_macs_of_the_attention_by_hand() -> None:
    with torch.device("meta"):
        network = RTMPose("s")
    tokens = torch.zeros(2, 17, 256, device="meta")
    assert network.attention.own_macs(tokens) == 2 * (17 * 17 * 128 + 17 * 17 * 512)


def test_values_keep_an_ordinary_size_and_come_out_the_same_each_time() -> None:
    network, again = rtmpose_graph.made_up(), rtmpose_graph.made_up()
    typical: list[float] = []
    for module in network.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            module.register_forward_hook(lambda _module, _inputs, output: typical.append(float(output.abs().median())))
    picture = torch.randn(1, 3, *INPUT_HW, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        outputs, repeated = network(picture), again(picture)
    assert min(typical) > 1e-2
    assert max(typical) < 1e2
    for one, other in zip(outputs, repeated, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-2)  # other weights would differ by about 1


def test_making_up_weights_leaves_the_random_state_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    rtmpose_graph.made_up("t")
    assert torch.rand(1) == expected


def test_exported_file_has_the_published_inputs_and_outputs(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime runs the exported file")
    network = rtmpose_graph.made_up()
    rtmpose_graph.export(network, tmp_path / "s.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "s.onnx", providers=["CPUExecutionProvider"])
    assert [(i.name, i.shape) for i in session.get_inputs()] == [("input", ["batch", 3, *INPUT_HW])]
    assert [o.name for o in session.get_outputs()] == ["simcc_x", "simcc_y"]
    pictures = torch.randn(2, 3, *INPUT_HW, generator=torch.Generator().manual_seed(1))
    found = session.run(None, {"input": pictures.numpy()})
    assert [output.shape for output in found] == [(2, 17, 384), (2, 17, 512)]
    with torch.inference_mode():
        expected = network(pictures)
    for one, other in zip(found, expected, strict=True):  # float32; the export folds the norms
        np.testing.assert_allclose(one, other.numpy(), atol=1e-3 * float(other.abs().max()))
