"""Does a model find on one picture what the default model finds? And if not: would it, with another preprocessing?

A wrong normalisation or channel order raises no error: the network answers, only worse. One picture shows what is
grossly wrong, not what costs a few per cent: networks bear much (``gonio evaluate`` measures that).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gonio.arrays import ImageArray
from gonio.errors import ConfigError, ModelMismatchError
from gonio.geometry.boxes import iou
from gonio.geometry.oks import oks
from gonio.models.backends import OnnxBackend
from gonio.models.card import CropInput, LetterboxInput, ModelCard
from gonio.models.loader import load_model, model_of, thread_count
from gonio.models.model import PoseModel
from gonio.models.registry import find_weights, measuring_name
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton

CHECK_PICTURE = Path(str(resources.files("gonio.models"))) / "check.jpg"
"""A portrait of one person, 416 x 512 px: astronaut Eileen Collins, a NASA photograph in the public domain."""

AGREES = 0.6
"""From this likeness on two models see the same person."""
SOUND = 0.73
"""Between sound models it was so much (BlazePose) to 0.97; below it another preprocessing may be the right one."""
_GAIN = 0.1  # a variant is called better from so much more likeness on: less is chance
_SURE = 0.3  # keypoints of the default model below this score are no measure
_COMPARABLE = 3  # keypoints that both skeletons must have

NORMALISATIONS: dict[str, dict[str, Any]] = {
    "0..255": {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)},
    "0..1": {"mean": (0.0, 0.0, 0.0), "std": (255.0, 255.0, 255.0)},
    "-1..1": {"mean": (127.5, 127.5, 127.5), "std": (127.5, 127.5, 127.5)},
    "ImageNet": {"mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375)},
}
"""The customary ones, channels in the order red, green, blue."""

Finding = Literal["agrees", "doubtful", "disagrees", "finds nobody", "cannot be compared"]
"""``"doubtful"``: it would agree, but less than sound models do, and with another preprocessing clearly better."""


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """Another preprocessing.

    Attributes:
        what: For people to read.
        options: As ``gonio models add`` takes them.
        likeness: With it, as in `Check`.
    """

    what: str
    options: str
    likeness: float


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """What a self-check found.

    Attributes:
        card: Of the model.
        finding: The verdict.
        likeness: Of a pose model the object keypoint similarity with the default model's person, on the keypoints
            that both know; of a detector the overlap (IoU) of the boxes; 0 where nobody is found.
        median_px: Median distance of those keypoints; NaN of a detector, or where nobody is found.
        keypoints: How many were compared.
        poses: What the model finds.
        expected: The default model's person, or nobody.
        mirrored: With left and right exchanged it would agree: the skeleton's order is wrong.
        better: Variants that agree better, best first; none where the model agrees as sound models do.
        refused: Why the outputs were refused, where they were, and a variant's are not.
    """

    card: ModelCard
    finding: Finding
    likeness: float
    median_px: float
    keypoints: int
    poses: Poses
    expected: Poses
    mirrored: bool = False
    better: tuple[Variant, ...] = ()
    refused: str = ""


def check_model(
    card: ModelCard, folder: Path, image: ImageArray, *, threads: int | None = None, default: PoseModel | None = None
) -> Check:
    """Run a model on a picture of one person and compare it with the default model.

    Args:
        card: Of the model.
        folder: Where its weights lie.
        image: ``(H, W, 3)`` uint8 RGB; the person that the default model is surest of counts.
        threads: Of each network.
        default: The model to compare with; default: the default model.

    Raises:
        ConfigError: If the default model finds nobody on the picture.
        ModelMismatchError: If the network's outputs are not those that the card says.
        WeightsError: If the weights are missing or damaged.
    """
    default = default or load_model(measuring_name(), threads=threads)
    expected = default(image)[:1]
    if not len(expected):
        raise ConfigError("the default model finds nobody on this picture; give one of one person, seen well")
    backend = OnnxBackend(find_weights(card, folder), threads=thread_count(threads), constants=card.constants)

    def look(with_card: ModelCard) -> Poses:
        return model_of(with_card, backend, lambda _: expected)(image)

    try:
        poses = look(card)
    except ModelMismatchError as error:
        better = _better(card, look, expected, 0)
        if not better:  # not a matter of preprocessing
            raise
        nobody = Poses.empty(card.load_skeleton())
        return Check(card, "disagrees", 0, float("nan"), 0, nobody, expected, refused=str(error), better=better)
    likeness, median, count, pose = _compare(poses, expected, card)
    finding = _finding(poses, likeness, count, card)
    if finding == "cannot be compared" or likeness >= SOUND:
        return Check(card, finding, likeness, median, count, poses, expected)
    if finding == "agrees":
        better = _better(card, look, expected, likeness)
        finding = "doubtful" if better else "agrees"
        return Check(card, finding, likeness, median, count, poses, expected, better=better)
    swapped = len(pose) > 0 and _compare(_mirrored(pose), expected, card)[0] >= max(AGREES, likeness + _GAIN)
    better = _better(card, look, expected, likeness)
    return Check(card, finding, likeness, median, count, poses, expected, mirrored=swapped, better=better)


def _finding(poses: Poses, likeness: float, count: int, card: ModelCard) -> Finding:
    if not len(poses):
        return "finds nobody"
    if count < _COMPARABLE and card.task != "detector":
        return "cannot be compared"
    return "agrees" if likeness >= AGREES else "disagrees"


def _compare(poses: Poses, expected: Poses, card: ModelCard) -> tuple[float, float, int, Poses]:
    """Likeness, median distance, number of keypoints compared, and the pose that is most alike (or nobody)."""
    own, other = _shared(poses.skeleton, expected.skeleton)
    sure = expected.scores[0, other] >= _SURE
    count = int(sure.sum())
    if not len(poses):
        return 0.0, float("nan"), count, poses
    if card.task == "detector":
        overlap = iou(poses.boxes, expected.boxes)[:, 0]
        best = int(overlap.argmax())
        return float(overlap[best]), float("nan"), 0, poses[best : best + 1]
    if count < _COMPARABLE:
        return 0.0, float("nan"), count, poses[:1]
    found, truth = poses.keypoints[:, own], expected.keypoints[:, other]
    sigmas = np.array(expected.skeleton.sigmas, np.float32)[other]
    area = np.asarray((expected.boxes[:, 2:] - expected.boxes[:, :2]).prod(axis=1), np.float32)
    alike = oks(found, truth, areas=area, sigmas=sigmas, labelled=sure[None])[:, 0]
    best = int(alike.argmax())
    distance = np.linalg.norm(found[best, sure] - truth[0, sure], axis=1)
    return float(alike[best]), float(np.median(distance)), count, poses[best : best + 1]


def _shared(skeleton: Skeleton, other: Skeleton) -> tuple[list[int], list[int]]:
    """Indices of the keypoints that both have by name, in the one and in the other."""
    index = {name: k for k, name in enumerate(other.keypoint_names)}
    pairs = [(k, index[name]) for k, name in enumerate(skeleton.keypoint_names) if name in index]
    return [own for own, _ in pairs], [theirs for _, theirs in pairs]


def _mirrored(pose: Poses) -> Poses:
    """The pose with left and right exchanged."""
    flip = list(pose.skeleton.flip_indices)
    return Poses(pose.keypoints[:, flip], pose.scores[:, flip], pose.boxes, pose.person_scores, pose.skeleton)


def _better(
    card: ModelCard, look: Callable[[ModelCard], Poses], expected: Poses, likeness: float
) -> tuple[Variant, ...]:
    """The variants that agree, and clearly better than the card does; best first."""
    found = []
    for what, options, variant in _variants(card):
        try:
            poses = look(variant)
        except ModelMismatchError:  # its values betray it: no candidate
            continue
        alike = _compare(poses, expected, card)[0]
        if alike >= max(AGREES, likeness + _GAIN):
            found.append(Variant(what, options, alike))
    return tuple(sorted(found, key=lambda variant: -variant.likeness))


def _variants(card: ModelCard) -> Iterator[tuple[str, str, ModelCard]]:
    """Cards with the customary preprocessings, with what that is and the options for it; the card's own is left out."""
    changes: list[tuple[str, dict[str, Any]]] = []
    for order in ("rgb", "bgr"):
        for name, numbers in NORMALISATIONS.items():
            turned = {key: values if order == "rgb" else values[::-1] for key, values in numbers.items()}
            changes.append((f"{order.upper()} {name}", turned | {"channel_order": order}))
    if isinstance(card.input, LetterboxInput) and card.input.square:
        other = "corner" if card.input.placement == "centre" else "centre"
        changes.append((f"picture in the {other}", {"placement": other}))
    for what, change in changes:
        variant = card.input.model_copy(update=change)
        if variant != card.input:
            yield what, _options(change), card.model_copy(update={"input": variant})


def _options(change: dict[str, Any]) -> str:
    parts = []
    for key, value in change.items():
        shown = " ".join(f"{number:g}" for number in value) if isinstance(value, tuple) else value
        parts.append(f"--{key.replace('_', '-')} {shown}")
    return " ".join(parts)


def causes(check: Check) -> tuple[str, ...]:
    """What may be wrong, the likeliest first, where a model does not agree."""
    if check.mirrored:
        return ("left and right are exchanged: name the keypoints in the network's order by --skeleton",)
    if check.better:
        best = check.better[0]
        return (f"the preprocessing: with {best.what} the likeness is {best.likeness:.2f}",)
    likely = ["the order of the keypoints (--skeleton)", "the codec, or one of its parameters (--codec)"]
    if isinstance(check.card.input, CropInput):
        likely.append("the margin of the crop (--margin)")
    likely.append("the file itself: try it where it comes from")
    return tuple(likely)
