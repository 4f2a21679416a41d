"""The tables as Markdown, and as one picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.scaling.measures import Table


def markdown(tables: Sequence[Table], *, machine: str, command: str, picture: str) -> str:
    """The page: one table an axis, with how straight its first column is."""
    parts = [
        "# Cost as work grows",
        "",
        f"`{command}` wrote this page. Machine: {machine}. What was measured and how: `benchmarks/scaling`.",
        "",
        f"![One curve an axis, dashed where time would be proportional]({picture})",
    ]
    for table in tables:
        parts += ["", f"## {table.title}", "", *_rows(table), "", straightness(table)]
        parts += [f"{note[:1].upper()}{note[1:]}." for note in table.notes]
    return "\n".join(parts) + "\n"


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
