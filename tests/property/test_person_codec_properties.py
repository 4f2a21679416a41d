"""What is true of the codecs for one person, wherever the keypoints are and whatever the network says."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonio.codecs import Codec, DecodedPeople, Heatmap, SimCC

K = 3
FLIP = (0, 2, 1)
STRIDE = 4
# A heatmap's float32 steps of 6e-8 move the peak by 6e-8 sigma^2 cells; float32 pixels add 2^-17 at 160.
HEATMAP_PX = 1e-3
# A bin's logit is -d^2 / 2 sigma^2, near the peak exact to 1e-8; float32 pixels as above.
SIMCC_PX = 1e-3

seeds = st.integers(0, 2**32 - 1)
cells = st.integers(3, 40)
heatmaps = st.builds(
    Heatmap,
    st.just(K),
    sigma=st.floats(1, 3),
    refinement=st.sampled_from(["dark", "dark-wide", "udp", "quarter", "none"]),
    alignment=st.sampled_from(["centres", "indices", "ends"]),
)
simccs = st.builds(
    SimCC,
    st.just(K),
    split_ratio=st.sampled_from([1.0, 2.0, 3.0]),
    sigma=st.floats(2, 8),
    values=st.sampled_from(["logits", "gaussian"]),
    refine=st.booleans(),
    alignment=st.sampled_from(["centres", "indices"]),
)
codecs = st.one_of(heatmaps, simccs)


def place(data: st.DataObject, input_hw: tuple[int, int], margin: float) -> DecodedPeople:
    """A person whose keypoints are at least ``margin`` px inside the rim of pixel centres."""
    x, y = (st.floats(margin, side - 1 - margin, width=32) for side in input_hw[::-1])
    points = np.array([[(data.draw(x), data.draw(y)) for _ in range(K)]], np.float32)
    ones = np.ones((1, K), np.float32)
    return DecodedPeople(points, ones, np.zeros((1, 4), np.float32), ones[0, :1])


@given(codec=heatmaps, height=cells, width=cells, data=st.data())
def test_heatmap_keypoints_come_back(codec: Heatmap, height: int, width: int, data: st.DataObject) -> None:
    input_hw = (STRIDE * height, STRIDE * width)
    target = place(data, input_hw, margin=1.5)  # between the first and the last cell, however they are aligned
    if codec.alignment == "indices":  # the last cell is the last but three pixels
        target.keypoints[...] = np.minimum(target.keypoints, np.array(input_hw[::-1], np.float32) - STRIDE)
    (found,) = codec.decode(codec.encode(target, input_hw))
    shorter = min(height, width)
    cell = (STRIDE * shorter - 1) / (shorter - 1) if codec.alignment == "ends" else STRIDE
    exact, half = HEATMAP_PX, 0.5 * cell + 1e-3
    limit = {"dark": exact, "dark-wide": exact, "udp": exact, "quarter": 0.25 * cell + 1e-3}.get(codec.refinement, half)
    rim = {"dark-wide": 2, "udp": 1, "quarter": 1}.get(
        codec.refinement, 0
    )  # nearer than that they do nothing, or little
    if rim and not _off_the_rim(codec, target, input_hw, rim):
        limit = 2 * cell
    np.testing.assert_allclose(found.keypoints, target.keypoints, rtol=0, atol=limit)


def _off_the_rim(codec: Heatmap, target: DecodedPeople, input_hw: tuple[int, int], rim: int) -> bool:
    """Whether every best cell has so many neighbours on every side."""
    plain = Heatmap(K, sigma=codec.sigma, refinement="none", alignment="indices", stride=1)
    (found,) = plain.decode(codec.encode(target, input_hw))
    inner = np.array([input_hw[1] // STRIDE, input_hw[0] // STRIDE]) - 1 - rim
    return bool(((found.keypoints >= rim) & (found.keypoints <= inner)).all())


@given(codec=simccs, height=cells, width=cells, data=st.data())
def test_simcc_keypoints_come_back(codec: SimCC, height: int, width: int, data: st.DataObject) -> None:
    input_hw = (STRIDE * height, STRIDE * width)
    target = place(data, input_hw, margin=0)
    (found,) = codec.decode(codec.encode(target, input_hw))
    limit = SIMCC_PX if codec.refine else 0.5 / codec.split_ratio + 1e-3
    np.testing.assert_allclose(found.keypoints, target.keypoints, rtol=0, atol=limit)


def random_outputs(
    codec: Codec, seed: int, batch: int, *sides: int
) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    rng = np.random.default_rng(seed)
    logits = isinstance(codec, SimCC) and codec.values == "logits"
    spread = 10.0 ** rng.integers(-2, 3 if logits else 1)  # heights beyond ten are refused: no network's are
    shape = (batch, K, *sides) if isinstance(codec, Heatmap) else (batch, K, sides[0] * sides[1])
    return {name: rng.normal(0, spread, shape).astype(np.float32) for name in codec.output_channels}


@given(codec=codecs, seed=seeds, height=cells, width=cells)
def test_unflip_twice_is_nothing(codec: Codec, seed: int, height: int, width: int) -> None:
    outputs = random_outputs(codec, seed, 2, height, width)
    twice = codec.unflip(codec.unflip(outputs, FLIP), FLIP)
    for name, expected in outputs.items():
        np.testing.assert_array_equal(twice[name], expected)


@pytest.mark.parametrize("shift", [1, 2])
@given(seed=seeds, height=cells, width=cells)
def test_unflip_with_a_shift_twice_loses_the_first_columns_only(shift: int, seed: int, height: int, width: int) -> None:
    codec = Heatmap(K, flip_shift=shift)
    outputs = random_outputs(codec, seed, 1, height, width)
    twice = codec.unflip(codec.unflip(outputs, FLIP), FLIP)
    np.testing.assert_array_equal(twice["heatmap"][..., shift:], outputs["heatmap"][..., shift:])


@given(codec=codecs, seed=seeds, height=st.integers(1, 20), width=st.integers(2, 20), batch=st.integers(0, 3))
def test_decode_is_sane_whatever_the_network_says(codec: Codec, seed: int, height: int, width: int, batch: int) -> None:
    decoded = codec.decode(random_outputs(codec, seed, batch, height, width))
    assert len(decoded) == batch
    for people in decoded:
        assert people.keypoints.shape == (1, K, 2)
        assert np.isfinite(people.keypoints).all()
        for scores in (people.scores, people.person_scores):
            assert ((scores >= 0) & (scores <= 1)).all()


@given(
    seed=seeds, side=st.sampled_from([3, 5, 11]), refinement=st.sampled_from(["dark", "dark-wide", "udp", "quarter"])
)
def test_refinement_goes_no_farther_than_the_next_cell(
    seed: int, side: int, refinement: Literal["dark", "dark-wide", "udp", "quarter"]
) -> None:
    outputs = random_outputs(Heatmap(K), seed, 1, 12, 9)
    (plain,) = Heatmap(K, refinement="none").decode(outputs)
    (refined,) = Heatmap(K, refinement=refinement, blur=side).decode(outputs)
    assert np.abs(refined.keypoints - plain.keypoints).max() <= STRIDE + 1e-3
