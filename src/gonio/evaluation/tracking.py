"""How well ids were kept: id switches, fragmentations, MOTA and IDF1 of tracked people against true ids."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gonio.arrays import BoolArray, FloatArray, FloatArray64, IntArray, check_shape
from gonio.errors import ConfigError
from gonio.geometry.boxes import box_area, iou
from gonio.geometry.oks import oks
from gonio.optional import require
from gonio.structures.poses import Poses

Similarity = Literal["oks", "iou"]
"""By what a found person is taken for a true one: keypoints or boxes."""


@dataclass(frozen=True, slots=True)
class TrackingScores:
    """Counts over all frames, and what is made of them.

    Attributes:
        people: True people, summed over the frames.
        misses: True people whom nobody found.
        false_alarms: Found people who are nobody.
        id_switches: Times that a true person was found under another id than the last time it was found.
        fragmentations: Times that a true person was found again after at least one frame in which it was there but not
            found.
        id_matches: Findings under the right id (IDTP), by the one-to-one pairing of true and found ids that gives most.
        found: Found people, summed over the frames.
    """

    people: int
    misses: int
    false_alarms: int
    id_switches: int
    fragmentations: int
    id_matches: int
    found: int

    @property
    def mota(self) -> float:
        """``1 - (misses + false alarms + id switches) / people``, at most 1; NaN without people."""
        wrong = self.misses + self.false_alarms + self.id_switches
        return 1 - wrong / self.people if self.people else float("nan")

    @property
    def idf1(self) -> float:
        """``2 IDTP / (people + found)`` in [0, 1]: share of findings under the right id; NaN without either."""
        total = self.people + self.found
        return 2 * self.id_matches / total if total else float("nan")


def tracking_scores(
    truth: Sequence[Poses], found: Sequence[Poses], *, by: Similarity = "oks", min_similarity: float = 0.5
) -> TrackingScores:
    """Score tracked poses.

    Args:
        truth: Frames with the true people, ids and boxes; a keypoint with NaN is not labelled.
        found: The same frames with the people and ids of a tracker.
        by: ``"oks"`` on the area of the true box, or ``"iou"`` of the boxes.
        min_similarity: Pairs that are less alike are not made.

    Raises:
        ConfigError: If the frames differ in number, have no ids or one twice, or ``min_similarity`` is out of range.
        MissingDependencyError: If scipy is not installed.
    """
    if len(truth) != len(found):
        raise ConfigError(
            f"there are {len(truth)} true and {len(found)} found frames; give one of each for each moment."
        )
    similarities = [_similarity(a, b, by) for a, b in zip(truth, found, strict=True)]
    return scores_of_ids(
        [_ids(poses, "true") for poses in truth],
        [_ids(poses, "found") for poses in found],
        similarities,
        min_similarity=min_similarity,
    )


def scores_of_ids(
    true_ids: Sequence[IntArray],
    found_ids: Sequence[IntArray],
    similarities: Sequence[FloatArray | FloatArray64],
    *,
    min_similarity: float = 0.5,
) -> TrackingScores:
    """Score ids, whatever it is that has them.

    Args:
        true_ids: ``(N,)`` for each frame, N varies.
        found_ids: ``(M,)`` for each frame.
        similarities: ``(N, M)`` for each frame.
        min_similarity: Pairs that are less alike are not made.

    Raises:
        ConfigError: If a frame has an id twice, or ``min_similarity`` is not within 0 to 1.
        ShapeError: If a frame's similarities do not fit its ids.
        MissingDependencyError: If scipy is not installed.

    Source:
        MOTA, id switches and fragmentations: Bernardin and Stiefelhagen, "Evaluating multiple object tracking
        performance: the CLEAR MOT metrics", 2008; a pair of the frame before stays while it is alike enough.
        IDF1: Ristani et al., "Performance measures and a data set for multi-target, multi-camera tracking", 2016.

    Example:
        >>> one, other = np.array([1]), np.array([2])
        >>> scores = scores_of_ids([one, one], [one, other], [np.ones((1, 1))] * 2)
        >>> scores.id_switches, scores.mota, scores.idf1
        (1, 0.5, 0.5)
    """
    if not 0 <= min_similarity <= 1:
        raise ConfigError(f"min_similarity must lie between 0 and 1, got {min_similarity}.")
    last: dict[int, int] = {}  # true id -> found id when it was last found
    before: dict[int, int] = {}  # the same of the frame before alone
    missed: set[int] = set()  # found once, but not the last time that they were there
    together: Counter[tuple[int, int]] = Counter()
    counts: Counter[str] = Counter()
    for frame, (true, seen, alike) in enumerate(zip(true_ids, found_ids, similarities, strict=True)):
        check_shape(f"similarities of frame {frame}", alike.shape, (len(true), len(seen)))
        _check_unique(true, frame)
        _check_unique(seen, frame)
        allowed = (alike >= min_similarity) & (alike > 0)
        together.update((int(true[i]), int(seen[j])) for i, j in np.argwhere(allowed))
        now = {int(true[i]): int(seen[j]) for i, j in _pairs(true, seen, alike, allowed, before)}
        counts["people"] += len(true)
        counts["found"] += len(seen)
        counts["misses"] += len(true) - len(now)
        counts["false_alarms"] += len(seen) - len(now)
        counts["id_switches"] += sum(last.get(person, track) != track for person, track in now.items())
        counts["fragmentations"] += len(missed & now.keys())
        missed = (missed | {int(i) for i in true if int(i) in last}) - now.keys()
        last |= now
        before = now
    names = ("people", "misses", "false_alarms", "id_switches", "fragmentations", "found")
    return TrackingScores(**{name: counts[name] for name in names}, id_matches=_most_id_matches(together))


def _pairs(
    true: IntArray, seen: IntArray, alike: FloatArray | FloatArray64, allowed: BoolArray, before: dict[int, int]
) -> list[tuple[int, int]]:
    """The pairs of one frame: those of the frame before first, then as many and as alike as can be."""
    stays = np.array([[before.get(int(i)) == int(j) for j in seen] for i in true], bool).reshape(alike.shape)
    # Each step outweighs all pairs of the one below it: kept, then made at all, then alike.
    n = min(alike.shape) + 1
    return _best(np.where(allowed, alike + n + stays * n**2, 0.0), allowed)


def _most_id_matches(together: Counter[tuple[int, int]]) -> int:
    """Frames in which the ids of the best pairing were together."""
    if not together:
        return 0
    true, row = np.unique([a for a, _ in together], return_inverse=True)
    found, column = np.unique([b for _, b in together], return_inverse=True)
    frames = np.zeros((len(true), len(found)))
    frames[row, column] = list(together.values())
    return int(sum(frames[i, j] for i, j in _best(frames, frames > 0)))


def _best(value: FloatArray64, allowed: BoolArray) -> list[tuple[int, int]]:
    if not allowed.any():
        return []
    optimize = require("scipy.optimize", extra="analysis", purpose="scoring tracks")
    rows, columns = optimize.linear_sum_assignment(value, maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if allowed[i, j]]


def _similarity(truth: Poses, found: Poses, by: Similarity) -> FloatArray:
    if by == "iou":
        return iou(truth.boxes, found.boxes)
    sigmas = np.array(truth.skeleton.sigmas, np.float32)
    return oks(found.keypoints, truth.keypoints, areas=box_area(truth.boxes), sigmas=sigmas).T


def _ids(poses: Poses, kind: str) -> IntArray:
    if poses.track_ids is None:
        raise ConfigError(f"the {kind} frame {poses.frame_index} has no track_ids; track it first.")
    return poses.track_ids


def _check_unique(ids: IntArray, frame: int) -> None:
    if len(np.unique(ids)) != len(ids):
        raise ConfigError(f"frame {frame} has an id twice: {ids.tolist()}; ids must be unique in a frame.")
