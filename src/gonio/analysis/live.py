"""Smoothing while the camera runs: the causal counterpart of `gonio.analysis.cleaning`, for drawing."""

from dataclasses import replace

import numpy as np

from gonio.analysis.filters import OneEuroFilter
from gonio.arrays import FloatArray64
from gonio.errors import ConfigError
from gonio.structures.poses import Poses


class LiveSmoother:
    """One Euro filters, one per track; keeps state.

    Speeds are taken relative to the person's size, so that near and far people are smoothed alike.

    Args:
        min_cutoff_hz: Cut-off at rest.
        beta: Hz that the cut-off rises per person's size and second.
        forget_s: A track that was away for so long begins anew.

    Example:
        >>> from gonio.structures.skeleton import load_skeleton
        >>> smoother = LiveSmoother()
        >>> len(smoother.step(Poses.empty(load_skeleton("coco17"))))
        0
    """

    def __init__(self, *, min_cutoff_hz: float = 1.5, beta: float = 12.0, forget_s: float = 1.0) -> None:
        self.min_cutoff_hz, self.beta, self.forget_s = min_cutoff_hz, beta, forget_s
        self._filters: dict[int, tuple[OneEuroFilter, float]] = {}
        self._seen_s: dict[int, float] = {}

    def step(self, poses: Poses) -> Poses:
        """The same people with smoothed keypoints; boxes and scores stay.

        Raises:
            ConfigError: If people have no track ids or the frame no time, or if time does not increase.
        """
        if not len(poses):
            return poses
        if poses.track_ids is None or poses.time_s is None:
            raise ConfigError("smoothing needs track ids and the time of the frame; track the poses of a video first.")
        self._forget(poses.time_s)
        people = zip(poses.track_ids.tolist(), poses.keypoints.astype(np.float64), poses.boxes, strict=True)
        smooth = [self._person(track, points, box, poses.time_s) for track, points, box in people]
        return replace(poses, keypoints=np.stack(smooth).astype(np.float32))

    def _person(self, track: int, points: FloatArray64, box: FloatArray64, now_s: float) -> FloatArray64:
        if track not in self._filters:
            # The size at first sight serves as the unit for as long as the track lasts: it must not jump.
            size = max(float(np.hypot(box[2] - box[0], box[3] - box[1])), 1.0)
            self._filters[track] = (OneEuroFilter(self.min_cutoff_hz, self.beta), size)
        smooth, size = self._filters[track]
        self._seen_s[track] = now_s
        return smooth.step(points / size, now_s) * size

    def _forget(self, now_s: float) -> None:
        for track in [track for track, seen_s in self._seen_s.items() if now_s - seen_s > self.forget_s]:
            del self._filters[track], self._seen_s[track]
