"""Curves as SVG text: a square frame from 0 to 1 (or to a limit) with lines and points in it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 420, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 14, 46
_COLOURS = ("#2a6fdb", "#d9631e", "#2c9a64")
_STEPS = 5
"""Parts that an axis is divided into."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """A line with a name.

    Attributes:
        name: For the legend.
        points: ``(x, y)``; a NaN interrupts the line.
        sizes: Relative size of a dot at each point, in [0, 1]; empty: no dots.
    """

    name: str
    points: tuple[Point, ...]
    sizes: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis shows: from 0 to ``limit``."""

    name: str
    limit: float = 1.0


def line_plot(curves: Sequence[Curve], *, x: Axis, y: Axis, title: str, diagonal: bool = False) -> str:
    """One ``<svg>`` element.

    Args:
        curves: At most three.
        x: Horizontal.
        y: Vertical.
        title: Read aloud by a screen reader.
        diagonal: Draw the line of ``y = x``, where scores are probabilities.
    """

    def place(point: Point) -> Point:
        across = _LEFT + point[0] / x.limit * (_WIDTH - _LEFT - _RIGHT)
        up = _HEIGHT - _BOTTOM - point[1] / y.limit * (_HEIGHT - _TOP - _BOTTOM)
        return round(across, 1), round(up, 1)

    parts = [_grid(x, y)]
    if diagonal:
        (x1, y1), (x2, y2) = place((0, 0)), place((x.limit, y.limit))
        parts.append(f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#888" stroke-dasharray="4 4"/>')
    for i, (curve, colour) in enumerate(zip(curves, _COLOURS, strict=False)):
        parts += [_line([place(p) for p in piece], colour) for piece in _pieces(curve.points)]
        dots = [(place(p), size) for p, size in zip(curve.points, curve.sizes, strict=False) if not math.isnan(sum(p))]
        parts += [f'<circle cx="{a}" cy="{b}" r="{2 + 6 * size:.1f}" fill="{colour}"/>' for (a, b), size in dots]
        right, above = _WIDTH - _RIGHT - 8, _HEIGHT - _BOTTOM - 10 - 17 * (len(curves) - 1 - i)
        parts.append(_text(right, above, curve.name, anchor="end", fill=colour))
    body = "".join(parts)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="12"><title>{escape(title)}</title>'
        f"{body}</svg>"
    )


def _grid(x: Axis, y: Axis) -> str:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = []
    for step in range(_STEPS + 1):
        across = _LEFT + step / _STEPS * (right - _LEFT)
        up = bottom - step / _STEPS * (bottom - _TOP)
        parts.append(f'<line x1="{across:.1f}" y1="{_TOP}" x2="{across:.1f}" y2="{bottom}" stroke="#ddd"/>')
        parts.append(f'<line x1="{_LEFT}" y1="{up:.1f}" x2="{right}" y2="{up:.1f}" stroke="#ddd"/>')
        parts.append(_text(across, bottom + 17, f"{x.limit * step / _STEPS:g}", anchor="middle"))
        parts.append(_text(_LEFT - 6, up + 4, f"{y.limit * step / _STEPS:g}", anchor="end"))
    parts.append(_text((_LEFT + right) / 2, _HEIGHT - 8, x.name, anchor="middle"))
    middle = (_TOP + bottom) / 2
    turned = f'transform="rotate(-90 14 {middle:.1f})"'
    parts.append(_text(14, middle, y.name, anchor="middle", more=turned))
    return "".join(parts)


def _pieces(points: Sequence[Point]) -> list[list[Point]]:
    pieces: list[list[Point]] = [[]]
    for point in points:
        if math.isnan(sum(point)):
            pieces.append([])
        else:
            pieces[-1].append(point)
    return [piece for piece in pieces if len(piece) > 1]


def _line(points: Sequence[Point], colour: str) -> str:
    path = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _text(x: float, y: float, text: str, *, anchor: str, fill: str = "#444", more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" {more}>{escape(text)}</text>'
