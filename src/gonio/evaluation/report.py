"""Everything there is to say about poses and their labels, in one object."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gonio.errors import ConfigError
from gonio.evaluation.coco import CocoScores, coco_ap
from gonio.evaluation.matching import DEFAULT_MIN_OKS, keypoint_errors
from gonio.evaluation.pck import JointError, PckScore, joint_errors, pck
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """How good poses are on labelled images.

    Attributes:
        coco: AP and AR.
        pck: Percentage of correct keypoints, all joints together.
        joints: Every joint's error, in the skeleton's order.
        images: Number of images.
        people: Labelled people that were to be found: without crowds and people without a labelled keypoint.
        predicted: People found.
    """

    coco: CocoScores
    pck: PckScore
    joints: tuple[JointError, ...]
    images: int
    people: int
    predicted: int

    def to_dict(self) -> dict[str, Any]:
        """A dictionary for JSON: ``AP`` and so on at its top, then ``pck`` and ``joints``; None for NaN."""
        counts = {"images": self.images, "people": self.people, "predicted": self.predicted}
        joints = [_without_nan(asdict(joint)) for joint in self.joints]
        return {**self.coco.to_dict(), **counts, "pck": _without_nan(asdict(self.pck)), "joints": joints}


def evaluate_poses(
    annotations: Sequence[Annotations],
    predictions: Sequence[Poses],
    *,
    pck_threshold: float = 0.2,
    min_oks: float = DEFAULT_MIN_OKS,
) -> EvaluationReport:
    """Score poses against labels: COCO AP and AR, PCK, and each joint's error.

    Args:
        annotations: Labels, one per image, with different ``image_id``.
        predictions: Poses of the same images in the same order, empty where nobody was found.
        pck_threshold: Greatest distance of a correct keypoint, in torso lengths.
        min_oks: Least similarity of a pose and the label it is measured against, for PCK and the joints'
            errors.

    Raises:
        ConfigError: If there is no image, images differ in number, skeletons differ or have no torso, an
            image id repeats, or a threshold is out of its range.
        MissingDependencyError: If pycocotools is not installed.
    """
    if not annotations:
        raise ConfigError("there is no labelled image to evaluate on; give at least one.")
    errors = keypoint_errors(annotations, predictions, min_oks=min_oks)
    return EvaluationReport(
        coco=coco_ap(annotations, predictions),
        pck=pck(errors, threshold=pck_threshold),
        joints=joint_errors(errors, annotations[0].skeleton, threshold=pck_threshold),
        images=len(annotations),
        people=len(errors.labelled),
        predicted=sum(len(poses) for poses in predictions),
    )


def _without_nan(values: dict[str, Any]) -> dict[str, Any]:
    return {name: None if value != value else value for name, value in values.items()}  # only NaN is not itself
