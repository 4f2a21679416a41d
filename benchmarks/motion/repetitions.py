"""Repetitions on clips of push-ups, pull-ups, squats and dips: ``python -m benchmarks.motion.repetitions``.

For each clip: repetitions by hand and counted, with the exercise named, with ``recognise``, live and without knowing
the exercise; and how far the nearest event lies from each labelled one. The labels mark a repetition's start posture:
arms or legs straight. Then the same clips rolled, mirrored, slowed and with frames dropped, and clips in which nobody
exercises: people who walk, and pictures of the clips that stand still (`benchmarks.motion.still_clips`).

``--model NAME`` measures with that one; without it, it is the one that ``gonio analyse`` measures with. ``--keypoints
FOLDER`` takes stored keypoints (``gonio predict CLIP --model thunder --track --json FOLDER/CLIP.json``) instead of a
model; the pictures that stand still are left out then.
"""

import argparse
import csv
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.motion.people import main_person
from benchmarks.motion.still_clips import pictures, write_still
from gonio.analysis.auto import analyse_auto
from gonio.analysis.exercises import (
    LiveCounter,
    analyse_exercise,
    count_repetitions,
    list_exercises,
    load_exercise,
    recognise,
)
from gonio.arrays import IntArray
from gonio.errors import MediaError
from gonio.io.sources import open_source
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.models.registry import measuring_name
from gonio.motion.people import errors_of, main_people, prepare, track_people
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("GONIO_SHARED", ROOT.parent / "shared")) / "data"
FOLDER = SHARED / "exercise"
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
    model: PoseModel | None

    def cleaned(self, change: Callable[[PoseSequence], PoseSequence] = lambda raw: raw) -> PoseSequence:
        """With error bars, as an analysis takes it."""
        return prepare(change(self.raw), errors=errors_of(self.model))


def rows() -> list[dict[str, str]]:
    """Of the manifest."""
    with (FOLDER / "manifest.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def clips(model: PoseModel | None, stored: Path | None) -> list[Clip]:
    """All clips of the manifest."""
    return [
        Clip(
            name=Path(row["file"]).stem,
            exercise=EXERCISES[row["exercise"]],
            reps=int(row["reps"]),
            labels_s=tuple(int(frame) / float(row["fps"]) for frame in row["event_frames"].split()),
            raw=main_person(FOLDER / row["file"], model=model, stored=stored),
            model=model,
        )
        for row in rows()
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
        sequence = clip.cleaned()
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
                np.array([one.turn_s for one in analyse_exercise(sequence, exercise).repetitions])
                for sequence in (clip.cleaned(), clip.cleaned(change))
            )
            same += len(turns) == len(changed)
            if len(turns) == len(changed) > 0:
                shifts.append(float(np.abs(turns - changed / slower).max()))
        print(f"{name:18}{same:6} of {len(data)}{max(shifts):33.3f}")


def idle(model: PoseModel | None, stored: Path | None) -> None:
    """What is counted where people walk."""
    for path, start_s in IDLE:
        raw = main_person(path, model=model, stored=stored, start_s=start_s)
        sequence = prepare(raw, errors=errors_of(model))
        found = recognise(sequence).exercise
        print(f"\nidle {path.stem}: recognised {found or 'unknown'}; counted by name: {_named(_by_name(sequence))}")


def still(model: PoseModel) -> None:
    """What is counted where nobody moves, by name and as ``gonio analyse`` recognises it."""
    for in_hand in (False, True):
        by_name: Counter[str] = Counter()
        seen = auto = 0
        for everyone in still_people(model, in_hand=in_hand):
            seen += 1
            for track in main_people(everyone)[:3]:
                person = prepare(everyone.person(track), errors=errors_of(model))
                by_name += _by_name(person)
                auto += len(analyse_auto(person).repetitions)
        camera = "in the hand" if in_hand else "on a tripod"
        print(f"\nstill, camera {camera}: somebody seen in {seen} clips; counted by auto: {auto}, "
              f"by name: {_named(by_name)}")  # fmt: skip


def still_people(model: PoseModel, *, in_hand: bool) -> Iterator[PoseSequence]:
    """Everyone in each still video in which there is anyone."""
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "still.mp4"
        for row in rows():
            for seed, picture in enumerate(pictures(FOLDER / row["file"], int(row["frames"]))):
                write_still(video, picture, in_hand=in_hand, seed=seed)
                try:
                    yield track_people(open_source(video), model)
                except MediaError:  # nobody was found
                    continue


def _by_name(sequence: PoseSequence) -> Counter[str]:
    return Counter(
        {name: len(analyse_exercise(sequence, load_exercise(name)).repetitions) for name in list_exercises()}
    )


def _named(counts: Counter[str]) -> dict[str, int] | str:
    return {name: count for name, count in counts.items() if count} or "nothing"


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--model", default=measuring_name(), help="a name from 'gonio models', or a card")
    source.add_argument("--keypoints", type=Path, help="folder of stored keypoints")
    args = parser.parse_args()
    model = None if args.keypoints else load_model(args.model)
    data = clips(model, args.keypoints)
    table(data)
    copies(data)
    idle(model, args.keypoints)
    if model is not None:
        still(model)


if __name__ == "__main__":
    main()
