"""`Series`: one quantity over time, with its error bar and the reason wherever it is not valid."""

from dataclasses import dataclass
from enum import IntFlag
from typing import Literal

import numpy as np

from gonio.arrays import BoolArray, FlagArray, FloatArray64, check_shape

Side = Literal["left", "right", "both"]
"""The person's side; ``"both"`` for what has none, as the trunk."""


class Reason(IntFlag):
    """Why a sample is excluded; bits of ``Series.reasons``, 0 is valid."""

    MISSING = 1
    """A keypoint that it needs was not found."""
    LOW_SCORE = 2
    """The model doubts a keypoint that it needs."""
    OUTLIER = 4
    """A keypoint jumped, or a bone had an impossible length."""
    EXTRAPOLATED = 8
    """Outside the time in which a keypoint was seen, or in a long gap."""
    OCCLUDED = 16
    """A keypoint is behind another part of the body."""
    OUT_OF_PLANE = 32
    """The segment points too far out of the plane that is measured in."""
    TOO_SMALL = 64
    """The person or the segment is too few pixels long for a meaningful number."""


REASON_TEXT = {
    Reason.MISSING: "not found",
    Reason.LOW_SCORE: "hidden or doubtful",
    Reason.OUTLIER: "jumped",
    Reason.EXTRAPOLATED: "gap too long",
    Reason.OCCLUDED: "behind the body",
    Reason.OUT_OF_PLANE: "out of plane",
    Reason.TOO_SMALL: "too small in the picture",
}
"""How each reason reads after the name of what it excludes."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One quantity of one person over time.

    Attributes:
        name: What it is, with underscores: ``"knee_flexion"``.
        unit: ``"deg"``, ``"deg/s"``, ``"m"``, ``"px"``, ``"1"``...
        side: The person's.
        time_s: ``(T,)`` float64.
        values: ``(T,)`` float64; NaN where there is none. An excluded sample may still have a value, to be drawn pale.
        sd: ``(T,)`` float64, one standard deviation; NaN where unknown.
        reasons: ``(T,)`` uint8 of `Reason`; 0 is valid.

    Raises:
        ShapeError: If the arrays disagree on T.
    """

    name: str
    unit: str
    side: Side
    time_s: FloatArray64
    values: FloatArray64
    sd: FloatArray64
    reasons: FlagArray

    def __post_init__(self) -> None:
        for name in ("values", "sd", "reasons"):
            check_shape(name, getattr(self, name).shape, self.time_s.shape)

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def label(self) -> str:
        """``"left knee flexion"``."""
        words = self.name.replace("_", " ")
        return words if self.side == "both" else f"{self.side} {words}"

    @property
    def valid(self) -> BoolArray:
        """``(T,)``: samples that a number may rest on."""
        return np.asarray((self.reasons == 0) & np.isfinite(self.values))

    @property
    def valid_values(self) -> FloatArray64:
        """``(T,)``: the values, NaN where they are not valid."""
        return np.where(self.valid, self.values, np.nan)

    @property
    def excluded_fraction(self) -> float:
        """Share of the samples that are not valid; 0 of an empty series."""
        return float(1 - self.valid.mean()) if len(self) else 0.0

    def excluded_by(self) -> dict[Reason, float]:
        """Share of the samples that each reason excludes, the most frequent first; a sample may have several."""
        shares = {reason: float(((self.reasons & reason) > 0).mean()) if len(self) else 0.0 for reason in Reason}
        return dict(sorted(((r, s) for r, s in shares.items() if s > 0), key=lambda item: -item[1]))
