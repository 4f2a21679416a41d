"""What is known of the errors of one person's keypoints, over time too; how wrong a number is that rests on them.

``keypoint_sd`` says how large an error is; this says how long it lasts. What keypoints tremble by is seen in the
sequence itself. The rest, which one clip cannot show, fades and lasts as was measured of a network.
"""

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from gonio.analysis.propagation import CORRELATION_S, FRESH, LASTING
from gonio.analysis.readings import AXIS_COUNT, Gradient
from gonio.analysis.residual import temporal_sd
from gonio.arrays import FloatArray64, IntArray
from gonio.structures.sequence import PoseSequence

_LIKE = {"eye": "head", "ear": "head", "nose": "head", "heel": "ankle", "toe": "ankle", "neck": "shoulder"}
"""Keypoints that were not measured err as these do; no keypoint of a foot was."""
_FOURTH = np.array([1.0, -4.0, 6.0, -4.0, 1.0])
"""What `temporal_sd` looks at, up to a factor: a sample against the cubic through its four neighbours."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the variance of a keypoint's error is made up along one axis; 1 is that of ``keypoint_sd``.

    Attributes:
        fresh: New in every frame.
        fading: Fades.
        fading_s: In which time, to 1 / e.
        lasting: Stays.
    """

    fresh: float
    fading: float
    fading_s: float
    lasting: float

    def trembling(self, interval_s: float) -> float:
        """What `temporal_sd` makes of it, squared."""
        apart_s = interval_s * np.subtract.outer(np.arange(5), np.arange(5))
        kept = self.fresh * np.eye(5) + self.fading * np.exp(-np.abs(apart_s) / self.fading_s)
        return float(_FOURTH @ kept @ _FOURTH / (_FOURTH @ _FOURTH))

    def fresher(self, share: float) -> "Shape":
        """With that share of the variance new in every frame, and the rest made up as before."""
        rest = 1 - share
        return Shape(share + rest * self.fresh, rest * self.fading, self.fading_s, rest * self.lasting)


_PLAIN = Shape((1 - LASTING) * FRESH, (1 - LASTING) * (1 - FRESH), CORRELATION_S, LASTING)
"""Of keypoints that are like none in the table: as angles have it."""
_MOST_FRESH = 0.95
"""Of the variance, at most: that nothing of an error lasts cannot be seen in one clip."""
_WHITE = Shape(1.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class KeypointErrors:
    """Of one person.

    Attributes:
        time_s: ``(T,)``.
        sd: ``(T, K)`` along one axis, in the sequence's unit; NaN where unknown.
        shapes: Of every channel: `AXIS_COUNT` for each keypoint.
    """

    time_s: FloatArray64
    sd: FloatArray64
    shapes: tuple[Shape, ...]

    @classmethod
    def of(cls, sequence: PoseSequence) -> "KeypointErrors":
        """Of the sequence of one person.

        The sd is ``keypoint_sd``, else what the keypoints tremble by. In space no more is known, and they are taken to
        err anew in every frame: what lasts is missing.

        Args:
            sequence: Not filtered, or what it trembles by is not known.
        """
        trembling = _throughout(temporal_sd(sequence.keypoints[:, 0].astype(np.float64), sequence.time_s))
        known = sequence.keypoint_sd
        sd = trembling if known is None else _throughout(known[:, 0].astype(np.float64))
        if sequence.keypoints.shape[-1] != 2:
            return cls(sequence.time_s, sd, (_WHITE,) * sd.shape[1] * AXIS_COUNT)
        interval_s = float(np.median(np.diff(sequence.time_s))) if len(sequence) > 1 else math.nan
        shapes: list[Shape] = []
        for name, seen, whole in zip(sequence.skeleton.keypoint_names, trembling.T, sd.T, strict=True):
            shapes += _as_seen(shapes_of(name), _usual(seen), _usual(whole), interval_s)
        return cls(sequence.time_s, sd, tuple(shapes))

    def sd_of(self, gradient: Gradient) -> float:
        """Standard deviation of a number; NaN where an error that matters is unknown.

        Source:
            JCGM 100:2008, 5.2.2, with all covariances.
        """
        if not gradient:
            return 0.0
        places = np.concatenate([one.at for one in gradient])
        slopes = np.concatenate([slope * one.slopes for one, slope in gradient.items()])
        where, index = np.unique(places, return_inverse=True)
        slopes = np.bincount(index, slopes, minlength=len(where))
        where, slopes = where[slopes != 0], slopes[slopes != 0]
        channel, frame = np.divmod(where, len(self.time_s))
        errors = slopes * self.sd[frame, channel // AXIS_COUNT]
        return math.sqrt(self._variance(errors, channel, self.time_s[frame]))

    def _variance(self, errors: FloatArray64, channel: IntArray, time_s: FloatArray64) -> float:
        """Of the sum of errors of this sd, in order of channel and time."""
        if not (len(errors) and np.isfinite(errors).all()):
            return math.nan if len(errors) else 0.0
        starts = np.flatnonzero(np.diff(channel, prepend=-1))
        total = 0.0
        for first, past in zip(starts, [*starts[1:], len(errors)], strict=True):
            shape, own = self.shapes[channel[first]], errors[first:past]
            total += shape.fresh * float(own @ own) + shape.lasting * float(own.sum()) ** 2
            if shape.fading:
                kept = np.exp(-np.diff(time_s[first:past]) / shape.fading_s)
                total += shape.fading * _squared_sum(own, kept)
        return max(total, 0.0)


@cache
def shapes_of(name: str) -> tuple[Shape, ...]:
    """Of a keypoint, along each of `AXIS_COUNT` in a picture.

    Source:
        ``keypoint_errors.toml``, which ``benchmarks/motion/keypoint_noise.py`` measured.
    """
    table = tomllib.loads((resources.files("gonio.analysis") / "keypoint_errors.toml").read_text("utf-8"))
    parts = [part for part in table if part in name] or [like for word, like in _LIKE.items() if word in name]
    if not parts:
        return (_PLAIN,) * AXIS_COUNT
    both = [table[parts[0]][axis] for axis in ("across", "up")]
    mean = sum(axis[part] ** 2 for axis in both for part in ("frame", "quick", "lasting")) / len(both)
    across, up = (
        Shape(axis["frame"] ** 2 / mean, axis["quick"] ** 2 / mean, axis["quick_s"], axis["lasting"] ** 2 / mean)
        for axis in both
    )
    return across, up, across


def _as_seen(shapes: Sequence[Shape], trembling: float, sd: float, interval_s: float) -> list[Shape]:
    """With as much more that is new in every frame as it trembles by, of all of its sd."""
    expected = float(np.mean([shape.trembling(interval_s) for shape in shapes[:2]]))
    more = ((trembling / sd) ** 2 - expected) / (1 - expected) if sd > 0 else 0.0
    return [shape.fresher(float(np.clip(more, 0.0, _MOST_FRESH)) if math.isfinite(more) else 0.0) for shape in shapes]


def _squared_sum(errors: FloatArray64, kept: FloatArray64) -> float:
    """Variance of the sum of errors of which a part is kept from each to the next."""
    total = carried = 0.0
    for own, passed in zip(errors.tolist(), [0.0, *kept.tolist()], strict=True):
        carried *= passed  # the sum of earlier ones, each times what of it is left
        total += own * (own + 2 * carried)
        carried += own
    return total


def _throughout(sd: FloatArray64) -> FloatArray64:
    """With the usual one where it is not known of a frame."""
    return np.where(np.isfinite(sd), sd, [_usual(column) for column in sd.T])


def _usual(sd: FloatArray64) -> float:
    known = sd[np.isfinite(sd)]
    return float(np.sqrt(np.mean(known**2))) if len(known) else math.nan
