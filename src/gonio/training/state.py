"""The state of a run between two steps, as one safetensors file: a killed run goes on from it exactly."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gonio.errors import WeightsError
from gonio.training.checkpoint import load_tensors, save_tensors

_KEY, _RECIPE = "gonio.state", "gonio.recipe"
_NAMED = 4

Metrics = dict[str, float | None]
"""Measurements by name; None where one is not defined."""


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        step: Finished steps of all epochs.
        epoch: Finished epochs.
        metrics: The last measurement; empty before the first.
        best: The best one.
        bad: Measurements since the best.
        log_bytes: How long the log was; what a killed run wrote after that is taken back.
    """

    step: int = 0
    epoch: int = 0
    metrics: Metrics = field(default_factory=dict)
    best: Metrics = field(default_factory=dict)
    bad: int = 0
    log_bytes: int = 0


def save_state(
    path: Path, *, network: nn.Module, average: nn.Module, optimizer: Optimizer, progress: Progress, recipe: str
) -> None:
    """Write everything that the next step depends on.

    Raises:
        MediaError: If the file cannot be written.
    """
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in average.state_dict().items()}
    tensors |= _moments(optimizer)
    save_tensors(path, tensors, {_KEY: json.dumps(asdict(progress)), _RECIPE: recipe})


def load_state(path: Path, *, network: nn.Module, average: nn.Module, optimizer: Optimizer, recipe: str) -> Progress:
    """Set everything as it was.

    Raises:
        WeightsError: If the file is damaged, or of a run with another recipe or other labels.
    """
    tensors, facts = load_tensors(path)
    if facts.get(_RECIPE) != recipe:
        raise WeightsError(
            f"'{path}' is of a run with another recipe or other labels{_differences(facts.get(_RECIPE), recipe)}; "
            "give another name or out, or start over with --fresh"
        )
    try:
        network.load_state_dict(_part(tensors, "network."))
        average.load_state_dict(_part(tensors, "average."))
        _set_moments(optimizer, _part(tensors, "optimizer."))
        return Progress(**json.loads(facts[_KEY]))
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"the state '{path}' does not fit this run ({error}); start over with --fresh") from error


def _differences(before: str | None, now: str) -> str:
    """The settings that two recipes do not share, in words; empty where one of them cannot be read."""
    try:
        old, new = (dict(_settings(json.loads(text or ""))) for text in (before, now))
    except ValueError:
        return ""
    names = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    said = [f"{name} was {old.get(name)}, is {new.get(name)}" for name in names[:_NAMED]]
    more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return f" ({'; '.join(said + more)})"


def _settings(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Each single value in a recipe and its dotted name."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not inner:
        yield name, value
    for key, one in inner:
        yield from _settings(one, f"{name}.{key}".lstrip("."))


def _part(tensors: dict[str, Tensor], beginning: str) -> dict[str, Tensor]:
    return {name.removeprefix(beginning): value for name, value in tensors.items() if name.startswith(beginning)}


def _moments(optimizer: Optimizer) -> dict[str, Tensor]:
    """AdamW's two moments and step of every parameter, by its number."""
    return {
        f"optimizer.{i}.{name}": value
        for i, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }


def _set_moments(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    states: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        i, _, moment = name.partition(".")
        same = value if moment == "step" else torch.empty_like(parameters[int(i)]).copy_(value)  # laid out as before
        states.setdefault(int(i), {})[moment] = same.detach()
    optimizer.load_state_dict({"state": states, "param_groups": optimizer.state_dict()["param_groups"]})
