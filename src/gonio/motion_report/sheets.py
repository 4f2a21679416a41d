"""A4 pages that fill from top to bottom: text that wraps, axes and pictures of a given height, a foot on each page."""

import textwrap
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gonio.optional import require

PURPOSE = "writing a PDF report"
_WIDTH_IN, _HEIGHT_IN = 8.27, 11.69
_MARGIN_IN = 0.75
_INK, _SOFT = "#1b1f24", "#5c646d"
_POINT_IN = 1 / 72
_LINE = 1.45
"""Distance of lines in font sizes."""
_LETTER = 0.53
"""Mean width of a letter in font sizes; a little more than DejaVu Sans has, so that lines are never too long."""
WIDTH_IN = _WIDTH_IN - 2 * _MARGIN_IN
"""Room between the margins."""


class Sheets:
    """Writes pages to a PDF file; use it in a ``with`` block.

    Args:
        path: Of the file.
        foot: A line for the foot of each page.
        title: Of the document.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """

    def __init__(self, path: Path, *, foot: str, title: str) -> None:
        pages = require("matplotlib.backends.backend_pdf", extra="analysis", purpose=PURPOSE)
        self._figures = require("matplotlib.figure", extra="analysis", purpose=PURPOSE)
        # No date of its own: the content says when it was made, and equal content makes an equal file.
        self._pdf = pages.PdfPages(path, metadata={"Title": title, "Creator": "Gonio", "CreationDate": None})
        self._foot = foot
        self._count = 0
        self._figure: Any = None
        self._down_in = 0.0
        self._new_page()

    def room(self, height_in: float) -> None:
        """Go to a new page unless so much is left of this one."""
        if self._down_in + height_in > _HEIGHT_IN - _MARGIN_IN - 0.2:
            self._finish_page()
            self._new_page()

    def space(self, height_in: float) -> None:
        """Leave room."""
        self._down_in += height_in

    def heading(self, text: str, *, size: float = 13, below_in: float = 1.0) -> None:
        """A heading, with room for what follows on the same page."""
        self.room(size * _LINE * _POINT_IN + 0.2 + below_in)
        self.space(0.2)
        self.text(text, size=size, bold=True)
        self.space(0.05)

    def text(
        self, text: str, *, size: float = 9, bold: bool = False, soft: bool = False, indent_in: float = 0.0
    ) -> None:
        """A paragraph."""
        letters = max(10, int((WIDTH_IN - indent_in) / (_LETTER * size * _POINT_IN * (1.1 if bold else 1))))
        for line in textwrap.wrap(text, letters) or [""]:
            self.room(size * _LINE * _POINT_IN)
            self._put(line, indent_in, size=size, bold=bold, soft=soft)
            self.space(size * _LINE * _POINT_IN)

    def row(self, cells: list[tuple[float, str]], *, size: float = 8.5, bold: bool = False, soft: bool = False) -> None:
        """One line of a table: texts at distances from the left margin in inches."""
        self.room(size * _LINE * _POINT_IN)
        for indent_in, text in cells:
            self._put(text, indent_in, size=size, bold=bold, soft=soft)
        self.space(size * _LINE * _POINT_IN)

    def axes(self, height_in: float, *, left_in: float = 0.0, width_in: float = WIDTH_IN, advance: bool = True) -> Any:
        """Axes of that height at this place, full width if nothing else is said."""
        x = (_MARGIN_IN + left_in) / _WIDTH_IN
        y = 1 - (self._down_in + height_in) / _HEIGHT_IN
        made = self._figure.add_axes((x, y, width_in / _WIDTH_IN, height_in / _HEIGHT_IN))
        if advance:
            self.space(height_in)
        return made

    def _put(self, text: str, indent_in: float, *, size: float, bold: bool = False, soft: bool = False) -> None:
        self._figure.text(
            (_MARGIN_IN + indent_in) / _WIDTH_IN,
            1 - self._down_in / _HEIGHT_IN,
            text,
            size=size,
            weight="bold" if bold else "normal",
            color=_SOFT if soft else _INK,
            va="top",
            parse_math=False,  # a dollar sign in a name is a dollar sign
        )

    def _new_page(self) -> None:
        self._figure = self._figures.Figure(figsize=(_WIDTH_IN, _HEIGHT_IN))
        self._count += 1
        self._down_in = _MARGIN_IN

    def _finish_page(self) -> None:
        self._down_in = _HEIGHT_IN - 0.55
        self._put(self._foot, 0.0, size=7.5, soft=True)
        self._put(str(self._count), WIDTH_IN - 0.15, size=7.5, soft=True)
        with warnings.catch_warnings():
            # A name in a script that the font lacks is shown as boxes, as anywhere else.
            warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
            self._pdf.savefig(self._figure)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._finish_page()
        self._pdf.close()
