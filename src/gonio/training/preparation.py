"""Everything that a run needs before its first step, in the order in which a person's mistakes are found soonest."""

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gonio.codecs import Heatmap
from gonio.errors import ConfigError
from gonio.processors import available_cpus
from gonio.structures.skeleton import Skeleton
from gonio.training.checkpoint import load_fitting
from gonio.training.data import Labelled, load_data
from gonio.training.feature_making import check_front
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
    check_front(network, recipe)
    if recipe.coordinate_loss and not isinstance(network.codec, Heatmap):
        raise ConfigError(f"coordinate_loss is of heatmaps, {choice.kind} has a {type(network.codec).__name__}; give 0")
    top_down = network.task == "top-down"
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
    if warn and (never := _never_labelled(learn, skeleton)):
        _log.warning("nobody to learn from has a label of %s: what the network says of that means nothing", _few(never))
    if warn and recipe.data.augmentation.flip.probability and _without_pairs(skeleton):
        _log.warning(
            "no keypoint of %r has a mirror partner, yet pictures are mirrored: if there are left and right, say so "
            "(kpt_names or flip_idx), or give data.augmentation.flip.probability=0",
            skeleton.name,
        )
    if started:
        _start(network, recipe, dataset, warn=warn)
    freeze(network, recipe.optim.freeze)
    return Parts(network, dataset, validator, skeleton, top_down)


def identity(recipe: Recipe, learn: Sequence[Labelled] = ()) -> str:
    """What must not change between a run and its continuation: settings, and the labels that it learns from."""
    content = recipe.model_dump(mode="json", exclude=_FREE)
    content["data"].pop("workers")
    return json.dumps(content | {"labels learnt from": _digest(learn)}, sort_keys=True)


def _digest(learn: Sequence[Labelled]) -> str:
    """How many pictures and people, and a short hash of their names and labels."""
    seen = hashlib.sha256()
    for one in learn:
        seen.update(f"{one.path.name} {one.repeat} ".encode())
        for array in (one.labels.keypoints, one.labels.visibility, one.labels.boxes, one.labels.weights):
            seen.update(b"" if array is None else array.tobytes())
    people = sum(len(one.labels) for one in learn)
    return f"{people} people in {len(learn)} pictures ({seen.hexdigest()[:8]})"


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
            _log.warning("'%s' has nothing that fits %s: start anew", recipe.start, _few(anew))
    elif network.unsettled:
        keys = [(0, place, place % len(dataset)) for place in range(min(len(dataset), _SETTLE_ON))]
        images = torch.stack([dataset[key]["image"] for key in keys])
        network.settle(normalised(images, network.mean, network.std))


def _without_pairs(skeleton: Skeleton) -> bool:
    return len(skeleton) > 1 and skeleton.flip_indices == tuple(range(len(skeleton)))


def _never_labelled(learn: Sequence[Labelled], skeleton: Skeleton) -> list[str]:
    """Keypoints of which there is nothing to learn from."""
    seen = np.any([(one.labels.visibility > 0).any(axis=0) for one in learn], axis=0)
    return [name for name, known in zip(skeleton.keypoint_names, seen, strict=True) if not known]


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
