"""Everything there is to say about poses and their labels, in one object."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gonio.errors import ConfigError
from gonio.evaluation.angles import AngleError, angle_errors
from gonio.evaluation.coco import CocoScores, coco_ap
from gonio.evaluation.comparable import comparable
from gonio.evaluation.groups import GroupScore, group_scores
from gonio.evaluation.matching import DEFAULT_MIN_OKS, MatchedPeople, errors_of, matched_people
from gonio.evaluation.pck import (
    PCK_THRESHOLDS,
    EndPointError,
    JointError,
    PckCurve,
    PckScore,
    end_point_error,
    joint_errors,
    pck,
    pck_curve,
)
from gonio.evaluation.reliability import Reliability, reliability, scored_keypoints
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationReport:
    """How good poses are on labelled images.

    Attributes:
        coco: AP and AR.
        pck: Percentage of correct keypoints, all joints together.
        pck_at: The same at each of `gonio.evaluation.pck.PCK_THRESHOLDS`.
        curve: PCK over its threshold, and the area under it.
        distance: End-point error of all joints together.
        joints: Every joint's error, in the skeleton's order.
        angles: Errors of the main joints' angles, as far as the skeleton has them.
        groups: By size, overlap, crowding and visibility.
        reliability: How far keypoint scores are probabilities.
        matched: The labelled people and the poses matched with them.
        images: Number of images.
        people: Labelled people that were to be found: without crowds and people without a labelled keypoint.
        predicted: People found.
        skeleton: Name of the skeleton that was compared.
        notes: What a reader must know: what was left out or measured otherwise.
    """

    coco: CocoScores
    pck: PckScore
    pck_at: tuple[PckScore, ...]
    curve: PckCurve
    distance: EndPointError
    joints: tuple[JointError, ...]
    angles: tuple[AngleError, ...]
    groups: tuple[GroupScore, ...]
    reliability: Reliability
    matched: MatchedPeople
    images: int
    people: int
    predicted: int
    skeleton: str
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """A dictionary for JSON: ``AP`` and so on at its top, then the other measures; None for NaN."""
        content: dict[str, Any] = {
            **self.coco.to_dict(),
            "images": self.images,
            "people": self.people,
            "predicted": self.predicted,
            "skeleton": self.skeleton,
            "notes": list(self.notes),
            "pck": asdict(self.pck),
            "pck_at": {f"{score.threshold:g}": score.pck for score in self.pck_at},
            "auc": self.curve.auc,
            "epe": asdict(self.distance),
            "joints": [asdict(joint) for joint in self.joints],
            "angles": [asdict(angle) for angle in self.angles],
            "groups": [asdict(group) for group in self.groups],
            "reliability": asdict(self.reliability),
        }
        cleaned: dict[str, Any] = without_nan(content)
        return cleaned


def evaluate_poses(
    annotations: Sequence[Annotations],
    predictions: Sequence[Poses],
    *,
    pck_threshold: float = 0.2,
    min_oks: float = DEFAULT_MIN_OKS,
    min_person_score: float = 0,
    unlabelled_wrong: bool = False,
) -> EvaluationReport:
    """Score poses against labels.

    Labels and poses of different skeletons are compared on the keypoints that both have; the report's notes say so.

    Args:
        annotations: Labels, one per image, with different ``image_id``.
        predictions: Poses of the same images in the same order, empty where nobody was found.
        pck_threshold: Greatest distance of a correct keypoint, in torso lengths (of a skeleton without a torso: in
            longer sides of the box).
        min_oks: Least similarity of a pose and the label it is measured against, for everything but AP and AR.
        min_person_score: People who score lower are left out of ``reliability`` alone.
        unlabelled_wrong: Of ``reliability`` alone: see `gonio.evaluation.reliability.scored_keypoints`.

    Raises:
        ConfigError: If there is no image, images differ in number, skeletons share no keypoint, an image id repeats,
            or a threshold is out of its range.
        MissingDependencyError: If pycocotools is not installed.
    """
    if not annotations:
        raise ConfigError("there is no labelled image to evaluate on; give at least one.")
    same = comparable(annotations, predictions)
    labels, poses = same.annotations, same.predictions
    people = matched_people(labels, poses, min_oks=min_oks)
    errors = errors_of(people)
    score = pck(errors, threshold=pck_threshold)
    scored = scored_keypoints(people, min_person_score=min_person_score, unlabelled_wrong=unlabelled_wrong)
    return EvaluationReport(
        coco=coco_ap(labels, poses),
        pck=score,
        pck_at=tuple(pck(errors, threshold=threshold) for threshold in PCK_THRESHOLDS),
        curve=pck_curve(errors),
        distance=end_point_error(errors),
        joints=joint_errors(errors, people.skeleton, threshold=pck_threshold),
        angles=angle_errors(people),
        groups=group_scores(labels, poses, people, errors, threshold=pck_threshold),
        reliability=reliability(scored.scores, scored.correct),
        matched=people,
        images=len(labels),
        people=len(people),
        predicted=sum(len(one) for one in poses),
        skeleton=people.skeleton.name,
        notes=tuple(note for note in (same.note, _unit_note(score, people), _nobody_note(people)) if note),
    )


def _unit_note(score: PckScore, people: MatchedPeople) -> str:
    if score.unit == "torso":
        return ""
    return f"{people.skeleton.name} has no torso: PCK is measured by the longer side of the box, not by the torso"


def _nobody_note(people: MatchedPeople) -> str:
    return "" if len(people) else "nobody has a labelled keypoint: nothing could be measured"


def without_nan(value: Any) -> Any:
    """The same with None for NaN, at any depth, as JSON needs it."""
    if isinstance(value, dict):
        return {name: without_nan(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(one) for one in value]
    return None if value != value else value  # only NaN is not itself
