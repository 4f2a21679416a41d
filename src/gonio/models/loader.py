"""``load_model``: from a name to a model that is ready to run."""

import logging
import os
from pathlib import Path

from gonio.errors import ConfigError
from gonio.models.backends import Backend
from gonio.models.backends.device import Precision
from gonio.models.blazepose import BlazePoseModel
from gonio.models.card import LetterboxInput, ModelCard
from gonio.models.model import PoseModel
from gonio.models.onestage import DetectorModel, OneStageModel
from gonio.models.proposals import Proposer, after_a_glance, everyone, in_two_sizes, whole_picture
from gonio.models.registry import default_name, find_card, find_weights, measuring_name
from gonio.models.runtimes import RuntimeWish, choose_runtime, open_network
from gonio.models.topdown import TopDownModel
from gonio.processors import available_cpus

MAX_INPUT_SIZE = 4096
"""Longest side of a network's input, px: beyond it the memory of an ordinary machine ends."""
_log = logging.getLogger(__name__)


def load_model(
    name: str | Path | None = None,
    *,
    threads: int | None = None,
    runtime: str | None = None,
    device: str | None = None,
    precision: Precision | None = None,
    compiled: bool = False,
    graphs: bool = False,
    input_size: int | None = None,
    detector: str | Path | PoseModel | None = None,
) -> PoseModel:
    """Load a model once, to use it often.

    Args:
        name: A name from ``gonio models``, the path of a model card (.json) with its weights beside it, or of weights
            with their card: an ONNX or OpenVINO file that holds it (from ``gonio export``), a LiteRT file beside it, a
            checkpoint; default: the default model.
        threads: Threads of each network; default: the environment variable ``GONIO_THREADS``, else the CPUs that this
            process may use.
        runtime: ``"onnxruntime"``, ``"openvino"``, ``"litert"`` or ``"torch"``; default: what opens the weights and has
            the device, ONNX Runtime first. What was chosen, and why, is logged.
        device: ``"cpu"``, the default; ``"cuda"``, ``"cuda:1"``, ``"tensorrt"``, ``"directml"``, ``"coreml"`` in ONNX
            Runtime, of these ``cuda`` also in PyTorch; ``"gpu"``, ``"npu"``, ``"auto"`` in OpenVINO. A device that is
            not there is an error, and never silently the CPU. docs/runtimes.md says what each needs.
        precision: In which numbers the network computes: ``"float32"``, the default; ``"bfloat16"`` or ``"float16"``
            where runtime and device can.
        compiled: In PyTorch: compile the network, which takes a minute for each size of input.
        graphs: In PyTorch on a GPU: CUDA graphs.
        input_size: Longer side in px of the picture that a one-stage network sees (of a top-down model: the network
            that proposes people); a multiple of 32 for the shipped models. Larger finds smaller people, more slowly.
        detector: Who proposes people to a top-down model, instead of whom its card names: a detector or a one-stage
            model, by name, card or loaded.

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
    wish = RuntimeWish(runtime, device, precision, compiled, graphs)
    threads = thread_count(threads)
    card, folder = find_card(_default_for(wish) if name is None else name)
    if isinstance(card.input, LetterboxInput) and input_size is not None:
        card = _resized(card, card.input, input_size)
    if card.task != "top-down" and detector is not None:
        raise ConfigError(f"model {card.name!r} is {card.task} and needs no detector; leave it out")
    backend = _open(card, folder, wish, threads)
    if card.task != "top-down":
        return model_of(card, backend, whole_picture(card.load_skeleton()))
    proposer = _load_proposer(card, folder, detector, wish=wish, threads=threads, input_size=input_size)
    return model_of(card, backend, proposer)


def model_of(card: ModelCard, backend: Backend, proposer: Proposer) -> PoseModel:
    """The model that a card describes, around an opened network; only a top-down one asks the proposer."""
    if card.task == "top-down":
        return (BlazePoseModel if card.codec.kind == "blazepose" else TopDownModel)(card, backend, proposer)
    return (OneStageModel if card.task == "one-stage" else DetectorModel)(card, backend)


def _default_for(wish: RuntimeWish) -> str:
    """The default model; int8 is made for ONNX Runtime on a CPU, and elsewhere it is what that was made of."""
    at_home = wish.runtime in (None, "onnxruntime") and wish.device in (None, "cpu")
    as_is = wish.precision is None and not wish.compiled and not wish.graphs
    return default_name() if at_home and as_is else measuring_name()


def _open(card: ModelCard, folder: Path, wish: RuntimeWish, threads: int) -> Backend:
    """The card's network where it was asked for, which is logged."""
    choice = choose_runtime(card.weights.file, wish)
    backend = open_network(find_weights(card, folder), card, wish, choice, threads=threads)
    _log.info("%s runs in %s on %s: %s", card.name, choice.runtime, choice.device, choice.reason)
    if choice.runtime == "torch" and card.original is not None:
        _log.warning("%r computes in int8, which is slow in PyTorch; %r is quicker there", card.name, card.original)
    return backend


def _load_proposer(
    card: ModelCard,
    folder: Path,
    detector: str | Path | PoseModel | None,
    *,
    wish: RuntimeWish,
    threads: int,
    input_size: int | None,
) -> Proposer:
    """The asked model, or that which the card names, or whose card lies beside it; none: the whole picture."""
    if isinstance(detector, PoseModel):
        if input_size is not None:
            raise ConfigError("input_size is chosen when a detector is loaded; give it to load_model")
        return _proposing(card, detector)
    if detector is not None:
        return _proposing(card, _load_detector(card, detector, wish, threads, input_size))
    if card.proposals is None:
        if input_size is not None:
            raise ConfigError(f"model {card.name!r} takes crops of one size and nobody proposes; leave input_size out")
        return whole_picture(card.load_skeleton())
    beside = folder / card.proposals.model
    name = beside if beside.is_file() else card.proposals.model
    found = _load_detector(card, name, wish, threads, input_size)
    how = card.proposals
    if input_size is not None or not isinstance(found, OneStageModel):
        return everyone(found)  # in the one size that was asked for, or can be
    careful = everyone(found) if how.second_size is None else in_two_sizes(found, how.second_size)
    if how.first_glance is None:
        return careful
    return after_a_glance(found, how.first_glance, min_score=how.min_score, careful=careful)


def _load_detector(
    card: ModelCard, name: str | Path, wish: RuntimeWish, threads: int, input_size: int | None
) -> PoseModel:
    """In the same runtime on the same device, where its file allows."""
    detector = find_card(name)[0]
    _check_detector(card, detector)  # before it is loaded: it might name itself
    if not wish.fits(Path(detector.weights.file).suffix):
        _log.info("%s, which proposes people, cannot run in %s: its weights are no such file", detector.name, wish)
        wish = RuntimeWish(device=wish.device)  # a device that was asked for is never silently another
    return load_model(
        name,
        threads=threads,
        runtime=wish.runtime,
        device=wish.device,
        precision=wish.precision,
        compiled=wish.compiled,
        graphs=wish.graphs,
        input_size=input_size,
    )


def _check_detector(card: ModelCard, detector: ModelCard) -> None:
    if detector.task == "top-down":
        raise ConfigError(
            f"model {card.name!r}: proposals come from a detector or a one-stage model, but {detector.name!r} is "
            "top-down"
        )


def _proposing(card: ModelCard, detector: PoseModel) -> Proposer:
    _check_detector(card, detector.card)
    return everyone(detector, min_score=detector.card.min_person_score)


def _resized(card: ModelCard, current: LetterboxInput, input_size: int) -> ModelCard:
    if not current.multiple <= input_size <= MAX_INPUT_SIZE or input_size % current.multiple:
        raise ConfigError(
            f"input_size must be a multiple of {current.multiple} px up to {MAX_INPUT_SIZE}, got {input_size}"
        )
    return card.model_copy(update={"input": current.model_copy(update={"longer_side": input_size})})


def thread_count(threads: int | None, *, spare: int = 0) -> int:
    """The asked number, else ``GONIO_THREADS``, else the CPUs that this process may use.

    Args:
        threads: What was asked for.
        spare: So many CPUs are left to other work, such as encoding a film, where no number was asked for.
    """
    if threads is not None:
        name, value = "threads", str(threads)
    elif os.environ.get("GONIO_THREADS"):
        name, value = "GONIO_THREADS", os.environ["GONIO_THREADS"]
    else:
        return max(available_cpus() - spare, 1)
    if not value.isdecimal() or int(value) < 1:
        raise ConfigError(f"{name} must be a whole number of at least 1, got {value!r}")
    return int(value)
