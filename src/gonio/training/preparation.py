"""Everything that a run needs before its first step, in the order in which a person's mistakes are found soonest."""

import json
import logging
import os
from dataclasses import dataclass
from typing import Any

import torch

from gonio.codecs import Heatmap, MultiPersonGrid
from gonio.errors import ConfigError
from gonio.models.loader import available_cpus
from gonio.structures.skeleton import Skeleton
from gonio.training.checkpoint import load_fitting
from gonio.training.data import load_data
from gonio.training.networks import PoseNetwork, build_network
from gonio.training.recipe import Recipe
from gonio.training.samples import People, Scenes
from gonio.training.schedule import freeze
from gonio.training.validation import Validator, normalised

_log = logging.getLogger(__name__)

_SETTLE_ON = 128
_NAMED = 6
_FREE = {"workers", "threads", "checkpoint_steps", "patience", "out"}
"""Settings that may change between a run and its continuation."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run is made of.

    Attributes:
        network: With the weights that it starts with.
        dataset: What it learns from.
        validator: What measures it.
        skeleton: What its keypoints are.
        top_down: Whether it sees single people.
    """

    network: PoseNetwork
    dataset: People | Scenes
    validator: Validator
    skeleton: Skeleton
    top_down: bool


def prepare(recipe: Recipe, *, started: bool, warn: bool) -> Parts:
    """Read the data and make the network, the same in every process.

    Args:
        recipe: The run's.
        started: Give the network the weights that the recipe starts from; a run that goes on needs none.
        warn: Log what is not as one may expect; in one of several processes.

    Raises:
        PoseError: If labels, pictures or weights cannot be used, or settings exclude each other.
    """
    learn, measure = load_data(recipe.data, seed=recipe.seed)
    skeleton = learn[0].labels.skeleton
    torch.manual_seed(recipe.seed)
    choice = recipe.network
    network = build_network(choice.kind, choice.size, n_keypoints=len(skeleton), **choice.parameters)
    if recipe.coordinate_loss and not isinstance(network.codec, Heatmap):
        raise ConfigError(f"coordinate_loss is of heatmaps, {choice.kind} has a {type(network.codec).__name__}; give 0")
    top_down = not isinstance(network.codec, MultiPersonGrid)
    if recipe.teacher is not None and not top_down:
        raise ConfigError(
            f"a teacher labels crops of single people, {choice.kind} sees whole pictures; label them beforehand with "
            "'gonio data label'"
        )
    common: dict[str, Any] = {
        "data": recipe.data, "codec": network.codec, "input_hw": network.input_hw, "seed": recipe.seed
    }  # fmt: skip
    dataset = People(learn, clean=recipe.teacher is not None, **common) if top_down else Scenes(learn, **common)
    validator = Validator(measure, data=recipe.data, network=network, top_down=top_down)
    if started:
        _start(network, recipe, dataset, warn=warn)
    freeze(network, recipe.optim.freeze)
    return Parts(network, dataset, validator, skeleton, top_down)


def identity(recipe: Recipe) -> str:
    """What must not change between a run and its continuation."""
    content = recipe.model_dump(mode="json", exclude=_FREE)
    content["data"].pop("workers")
    return json.dumps(content, sort_keys=True)


def set_threads(recipe: Recipe) -> None:
    """Let PyTorch use the recipe's threads, else ``GONIO_THREADS``, else this process's share of the CPUs."""
    chosen = recipe.threads
    if chosen is None and os.environ.get("GONIO_THREADS", "").isdecimal():
        chosen = int(os.environ["GONIO_THREADS"])
    beside = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # torchrun's and accelerate's, of this machine
    torch.set_num_threads(chosen or max(available_cpus() // beside, 1))


def _start(network: PoseNetwork, recipe: Recipe, dataset: People | Scenes, *, warn: bool) -> None:
    """Weights of a checkpoint, or norms that fit the first samples."""
    if recipe.start is not None:
        anew = load_fitting(network, recipe.start)
        if anew and warn:
            more = f" and {len(anew) - _NAMED} more" if len(anew) > _NAMED else ""
            _log.warning("'%s' has nothing that fits %s%s: start anew", recipe.start, ", ".join(anew[:_NAMED]), more)
    elif network.unsettled:
        keys = [(0, place, place % len(dataset)) for place in range(min(len(dataset), _SETTLE_ON))]
        images = torch.stack([dataset[key]["image"] for key in keys])
        network.settle(normalised(images, network.mean, network.std))
