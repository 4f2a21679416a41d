"""The state of a run between two steps, as one safetensors file: a killed run goes on from it exactly."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from torch import Tensor, nn
from torch.optim import Optimizer

from gonio.errors import WeightsError
from gonio.training.checkpoint import load_tensors, save_tensors

_KEY = "gonio.state"


@dataclass
class Progress:
    """How far a run is.

    Attributes:
        step: Finished steps of all epochs.
        epoch: Finished epochs.
        best: The best measurement so far; None before the first.
        bad: Measurements since.
        metrics: The last measurement.
    """

    step: int = 0
    epoch: int = 0
    best: float | None = None
    bad: int = 0
    metrics: dict[str, float | None] = field(default_factory=dict)


def save_state(
    path: Path, *, network: nn.Module, average: nn.Module, optimizer: Optimizer, progress: Progress, recipe: str
) -> None:
    """Write everything that the next step depends on."""
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in average.state_dict().items()}
    tensors |= _moments(optimizer)
    save_tensors(path, tensors, {_KEY: json.dumps(asdict(progress)), "recipe": recipe})


def load_state(path: Path, *, network: nn.Module, average: nn.Module, optimizer: Optimizer, recipe: str) -> Progress:
    """Set everything as it was.

    Raises:
        WeightsError: If the file is damaged, or of a run with another recipe.
    """
    tensors, facts = load_tensors(path)
    if facts.get("recipe") != recipe:
        raise WeightsError(
            f"'{path}' is of a run with another recipe; give a new name or out, or start over with --fresh"
        )
    try:
        network.load_state_dict(_part(tensors, "network."))
        average.load_state_dict(_part(tensors, "average."))
        _set_moments(optimizer, tensors)
        return Progress(**json.loads(facts[_KEY]))
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"the state '{path}' does not fit this run ({error}); start over with --fresh") from error


def _part(tensors: dict[str, Tensor], beginning: str) -> dict[str, Tensor]:
    return {name.removeprefix(beginning): value for name, value in tensors.items() if name.startswith(beginning)}


def _moments(optimizer: Optimizer) -> dict[str, Tensor]:
    return {
        f"optimizer.{i}.{name}": value
        for i, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }


def _set_moments(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    states: dict[int, dict[str, Tensor]] = {}
    for name, value in _part(tensors, "optimizer.").items():
        i, _, moment = name.partition(".")
        states.setdefault(int(i), {})[moment] = value if moment == "step" else value.clone()
    optimizer.load_state_dict({"state": states, "param_groups": optimizer.state_dict()["param_groups"]})
