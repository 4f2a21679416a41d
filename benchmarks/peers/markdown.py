"""The report as Markdown. Pure, like what it shows."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from benchmarks.peers.report import Mode, Report, Timing, paired_ratio

Item = TypeVar("Item")

TITLES: dict[Mode, str] = {
    "end_to_end": "End to end: from the decoded picture to everybody's keypoints",
    "network": "Model alone: only the network runs that the picture causes",
}
FOOTNOTE = "\\* It found more or fewer people than there are (see below), so it did another amount of work."


def to_markdown(report: Report) -> str:
    """The whole report."""
    parts = ["## Gonio beside its peers", *report.settings]
    for threads in _distinct(timing.threads for timing in report.timings):
        for mode, title in TITLES.items():
            some = [t for t in report.timings if t.threads == threads and t.mode == mode and t.seconds]
            if some:
                parts += [f"### {title}, {in_words(threads)}", _timing_table(report, some)]
        parts += bullets(
            f"Gonio's share of a peer's time for one person, {in_words(threads)}", _shares(report, threads)
        )
    parts += _found_table(report)
    parts += bullets("Could not be run", [f"**{who}**: {why}" for who, why in report.missing.items()])
    notes = [f"**{who}**: {note}." for who, some_notes in report.notes.items() for note in some_notes]
    parts += bullets("To be read with it", notes)
    parts += bullets("Versions", [f"{who}: {pairs(packages)}" for who, packages in report.versions.items()])
    return "\n\n".join(parts) + "\n"


def _timing_table(report: Report, timings: Sequence[Timing]) -> str:
    pictures = _distinct(t.picture for t in timings)
    cells = {(t.label, t.picture): _timing_cell(report, t) for t in timings}
    labels = _distinct(t.label for t in timings)
    rows = [[label, *(cells.get((label, picture), "-") for picture in pictures)] for label in labels]
    text = table([f"median ms (ratio to {report.baseline})", *pictures], rows)
    return f"{text}\n\n{FOOTNOTE}" if "\\*" in text else text


def _timing_cell(report: Report, timing: Timing) -> str:
    ratio = report.ratio(timing)
    there = report.pictures.get(timing.picture)
    other_work = report.found.get((timing.label, timing.picture), there) != there
    return f"{timing.median_ms:.1f}" + (f" ({ratio:.2f}x)" if ratio is not None else "") + "\\*" * other_work


def _shares(report: Report, threads: int) -> list[str]:
    """One line per peer and picture of one person, from the paired end-to-end rounds."""
    lines = []
    for timing in report.timings:
        base = report.beside_baseline(timing)
        of_a_peer = timing.threads == threads and not timing.label.startswith("Gonio")
        if base and of_a_peer and timing.mode == "end_to_end" and report.pictures.get(timing.picture) == 1:
            share = paired_ratio(base.seconds, timing.seconds)
            ratios = [a / b for a, b in zip(base.seconds, timing.seconds, strict=True)]
            spread = f"rounds from {min(ratios):.2f} to {max(ratios):.2f}"
            lines.append(f"{timing.picture}: {report.baseline} takes **{share:.2f}** of {timing.label} ({spread})")
    return lines


def _found_table(report: Report) -> list[str]:
    if not report.found:
        return []
    pictures = _distinct(picture for _, picture in report.found)
    labels = _distinct(label for label, _ in report.found)
    rows = [[label, *(_found_cell(report, label, picture) for picture in pictures)] for label in labels]
    return ["### People found, and what the networks were given", table(["", *pictures], rows)]


def _found_cell(report: Report, label: str, picture: str) -> str:
    if (label, picture) not in report.found:
        return "-"
    shapes = ["x".join(map(str, shape)) for shape in report.network_inputs.get((label, picture), [])]
    runs = [f"{shapes.count(s)} runs of {s}" if shapes.count(s) > 1 else s for s in _distinct(shapes)]
    return f"{report.found[label, picture]} found" + (f" ({', '.join(runs)})" if runs else "")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; numbers, which all columns but the first hold, stand at the right."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(title: str, lines: Sequence[str]) -> list[str]:
    """A heading and its points; nothing where there is no point."""
    return [f"### {title}", "\n".join(f"- {line}" for line in lines)] if lines else []


def in_words(count: int) -> str:
    """A thread count with its noun."""
    return "1 thread" if count == 1 else f"{count} threads"


def pairs(packages: dict[str, str]) -> str:
    """Packages with their versions, in one line."""
    return ", ".join(f"{package} {version}" for package, version in packages.items())


def _distinct(values: Iterable[Item]) -> list[Item]:
    return list(dict.fromkeys(values))
