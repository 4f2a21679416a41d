"""`PoseSequence`: everyone over time, at the true times of the frames."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np

from gonio.arrays import FlagArray, FloatArray, FloatArray64, IntArray, check_shape
from gonio.errors import ConfigError, ShapeError
from gonio.structures.poses import Poses
from gonio.structures.skeleton import Skeleton


@dataclass(frozen=True, slots=True, eq=False)
class PoseSequence:
    """T time steps x N tracks x K keypoints.

    Attributes:
        keypoints: ``(T, N, K, D)`` float32, D = 2 or 3; NaN where a track is absent or a keypoint missing.
        scores: ``(T, N, K)`` float32 in [0, 1]; 0 where a track is absent.
        time_s: ``(T,)`` float64, strictly increasing true times, never index / fps.
        track_ids: ``(N,)`` int64, unique.
        skeleton: What the K keypoints are.
        unit: ``"px"`` (y down) or ``"m"`` (y up).
        history: What was done to the data, in order.
        keypoint_sd: ``(T, N, K)`` float32, standard deviation of each keypoint along one axis, in ``unit``; NaN where
            unknown; None before it was estimated.
        flags: ``(T, N, K)`` uint8 of `KeypointFlag`; None before cleaning.
        world: ``(T, N, K, 3)`` float32 metres from the middle of the hips, as in `Poses`: the model's own, which
            cleaning leaves as they are; NaN where there is none. None where nobody has any.

    Raises:
        ShapeError: If the arrays disagree on T, N or K, or the times do not increase.
    """

    keypoints: FloatArray
    scores: FloatArray
    time_s: FloatArray64
    track_ids: IntArray
    skeleton: Skeleton
    unit: Literal["px", "m"] = "px"
    history: tuple[str, ...] = ()
    keypoint_sd: FloatArray | None = None
    flags: FlagArray | None = None
    world: FloatArray | None = None

    def __post_init__(self) -> None:
        t, n, k = len(self.time_s), len(self.track_ids), len(self.skeleton)
        d = 3 if self.keypoints.shape[-1:] == (3,) else 2
        check_shape("keypoints", self.keypoints.shape, (t, n, k, d))
        check_shape("scores", self.scores.shape, (t, n, k))
        check_shape("time_s", self.time_s.shape, (t,))
        for name, array in (("keypoint_sd", self.keypoint_sd), ("flags", self.flags)):
            if array is not None:
                check_shape(name, array.shape, (t, n, k))
        if self.world is not None:
            check_shape("world", self.world.shape, (t, n, k, 3))
        check_shape("track_ids", self.track_ids.shape, (n,))
        backward = np.flatnonzero(~(np.diff(self.time_s) > 0))
        if len(backward):
            i = int(backward[0])
            raise ShapeError(
                f"time_s must increase, but goes from {self.time_s[i]} to {self.time_s[i + 1]} at step {i + 1}"
            )
        if len(np.unique(self.track_ids)) != n:
            raise ShapeError(f"track_ids must be unique, got {self.track_ids.tolist()}")

    @classmethod
    def from_poses(cls, frames: Sequence[Poses]) -> Self:
        """Gather tracked frames into one sequence.

        Args:
            frames: At least one frame, all with ``time_s`` and ``track_ids``, in order of time.

        Raises:
            ConfigError: If there is no frame, or one has no time or no track ids.
            ShapeError: If the times do not increase, the skeletons differ, or a frame has a track id twice.
        """
        if not frames:
            raise ConfigError("a sequence needs at least one frame, got none")
        skeleton = frames[0].skeleton
        for poses in frames:
            if poses.time_s is None or poses.track_ids is None:
                raise ConfigError(
                    f"frame {poses.frame_index} has no time_s or no track_ids; a sequence needs tracked video frames"
                )
            if poses.skeleton.name != skeleton.name:
                raise ShapeError(f"frames mix the skeletons {skeleton.name!r} and {poses.skeleton.name!r}")
            if len(np.unique(poses.track_ids)) != len(poses):
                raise ShapeError(f"frame {poses.frame_index} has a track id twice: {poses.track_ids.tolist()}")
        ids = np.unique(np.concatenate([_ids(poses) for poses in frames]))
        keypoints = np.full((len(frames), len(ids), len(skeleton), 2), np.nan, np.float32)
        scores = np.zeros(keypoints.shape[:3], np.float32)
        has_world = any(poses.world is not None for poses in frames)
        world = np.full((*scores.shape, 3), np.nan, np.float32) if has_world else None
        for step, poses in enumerate(frames):
            columns = np.searchsorted(ids, _ids(poses))
            keypoints[step, columns] = poses.keypoints
            scores[step, columns] = poses.scores
            if world is not None and poses.world is not None:
                world[step, columns] = poses.world
        times = np.array([poses.time_s for poses in frames], np.float64)
        return cls(keypoints, scores, times, ids, skeleton, world=world)

    def __len__(self) -> int:
        return len(self.time_s)

    def point(self, name: str) -> FloatArray:
        """``(T, N, D)``: one keypoint of everyone, by its name, for example ``"left_knee"``."""
        return self.keypoints[:, :, self.skeleton.index(name)]

    def person(self, track_id: int) -> Self:
        """The same sequence with one track only.

        Raises:
            ConfigError: If no track has this id.
        """
        columns = np.flatnonzero(self.track_ids == track_id)
        if not len(columns):
            raise ConfigError(f"no track {track_id}; the tracks are {self.track_ids.tolist()}")
        return self._tracks(columns)

    def present(self) -> Self:
        """The same sequence without the tracks that have no keypoint in it."""
        return self._tracks(np.flatnonzero(np.isfinite(self.keypoints).any(axis=(0, 2, 3))))

    def _tracks(self, columns: IntArray) -> Self:
        per_person = ("keypoints", "scores", "keypoint_sd", "flags", "world")
        arrays = {name: getattr(self, name) for name in per_person}
        return replace(
            self,
            track_ids=self.track_ids[columns],
            **{name: array[:, columns] for name, array in arrays.items() if array is not None},
        )

    def between(self, start_s: float, end_s: float) -> Self:
        """The steps with ``start_s <= time_s <= end_s``."""
        steps = (self.time_s >= start_s) & (self.time_s <= end_s)
        per_step = ("keypoints", "scores", "time_s", "keypoint_sd", "flags", "world")
        arrays = {name: getattr(self, name) for name in per_step}
        return replace(self, **{name: array[steps] for name, array in arrays.items() if array is not None})

    def noted(self, line: str) -> Self:
        """The same sequence with one more line of history."""
        return replace(self, history=(*self.history, line))


def _ids(poses: Poses) -> IntArray:
    return np.zeros(0, np.int64) if poses.track_ids is None else poses.track_ids
