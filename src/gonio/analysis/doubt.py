"""How wrong a number is: what keypoint errors make of it, and what methods and assumptions add.

Kept apart, for only the first can be checked by drawing errors: a method that finds the same moment in every noisy copy
may still be some milliseconds from the moment at which a force plate feels the foot.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from gonio.analysis.estimate import Assumption, Estimate
from gonio.analysis.keypoint_errors import KeypointErrors
from gonio.analysis.moments import Moment
from gonio.analysis.readings import Reading
from gonio.analysis.result import Event


@dataclass(frozen=True, slots=True, eq=False)
class Doubt:
    """Of one person.

    Attributes:
        keypoints: Errors of the keypoints; None: not known, and so no sd is.
        events: What each event was made of.
        of_methods: Whether sds hold what methods and assumptions add; False: what keypoint errors make of a number,
            alone.
    """

    keypoints: KeypointErrors | None
    events: Mapping[Event, Moment] = field(default_factory=dict)
    of_methods: bool = True

    def sd_of(self, estimate: Estimate) -> float:
        """Standard deviation: of keypoint errors with all covariances, of methods event by event, of assumptions."""
        if self.keypoints is None or not estimate.gradient:
            return math.nan
        total: dict[Reading, float] = {}
        methods = 0.0
        for source, slope in estimate.gradient.items():
            if isinstance(source, Assumption):
                methods += (slope * source.sd) ** 2
                continue
            moment = Moment(gradient={source: 1.0}) if isinstance(source, Reading) else self.events[source]
            for one, own in moment.gradient.items():
                total[one] = total.get(one, 0.0) + slope * own
            methods += (slope * moment.method_s) ** 2
        spread = self.keypoints.sd_of(total)
        return math.hypot(spread, math.sqrt(methods)) if self.of_methods else spread
