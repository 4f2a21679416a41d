"""Which of the people seen is which of the people tracked: likeness of every pair, and the best set of pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonio.arrays import BoolArray, FloatArray, FloatArray64, IntArray
from gonio.geometry.boxes import iou
from gonio.optional import require
from gonio.structures.poses import Poses
from gonio.tracking.appearance import alike
from gonio.tracking.body import common_oks, displacement, size_of
from gonio.tracking.settings import TrackSettings
from gonio.tracking.track import State, Track


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """What speaks for each pair of T tracks and N people.

    Attributes:
        pose: ``(T, N)`` OKS of the expected against the seen keypoints; NaN where they have too few in common.
        box: ``(T, N)`` IoU of the expected against the seen box.
        motion: ``(T, N)`` 1 where the person is where they were expected, 0 at the end of the track's reach.
        colour: ``(T, N)`` Bhattacharyya coefficient; NaN where unknown.
        near: ``(T, N)`` within reach.
        same_size: ``(T, N)`` of a plausible size.
    """

    pose: FloatArray64
    box: FloatArray64
    motion: FloatArray64
    colour: FloatArray64
    near: BoolArray
    same_size: BoolArray

    @property
    def overall(self) -> FloatArray64:
        """``(T, N)`` in [0, 1]: the mean of what is known."""
        cues = np.stack([self.pose, self.box, self.motion, self.colour])
        known = np.isfinite(cues)
        return np.asarray(np.where(known, cues, 0).sum(axis=0) / known.sum(axis=0), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Who is whom.

    Attributes:
        track_of: ``(N,)`` index of each person's track; -1: none.
        duplicate_of: ``(N,)`` index of the person that each one is a duplicate of; -1: of nobody.
    """

    track_of: IntArray
    duplicate_of: IntArray

    @property
    def is_new(self) -> BoolArray:
        """``(N,)``: people who need a new track."""
        return (self.track_of < 0) & (self.duplicate_of < 0)


def likeness(
    tracks: Sequence[Track], people: Poses, colours: FloatArray, time_s: float, settings: TrackSettings
) -> Likeness:
    """Compare every track with every person.

    Args:
        tracks: T tracks.
        people: N people, keypoints that are not visible NaN, boxes with an area.
        colours: ``(N, R, B)`` of the people.
        time_s: Time of the frame.
        settings: The bounds.
    """
    shape = (len(tracks), len(people))
    if 0 in shape:
        nothing = np.zeros(shape)
        return Likeness(nothing, nothing, nothing, nothing, nothing > 0, nothing > 0)
    moved = np.stack([track.moved(time_s, settings) for track in tracks])
    last = np.concatenate([track.pose.keypoints for track in tracks])
    boxes = np.concatenate([track.pose.boxes for track in tracks]) + np.tile(moved, 2).astype(np.float32)
    sizes = np.array([track.size for track in tracks])[:, None]
    ratio = size_of(people.boxes) / sizes
    motion = 1 - _distance(tracks, people, moved, time_s, settings) / sizes
    expected = (last + moved[:, None]).astype(np.float32)
    return Likeness(
        pose=common_oks(expected, boxes, people.keypoints, people.boxes, people.skeleton),
        box=iou(boxes, people.boxes).astype(np.float64),
        motion=np.maximum(motion, 0),
        colour=alike(np.stack([track.colours for track in tracks]), colours).astype(np.float64),
        near=motion >= 0,
        same_size=np.maximum(ratio, 1 / ratio) <= settings.max_size_ratio,
    )


def best_pairs(value: FloatArray64, allowed: BoolArray) -> list[tuple[int, int]]:
    """The one-to-one pairs ``(row, column)`` among the allowed ones whose values have the largest sum.

    Args:
        value: ``(T, N)``, at least 0, finite.
        allowed: ``(T, N)``.

    Raises:
        MissingDependencyError: If scipy is not installed.
    """
    if not allowed.any():
        return []
    optimize = require("scipy.optimize", extra="analysis", purpose="tracking people")
    # What is not allowed is worth as much as staying alone: nothing. Such pairs are then left out.
    rows, columns = optimize.linear_sum_assignment(np.where(allowed, value, 0), maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if allowed[i, j]]


def match(
    tracks: Sequence[Track], people: Poses, colours: FloatArray, time_s: float, settings: TrackSettings
) -> Matches:
    """Who is whom, in three rounds, each among those whom the rounds before left over; arguments as of `likeness`.

    1. Whoever has the expected pose in the expected place. All tracks compete, so that one who was hidden for a moment
       is not taken for a neighbour whom the detector missed. One keypoint far off may double a box: the size is no bar.
    2. Who was there in the last frame and is confirmed: by all cues together.
    3. Who was lost or is not sure yet, by the same cues. Before that, whoever is left over and looks like one who has
       a track is that one found twice: the second finding must not become somebody who is waited for nearby.
    """
    pairs = likeness(tracks, people, colours, time_s, settings)
    sure = np.array([track.summary.state is State.CONFIRMED for track in tracks], bool)[:, None]
    other_clothes = pairs.colour < settings.min_appearance  # False where unknown
    value = pairs.overall
    plausible = pairs.near & pairs.same_size & ~other_clothes & (value >= settings.min_similarity)
    track_of = np.full(len(people), -1, np.int64)
    _assign(track_of, value, pairs.near & (pairs.pose >= settings.same_oks))
    _assign(track_of, value, plausible & sure)
    duplicate_of = _duplicates(people, track_of, settings)
    _assign(track_of, value, plausible & ~sure & (duplicate_of < 0))
    return Matches(track_of, duplicate_of)


def _assign(track_of: IntArray, value: FloatArray64, allowed: BoolArray) -> None:
    """One round: fill ``track_of`` for the people who have no track yet, from the tracks that have no person."""
    taken = np.zeros(len(allowed), bool)
    taken[track_of[track_of >= 0]] = True
    for i, j in best_pairs(value, allowed & ~taken[:, None] & (track_of < 0)):
        track_of[j] = i


def _duplicates(people: Poses, track_of: IntArray, settings: TrackSettings) -> IntArray:
    """``(N,)`` whom each person without a track is a duplicate of, -1: nobody; of two without, the better stays."""
    duplicate_of = np.full(len(people), -1, np.int64)
    kept = track_of >= 0
    if kept.all():
        return duplicate_of
    pose = common_oks(people.keypoints, people.boxes, people.keypoints, people.boxes, people.skeleton)
    same = np.where(np.isnan(pose), iou(people.boxes, people.boxes), pose) >= settings.duplicate_oks
    for j in np.argsort(-np.nan_to_num(people.person_scores), kind="stable"):
        if track_of[j] < 0:
            originals = np.flatnonzero(same[j] & kept)
            duplicate_of[j] = originals[0] if len(originals) else -1
            kept[j] = not len(originals)
    return duplicate_of


def _distance(
    tracks: Sequence[Track], people: Poses, moved: FloatArray64, time_s: float, settings: TrackSettings
) -> FloatArray64:
    """``(T, N)``: how far from where each track is expected; 1 body size, in px, is the end of its reach.

    A person hidden for a moment goes on, or stops, or turns round: all between the last sighting and the expected place
    is where they are expected. That a filter's own covariance would accept more is no reason: with the cube of the time
    it grows to six body sizes in two seconds, which is anybody in the picture.
    """
    seen = displacement(
        np.concatenate([track.pose.keypoints for track in tracks]),
        np.concatenate([track.pose.boxes for track in tracks]),
        people.keypoints,
        people.boxes,
    )
    unseen_s = time_s - np.array([track.summary.last_s for track in tracks])[:, None]
    length2 = (moved**2).sum(axis=-1)[:, None]
    along = np.einsum("tnd,td->tn", seen, moved) / np.maximum(length2, np.finfo(np.float64).tiny)
    off = np.linalg.norm(seen - along.clip(0, 1)[..., None] * moved[:, None], axis=-1)
    return np.asarray(off / (settings.reach + settings.reach_per_s * unseen_s), np.float64)
