"""The table over runtimes: who is in it, in which order they run, and what it says of rows that cannot be run."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic
from tests.unit.export.conftest import MAKERS, describe, make_confident
from typer.testing import CliRunner

from gonio.apps.cli.main import app
from gonio.arrays import FloatArray, ImageArray
from gonio.codecs import Outputs
from gonio.errors import ConfigError, ExportError, UnknownModelError
from gonio.export.devices import DeviceTable, bench_devices, in_turns
from gonio.io.images import read_image
from gonio.models.card import CARD_KEY
from gonio.models.registry import WEIGHTS_FOLDER, find_card
from gonio.training.checkpoint import save_checkpoint

_HAS_OPENVINO = find_spec("openvino") is not None
needs_openvino = pytest.mark.skipif(not _HAS_OPENVINO, reason="openvino is not installed")


@pytest.fixture
def hand(tmp_path: Path) -> Path:
    """A network for a subject that fills the picture, as an ONNX file with its card inside."""
    return write_network(tmp_path / "hand.onnx", batch="batch")


def write_network(path: Path, *, batch: int | str) -> Path:
    """Cells of 4 x 4 pixels, three layers of random weights, 17 heatmaps."""
    random = np.random.default_rng(0)
    nodes = [helper.make_node("AveragePool", ["image"], ["layer0"], kernel_shape=[4, 4], strides=[4, 4])]
    tensors = []
    for i, (inputs, outputs) in enumerate([(3, 64), (64, 64), (64, 17)]):
        weights = random.normal(0, (9 * inputs) ** -0.5, (outputs, inputs, 3, 3)).astype(np.float32)
        tensors.append(numpy_helper.from_array(weights, f"weights{i}"))
        nodes.append(helper.make_node("Conv", [f"layer{i}", f"weights{i}"], [f"layer{i + 1}"], pads=[1] * 4))
    nodes.append(helper.make_node("Sigmoid", ["layer3"], ["heatmap"]))
    shapes = {"image": [batch, 3, 64, 96], "heatmap": [batch, 17, 16, 24]}
    image, heatmap = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items())
    graph = helper.make_graph(nodes, "hand", [image], [heatmap], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    facts = find_card("lightning")[0].model_dump(mode="json")
    facts["input"] |= {"input_hw": [64, 96], "min_side": None}
    facts |= {"name": path.stem, "codec": {"kind": "heatmap"}, "proposals": None}
    helper.set_model_props(model, {CARD_KEY: json.dumps(facts)})
    onnx.save(model, path)
    return path


def bench(model: str | Path, pictures: list[ImageArray], **settings: object) -> DeviceTable:
    return bench_devices(model, pictures, **({"threads": 1, "rounds": 1} | settings))  # type: ignore[arg-type]


def test_float_and_int8(hand: Path, pictures: list[ImageArray], tmp_path: Path) -> None:
    """The int8 file is known by its operators, is smaller, and is compared with the float one."""
    quantize_dynamic(hand, tmp_path / "hand-int8.onnx", op_types_to_quantize=["Conv"])
    table = bench(hand, pictures, also=[tmp_path / "hand-int8.onnx"], batch=3)
    assert (table.model, table.unit, table.input_hw, table.inputs) == ("hand", "crops", (64, 96), 2)
    first, second, *others = table.rows
    assert (first.runtime, first.precision, first.keypoint_px) == ("ONNX Runtime", "float32", 0)
    assert (second.runtime, second.precision) == ("ONNX Runtime", "int8")
    assert second.keypoint_px != 0
    assert first.file_mb is not None
    assert second.file_mb is not None
    assert second.file_mb < 0.5 * first.file_mb
    for row in table.rows:
        if row.median_ms is not None:
            assert row.p95_ms is not None
            assert row.p95_ms >= row.median_ms > 0
            assert row.per_second == pytest.approx(3e3 / row.median_ms, rel=0.01)
    assert [row.runtime for row in others] == ["OpenVINO"] * 3 + ["PyTorch"]
    assert "give its checkpoint" in others[-1].note
    assert others[-1].median_ms is None


@needs_openvino
def test_a_checkpoint_in_every_runtime(samples: Path, tmp_path: Path) -> None:
    """Crops of the person in the sample picture; PyTorch, ONNX Runtime and OpenVINO agree as exports must."""
    network = make_confident(MAKERS["cnn-heatmap"]())
    info = describe(network, kind="topdown-cnn", size="s", input_hw=(64, 96))
    save_checkpoint(tmp_path / "best.safetensors", network.state_dict(), info)
    table = bench(tmp_path / "best.json", [read_image(samples / "astronaut.jpg")])
    assert [(row.runtime, row.precision, row.note) for row in table.rows] == [
        ("ONNX Runtime", "float32", ""),
        ("OpenVINO", "float32", ""),
        ("OpenVINO", "float16", ""),
        ("PyTorch", "float32", ""),
    ]
    _, wide, narrow, torch = table.rows
    for row in (wide, torch):
        assert row.keypoint_px is not None
        assert row.keypoint_px < 0.05
    assert wide.file_mb is not None
    assert narrow.file_mb is not None
    assert narrow.file_mb < 0.6 * wide.file_mb
    assert "computes in" in narrow.description


@needs_openvino
def test_a_network_that_reads_another_file(samples: Path) -> None:
    """In OpenVINO it runs in one piece; what would be shipped for ONNX Runtime is both files."""
    table = bench("thunder", [read_image(samples / "astronaut.jpg")], also=["thunder-int8"])
    rows = {(row.runtime, row.precision, row.file): row for row in table.rows}
    row = rows["OpenVINO", "int8", "thunder-int8"]
    assert (row.note, row.median_ms is not None) == ("", True)
    assert row.keypoint_px is not None
    assert row.keypoint_px < 4
    both = sum((WEIGHTS_FOLDER / f"movenet-{name}.onnx").stat().st_size for name in ("thunder", "thunder-int8"))
    assert rows["ONNX Runtime", "int8", "thunder-int8"].file_mb == round(both / 1e6, 2)


def test_onnxruntime_alone(samples: Path) -> None:
    """Neither torch nor onnx nor openvino is there: the shipped model is timed, and the other rows say why not."""
    code = """
import sys
from importlib.abc import MetaPathFinder
class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "openvino":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
sys.modules["torch"] = sys.modules["onnx"] = None
from gonio.export.devices import bench_devices
from gonio.io.images import read_image
from gonio.models.card import CARD_KEY
from gonio.models.registry import find_card
table = bench_devices("lightning", [read_image(sys.argv[1])], threads=1, rounds=1)
for row in table.rows:
    print(row.runtime, row.precision, row.median_ms is not None, row.note)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, samples / "astronaut.jpg"], capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, *others = done.stdout.splitlines()
    assert first == "ONNX Runtime float32 True "
    assert [line.split(" False ")[0] for line in others] == ["OpenVINO float32", "OpenVINO float16", "PyTorch float32"]
    assert "needs openvino, which is not installed; install it with: pip install 'gonio[openvino]'" in others[0]


def test_they_take_turns() -> None:
    """In every round each has one uncounted run and five counted ones, on the same batches as the other."""
    seen: list[tuple[str, float]] = []

    class Spy:
        description = "a spy"

        def __init__(self, name: str) -> None:
            self.name = name
            self.output_channels: dict[str, int | None] = {}

        def run(self, batch: FloatArray) -> Outputs:
            seen.append((self.name, float(batch[0])))
            return {}

    batches = [np.full(1, value, np.float32) for value in range(4)]
    seconds = in_turns([Spy("a"), Spy("b")], batches, 2)
    assert [len(times) for times in seconds] == [10, 10]
    assert "".join(name for name, _ in seen) == ("a" * 6 + "b" * 6) * 3
    assert [value for name, value in seen if name == "a"] == [value for name, value in seen if name == "b"]
    assert [value for _, value in seen[12:18]] == [1, 2, 3, 0, 1, 2]


def test_a_fixed_batch(hand: Path, pictures: list[ImageArray], tmp_path: Path) -> None:
    """A file for batches of one takes two one after the other, and gives the same."""
    fixed = write_network(tmp_path / "fixed.onnx", batch=1)
    table = bench(hand, pictures, also=[fixed], batch=2)
    assert table.rows[0].median_ms is not None
    assert table.rows[1].median_ms is not None
    assert table.rows[1].keypoint_px == 0


def test_refused(hand: Path, pictures: list[ImageArray]) -> None:
    with pytest.raises(ConfigError, match=r"'lightning' takes other inputs.*than 'hand'"):
        bench(hand, pictures, also=["lightning"])
    with pytest.raises(ConfigError, match="batch is 0"):
        bench(hand, pictures, batch=0)
    with pytest.raises(UnknownModelError, match="no model named 'none'"):
        bench("none", pictures)
    with pytest.raises(ExportError, match="nobody was found in 1 pictures"):
        bench("lightning", [np.zeros((64, 64, 3), np.uint8)])


def test_what_people_read(hand: Path, samples: Path, tmp_path: Path) -> None:
    """Of two files each row says which it is; rows that were not run are told apart from the table."""
    other = write_network(tmp_path / "other.onnx", batch="batch")
    arguments = ["bench", samples / "astronaut.jpg", "--devices", "--model", hand, "--also", other, "--rounds", "1"]
    done = CliRunner().invoke(app, [*map(str, arguments), "--threads", "1"])
    assert done.exit_code == 0, done.output
    for word in ("hand on", "1 crops of 64 x 96 from", "median", "p95", "crops", "file MB", "most", "other"):
        assert word in done.stdout
    assert "PyTorch float32 of hand: the model is an ONNX file" in done.stderr
