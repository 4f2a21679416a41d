"""The tables as Markdown, and as one picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.scaling.measures import TITLES, Table

_HEADING = "## "


def markdown(tables: Sequence[Table], *, machine: str, command: str, picture: str, earlier: str = "") -> str:
    """The page: one table an axis, with how straight its first column is.

    Args:
        tables: What was measured.
        machine: On what.
        command: By what.
        picture: The plot's file.
        earlier: The page as it was; what it has of other axes stays.
    """
    sections = sections_of(earlier)
    for table in tables:
        notes = [f"{note[:1].upper()}{note[1:]}." for note in table.notes]
        lines = [*_rows(table), "", straightness(table), *notes, f"By `{command}` on {machine}."]
        sections[table.title] = "\n".join(lines)
    order = [title for title in TITLES.values() if title in sections]
    order += [title for title in sections if title not in order]
    head = "# Cost as work grows\n\nWhat is measured and how: `benchmarks/scaling`.\n\n"
    image = f"![One curve an axis, dashed where time would be proportional]({picture})\n"
    return head + image + "".join(f"\n{_HEADING}{title}\n\n{sections[title]}\n" for title in order)


def sections_of(page: str) -> dict[str, str]:
    """Title -> what stands below it on a page of `markdown`."""
    _, *parts = f"\n{page}".split(f"\n{_HEADING}")
    return {title: text.strip() for title, _, text in (part.partition("\n") for part in parts)}


def tables_of(page: str) -> list[Table]:
    """The tables of a page, as rounded as they stand there and without their notes."""
    tables = []
    for title, text in sections_of(page).items():
        rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
        names, *values = rows
        numbers = [[None if cell == "-" else float(cell) for cell in column] for column in zip(*values, strict=True)]
        columns = dict(zip(names[1:], numbers[1:], strict=True))
        tables.append(Table(title, names[0], [x for x in numbers[0] if x is not None], columns))
    return tables


def straightness(table: Table) -> str:
    """Fixed and growing part of the first column by least squares, and how far the points lie off that line."""
    name, values = next(iter(table.columns.items()))
    if len(table.x) < 3 or any(value is None for value in values):
        return f"Too few points to say how {name} grows."
    x, y = np.array(table.x), np.array(values, np.float64)
    slope, fixed = np.polyfit(x, y, 1)
    off = float(np.abs(y - (fixed + slope * x)).max() / y.max())
    return (
        f"{name}: {slope:.3g} for each of {table.unit} and {fixed:.3g} fixed; "
        f"no point lies further off this line than {off:.0%} of the largest."
    )


def plot(tables: Sequence[Table], path: Path) -> None:
    """An SVG, one panel a table, axes logarithmic: where time is proportional the curve is parallel to the dashes."""
    import matplotlib as mpl  # optional: the extra analysis
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "gonio", "svg.fonttype": "none"}):
        figure = Figure(figsize=(3.2 * len(tables), 3.0), layout="constrained")
        for place, table in enumerate(tables, start=1):
            axes = figure.add_subplot(1, len(tables), place)
            name, values = next(iter(table.columns.items()))
            y = [float("nan") if value is None else value for value in values]
            axes.loglog(table.x, y, "o-", color="#0b6e99")
            axes.loglog(table.x, [y[0] * x / table.x[0] for x in table.x], "--", color="#999999", linewidth=0.8)
            axes.set(title=table.title, xlabel=table.unit, ylabel=name)
        figure.savefig(path, format="svg", metadata={"Date": None})


def _rows(table: Table) -> list[str]:
    names = [table.unit, *table.columns]
    lines = ["| " + " | ".join(names) + " |", "|" + "---:|" * len(names)]
    for i, x in enumerate(table.x):
        cells = [f"{x:g}", *(_number(column[i]) for column in table.columns.values())]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
