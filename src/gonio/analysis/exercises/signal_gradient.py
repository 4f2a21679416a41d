"""What a signal rests on: how much each keypoint moves it in each frame, and the lengths of limbs all of it.

A signal is a function of the keypoints of its frame, so each coordinate is moved in all frames at once, by its own
standard deviation to either side: where a signal bends within its error, as near the end of an arc cosine, that is the
slope that counts.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from gonio.analysis.exercises.body import LIMBS, Body, Chain, LimbLengths, chain_length
from gonio.analysis.exercises.signal_spec import SignalSpec
from gonio.analysis.exercises.signals import joined, limbs_of, side_weights, signal_series
from gonio.analysis.keypoint_errors import KeypointErrors
from gonio.analysis.landmarks import OTHER_SIDE, Limb
from gonio.analysis.readings import AXIS_COUNT, Channels, Gradient, Reading, combined, reading
from gonio.analysis.series import Side
from gonio.arrays import FloatArray64, IntArray

_PART = 0.01
"""Of a limb's length, by which it is changed."""
_LONGEST = 0.22
"""Part of the frames. The mean of as many independent ones has the variance of the quantile that `LimbLengths` takes,
0.95 of normal errors: 0.05 * 0.95 over the square of their density there, 0.103, is 1 / 0.22."""

Values = Callable[[Body], FloatArray64]
"""A number per frame."""


@dataclass(frozen=True, slots=True, eq=False)
class SignalGradient:
    """Derivatives of a signal.

    Attributes:
        channels: By keypoint coordinates, ``(T,)`` each.
        lengths: ``(T,)`` derivatives by the length of a limb, and what that rests on.
        errors: Of the keypoints.
    """

    channels: Channels
    lengths: tuple[tuple[FloatArray64, Reading], ...]
    errors: KeypointErrors

    def times(self, factor: FloatArray64 | float) -> "SignalGradient":
        """Of a multiple of the signal."""
        lengths = tuple((factor * slopes, limb) for slopes, limb in self.lengths)
        return SignalGradient(combined((self.channels, factor)), lengths, self.errors)

    def __add__(self, other: "SignalGradient") -> "SignalGradient":
        channels = combined((self.channels, 1.0), (other.channels, 1.0))
        return SignalGradient(channels, self.lengths + other.lengths, self.errors)

    def of(self, frames: IntArray, weights: FloatArray64) -> Gradient:
        """Of a weighted sum of samples."""
        own = {reading(frames, weights, self.channels, len(self.errors.time_s)): 1.0}
        return own | {limb: float(weights @ slopes[frames]) for slopes, limb in self.lengths}


def signal_gradient(
    body: Body, signal: SignalSpec, lengths: LimbLengths, errors: KeypointErrors, *, side: Side = "both"
) -> SignalGradient:
    """Of `signal_series` of the same arguments.

    Args:
        body: The person.
        signal: What is measured.
        lengths: Of the limbs, learnt from ``body``.
        errors: Of its keypoints: how far they are moved.
        side: As of `signal_series`.
    """
    if side != "both":
        return _one_side(body, signal, lengths, errors, side)
    left, right = (_one_side(body, signal, lengths, errors, limb) for limb in LIMBS)
    by_left, by_right = _by_side(body, signal, lengths)
    return left.times(by_left) + right.times(by_right)


def _one_side(
    body: Body, signal: SignalSpec, lengths: LimbLengths, errors: KeypointErrors, side: Limb
) -> SignalGradient:
    def values(moved: Body) -> FloatArray64:
        return signal_series(moved, signal, lengths, side=side).values

    by_lengths = tuple(
        (_by_length(body, signal, lengths, chain, side), _of_length(body, chain, side, errors))
        for chain in limbs_of(signal)
    )
    return SignalGradient(_channels(body, signal.points, side, values, errors), by_lengths, errors)


def _by_side(body: Body, signal: SignalSpec, lengths: LimbLengths) -> tuple[FloatArray64, FloatArray64]:
    """``(T,)`` derivatives of the signal by what it is of left and of right.

    Where the smaller side counts, errors decide which it is while the two are no farther apart than that.
    """
    left, right = (signal_series(body, signal, lengths, side=side) for side in LIMBS)
    weights = side_weights(body, signal)
    spread = np.hypot(left.sd, right.sd)
    step = np.where(spread > 0, spread, 1.0)

    def by(sides: Callable[[FloatArray64], tuple[FloatArray64, FloatArray64]]) -> FloatArray64:
        ahead, behind = (joined(signal, sides(way * step), weights) for way in (1, -1))
        return np.asarray(np.nan_to_num((ahead - behind) / (2 * step)))

    return by(lambda aside: (left.values + aside, right.values)), by(lambda aside: (left.values, right.values + aside))


def _channels(body: Body, points: Iterable[str], side: Limb, values: Values, errors: KeypointErrors) -> Channels:
    """Central differences; 0 where there is no value."""
    found: dict[int, FloatArray64 | float] = {}
    for keypoint in sorted({keypoint for name in points for keypoint in body.keypoints(name, side)}):
        step = np.where(errors.sd[:, keypoint] > 0, errors.sd[:, keypoint], 1.0)
        for axis in range(body.points.shape[-1]):
            aside = np.zeros_like(body.points)
            aside[:, keypoint, axis] = step
            ahead, behind = (values(replace(body, points=body.points + way * aside)) for way in (1, -1))
            found[AXIS_COUNT * keypoint + axis] = np.nan_to_num((ahead - behind) / (2 * step))
    return found


def _by_length(body: Body, signal: SignalSpec, lengths: LimbLengths, chain: Chain, side: Limb) -> FloatArray64:
    """``(T,)``: derivative by the length of one limb."""
    length = lengths.of(chain, side)
    longer, shorter = (
        signal_series(body, signal, lengths.with_length(chain, side, part * length), side=side).values
        for part in (1 + _PART, 1 - _PART)
    )
    return np.asarray(np.nan_to_num((longer - shorter) / (2 * _PART * length)))


def _of_length(body: Body, chain: Chain, side: Limb, errors: KeypointErrors) -> Reading:
    """The length of a limb is a quantile of those seen, and moves as the largest do."""
    if not np.isfinite(chain_length(body, chain, side)).any():
        side = OTHER_SIDE[side]
    own = chain_length(body, chain, side)
    channels = _channels(body, chain, side, lambda moved: chain_length(moved, chain, side), errors)
    known = own[np.isfinite(own)]
    frames = np.flatnonzero(own >= np.quantile(known, 1 - _LONGEST)) if len(known) else np.zeros(0, np.int64)
    return reading(frames, np.full(len(frames), 1 / max(len(frames), 1)), channels, len(body))
