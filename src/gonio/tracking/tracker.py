"""`PoseTracker`: puts ids on the poses of a video, frame by frame."""

import logging
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from gonio.arrays import FloatArray, ImageArray, IntArray
from gonio.errors import ConfigError
from gonio.geometry.boxes import iou
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton
from gonio.tracking import appearance
from gonio.tracking.assign import Matches, match
from gonio.tracking.body import measurable
from gonio.tracking.settings import TrackSettings
from gonio.tracking.track import State, Track, TrackSummary

_log = logging.getLogger(__name__)
_REMEMBERED = 1000
"""Summaries of removed tracks that are kept: a camera may run for a year."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A person that was found but has no id in what `PoseTracker.update` returned.

    Attributes:
        person: Index in the poses that were given.
        reason: Why.
    """

    person: int
    reason: str


class PoseTracker:
    """Follows the people of one video or camera. It keeps state: one tracker per source, used from one thread.

    **Who gets an id.** Everybody, from the first frame, in the order of the detector: a missing person is worse than an
    id that turns out to be a false alarm. Ids count from 1, people who appear together from left to right, and are
    given once. Whether a person stayed long enough to be sure is in `tracks` and `removed` (``confirmed``). Left out is
    only who is the same person as another of the frame (found twice), and who has neither a box with an area nor a
    visible keypoint; `left_out` lists them until the next frame.

    **Who keeps it.** In three rounds: whoever has the expected pose in the expected place; then those who were there
    just now, by pose, box, place and colours together; then those who were lost for at most ``lost_s``. In these two
    they must be within reach of where they were or were going, of a plausible size, and dressed the same. Without an
    image nobody's clothes are known: then whoever appears where another was lost a moment ago is taken for them.

    Example:
        >>> from gonio.structures.skeleton import load_skeleton
        >>> tracker = PoseTracker()
        >>> nobody = replace(Poses.empty(load_skeleton("coco17")), time_s=0.0)
        >>> tracker.update(nobody).track_ids
        array([], dtype=int64)
    """

    def __init__(self, settings: TrackSettings | None = None) -> None:
        self.settings = settings or TrackSettings()
        self._tracks: list[Track] = []
        self._removed: deque[TrackSummary] = deque(maxlen=_REMEMBERED)
        self._left_out: tuple[LeftOut, ...] = ()
        self._next_id = 1
        self._time_s: float | None = None
        self._skeleton: Skeleton | None = None

    @property
    def tracks(self) -> tuple[TrackSummary, ...]:
        """Everybody who is followed, also those lost from sight, oldest first."""
        return tuple(track.summary for track in self._tracks)

    @property
    def removed(self) -> tuple[TrackSummary, ...]:
        """The last thousand who are followed no more."""
        return tuple(self._removed)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Who of the last frame has no id, and why."""
        return self._left_out

    def update(self, poses: Poses, image: ImageArray | None = None) -> Poses:
        """The people of the next frame, with ids.

        Args:
            poses: Everyone found in the frame, with ``time_s``; ids that they have are not looked at.
            image: ``(H, W, 3)`` uint8 RGB, the frame: tells people apart by their clothes. A frame without is no error.

        Returns:
            The same people in the same order with ``track_ids``, less those in `left_out`.

        Raises:
            ConfigError: If the time is missing, not a number or not later than that of the frame before, or the
                skeleton is another one than before.
            ShapeError: If the image is not ``(H, W, 3)`` uint8.
            MissingDependencyError: If scipy is not installed.
        """
        picture = None if image is None else Frame(image).image  # checked before anything changes
        time_s = self._start_frame(poses)
        people, placed = measurable(poses, self.settings.min_keypoint_score)
        left_out = {int(i): "it has no box with an area and no visible keypoint" for i in np.flatnonzero(~placed)}
        order = _canonical(people, np.flatnonzero(placed))
        people = people[order]
        colours = self._colours(people, picture)
        matches = match(self._tracks, people, colours, time_s, self.settings)
        ids = self._follow(people, colours, time_s, matches)
        for j in np.flatnonzero(matches.duplicate_of >= 0):
            left_out[int(order[j])] = f"it is track {ids[matches.duplicate_of[j]]} found twice"
        self._left_out = tuple(LeftOut(person, reason) for person, reason in sorted(left_out.items()))
        for one in self._left_out:
            _log.debug("frame %d: person %d gets no id: %s", poses.frame_index, one.person, one.reason)
        all_ids = np.zeros(len(poses), np.int64)
        all_ids[order] = ids
        return replace(poses, track_ids=all_ids)[all_ids > 0]

    def predict(self, time_s: float, *, include_lost: bool = False) -> Poses:
        """Where the people will be: to look there, instead of searching the whole picture.

        Args:
            time_s: Not before the last frame.
            include_lost: Also those who were not seen in the last frame.

        Returns:
            The pose and box of each person's last sighting, moved with the body; scores as they were then, keypoints
            that were not visible NaN with score 0. They are guesses: do not give them to `update`.

        Raises:
            ConfigError: If there was no frame yet, or the time is before the last one.
        """
        if self._time_s is None or self._skeleton is None:
            raise ConfigError("nothing can be predicted before the first frame; call update first.")
        if not self._time_s <= time_s < float("inf"):
            raise ConfigError(
                f"cannot predict for {time_s} s: the last frame was at {self._time_s} s; give a later time."
            )
        last_s = self._time_s
        chosen = [track for track in self._tracks if include_lost or track.summary.last_s == last_s]
        if not chosen:
            return replace(Poses.empty(self._skeleton), track_ids=np.zeros(0, np.int64), time_s=time_s)
        moved = np.stack([track.moved(time_s, self.settings) for track in chosen]).astype(np.float32)
        keypoints = np.concatenate([track.pose.keypoints for track in chosen])
        scores = np.concatenate([track.pose.scores for track in chosen])
        return Poses(
            keypoints=keypoints + moved[:, None],
            scores=np.where(np.isfinite(keypoints).all(axis=-1), scores, 0).astype(np.float32),
            boxes=np.concatenate([track.pose.boxes for track in chosen]) + np.tile(moved, 2),
            person_scores=np.concatenate([track.pose.person_scores for track in chosen]),
            skeleton=self._skeleton,
            track_ids=np.array([track.summary.track_id for track in chosen], np.int64),
            time_s=time_s,
        )

    def _start_frame(self, poses: Poses) -> float:
        """Check the frame, and forget who was last seen too long before it."""
        time_s = poses.time_s
        if time_s is None or not np.isfinite(time_s):
            raise ConfigError(
                f"frame {poses.frame_index} has time_s {time_s}; tracking needs the true time of a video frame."
            )
        if self._time_s is not None and time_s <= self._time_s:
            raise ConfigError(
                f"frame {poses.frame_index} is at {time_s} s, the one before at {self._time_s} s: time must increase; "
                "make a new PoseTracker for another video."
            )
        if self._skeleton is not None and poses.skeleton.name != self._skeleton.name:
            raise ConfigError(
                f"frame {poses.frame_index} has the skeleton {poses.skeleton.name!r}, the one before "
                f"{self._skeleton.name!r}; make a new PoseTracker for another model."
            )
        self._time_s, self._skeleton = time_s, poses.skeleton
        still = [track.unseen(time_s, self.settings).summary for track in self._tracks]
        self._removed.extend(summary for summary in still if summary.state is State.REMOVED)
        pairs = zip(self._tracks, still, strict=True)
        self._tracks = [track for track, summary in pairs if summary.state is not State.REMOVED]
        return time_s

    def _colours(self, people: Poses, image: ImageArray | None) -> FloatArray:
        if image is None:
            return appearance.unknown(len(people))
        return appearance.colours(image, people, people.visible(self.settings.min_keypoint_score))

    def _follow(self, people: Poses, colours: FloatArray, time_s: float, matches: Matches) -> IntArray:
        """Let every track see its person, or nobody, and start new ones; gives ``(N,)`` ids, 0: duplicate."""
        overlap = iou(people.boxes, people.boxes)
        np.fill_diagonal(overlap, 0)
        hidden = overlap.max(axis=1, initial=0) > self.settings.max_overlap  # one of the two, who knows which
        learnt = np.where(hidden[:, None, None], np.nan, colours).astype(np.float32)
        ids = np.zeros(len(people), np.int64)
        for i, track in enumerate(self._tracks):
            seen = np.flatnonzero(matches.track_of == i)
            if len(seen):
                j = int(seen[0])
                ids[j] = track.summary.track_id
                self._tracks[i] = track.seen(people[j], time_s, learnt[j], self.settings)
            else:
                self._tracks[i] = track.unseen(time_s, self.settings)
        for j in np.flatnonzero(matches.is_new).tolist():
            ids[j] = self._next_id
            self._tracks.append(Track.start(self._next_id, people[j], time_s, learnt[j], self.settings))
            self._next_id += 1
        return ids


def _canonical(people: Poses, chosen: IntArray) -> IntArray:
    """The chosen people from left to right, so that nothing depends on the order in which a detector gives them."""
    if len(chosen) < 2:
        return chosen
    some = people[chosen]
    points = some.keypoints.reshape(len(some), 2 * len(some.skeleton))
    keys = np.concatenate([some.boxes, some.person_scores[:, None], points], axis=1)
    return chosen[np.lexsort(np.nan_to_num(keys).T[::-1])]
