"""One person over time: `Track`, and the one state machine that says when a person is new, sure, hidden or gone.

::

    TENTATIVE ──seen often and long enough──▶ CONFIRMED ◀──seen again── LOST
        │                                         └──────not seen───────▶ │
        └─────unseen too long──────▶ REMOVED ◀────────unseen too long─────┘
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Self

import numpy as np

from gonio.arrays import FloatArray, FloatArray64
from gonio.structures.poses import Poses
from gonio.tracking import kalman
from gonio.tracking.appearance import blend
from gonio.tracking.body import centre, displacement, size_of
from gonio.tracking.kalman import Motion
from gonio.tracking.settings import TrackSettings


class State(Enum):
    """What a tracker thinks of a person."""

    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    LOST = "lost"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class TrackSummary:
    """One track, to read.

    Attributes:
        track_id: Given once, never again.
        state: Now.
        first_s: Time of the first sighting.
        last_s: Time of the last sighting.
        sightings: Frames that the person was seen in.
        confirmed: Whether it was ever confirmed; one that was not may have been a false alarm.
    """

    track_id: int
    state: State
    first_s: float
    last_s: float
    sightings: int
    confirmed: bool


def next_state(
    state: State, *, seen: bool, sightings: int, seen_for_s: float, unseen_s: float, settings: TrackSettings
) -> State:
    """The state machine: every change of a track's state is made here.

    Args:
        state: Before this frame.
        seen: Whether the person was found in this frame.
        sightings: How often so far, this frame included.
        seen_for_s: From the first to the last sighting.
        unseen_s: Since the last sighting; 0 if seen now.
        settings: The bounds.
    """
    if state is State.REMOVED:
        return State.REMOVED
    if seen:
        sure = sightings >= settings.confirm_sightings and seen_for_s >= settings.confirm_s
        return State.CONFIRMED if sure or state is not State.TENTATIVE else State.TENTATIVE
    if state is State.TENTATIVE:
        return State.TENTATIVE if unseen_s <= settings.tentative_s else State.REMOVED
    return State.LOST if unseen_s <= settings.lost_s else State.REMOVED


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One person: what was seen last, how they move, and what they wear. Immutable: a sighting gives a new one.

    Attributes:
        summary: Id, state and times.
        pose: ``Poses`` of N = 1 at the last sighting, keypoints that were not visible NaN, box with an area.
        place: ``(2,)`` px, the body at the last sighting: the centre of the first box, moved as the keypoints were.
        motion: The filter of x, y px of that place and of the logarithm of the body's size, at the last sighting.
        colours: ``(R, B)`` histograms, NaN where unknown.
    """

    summary: TrackSummary
    pose: Poses
    place: FloatArray64
    motion: Motion
    colours: FloatArray

    @classmethod
    def start(cls, track_id: int, pose: Poses, time_s: float, colours: FloatArray, settings: TrackSettings) -> Self:
        """A new person; ``pose`` as in the attributes."""
        size, place = float(size_of(pose.boxes[0])), centre(pose.boxes[0])
        motion = kalman.at_rest(
            np.array([*place, np.log(size)]),
            position_sd=_noise(size, settings),
            velocity_sd=np.array([size, size, 0.0]),  # walking, either way
        )
        state = next_state(State.TENTATIVE, seen=True, sightings=1, seen_for_s=0.0, unseen_s=0.0, settings=settings)
        summary = TrackSummary(track_id, state, time_s, time_s, 1, state is State.CONFIRMED)
        return cls(summary, pose, place, motion, colours)

    @property
    def size(self) -> float:
        """Body size, px: the longer side of the box, smoothed."""
        return float(np.exp(self.motion.position[2]))

    def moved(self, time_s: float, settings: TrackSettings) -> FloatArray64:
        """``(2,)`` px: how far the body is expected from where it was last seen."""
        return np.asarray(self._motion_at(time_s, settings).position[:2] - self.place, np.float64)

    def seen(self, pose: Poses, time_s: float, colours: FloatArray | None, settings: TrackSettings) -> Self:
        """The track after a sighting; ``colours`` None: not to be learnt from this frame."""
        old = self.summary
        place = self.place + displacement(self.pose.keypoints, self.pose.boxes, pose.keypoints, pose.boxes)[0, 0]
        measured = np.array([*place, np.log(size_of(pose.boxes[0]))])
        sightings = old.sightings + 1
        state = next_state(
            old.state, seen=True, sightings=sightings, seen_for_s=time_s - old.first_s, unseen_s=0.0, settings=settings
        )
        share = 1 - np.exp(-(time_s - old.last_s) / settings.appearance_memory_s)
        summary = replace(
            old, state=state, last_s=time_s, sightings=sightings, confirmed=old.confirmed or state is State.CONFIRMED
        )
        return replace(
            self,
            summary=summary,
            pose=pose,
            place=place,
            motion=kalman.correct(self._motion_at(time_s, settings), measured, _noise(self.size, settings)),
            colours=self.colours if colours is None else blend(self.colours, colours, float(share)),
        )

    def unseen(self, time_s: float, settings: TrackSettings) -> Self:
        """The track after a frame without a sighting."""
        old = self.summary
        state = next_state(
            old.state,
            seen=False,
            sightings=old.sightings,
            seen_for_s=old.last_s - old.first_s,
            unseen_s=time_s - old.last_s,
            settings=settings,
        )
        return replace(self, summary=replace(old, state=state))

    def _motion_at(self, time_s: float, settings: TrackSettings) -> Motion:
        density = settings.acceleration * self.size**2
        return kalman.predict(
            self.motion,
            time_s - self.summary.last_s,
            acceleration=np.array([density, density, 0.0]),
            drift=np.array([0.0, 0.0, settings.size_drift]),
        )


def _noise(size: float, settings: TrackSettings) -> FloatArray64:
    position = settings.position_noise * size
    return np.array([position, position, settings.size_noise])
