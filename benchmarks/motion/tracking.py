"""Do people keep their ids? ``python -m benchmarks.motion.tracking`` prints one table; ``--real`` adds stored videos.

Drawn people cross, are hidden, leave and come back (`walkers`), found with the default model's measured errors. The
baseline is the tracker that pose libraries ship: the box of the largest IoU. It is given the same memory as ours. IDF1
counts who is missed too, so that no ids make it 1: the last column is what the true ids would have.
"""

import argparse
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

import gonio
from benchmarks.motion.walkers import WIDTH, Colour, NoisyModel, Walker, play
from gonio.arrays import FloatArray, FloatArray64, ImageArray
from gonio.evaluation.tracking import TrackingScores, tracking_scores
from gonio.geometry.boxes import iou
from gonio.models.calibration import ExpectedError
from gonio.models.model import PoseModel
from gonio.models.registry import find_card, measuring_name
from gonio.structures.poses import Poses
from gonio.tracking.assign import best_pairs
from gonio.tracking.settings import TrackSettings
from gonio.tracking.tracker import PoseTracker

DATA = Path(os.environ.get("GONIO_SHARED", Path(__file__).parents[3] / "shared")) / "data"
SAMPLES = Path(__file__).parents[2] / "samples"
RUNS = 5
"""Of each scene, with other people and other errors."""
LINE = "| {:<26} | {:>28} | {:>28} | {:>28} | {:>8} |"

Tracked = Callable[[Poses, ImageArray], Poses]


class IouTracker:
    """The plain baseline: each person is the track whose last box overlaps most, at least by 0.3."""

    def __init__(self, min_iou: float = 0.3) -> None:
        self._min_iou = min_iou
        self._boxes: dict[int, tuple[FloatArray, float]] = {}
        self._next_id = 1

    def update(self, poses: Poses) -> Poses:
        """The same people with ids."""
        now = float(poses.time_s or 0)
        memory_s = TrackSettings().lost_s
        self._boxes = {i: (box, seen_s) for i, (box, seen_s) in self._boxes.items() if now - seen_s <= memory_s}
        known = list(self._boxes)
        ids = np.zeros(len(poses), np.int64)
        if known and len(poses):
            overlap = iou(np.stack([self._boxes[i][0] for i in known]), poses.boxes)
            for row, column in best_pairs(overlap.astype(np.float64), overlap >= self._min_iou):
                ids[column] = known[row]
        for j in np.flatnonzero(ids == 0):
            ids[j], self._next_id = self._next_id, self._next_id + 1
        self._boxes |= {int(i): (box, now) for i, box in zip(ids, poses.boxes, strict=True)}
        return replace(poses, track_ids=ids)


def contenders() -> dict[str, Tracked]:
    """Fresh trackers."""
    plain, blind, ours = IouTracker(), PoseTracker(), PoseTracker()
    return {
        "IoU": lambda poses, _: plain.update(poses),
        "Gonio, no image": lambda poses, _: blind.update(poses),
        "Gonio": ours.update,
    }


def crossing(rng: np.random.Generator) -> list[Walker]:
    """Two people meet in the middle and walk past each other."""
    speed = rng.uniform(0.6, 0.9, 2) * 200
    return [
        _walker(rng, lambda t: WIDTH / 2 + speed[0] * (t - 2.5), ground=330),
        _walker(rng, lambda t: WIDTH / 2 - speed[1] * (t - 2.5), ground=320),
    ]


def hidden(duration_s: float) -> Callable[[np.random.Generator], list[Walker]]:
    """Somebody goes behind something while another walks ahead of them the same way."""

    def walkers(rng: np.random.Generator) -> list[Walker]:
        speed = rng.uniform(0.3, 0.6) * 200
        start = rng.uniform(1.5, 2)
        one = _walker(rng, lambda t: 60 + speed * t, ground=330)
        return [
            replace(one, hidden_s=(start, start + duration_s)),
            _walker(rng, lambda t: 200 + speed * t, ground=320),
        ]

    return walkers


def leaving(rng: np.random.Generator) -> list[Walker]:
    """Somebody leaves the picture and comes back after 0.8 to 1.6 s; another walks about inside."""
    speed, turn = rng.uniform(0.5, 0.8) * 200, rng.uniform(0.4, 0.8)
    return [
        _walker(rng, lambda t: WIDTH + speed * (turn - np.abs(t - 2.5)), ground=330),
        _walker(rng, lambda t: 250 + 150 * np.sin(t), ground=320),
    ]


def stranger(rng: np.random.Generator) -> list[Walker]:
    """Somebody leaves to the right, and 1 s later somebody else comes in from the left: nobody may take the old id."""
    speed = rng.uniform(0.5, 0.8) * 200
    return [
        _walker(rng, lambda t: WIDTH + speed * (t - 2), ground=330),
        _walker(rng, lambda t: speed * (t - 3), ground=330),
    ]


def group(rng: np.random.Generator) -> list[Walker]:
    """Four people walk to and fro."""
    rates, phases, widths = rng.uniform((0.5, 0, 100), (1, 2 * np.pi, 200), (4, 3)).T

    def path(i: int) -> Callable[[FloatArray64], FloatArray64]:
        return lambda t: WIDTH / 2 + widths[i] * np.sin(rates[i] * t + phases[i])

    return [_walker(rng, path(i), ground=300 + 15 * i) for i in range(4)]


def _walker(rng: np.random.Generator, path: Callable[[FloatArray64], FloatArray64], *, ground: float) -> Walker:
    shirt, trousers = (_colour(rng) for _ in range(2))
    return Walker(path, float(rng.uniform(180, 210)), ground, shirt, trousers)


def _colour(rng: np.random.Generator) -> Colour:
    red, green, blue = rng.integers(0, 231, 3).tolist()
    return red, green, blue


SCENES: dict[str, Callable[[np.random.Generator], list[Walker]]] = {
    "crossing": crossing,
    **{f"hidden for {duration_s} s": hidden(duration_s) for duration_s in (0.3, 0.6, 1.0, 1.5)},
    "leaving and coming back": leaving,
    "leaving, then a stranger": stranger,
    "group of four": group,
}


def measure(walkers: Callable[[np.random.Generator], list[Walker]]) -> dict[str, list[TrackingScores]]:
    """The scores of every run of a scene, all trackers on the same found people."""
    errors = _errors()
    scores: dict[str, list[TrackingScores]] = {name: [] for name in contenders()}
    for run in range(RUNS):
        rng = np.random.default_rng(run)
        people, model, trackers = walkers(rng), NoisyModel(errors, rng), contenders()
        truth: list[Poses] = []
        tracked: dict[str, list[Poses]] = {name: [] for name in trackers}
        for true, image in play(people, 5.0, rng):
            found = model(true)
            truth.append(true)
            for name, track in trackers.items():
                tracked[name].append(track(found, image))
        for name, frames in tracked.items():
            scores[name].append(tracking_scores(truth, frames, min_similarity=0.3))
    return scores


def real(clip: Path, model: PoseModel) -> dict[str, str]:
    """On a video without labels: how many ids were given, and how many of them to more than ten frames."""
    trackers = contenders()
    ids: dict[str, list[int]] = {name: [] for name in trackers}
    for result in gonio.stream(clip, model=model):
        for name, track in trackers.items():
            tracked = track(result.poses, result.frame.image).track_ids
            ids[name] += [] if tracked is None else tracked.tolist()
    counts = {name: np.unique(seen, return_counts=True)[1] for name, seen in ids.items()}
    return {name: f"{len(count)} ids, {(count > 10).sum()} of > 10 frames" for name, count in counts.items()}


def rows(clips: list[Path]) -> Iterator[str]:
    """The table, line by line as it is measured."""
    yield LINE.format("scene", *contenders(), "true ids")
    yield "|---|" + "---:|" * (len(contenders()) + 1)
    for name, walkers in SCENES.items():
        scores = measure(walkers)
        yield LINE.format(name, *(_cell(some) for some in scores.values()), f"{_best_idf1(scores['Gonio']):.3f}")
    if clips:
        model = gonio.load_model(measuring_name())
        for clip in clips:
            yield LINE.format(f"{clip.parent.name}/{clip.name}", *real(clip, model).values(), "")


def _cell(scores: list[TrackingScores]) -> str:
    switches = sum(score.id_switches for score in scores)
    idf1 = 2 * sum(score.id_matches for score in scores) / sum(score.people + score.found for score in scores)
    return f"{switches} switches, IDF1 {idf1:.3f}"


def _best_idf1(scores: list[TrackingScores]) -> float:
    right = sum(score.people - score.misses for score in scores)
    return 2 * right / sum(score.people + score.found for score in scores)


def _errors() -> tuple[ExpectedError, ...]:
    calibration = find_card(measuring_name())[0].calibration
    if calibration is None:
        raise SystemExit("the default model's card has no calibration; gonio evaluate --calibrate measures it")
    return calibration.keypoint_error


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", action="store_true", help="Also run the default model on the stored videos.")
    clips = sorted((DATA / "videos").rglob("*.mp4")) + sorted(SAMPLES.glob("*.mp4"))
    for line in rows(clips if parser.parse_args().real else []):
        print(line, flush=True)


if __name__ == "__main__":
    main()
