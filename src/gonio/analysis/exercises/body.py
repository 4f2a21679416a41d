"""One person's keypoints as exercises read them: by the name of a point and a side, upright, each with a weight."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import numpy as np

from gonio.analysis.landmarks import OTHER_SIDE, Landmark, Limb, landmark, require_one_person
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.upright import upright
from gonio.analysis.windows import sample_interval_s
from gonio.arrays import BoolArray, FloatArray64
from gonio.structures.flags import KeypointFlag
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import Skeleton

Chain = tuple[str, ...]
"""The points of a limb, end to end: ``("shoulder", "elbow", "wrist")``."""
LIMBS: tuple[Limb, Limb] = ("left", "right")

LEAST_SCORE = 0.15
"""Doubtful keypoints still show that somebody goes up and down; only those that are no more than guesses are left out.
What is reported in degrees is held to the stricter ``AnalysisOptions.min_score``."""
_UNUSABLE = KeypointFlag.MISSING | KeypointFlag.OUTLIER | KeypointFlag.EXTRAPOLATED
_LONGEST = 0.95
"""Quantile of the lengths that a limb was seen with, which is its length where it lies in the picture's plane."""
_KEPT_LENGTHS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """One person over time.

    Attributes:
        points: ``(T, K, D)`` float64, up is the second coordinate; NaN where not usable.
        weights: ``(T, K)`` scores, 0 where not usable.
        sd: ``(T, K)`` standard deviation along one axis; NaN where unknown.
        time_s: ``(T,)``.
        skeleton: What the K keypoints are.
    """

    points: FloatArray64
    weights: FloatArray64
    sd: FloatArray64
    time_s: FloatArray64
    skeleton: Skeleton

    @classmethod
    def of(cls, sequence: PoseSequence, options: AnalysisOptions) -> "Body":
        """The only person of a sequence.

        Raises:
            ConfigError: If the sequence is not of one person.
        """
        require_one_person(sequence)
        usable = _usable(sequence)
        points = upright(sequence, up_deg=options.up_deg)[:, 0]
        sd = sequence.keypoint_sd
        return cls(
            points=np.where(usable[..., None], points, np.nan),
            weights=np.where(usable, sequence.scores[:, 0], 0.0).astype(np.float64),
            sd=np.full(usable.shape, np.nan) if sd is None else sd[:, 0].astype(np.float64),
            time_s=sequence.time_s,
            skeleton=sequence.skeleton,
        )

    def __len__(self) -> int:
        return len(self.time_s)

    def at(self, name: str, side: Limb) -> FloatArray64:
        """``(T, D)``: a point of the body, of that side if it has one."""
        where = self._landmark(name, side)
        if not where.indices:
            return np.full((len(self), self.points.shape[-1]), np.nan)
        if len(where.indices) == 1:  # most are: live, a mean of one would take half of the time
            return self.points[:, where.indices[0]]
        return np.asarray(self.points[:, list(where.indices)].mean(axis=1))

    def weight(self, name: str, side: Limb) -> FloatArray64:
        """``(T,)``: the least weight of what the point is made of; 0 where the skeleton has no such point."""
        where = self._landmark(name, side)
        return self.weights[:, list(where.indices)].min(axis=1) if where.indices else np.zeros(len(self))

    def sd_of(self, name: str, side: Limb) -> FloatArray64:
        """``(T,)``: standard deviation of the point along one axis."""
        where = self._landmark(name, side)
        if not where.indices:
            return np.full(len(self), np.nan)
        return np.asarray(np.sqrt((self.sd[:, list(where.indices)] ** 2).sum(axis=1)) / len(where.indices))

    def keypoints(self, name: str, side: Limb) -> tuple[int, ...]:
        """What a point is the middle of; empty where the skeleton has no such point."""
        return self._landmark(name, side).indices

    def steps(self, start: int, stop: int) -> "Body":
        """The time steps ``start`` to ``stop``, exclusive."""
        part = slice(start, stop)
        return Body(self.points[part], self.weights[part], self.sd[part], self.time_s[part], self.skeleton)

    def between(self, start_s: float, end_s: float) -> "Body":
        """The time steps from ``start_s`` to ``end_s``, inclusive."""
        start, stop = np.searchsorted(self.time_s, start_s), np.searchsorted(self.time_s, end_s, side="right")
        return self.steps(int(start), int(stop))

    @property
    def interval_s(self) -> float:
        """Median time between steps; NaN for fewer than two."""
        return sample_interval_s(self.time_s)

    def _landmark(self, name: str, side: Limb) -> Landmark:
        return _landmark(self.skeleton, name, side)


@lru_cache(maxsize=512)
def _landmark(skeleton: Skeleton, name: str, side: Limb) -> Landmark:
    if name.startswith("other_"):
        return landmark(skeleton, name.removeprefix("other_"), OTHER_SIDE[side])
    return landmark(skeleton, name, side)


def _usable(sequence: PoseSequence) -> BoolArray:
    """``(T, K)``: keypoints that may be counted with."""
    usable = np.isfinite(sequence.keypoints[:, 0]).all(axis=-1) & (sequence.scores[:, 0] >= LEAST_SCORE)
    return usable if sequence.flags is None else usable & ((sequence.flags[:, 0] & _UNUSABLE) == 0)


@dataclass(slots=True, eq=False)
class LimbLengths:
    """How long limbs are: the longest that each was seen, leaving out the few most extreme. Keeps state: learns.

    A limb is never seen longer than it is, only foreshortened, so its longest is its length whatever the view.
    """

    _seen: dict[tuple[Chain, Limb], list[float]] = field(default_factory=dict)

    def learn(self, body: Body, chains: Iterable[Chain]) -> None:
        """See more of a body."""
        for chain in chains:
            for side in LIMBS:
                seen = self._seen.setdefault((chain, side), [])
                lengths = chain_length(body, chain, side)
                seen += lengths[np.isfinite(lengths)].tolist()
                seen.sort()
                if len(seen) > _KEPT_LENGTHS:
                    del seen[::2]

    def of(self, chain: Chain, side: Limb) -> float:
        """Length of a limb, in the unit of the keypoints; the other side's where it was not seen; else NaN."""
        for limb in (side, OTHER_SIDE[side]):
            if seen := self._seen.get((chain, limb)):
                return seen[int(_LONGEST * (len(seen) - 1))]
        return float("nan")

    def with_length(self, chain: Chain, side: Limb, length: float) -> "LimbLengths":
        """As if that limb had been seen with that length only."""
        return LimbLengths(self._seen | {(chain, side): [length]})


def chain_length(body: Body, chain: Chain, side: Limb) -> FloatArray64:
    """``(T,)``: length along the points of a limb, as seen."""
    ends = [body.at(name, side) for name in chain]
    return np.asarray(sum(np.linalg.norm(b - a, axis=-1) for a, b in pairwise(ends)))
