"""``gonio bench --devices`` on the shipped weights, small."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.conftest import Check, Gonio


def test_a_table_over_runtimes(gonio: "Gonio", astronaut: Path, quick_card: Path, tmp_path: Path) -> None:
    settings = ("--devices", "--model", quick_card, "--rounds", "1", "--batch", "2", "--threads", "1")
    result = gonio("bench", astronaut, *settings, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    facts = json.loads(result.stdout)
    assert (facts["model"], facts["source"], facts["unit"]) == ("quick", str(astronaut), "pictures")
    assert (facts["input_hw"], facts["threads"], facts["batch"], facts["rounds"]) == ([64, 64], 1, 2, 1)
    first, *others = facts["rows"]
    assert (first["runtime"], first["precision"], first["keypoint_px"]) == ("ONNX Runtime", "float32", 0)
    assert first["p95_ms"] >= first["median_ms"] > 0
    assert "1 thread" in first["description"]
    assert {row["runtime"] for row in others} == {"OpenVINO", "PyTorch"}
    for row in others:
        assert (row["median_ms"] is None) == bool(row["note"])
    assert list(tmp_path.iterdir()) == []


def test_options_of_the_table_alone(gonio: "Gonio", check: "Check", astronaut: Path) -> None:
    check.refused(gonio("bench", astronaut, "--batch", "2"), "are for the table of --devices")
