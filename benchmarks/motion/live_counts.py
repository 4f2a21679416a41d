"""Does the live counter count what simulated people do? ``python -m benchmarks.motion.live_counts`` prints one table.

People of known motion stand still, exercise, pause, stop half-way, leave and come back, at several frame rates. Their
keypoints err as those of the default model do at a score: by the table of `gonio.analysis.uncertainty`, half of the
variance lasting, the rest new in every frame or fading (`gonio.analysis.propagation`). Each is counted frame by frame,
as the keypoints come and smoothed as on the live page, and as a recording.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from benchmarks.motion.jointed_person import From, jointed_person, seen
from gonio.analysis.exercises import LiveCounter, analyse_exercise, load_exercise
from gonio.analysis.live import LiveSmoother
from gonio.analysis.propagation import CORRELATION_S, FRESH, LASTING
from gonio.analysis.uncertainty import BOX_OVER_KEYPOINTS, DEFAULT_ERROR_BY_SCORE
from gonio.arrays import FloatArray64
from gonio.motion.people import prepare
from gonio.score_maps import through_knots
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence

Depth = FloatArray64
"""``(T,)`` of one exercise: 0 at rest, 1 at the extreme."""


def _squat(depth: Depth) -> FloatArray64:
    """Feet in place, thighs and shanks tilt, the trunk leans."""
    points = jointed_person(
        len(depth),
        skeleton="coco17",
        trunk_lean=30 * depth,
        hip_flexion=85 * depth,
        knee_flexion=105 * depth,
        shoulder_elevation=60 * depth,
    )
    return _standing(points)


def _curl(depth: Depth) -> FloatArray64:
    return jointed_person(len(depth), skeleton="coco17", elbow_flexion=10 + 125 * depth)


def _raise_arms(depth: Depth) -> FloatArray64:
    return jointed_person(len(depth), skeleton="coco17", shoulder_elevation=10 + 130 * depth, elbow_flexion=10.0)


def _kick(depth: Depth) -> FloatArray64:
    """Seated, both shanks go up."""
    return jointed_person(len(depth), skeleton="coco17", hip_flexion=85.0, knee_flexion=85 - 75 * depth)


def _heel_raise(depth: Depth) -> FloatArray64:
    points = jointed_person(len(depth), skeleton="coco17", elbow_flexion=10.0)
    return np.asarray(points + depth[:, None, None] * np.array([0.02, 0.085, 0.0]))


def _standing(points: FloatArray64) -> FloatArray64:
    """Moved so that the ankles stay where they are at first."""
    ankles = points[:, 15:17].mean(axis=1, keepdims=True)
    return np.asarray(points - ankles + ankles[:1])


MOTIONS: dict[str, tuple[Callable[[Depth], FloatArray64], From]] = {
    "squat": (_squat, "front"),
    "elbow-curl": (_curl, "right"),
    "shoulder-flexion": (_raise_arms, "right"),
    "knee-extension": (_kick, "right"),
    "heel-raise": (_heel_raise, "front"),
}


@dataclass(frozen=True)
class Scene:
    """What somebody does.

    Attributes:
        name: Of the scene.
        reps: How many repetitions a careful watcher counts.
        parts: Each repetition: seconds, pause after it in seconds, size (1: the full one).
        gone_s: From when to when they are out of the picture.
        dropped: Share of the frames that are lost.
        nearer: How many times larger they are seen at first, in the seconds before the first repetition.
        rest_s: Before the first and after the last repetition.
    """

    name: str
    reps: int
    parts: tuple[tuple[float, float, float], ...]
    gone_s: tuple[float, float] | None = None
    dropped: float = 0.0
    nearer: float = 1.0
    rest_s: float = 2.0

    def depth(self, rate_hz: float) -> tuple[FloatArray64, Depth]:
        """``(T,)`` times and how far they have gone."""
        total = 2 * self.rest_s + sum(period + pause for period, pause, _ in self.parts)
        time_s = np.arange(0, total, 1 / rate_hz)
        depth, start = np.zeros(len(time_s)), self.rest_s
        for period, pause, size in self.parts:
            inside = (time_s >= start) & (time_s < start + period)
            depth[inside] = size * (1 - np.cos(2 * np.pi * (time_s[inside] - start) / period)) / 2
            start += period + pause
        return time_s, depth


SCENES = (
    Scene("stands still", 0, (), rest_s=20.0),
    Scene("2.5 s each", 6, ((2.5, 0, 1),) * 6),
    Scene("pauses of 6 s", 4, ((2.5, 6, 1),) * 4),
    Scene("very slow, 9 s", 3, ((9, 0, 1),) * 3),
    Scene("very quick, 1 s", 8, ((1, 0, 1),) * 8),
    Scene("partial between", 4, ((2.5, 0, 1), (2.5, 0, 0.3)) * 4),
    Scene("4 of 10 frames lost", 6, ((2.5, 0, 1),) * 6, dropped=0.4),
    Scene("away for 5 s", 6, ((2.5, 0, 1),) * 3 + ((2.5, 8, 1),) + ((2.5, 0, 1),) * 2, gone_s=(13.0, 18.0)),
    Scene("steps back first", 6, ((2.5, 0, 1),) * 6, nearer=2.0, rest_s=6.0),
)


def with_model_error(sequence: PoseSequence, score: float, rng: np.random.Generator) -> PoseSequence:
    """Keypoints off as the default model's of such a score; scores scatter about it."""
    points = sequence.keypoints[:, 0].astype(np.float64)
    steps, count = points.shape[:2]
    root = BOX_OVER_KEYPOINTS * np.sqrt(np.prod(np.nanmax(points, axis=1) - np.nanmin(points, axis=1), axis=-1))
    mean = np.clip(score + rng.normal(0, 0.03, count), 0.16, 0.99)
    scores = np.clip(mean + rng.normal(0, 0.04, (steps, count)), 0.16, 0.99)
    sd = through_knots(mean.astype(np.float32), DEFAULT_ERROR_BY_SCORE) * np.median(root) / np.sqrt(2)
    lasting, (fresh, drive) = rng.normal(size=(1, count, 2)), rng.normal(size=(2, steps, count, 2))
    fading = drive.copy()
    for step in range(1, steps):
        keep = np.exp(-(sequence.time_s[step] - sequence.time_s[step - 1]) / CORRELATION_S)
        fading[step] = keep * fading[step - 1] + np.sqrt(1 - keep**2) * drive[step]
    changing = np.sqrt(FRESH) * fresh + np.sqrt(1 - FRESH) * fading
    error = np.sqrt(LASTING) * lasting + np.sqrt(1 - LASTING) * changing
    noisy = points + np.asarray(sd)[:, None] * error
    return replace(sequence, keypoints=noisy[:, None].astype(np.float32), scores=scores[:, None].astype(np.float32))


def simulated(exercise: str, scene: Scene, *, rate_hz: float, score: float, seed: int) -> PoseSequence:
    """What a model would find of a scene."""
    rng = np.random.default_rng(seed)
    motion, camera = MOTIONS[exercise]
    time_s, depth = scene.depth(rate_hz)
    sequence = replace(seen(motion(depth), camera=camera, skeleton="coco17", rate_hz=rate_hz), time_s=time_s)
    sequence = with_model_error(sequence, score, rng)
    # two seconds on the spot, then back, and there a second before the first repetition
    size = np.interp(time_s, [2.0, max(scene.rest_s - 1, 2.1)], [scene.nearer, 1.0])
    centre = np.array([960, 540], np.float32)
    keypoints = centre + (sequence.keypoints - centre) * size[:, None, None, None].astype(np.float32)
    kept = rng.random(len(time_s)) >= scene.dropped
    if scene.gone_s:
        kept &= (time_s < scene.gone_s[0]) | (time_s >= scene.gone_s[1])
    return replace(sequence, keypoints=keypoints[kept], scores=sequence.scores[kept], time_s=time_s[kept])


def frames(sequence: PoseSequence, *, smooth: bool) -> Iterator[tuple[Poses, float]]:
    """One person, frame by frame."""
    smoother = LiveSmoother()
    for step, time_s in enumerate(sequence.time_s.tolist()):
        points = sequence.keypoints[step]
        found = np.isfinite(points[0]).all(axis=-1)
        box = np.concatenate([points[0][found].min(axis=0), points[0][found].max(axis=0)])
        poses = Poses(
            points,
            sequence.scores[step],
            box[None].astype(np.float32),
            np.ones(1, np.float32),
            sequence.skeleton,
            np.zeros(1, np.int64),
            step,
            time_s,
        )
        yield (smoother.step(poses) if smooth else poses), time_s


def live_count(sequence: PoseSequence, exercise: str, *, smooth: bool) -> int:
    """Repetitions at the last frame."""
    counter, count = LiveCounter(load_exercise(exercise)), 0
    for poses, time_s in frames(sequence, smooth=smooth):
        count = counter.step(poses, time_s).count
    return count


WAYS: dict[str, Callable[[PoseSequence, str], int]] = {
    "live": lambda sequence, exercise: live_count(sequence, exercise, smooth=False),
    "live page": lambda sequence, exercise: live_count(sequence, exercise, smooth=True),
    "recorded": lambda sequence, exercise: len(
        analyse_exercise(prepare(sequence), load_exercise(exercise)).repetitions
    ),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2, help="people of each kind")
    parser.add_argument("--rates", type=float, nargs="+", default=[30.0], help="of the camera, Hz")
    parser.add_argument("--scores", type=float, nargs="+", default=[0.95, 0.3], help="of the keypoints")
    parser.add_argument("--exercises", nargs="+", default=list(MOTIONS))
    parser.add_argument("--ways", nargs="+", default=["live", "live page"], choices=list(WAYS))
    parser.add_argument("--each", action="store_true", help="a line for each exercise, too")
    args = parser.parse_args()
    print(f"{'scene':22}{'score':>6}{'reps':>6}" + "".join(f"{way:>22}" for way in args.ways))
    print(" " * 34 + f"{'mean count':>12}{'wrong by':>10}" * len(args.ways))
    for scene, score in product(SCENES, args.scores):
        cells, each = "", {}
        for way in args.ways:
            counts = {
                exercise: [
                    WAYS[way](simulated(exercise, scene, rate_hz=rate, score=score, seed=seed), exercise)
                    for rate, seed in product(args.rates, range(args.seeds))
                ]
                for exercise in args.exercises
            }
            each[way] = counts
            found = np.array(list(counts.values()))
            cells += f"{found.mean():12.2f}{np.abs(found - scene.reps).mean():10.2f}"
        print(f"{scene.name:22}{score:6}{scene.reps:6}{cells}", flush=True)
        if args.each:
            for way, counts in each.items():
                print(f"    {way}: {counts}", flush=True)


if __name__ == "__main__":
    main()
