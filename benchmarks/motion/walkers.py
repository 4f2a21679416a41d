"""Drawn people who walk, and what a pose model makes of them: scenes in which the true ids are known.

Keypoints err as the default model's card says (`Calibration.keypoint_error`, measured on photographs). People are
missed for a few frames at a time, some are found twice, and now and then somebody is found where nobody is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from gonio.arrays import BoolArray, FloatArray64, ImageArray
from gonio.geometry.boxes import box_area, box_around
from gonio.models.calibration import ExpectedError
from gonio.structures.poses import Poses
from gonio.structures.skeleton import load_skeleton

COCO17 = load_skeleton("coco17")
WIDTH, HEIGHT, FPS = 640, 360, 30.0
MISSED, MISSED_S = 0.2, 0.1
"""Share of frames in which a visible person is missed, and mean length of a run of them.

In samples/walk.mp4 two people are there in all 90 frames; ``gonio predict`` finds 141 of these 180. The length of a
run is assumed.
"""
TWICE, FALSE_ALARM = 0.02, 0.02
"""Share of people found twice, and of frames with somebody too many."""
COVERED = 0.6
"""A person is not seen whose box is covered to this part by the box of somebody in front."""

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Walker:
    """One person.

    Attributes:
        path: Seconds ``(T,)`` → px from the left ``(T,)`` of the hips; outside the picture nobody is seen.
        height: px.
        ground: px from the top, where the feet are; who stands lower is in front.
        shirt: RGB.
        trousers: RGB.
        hidden_s: From when to when something stands before the person.
    """

    path: Callable[[FloatArray64], FloatArray64]
    height: float
    ground: float
    shirt: Colour
    trousers: Colour
    hidden_s: tuple[float, float] = (np.inf, np.inf)


def keypoints(walker: Walker, x: float, facing: float) -> FloatArray64:
    """``(17, 2)`` px: a walker in profile whose hips are at ``x``; a stride is 0.8 body heights."""
    phase = 2 * np.pi * x / (0.8 * walker.height) * facing + np.array([0, np.pi])  # of left and right leg
    thigh, knee = 0.45 * np.sin(phase), 0.5 * (1 + np.cos(phase))  # rad
    hips = np.array([[0.02, 0.53], [-0.02, 0.53]])
    knees = hips + 0.25 * _down(thigh)
    ankles = knees + 0.24 * _down(thigh - knee)
    shoulders = np.array([[0.03, 0.82], [-0.03, 0.82]])
    elbows = shoulders + 0.17 * _down(-0.8 * thigh)
    wrists = elbows + 0.15 * _down(0.3 - 0.8 * thigh)
    face = np.array([[0.07, 0.92], [0.06, 0.94], [0.05, 0.94], [0.0, 0.93], [-0.01, 0.93]])
    body = np.concatenate([face, shoulders, elbows, wrists, hips, knees, ankles])
    return np.stack([x + facing * walker.height * body[:, 0], walker.ground - walker.height * body[:, 1]], axis=-1)


def play(walkers: Sequence[Walker], seconds: float, rng: np.random.Generator) -> Iterator[tuple[Poses, ImageArray]]:
    """Who can be seen, with true ids, and the picture, at times that are not quite regular."""
    steps = int(seconds * FPS)
    times = np.arange(steps) / FPS + rng.uniform(0, 0.3 / FPS, steps)
    places = np.stack([walker.path(times) for walker in walkers], axis=1)
    facing = np.where(np.gradient(places, times, axis=0) >= 0, 1.0, -1.0)
    for step, time_s in enumerate(times):
        points = [keypoints(w, *at) for w, *at in zip(walkers, places[step], facing[step], strict=True)]
        shown = np.array([0 < x < WIDTH for x in places[step]])
        shown &= [not w.hidden_s[0] <= time_s < w.hidden_s[1] for w in walkers]
        people = replace(as_poses(np.stack(points)), track_ids=np.arange(len(walkers)), frame_index=step)
        seen = shown & ~_covered(people, shown, [walker.ground for walker in walkers])
        yield replace(people[seen], time_s=float(time_s)), _picture(walkers, points, shown, rng)


class NoisyModel:
    """Finds people with the errors of a real model; it keeps whom it misses from frame to frame."""

    def __init__(self, errors: Sequence[ExpectedError], rng: np.random.Generator) -> None:
        self._errors = errors
        self._share = np.array([error.keypoints for error in errors]) / sum(error.keypoints for error in errors)
        self._rng = rng
        self._missed: dict[int, bool] = {}

    def __call__(self, truth: Poses) -> Poses:
        """The people of a frame, in any order, without ids."""
        ids = [] if truth.track_ids is None else truth.track_ids.tolist()
        kept = [i for i, person in enumerate(ids) if not self._is_missed(person)]
        chosen = kept + [i for i in kept if self._rng.random() < TWICE]
        points = [self._noisy(truth, i) for i in chosen]
        if self._rng.random() < FALSE_ALARM:
            size, at = self._rng.uniform(50, 200), self._rng.uniform((0, 0), (WIDTH, HEIGHT))
            points.append((at + size * self._rng.random((17, 2)), self._rng.uniform(0.1, 0.5, 17)))
        if not points:
            return replace(truth[:0], track_ids=None)
        order = self._rng.permutation(len(points))
        found = as_poses(np.stack([points[i][0] for i in order]), np.stack([points[i][1] for i in order]))
        return replace(found, frame_index=truth.frame_index, time_s=truth.time_s)

    def _is_missed(self, person: int) -> bool:
        """Runs of a mean length, so many that the share comes out."""
        end = 1 / (MISSED_S * FPS)
        start = end * MISSED / (1 - MISSED)
        was = self._missed.get(person, False)
        self._missed[person] = self._rng.random() < (1 - end if was else start)
        return self._missed[person]

    def _noisy(self, truth: Poses, i: int) -> tuple[FloatArray64, FloatArray64]:
        """Keypoints and scores; a distance is log-normal, which the median and the root mean square determine."""
        drawn = [self._errors[k] for k in self._rng.choice(len(self._errors), 17, p=self._share)]
        median, rms = np.array([[error.median, error.rms] for error in drawn]).T
        spread = np.sqrt(np.log(rms / median))
        distance = median * np.exp(spread * self._rng.standard_normal(17)) * np.sqrt(float(box_area(truth.boxes[i])))
        angle = self._rng.uniform(0, 2 * np.pi, 17)
        off = distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        return truth.keypoints[i] + off, np.array([error.score for error in drawn])


def as_poses(points: FloatArray64, scores: FloatArray64 | None = None) -> Poses:
    """``(N, 17, 2)`` keypoints with a box a little wider than they are, as labels have."""
    given = np.ones(points.shape[:2]) if scores is None else scores
    boxes = box_around(points.astype(np.float32), given > 0)
    margin = 0.05 * (boxes[:, 3] - boxes[:, 1])[:, None] * np.array([-1, -1, 1, 1])
    return Poses(
        keypoints=points.astype(np.float32),
        scores=given.astype(np.float32),
        boxes=(boxes + margin).astype(np.float32),
        person_scores=given.mean(axis=1).astype(np.float32),
        skeleton=COCO17,
    )


def _down(angle: FloatArray64) -> FloatArray64:
    return np.stack([np.sin(angle), -np.cos(angle)], axis=-1)


def _covered(people: Poses, shown: BoolArray, ground: Sequence[float]) -> BoolArray:
    low = np.maximum(people.boxes[:, None, :2], people.boxes[None, :, :2])
    high = np.minimum(people.boxes[:, None, 2:], people.boxes[None, :, 2:])
    part = box_area(np.concatenate([low, high], axis=-1)) / box_area(people.boxes)[:, None]
    in_front = np.array(ground)[:, None] < np.array(ground)[None]
    return np.asarray(((part > COVERED) & in_front & shown).any(axis=1))


def _picture(
    walkers: Sequence[Walker], points: Sequence[FloatArray64], shown: BoolArray, rng: np.random.Generator
) -> ImageArray:
    """Bars for limbs and trunks before grey noise, those in front last."""
    image = np.full((HEIGHT, WIDTH, 3), 110, np.uint8)
    for i in sorted(np.flatnonzero(shown).tolist(), key=lambda i: walkers[i].ground):
        walker, at = walkers[i], points[i].round().astype(int).tolist()
        width = max(2, round(0.06 * walker.height))
        for a, b in ((11, 13), (12, 14), (13, 15), (14, 16)):
            cv2.line(image, at[a], at[b], walker.trousers, width)
        cv2.line(image, at[5], at[11], walker.shirt, 2 * width)
        for a, b in ((5, 7), (7, 9), (6, 8), (8, 10)):
            cv2.line(image, at[a], at[b], walker.shirt, width)
    return np.asarray(image + rng.integers(0, 25, image.shape, np.uint8), np.uint8)
