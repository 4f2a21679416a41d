"""The comparison itself: what it sees, and that it sees it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from gonio.arrays import FloatArray
from gonio.codecs import Codec, DecodedPeople, Heatmap, MultiPersonGrid, Outputs
from gonio.errors import ExportError
from gonio.export.formats import LIMITS
from gonio.export.parity import Parity, compare

HW = (64, 64)
BATCHES = [np.zeros((1, 3, *HW), np.float32)]


@dataclass
class Said:
    """A network that always says the same."""

    outputs: dict[str, FloatArray]
    description: str = "fixed"
    output_channels: dict[str, int | None] = field(default_factory=dict)

    def run(self, batch: FloatArray) -> Outputs:
        return self.outputs


def people(*points: Any, score: float = 1.0) -> DecodedPeople:
    """One person of two keypoints for each pair of points."""
    keypoints = np.array(points, np.float32).reshape(-1, 2, 2)
    n = len(keypoints)
    boxes = np.concatenate([keypoints.min(axis=1) - 2, keypoints.max(axis=1) + 3], axis=1)
    return DecodedPeople(keypoints, np.full((n, 2), score, np.float32), boxes, np.full(n, score, np.float32))


ONE = ((10.0, 20.0), (30.0, 40.0))
OTHER = ((50.0, 12.0), (44.0, 52.0))


def seen(codec: Codec, wanted: DecodedPeople, found: DecodedPeople, *, factor: float = 1.0) -> Parity:
    export = {name: array * np.float32(factor) for name, array in codec.encode(found, HW).items()}
    return compare(Said(codec.encode(wanted, HW)), Said(export), BATCHES, codec)


@pytest.mark.parametrize("codec", [Heatmap(2), MultiPersonGrid(2)], ids=["heatmap", "grid"])
def test_the_same_is_the_same(codec: Codec) -> None:
    parity = seen(codec, people(*ONE), people(*ONE))
    assert parity == Parity(0, 0, 0, 0, points=2, inputs=1)
    parity.check(LIMITS["float32"], name="a")


def test_a_shift_is_measured() -> None:
    """By hand: the second keypoint is moved by (3, 4)."""
    parity = seen(Heatmap(2), people(*ONE), people(ONE[0], (33, 44)))
    assert parity.px == pytest.approx(5, abs=0.01)
    with pytest.raises(ExportError, match=r"the exported 'a' .* a keypoint lies 5(\.\d+)? px from its source's"):
        parity.check(LIMITS["float16"], name="a")


def test_a_wrong_score_is_seen() -> None:
    parity = seen(Heatmap(2), people(*ONE), people(*ONE), factor=0.9)
    assert parity.px < 0.01
    assert parity.score == pytest.approx(0.1, abs=0.01)
    with pytest.raises(ExportError, match=r"a keypoint's score is 0\.\d+ from its source's, the limit is 0\.01"):
        parity.check(LIMITS["float32"], name="a")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(people(*ONE, *OTHER), people(*ONE), id="one is missing"),
        pytest.param(people(*ONE), people(*ONE, *OTHER), id="one is invented"),
        pytest.param(people(*ONE), people(), id="all are missing"),
        pytest.param(people(), people(*ONE), id="nobody is there"),
    ],
)
def test_people_are_all_there_and_no_others(wanted: DecodedPeople, found: DecodedPeople) -> None:
    parity = seen(MultiPersonGrid(2), wanted, found)
    assert parity.px > 10 or parity.relative > 0.5
    with pytest.raises(ExportError):
        parity.check(LIMITS["float16"], name="a")


def test_the_order_of_people_does_not_count() -> None:
    codec = MultiPersonGrid(2)
    assert seen(codec, people(*ONE, *OTHER), people(*OTHER, *ONE)).px == 0


def test_where_nothing_is_confident_the_outputs_decide() -> None:
    """Of an untrained network, or a network that sees noise only."""
    codec = Heatmap(2)
    wanted = {"heatmap": np.full((1, 2, 16, 16), 0.1, np.float32)}
    found = {"heatmap": wanted["heatmap"] * np.float32(1.01)}
    parity = compare(Said(wanted), Said(found), BATCHES, codec)
    assert (parity.points, parity.px) == (0, 0)
    assert parity.relative == pytest.approx(0.01, rel=1e-3)
    parity.check(LIMITS["float16"], name="a")
    with pytest.raises(ExportError, match=r"an output lies 0\.01 of its largest value from its source's"):
        parity.check(LIMITS["float32"], name="a")


def test_not_a_number_fails() -> None:
    with pytest.raises(ExportError, match="does not do"):
        Parity(float("nan"), 0, 0, 0, points=3, inputs=1).check(LIMITS["float16"], name="a")
    good = Heatmap(2).encode(people(*ONE), HW)
    bad = {"heatmap": np.where(good["heatmap"] > 0.9, np.nan, good["heatmap"]).astype(np.float32)}
    with pytest.raises(ExportError, match="output 'heatmap' of the export holds NaN or infinity"):
        compare(Said(good), Said(bad), BATCHES, Heatmap(2))


@pytest.mark.parametrize(
    ("found", "shape"),
    [({}, "none"), ({"heatmap": np.zeros((1, 2, 8, 8), np.float32)}, r"\(1, 2, 8, 8\)")],
    ids=["missing", "of another size"],
)
def test_outputs_have_their_names_and_shapes(found: dict[str, FloatArray], shape: str) -> None:
    good = Heatmap(2).encode(people(*ONE), HW)
    with pytest.raises(ExportError, match=rf"has the shape {shape}, expected \(1, 2, 16, 16\)"):
        compare(Said(good), Said(found), BATCHES, Heatmap(2))


def test_the_report_reads_well() -> None:
    assert str(Parity(0.012, 0.001, 0.5, 0.1, 40, 6)) == (
        "6 inputs, 40 keypoints: at most 0.012 px and 0.001 of score apart; raw outputs 0.5"
    )
