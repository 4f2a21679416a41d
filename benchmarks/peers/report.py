"""What was measured, and what follows from it. Pure: no clock, no process, no file."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Mode = Literal["end_to_end", "network"]


@dataclass(frozen=True, slots=True)
class Timing:
    """One library on one picture.

    Attributes:
        label: The library's row.
        threads: Threads and processors it had.
        picture: The picture's name.
        mode: What was timed.
        seconds: One value per round; round r of one library ran right beside round r of the others.
    """

    label: str
    threads: int
    picture: str
    mode: Mode
    seconds: tuple[float, ...]

    @property
    def median_ms(self) -> float:
        """Median over the rounds, ms."""
        return 1000 * statistics.median(self.seconds)


@dataclass(slots=True)
class Report:
    """Everything that one comparison found out.

    Attributes:
        baseline: The row that ratios refer to.
        settings: Sentences on the machine and how it was measured.
        pictures: Name to people in it, by construction.
        timings: In the order of measurement.
        versions: Per row, package to version.
        notes: Per row, what a reader must know.
        found: People found, by row and picture.
        network_inputs: Shapes given to the networks, by row and picture.
        missing: Per library that could not be run (to the end), why.
    """

    baseline: str
    settings: list[str] = field(default_factory=list)
    pictures: dict[str, int] = field(default_factory=dict)
    timings: list[Timing] = field(default_factory=list)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    found: dict[tuple[str, str], int] = field(default_factory=dict)
    network_inputs: dict[tuple[str, str], list[list[int]]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def beside_baseline(self, timing: Timing) -> Timing | None:
        """The baseline's timing of the same kind; None where one of the two is incomplete."""
        kind = (self.baseline, timing.threads, timing.picture, timing.mode)
        for other in self.timings:
            same_kind = (other.label, other.threads, other.picture, other.mode) == kind
            if same_kind and timing.seconds and len(other.seconds) == len(timing.seconds):
                return other
        return None

    def ratio(self, timing: Timing) -> float | None:
        """``timing`` against the baseline; None where one of the two is incomplete."""
        other = self.beside_baseline(timing)
        return paired_ratio(timing.seconds, other.seconds) if other else None


def paired_ratio(seconds: Sequence[float], baseline: Sequence[float]) -> float:
    """Median over the rounds of ``seconds[r] / baseline[r]``: above 1 means slower than the baseline.

    Pairing within a round cancels what slows the whole machine for a while.

    Raises:
        ValueError: If the two have different numbers of rounds, or none.

    Example:
        >>> paired_ratio([2.0, 4.0, 9.0], [1.0, 2.0, 3.0])
        2.0
    """
    return statistics.median(a / b for a, b in zip(seconds, baseline, strict=True))


def to_json(report: Report) -> dict[str, Any]:
    """The whole report as one JSON object, with every round's seconds."""
    return {
        "baseline": report.baseline,
        "settings": report.settings,
        "timings": [
            {
                "label": t.label,
                "threads": t.threads,
                "picture": t.picture,
                "mode": t.mode,
                "median_ms": t.median_ms if t.seconds else None,
                "ratio_to_baseline": report.ratio(t),
                "seconds": list(t.seconds),
            }
            for t in report.timings
        ],
        "found": [
            {
                "label": label,
                "picture": picture,
                "people": report.pictures.get(picture),
                "people_found": found,
                "network_inputs": report.network_inputs.get((label, picture), []),
            }
            for (label, picture), found in report.found.items()
        ],
        "versions": report.versions,
        "notes": report.notes,
        "missing": report.missing,
    }
