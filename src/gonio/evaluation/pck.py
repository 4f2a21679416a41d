"""Percentage of correct keypoints, and every joint's error in pixels and in torso lengths."""

import math
from dataclasses import dataclass

import numpy as np

from gonio.arrays import BoolArray, FloatArray64
from gonio.errors import ConfigError
from gonio.evaluation.matching import KeypointErrors
from gonio.structures.skeleton import Skeleton


@dataclass(frozen=True, slots=True)
class PckScore:
    """Share of labelled keypoints that were found near enough.

    Attributes:
        pck: In percent; NaN where no keypoint counts.
        threshold: Greatest distance of a correct keypoint, in torso lengths.
        keypoints: Labelled keypoints that count.
        missed: Those of them without a prediction; each is wrong.
        people: Labelled people whose torso is labelled, so that they count.
        without_torso: Labelled people who do not count, because there is no torso to measure by.
    """

    pck: float
    threshold: float
    keypoints: int
    missed: int
    people: int
    without_torso: int


@dataclass(frozen=True, slots=True)
class JointError:
    """How well one keypoint is found.

    Attributes:
        name: The keypoint's name.
        labelled: How often it is labelled.
        missed: How often nobody predicted it; the means and medians are over the rest.
        mean_px: Mean distance from the label; NaN where there is none, as in the others.
        median_px: Median distance.
        mean_torso: Mean distance in torso lengths, over the people whose torso is labelled.
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
        threshold: In torso lengths.

    Raises:
        ConfigError: If the threshold is not a positive number.

    Source:
        PCK after Yang and Ramanan, "Articulated Human Detection with Flexible Mixtures of Parts", TPAMI 2013,
        in the form usual on LSP: 0.2 of the torso's length (`gonio.evaluation.matching.torso_lengths`).
    """
    has_torso = ~np.isnan(errors.torso_px)
    counts = errors.labelled & has_torso[:, None]
    correct = _correct(errors, threshold)
    return PckScore(
        pck=_share(int(correct.sum()), int(counts.sum())),
        threshold=threshold,
        keypoints=int(counts.sum()),
        missed=int((errors.missed & counts).sum()),
        people=int(has_torso.sum()),
        without_torso=int((~has_torso).sum()),
    )


def joint_errors(errors: KeypointErrors, skeleton: Skeleton, *, threshold: float = 0.2) -> tuple[JointError, ...]:
    """The table of all keypoints, in the skeleton's order.

    Args:
        errors: From `gonio.evaluation.matching.keypoint_errors`.
        skeleton: What the K keypoints are.
        threshold: Of the column ``pck``, in torso lengths.

    Raises:
        ConfigError: If the threshold is not a positive number.
    """
    counts = (errors.labelled & ~np.isnan(errors.torso_px)[:, None]).sum(axis=0)
    correct = _correct(errors, threshold).sum(axis=0)
    labelled, missed = errors.labelled.sum(axis=0), errors.missed.sum(axis=0)
    in_torsos = errors.distances_px / errors.torso_px[:, None]
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


def _correct(errors: KeypointErrors, threshold: float) -> BoolArray:
    """``(P, K)``; NaN, of a missed keypoint or an unlabelled torso, compares as wrong."""
    if not 0 < threshold < math.inf:
        raise ConfigError(f"the PCK threshold must be a positive number of torso lengths, got {threshold}.")
    return errors.distances_px <= threshold * errors.torso_px[:, None]


def _share(part: int, whole: int) -> float:
    """In percent."""
    return 100 * part / whole if whole else math.nan


def _mean_median(values: FloatArray64) -> tuple[float, float]:
    values = values[~np.isnan(values)]
    return (float(values.mean()), float(np.median(values))) if len(values) else (math.nan, math.nan)
