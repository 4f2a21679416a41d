"""The search behind `gonio.analysis.sides`: which explanation of a limb's left and right moves most like a body.

An explanation says for each frame which joints of the limb the model exchanged. Under it, each joint is followed by
a Kalman filter of constant velocity; the explanation's cost is what the filter, the bones and the rates of
exchanging make of it. The cheapest ones are kept side by side, so that frames after a crossing decide about it:
approximate Viterbi inference in a switching linear dynamic system.

Source: V. Pavlovic, J. Rehg, J. MacCormick, "Learning switching linear models of human motion", NIPS 2000.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

from gonio.analysis.windows import is_seen
from gonio.arrays import BoolArray, FloatArray64, IntArray

Progress = Callable[[float], None]
"""Told now and then how much of the work is done, from 0 to 1."""

_TOLD_EVERY = 50
"""Frames, about 0.03 s of work."""
_ANYWHERE = 4.0
_ANY_SPEED = 100.0
"""Variances of a point not seen before, or not for long: anywhere on the body, as fast as a sprinter's foot."""


@dataclass(frozen=True, slots=True)
class SideRates:
    """How often, how long and how wildly a model errs. Times in seconds, so that the frame rate does not matter.

    Attributes:
        begin_hz: Exchanges per second. Rare, or the sequence is not worth repairing.
        burst_s: What longer ones must outweigh: every so many seconds cost one nat. Bursts of half a second still
            do so easily where limbs are apart; where they are not, nothing stays exchanged for long.
        partial: Cost (nats) of each bone between a joint that is exchanged and one that is not: whole limbs are more
            often mistaken than parts.
        habit: What the sides mostly are in such a posture changes the cost of a burst by up to this part of it.
        evidence: Weight of one frame's misfit: below 1, as a model's errors in successive frames are alike.
        outlier: Share of keypoints that are somewhere else on the body altogether.
        memory_s: Explanations that agree for so long are one; the filter remembers no further back. A point astray for
            so long may be anywhere: a filter that waited on for a limb that the model drew on the other would find
            every later frame wrong, whichever the sides.
        margin: Explanations this much costlier (nats) than the best are given up: two joints that spring back to their
            places after they were drawn elsewhere cost as much at first under the right one.
        width: The most explanations kept.
    """

    begin_hz: float = 0.3
    burst_s: float = 0.05
    partial: float = 3.0
    habit: float = 0.7
    evidence: float = 0.7
    outlier: float = 0.03
    memory_s: float = 0.5
    margin: float = 40.0
    width: int = 24


@dataclass(frozen=True, slots=True, eq=False)
class LimbTrack:
    """Both limbs of one person, as the search needs them.

    Attributes:
        points: ``(T, 2, P, D)`` left and right; NaN where missing. In body lengths, around zero.
        unit_of: ``(P,)`` which joint each point belongs to, 0 next to the trunk.
        noise: ``(P,)`` variance of one coordinate.
        agility: ``(T, P)`` spectral density of the acceleration's white noise, body lengths^2/s^3.
        size: ``(T,)`` the person's apparent size, relative.
        bone_cost: ``(T, J - 1, 2)`` nats for the bone from joint j to j + 1, if drawn on one side and if across.
        habit: ``(T, J)`` from -1, exchanging is likely, to 1: see `gonio.analysis.side_habit`.
        time_s: ``(T,)``.
    """

    points: FloatArray64
    unit_of: IntArray
    noise: FloatArray64
    agility: FloatArray64
    size: FloatArray64
    bone_cost: FloatArray64
    habit: FloatArray64
    time_s: FloatArray64


def exchanged_joints(track: LimbTrack, rates: SideRates, *, on_progress: Progress = lambda _: None) -> BoolArray:
    """``(T, J)``: the joints whose left and right the cheapest explanation exchanges back."""
    search = _Search(track, rates)
    for step in range(len(track.time_s)):
        if step % _TOLD_EVERY == 0:
            on_progress(step / len(track.time_s))
        search.advance(step)
    return search.best()


class _Search:
    """Keeps state: the explanations still alive (E of them) and where each came from."""

    def __init__(self, track: LimbTrack, rates: SideRates) -> None:
        self.track, self.rates = track, rates
        joints = int(track.unit_of.max()) + 1
        self.patterns = np.array(list(product((0, 1), repeat=joints)), np.int64)  # (C, J), the first: nothing exchanged
        self.indicator = (track.unit_of[:, None] == np.arange(joints)).astype(np.float64)  # (P, J)
        self.upcoming = _next_seen(track.points)
        self.position = self.upcoming[:1]
        self.velocity = np.zeros_like(self.position)
        self.p00, self.p01, self.p11 = (np.full((1, 2, len(track.unit_of)), v) for v in (_ANYWHERE, 0.0, _ANY_SPEED))
        self.cost = np.zeros(1)
        self.pattern = np.zeros(1, np.int64)
        self.changed_s = np.full(1, -np.inf)
        self.trail: list[tuple[IntArray, IntArray]] = []

    def advance(self, step: int) -> None:
        """Take in one frame: predict, weigh every pattern, keep the cheap explanations, correct their filters."""
        dt = self.track.time_s[step] - self.track.time_s[step - 1] if step else 0.0
        self._predict(step, dt)
        seen = self._seen(step)
        total = (
            self._weigh(seen) + self._pattern_cost(step, dt) + self._change_cost(dt)[self.pattern] + self.cost[:, None]
        )
        parents, patterns = self._survivors(total, self.track.time_s[step])
        self._correct(seen, parents, patterns, dt)
        self.trail.append((parents, patterns))

    def best(self) -> BoolArray:
        """Walk back from the cheapest end."""
        here = int(np.argmin(self.cost)) if self.trail else 0
        walked = np.zeros(len(self.trail), np.int64)
        for step in range(len(self.trail) - 1, -1, -1):
            parents, patterns = self.trail[step]
            walked[step] = patterns[here]
            here = int(parents[here])
        return self.patterns[walked].astype(bool)

    def _predict(self, step: int, dt: float) -> None:
        q = self.track.agility[step] * self.track.size[step] ** 2 * dt
        self.position = self.position + self.velocity * dt
        self.p00 = self.p00 + 2 * dt * self.p01 + dt**2 * self.p11 + q * dt**2 / 3
        self.p01 = self.p01 + dt * self.p11 + q * dt / 2
        self.p11 = self.p11 + q
        lost = self.p00 > _ANYWHERE
        if lost.any():
            self.position = np.where(lost[..., None], self.upcoming[step], self.position)
            self.velocity = np.where(lost[..., None], 0.0, self.velocity)
            self.p00, self.p01, self.p11 = (
                np.where(lost, unknown, known)
                for unknown, known in ((_ANYWHERE, self.p00), (0.0, self.p01), (_ANY_SPEED, self.p11))
            )

    def _seen(self, step: int) -> "_Seen":
        """Compare the frame, as it is and exchanged, with what each explanation foretold."""
        points = self.track.points[step]
        both = np.stack([points, points[::-1]])  # (2, 2, P, D): as given, exchanged
        missing = np.isnan(both).any(axis=-1)
        error = np.where(missing[..., None], 0.0, both - self.position[:, None])  # (E, 2, 2, P, D)
        variance = (self.p00 + self.track.noise * self.track.size[step] ** 2)[:, None]
        d = points.shape[-1]
        log_fit = -0.5 * ((error**2).sum(axis=-1) / variance + d * np.log(2 * np.pi * variance))
        fit = (1 - self.rates.outlier) * np.exp(log_fit)
        stray = self.rates.outlier / 4.0**d  # evenly over a square of four body lengths
        return _Seen(
            error=error,
            cost=np.where(missing, 0.0, -self.rates.evidence * np.log(fit + stray)).sum(axis=2),
            trust=np.where(missing, 0.0, fit / (fit + stray)),
            doubt=np.where(missing, 0.0, stray / (fit + stray)),
            variance=variance[:, 0],
        )

    def _weigh(self, seen: "_Seen") -> FloatArray64:
        """``(E, C)``: misfit of each pattern under each explanation."""
        joint = seen.cost @ self.indicator  # (E, 2, J)
        return np.asarray(joint[:, 0] @ (1 - self.patterns).T + joint[:, 1] @ self.patterns.T)

    def _pattern_cost(self, step: int, dt: float) -> FloatArray64:
        """``(C,)``: bones drawn across from left to right and found too long, and sides unlike what they mostly are."""
        rarity = self.rates.habit * dt / self.rates.burst_s * (self.patterns @ self.track.habit[step])
        across = np.abs(np.diff(self.patterns, axis=1))  # (C, J - 1)
        bone = self.track.bone_cost[step]
        return np.asarray(np.where(across, bone[:, 1], bone[:, 0]).sum(axis=1) + rarity / self.patterns.shape[1])

    def _change_cost(self, dt: float) -> FloatArray64:
        """``(C, C)``: of going from one pattern to another within ``dt``, or of staying."""
        rates = self.rates
        partial = rates.partial * np.abs(np.diff(self.patterns, axis=1)).sum(axis=1)
        begin, end = -np.expm1(-rates.begin_hz * dt), -np.expm1(-dt / rates.burst_s)
        if dt == 0.0:  # the first frame may lie within a burst
            begin = end = rates.begin_hz * rates.burst_s
        cost = np.full((len(partial), len(partial)), -np.log(begin)) + partial
        cost[1:, 0] = -np.log(end)
        np.fill_diagonal(cost, dt / rates.burst_s)
        cost[0, 0] = rates.begin_hz * dt
        return np.asarray(cost)

    def _survivors(self, total: FloatArray64, now_s: float) -> tuple[IntArray, IntArray]:
        """Cheapest continuations; of those whose last change is forgotten, or is now, one per pattern."""
        e, c = total.shape
        changed = np.broadcast_to(self.changed_s[:, None], (e, c)).copy()
        changed[np.arange(c) != self.pattern[:, None]] = now_s
        flat = np.argsort(total, axis=None, kind="stable")
        flat = flat[total.ravel()[flat] <= total.min() + self.rates.margin]
        kept: list[int] = []
        taken: set[tuple[int, float]] = set()
        for index in flat.tolist():
            when = changed.flat[index]
            key = (index % c, when if now_s - when < self.rates.memory_s else -np.inf)
            if key not in taken:
                taken.add(key)
                kept.append(index)
            if len(kept) == self.rates.width:
                break
        parents, patterns = np.divmod(np.array(kept), c)
        self.cost = total.ravel()[kept] - total.min()
        self.changed_s = changed.ravel()[kept]
        self.pattern = patterns
        return parents, patterns

    def _correct(self, seen: "_Seen", parents: IntArray, patterns: IntArray, dt: float) -> None:
        """Kalman update of the survivors; what looks like a stray point moves its filter little, but unsettles it."""
        choice = self.patterns[patterns][:, self.track.unit_of]  # (E, P)
        row = parents[:, None]
        point = np.arange(choice.shape[1])
        # Indices that lie apart put (E, P) first: move the limbs' axis back to its place.
        error = np.moveaxis(seen.error[row, choice, :, point], 2, 1)
        trust = np.moveaxis(seen.trust[row, choice, :, point], 2, 1)
        lost = np.moveaxis(seen.doubt[row, choice, :, point], 2, 1) * min(dt / self.rates.memory_s, 1.0)
        gain = trust / seen.variance[parents]
        p00, p01, p11 = self.p00[parents], self.p01[parents], self.p11[parents]
        self.position = self.position[parents] + (p00 * gain)[..., None] * error
        self.velocity = self.velocity[parents] + (p01 * gain)[..., None] * error
        self.p00 = p00 - gain * p00**2 + lost * _ANYWHERE
        self.p01 = p01 - gain * p00 * p01
        self.p11 = p11 - gain * p01**2 + lost * _ANY_SPEED


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """One frame against E explanations; axis 1 is as given (0) or exchanged (1), axis 2 the limb.

    Attributes:
        error: ``(E, 2, 2, P, D)`` from where the filter expected the point; 0 where missing.
        cost: ``(E, 2, P)`` nats, both limbs together.
        trust: ``(E, 2, 2, P)`` probability that the point is not a stray one; 0 where missing.
        doubt: ``(E, 2, 2, P)`` probability that it is; 0 where missing.
        variance: ``(E, 2, P)`` of the error.
    """

    error: FloatArray64
    cost: FloatArray64
    trust: FloatArray64
    doubt: FloatArray64
    variance: FloatArray64


def _next_seen(points: FloatArray64) -> FloatArray64:
    """Each ``(T, 2, P, D)`` point as seen now or next; 0 after it was seen last."""
    ahead = np.where(is_seen(points), np.arange(len(points))[:, None, None], len(points))
    ahead = np.minimum.accumulate(ahead[::-1], axis=0)[::-1]
    padded = np.concatenate([points, np.zeros_like(points[:1])])
    return np.asarray(np.take_along_axis(padded, ahead[..., None], axis=0))
