"""Norms put into a network whose own were folded away: the same function, and one that can be trained."""

import copy

import pytest
import torch
from torch import Tensor, nn

from gonio.errors import ConfigError
from gonio.training.networks import MoveNet, TopDownMoveNet, deployed
from gonio.training.networks.unfolding import NormedConv, settle, unfold


def picture(batch: int = 4) -> Tensor:
    return torch.randn(batch, 3, 64, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def plain() -> TopDownMoveNet:
    return TopDownMoveNet("lightning", input_hw=(64, 32), pretrained=True).eval()


@pytest.fixture(scope="module")
def normed() -> TopDownMoveNet:
    network = TopDownMoveNet("lightning", input_hw=(64, 32), pretrained=True, normed_from=6)
    assert network.unsettled
    network.settle(picture())
    assert not network.unsettled
    return network.eval()


def test_a_settled_network_computes_what_the_plain_one_does(plain: TopDownMoveNet, normed: TopDownMoveNet) -> None:
    """Float32 sums in another order, through fifty layers."""
    with torch.inference_mode():
        before, after, folded = (network(picture())["heatmap"] for network in (plain, normed, deployed(normed)))
    assert float(before.std()) > 1e-3
    torch.testing.assert_close(after, before, rtol=0, atol=1e-4)
    torch.testing.assert_close(folded, before, rtol=0, atol=1e-4)


def test_in_training_too_on_the_pictures_that_it_settled_on(plain: TopDownMoveNet, normed: TopDownMoveNet) -> None:
    """A batch's own statistics are the ones taken from it; a copy, as training moves them."""
    network = copy.deepcopy(normed).train()
    with torch.inference_mode():
        torch.testing.assert_close(network(picture()), plain(picture()), rtol=0, atol=1e-4)


def test_norms_that_keep_their_statistics_have_the_gradients_of_convolution_and_norm() -> None:
    torch.manual_seed(0)
    made = NormedConv(nn.Conv2d(3, 5, 3, padding=1)).eval()
    made.norm.running_mean = torch.randn(5)
    made.norm.running_var = torch.rand(5) + 0.1
    made.norm.weight.data = torch.randn(5)
    image = torch.randn(2, 3, 6, 7)
    parameters = list(made.parameters())
    assert len(parameters) == 3  # the kernel, the norm's scale and shift
    plain = made.norm(made.convolution(image))
    torch.testing.assert_close(made(image), plain)
    wanted = torch.autograd.grad(plain.square().sum(), parameters)
    torch.testing.assert_close(torch.autograd.grad(made(image).square().sum(), parameters), wanted)


@pytest.mark.parametrize("frozen", [0, 3, 17])
def test_frozen_blocks_see_one_picture_at_a_time_and_say_the_same(plain: TopDownMoveNet, frozen: int) -> None:
    network = copy.deepcopy(plain)
    sizes: list[int] = []
    network.body.blocks[0].register_forward_hook(lambda _, args, __: sizes.append(len(args[0])))
    for module in (network.body.stem, *network.body.blocks[:frozen]):
        module.requires_grad_(requires_grad=frozen == 0)
    wanted = plain(picture())["heatmap"]
    torch.testing.assert_close(network(picture())["heatmap"], wanted, rtol=0, atol=1e-5)
    with torch.no_grad():  # nobody learns, as when it is measured or exported
        torch.testing.assert_close(network(picture())["heatmap"], wanted, rtol=0, atol=1e-5)
    assert sizes == ([1, 1, 1, 1, 4] if frozen else [4, 4])


def test_what_gets_norms(normed: TopDownMoveNet) -> None:
    names = [name for name, module in normed.named_modules() if isinstance(module, NormedConv)]
    assert names[0] == "body.blocks.6.expansion"
    assert {"body.last", "body.neck.top", "head.depthwise", "head.mix"} <= set(names)
    assert isinstance(normed.head.output, nn.Conv2d)
    assert normed.head.output.bias is not None


def test_deployed_has_no_norms_and_the_original_stays(normed: TopDownMoveNet) -> None:
    folded = deployed(normed)
    assert not any(isinstance(module, (NormedConv, nn.BatchNorm2d)) for module in folded.modules())
    assert any(isinstance(module, NormedConv) for module in normed.modules())


def test_kernels_have_length_one_and_channels_variance_one() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 5, 3), nn.Sequential(nn.ReLU(), nn.Conv2d(5, 4, 1, bias=False)))
    with torch.no_grad():
        module[0].weight *= torch.logspace(-4, 4, 5)[:, None, None, None]  # type: ignore[operator]
    images = picture()
    before = module(images).detach()
    unfold(module)
    settle(module, images)
    first = module[0]
    assert isinstance(first, NormedConv)
    assert torch.allclose(first.convolution.weight.flatten(1).norm(dim=1), torch.ones(5))
    raw = first.convolution(images).detach()
    assert first.norm.running_var is not None
    assert torch.allclose(first.norm.running_var, raw.var(dim=(0, 2, 3), correction=0), rtol=1e-4)
    torch.testing.assert_close(module.eval()(images), before, rtol=1e-3, atol=1e-3)


def test_a_skeleton_of_ones_own_gets_a_new_head() -> None:
    network = TopDownMoveNet("lightning", n_keypoints=5, input_hw=(64, 32), pretrained=True).eval()
    with torch.inference_mode():
        heat = network(picture())["heatmap"]
    assert heat.shape == (4, 5, 16, 8)
    assert float(heat.mean()) == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": "multipose"}, "no size named 'multipose'; there are lightning, thunder"),
        ({"input_hw": (100, 64)}, r"input_hw is \(100, 64\); both must be multiples of 32 px"),
    ],
)
def test_settings_that_cannot_be(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TopDownMoveNet(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", ["lightning", "multipose"])
def test_the_whole_movenet_with_norms_computes_what_it_did(size: str) -> None:
    """Relative to each output's largest value: float32 sums in another order."""
    plain = MoveNet.pretrained(size, input_hw=(64, 32)).eval()
    normed = MoveNet.pretrained(size, input_hw=(64, 32), normed_from=6)
    normed.settle(picture())
    with torch.inference_mode():
        before, after = plain(picture()), normed.eval()(picture())
    for name, output in before.items():
        torch.testing.assert_close(after[name], output, rtol=0, atol=1e-3 * float(output.abs().max()))


def test_a_checkpoint_of_it_fits_a_network_made_anew() -> None:
    normed = MoveNet.pretrained("lightning", input_hw=(64, 32), normed_from=6)
    MoveNet("lightning", input_hw=(64, 32), normed_from=6).load_state_dict(normed.state_dict())
