"""How wrong a number of a gait is: what keypoint errors make of it, and what the methods that time events add.

Kept apart, for only the first can be checked by drawing errors: a method that finds the same moment in every noisy copy
may still be some milliseconds from the moment at which a force plate feels the foot.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gonio.analysis.gait.estimate import Estimate
from gonio.analysis.keypoint_errors import KeypointErrors
from gonio.analysis.moments import Moment
from gonio.analysis.readings import Reading
from gonio.analysis.result import Event


@dataclass(frozen=True, slots=True, eq=False)
class Doubt:
    """Of one person's steps.

    Attributes:
        keypoints: Errors of the keypoints.
        events: What each event was made of.
        of_methods: Whether sds hold what the methods add; False: what keypoint errors make of a number, alone.
    """

    keypoints: KeypointErrors
    events: Mapping[Event, Moment]
    of_methods: bool = True

    def sd_of(self, estimate: Estimate) -> float:
        """Standard deviation: of keypoint errors, all covariances with them, and of the methods, event by event."""
        if not estimate.gradient:
            return math.nan
        total: dict[Reading, float] = {}
        methods = 0.0
        for source, slope in estimate.gradient.items():
            moment = Moment(gradient={source: 1.0}) if isinstance(source, Reading) else self.events[source]
            for one, own in moment.gradient.items():
                total[one] = total.get(one, 0.0) + slope * own
            methods += (slope * moment.method_s) ** 2
        spread = self.keypoints.sd_of(total)
        return math.hypot(spread, math.sqrt(methods)) if self.of_methods else spread
