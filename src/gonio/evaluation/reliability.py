"""Do keypoint scores mean what they say? How often a keypoint of some score is right."""

import math
from dataclasses import dataclass

import numpy as np

from gonio.arrays import BoolArray, FloatArray64, IntArray
from gonio.errors import ConfigError, ShapeError
from gonio.evaluation.matching import MatchedPeople

CORRECT_OKS = 0.5
"""A keypoint is right when its own term of OKS, ``exp(-d^2 / (2 area (2 sigma)^2))``, is at least this.

That is a distance of at most ``1.18 * 2 sigma * sqrt(area)``; COCO's loosest threshold for whole poses, applied to one
keypoint. Source: COCO keypoint evaluation, https://cocodataset.org/#keypoints-eval."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoredKeypoints:
    """M keypoints that were predicted.

    Attributes:
        scores: ``(M,)`` float64 in [0, 1].
        correct: ``(M,)``, whether they are right by `CORRECT_OKS`.
        errors: ``(M,)`` float64, distance to the label as a part of the root of the area of the pose's box; NaN
            where the pose has no box or the keypoint no label.
        groups: ``(M,)`` index of the image: keypoints of one image are not independent.
    """

    scores: FloatArray64
    correct: BoolArray
    errors: FloatArray64
    groups: IntArray

    def __post_init__(self) -> None:
        m = len(self.scores)
        if not len(self.correct) == len(self.errors) == len(self.groups) == m:
            raise ShapeError("scores, correct, errors and groups differ in length; give one of each per keypoint.")

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Keypoints of similar score.

    Attributes:
        low: Lower end of the scores.
        high: Upper end.
        keypoints: How many.
        mean_score: In [0, 1]; NaN where there is none.
        correct: Share that is right, in [0, 1]; NaN where there is none.
    """

    low: float
    high: float
    keypoints: int
    mean_score: float
    correct: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far scores are probabilities.

    Attributes:
        ece: Expected calibration error in [0, 1]: mean distance of score and share of right keypoints, over bins.
        brier: Mean squared distance of score and outcome (1 right, 0 wrong), in [0, 1].
        keypoints: How many.
        correct: Share that is right, in [0, 1].
        bins: The curve, by score.
    """

    ece: float
    brier: float
    keypoints: int
    correct: float
    bins: tuple[ReliabilityBin, ...]


def scored_keypoints(
    people: MatchedPeople, *, min_person_score: float = 0, unlabelled_wrong: bool = False
) -> ScoredKeypoints:
    """The predicted keypoints of matched people.

    Poses on nobody have no label, so they are not here: scores are judged given that the pose is somebody.

    Args:
        people: From `gonio.evaluation.matching.matched_people`.
        min_person_score: People whose pose scores lower are left out, as the model does when it is used.
        unlabelled_wrong: What a keypoint without a label is. False: unknown, and left out; scores are then judged
            given that the keypoint can be seen or guessed at. True: wrong, which suits labels like COCO's, where
            whoever is labelled has every keypoint that is in the picture; its error is NaN.
    """
    predicted = np.isfinite(people.found).all(axis=-1)
    distances = np.where(predicted, people.distances_px, np.nan)
    judged = predicted & ((people.visibility > 0) | unlabelled_wrong)
    with np.errstate(invalid="ignore"):
        usable = judged & (people.person_scores >= min_person_score)[:, None]
    person, joint = np.nonzero(usable)
    distance = distances[usable]
    falloff = 2 * np.array(people.skeleton.sigmas)[joint] * np.sqrt(people.areas[person])
    likeness = np.exp(-(distance**2) / (2 * np.maximum(falloff, 1e-9) ** 2))
    return ScoredKeypoints(
        scores=np.clip(people.scores[usable], 0, 1),
        correct=likeness >= CORRECT_OKS,  # NaN, of a keypoint without a label, is not
        errors=distance / people.found_size_px[person],
        groups=people.places[person, 0],
    )


def reliability(scores: FloatArray64, correct: BoolArray, *, bins: int = 10) -> Reliability:
    """Compare scores with how often they are right, in ``bins`` of equal width.

    Args:
        scores: ``(M,)`` in [0, 1].
        correct: ``(M,)``.
        bins: Number of bins.

    Raises:
        ConfigError: If a score is outside [0, 1] or there is no bin.

    Source:
        ECE and the curve: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017. Brier, "Verification of
        Forecasts Expressed in Terms of Probability", Monthly Weather Review 1950, for one of two outcomes.
    """
    if bins < 1 or not ((scores >= 0) & (scores <= 1)).all():
        raise ConfigError("reliability needs scores from 0 to 1 and at least one bin.")
    place = np.minimum((scores * bins).astype(int), bins - 1)  # a score of 1 belongs to the last
    rows = [_bin(i, bins, scores[place == i], correct[place == i]) for i in range(bins)]
    gaps = [row.keypoints * abs(row.mean_score - row.correct) for row in rows if row.keypoints]
    m = len(scores)
    return Reliability(
        ece=sum(gaps) / m if m else math.nan,
        brier=float(((scores - correct) ** 2).mean()) if m else math.nan,
        keypoints=m,
        correct=float(correct.mean()) if m else math.nan,
        bins=tuple(rows),
    )


def _bin(i: int, bins: int, scores: FloatArray64, correct: BoolArray) -> ReliabilityBin:
    means = (float(scores.mean()), float(correct.mean())) if len(scores) else (math.nan, math.nan)
    return ReliabilityBin(i / bins, (i + 1) / bins, len(scores), *means)
