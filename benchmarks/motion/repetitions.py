"""Repetitions on clips of push-ups, pull-ups, squats and dips: ``python -m benchmarks.motion.repetitions``.

For each clip: repetitions by hand and counted, with the exercise named, with ``recognise``, live and without knowing
the exercise; and how far the nearest event lies from each labelled one. The labels mark a repetition's start posture:
arms or legs straight. Then the same clips rolled, mirrored, slowed and with frames dropped, and clips in which nobody
exercises.

``--keypoints FOLDER`` takes stored keypoints (``gonio predict CLIP --model thunder --track --json FOLDER/CLIP.json``)
instead of the model.
"""

import argparse
import csv
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

import gonio
from benchmarks.motion.people import main_person
from gonio.analysis.cleaning import clean
from gonio.analysis.exercises import (
    LiveCounter,
    analyse_exercise,
    count_repetitions,
    list_exercises,
    load_exercise,
    recognise,
)
from gonio.arrays import IntArray
from gonio.models.registry import measuring_name
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("GONIO_SHARED", ROOT.parent / "shared")) / "data"
EXERCISES = {"dips": "dip", "pull-ups": "pull-up", "push-ups": "push-up", "squats": "squat"}
IDLE = ((SHARED / "videos" / "sports2d_demo.mp4", 2.5), (ROOT / "samples" / "walk.mp4", 0.0))
"""Walking people, and from when: in the first one somebody else does two jumping jacks before."""


@dataclass(frozen=True)
class Clip:
    """A labelled clip and the keypoints of its main person."""

    name: str
    exercise: str
    reps: int
    labels_s: tuple[float, ...]
    raw: PoseSequence


def clips(stored: Path | None) -> list[Clip]:
    """All clips of the manifest."""
    folder = SHARED / "exercise"
    model = None if stored else gonio.load_model(measuring_name())
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        return [
            Clip(
                name=Path(row["file"]).stem,
                exercise=EXERCISES[row["exercise"]],
                reps=int(row["reps"]),
                labels_s=tuple(int(frame) / float(row["fps"]) for frame in row["event_frames"].split()),
                raw=main_person(folder / row["file"], model=model, stored=stored),
            )
            for row in csv.DictReader(file)
        ]


def event_errors_s(sequence: PoseSequence, clip: Clip) -> list[float]:
    """From each labelled start posture to the nearest event of rest, start or end."""
    events = analyse_exercise(sequence, load_exercise(clip.exercise)).events
    turn = load_exercise(clip.exercise).events.turn
    times = np.array([event.time_s for event in events if event.name != turn])
    return [float(np.abs(times - label).min()) if len(times) else float("inf") for label in clip.labels_s]


def live_counts(sequence: PoseSequence, exercise: str) -> tuple[int, int]:
    """Repetitions counted frame by frame, from keypoints as the model gave them: at the last frame, and finished."""
    counter = LiveCounter(load_exercise(exercise))
    count = 0
    for step, time_s in enumerate(sequence.time_s):
        seen = np.isfinite(sequence.keypoints[step]).any(axis=(1, 2))
        one = Poses(
            sequence.keypoints[step],
            sequence.scores[step],
            np.zeros((1, 4), np.float32),
            np.ones(1, np.float32),
            sequence.skeleton,
        )
        count = counter.step(one[seen], float(time_s)).count
    return count, counter.finish().count


def rolled(sequence: PoseSequence, deg: float) -> PoseSequence:
    """As from a camera that is not level."""
    cos, sin = np.cos(np.radians(deg)), np.sin(np.radians(deg))
    turn = np.array([[cos, -sin], [sin, cos]], np.float32)
    return replace(sequence, keypoints=sequence.keypoints @ turn)


def mirrored(sequence: PoseSequence) -> PoseSequence:
    """Left for right."""
    flip = list(sequence.skeleton.flip_indices)
    keypoints = sequence.keypoints[:, :, flip] * np.array([-1, 1], np.float32)
    return replace(sequence, keypoints=keypoints, scores=sequence.scores[:, :, flip])


def with_dropped_frames(sequence: PoseSequence, seed: int) -> PoseSequence:
    """Six of ten frames, at random."""
    kept = np.random.default_rng(seed).choice(len(sequence), int(0.6 * len(sequence)), replace=False)
    return only(sequence, np.sort(kept))


def only(sequence: PoseSequence, kept: IntArray) -> PoseSequence:
    """Some of the frames, at their times."""
    return replace(
        sequence, keypoints=sequence.keypoints[kept], scores=sequence.scores[kept], time_s=sequence.time_s[kept]
    )


def with_repeated_frames(sequence: PoseSequence) -> PoseSequence:
    """Slowed by an editor that keeps the frame rate: each frame is there twice."""
    twice = np.repeat(np.arange(len(sequence)), 2)
    time_s = sequence.time_s[0] + np.median(np.diff(sequence.time_s)) * np.arange(len(twice))
    return replace(sequence, keypoints=sequence.keypoints[twice], scores=sequence.scores[twice], time_s=time_s)


COPIES: dict[str, tuple[Callable[[PoseSequence], PoseSequence], float]] = {
    "rolled +8 deg": (lambda s: rolled(s, 8), 1.0),
    "rolled -8 deg": (lambda s: rolled(s, -8), 1.0),
    "mirrored": (mirrored, 1.0),
    "slowed x 2": (lambda s: replace(s, time_s=2 * s.time_s), 2.0),
    "slowed x 4": (lambda s: replace(s, time_s=4 * s.time_s), 4.0),
    "each frame twice": (with_repeated_frames, 2.0),
    "every 2nd frame": (lambda s: only(s, np.arange(0, len(s), 2)), 1.0),
    "every 3rd frame": (lambda s: only(s, np.arange(0, len(s), 3)), 1.0),
    **{f"4/10 dropped, {seed}": (partial(with_dropped_frames, seed=seed), 1.0) for seed in range(3)},
}


def table(data: list[Clip]) -> None:
    """Counts and event errors, clip by clip."""
    heads = f"{'by hand':>8}{'named':>7}{'auto':>6}{'live':>6}{'ended':>6}{'agnostic':>10}"
    print(f"{'clip':24}{heads}  event error, s   recognised")
    counted: dict[str, list[int]] = {"named": [], "auto": [], "live": [], "ended": [], "agnostic": []}
    errors: list[float] = []
    for clip in data:
        sequence = clean(clip.raw)
        found = recognise(sequence).exercise
        named = len(analyse_exercise(sequence, load_exercise(clip.exercise)).repetitions)
        auto = len(analyse_exercise(sequence, load_exercise(found)).repetitions) if found else 0
        live, ended = live_counts(clip.raw, clip.exercise)
        row = {
            "named": named,
            "auto": auto,
            "live": live,
            "ended": ended,
            "agnostic": len(count_repetitions(sequence).repetitions),
        }
        for key, value in row.items():
            counted[key].append(value - clip.reps)
        own = event_errors_s(sequence, clip)
        errors += own
        numbers = f"{row['named']:7}{row['auto']:6}{row['live']:6}{row['ended']:6}{row['agnostic']:10}"
        print(f"{clip.name:24}{clip.reps:8}{numbers}  mean {np.mean(own):.3f}       {found or 'unknown'}")
    for key, differences in counted.items():
        wrong = np.abs(differences)
        print(f"{key:10} MAE {wrong.mean():.2f}  off-by-one accuracy {(wrong <= 1).mean():.2f}")
    print(f"event error: mean {np.mean(errors):.3f} s, median {np.median(errors):.3f} s, "
          f"within 0.15 s {np.mean(np.array(errors) <= 0.15):.0%} of {len(errors)}")  # fmt: skip


def copies(data: list[Clip]) -> None:
    """Do changed copies give the same counts and times?"""
    print(f"\n{'copy':18}{'same count':>12}{'largest shift of an extreme, s':>33}")
    for name, (change, slower) in COPIES.items():
        same, shifts = 0, [0.0]
        for clip in data:
            exercise = load_exercise(clip.exercise)
            turns, changed = (
                np.array([one.turn_s for one in analyse_exercise(clean(sequence), exercise).repetitions])
                for sequence in (clip.raw, change(clip.raw))
            )
            same += len(turns) == len(changed)
            if len(turns) == len(changed) > 0:
                shifts.append(float(np.abs(turns - changed / slower).max()))
        print(f"{name:18}{same:6} of {len(data)}{max(shifts):33.3f}")


def idle(stored: Path | None) -> None:
    """What is counted where nobody exercises."""
    model = None if stored else gonio.load_model(measuring_name())
    for path, start_s in IDLE:
        sequence = clean(main_person(path, model=model, stored=stored, start_s=start_s))
        found = recognise(sequence).exercise
        counts = {name: len(analyse_exercise(sequence, load_exercise(name)).repetitions) for name in list_exercises()}
        false = {name: count for name, count in counts.items() if count}
        print(f"\nidle {path.stem}: recognised {found or 'unknown'}; counted by name: {false or 'nothing'}")


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keypoints", type=Path, help="folder of stored keypoints")
    stored = parser.parse_args().keypoints
    data = clips(stored)
    table(data)
    copies(data)
    idle(stored)


if __name__ == "__main__":
    main()
