"""``load_model``: from a name to a model that is ready to run."""

import os
from pathlib import Path

from gonio.errors import ConfigError
from gonio.models.backends import OnnxBackend
from gonio.models.card import LetterboxInput, ModelCard
from gonio.models.model import PoseModel
from gonio.models.onestage import OneStageModel
from gonio.models.registry import default_name, find_card, find_weights
from gonio.models.topdown import Proposer, TopDownModel, whole_picture

MAX_INPUT_SIZE = 4096
"""Longest side of a network's input, px: beyond it the memory of an ordinary machine ends."""
RUNTIMES = ("onnxruntime",)
"""The runtimes that ``runtime=`` accepts."""


def load_model(
    name: str | Path | None = None,
    *,
    threads: int | None = None,
    runtime: str | None = None,
    input_size: int | None = None,
) -> PoseModel:
    """Load a model once, to use it often.

    Args:
        name: A name from ``gonio models``, the path of a model card (.json) with its weights beside it, or of an ONNX
            file that holds its card (from ``gonio export``); default: the default model.
        threads: Threads of each network; default: the environment variable ``GONIO_THREADS``, else the CPUs that this
            process may use.
        runtime: ``"onnxruntime"``, the only one so far and the default.
        input_size: Longer side in px of the picture that a one-stage network sees (of a top-down model: the network
            that proposes people); a multiple of 32 for the shipped models. Larger finds smaller people, more slowly.

    Returns:
        ``model(image_rgb) -> Poses``; a list of images gives a list. It keeps no state and may be shared by threads.

    Raises:
        UnknownModelError: If there is no such model.
        WeightsError: If its weights are missing or damaged.
        ConfigError: If a setting is out of range.

    Example:
        >>> import numpy as np
        >>> model = load_model("multipose", threads=1)
        >>> model(np.zeros((240, 320, 3), np.uint8))
        Poses(0 people x 17 keypoints of coco17)
    """
    if runtime not in (None, *RUNTIMES):
        raise ConfigError(f"no runtime named {runtime!r}; this version has {', '.join(RUNTIMES)}")
    threads = thread_count(threads)
    card, folder = find_card(name if name is not None else default_name())
    if isinstance(card.input, LetterboxInput) and input_size is not None:
        card = _resized(card, card.input, input_size)
    backend = OnnxBackend(find_weights(card, folder), threads=threads)
    if card.task == "one-stage":
        return OneStageModel(card, backend)
    return TopDownModel(card, backend, _load_proposer(card, folder, threads=threads, input_size=input_size))


def _load_proposer(card: ModelCard, folder: Path, *, threads: int, input_size: int | None) -> Proposer:
    """The one-stage model that the card names, or whose card lies beside it; none: the whole picture."""
    if card.proposals is None:
        if input_size is not None:
            raise ConfigError(f"model {card.name!r} takes crops of one size and nobody proposes; leave input_size out")
        return whole_picture(card.load_skeleton())
    beside = folder / card.proposals.model
    name = beside if beside.is_file() else card.proposals.model
    task = find_card(name)[0].task
    if task != "one-stage":
        raise ConfigError(f"card {card.name!r}: proposals come from a one-stage model, but {str(name)!r} is {task}")
    detector = load_model(name, threads=threads, input_size=input_size)
    return lambda image: detector(image, min_person_score=0)


def _resized(card: ModelCard, current: LetterboxInput, input_size: int) -> ModelCard:
    if not current.multiple <= input_size <= MAX_INPUT_SIZE or input_size % current.multiple:
        raise ConfigError(
            f"input_size must be a multiple of {current.multiple} px up to {MAX_INPUT_SIZE}, got {input_size}"
        )
    return card.model_copy(update={"input": current.model_copy(update={"longer_side": input_size})})


def thread_count(threads: int | None) -> int:
    """The asked number, else ``GONIO_THREADS``, else the CPUs that this process may use."""
    if threads is not None:
        name, value = "threads", str(threads)
    elif os.environ.get("GONIO_THREADS"):
        name, value = "GONIO_THREADS", os.environ["GONIO_THREADS"]
    else:
        return available_cpus()
    if not value.isdecimal() or int(value) < 1:
        raise ConfigError(f"{name} must be a whole number of at least 1, got {value!r}")
    return int(value)


def available_cpus() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux: containers and taskset narrow it
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
