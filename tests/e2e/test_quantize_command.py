"""``gonio quantize`` on the shipped model, with a few pictures."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gonio.io.images import read_image, write_image

if TYPE_CHECKING:
    from tests.e2e.conftest import Check, Gonio


@pytest.fixture
def photos(astronaut: Path, tmp_path: Path) -> Path:
    """One person, whole and nearer."""
    image = read_image(astronaut)
    for number, margin in enumerate((0, 16, 32, 48)):
        write_image(tmp_path / "photos" / f"{number}.png", image[: 512 - margin, margin : 512 - margin])
    return tmp_path / "photos"


def test_lightning_in_int8_finds_the_same_person(gonio: "Gonio", photos: Path, tmp_path: Path) -> None:
    quick = ("--method", "min-max", "--inputs", "4", "--crops", "2", "--no-mixed")
    wide = ("--max-shift", "5", "--max-shift-p95", "20", "--max-angle-p95", "90", "--max-angle", "20")
    tuned = ("--finetune", "1", "--json")
    result = gonio("quantize", "lightning", "--data", photos, "--out", "small.onnx", *quick, *wide, *tuned)
    assert result.returncode == 0, result.stderr
    assert result.stderr == "few pictures: 2 to calibrate and 2 to judge on; take a hundred or more\n"
    facts = json.loads(result.stdout)
    assert facts["files"] == ["small.onnx", "small.json"]
    assert facts["finetune_steps"] == 1
    assert facts["effect"]["people"] == 2
    assert facts["effect"]["lost"] == 0
    assert facts["int8"]["size_mb"] < 0.7 * facts["float32"]["size_mb"]
    found = gonio("predict", photos / "0.png", "--model", "small.json", "--out", "found")
    assert found.returncode == 0, found.stderr


def test_the_gate_stops_it(gonio: "Gonio", check: "Check", photos: Path, tmp_path: Path) -> None:
    quick = ("--method", "min-max", "--inputs", "4", "--crops", "2", "--no-mixed", "--max-shift", "0")
    result = gonio("quantize", "lightning", "--data", photos, "--out", "small.onnx", *quick)
    assert result.returncode == 1
    assert "is below the gate: median keypoint shift" in result.stderr
    assert "time, ms" in result.stdout
    assert not (tmp_path / "small.onnx").exists()
    assert not (tmp_path / "small.json").exists()


def test_an_empty_folder(started_gonio: "Gonio", check: "Check", tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    check.refused(started_gonio("quantize", "lightning", "--data", "none"), "no picture in 'none'")
