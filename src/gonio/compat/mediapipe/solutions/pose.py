"""``mp.solutions.pose``: one person, by BlazePose's landmark networks and, for finding them, Gonio's MultiPose."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from gonio.arrays import FloatArray64, ImageArray
from gonio.compat.mediapipe.landmarks import LandmarkList, NormalizedLandmarkList, in_metres, normalised
from gonio.compat.mediapipe.pose_landmark import PoseLandmark
from gonio.compat.mediapipe.smoothing import PoseSmoother
from gonio.compat.mediapipe.solutions.pose_connections import POSE_CONNECTIONS
from gonio.errors import ConfigError, WeightsError
from gonio.models.blazepose import BlazePoseModel, Looks
from gonio.models.loader import load_model
from gonio.structures.frame import Frame

__all__ = ["POSE_CONNECTIONS", "Pose", "PoseLandmark", "PoseResults"]

_MODELS = ("blazepose-lite", "blazepose-full", "blazepose-heavy")
_CANDIDATES = 3
"""So many proposals are looked at, before it is said that nobody is there."""


@dataclass(frozen=True, slots=True)
class PoseResults:
    """What `Pose.process` found.

    Attributes:
        pose_landmarks: 33 landmarks of the picture; None: nobody.
        pose_world_landmarks: The same in metres; None: nobody.
        segmentation_mask: Always None.
    """

    pose_landmarks: NormalizedLandmarkList | None = None
    pose_world_landmarks: LandmarkList | None = None
    segmentation_mask: None = None


class Pose:
    """The landmarks of the most prominent person. Keeps state in a video: one per video, from one thread.

    Args:
        static_image_mode: Pictures have nothing to do with each other; else they are the frames of a video, in which
            one person is followed without looking for others.
        model_complexity: 0, 1 or 2: the networks lite, full and heavy. Gonio carries lite and full; heavy must be
            installed (docs/blazepose.md).
        smooth_landmarks: In a video, smooth landmarks and visibilities as MediaPipe does.
        enable_segmentation: Must be False: Gonio has no masks.
        smooth_segmentation: Without effect, there being no masks.
        min_detection_confidence: Whoever is found in a picture must have at least this probability of being there,
            as the landmark network tells it. (In MediaPipe it is that of its own detector, which is not used here.)
        min_tracking_confidence: Whoever is followed must have at least this one, or is looked for anew.

    Raises:
        ConfigError: If an argument is out of range, masks are asked for, or the model is not installed.
    """

    def __init__(
        self,
        static_image_mode: bool = False,
        model_complexity: int = 1,
        smooth_landmarks: bool = True,
        enable_segmentation: bool = False,
        smooth_segmentation: bool = True,  # noqa: ARG002 - programs give it
        min_detection_confidence: float = 0.5,
        min_tracking_confidence: float = 0.5,
    ) -> None:
        if enable_segmentation:
            raise ConfigError("enable_segmentation is True, but Gonio finds no masks; leave it out")
        for name, value in (("detection", min_detection_confidence), ("tracking", min_tracking_confidence)):
            if not 0 <= value <= 1:
                raise ConfigError(f"min_{name}_confidence is {value}; give a number from 0 to 1")
        self._static, self._smooth = static_image_mode, smooth_landmarks and not static_image_mode
        self._min_detection, self._min_tracking = min_detection_confidence, min_tracking_confidence
        self._model = _load(model_complexity)
        self._region: FloatArray64 | None = None
        self._smoother = PoseSmoother(landmarks=self._smooth)

    def process(self, image: ImageArray) -> PoseResults:
        """Find the landmarks of one person.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.

        Raises:
            ShapeError: If it is not.
        """
        picture = Frame(image).image
        looks = None if self._region is None else self._followed(picture, self._region)
        if looks is None:
            self.reset()
            looks = self._found(picture)
        if looks is None:
            return PoseResults()
        return self._results(looks, picture)

    def reset(self) -> None:
        """Forget whom was followed."""
        self._region = None
        self._smoother = PoseSmoother(landmarks=self._smooth)

    def close(self) -> None:
        """Forget whom was followed; the object can still be used."""
        self.reset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _followed(self, image: ImageArray, region: FloatArray64) -> Looks | None:
        looks = self._model.look(image, region)
        return looks if looks.flags[0] >= self._min_tracking else None

    def _found(self, image: ImageArray) -> Looks | None:
        """Of the proposals the largest and surest for whom the network is sure enough."""
        people = self._model.propose(image)
        size = np.sqrt(np.maximum(people.boxes[:, 2:] - people.boxes[:, :2], 0).prod(axis=1))
        people = people[np.argsort(-size * people.person_scores, kind="stable")[:_CANDIDATES]]
        if not len(people):
            return None
        looks = self._model.look_twice(image, people)
        sure = np.flatnonzero(looks.flags >= self._min_detection)
        return looks[int(sure[0])] if len(sure) else None

    def _results(self, looks: Looks, image: ImageArray) -> PoseResults:
        """The landmarks as MediaPipe has them; and where to look in the next frame."""
        height, width = image.shape[:2]
        smoother, alignment = self._smoother, looks.alignment[0]
        if not self._static:
            self._region = self._model.next_regions(smoother.alignment(alignment)[None])
        pixels = np.concatenate([looks.points[0], looks.depth[0, :, None]], axis=1).astype(np.float64)
        points = smoother.points(pixels, alignment) / (width, height, width)
        world = smoother.world(looks.world[0].astype(np.float64))
        visibility = smoother.visibility(looks.visibility[0].astype(np.float64))
        return PoseResults(normalised(points, visibility), in_metres(world, visibility))


def _load(complexity: int) -> BlazePoseModel:
    if complexity not in (0, 1, 2):
        raise ConfigError(f"model_complexity is {complexity!r}; give 0, 1 or 2")
    name = _MODELS[complexity]
    way_out = "docs/blazepose.md says how to install it" + (", or give 1" if complexity == 2 else "")
    try:
        model = load_model(name)
    except WeightsError as error:
        raise ConfigError(f"model_complexity is {complexity}, but {name!r} is not installed; {way_out}") from error
    if not isinstance(model, BlazePoseModel):
        raise ConfigError(f"{name!r} is here the name of another kind of model; {way_out}")
    return model
