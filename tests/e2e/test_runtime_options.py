"""``--runtime``, ``--device`` and ``--detector`` of the commands."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Gonio


@pytest.mark.parametrize("runtime", ["openvino", "torch"])
def test_bench_says_where_it_ran(gonio: "Gonio", astronaut: Path, quick_card: Path, runtime: str) -> None:
    if find_spec(runtime) is None:
        pytest.skip(f"{runtime} is not installed")
    done = gonio("bench", astronaut, "--model", quick_card, "--repeat", "1", "--json", "--runtime", runtime)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["runtime"].startswith(f"{runtime} ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("predict", "PICTURE", "--device", "tensorrt"), "has no tensorrt: it has "),
        (("predict", "PICTURE", "--runtime", "abacus"), "no runtime named 'abacus'"),
        (("predict", "PICTURE", "--runtime", "litert"), "litert does not open"),
        (("predict", "PICTURE", "--model", "multipose", "--detector", "multipose"), "needs no detector"),
        (("predict", "PICTURE", "--detector", "thunder"), "is top-down"),
        (("bench", "PICTURE", "--devices", "--runtime", "torch"), "--devices times every runtime"),
        (("analyse", "PICTURE", "--device", "abacus"), "no device named 'abacus'"),
    ],
)
def test_what_cannot_be_is_one_line(gonio: "Gonio", astronaut: Path, arguments: tuple[str, ...], message: str) -> None:
    if "tensorrt" in arguments and "Tensorrt" in str(__import__("onnxruntime").get_available_providers()):
        pytest.skip("TensorRT is here")
    done = gonio(*(astronaut if word == "PICTURE" else word for word in arguments))
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_detector_for_a_top_down_model(gonio: "Gonio", astronaut: Path) -> None:
    """The one that the card names, named."""
    named = gonio("predict", astronaut, "--model", "lightning", "--detector", "multipose", "--json", "-")
    assert (named.returncode, json.loads(named.stdout)["model"]) == (0, "lightning")
