"""Which way round a person's sides mostly are in a posture: what decides where motion alone does not.

Seen from the side, arms that hang or reach up have the near one where the camera sees it, whenever they do so; a frame
that says otherwise is doubtful. Legs that walk lie either way as often, and then this says nothing.
"""

import numpy as np
from scipy.spatial.distance import cdist

from gonio.analysis.windows import is_seen
from gonio.arrays import FloatArray64

_COMPARED = 300
"""Frames, spread evenly, that each is compared with."""
_AT_ONCE = 2000
"""Frames whose comparisons are in memory together."""
_ALIKE = 0.2
_VARIES = 0.05
"""Body lengths, about 10 and 2.5 cm: how far apart postures are that are alike, and sides within such postures."""
_HALF_SURE_S = 0.3
"""So much time in like postures counts half: a single one proves nothing."""


def side_habit(points: FloatArray64, noise: FloatArray64, time_s: FloatArray64, *, apart_s: float) -> FloatArray64:
    """Compare postures by what does not depend on sides, and then the sides in like ones.

    Args:
        points: ``(T, 2, J, D)`` joints of the left and the right limb, from the trunk on, in body lengths; NaN where
            missing.
        noise: ``(P,)`` variance of one coordinate of the limb's points.
        time_s: ``(T,)``.
        apart_s: Frames nearer in time than this do not speak for each other: they may lie in one mistake.

    Returns:
        ``(T, J)`` from -1 to 1: 1 if the sides are as they always are in such postures, -1 if always the other way,
        0 where both are as common, the sides cannot be told from each other, or nothing is like it.
    """
    seen = np.asarray(is_seen(points).all(axis=1))  # (T, J)
    points = np.nan_to_num(points)
    middle, offset = points.mean(axis=1), points[:, 0] - points[:, 1]
    shape = (middle[:, 1:] - middle[:, :1]).reshape(len(points), -1)
    others = np.unique(np.linspace(0, len(points) - 1, _COMPARED).round().astype(np.int64))
    doubt = _HALF_SURE_S / float(np.median(np.diff(time_s[others])))
    spread = 4 * float(np.median(noise)) + _VARIES**2
    habit = np.zeros(seen.shape)
    for start in range(0, len(points), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        weight = (np.abs(time_s[rows, None] - time_s[others]) > apart_s) * 1.0
        if shape.shape[1]:
            weight *= np.exp(-cdist(shape[rows], shape[others], "sqeuclidean") / (2 * _ALIKE**2))
        for j in range(seen.shape[1]):
            same, crossed = (
                weight
                * seen[others, j]
                * np.exp(-cdist(offset[rows, j], way * offset[others, j], "sqeuclidean") / (2 * spread))
                for way in (1, -1)
            )
            habit[rows, j] = seen[rows, j] * (same - crossed).sum(axis=1) / ((same + crossed).sum(axis=1) + doubt)
    return habit
