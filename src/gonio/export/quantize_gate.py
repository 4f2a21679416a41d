"""The gate: how much worse int8 may be, in what users feel."""

import math
from dataclasses import dataclass, fields

from gonio.errors import ConfigError
from gonio.export.quantize_effect import Effect


@dataclass(frozen=True, slots=True)
class Gate:
    """The most that int8 may cost.

    Shifts, of keypoints or of a detector's boxes, are fractions of a person's size, the root of the area of the box.

    Attributes:
        ap_loss: Points of AP, where there are labels.
        shift_median: Median shift.
        shift_p95: What 95 % of them stay below.
        angle_median_deg: Median change of the angles of the main joints.
        angle_p95_deg: What 95 % of them stay below.
        lost: Part of the people who are no longer found.
    """

    ap_loss: float = 1.0
    shift_median: float = 0.01
    shift_p95: float = 0.05
    angle_median_deg: float = 2.0
    angle_p95_deg: float = 10.0
    lost: float = 0.05

    def __post_init__(self) -> None:
        for one in fields(self):
            if not getattr(self, one.name) >= 0:  # also for NaN
                raise ConfigError(f"the gate's {one.name} is {getattr(self, one.name)}; give a number from 0")

    def faults(self, effect: Effect, ap_loss: float | None) -> tuple[str, ...]:
        """What is beyond the gate, each with the value seen and the limit; a measure that does not apply passes."""
        lost = effect.lost / max(effect.people, 1)
        checks = (
            ("AP loss", ap_loss, self.ap_loss, "{:.1f} points"),
            (
                f"median {effect.measured} shift",
                100 * effect.shift_median,
                100 * self.shift_median,
                "{:.2f} % of the person",
            ),
            ("95th percentile of the shift", 100 * effect.shift_p95, 100 * self.shift_p95, "{:.1f} % of the person"),
            ("median angle change", effect.angle_median_deg, self.angle_median_deg, "{:.1f} degrees"),
            ("95th percentile of the angles", effect.angle_p95_deg, self.angle_p95_deg, "{:.1f} degrees"),
            ("people no longer found", 100 * lost, 100 * self.lost, "{:.1f} %"),
        )
        return tuple(
            f"{name} {form.format(value)} (at most {limit:g})"
            for name, value, limit, form in checks
            if value is not None and not math.isnan(value) and value > limit
        )
