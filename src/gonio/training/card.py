"""From a trained network to the model card that runs it."""

from dataclasses import MISSING, fields
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from gonio.codecs import CODECS, Codec
from gonio.models.card import CodecChoice, CropInput, LetterboxInput, Licence, ModelCard, Proposals, Weights
from gonio.models.skeleton_spec import skeleton_entry
from gonio.training.networks import PoseNetwork

if TYPE_CHECKING:
    from gonio.training.checkpoint import CheckpointInfo

_MIN_PERSON_SCORE, _MAX_OKS, _PROPOSER, _MIN_PROPOSAL = 0.15, 0.7, "gonio-det", 0.25


def make_card(network: PoseNetwork, info: "CheckpointInfo", *, name: str, weights: Weights) -> ModelCard:
    """The card of a network's weights in a runtime's format.

    People are proposed by the shipped detector. A person's score is the plain geometric mean, and the threshold is one
    for that; ``python -m benchmarks.ranking`` tells whether another mean ranks them better.
    """
    means: dict[str, Any] = {"mean": (network.mean,) * 3, "std": (network.std,) * 3}
    seen: CropInput | LetterboxInput
    if info.crop is not None:
        seen = CropInput(kind="crop", input_hw=network.input_hw, **info.crop.model_dump(), **means)
    else:
        seen = LetterboxInput(
            kind="letterbox",
            longer_side=max(network.input_hw),
            multiple=network.multiple,
            pad_value=info.recipe.get("data", {}).get("pad_value", 0),
            **means,
        )
    return ModelCard(
        name=name,
        summary=f"{info.network.kind} {info.network.size}, trained as {info.name!r}.",
        task=network.task,
        weights=weights,
        input=seen,
        codec=codec_choice(network.codec),
        skeleton=skeleton_entry(info.skeleton.to_skeleton()),
        min_person_score=_MIN_PROPOSAL if network.task == "detector" else _MIN_PERSON_SCORE,
        max_oks=_MAX_OKS,
        proposals=None if info.crop is None else Proposals(model=_PROPOSER, min_score=_MIN_PROPOSAL),
        licence=Licence(
            weights="yours: trained by you",
            training_data=_training_data(info.recipe) or "not recorded",
            origin=f"gonio train, run {info.name!r}, epoch {info.epoch}",
        ),
        paper="",
    )


def _training_data(recipe: dict[str, Any]) -> str:
    """Names of the label files, each with its folder's; where they lay on this machine is nobody's business."""
    labels = [PurePath(source["labels"]) for source in recipe.get("data", {}).get("train", ())]
    return ", ".join("/".join(path.parts[-2:]) for path in labels)


def codec_choice(codec: Codec) -> CodecChoice:
    """A codec as a card has it: its name, and the parameters that differ from their defaults."""
    kind = next(kind for kind, made in CODECS.items() if type(codec) is made)
    parameters = {
        field.name: value
        for field in fields(codec)  # type: ignore[arg-type]
        if field.name != "n_keypoints"
        and ((value := getattr(codec, field.name)) != field.default or field.default is MISSING)
    }
    return CodecChoice(kind=kind, **parameters)
