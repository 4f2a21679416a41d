"""Nothing is reported to anybody, and nothing is stored to be reported later."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(f"import gonio; gonio.predict({str(SAMPLES / 'astronaut.jpg')!r})", id="predict"),
        pytest.param("import gonio.export.quantize_int8", id="quantize"),
    ],
)
def test_runtimes_leave_nothing_at_home(tmp_path: Path, code: str) -> None:
    """ONNX Runtime would keep a device id and a queue of events in the cache folder."""
    keep = {
        name: value for name, value in os.environ.items() if name not in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=keep | {"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in tmp_path.rglob("*") if "icrosoft" in str(path)] == []
