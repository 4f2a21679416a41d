"""What a run reports while it goes on, and which of two measurements is the better one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gonio.training.state import Metrics


@dataclass(frozen=True, slots=True)
class StepReport:
    """What is said after every step.

    Attributes:
        step: Finished steps, of ``steps``.
        steps: Of the whole run.
        epoch: The current epoch, from 1.
        loss: Of this step.
        per_s: Samples a second since the epoch began.
        metrics: The last measurement.
    """

    step: int
    steps: int
    epoch: int
    loss: float
    per_s: float
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class EpochReport:
    """What is said after every epoch.

    Attributes:
        epoch: Finished epochs, of ``epochs``.
        epochs: Of the whole run.
        loss: Mean over the epoch's steps, or over those since the run went on in its middle; NaN after none.
        metrics: This epoch's measurement; empty where none was due.
        better: Whether it is the best so far.
    """

    epoch: int
    epochs: int
    loss: float
    metrics: Metrics
    better: bool


@dataclass(frozen=True, slots=True)
class FeatureReport:
    """What is said while features are made, first before any.

    Attributes:
        done: Samples whose features are kept, of ``total``.
        total: Versions times samples.
        size: What all take on the disk, about, bytes.
        folder: Where they are.
    """

    done: int
    total: int
    size: int
    folder: Path


OnFeatures = Callable[[FeatureReport], None]
OnStep = Callable[[StepReport], None]
OnEpoch = Callable[[EpochReport], None]
"""What is called with them, in the main process."""


def is_better(measured: Metrics, best: Metrics) -> bool:
    """Whether a measurement is above the best: by AP, and by PCK where that is equal, as 0 at first.

    Where neither is defined the latest counts as the best.

    Example:
        >>> is_better({"AP": 0.0, "PCK@0.2": 11.0}, {"AP": 0.0, "PCK@0.2": 10.0}), is_better({"AP": None}, {"AP": 0.0})
        (True, False)
    """

    def rank(metrics: Metrics) -> list[float]:
        values = [metrics.get(name) for name in ("AP", "PCK@0.2")]
        return [-1.0 if value is None else value for value in values]

    return rank(measured) > rank(best) or rank(measured) == [-1.0, -1.0] == rank(best)
