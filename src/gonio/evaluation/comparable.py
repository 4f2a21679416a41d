"""Labels and poses of different skeletons, brought to the keypoints that both have."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gonio.errors import ConfigError
from gonio.structures.annotations import Annotations
from gonio.structures.conversion import convert_poses, shared_keypoints
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton


@dataclass(frozen=True, slots=True, eq=False)
class Comparable:
    """Labels and poses of one skeleton.

    Attributes:
        annotations: The labels.
        predictions: The poses.
        note: One sentence about what was left out; empty where nothing that is labelled was.
    """

    annotations: tuple[Annotations, ...]
    predictions: tuple[Poses, ...]
    note: str


def comparable(annotations: Sequence[Annotations], predictions: Sequence[Poses]) -> Comparable:
    """Bring labels and poses to the keypoints that both have, in the order of the labels.

    Keypoints are matched by name (`gonio.structures.conversion`); sigmas are those of the labels' skeleton.

    Raises:
        ConfigError: If they share no keypoint.
    """
    if not annotations or not predictions:
        return Comparable(tuple(annotations), tuple(predictions), "")
    labelled, found = annotations[0].skeleton, predictions[0].skeleton
    if labelled.keypoint_names == found.keypoint_names:
        return Comparable(tuple(annotations), tuple(predictions), "")
    _, shared = shared_keypoints(found, labelled)
    if not len(shared):
        raise ConfigError(
            f"the labels' skeleton {labelled.name!r} and the model's {found.name!r} share no keypoint "
            f"({labelled.keypoint_names[0]} … against {found.keypoint_names[0]} …); labels of the model's keypoints "
            "are needed."
        )
    own = shared.tolist()
    target = labelled if len(own) == len(labelled) else _part(labelled, own)
    cut = [
        replace(
            one,
            keypoints=one.keypoints[:, own],
            visibility=one.visibility[:, own],
            skeleton=target,
            weights=None,
        )
        for one in annotations
    ]
    return Comparable(tuple(cut), tuple(convert_poses(poses, target) for poses in predictions), _note(labelled, found))


def _note(labelled: Skeleton, found: Skeleton) -> str:
    left_out = [name for name in labelled.keypoint_names if name not in found.keypoint_names]
    if not left_out and len(labelled) == len(found):
        return ""
    shared = len(labelled) - len(left_out)
    lacks = f"; labelled but not found by the model: {', '.join(left_out)}" if left_out else ""
    return (
        f"compared on {shared} keypoints that the labels ({labelled.name}, {len(labelled)}) and the model "
        f"({found.name}, {len(found)}) share{lacks}"
    )


def _part(skeleton: Skeleton, own: list[int]) -> Skeleton:
    """The skeleton of some of the keypoints; a keypoint whose mirror image is left out is its own."""
    place = {old: new for new, old in enumerate(own)}
    links = [(a, b) for a, b in skeleton.links if a in place and b in place]
    colours = [
        colour
        for (a, b), colour in zip(skeleton.links, skeleton.link_colours, strict=True)
        if a in place and b in place
    ]
    return Skeleton(
        name=f"{skeleton.name}-{len(own)}",
        keypoint_names=tuple(skeleton.keypoint_names[k] for k in own),
        links=tuple((place[a], place[b]) for a, b in links),
        flip_indices=tuple(place.get(skeleton.flip_indices[k], place[k]) for k in own),
        sigmas=tuple(skeleton.sigmas[k] for k in own),
        keypoint_colours=tuple(skeleton.keypoint_colours[k] for k in own),
        link_colours=tuple(colours),
        source=skeleton.source,
    )
