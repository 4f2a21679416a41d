"""Every network: shapes, gradients, cost, export. Every bound on cost is that of its documentation."""

import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gonio.codecs import DecodedPeople, Heatmap, MultiPersonGrid, SimCC
from gonio.errors import ConfigError
from gonio.training.networks import (
    BoxMoveNet,
    MoveNet,
    OneStage,
    PoseNetwork,
    RefinedMoveNet,
    TopDownCnn,
    TopDownVit,
    build_network,
    count_macs,
    count_parameters,
    deployed,
)
from gonio.training.networks.layers import ConvBlock, InvertedResidual, RepBlock

K = 17
TOP_DOWN_HW = (256, 192)
# Small inputs, so that the gradient of each takes a second at most; SimCC is of one input size.
MAKERS: dict[str, Callable[[], PoseNetwork]] = {
    "cnn-s-heatmap": lambda: TopDownCnn("s"),
    "cnn-m-heatmap": lambda: TopDownCnn("m"),
    "cnn-s-simcc": lambda: TopDownCnn("s", head="simcc", input_hw=(64, 96)),
    "cnn-m-simcc": lambda: TopDownCnn("m", head="simcc", input_hw=(64, 96)),
    "vit-t": lambda: TopDownVit("t", input_hw=(64, 96)),
    "vit-s": lambda: TopDownVit("s", input_hw=(64, 96)),
    "onestage-n": lambda: OneStage("n"),
    "onestage-s": lambda: OneStage("s"),
    "movenet-lightning": lambda: MoveNet("lightning"),
    "movenet-thunder": lambda: MoveNet("thunder"),
    "movenet-multipose": lambda: MoveNet("multipose"),
    "boxes": lambda: BoxMoveNet("lightning", width=32),
    "refined": lambda: RefinedMoveNet("lightning", width=24),
}
every = pytest.mark.parametrize("name", MAKERS)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Tests run side by side."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def networks() -> dict[str, PoseNetwork]:
    torch.manual_seed(0)
    return {name: make() for name, make in MAKERS.items()}


def picture(height: int, width: int, batch: int = 2) -> Tensor:
    return torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(height))


def someone() -> DecodedPeople:
    points = np.random.default_rng(0).uniform(20, 60, (1, K, 2)).astype(np.float32)
    ones = np.ones((1, K), np.float32)
    return DecodedPeople(points, ones, np.array([[15, 15, 70, 62]], np.float32), ones[0, :1])


@every
def test_outputs_are_what_the_codec_encodes(networks: dict[str, PoseNetwork], name: str) -> None:
    """At two sizes; SimCC has one."""
    network = networks[name].eval()
    sizes = [(64, 96)] if isinstance(network.codec, SimCC) else [(64, 96), (96, 64)]
    for size in sizes:
        with torch.inference_mode():
            outputs = network(picture(*size))
        expected = network.codec.encode(someone(), size)
        assert {n: tuple(o.shape) for n, o in outputs.items()} == {n: (2, *e.shape[1:]) for n, e in expected.items()}
        assert all(torch.isfinite(output).all() for output in outputs.values())
        people = network.codec.decode({n: o.numpy() for n, o in outputs.items()})
        assert len(people) == 2


@every
def test_the_gradient_reaches_every_parameter(networks: dict[str, PoseNetwork], name: str) -> None:
    network = networks[name].train()
    network.zero_grad()
    outputs = network(picture(64, 96))
    weights = torch.Generator().manual_seed(1)
    loss = sum((output * torch.randn(output.shape, generator=weights)).sum() for output in outputs.values())
    assert isinstance(loss, Tensor)
    loss.backward()  # type: ignore[no-untyped-call]
    silent = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    network.zero_grad()
    assert silent == []


@every
def test_evaluation_is_deterministic_and_inputs_do_not_mix(networks: dict[str, PoseNetwork], name: str) -> None:
    network = networks[name].eval()
    images = picture(64, 96)
    with torch.inference_mode():
        first, again, alone = network(images), network(images), network(images[1:])
    for output in first:
        assert torch.equal(first[output], again[output])
        torch.testing.assert_close(first[output][1:], alone[output], rtol=1e-4, atol=1e-4)


@every
def test_deployed_computes_the_same_with_less(networks: dict[str, PoseNetwork], name: str) -> None:
    """Running statistics are drawn at random, so that folding them in wrongly would show."""
    network = networks[name].eval()
    weights = torch.Generator().manual_seed(2)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.1, generator=weights)
            module.running_var.uniform_(0.5, 1.5, generator=weights)
    folded = deployed(network)
    assert not any(isinstance(module, (nn.BatchNorm2d, RepBlock)) for module in folded.modules())
    with torch.inference_mode():
        before, after = network(picture(64, 96)), folded(picture(64, 96))
    for output in before:
        scale = float(before[output].abs().max())
        torch.testing.assert_close(after[output], before[output], rtol=0, atol=1e-5 * max(scale, 1))
    if any(isinstance(module, nn.BatchNorm2d) for module in network.modules()):
        assert count_parameters(folded) < count_parameters(network)


@pytest.mark.parametrize("head", ["heatmap", "simcc"])
@pytest.mark.parametrize("size", ["s", "m"])
def test_the_compact_network_is_compact(size: str, head: str) -> None:
    with torch.device("meta"):
        network = deployed(build_network("topdown-cnn", size, n_keypoints=K, head=head))
    assert network.input_hw == TOP_DOWN_HW
    assert count_parameters(network) <= 4_000_000
    assert count_macs(network, TOP_DOWN_HW) <= 500_000_000


def test_codecs() -> None:
    kinds = {
        "cnn": (TopDownCnn("s", n_keypoints=3).codec, Heatmap(3)),
        "simcc": (TopDownCnn("s", n_keypoints=3, head="simcc").codec, SimCC(3)),
        "vit": (TopDownVit("t", n_keypoints=3).codec, Heatmap(3)),
        "onestage": (OneStage("n", n_keypoints=3).codec, MultiPersonGrid(3)),
    }
    for found, expected in kinds.values():
        assert found == expected


@pytest.mark.parametrize("make", [lambda: OneStage("n"), lambda: MoveNet("lightning")], ids=["onestage", "movenet"])
def test_score_maps_start_with_nobody(make: Callable[[], PoseNetwork]) -> None:
    """At 0.1 everywhere: the loss of a fresh network is not that of a picture full of people."""
    with torch.inference_mode():
        outputs = make().eval()(picture(64, 64))
    for name in ("center", "heatmap"):
        assert float(outputs[name].mean()) == pytest.approx(0.1, abs=0.01)


def test_vit_interpolates_its_positions() -> None:
    network = TopDownVit("t", input_hw=(64, 96)).eval()
    with torch.inference_mode():
        assert network(picture(128, 96))["heatmap"].shape == (2, K, 32, 24)


@pytest.mark.parametrize(
    ("kind", "size", "parameters", "said"),
    [
        ("topdown-cnn", "xl", {}, "no size named 'xl'; there are s, m"),
        ("topdown-cnn", "s", {"head": "fc"}, "no head named 'fc'; there are heatmap, simcc"),
        ("topdown-cnn", "s", {"input_hw": (250, 192)}, r"input_hw is \(250, 192\); both must be multiples of 32"),
        ("topdown-vit", "xl", {}, "no size named 'xl'; there are t, s"),
        ("topdown-vit", "t", {"input_hw": (250, 192)}, r"input_hw is \(250, 192\)"),
        ("onestage", "xl", {}, "no size named 'xl'; there are n, s"),
        ("movenet", "xl", {}, "no size named 'xl'; there are lightning, thunder, multipose"),
        ("topdown-rnn", "s", {}, "no network named 'topdown-rnn'; there are box-movenet, movenet,"),
        ("onestage", "n", {"head": "simcc"}, "network 'onestage' has no parameter 'head'; it takes input_hw"),
        ("topdown-cnn", "s", {"hed": "simcc"}, "no parameter 'hed'; did you mean 'head'. it takes head, input_hw"),
        ("topdown-cnn", "s", {"input_hw": 64}, r"input_hw is 64; give height and width in px, such as \[256, 192\]"),
        ("topdown-cnn", "s", {"input_hw": [0, 0]}, r"input_hw is \(0, 0\); give height and width"),
        ("topdown-vit", "t", {"input_hw": ["a", 64]}, r"input_hw is \('a', 64\); give height and width"),
        ("topdown-movenet", "lightning", {"normed_from": "x"}, "cannot be made with .*; check network.parameters"),
    ],
)
def test_wrong_names_are_answered(kind: str, size: str, parameters: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        build_network(kind, size, n_keypoints=K, **parameters)


@pytest.mark.parametrize(
    ("layer", "macs"),
    [
        pytest.param(nn.Conv2d(3, 8, 3, stride=2, padding=1), 8 * (4 * 6) * 3 * 9, id="dense"),
        pytest.param(nn.Conv2d(3, 6, 3, padding=1, groups=3), 6 * (8 * 12) * 1 * 9, id="grouped"),
        pytest.param(nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 12, 5)), 3 * 8 * 12 * 5, id="linear"),
        pytest.param(
            nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.BatchNorm2d(4)), 4 * 96 * 3, id="the rest is free"
        ),
    ],
)
def test_macs_by_hand(layer: nn.Module, macs: int) -> None:
    assert count_macs(layer, (8, 12)) == macs


def test_macs_of_a_transformer_by_hand() -> None:
    n, d = 16 * 12, 192
    block = 3 * n * d * d + n * d * d + 2 * n * n * d + 8 * n * d * d  # questions keys values, out, products, linear
    total = n * d * 3 * 16 * 16 + 8 * block + (64 * 48) * 17 * d * 9
    assert count_macs(TopDownVit("t"), TOP_DOWN_HW) == total


def test_counting_needs_no_numbers() -> None:
    with torch.device("meta"):
        weightless = TopDownCnn("s")
    assert count_macs(weightless, (64, 64)) == count_macs(TopDownCnn("s"), (64, 64))


def test_counting_leaves_the_network_as_it_was() -> None:
    layer = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    norm = layer[1]
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    before = norm.running_mean.clone()
    count_macs(layer.train(), (8, 12))
    assert layer.training
    assert torch.equal(norm.running_mean, before)
    assert not any(module._forward_hooks for module in layer.modules())


def test_parameters_by_hand() -> None:
    assert count_parameters(nn.Conv2d(3, 8, 3)) == 8 * 3 * 9 + 8


def test_blocks_add_their_input_only_where_the_shape_stays() -> None:
    assert InvertedResidual(8, 8).adds
    assert not InvertedResidual(8, 8, stride=2).adds
    assert not InvertedResidual(8, 16).adds
    assert RepBlock(8, 8).identity is not None
    assert RepBlock(8, 8, stride=2).identity is None
    assert ConvBlock(8, 8, kernel=5)(torch.zeros(1, 8, 6, 7)).shape == (1, 8, 6, 7)


def test_nothing_warns_on_the_way() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MAKERS["cnn-s-heatmap"]().eval()(picture(64, 64))


def test_refined_maps_begin_as_movenets_own() -> None:
    torch.manual_seed(0)
    network = RefinedMoveNet("lightning", width=24).eval()
    whole = MoveNet("lightning").eval()
    whole.body.load_state_dict(network.body.state_dict())
    whole.heads["heatmap"].load_state_dict(network.own["heatmap"].state_dict())
    images = picture(64, 96)
    with torch.inference_mode():
        torch.testing.assert_close(network(images)["heatmap"], whole(images)["heatmap"], rtol=0, atol=0.02)


def test_refined_maps_of_another_skeleton_are_the_pyramids_alone() -> None:
    network = RefinedMoveNet("lightning", n_keypoints=5, width=24).eval()
    with torch.inference_mode():
        maps = network(picture(64, 96))["heatmap"]
    assert maps.shape == (2, 5, 16, 24)
    torch.testing.assert_close(maps, torch.full_like(maps, 0.1), rtol=0, atol=0.05)
