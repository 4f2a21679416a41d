"""`Follower`: in a video the tracker says where to look; the detector runs now and then, or when something is amiss."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from gonio.arrays import FloatArray, ImageArray, IntArray
from gonio.errors import ConfigError
from gonio.geometry.boxes import box_area, box_around, clip_boxes
from gonio.models.model import PoseModel, distinct
from gonio.models.topdown import TopDownModel
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.timing import timed
from gonio.tracking.track import State
from gonio.tracking.tracker import PoseTracker

_THUMBNAIL_WH = (32, 18)
_THINNED_PX = 256
"""Of a picture wider than this, pixels are left out before it becomes a thumbnail: a few dozen make one of its."""


@dataclass(frozen=True, slots=True)
class FollowSettings:
    """When the detector may rest.

    Attributes:
        detect_every_s: It runs at least this often, so that whoever comes in is seen after at most this time; 0 for
            every frame.
        longest_rest_s: A run with a rate to hold (`gonio.pacing`) lets it rest for up to this long before a frame is
            left out.
        max_score_loss: It runs when somebody's mean keypoint score has fallen by this share since it ran last.
        max_change: It runs when the picture's brightness, in a thumbnail, differs by more than this on average (of 1)
            from the frame before: a cut, a light, a camera that swings.
    """

    detect_every_s: float = 0.2
    longest_rest_s: float = 1.0
    max_score_loss: float = 0.25
    max_change: float = 0.08

    def __post_init__(self) -> None:
        for name in ("detect_every_s", "longest_rest_s", "max_score_loss", "max_change"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ConfigError(
                    f"following setting {name} is {getattr(self, name)}; it must be at least 0 and finite"
                )


class Follower:
    """Finds and follows everyone in the frames of one video, in order. It keeps state: one per source.

    With a top-down model, people are looked at where the tracker expects them, and the detector runs by the settings;
    a one-stage model finds everyone in one pass and runs on every frame.

    Attributes:
        tracker: Who is followed.
        detections: In how many frames the detector ran.
        rest_s: How long it may rest now; who holds a rate may change it.
        settings: When it may rest.
    """

    def __init__(
        self,
        model: PoseModel,
        tracker: PoseTracker | None = None,
        *,
        min_person_score: float | None = None,
        flip_test: bool = False,
        settings: FollowSettings | None = None,
    ) -> None:
        """Take the model; other arguments as of `gonio.stream`."""
        self.tracker = tracker or PoseTracker()
        self.detections = 0
        self._model = model
        self._floor = model.person_floor(min_person_score)
        self._flip_test = flip_test
        self.settings = settings or FollowSettings()
        self.rest_s = self.settings.detect_every_s
        self._detected: _Detection | None = None
        self._thumbnail: FloatArray | None = None

    @property
    def may_rest(self) -> bool:
        """Whether there is a detector that may rest: not with a one-stage model, nor where it shall see every frame."""
        return isinstance(self._model, TopDownModel) and self.settings.detect_every_s > 0

    def __call__(self, frame: Frame) -> Poses:
        """Everyone in the next frame, with ids, stamped with the frame's index and time."""
        changed = self._changed(frame.image)
        poses = None if changed else self._followed(frame)
        if poses is None:
            poses = self._model(frame.image, min_person_score=self._floor, flip_test=self._flip_test)
            self.detections += 1
            tracked = self._tracked(frame, poses)
            self._detected = _Detection.of(self._model, tracked, frame.time_s or 0.0)
            return tracked
        return self._tracked(frame, poses)

    def _tracked(self, frame: Frame, poses: Poses) -> Poses:
        with timed("track"):
            return self.tracker.update(replace(poses, frame_index=frame.index, time_s=frame.time_s), frame.image)

    def _followed(self, frame: Frame) -> Poses | None:
        """The people of the last detection in this frame; None if the detector should look."""
        model, last, time_s = self._model, self._detected, frame.time_s
        if not isinstance(model, TopDownModel) or last is None or time_s is None or not len(last.people):
            return None
        if not last.time_s < time_s < last.time_s + self.rest_s:
            return None
        if any(track.state is State.LOST for track in self.tracker.tracks):
            return None  # whoever was lost may be anywhere
        expected = self.tracker.predict(time_s)
        if set(_ids(expected)) != set(_ids(last.people)):
            return None
        proposals = last.moved_to(expected, frame.image.shape[:2])
        if not (box_area(proposals.boxes) > 0).all():
            return None
        poses = model.refine(frame.image, proposals, flip_test=self._flip_test)
        fallen = poses.scores.mean(axis=1) < (1 - self.settings.max_score_loss) * last.people.scores.mean(axis=1)
        if fallen.any() or len(distinct(poses, max_oks=model.card.max_oks)) < len(poses):
            return None
        return poses

    def _changed(self, image: ImageArray) -> bool:
        height, width = image.shape[:2]
        step = max(width // _THINNED_PX, 1)  # by cv2, which takes a third of the time of image[::step, ::step]
        fewer = cv2.resize(image, (width // step, max(height // step, 1)), interpolation=cv2.INTER_NEAREST)
        small = cv2.resize(fewer, _THUMBNAIL_WH, interpolation=cv2.INTER_AREA)
        now = np.asarray(small.mean(axis=-1) / 255, np.float32)
        before, self._thumbnail = self._thumbnail, now
        return before is None or float(np.abs(now - before).mean()) > self.settings.max_change


@dataclass(frozen=True, slots=True, eq=False)
class _Detection:
    """Who the detector found, in the order of their ids, and what it made of each."""

    people: Poses
    proposal_scores: FloatArray
    time_s: float

    @classmethod
    def of(cls, model: PoseModel, tracked: Poses, time_s: float) -> "_Detection":
        people = tracked[np.argsort(_ids(tracked))]
        of_proposals = model.proposal_scores(people) if isinstance(model, TopDownModel) else people.person_scores
        return cls(people, of_proposals, time_s)

    def moved_to(self, expected: Poses, image_hw: tuple[int, int]) -> Poses:
        """The detector's boxes, each edge moved as the edge of the keypoints' extent has moved since."""
        expected = expected[np.argsort(_ids(expected))]
        both = np.isfinite(self.people.keypoints).all(axis=-1) & (expected.scores > 0)
        moved = box_around(expected.keypoints, both) - box_around(self.people.keypoints, both)
        boxes = self.people.boxes + np.nan_to_num(moved)
        return Poses(
            keypoints=expected.keypoints,
            scores=expected.scores,
            boxes=clip_boxes(boxes, image_hw),
            person_scores=self.proposal_scores,
            skeleton=expected.skeleton,
        )


def _ids(poses: Poses) -> IntArray:
    return np.zeros(0, np.int64) if poses.track_ids is None else poses.track_ids
