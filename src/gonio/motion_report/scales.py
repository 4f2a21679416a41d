"""Where a value lies on an axis, and which round numbers stand beside it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gonio.arrays import FloatArray64

MINUS = "\u2212"
"""As typeset: as wide as a digit, never at the end of a line."""
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
_LEAST = 1e-9
"""Shortest axis: less is rounding."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from ``low`` to ``high``.

    Attributes:
        low: Value at 0 %.
        high: Value at 100 %; above ``low``.
    """

    low: float
    high: float

    @classmethod
    def around(cls, values: Iterable[float], *, margin: float = 0.08, zero: bool = False) -> "Scale":
        """An axis on which all finite values have room; 0 to 1 for none.

        Args:
            values: To show.
            margin: Room beyond them, as a part of their extent.
            zero: Let the axis hold 0.
        """
        finite = [value for value in values if math.isfinite(value)] + ([0.0] if zero else [])
        if not any(finite):
            return cls(0.0, 1.0) if zero or not finite else cls(-margin, margin)
        low, high = min(finite), max(finite)
        largest = max(abs(low), abs(high))
        # What differs by rounding only is one value, in the middle of an axis as long as it is large.
        extent = high - low if high - low > 1e-9 * largest else largest
        room = margin * max(extent, _LEAST)
        return cls(low - room if low or not zero else 0.0, high + room if high or not zero else 0.0)

    def place(self, value: float) -> float:
        """Per cent of the axis, from 0 at ``low``; not clipped."""
        return 100 * (value - self.low) / (self.high - self.low)

    def places(self, values: FloatArray64) -> FloatArray64:
        """`place` of many."""
        return np.asarray(100 * (values - self.low) / (self.high - self.low), np.float64)

    def ticks(self, about: int = 4) -> list[float]:
        """Round values within the axis, about as many as asked for.

        Example:
            >>> Scale(-3, 101).ticks()
            [0.0, 25.0, 50.0, 75.0, 100.0]
        """
        step = (self.high - self.low) / max(about, 1)
        size = 10 ** math.floor(math.log10(step))
        step = size * min(_ROUND, key=lambda factor: abs(math.log(factor * size / step)))
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        digits = 2 - math.floor(math.log10(step))  # what lies beyond is the binary fraction, not the value
        return [round(i * step, digits) + 0.0 for i in range(first, last + 1)]


def tick_text(value: float) -> str:
    """A round value without needless digits."""
    return f"{value:.6g}".replace("-", MINUS)
