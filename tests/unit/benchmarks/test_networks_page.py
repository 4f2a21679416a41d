"""The table of what the networks cost is generated, and is not older than the networks."""

from pathlib import Path

import pytest
import torch
from benchmarks.networks import PAGE, ROWS, Cost, export, export_error, measure, page, session

from gonio.training.networks import TopDownCnn, build_network, count_macs, count_parameters, deployed

COST = Cost("topdown-cnn", "s-simcc", (256, 192), 1_234_567, 98_765_432, 6.04, 3.2e-7)


def test_a_line_of_the_table() -> None:
    assert page([COST]).splitlines()[-1] == "| `topdown-cnn` | `s-simcc` | 256 x 192 | 1.23 M | 99 M | 6.0 | 3e-07 |"


def test_the_checked_in_page_is_that_of_these_networks() -> None:
    """All but the times, which are the machine's."""
    lines = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert len(lines) == len(ROWS)
    for cells, (kind, size, parameters) in zip(lines, ROWS, strict=True):
        with torch.device("meta"):  # shapes without numbers: quick
            network = build_network(kind, size, n_keypoints=17, **parameters)
            folded = deployed(network)
        height, width = network.input_hw
        assert [cell.strip() for cell in cells[1:6]] == [
            f"`{kind}`",
            f"`{network.size}`",
            f"{height} x {width}",
            f"{count_parameters(folded) / 1e6:.2f} M",
            f"{count_macs(folded, network.input_hw) / 1e6:.0f} M",
        ]
        assert float(cells[7]) < 1e-5, "the export of a network differs from it"


def test_measuring_a_small_network() -> None:
    (cost,) = measure([("topdown-cnn", "s", {"head": "simcc", "input_hw": (64, 64)})], rounds=1, runs=1)
    folded = deployed(TopDownCnn("s", head="simcc", input_hw=(64, 64)))
    assert (cost.kind, cost.size, cost.input_hw) == ("topdown-cnn", "s-simcc", (64, 64))
    assert (cost.parameters, cost.macs) == (count_parameters(folded), count_macs(folded, (64, 64)))
    assert cost.milliseconds > 0
    assert cost.error < 1e-5


def test_another_network_than_the_exported_one_is_told(tmp_path: Path) -> None:
    one, other = (TopDownCnn("s", head="simcc", input_hw=(64, 64)) for _ in range(2))
    export(deployed(one), tmp_path / "one.onnx")
    exported = session(tmp_path / "one.onnx")
    assert [output.name for output in exported.get_outputs()] == ["simcc_x", "simcc_y"]
    assert export_error(one, exported) == pytest.approx(0, abs=1e-5)
    assert export_error(other, exported) > 1e-2
