"""OpenVINO's files: what is in them, their size, and that nobody is told about it."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from gonio.export.exporting import ExportChoice, export_model
from gonio.export.source import find_source
from gonio.models.backends.openvino import OpenVinoBackend, import_openvino

pytestmark = pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is not installed")
# not pytest.importorskip: that would import it with its telemetry


def test_a_shipped_model(tmp_path: Path) -> None:
    """float16 is half of float32; the IR holds the card; whole pictures of any size still go in."""
    sizes = {}
    for precision in ("float32", "float16"):
        choice = ExportChoice(format="openvino", precision=precision)
        done = export_model(find_source("lightning"), tmp_path / f"{precision}.xml", choice)
        assert [path.suffix for path in done.files] == [".xml", ".bin"]
        assert done.parity.px < 0.01
        assert done.runtime.startswith("openvino 20")
        sizes[precision] = done.files[1].stat().st_size
    assert sizes["float16"] < 0.51 * sizes["float32"]
    network = import_openvino().Core().read_model(tmp_path / "float16.xml")
    card = json.loads(network.get_rt_info(["gonio", "card"]).astype(str))
    assert (card["name"], card["weights"]["file"]) == ("float16", "float16.xml")
    assert "sha256" not in card["weights"]
    assert OpenVinoBackend(tmp_path / "float16.xml").output_channels["heatmap"] == 17


def test_nobody_is_told(tmp_path: Path) -> None:
    """No telemetry is loaded, no address is asked for, nothing is written to the home folder."""
    code = """
import socket, sys
def refuse(*arguments): raise SystemExit(f"somebody asked for {arguments}")
socket.socket.connect = socket.getaddrinfo = refuse
from gonio.models.backends.openvino import import_openvino
openvino = import_openvino()
model = openvino.Core().read_model(sys.argv[1])
openvino.save_model(model, "a.xml", compress_to_fp16=True)
openvino.Core().compile_model("a.xml", "CPU")
assert import_openvino() is openvino
print([name for name in sys.modules if name.split(".")[0] == "openvino_telemetry"])
"""
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    lightning = find_source("lightning").onnx
    assert lightning is not None
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, lightning],
        cwd=tmp_path / "work",
        env={"HOME": str(tmp_path / "home")},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[]", "")
    assert list((tmp_path / "home").iterdir()) == []


def test_a_signal_after_networks_are_gone(tmp_path: Path) -> None:
    """Each ``Core`` gives the thread a stack for signals and frees it with its last network, in whatever order."""
    code = """
import gc, signal, sys
from pathlib import Path
from gonio.models.backends.openvino import OpenVinoBackend
networks = [OpenVinoBackend(Path(sys.argv[1])) for _ in range(3)]
while networks:
    del networks[0]
    gc.collect()
signal.signal(signal.SIGINT, lambda *_: print("caught"))
signal.raise_signal(signal.SIGINT)
"""
    export_model(find_source("lightning"), tmp_path / "a.xml", ExportChoice(format="openvino"))
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a.xml"],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "caught"), done.stderr
