"""The pure parts of the comparison with peers: its pictures, its ratios, its tables."""

import json
from pathlib import Path

import numpy as np
import pytest
from benchmarks.peers.cases import GREY, make_cases, tile
from benchmarks.peers.environments import last_word
from benchmarks.peers.markdown import to_markdown
from benchmarks.peers.report import Report, Timing, paired_ratio, to_json


@pytest.fixture
def report() -> Report:
    return Report(
        baseline="Gonio",
        settings=["Machine: a test."],
        pictures={"1 x walking": 1, "8 x walking": 8},
        timings=[
            Timing("Gonio", 1, "1 x walking", "end_to_end", (0.010, 0.020, 0.030)),
            Timing("Peer", 1, "1 x walking", "end_to_end", (0.020, 0.040, 0.090)),
            Timing("Gonio", 1, "8 x walking", "end_to_end", (0.100, 0.100, 0.100)),
            Timing("Peer", 1, "8 x walking", "end_to_end", (0.050,)),
        ],
        versions={"Peer": {"peer": "1.2"}},
        notes={"Peer": ["finds one person"]},
        found={("Gonio", "1 x walking"): 1, ("Gonio", "8 x walking"): 7},
        network_inputs={("Gonio", "8 x walking"): [[1, 3, 320, 320], [1, 3, 256, 256], [1, 3, 256, 256]]},
        missing={"Absent": "its weights could not be had"},
    )


def test_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    # By hand: the rounds' ratios are 2, 2, 3; the ratio of the medians, 50 / 20, would be 2.5.
    assert paired_ratio([0.020, 0.060, 0.090], [0.010, 0.030, 0.030]) == pytest.approx(2.0)


def test_ratio_of_unequal_rounds_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        paired_ratio([1.0], [1.0, 2.0])


def test_markdown_has_times_ratios_and_everything_to_be_read_with_them(report: Report) -> None:
    text = to_markdown(report)
    assert "| Gonio | 20.0 (1.00x) | 100.0 (1.00x)\\* |" in text  # it overlooked one
    assert "| Peer | 40.0 (2.00x) | 50.0 |" in text  # it dropped out of the second picture: no ratio
    assert "- 1 x walking: Gonio takes **0.50** of Peer (rounds from 0.33 to 0.50)" in text
    assert "| Gonio | 1 found | 7 found (1x3x320x320, 2 runs of 1x3x256x256) |" in text
    assert "- **Absent**: its weights could not be had" in text
    assert "- **Peer**: finds one person." in text
    assert "- Peer: peer 1.2" in text


def test_markdown_without_any_timing_still_says_what_is_missing() -> None:
    text = to_markdown(Report(baseline="Gonio", missing={"Gonio": "no package"}))
    assert "- **Gonio**: no package" in text
    assert "|" not in text


def test_json_is_plain_and_complete(report: Report) -> None:
    data = json.loads(json.dumps(to_json(report)))
    assert [timing["ratio_to_baseline"] for timing in data["timings"]] == [1.0, 2.0, 1.0, None]
    assert data["timings"][1]["seconds"] == [0.020, 0.040, 0.090]
    assert data["missing"] == {"Absent": "its weights could not be had"}


@pytest.mark.parametrize(("people", "cells"), [(1, 1), (3, 4), (4, 4), (8, 9)])
def test_tile_has_as_many_copies_as_people(people: int, cells: int) -> None:
    photo = np.full((30, 40, 3), 200, dtype=np.uint8)
    picture = tile(photo, people=people, size_wh=(120, 120))
    assert picture.shape == (120, 120, 3)
    assert np.mean(picture == 200) == pytest.approx(people / cells)
    assert np.mean(picture == GREY) == pytest.approx(1 - people / cells)


def test_every_second_copy_is_mirrored() -> None:
    photo = np.zeros((20, 20, 3), dtype=np.uint8)
    photo[:, :10] = 255
    picture = tile(photo, people=3, size_wh=(40, 40))
    assert picture[0, 0, 0] == 255
    assert picture[0, 39, 0] == 255
    assert picture[0, 20, 0] == 0


def test_a_missing_photo_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.jpg.*--photo"):
        make_cases(tmp_path / "nowhere.jpg", kind="x", people=[1], size_wh=(64, 64), folder=tmp_path)


@pytest.mark.parametrize(
    ("output", "line"),
    [
        pytest.param("a\nERROR: no such thing\nnotice", "ERROR: no such thing", id="error line"),
        pytest.param("a\nb\n\n", "b", id="last line"),
        pytest.param("", "no output", id="empty"),
    ],
)
def test_last_word_of_an_installer(output: str, line: str) -> None:
    assert last_word(output) == line
