"""Curves and bands as SVG that stretches with the page: in x and y per cent of the plot, so that text does not stretch.

A plot is an ``<svg>`` as wide as it is given room. Lines and areas lie in an inner one that is stretched; what has a
fixed size, as text and markers, is placed by per cent in the outer one.
"""

from collections.abc import Iterator

import numpy as np

from gonio.arrays import BoolArray, FloatArray64, IntArray
from gonio.motion_report.markup import tag
from gonio.motion_report.scales import Scale, tick_text

MAX_POINTS = 1600
"""Of a drawn curve: more than a screen has columns."""


def runs(mask: BoolArray) -> Iterator[tuple[int, int]]:
    """First and one-past-last index of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def thinned(values: FloatArray64, limit: int = MAX_POINTS) -> IntArray:
    """Indices of at most ``limit`` samples that keep every peak: the least and greatest of each stretch, and its end.

    Args:
        values: ``(T,)``; NaN is kept where a stretch holds nothing else.
        limit: Most indices.
    """
    count = len(values)
    if count <= limit:
        return np.arange(count)
    edges = np.linspace(0, count, limit // 3 + 1).astype(np.int64)
    kept: set[int] = {0, count - 1}
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = values[start:end]
        kept.add(start)
        if np.isfinite(part).any():
            kept |= {start + int(np.nanargmin(part)), start + int(np.nanargmax(part))}
    return np.array(sorted(kept), np.int64)[: limit + 1]


def stretched(*parts: str) -> str:
    """The inner, stretched picture: 1000 wide, 100 high, y up to down."""
    return tag("svg", *parts, viewBox="0 0 1000 100", preserveAspectRatio="none", width="100%", height="100%")


def line(x: FloatArray64, y: FloatArray64, css: str) -> str:
    """A curve through the finite points, broken at the others; ``x`` and ``y`` in per cent, y up."""
    parts = []
    for start, end in runs(np.isfinite(x) & np.isfinite(y)):
        parts.append("M" + "L".join(_points(x[start:end], y[start:end])))
    return tag("path", d="".join(parts), class_=css) if parts else ""


def area(x: FloatArray64, low: FloatArray64, high: FloatArray64, css: str) -> str:
    """The area between two curves, where both are finite; in per cent, y up."""
    parts = []
    for start, end in runs(np.isfinite(x) & np.isfinite(low) & np.isfinite(high)):
        there = _points(x[start:end], high[start:end])
        back = _points(x[start:end], low[start:end])[::-1]
        parts.append("M" + "L".join(there + back) + "Z")
    return tag("path", d="".join(parts), class_=css) if parts else ""


def _points(x: FloatArray64, y: FloatArray64) -> list[str]:
    return [f"{10 * a:.1f} {100 - b:.2f}" for a, b in zip(x.tolist(), y.tolist(), strict=True)]


def grid(scale: Scale, about: int = 4) -> str:
    """Level lines of a plot."""
    levels = [f"{100 - scale.place(tick):.2f}%" for tick in scale.ticks(about)]
    return "".join(tag("line", x1="0", x2="100%", y1=y, y2=y, class_="grid") for y in levels)


def scale_column(scale: Scale, height: int, about: int = 4) -> str:
    """The numbers left of a plot."""
    texts = [
        tag("text", tick_text(tick), x="100%", y=f"{100 - scale.place(tick):.2f}%", dx="-6", dy="0.35em")
        for tick in scale.ticks(about)
    ]
    return tag("svg", *texts, class_="scale", height=height, aria_hidden="true")


def axis_row(scale: Scale, suffix: str, about: int = 6) -> str:
    """The numbers below a plot; those near an end are kept inside."""
    texts = []
    for tick in scale.ticks(about):
        place = scale.place(tick)
        anchor = "start" if place < 3 else "end" if place > 97 else "middle"
        texts.append(tag("text", tick_text(tick) + suffix, x=f"{place:.2f}%", y="13", text_anchor=anchor))
    return tag("svg", *texts, class_="axis", width="100%", height="18", aria_hidden="true")
