"""Learning rate, what decays, what is frozen, and the moving average."""

import pytest
import torch
from torch import nn

from gonio.errors import ConfigError
from gonio.training.networks import TopDownCnn
from gonio.training.recipe import Optim
from gonio.training.schedule import freeze, learning_rate, make_average, make_optimizer, start_training


def test_the_rate_rises_in_a_line_and_falls_along_a_cosine() -> None:
    optim = Optim(lr=2.0, warmup=0.1, final=0.1)
    rates = [learning_rate(step, 1000, optim) for step in range(1000)]
    assert rates[:100] == pytest.approx([2.0 * (i + 1) / 100 for i in range(100)])
    assert rates[100] == 2.0
    assert rates[-1] == pytest.approx(0.2)
    assert rates[549] == pytest.approx(1.1, abs=0.01)
    assert rates[100:] == sorted(rates[100:], reverse=True)


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("warmup", [0.0, 0.5, 1.0])
def test_the_shortest_runs_have_a_rate(steps: int, warmup: float) -> None:
    rates = [learning_rate(step, steps, Optim(warmup=warmup)) for step in range(steps + 1)]
    assert all(0 < rate <= 1e-3 for rate in rates)


def small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1))


def test_only_kernels_decay_and_the_frozen_are_left_out() -> None:
    network = small()
    freeze(network, ["0"])
    kernels, others = make_optimizer(network, Optim(weight_decay=0.3)).param_groups
    assert (kernels["weight_decay"], others["weight_decay"]) == (0.3, 0.0)
    assert [tuple(p.shape) for p in kernels["params"]] == [(2, 4, 1, 1)]
    assert len(others["params"]) == 3  # the norm's two, the last bias


def test_what_is_frozen_keeps_its_statistics_too() -> None:
    network = TopDownCnn("s", n_keypoints=2, input_hw=(32, 32))
    freeze(network, ["trunk.stem", "neck"])
    start_training(network, Optim(freeze=("trunk.stem", "neck")))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network(torch.randn(2, 3, 64, 64))["heatmap"].sum().backward()
    after = network.state_dict()
    changed = {
        name.split(".")[0] + "." + name.split(".")[1] for name in after if not torch.equal(before[name], after[name])
    }
    assert changed == {"trunk.stages"}
    assert all(p.grad is None for p in network.neck.parameters())
    start_training(network, Optim())
    assert all(module.training for module in network.modules())


def test_fixed_norms_keep_their_statistics_and_learn() -> None:
    network = small()
    start_training(network, Optim(fixed_norms=True))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network(torch.randn(2, 3, 8, 8)).sum().backward()
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(p.grad is not None for p in network.parameters())


@pytest.mark.parametrize(
    ("beginnings", "message"),
    [
        (["0", "head"], "names 'head', which the network lacks; its parts are 0, 1, 2"),
        (["0", "1", "2"], "leaves nothing"),
    ],
)
def test_freezing_the_wrong_things(beginnings: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        freeze(small(), beginnings)


def test_a_name_that_only_begins_alike_is_another() -> None:
    network = nn.ModuleDict({"head": nn.Linear(1, 1), "header": nn.Linear(1, 1)})
    freeze(network, ["head"])
    assert [p.requires_grad for p in network.parameters()] == [False, False, True, True]


def test_the_average_by_hand() -> None:
    """The first update copies, the n-th after it has the decay (1 + n) / (10 + n), at most the recipe's."""
    network = small()
    average = make_average(network, Optim(ema=0.25))
    kept = average.module[0].weight  # type: ignore[index]
    for n, (value, expected) in enumerate([(1.0, 1.0), (2.0, 2 - 2 / 11), (4.0, 4 * 0.75 + (2 - 2 / 11) * 0.25)]):
        with torch.no_grad():
            network[0].weight.fill_(value)  # type: ignore[operator]
            network[1].num_batches_tracked.fill_(n)  # type: ignore[operator]
        average.update_parameters(network)
        assert torch.allclose(kept, torch.tensor(expected))
        assert int(average.module[1].num_batches_tracked) == n  # type: ignore[index]
