"""`Calibration`: what turns a model's keypoint scores into probabilities, and tells how far off a keypoint may be.

`gonio evaluate --calibrate` measures it and writes it into a model card.
"""

from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from gonio.arrays import FloatArray
from gonio.errors import ConfigError
from gonio.score_maps import back_through_knots, back_through_logit, through_knots, through_logit
from gonio.structures.poses import Poses

if TYPE_CHECKING:  # the card has a calibration, and a function here takes a card
    from gonio.models.card import ModelCard

Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectedError(_Strict):
    """How far off keypoints of about this score are.

    Attributes:
        score: Calibrated score.
        median: Median distance from the label as a part of the root of the area of the pose's box.
        rms: Root mean square of the distance, in the same unit.
        keypoints: How many it was measured on.
    """

    score: Share
    median: Annotated[float, Field(ge=0)]
    rms: Annotated[float, Field(ge=0)]
    keypoints: Annotated[int, Field(gt=0)]


class Calibration(_Strict):
    """From a network's keypoint scores to probabilities.

    A calibrated score is the probability that the keypoint is right: that its own term of OKS is at least 0.5.

    Attributes:
        method: ``"isotonic"``: straight lines between knots; ``"temperature"``:
            ``sigmoid(logit(score) / temperature + bias)``.
        knots: ``(score, probability)``, both never falling; of isotonic.
        temperature: Of temperature.
        bias: Of temperature.
        keypoint_error: Expected error by rising calibrated score.
        ece_before: Expected calibration error of the network's scores, in [0, 1].
        ece_after: The same after calibration, by cross-validation over pictures.
        brier_before: Brier score of the network's scores.
        brier_after: The same after calibration, by cross-validation.
        data: What it was measured on.
        images: How many pictures.
        keypoints: How many labelled keypoints.
        command: How to measure it again.
    """

    method: Literal["isotonic", "temperature"]
    knots: tuple[tuple[Share, Share], ...] = ()
    temperature: Annotated[float, Field(gt=0)] = 1.0
    bias: float = 0.0
    keypoint_error: tuple[ExpectedError, ...] = ()
    ece_before: Share
    ece_after: Share
    brier_before: Share
    brier_after: Share
    data: str
    images: Annotated[int, Field(gt=0)]
    keypoints: Annotated[int, Field(gt=0)]
    command: str = ""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.method == "isotonic" and not self.knots:
            raise ValueError("an isotonic calibration needs knots")
        knots = np.array(self.knots).reshape(-1, 2)
        scores = np.array([row.score for row in self.keypoint_error])
        if (np.diff(knots, axis=0) < 0).any() or (np.diff(scores) < 0).any():
            raise ValueError("knots and rows of keypoint_error must be in the order of rising scores")
        return self

    def apply(self, scores: FloatArray) -> FloatArray:
        """Probabilities ``(...)`` float32 of a network's scores ``(...)``; they never fall as the score rises."""
        if self.method == "isotonic":
            mapped = through_knots(scores, self.knots)
        else:
            mapped = through_logit(scores, temperature=self.temperature, bias=self.bias)
        return np.clip(mapped, 0, 1).astype(np.float32)

    def undo(self, scores: FloatArray) -> FloatArray:
        """The network's scores ``(...)`` float32 of calibrated ones: of several that it maps to one, their middle."""
        if self.method == "isotonic":
            mapped = back_through_knots(scores, self.knots)
        else:
            mapped = back_through_logit(scores, temperature=self.temperature, bias=self.bias)
        return mapped.astype(np.float32)


def expected_error_px(poses: Poses, card: "ModelCard", *, statistic: Literal["median", "rms"] = "rms") -> FloatArray:
    """How far off each keypoint is to be expected, by its score and the size of its person.

    The table of the card's calibration, straight lines between its rows, times the root of the area of the pose's box.
    It was measured on poses that were matched with a labelled person: it says nothing about a pose that is nobody.

    Args:
        poses: Of the card's model, scores calibrated as the model returns them, in pixels.
        card: With a calibration.
        statistic: ``"rms"``: the root mean square, which gross errors dominate; ``"median"``: half are nearer.

    Returns:
        ``(N, K)`` float32 px of the picture; NaN for a missing keypoint and for a box without area.

    Raises:
        ConfigError: If the card has no calibration with a table of errors.
    """
    rows = card.calibration.keypoint_error if card.calibration is not None else ()
    if not rows:
        raise ConfigError(
            f"model {card.name!r} is not calibrated: its card has no table of errors; measure one with "
            "gonio evaluate --calibrate"
        )
    part = through_knots(poses.scores, [(row.score, getattr(row, statistic)) for row in rows])
    area = np.maximum(poses.boxes[:, 2:].astype(np.float64) - poses.boxes[:, :2], 0).prod(axis=1)
    size_px = np.sqrt(np.where(area > 0, area, np.nan))
    present = np.isfinite(poses.keypoints).all(axis=-1)
    return np.where(present, part * size_px[:, None], np.nan).astype(np.float32)
