"""The measures again for parts of the people: by size, by who is close, by what can be seen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonio.arrays import BoolArray, FloatArray64
from gonio.evaluation.coco import subset_ap
from gonio.evaluation.matching import KeypointErrors, MatchedPeople, is_counted
from gonio.evaluation.pck import end_point_error, pck
from gonio.geometry.boxes import iou
from gonio.structures.annotations import Annotations
from gonio.structures.poses import Poses

SIZES_PX2 = {"small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
"""COCO's areas of small, medium and large people."""
OVERLAP_IOU = 0.1
"""From this intersection over union on, two people's boxes count as overlapping."""
CROWD_INDEX = {"easy": (-math.inf, 0.1), "medium": (0.1, 0.8), "hard": (0.8, math.inf)}
"""CrowdPose's levels: above the first and up to the second number."""


@dataclass(frozen=True, slots=True)
class GroupScore:
    """The measures of a part of the people or keypoints.

    Attributes:
        kind: ``"size"``, ``"overlap"``, ``"crowd index"`` or ``"visibility"``.
        name: Of the part.
        people: Counted people in it; of visibility those with such a keypoint.
        keypoints: Their labelled keypoints.
        AP: In percent; NaN where nobody is in it, and for visibility, which AP does not tell apart.
        AR: The same.
        pck: At the report's threshold, in percent.
        mean_px: End-point error in px.
        median_px: Median distance in px.
        missed: Labelled keypoints without a prediction.
    """

    kind: str
    name: str
    people: int
    keypoints: int
    AP: float
    AR: float
    pck: float
    mean_px: float
    median_px: float
    missed: int


def group_scores(
    annotations: Sequence[Annotations],
    predictions: Sequence[Poses],
    people: MatchedPeople,
    errors: KeypointErrors,
    *,
    threshold: float = 0.2,
) -> tuple[GroupScore, ...]:
    """Every group's measures.

    - Size: COCO's areas; AP and AR as COCO has them for medium and large.
    - Overlap: whether a person's box overlaps another's with an IoU above `OVERLAP_IOU`. A pose on nobody is a false
      alarm in both groups, so that AP is below what it would be on pictures of such people alone; AR is not affected.
    - Crowd index: whole pictures, by `crowd_index`.
    - Visibility: keypoints labelled visible (2) and hidden (1).

    Args:
        annotations: Labels, one per image.
        predictions: Poses of the same images in the same order.
        people: From `matched_people` of these.
        errors: From `errors_of` of these people.
        threshold: Of PCK, in units.

    Raises:
        ConfigError, MissingDependencyError: As `gonio.evaluation.coco.coco_ap`.
    """
    everyone = [np.ones(len(labels), bool) for labels in annotations]
    image, label = people.places[:, 0], people.places[:, 1]
    scores = []
    for name, (low, high) in SIZES_PX2.items():
        inside = (people.areas >= low) & (people.areas <= high)
        ap = subset_ap(annotations, predictions, chosen=everyone, area_px2=(low, high))
        scores.append(_score("size", name, errors, inside, ap, threshold))
    close = [overlapping(labels) for labels in annotations]
    is_close = np.array([close[i][k] for i, k in zip(image, label, strict=True)], bool)
    for name, mask, chosen in (("apart", ~is_close, [~one for one in close]), ("overlapping", is_close, close)):
        ap = subset_ap(annotations, predictions, chosen=chosen)
        scores.append(_score("overlap", name, errors, mask, ap, threshold))
    index = np.array([crowd_index(labels) for labels in annotations])
    for name, (low, high) in CROWD_INDEX.items():
        pictures = np.flatnonzero((index > low) & (index <= high)).tolist()
        ap = subset_ap(
            [annotations[i] for i in pictures],
            [predictions[i] for i in pictures],
            chosen=[everyone[i] for i in pictures],
        )
        scores.append(_score("crowd index", name, errors, np.isin(image, pictures), ap, threshold))
    for name, value in (("visible", 2), ("hidden", 1)):
        none = (math.nan, math.nan)
        scores.append(_score("visibility", name, errors, people.visibility == value, none, threshold))
    return tuple(scores)


def overlapping(annotations: Annotations) -> BoolArray:
    """``(N,)``: people whose box overlaps that of another counted person with an IoU above `OVERLAP_IOU`."""
    shared = iou(annotations.boxes, annotations.boxes)
    np.fill_diagonal(shared, 0)
    shared[:, ~is_counted(annotations)] = 0
    return np.asarray((shared > OVERLAP_IOU).any(axis=1))


def crowd_index(annotations: Annotations) -> float:
    """How crowded a picture is: the mean over people of others' keypoints in their box per keypoint of their own.

    0 where nobody is in another's box, and where nobody is labelled; it may exceed 1.

    Source:
        Li et al., "CrowdPose: Efficient Crowded Scenes Pose Estimation and a New Benchmark", CVPR 2019, section 4.1.
        Its levels are easy up to 0.1, medium up to 0.8, hard above.
    """
    counted = np.flatnonzero(is_counted(annotations))
    points: FloatArray64 = annotations.keypoints[counted].astype(np.float64)
    labelled = annotations.visibility[counted] > 0
    ratios = []
    for person, (x1, y1, x2, y2) in enumerate(annotations.boxes[counted].tolist()):
        # a keypoint is the centre of its pixel, half a pixel inside where the continuous box begins
        inside = ((points + 0.5 >= (x1, y1)) & (points + 0.5 <= (x2, y2))).all(axis=-1) & labelled
        others = inside.sum() - inside[person].sum()
        ratios.append(others / labelled[person].sum())
    return float(np.mean(ratios)) if ratios else 0.0


def _score(
    kind: str, name: str, errors: KeypointErrors, mask: BoolArray, ap_ar: tuple[float, float], threshold: float
) -> GroupScore:
    """``mask``: ``(P,)`` people or ``(P, K)`` keypoints."""
    part = errors.only(mask if mask.ndim == 2 else mask[:, None])
    distances = end_point_error(part)
    return GroupScore(
        kind=kind,
        name=name,
        people=int(part.labelled.any(axis=1).sum()),
        keypoints=int(part.labelled.sum()),
        AP=ap_ar[0],
        AR=ap_ar[1],
        pck=pck(part, threshold=threshold).pck,
        mean_px=distances.mean_px,
        median_px=distances.median_px,
        missed=distances.missed,
    )
