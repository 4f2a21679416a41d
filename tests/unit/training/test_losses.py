"""Losses: known values, nothing to lose where a network is perfect, and parts of a batch beside the whole."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gonio.arrays import FloatArray
from gonio.codecs import Codec, DecodedPeople, Heatmap, MultiPersonGrid, SimCC, SinglePersonGrid
from gonio.errors import ConfigError
from gonio.training.losses import coordinate_loss, focal_loss, grid_loss, heatmap_loss, loss_for, simcc_loss

K, HW = 3, (64, 48)
seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=25, deadline=None)
codecs = pytest.mark.parametrize("codec", [Heatmap(K), SimCC(K)], ids=["heatmap", "simcc"])


def someone(points: FloatArray) -> DecodedPeople:
    """One person with these keypoints ``(K, 2)``."""
    ones = np.ones((1, len(points)), np.float32)
    return DecodedPeople(points[None].astype(np.float32), ones, np.array([[4, 4, 44, 60]], np.float32), ones[0, :1])


def encoded(codec: Codec, seed: int, batch: int) -> dict[str, Tensor]:
    points = np.random.default_rng(seed).uniform(8, 40, (batch, K, 2))
    each = [codec.encode(someone(one), HW) for one in points.astype(np.float32)]
    return {name: torch.from_numpy(np.concatenate([one[name] for one in each])) for name in each[0]}


def said(targets: dict[str, Tensor], seed: int) -> dict[str, Tensor]:
    """What a network that has learnt nothing says."""
    random = torch.Generator().manual_seed(seed % 2**31)
    return {name: torch.rand(value.shape, generator=random) for name, value in targets.items()}


@codecs
@quick
@given(seed=seeds)
def test_a_perfect_network_loses_nothing_and_no_other_less(codec: Codec, seed: int) -> None:
    targets, weights = encoded(codec, seed, 2), torch.rand(2, K)
    loss = loss_for(codec)
    perfect = sum(float(term) for term in loss(targets, targets, weights).values())
    assert perfect == pytest.approx(0, abs=1e-6)
    assert sum(float(term) for term in loss(said(targets, seed), targets, weights + 0.01).values()) > 1e-3


@codecs
@quick
@given(seed=seeds)
def test_the_mean_over_two_halves_is_the_loss_of_the_whole(codec: Codec, seed: int) -> None:
    """However differently the halves are labelled."""
    targets = encoded(codec, seed, 4)
    outputs, weights = said(targets, seed), torch.rand(4, K, generator=torch.Generator().manual_seed(seed % 2**31))
    weights[:2] *= 0.1

    def total(part: slice) -> float:
        ours, wanted = ({name: value[part] for name, value in named.items()} for named in (outputs, targets))
        return sum(float(term) for term in loss_for(codec)(ours, wanted, weights[part]).values())

    assert (total(slice(2)) + total(slice(2, 4))) / 2 == pytest.approx(total(slice(4)), rel=1e-5)


@codecs
def test_a_weight_of_zero_teaches_nothing(codec: Codec) -> None:
    targets = encoded(codec, 0, 1)
    outputs = {name: value.requires_grad_() for name, value in said(targets, 1).items()}
    torch.stack(list(loss_for(codec)(outputs, targets, torch.tensor([[1.0, 0, 1]])).values())).sum().backward()  # type: ignore[no-untyped-call]
    for value in outputs.values():
        assert value.grad is not None
        assert not value.grad[0, 1].any()
        assert value.grad[0, 0].any()


def test_an_empty_map_costs_one() -> None:
    """The sum of squares of a Gaussian is pi sigma^2."""
    codec = Heatmap(1, sigma=2.0)
    target = torch.from_numpy(codec.encode(someone(np.full((1, 2), 60, np.float32)), (128, 128))["heatmap"])
    loss = heatmap_loss(torch.zeros_like(target), target, torch.ones(1, 1), sigma=2.0)
    assert float(loss) == pytest.approx(1, rel=1e-5)


def test_simcc_is_the_divergence_of_two_distributions() -> None:
    """KL((1/4, 3/4) || (1/2, 1/2)) = ln 2 - H(1/4), by hand."""
    target = torch.tensor([[[1.0, 3.0]]]).log()
    loss = simcc_loss(torch.zeros(1, 1, 2), target, torch.ones(1, 1))
    assert float(loss) == pytest.approx(math.log(2) + 0.25 * math.log(0.25) + 0.75 * math.log(0.75), rel=1e-5)


def test_focal_loss_by_hand() -> None:
    """A peak scored 0.5, an empty cell 0.5, the foot of a Gaussian 0.5, and a cell that does not count."""
    scores, targets = torch.full((1, 1, 1, 4), 0.5), torch.tensor([[[[1.0, 0.0, 0.5, 0.0]]]])
    loss = focal_loss(scores, targets, torch.tensor([[[[1.0, 1, 1, 0]]]]))
    assert float(loss) == pytest.approx(0.25 * math.log(2) * (1 + 1 + 0.5**4), rel=1e-5)


@pytest.mark.parametrize("codec", [SinglePersonGrid(K), MultiPersonGrid(K)], ids=["single", "multi"])
def test_a_grid_that_is_sure_and_right_loses_nothing(codec: Codec) -> None:
    """The focal loss is least where only the peaks' own cells are scored, not the Gaussians around them."""
    targets = encoded(codec, 3, 2)
    perfect = targets | {name: (targets[name] == 1).float() for name in ("center", "heatmap")}
    terms = grid_loss(perfect, targets, torch.ones(2, K))
    assert sum(float(term) for term in terms.values()) == pytest.approx(0, abs=1e-4)
    assert terms.keys() == ({"center", "heatmap", "regress", "offset"} | ({"box"} if "box_scale" in targets else set()))
    assert all(float(term) > 0.01 for term in grid_loss(said(targets, 1), targets, torch.ones(2, K)).values())


def test_grids_obey_weights_and_what_is_ignored() -> None:
    targets = encoded(SinglePersonGrid(K), 3, 1)
    outputs = {name: value.requires_grad_() for name, value in said(targets, 1).items()}
    torch.stack(list(grid_loss(outputs, targets, torch.tensor([[1.0, 0, 1]])).values())).sum().backward()  # type: ignore[no-untyped-call]
    for name, channels in (("heatmap", slice(1, 2)), ("regress", slice(2, 4)), ("offset", slice(2, 4))):
        gradient = outputs[name].grad
        assert gradient is not None
        assert not gradient[0, channels].any()
        assert gradient.any()

    ignore = torch.zeros(1, 1 + K, 16, 12)
    ignore[:, 2] = 1
    free = {name: value.detach().requires_grad_() for name, value in outputs.items()}
    torch.stack(list(grid_loss(free, targets | {"ignore": ignore}, torch.ones(1, K)).values())).sum().backward()  # type: ignore[no-untyped-call]
    gradient = free["heatmap"].grad
    assert gradient is not None
    assert [bool(channel.any()) for channel in gradient[0]] == [True, False, True]


def test_pictures_of_nobody_teach_that_nobody_is_there() -> None:
    targets = {name: torch.zeros(1, c, 8, 8) for name, c in MultiPersonGrid(K).output_channels.items()}
    targets["ignore"] = torch.zeros(1, 1 + K, 8, 8)
    terms = grid_loss({name: torch.full_like(value, 0.5) for name, value in targets.items()}, targets, torch.ones(1, K))
    assert float(terms["center"]) > 1
    assert [float(terms[name]) for name in ("regress", "offset", "box")] == [0, 0, 0]


@pytest.mark.parametrize("alignment", ["centres", "indices", "ends"])
def test_the_coordinate_loss_is_a_distance_in_cells(alignment: str) -> None:
    """One and a half cells beside the label cost 1.5 - 0.5 after Huber; no label costs nothing, whatever is said."""
    codec = Heatmap(2, alignment=alignment)  # type: ignore[arg-type]
    maps = torch.zeros(1, 2, 16, 12)
    maps[..., 8, 6] = 1e6
    scale, first = codec.pixels_of_cells((16, 12))
    at = torch.tensor([6 + 1.5, 8.0]) * torch.from_numpy(scale).float() + first
    pixels = torch.stack([at, torch.tensor([torch.nan, torch.nan])])[None]
    loss = coordinate_loss(maps.requires_grad_(), pixels, torch.ones(1, 2), codec=codec)
    assert loss.item() == pytest.approx(1.0 / 2, rel=1e-4)
    loss.backward()  # type: ignore[no-untyped-call]
    assert maps.grad is not None
    assert torch.isfinite(maps.grad).all()
    assert not maps.grad[0, 1].any()


def test_an_unknown_codec() -> None:
    with pytest.raises(ConfigError, match="there is no loss for the codec object"):
        loss_for(object())  # type: ignore[arg-type]
