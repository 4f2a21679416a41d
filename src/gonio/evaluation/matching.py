"""Who is who: pairs each found person with a labelled one, for the measures that need to know."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonio.arrays import BoolArray, FloatArray, FloatArray64, IntArray
from gonio.errors import ConfigError
from gonio.evaluation.coco import check_pairs
from gonio.geometry.oks import oks
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses

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
class KeypointErrors:
    """How far each labelled keypoint of P counted people was missed, over any number of images.

    Attributes:
        distances_px: ``(P, K)`` float64; NaN where the keypoint is not labelled or nobody predicted it.
        labelled: ``(P, K)``.
        torso_px: ``(P,)`` float64, length of the torso by the labels; NaN where an end of it is not labelled.
    """

    distances_px: FloatArray64
    labelled: BoolArray
    torso_px: FloatArray64

    @property
    def missed(self) -> BoolArray:
        """``(P, K)``: labelled keypoints without a prediction."""
        return self.labelled & np.isnan(self.distances_px)


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


def keypoint_errors(
    annotations: Sequence[Annotations], predictions: Sequence[Poses], *, min_oks: float = DEFAULT_MIN_OKS
) -> KeypointErrors:
    """Distances between the labels of all counted people and the poses matched with them.

    Args:
        annotations: Labels, one per image.
        predictions: Poses of the same images in the same order.
        min_oks: As for `match`. A labelled person without a match has every keypoint missed.

    Raises:
        ConfigError: If the images differ in number, there are none, the skeletons differ or have no torso, or
            ``min_oks`` is not within 0 to 1.
    """
    check_pairs(annotations, predictions)
    if not annotations:
        raise ConfigError("there is no image to measure keypoint errors on; give at least one.")
    parts = [_errors_of_image(labels, poses, min_oks) for labels, poses in zip(annotations, predictions, strict=True)]
    return KeypointErrors(
        distances_px=np.concatenate([part.distances_px for part in parts]),
        labelled=np.concatenate([part.labelled for part in parts]),
        torso_px=np.concatenate([part.torso_px for part in parts]),
    )


def torso_lengths(annotations: Annotations) -> FloatArray64:
    """Length ``(N,)`` px of each torso, left shoulder to right hip; NaN where either is not labelled.

    Raises:
        ConfigError: If the skeleton has no ``left_shoulder`` or no ``right_hip``.

    Source:
        The torso diameter of PDJ (Toshev and Szegedy, "DeepPose", CVPR 2014), as commonly measured on LSP:
        the diagonal, which side views shorten less than the width.
    """
    shoulder, hip = annotations.skeleton.index("left_shoulder"), annotations.skeleton.index("right_hip")
    diagonal = annotations.keypoints[:, shoulder].astype(np.float64) - annotations.keypoints[:, hip]
    length = np.linalg.norm(diagonal, axis=-1)
    labelled = (annotations.visibility[:, [shoulder, hip]] > 0).all(axis=1)
    # a torso seen from its end, without length, cannot be a unit of length
    return np.where(labelled & (length > 0), length, np.nan)


def _errors_of_image(annotations: Annotations, poses: Poses, min_oks: float) -> KeypointErrors:
    pairs = match(annotations, poses, min_oks=min_oks)
    labelled = annotations.visibility > 0
    distances = np.full(labelled.shape, np.nan)
    offsets = poses.keypoints[pairs.people].astype(np.float64) - annotations.keypoints[pairs.labels]
    distances[pairs.labels] = np.linalg.norm(offsets, axis=-1)
    distances[~labelled | ~np.isfinite(distances)] = np.nan
    counted = is_counted(annotations)
    return KeypointErrors(distances[counted], labelled[counted], torso_lengths(annotations)[counted])
