"""Checkpoints: weights as safetensors with their description inside, and that description again as JSON for people.

Nothing is ever unpickled, so a checkpoint from a stranger can do no harm.
"""

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from gonio.errors import ConfigError, MediaError, WeightsError
from gonio.io.atomic import atomic_path
from gonio.models.card import ModelCard, Weights
from gonio.models.skeleton_spec import SkeletonSpec
from gonio.training.card import make_card
from gonio.training.networks import PoseNetwork, build_network
from gonio.training.recipe_parts import NetworkChoice

FORMAT = 1
_KEY = "gonio.checkpoint"
_PACKAGES = ("gonio", "torch", "accelerate", "numpy", "opencv-python-headless", "safetensors")


class Crop(BaseModel):
    """How a person is cut out for a top-down network: see `gonio.geometry.affine.crop_box`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    margin: float
    pad_value: int


class CheckpointInfo(BaseModel):
    """What a checkpoint says of itself.

    Attributes:
        format: Of this description.
        name: Of the run.
        network: Which network, so that it can be built again.
        skeleton: What its keypoints are.
        crop: How a person is cut out; None for a network that sees whole pictures.
        epoch: Finished epochs.
        step: Finished steps.
        metrics: Measured on the validation set, by name.
        recipe: The resolved recipe.
        versions: Of Python packages, and of the source where it is known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    name: str
    network: NetworkChoice
    skeleton: SkeletonSpec
    crop: Crop | None
    epoch: int
    step: int
    metrics: dict[str, float | None] = {}
    recipe: dict[str, Any] = {}
    versions: dict[str, str] = {}

    def build(self) -> PoseNetwork:
        """The network with weights of no meaning yet."""
        parameters = {name: value for name, value in self.network.parameters.items() if name != "pretrained"}
        kind = "movenet" if self.network.kind == "movenet-pretrained" else self.network.kind
        return build_network(kind, self.network.size, n_keypoints=len(self.skeleton.keypoint_names), **parameters)

    def card(self, *, name: str, weights: Weights) -> ModelCard:
        """The model card of these weights in another format, as export needs it."""
        network = self.build()
        return make_card(network, self, name=name, weights=weights)


def save_checkpoint(path: Path, weights: dict[str, Tensor], info: CheckpointInfo) -> None:
    """Write ``path`` (``.safetensors``) and the description beside it (``.json``), each complete or not at all.

    Raises:
        MediaError: If a file cannot be written.
    """
    described = info.model_dump_json()
    save_tensors(path, weights, {_KEY: described})
    with atomic_path(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(json.loads(described), indent=2) + "\n", "utf-8")


def load_checkpoint(path: Path) -> tuple[PoseNetwork, CheckpointInfo]:
    """The network with its weights, in evaluation mode, and what is known of it.

    Args:
        path: Either of the two files.

    Raises:
        WeightsError: If a file is missing, damaged or of something else.
    """
    tensors, facts = load_tensors(_weights_of(path))
    if _KEY not in facts:
        raise WeightsError(
            f"'{path}' is no checkpoint of Gonio: it lacks the description {_KEY!r}; give best.safetensors of a run"
        )
    try:
        info = CheckpointInfo.model_validate_json(facts[_KEY])
    except ValidationError as error:
        raise WeightsError(f"'{path}' describes itself wrongly: {error.errors()[0]['msg']}") from error
    if info.format != FORMAT:
        raise WeightsError(f"'{path}' has format {info.format}, this version of Gonio reads {FORMAT}; update Gonio")
    try:
        network = info.build()
    except ConfigError as error:
        raise WeightsError(f"'{path}' is of a network that this version of Gonio cannot build: {error}") from error
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(f"the weights of '{path}' do not fit its network: {str(error).splitlines()[-1]}") from error
    return network.eval(), info


def load_fitting(network: PoseNetwork, path: Path) -> list[str]:
    """Take over the weights of a checkpoint whose name and shape fit.

    Returns:
        Names of the network's own weights that none fitted: they start anew, as the head for another skeleton does.

    Raises:
        WeightsError: If the file is missing, damaged, or nothing in it fits.
    """
    tensors, _ = load_tensors(_weights_of(path))
    own = network.state_dict()
    fitting = {name: value for name, value in tensors.items() if name in own and own[name].shape == value.shape}
    if not fitting:
        raise WeightsError(f"nothing in '{path}' fits this network; start from a checkpoint of the same kind and size")
    network.load_state_dict(fitting, strict=False)
    return [name for name in own if name not in fitting]


def _weights_of(path: Path) -> Path:
    """The file of weights of a checkpoint, of which either file may be named.

    Raises:
        WeightsError: If it is neither.
    """
    if path.suffix not in (".safetensors", ".json"):
        raise WeightsError(
            f"'{path}' is no checkpoint of a run; give its best.safetensors, an exported file learns no more"
        )
    return path.with_suffix(".safetensors")


def save_tensors(path: Path, tensors: dict[str, Tensor], facts: dict[str, str]) -> None:
    """Write tensors and texts as one safetensors file, complete or not at all.

    Raises:
        MediaError: If it cannot be written, as on a full disk; an older file stays as it was.
    """
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic_path(path) as temporary:
        mode = temporary.stat().st_mode
        try:
            save_file(ready, temporary, metadata=facts)
            temporary.chmod(mode)  # safetensors makes a file of its own, which its owner alone may read
        except SafetensorError as error:  # as it says that the disk is full
            raise MediaError(f"cannot write '{path}': {error}; free some space or choose another disk") from error


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read what `save_tensors` wrote.

    Raises:
        WeightsError: If the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except OSError as error:
        raise WeightsError(f"cannot read the weights '{path}': {error}; check the path") from error
    except SafetensorError as error:
        way_out = "the file is damaged or none of weights: copy it again, or start its run over with --fresh"
        raise WeightsError(f"cannot read the weights '{path}': {error}; {way_out}") from error


def versions() -> dict[str, str]:
    """Of what decides what training computes: Python, packages, threads, processes, the commit of a checkout."""
    together = torch.distributed.is_available() and torch.distributed.is_initialized()
    found = {
        "python": platform.python_version(),
        "threads": str(torch.get_num_threads()),
        "processes": str(torch.distributed.get_world_size() if together else 1),
    }
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found | _revision()


def _revision() -> dict[str, str]:
    """The commit that this file is of, where it lies in a checkout."""
    git = Path(__file__).parents[3] / ".git"
    try:
        head = (git / "HEAD").read_text("utf-8").strip()
        return {"source": (git / head.removeprefix("ref: ")).read_text("utf-8").strip() if "ref: " in head else head}
    except OSError:
        return {}
