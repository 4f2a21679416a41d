"""Percentage of correct keypoints, and every joint's error in pixels and in torso lengths.

Where a skeleton has no torso, PCK is measured by the longer side of the box, and ``unit`` says so.
"""

import math
from dataclasses import dataclass

import numpy as np

from gonio.arrays import BoolArray, FloatArray64
from gonio.errors import ConfigError
from gonio.evaluation.matching import KeypointErrors, PckUnit
from gonio.structures.skeleton import Skeleton

PCK_THRESHOLDS = (0.05, 0.1, 0.2, 0.5)
"""What reports state."""
AUC_LIMIT = 0.5
"""Where the area under the curve of PCK ends, in units, as is common for PCK of the torso or head."""


@dataclass(frozen=True, slots=True)
class PckScore:
    """Share of labelled keypoints that were found near enough.

    Attributes:
        pck: In percent; NaN where no keypoint counts.
        threshold: Greatest distance of a correct keypoint, in units.
        keypoints: Labelled keypoints that count.
        missed: Those of them without a prediction; each is wrong.
        people: Labelled people whose unit is known, so that they count.
        without_torso: Labelled people who do not count, because there is no torso to measure by.
        unit: ``"torso"``, or ``"box"``: the longer side of the labelled box, of a skeleton without a torso.
    """

    pck: float
    threshold: float
    keypoints: int
    missed: int
    people: int
    without_torso: int
    unit: PckUnit = "torso"


@dataclass(frozen=True, slots=True)
class JointError:
    """How well one keypoint is found.

    Attributes:
        name: The keypoint's name.
        labelled: How often it is labelled.
        missed: How often nobody predicted it; the means and medians are over the rest.
        mean_px: Mean distance from the label; NaN where there is none, as in the others.
        median_px: Median distance.
        mean_torso: Mean distance in torso lengths, over the people whose torso is labelled; NaN where the skeleton
            has none.
        median_torso: Median distance in torso lengths.
        pck: As `PckScore.pck`, of this keypoint.
    """

    name: str
    labelled: int
    missed: int
    mean_px: float
    median_px: float
    mean_torso: float
    median_torso: float
    pck: float


def pck(errors: KeypointErrors, *, threshold: float = 0.2) -> PckScore:
    """Share of the labelled keypoints at most ``threshold`` torso lengths from their label.

    A keypoint without prediction, and every keypoint of a person whom nobody found, is wrong. People without
    a labelled torso are left out and counted in ``without_torso``. False alarms cost nothing: that is what AP
    is for.

    Args:
        errors: From `gonio.evaluation.matching.keypoint_errors`.
        threshold: In units: torso lengths, or of a skeleton without a torso longer sides of the box.

    Raises:
        ConfigError: If the threshold is not a positive number.

    Source:
        PCK after Yang and Ramanan, "Articulated Human Detection with Flexible Mixtures of Parts", TPAMI 2013,
        in the form usual on LSP: 0.2 of the torso's length (`gonio.evaluation.matching.torso_lengths`). Theirs is
        a part of the longer side of the box, which is the unit here where there is no torso.
    """
    has_torso = ~np.isnan(errors.unit_px)
    counts = errors.labelled & has_torso[:, None]
    correct = _correct(errors, threshold)
    return PckScore(
        pck=_share(int(correct.sum()), int(counts.sum())),
        threshold=threshold,
        keypoints=int(counts.sum()),
        missed=int((errors.missed & counts).sum()),
        people=int(has_torso.sum()),
        without_torso=int((~has_torso).sum()),
        unit=errors.unit,
    )


def joint_errors(errors: KeypointErrors, skeleton: Skeleton, *, threshold: float = 0.2) -> tuple[JointError, ...]:
    """The table of all keypoints, in the skeleton's order.

    Args:
        errors: From `gonio.evaluation.matching.keypoint_errors`.
        skeleton: What the K keypoints are.
        threshold: Of the column ``pck``, in units.

    Raises:
        ConfigError: If the threshold is not a positive number.
    """
    counts = (errors.labelled & ~np.isnan(errors.unit_px)[:, None]).sum(axis=0)
    correct = _correct(errors, threshold).sum(axis=0)
    labelled, missed = errors.labelled.sum(axis=0), errors.missed.sum(axis=0)
    torso_px = errors.unit_px if errors.unit == "torso" else np.full_like(errors.unit_px, np.nan)
    in_torsos = errors.distances_px / torso_px[:, None]
    return tuple(
        JointError(
            name,
            int(labelled[k]),
            int(missed[k]),
            *_mean_median(errors.distances_px[:, k]),
            *_mean_median(in_torsos[:, k]),
            pck=_share(int(correct[k]), int(counts[k])),
        )
        for k, name in enumerate(skeleton.keypoint_names)
    )


@dataclass(frozen=True, slots=True)
class PckCurve:
    """PCK over its threshold.

    Attributes:
        thresholds: From 0 to `AUC_LIMIT`, in units.
        pck: In percent at each threshold; NaN where no keypoint counts.
        auc: Area under the curve up to `AUC_LIMIT`, in percent of what a perfect model has.
        unit: As `PckScore.unit`.
    """

    thresholds: tuple[float, ...]
    pck: tuple[float, ...]
    auc: float
    unit: PckUnit


def pck_curve(errors: KeypointErrors, *, points: int = 51) -> PckCurve:
    """PCK at ``points`` thresholds, and the area under it, which is exact: ``mean of max(0, 1 - error / limit)``.

    Args:
        errors: From `gonio.evaluation.matching.keypoint_errors`.
        points: Thresholds from 0 to `AUC_LIMIT`, evenly spaced.
    """
    counts = errors.labelled & ~np.isnan(errors.unit_px)[:, None]
    in_units = (errors.distances_px / errors.unit_px[:, None])[counts]
    in_units = np.sort(np.where(np.isnan(in_units), np.inf, in_units))  # a missed keypoint is never near enough
    thresholds = np.linspace(0, AUC_LIMIT, points)
    within = np.searchsorted(in_units, thresholds, side="right")
    area = float(np.maximum(0, 1 - in_units / AUC_LIMIT).sum())
    return PckCurve(
        thresholds=tuple(round(float(value), 6) for value in thresholds),
        pck=tuple(_share(int(value), len(in_units)) for value in within),
        auc=_share(area, len(in_units)),
        unit=errors.unit,
    )


@dataclass(frozen=True, slots=True)
class EndPointError:
    """Distance between label and prediction over all keypoints that have both.

    Attributes:
        mean_px: The end-point error (EPE); NaN where there is no keypoint, as the others.
        median_px: Half of the keypoints are nearer.
        p95_px: 95 % of them are nearer.
        keypoints: How many have both.
        missed: How many are labelled but not predicted; they are in none of the numbers above.
    """

    mean_px: float
    median_px: float
    p95_px: float
    keypoints: int
    missed: int


def end_point_error(errors: KeypointErrors) -> EndPointError:
    """Mean, median and 95th percentile of the distances in px of the picture."""
    distances = errors.distances_px[~np.isnan(errors.distances_px)]
    p95 = float(np.percentile(distances, 95)) if len(distances) else math.nan
    return EndPointError(*_mean_median(distances), p95, len(distances), int(errors.missed.sum()))


def _correct(errors: KeypointErrors, threshold: float) -> BoolArray:
    """``(P, K)``; NaN, of a missed keypoint or an unlabelled torso, compares as wrong."""
    if not 0 < threshold < math.inf:
        raise ConfigError(f"the PCK threshold must be a positive number of {errors.unit} lengths, got {threshold}.")
    return errors.distances_px <= threshold * errors.unit_px[:, None]


def _share(part: float, whole: int) -> float:
    """In percent."""
    return 100 * part / whole if whole else math.nan


def _mean_median(values: FloatArray64) -> tuple[float, float]:
    values = values[~np.isnan(values)]
    return (float(values.mean()), float(np.median(values))) if len(values) else (math.nan, math.nan)
