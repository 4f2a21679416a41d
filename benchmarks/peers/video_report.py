"""What the comparison on films found, and its Markdown. Pure: no clock, no process, no file."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.peers.markdown import bullets, in_words, pairs, table
from benchmarks.peers.report import paired_ratio

FOOTNOTE = "\\* It read another number of frames than the clip has; everything but the file is by its own frames."


@dataclass(frozen=True, slots=True)
class Turn:
    """One library, once through the clip.

    Attributes:
        seconds: From opening the clip to the closed film.
        cpu_seconds: Processor time of all threads.
        frames: Frames read.
        people: People found, added up over the frames.
        bytes: Size of the drawn film.
        suffix: What kind of film it is.
    """

    seconds: float
    cpu_seconds: float
    frames: int
    people: int
    bytes: int
    suffix: str

    @property
    def seconds_a_frame(self) -> float:
        """Time for one frame, s."""
        return self.seconds / max(1, self.frames)


@dataclass(slots=True)
class FilmReport:
    """Everything that one comparison found out.

    Attributes:
        baseline: The row that ratios refer to.
        threads: Threads and processors that everyone had.
        frames: Frames in the clip.
        settings: Sentences on the machine, the clip, and how it was measured.
        turns: Per row, one per round; round r of one library ran right beside round r of the others.
        versions: Per row, package to version.
        notes: Per row, what a reader must know.
        missing: Per library that could not be run (to the end), why.
    """

    baseline: str
    threads: int
    frames: int
    settings: list[str] = field(default_factory=list)
    turns: dict[str, list[Turn]] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def ratios(self, label: str) -> list[float]:
        """Time for a frame against the baseline's in the same round; empty where one of the two is incomplete."""
        turns, base = self.turns.get(label, []), self.turns.get(self.baseline, [])
        if not turns or len(turns) != len(base):
            return []
        return [mine.seconds_a_frame / other.seconds_a_frame for mine, other in zip(turns, base, strict=True)]

    def ratio(self, label: str) -> float | None:
        """The median of the rounds' own ratios; above 1 means slower than the baseline."""
        ratios = self.ratios(label)
        return paired_ratio(ratios, [1.0] * len(ratios)) if ratios else None


def to_markdown(report: FilmReport) -> str:
    """The whole report."""
    parts = ["## A film, drawn: Gonio beside its peers", *report.settings]
    rows = [_row(report, label, turns) for label, turns in report.turns.items() if turns]
    if rows:
        head = ["", "frames/s", "time a frame to the first row's", "CPU s a frame", "people a frame", "drawn film"]
        parts += [f"### From the file to the closed film, {in_words(report.threads)}", table(head, rows)]
        parts += [FOOTNOTE] * any("\\*" in row[0] for row in rows)
    parts += bullets("Could not be run", [f"**{who}**: {why}" for who, why in report.missing.items()])
    parts += bullets(
        "To be read with it", [f"**{who}**: {note}." for who, notes in report.notes.items() for note in notes]
    )
    parts += bullets("Versions", [f"{who}: {pairs(packages)}" for who, packages in report.versions.items()])
    return "\n\n".join(parts) + "\n"


def to_json(report: FilmReport) -> dict[str, Any]:
    """The whole report as one JSON object, with every turn."""
    return {**asdict(report), "ratios": {label: report.ratio(label) for label in report.turns}}


def _row(report: FilmReport, label: str, turns: Sequence[Turn]) -> list[str]:
    ratios, ratio = report.ratios(label), report.ratio(label)
    spread = "" if len(ratios) < 2 or label == report.baseline else f" ({min(ratios):.2f} to {max(ratios):.2f})"
    return [
        label + "\\*" * any(turn.frames != report.frames for turn in turns),
        f"{1 / _median(turns, lambda turn: turn.seconds_a_frame):.1f}",
        "-" if ratio is None else f"{ratio:.2f}x{spread}",
        f"{_median(turns, lambda turn: turn.cpu_seconds / max(1, turn.frames)):.3f}",
        f"{_median(turns, lambda turn: turn.people / max(1, turn.frames)):.2f}",
        f"{_median(turns, lambda turn: turn.bytes) / 1e6:.1f} MB {turns[0].suffix}",
    ]


def _median(turns: Sequence[Turn], value: Callable[[Turn], float]) -> float:
    return statistics.median(value(turn) for turn in turns)
