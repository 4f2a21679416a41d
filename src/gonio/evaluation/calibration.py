"""Maps that turn keypoint scores into probabilities, and how far off a keypoint of some score is.

Both kinds of map are judged by cross-validation: every keypoint's calibrated score comes from a map that was fitted on
other pictures.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from gonio.arrays import FloatArray64, IntArray
from gonio.errors import ConfigError
from gonio.evaluation.reliability import Reliability, ScoredKeypoints, reliability
from gonio.score_maps import logit, through_knots, through_logit

Method = Literal["isotonic", "temperature"]

MIN_KEYPOINTS = 200
"""Fewer keypoints than this are no basis for a calibration."""
_FOLDS = 5
_MAX_BLOCKS = 40
_MIN_IN_BLOCK = 20
"""Isotonic regression starts from bins of at least so many keypoints, so that no lone one makes a score 0 or 1."""
_MAX_LOGIT_SLOPE = 50.0


@dataclass(frozen=True, slots=True)
class ScoreMap:
    """From a model's score to the probability that the keypoint is right; never falls as the score rises.

    Attributes:
        method: Which of the two.
        knots: Of isotonic: ``(score, probability)`` by rising score, joined by straight lines.
        temperature: Of temperature: what logits are divided by.
        bias: Of temperature: what is added to them.
    """

    method: Method
    knots: tuple[tuple[float, float], ...] = ()
    temperature: float = 1.0
    bias: float = 0.0

    def __call__(self, scores: FloatArray64) -> FloatArray64:
        """Probabilities of the same shape."""
        if self.method == "isotonic":
            return through_knots(scores, self.knots)
        return through_logit(scores, temperature=self.temperature, bias=self.bias)


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """How far off keypoints of similar calibrated score are.

    Attributes:
        score: Their mean calibrated score.
        median: Median error as a part of the root of the area of the pose's box.
        rms: Root mean square error in the same unit.
        keypoints: How many.
    """

    score: float
    median: float
    rms: float
    keypoints: int


@dataclass(frozen=True, slots=True)
class CalibrationFit:
    """A fitted map with its proof.

    Attributes:
        map: Fitted on everything.
        before: Reliability of the scores as they are.
        after: By cross-validation over pictures, for each method.
        errors: Error over calibrated score.
        images: Pictures that the keypoints come from.
    """

    map: ScoreMap
    before: Reliability
    after: dict[Method, Reliability]
    errors: tuple[ErrorRow, ...]
    images: int


def fit_calibration(keypoints: ScoredKeypoints, *, method: Method | None = None) -> CalibrationFit:
    """Fit a map on labelled keypoints and say what it is worth on pictures that it was not fitted on.

    Args:
        keypoints: At least `MIN_KEYPOINTS`, of at least five pictures, some right and some wrong.
        method: Default: the one with the lower Brier score in cross-validation.

    Raises:
        ConfigError: If there are too few, or the method is unknown.

    Source:
        Isotonic: Zadrozny and Elkan, "Transforming Classifier Scores into Accurate Multiclass Probability Estimates",
        KDD 2002. Temperature: `gonio.score_maps.through_logit`.
    """
    if method is not None and method not in get_args(Method):
        raise ConfigError(f"no calibration method is named {method!r}; there are: {', '.join(get_args(Method))}.")
    images = len(np.unique(keypoints.groups))
    if len(keypoints) < MIN_KEYPOINTS or images < _FOLDS or keypoints.correct.all() or not keypoints.correct.any():
        raise ConfigError(
            f"there are {len(keypoints)} labelled keypoints that were found, in {images} pictures, "
            f"{int(keypoints.correct.sum())} of them right; a calibration needs at least {MIN_KEYPOINTS} in "
            f"{_FOLDS} pictures, some right and some wrong: give more labelled pictures."
        )
    folds = _folds(keypoints.groups)
    methods: tuple[Method, ...] = get_args(Method)
    after = {kind: _cross_validated(keypoints, kind, folds) for kind in methods}
    best: Method = min(methods, key=lambda kind: after[kind].brier)
    chosen = best if method is None else method
    fitted = _fit(keypoints.scores, keypoints.correct.astype(np.float64), chosen)
    return CalibrationFit(
        map=fitted,
        before=reliability(keypoints.scores, keypoints.correct),
        after=after,
        errors=error_table(fitted(keypoints.scores), keypoints.errors),
        images=images,
    )


def pool_adjacent_violators(values: FloatArray64, weights: FloatArray64) -> FloatArray64:
    """The non-decreasing sequence nearest to ``values`` in weighted least squares; keeps the weighted mean.

    Args:
        values: ``(M,)`` in the order in which they should not decrease.
        weights: ``(M,)`` positive.

    Source:
        Barlow et al., "Statistical Inference under Order Restrictions", 1972.

    Example:
        >>> pool_adjacent_violators(np.array([1.0, 3.0, 2.0, 4.0]), np.ones(4))
        array([1. , 2.5, 2.5, 4. ])
    """
    blocks: list[tuple[float, float, int]] = []  # value, weight, length
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (v2, w2, n2), (v1, w1, n1) = blocks.pop(), blocks.pop()
            blocks.append(((v1 * w1 + v2 * w2) / (w1 + w2), w1 + w2, n1 + n2))
    return np.repeat([value for value, _, _ in blocks], [length for _, _, length in blocks])


def error_table(scores: FloatArray64, errors: FloatArray64) -> tuple[ErrorRow, ...]:
    """Median and root mean square error over the score, smoothed so that neither grows with the score.

    Args:
        scores: ``(M,)`` calibrated.
        errors: ``(M,)`` in any unit; NaN where there is none.
    """
    known = ~np.isnan(errors)
    scores, errors = scores[known], errors[known]
    parts = _parts(scores, max_parts=10)
    if not parts:
        return ()
    weights = np.array([len(part) for part in parts], np.float64)
    median = -pool_adjacent_violators(-np.array([np.median(errors[part]) for part in parts]), weights)
    square = -pool_adjacent_violators(-np.array([(errors[part] ** 2).mean() for part in parts]), weights)
    return tuple(
        ErrorRow(float(scores[part].mean()), float(median[i]), float(np.sqrt(square[i])), len(part))
        for i, part in enumerate(parts)
    )


def _parts(scores: FloatArray64, *, max_parts: int) -> list[IntArray]:
    """Indices of keypoints by rising score, in parts of about equal number; equal scores stay together."""
    order = np.argsort(scores, kind="stable")
    count = max(min(max_parts, len(scores) // _MIN_IN_BLOCK), 1)
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, count + 1)[1:-1])) if len(scores) else np.zeros(0)
    cuts = np.searchsorted(scores[order], edges, side="left")
    return [part for part in np.split(order, cuts) if len(part)]


def _fit(scores: FloatArray64, outcomes: FloatArray64, method: Method) -> ScoreMap:
    return _isotonic(scores, outcomes) if method == "isotonic" else _temperature(scores, outcomes)


def _isotonic(scores: FloatArray64, outcomes: FloatArray64) -> ScoreMap:
    parts = _parts(scores, max_parts=_MAX_BLOCKS)
    weights = np.array([len(part) for part in parts], np.float64)
    values = pool_adjacent_violators(np.array([outcomes[part].mean() for part in parts]), weights)
    knots: list[tuple[float, float]] = []
    for value in np.unique(values):  # one knot a level, in the middle of its scores
        own = np.concatenate([parts[i] for i in np.flatnonzero(values == value)])
        knots.append((round(float(scores[own].mean()), 6), round(float(value), 6)))
    return ScoreMap("isotonic", knots=tuple(knots))


def _temperature(scores: FloatArray64, outcomes: FloatArray64) -> ScoreMap:
    """Newton's method on the log loss, with a pinch of ridge towards the identity so that it always ends."""
    inputs = np.stack([logit(scores), np.ones(len(scores))], axis=-1)
    identity, ridge = np.array([1.0, 0.0]), 1e-3
    parameters = identity
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(inputs @ parameters, -500, 500)))
        gradient = inputs.T @ (p - outcomes) + ridge * (parameters - identity)
        curvature = (inputs * (p * (1 - p))[:, None]).T @ inputs + ridge * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        parameters = parameters - step * min(1.0, 2.0 / float(np.abs(step).max() + 1e-12))
        if np.abs(step).max() < 1e-10:
            break
    # a map that falls as the score rises would turn the order of keypoints round
    slope = float(np.clip(parameters[0], 1 / _MAX_LOGIT_SLOPE, _MAX_LOGIT_SLOPE))
    return ScoreMap("temperature", temperature=round(1 / slope, 6), bias=round(float(parameters[1]), 6))


def _folds(groups: IntArray) -> IntArray:
    """``(M,)`` fold of each keypoint: pictures are dealt out at random, the same way each time."""
    names, place = np.unique(groups, return_inverse=True)
    deal = np.random.default_rng(0).permutation(len(names)) % _FOLDS
    return np.asarray(deal[place], np.int64)


def _cross_validated(keypoints: ScoredKeypoints, method: Method, folds: IntArray) -> Reliability:
    calibrated = np.empty(len(keypoints))
    outcomes = keypoints.correct.astype(np.float64)
    for fold in range(_FOLDS):
        held = folds == fold
        calibrated[held] = _fit(keypoints.scores[~held], outcomes[~held], method)(keypoints.scores[held])
    return reliability(np.clip(calibrated, 0, 1), keypoints.correct)
