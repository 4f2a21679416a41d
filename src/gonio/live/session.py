"""`LiveSession`: from a frame to what is shown of it. It knows nothing of cameras, threads or pages."""

import threading
from dataclasses import dataclass

import numpy as np

from gonio.analysis.live import LiveSmoother
from gonio.analysis.options import AnalysisOptions
from gonio.arrays import BoolArray, ImageArray
from gonio.draw.overlay import DrawStyle, draw_poses
from gonio.errors import ConfigError
from gonio.following import Follower
from gonio.live.gauges import Gauge, Reading, gauge_for
from gonio.models.model import PoseModel
from gonio.motion.people import errors_of
from gonio.motion.quarter_turns import as_filmed, quarters_to_upright, upright_frame
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses

_WAIT_S = 1.0
"""Whoever is measured may be unseen for so long before somebody else is measured."""
_BYSTANDERS = DrawStyle(line_scale=0.4)


@dataclass(frozen=True, slots=True, eq=False)
class LiveView:
    """A frame and what was read of it.

    Attributes:
        frame: As it came.
        person: Whoever is measured, with smoothed keypoints: one, or nobody.
        others: Everybody else.
        reading: What to show.
    """

    frame: Frame
    person: Poses
    others: Poses
    reading: Reading

    def drawn(self) -> ImageArray:
        """``(H, W, 3)`` uint8 RGB: the picture with everyone drawn, bystanders with thin lines."""
        image = self.frame.image
        if len(self.others):
            image = draw_poses(image, self.others, style=_BYSTANDERS)
        return draw_poses(image, self.person)


class LiveSession:
    """Follows people, measures one of them. Keeps state: feed it the frames of one source, in order of time.

    Args:
        model: Finds the keypoints.
        activity: ``"auto"``, ``"angles"``, or an exercise.
        options: What is known beforehand.

    Raises:
        ConfigError: If there is no such activity, or it cannot be watched live.
    """

    def __init__(self, model: PoseModel, *, activity: str, options: AnalysisOptions | None = None) -> None:
        self._activity, self._options = activity, options or AnalysisOptions()
        self._errors = errors_of(model)
        self._gauge = self._new_gauge()
        self._follow = Follower(model)
        self._quarters = quarters_to_upright(self._options.up_deg)
        self._smoother = LiveSmoother()
        self._chosen: int | None = None
        self._seen_s = -np.inf
        self._reset = threading.Event()

    @property
    def title(self) -> str:
        """What is watched: ``"Squat"``."""
        return self._gauge.title

    def reset(self) -> None:
        """Count from zero, and choose anew whom, from the next frame on; may be called from any thread."""
        self._reset.set()

    def step(self, frame: Frame) -> LiveView:
        """Feed the next frame.

        Raises:
            ConfigError: If the frame has no time, or one that is not after the last.
        """
        if frame.time_s is None:
            raise ConfigError(f"'{frame.source}' has frames without a time; live are cameras, streams and videos")
        if self._reset.is_set():
            self._reset.clear()
            self._gauge, self._chosen, self._seen_s = self._new_gauge(), None, -np.inf
        found = self._follow(upright_frame(frame, self._quarters))
        everyone = self._smoother.step(as_filmed(found, frame.size_wh, self._quarters))
        chosen = self._measured(everyone, frame.time_s)
        person = everyone[chosen]
        return LiveView(frame, person, everyone[~chosen], self._gauge.step(person, frame.time_s))

    def _new_gauge(self) -> Gauge:
        return gauge_for(self._activity, self._options, errors=self._errors)

    def _measured(self, everyone: Poses, time_s: float) -> BoolArray:
        """``(N,)``: whoever was measured before; after they were gone for a while, the largest who is well seen."""
        ids = np.zeros(0, np.int64) if everyone.track_ids is None else everyone.track_ids
        if len(ids) and self._chosen not in ids.tolist() and time_s - self._seen_s > _WAIT_S:
            size = np.sqrt(np.prod(np.maximum(everyone.boxes[:, 2:] - everyone.boxes[:, :2], 0), axis=1))
            self._chosen = int(ids[int(np.argmax(size * everyone.person_scores))])
        chosen = np.asarray(ids == (-1 if self._chosen is None else self._chosen))
        if chosen.any():
            self._seen_s = time_s
        return chosen
