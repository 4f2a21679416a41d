"""Somebody who walks to and fro: the longest way in one direction, for one view and one facing hold for an analysis."""

from itertools import pairwise

import numpy as np

from gonio.analysis.gait.direction import body_of
from gonio.analysis.gait.strides import turns
from gonio.analysis.landmarks import landmark, positions
from gonio.structures.sequence import PoseSequence

_GOES_BACK = 1.5
"""Leg lengths that the pelvis comes back by before somebody is said to turn round; on a treadmill it drifts by less."""
_TURNING = 0.5
"""Leg lengths beside a turn that belong to it: the body is turned there, and steps are short."""


def longest_way(sequence: PoseSequence, *, up_deg: float = 0.0, min_score: float = 0.0) -> tuple[float, float] | None:
    """From when to when, in seconds, somebody goes farthest in one direction, without the turns.

    Args:
        sequence: Of one person.
        up_deg: Direction of up in the picture.
        min_score: Keypoints below are left out.

    Returns:
        None of somebody who does not go back: on the spot, on a treadmill, or all in one direction.
    """
    body = body_of(sequence, up_deg=up_deg, min_score=min_score)
    along = positions(body.points, landmark(sequence.skeleton, "mid_hip"))[:, 0]
    seen = np.isfinite(along)
    time_s, along = sequence.time_s[seen], along[seen]
    if not body.leg_length > 0:
        return None
    ends = [i for i, _ in turns(along, _GOES_BACK * body.leg_length)]
    if len(ends) < 3:
        return None
    ends[0], ends[-1] = 0, len(along) - 1  # who stands before the first step has not gone back
    start, end = max(pairwise(ends), key=lambda way: abs(float(along[way[1]] - along[way[0]])))
    kept = np.arange(start, end + 1)
    for turn in (start, end):
        if 0 < turn < len(along) - 1:
            kept = kept[np.abs(along[kept] - along[turn]) > _TURNING * body.leg_length]
    return float(time_s[kept[0]]), float(time_s[kept[-1]])
