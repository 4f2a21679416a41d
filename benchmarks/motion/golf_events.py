"""Events of a golf swing, found on golfers made of numbers: ``python -m benchmarks.motion.golf_events``.

No video of a real swing lies at hand, so this says what the *method* does with noisy keypoints, not what it does on a
golf course: the golfers are those of `benchmarks.motion.golfer`, whose club says when an event is, and whose club the
analysis does not see. PCE is GolfDB's share of correct events: within ``max(round((impact - address) / 30), 1)``
frames, address and impact in frames.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.motion.golfer import Camera, Truth, filmed, random_golfer, swing
from gonio.analysis.cleaning import clean
from gonio.analysis.golf import analyse_golf
from gonio.analysis.golf.events import EVENTS
from gonio.analysis.result import Analysis

GOLFERS = 40
_HANDED = {True: "left-handed", False: "right-handed"}
_VIEWS: dict[Camera, str] = {"face_on": "face-on", "down_the_line": "down the line"}


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table.

    Attributes:
        camera: From where.
        fps: Of the file.
        noise: As a part of the golfer's height; cleaned before the analysis.
        slow_motion: The camera films at so many times ``fps``.
    """

    camera: Camera
    fps: float
    noise: float
    slow_motion: float = 1.0


@dataclass(frozen=True, slots=True)
class Score:
    """What came out for one golfer.

    Attributes:
        correct: One for each event.
        error_s: Found minus true, at real speed; NaN where it was not found.
        within_2_sd: One for each event that was found.
        recognised: Whether view and handedness are right.
        tempo_error: Found minus true.
    """

    correct: list[bool]
    error_s: list[float]
    within_2_sd: list[bool]
    recognised: bool
    tempo_error: float


CASES = (
    *(Case(camera, 30, noise) for camera in _VIEWS for noise in (0.0, 0.005, 0.01)),
    *(Case(camera, 60, 0.005) for camera in _VIEWS),
    *(Case(camera, 30, 0.005, slow_motion=4) for camera in _VIEWS),
)


def score(case: Case, seed: int) -> Score:
    """Film and analyse one golfer, every other one left-handed."""
    rng = np.random.default_rng(seed)
    real_fps = case.fps * case.slow_motion
    seen = swing(random_golfer(rng), fps=real_fps, start_s=rng.uniform(0, 1 / real_fps))
    left_handed = bool(seed % 2)
    sequence = filmed(
        seen, camera=case.camera, left_handed=left_handed, noise=case.noise, rng=rng, slow_motion=case.slow_motion
    )
    analysis = analyse_golf(clean(sequence) if case.noise else sequence)
    found = {event.name: event for event in analysis.events}
    errors = [
        found[name].time_s / case.slow_motion - seen.truth[name] if name in found else math.nan for name in EVENTS
    ]
    sds = [found[name].sd_s / case.slow_motion if name in found else math.nan for name in EVENTS]
    known = [(error, sd) for error, sd in zip(errors, sds, strict=True) if math.isfinite(error)]
    return Score(
        correct=[_correct(seen.truth, name, error, real_fps) for name, error in zip(EVENTS, errors, strict=True)],
        error_s=errors,
        within_2_sd=[abs(error) <= 2 * sd for error, sd in known],
        recognised=_recognised(analysis, case.camera, left_handed),
        tempo_error=_tempo(analysis) - _true_tempo(seen.truth),
    )


def row(case: Case, scores: Sequence[Score]) -> str:
    """One line of the table."""
    correct = np.array([one.correct for one in scores])
    errors = np.array([one.error_s for one in scores])
    covered = f"{100 * np.concatenate([one.within_2_sd for one in scores]).mean():.0f}" if case.noise else "-"
    tempo = np.nanmean(np.abs([one.tempo_error for one in scores]))
    speed = f"{case.fps:.0f}" + (f" x {case.slow_motion:.0f}" if case.slow_motion > 1 else "")
    cells = [
        *(_VIEWS[case.camera], speed, f"{100 * case.noise:.1f} %", f"{100 * correct.mean():.0f}"),
        *(f"{100 * share:.0f}" for share in correct.mean(axis=0)),
        *(f"{1000 * np.nanmedian(np.abs(errors)):.0f}", f"{tempo:.2f}"),
        *(covered, f"{100 * np.mean([one.recognised for one in scores]):.0f}"),
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    print(f"{GOLFERS} synthetic golfers a row; no real swing was measured. Shares in per cent.\n")
    names = [name.replace("_", " ") for name in EVENTS]
    head = ["view", "fps", "noise", "PCE", *names, "median error, ms", "tempo MAE", "within 2 sd", "view and hand"]
    print("| " + " | ".join(head) + " |\n|---|---|---|" + "---:|" * (len(head) - 3))
    for case in CASES:
        print(row(case, [score(case, seed) for seed in range(GOLFERS)]), flush=True)


def _correct(truth: Truth, name: str, error_s: float, fps: float) -> bool:
    if not math.isfinite(error_s):
        return False
    tolerance = max(round((truth["impact"] - truth["address"]) * fps / 30), 1)
    return abs(round((truth[name] + error_s) * fps) - round(truth[name] * fps)) <= tolerance


def _recognised(analysis: Analysis, camera: Camera, left_handed: bool) -> bool:
    return (analysis.facts.get("view"), analysis.facts.get("handedness")) == (_VIEWS[camera], _HANDED[left_handed])


def _tempo(analysis: Analysis) -> float:
    return analysis.measure("tempo").value if analysis.measures else math.nan


def _true_tempo(truth: Truth) -> float:
    return (truth["top"] - truth["address"]) / (truth["impact"] - truth["top"])


if __name__ == "__main__":
    main()
