"""Who is who: pairs each found person with a labelled one, for the measures that need to know."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal, Self

import numpy as np

from gonio.arrays import BoolArray, FloatArray, FloatArray64, IntArray
from gonio.errors import ConfigError
from gonio.evaluation.coco import check_pairs
from gonio.geometry.oks import oks
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton

PckUnit = Literal["torso", "box"]
"""What PCK measures lengths by."""

DEFAULT_MIN_OKS = 0.1
"""Below this a pose is somebody else: its keypoints lie about two standard deviations of a label away."""


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """The M pairs of one image.

    Attributes:
        people: ``(M,)`` indices into the poses, best score first.
        labels: ``(M,)`` indices into the annotations; nobody appears twice.
        oks: ``(M,)`` similarity of each pair.
    """

    people: IntArray
    labels: IntArray
    oks: FloatArray

    def __len__(self) -> int:
        return len(self.people)


@dataclass(frozen=True, slots=True, eq=False)
class MatchedPeople:
    """P labelled people that count, over any number of images, each beside the pose that was matched with them.

    Attributes:
        labels: ``(P, K, 2)`` float64 px; NaN where a keypoint is not labelled.
        visibility: ``(P, K)`` 0, 1 or 2.
        found: ``(P, K, 2)`` float64 px; NaN where nobody predicted the keypoint.
        scores: ``(P, K)`` float64 of the predicted keypoints; NaN where nobody found the person.
        areas: ``(P,)`` float64 px², the labels'.
        boxes: ``(P, 4)`` float64 px, the labels'.
        found_size_px: ``(P,)`` float64, root of the area of the pose's box; NaN where there is no pose or no box.
        person_scores: ``(P,)`` float64; NaN where nobody found the person.
        oks: ``(P,)`` float64; 0 where nobody found the person.
        places: ``(P, 3)`` index of the image, of the label in it, and of the pose in it (-1: none).
        skeleton: What the K keypoints are.
    """

    labels: FloatArray64
    visibility: IntArray
    found: FloatArray64
    scores: FloatArray64
    areas: FloatArray64
    boxes: FloatArray64
    found_size_px: FloatArray64
    person_scores: FloatArray64
    oks: FloatArray64
    places: IntArray
    skeleton: Skeleton

    def __len__(self) -> int:
        return len(self.areas)

    @property
    def distances_px(self) -> FloatArray64:
        """``(P, K)``; NaN where the keypoint is not labelled or nobody predicted it."""
        distances = np.linalg.norm(self.found - self.labels, axis=-1)
        return np.where(np.isfinite(distances), distances, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class KeypointErrors:
    """How far each labelled keypoint of P counted people was missed, over any number of images.

    Attributes:
        distances_px: ``(P, K)`` float64; NaN where the keypoint is not labelled or nobody predicted it.
        labelled: ``(P, K)``.
        unit_px: ``(P,)`` float64, the length that PCK measures by; NaN where the labels do not tell it.
        unit: What that is: ``"torso"``, or, for a skeleton without one, ``"box"``, the longer side of the box.
    """

    distances_px: FloatArray64
    labelled: BoolArray
    unit_px: FloatArray64
    unit: PckUnit = "torso"

    @property
    def missed(self) -> BoolArray:
        """``(P, K)``: labelled keypoints without a prediction."""
        return self.labelled & np.isnan(self.distances_px)

    def only(self, keypoints: BoolArray) -> Self:
        """The same people with the ``(P, K)`` chosen keypoints alone."""
        labelled = self.labelled & keypoints
        return replace(self, labelled=labelled, distances_px=np.where(labelled, self.distances_px, np.nan))


def is_counted(annotations: Annotations) -> BoolArray:
    """``(N,)``: labelled people that are to be found: no crowd, and at least one labelled keypoint."""
    return (annotations.visibility > 0).any(axis=1) & ~annotations.is_crowd


def match(annotations: Annotations, poses: Poses, *, min_oks: float = DEFAULT_MIN_OKS) -> Matches:
    """Pair poses with labelled people greedily: the best score chooses first, and takes its likest label.

    Args:
        annotations: Labels of an image; crowds and people without labelled keypoints take no part.
        poses: Poses of the same image and skeleton.
        min_oks: Pairs that are less alike than this, or not at all alike, are not made.

    Raises:
        ConfigError: If ``min_oks`` is not within 0 to 1, or the skeletons differ.
    """
    if not 0 <= min_oks <= 1:
        raise ConfigError(f"min_oks must lie between 0 and 1, got {min_oks}.")
    check_pairs([annotations], [poses])
    similarity = oks(
        poses.keypoints,
        annotations.keypoints,
        areas=annotations.areas,
        sigmas=np.array(annotations.skeleton.sigmas, np.float32),
        labelled=annotations.visibility > 0,
    )
    similarity[:, ~is_counted(annotations)] = 0
    pairs = []
    for person in np.argsort(-poses.person_scores, kind="stable"):
        label = int(similarity[person].argmax()) if len(annotations) else 0
        if len(annotations) and similarity[person, label] > 0 and similarity[person, label] >= min_oks:
            pairs.append((int(person), label, similarity[person, label]))
            similarity[:, label] = 0  # taken
    people, labels, values = zip(*pairs, strict=True) if pairs else ((), (), ())
    return Matches(np.array(people, np.int64), np.array(labels, np.int64), np.array(values, np.float32))


def matched_people(
    annotations: Sequence[Annotations], predictions: Sequence[Poses], *, min_oks: float = DEFAULT_MIN_OKS
) -> MatchedPeople:
    """All counted people with the poses matched with them.

    Args:
        annotations: Labels, one per image.
        predictions: Poses of the same images in the same order.
        min_oks: As for `match`. A labelled person without a match has every keypoint missed.

    Raises:
        ConfigError: If the images differ in number, there are none, the skeletons differ, or ``min_oks`` is not
            within 0 to 1.
    """
    check_pairs(annotations, predictions)
    if not annotations:
        raise ConfigError("there is no image to measure keypoint errors on; give at least one.")
    pairs = zip(annotations, predictions, strict=True)
    parts = [_people_of_image(i, labels, poses, min_oks) for i, (labels, poses) in enumerate(pairs)]
    names = [field.name for field in fields(MatchedPeople) if field.name != "skeleton"]
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return MatchedPeople(**arrays, skeleton=annotations[0].skeleton)


def keypoint_errors(
    annotations: Sequence[Annotations], predictions: Sequence[Poses], *, min_oks: float = DEFAULT_MIN_OKS
) -> KeypointErrors:
    """Distances between the labels of all counted people and the poses matched with them; as `matched_people`."""
    return errors_of(matched_people(annotations, predictions, min_oks=min_oks))


def errors_of(people: MatchedPeople) -> KeypointErrors:
    """The distances, and each person's unit of length: the torso, or the box where the skeleton has no torso."""
    labelled = people.visibility > 0
    if {"left_shoulder", "right_hip"} <= set(people.skeleton.keypoint_names):
        return KeypointErrors(people.distances_px, labelled, _torso(people.labels, people.skeleton))
    sides = (people.boxes[:, 2:] - people.boxes[:, :2]).max(axis=1, initial=0)
    return KeypointErrors(people.distances_px, labelled, np.where(sides > 0, sides, np.nan), "box")


def torso_lengths(annotations: Annotations) -> FloatArray64:
    """Length ``(N,)`` px of each torso, left shoulder to right hip; NaN where either is not labelled.

    Raises:
        ConfigError: If the skeleton has no ``left_shoulder`` or no ``right_hip``.

    Source:
        The torso diameter of PDJ (Toshev and Szegedy, "DeepPose", CVPR 2014), as commonly measured on LSP:
        the diagonal, which side views shorten less than the width.
    """
    labelled = annotations.visibility[..., None] > 0
    return _torso(np.where(labelled, annotations.keypoints, np.nan), annotations.skeleton)


def _torso(keypoints: FloatArray64, skeleton: Skeleton) -> FloatArray64:
    ends = keypoints[:, [skeleton.index("left_shoulder"), skeleton.index("right_hip")]].astype(np.float64)
    length = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=-1)
    # a torso seen from its end, without length, cannot be a unit of length
    return np.where(length > 0, length, np.nan)


def _people_of_image(image: int, annotations: Annotations, poses: Poses, min_oks: float) -> MatchedPeople:
    pairs = match(annotations, poses, min_oks=min_oks)
    n = len(annotations)
    size = np.maximum(poses.boxes[:, 2:].astype(np.float64) - poses.boxes[:, :2], 0).prod(axis=1)
    size_px = np.sqrt(np.where(size > 0, size, np.nan))
    counted = is_counted(annotations)

    def of_pairs(values: FloatArray | FloatArray64, missing: float = np.nan) -> FloatArray64:
        """The values of the poses, or of the pairs, at their labels' places."""
        placed = np.full((n, *values.shape[1:]), missing, np.float64)
        placed[pairs.labels] = values
        return placed[counted]

    person = np.full(n, -1, np.int64)
    person[pairs.labels] = pairs.people
    labelled = annotations.visibility[..., None] > 0
    return MatchedPeople(
        labels=np.where(labelled, annotations.keypoints, np.nan).astype(np.float64)[counted],
        visibility=annotations.visibility[counted],
        found=of_pairs(poses.keypoints[pairs.people]),
        scores=of_pairs(poses.scores[pairs.people]),
        areas=annotations.areas[counted].astype(np.float64),
        boxes=annotations.boxes[counted].astype(np.float64),
        found_size_px=of_pairs(size_px[pairs.people]),
        person_scores=of_pairs(poses.person_scores[pairs.people]),
        oks=of_pairs(pairs.oks, missing=0),
        places=np.stack([np.full(n, image), np.arange(n), person], axis=-1)[counted],
        skeleton=annotations.skeleton,
    )
