"""Everyone at once, as RF-DETR's keypoint networks are exported: raw numbers of each query.

============= ================ ========================================================================================
``dets``      ``(B, Q, 4)``    box ``cx cy w h``, shares of the input
``labels``    ``(B, Q, C)``    a logit for each class, one of which may be the background
``keypoints`` ``(B, Q, S, 8)`` for each class in turn its keypoints, filled up to the number of the class with the most
============= ================ ========================================================================================

Eight numbers of a keypoint: ``x y`` (shares of the input), the logit that it can be found, the logit that it is
visible, ``log l11``, ``l21`` and ``log l22`` of the Cholesky factor of its precision, and what it adds to the class.

The score of a query and its class is that of the class, p, weighed by how sure the keypoints are. Of a keypoint
with the precision L L', the covariance has the trace ``1 / l11² + 1 / l22² + (l21 / (l11 l22))²``; T is its mean over
the person's keypoints, each as heavy as it can be found. The score is ``s / (1 + s)``, ``s = p / T ** uncertainty``.
Of all pairs of a query and a class as many are looked at as there are queries, those with the highest p.

Source:
    RF-DETR 1.8 and later, github.com/roboflow/rf-detr: its export and its post-processing, from which these formulas
    are taken; I. Robinson et al., "RF-DETR: Neural Architecture Search for Real-Time Detection Transformers", 2025,
    arXiv:2511.09554; J. Yang et al., "Group Pose", ICCV 2023, for the head.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray, FloatArray64
from gonio.codecs.base import DecodedPeople, Outputs
from gonio.codecs.checks import finite, output_of
from gonio.codecs.persons import PersonCodec, to_centres, to_corners
from gonio.errors import ConfigError, ModelMismatchError

NUMBERS = 8
"""Of each keypoint."""
_FINDABLE, _LOG_L11, _L21, _LOG_L22 = 2, 4, 5, 6
_TINY = 1e-12  # no weight, and no l21, is taken for less, so that its logarithm exists
_FARTHEST = 5.0  # inputs beyond the rim: no guess at a keypoint goes so far, but pixels do


@dataclass(frozen=True, slots=True)
class RFDETRKeypoint(PersonCodec):
    """People as queries, each once. A keypoint's score is that it can be found.

    Attributes:
        person_class: As in `PersonCodec`; 1 where class 0 is the background, as in the published checkpoint.
        input_hw: Height and width of the network's input, px: what coordinates are shares of.
        keypoint_slots: For how many keypoints each class has room; None: for ``n_keypoints``.
        uncertainty: The exponent above; 0: the score is that of the class alone.

    Raises:
        ConfigError: If a parameter is out of range, or the size is not known.
    """

    person_class: int = 1
    input_hw: tuple[int, int] | None = None
    keypoint_slots: int | None = None
    uncertainty: float = 0.2

    def __post_init__(self) -> None:
        PersonCodec.__post_init__(self)
        if self.input_hw is None:
            raise ConfigError("shares of the input need its size; give the card an input of kind 'stretch'")
        if self.keypoint_slots is not None and self.keypoint_slots < self.n_keypoints:
            raise ConfigError(f"keypoint_slots is {self.keypoint_slots}, but there are {self.n_keypoints} keypoints")
        if not 0 <= self.uncertainty < float("inf"):
            raise ConfigError(f"uncertainty is {self.uncertainty}; give 0 or more")

    @property
    def output_channels(self) -> Mapping[str, int | None]:
        """The network's outputs that it reads; how many queries there are is open."""
        return {"dets": None, "labels": None, "keypoints": None}

    def encode(self, people: DecodedPeople, input_hw: tuple[int, int]) -> dict[str, FloatArray]:
        """The outputs of a perfect network, which has queries for these people alone.

        A keypoint that is NaN cannot be found, and lies at the origin. All keypoints of a person are equally sure, so
        that p and T give the score.
        """
        size = np.array(input_hw[::-1], np.float32)
        known = np.asarray(np.isfinite(people.keypoints).all(axis=-1))
        share = np.clip(people.person_scores.astype(np.float64), 1e-7, 1 - 1e-7)
        rows = np.zeros((len(people), self.n_keypoints, NUMBERS), np.float64)
        rows[..., :2] = np.where(known[..., None], people.keypoints, 0) / size
        rows[..., _FINDABLE] = _logit(np.where(known, people.scores, 0))
        if self.uncertainty > 0:  # so that s = p / (1 - p)
            log_trace = np.log1p(-share) / self.uncertainty
            rows[..., [_LOG_L11, _LOG_L22]] = (np.log(2) - log_trace)[:, None, None] / 2
        slots = self._slots
        keypoints = np.zeros((1, len(people), (self.person_class + 1) * slots, NUMBERS), np.float32)
        first = self.person_class * slots
        keypoints[0, :, first : first + self.n_keypoints] = rows
        logits = np.full((1, len(people), max(self.person_class + 1, 2)), -30, np.float32)
        logits[0, :, self.person_class] = _logit(share)
        boxes = np.asarray(to_centres(people.boxes) / np.tile(size, 2), np.float32)
        return {"dets": boxes[None], "labels": logits, "keypoints": keypoints}

    def decode(self, outputs: Outputs) -> list[DecodedPeople]:
        """The people of each of the B inputs, best first.

        Raises:
            ModelMismatchError: If shapes or values are not those of such a file.
        """
        logits = finite(output_of(outputs, "labels", (None, None, None)), "logits of classes")
        boxes = output_of(outputs, "dets", (*logits.shape[:2], 4))
        keypoints = output_of(outputs, "keypoints", (*logits.shape[:2], None, NUMBERS))
        self._check_layout(logits.shape[2], keypoints.shape[2])
        if logits.size and float(logits.min()) >= 0 and float(logits.max()) <= 1:
            raise ModelMismatchError(
                "the logits of all queries lie from 0 to 1, so they are probabilities; the file was not exported by "
                "RF-DETR, or was changed since"
            )
        first = self.person_class * self._slots
        mine = keypoints[:, :, first : first + self.n_keypoints]
        return [self._decode_one(logits[i], boxes[i], mine[i]) for i in range(len(logits))]

    @property
    def _slots(self) -> int:
        return self.n_keypoints if self.keypoint_slots is None else self.keypoint_slots

    def _check_layout(self, classes: int, slots: int) -> None:
        if self.person_class >= classes:
            raise ModelMismatchError(
                f"output 'labels' has {classes} classes from 0, but person_class is {self.person_class}; the card "
                "names another class than the file has"
            )
        if slots % self._slots or slots < (self.person_class + 1) * self._slots:
            raise ModelMismatchError(
                f"output 'keypoints' has {slots} keypoints, expected {self._slots} for each class up to "
                f"{self.person_class}; the card names another skeleton, person_class or keypoint_slots than the file's"
            )

    def _decode_one(self, logits: FloatArray, boxes: FloatArray, keypoints: FloatArray) -> DecodedPeople:
        """One input: logits ``(Q, C)``, boxes ``(Q, 4)``, the person's keypoints ``(Q, K, 8)``."""
        queries, classes = logits.shape
        pairs = np.argsort(-logits.ravel(), kind="stable")[:queries]
        found = pairs[pairs % classes == self.person_class] // classes
        rows = finite(keypoints[found], "keypoints")
        scores = self._scores(logits[found, self.person_class], rows)
        best = self.best(scores)
        corners = finite(to_corners(boxes[found[best]]), "shares of boxes", highest=_FARTHEST)
        kept = self.distinct(corners, scores[best])
        best, corners = best[kept], corners[kept]
        points = finite(rows[best, :, :2], "shares of keypoints", highest=_FARTHEST)
        size = np.array(self.input_hw, np.float32)[::-1]
        return DecodedPeople(
            keypoints=np.asarray(points * size, np.float32),
            scores=np.exp(_log_sigmoid(rows[best, :, _FINDABLE])).astype(np.float32),
            boxes=np.asarray(corners * np.tile(size, 2), np.float32),
            person_scores=scores[best],
        )

    def _scores(self, logits: FloatArray, rows: FloatArray) -> FloatArray:
        """Scores ``(P,)`` of people by their class's logits ``(P,)`` and keypoints ``(P, K, 8)``."""
        log_score = _log_sigmoid(logits)
        if self.uncertainty > 0:
            log_score = _log_sigmoid(log_score - self.uncertainty * _log_mean_trace(rows))
        return np.exp(log_score).astype(np.float32)


def _log_mean_trace(rows: FloatArray) -> FloatArray64:
    """``(P,)``: the logarithm of the mean trace of the covariances of keypoints ``(P, K, 8)``."""
    l21, log_l11, log_l22 = (rows[..., k].astype(np.float64) for k in (_L21, _LOG_L11, _LOG_L22))
    of_l21 = np.log(np.maximum(np.abs(l21), _TINY))
    log_trace = np.logaddexp.reduce([-2 * log_l11, -2 * log_l22, 2 * (of_l21 - log_l11 - log_l22)], axis=0)
    log_weight = np.maximum(_log_sigmoid(rows[..., _FINDABLE]), np.log(_TINY))
    together = np.logaddexp.reduce(log_trace + log_weight, axis=-1) - np.logaddexp.reduce(log_weight, axis=-1)
    return np.asarray(together, np.float64)


def _log_sigmoid(logits: FloatArray | FloatArray64) -> FloatArray64:
    return np.asarray(-np.logaddexp(0, -logits.astype(np.float64)), np.float64)


def _logit(scores: FloatArray | FloatArray64) -> FloatArray64:
    clipped = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(clipped) - np.log1p(-clipped), np.float64)
