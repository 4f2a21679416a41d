"""Heel strikes and toe-offs against force plates: ``python -m benchmarks.motion.gait_events [--data FOLDER]``.

Prints the default's errors for every frame rate, noise and skeleton beside the requirement (20 ms mean absolute error,
nothing missed after the first stride), and those of every single method. The noise is white, or what was measured of
the default model (`benchmarks.motion.keypoint_noise`), once raw and once cleaned as ``gonio analyse`` does.
"""

import argparse
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.motion.correlated_noise import read_errors
from benchmarks.motion.gait_trials import LIMBS, Limb, Trial, load_trials, seen
from gonio.analysis.gait.events import HEEL_STRIKE, TOE_OFF, find_steps
from gonio.analysis.gait.methods import OFFS, STRIKES
from gonio.analysis.gait.strides import stances
from gonio.analysis.result import Event
from gonio.arrays import FloatArray64
from gonio.motion.people import prepare
from gonio.structures.sequence import PoseSequence

SHARED = Path(os.environ.get("GONIO_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data" / "gait"
REQUIRED_MS = 20.0
_MATCH_S = 0.15
"""An event is that of the plate if it is no farther away."""
_FIRST_STRIDE = 1.0
SEEDS = 5
SKELETONS = ("halpe26", "coco17")


@dataclass(frozen=True, slots=True)
class Condition:
    """How a trial is seen.

    Attributes:
        fps: Frames per second.
        noise_m: Sd of white noise, metres.
        measured: Times the errors that were measured of the model.
        cleaned: As ``gonio analyse`` cleans.
    """

    fps: float
    noise_m: float = 0.0
    measured: float = 0.0
    cleaned: bool = False

    def copies(self, trial: Trial, skeleton: str) -> list[PoseSequence]:
        """The trial from both sides, with several draws of the noise."""
        errors = {part: (x.times(self.measured), y.times(self.measured)) for part, (x, y) in read_errors().items()}
        found = [
            seen(
                trial.sequence, fps=self.fps, noise_m=self.noise_m, errors=errors, skeleton=skeleton, side=side, seed=i
            )
            for side in LIMBS
            for i in range(SEEDS if self.noise_m or self.measured else 1)
        ]
        return [prepare(sequence) for sequence in found] if self.cleaned else found

    @property
    def must_meet(self) -> bool:
        """Whether the requirement holds here: the model's own noise, and white noise up to 1 % of the leg."""
        return self.measured <= 1 and self.noise_m <= 0.009

    def __str__(self) -> str:
        noise = f"{self.measured:g} x measured" if self.measured else f"{1000 * self.noise_m:4.1f} mm"
        return f"{self.fps:4.0f} {noise:>12s}{', cleaned' if self.cleaned else '':9s}"


_WHITE: tuple[tuple[float, float], ...] = (
    (100, 0.0), (60, 0.0), (30, 0.0), (60, 0.0045), (60, 0.009), (30, 0.009), (60, 0.027), (30, 0.027), (60, 0.05),
)  # fmt: skip
"""Frames per second, and noise in metres: half and one per cent of the leg's length, 1.5 and 3 % of the height."""
_MEASURED: tuple[tuple[float, bool], ...] = ((0.0, True), (1.0, False), (1.0, True), (2.0, True))
"""Times the measured errors, and whether it is cleaned."""
CONDITIONS = (
    *(Condition(fps, noise_m) for fps, noise_m in _WHITE),
    *(Condition(fps, measured=times, cleaned=cleaned) for times, cleaned in _MEASURED for fps in (60, 30)),
)


@dataclass(slots=True)
class Score:
    """Errors in ms of one kind of event, and how many were missed or found beside the true ones."""

    errors: list[float] = field(default_factory=list)
    missed: int = 0
    extra: int = 0

    def add(self, true: FloatArray64, found: FloatArray64, *, from_s: float) -> None:
        """Compare one foot's events; true ones before ``from_s`` may be missed."""
        used = set()
        for time_s in true:
            nearest = int(np.argmin(np.abs(found - time_s))) if len(found) else -1
            if nearest >= 0 and abs(found[nearest] - time_s) < _MATCH_S:
                used.add(nearest)
                self.errors.append(float(1000 * (found[nearest] - time_s)))
            elif time_s >= from_s:
                self.missed += 1
        if len(true):  # beyond the plates nothing is known
            self.extra += sum(true[0] < time_s < true[-1] and i not in used for i, time_s in enumerate(found))

    @property
    def mae(self) -> float:
        """Mean absolute error."""
        return float(np.mean(np.abs(self.errors))) if self.errors else float("nan")

    def __str__(self) -> str:
        if not self.errors:
            return f"{'none found':>13s} {self.missed:3d}/{self.extra:<3d}"
        return f"{np.mean(self.errors):6.1f} {self.mae:6.1f} {self.missed:3d}/{self.extra:<3d}"


@dataclass(slots=True)
class Result:
    """Of one condition."""

    strikes: Score = field(default_factory=Score)
    offs: Score = field(default_factory=Score)
    contact_errors: list[float] = field(default_factory=list)
    activities: set[str] = field(default_factory=set)

    @property
    def contact_mae(self) -> float:
        """Mean absolute error of contact times, ms."""
        return float(np.mean(np.abs(self.contact_errors))) if self.contact_errors else float("nan")


def score_default(trial: Trial, sequences: Iterable[PoseSequence]) -> Result:
    """Errors of `find_steps` over several copies of a trial."""
    result = Result()
    for sequence in sequences:
        steps = find_steps(sequence)
        result.activities.add(steps.locomotion.activity)
        from_s = sequence.time_s[0] + _FIRST_STRIDE * steps.stride_s
        for side in LIMBS:
            truth = trial.truth[side]
            strikes, offs = (_times(steps.times(name, side)) for name in (HEEL_STRIKE, TOE_OFF))
            result.strikes.add(truth.heel_strike, strikes, from_s=from_s)
            result.offs.add(truth.toe_off, offs, from_s=from_s)
            result.contact_errors += _contact_errors(trial, side, strikes, offs)
    return result


def score_methods(trial: Trial, sequences: Iterable[PoseSequence]) -> Iterator[tuple[str, str, Score]]:
    """Kind of event, name of the method, and its errors."""
    prepared = [(sequence, find_steps(sequence)) for sequence in sequences]
    for kind, methods in (("heel strike", STRIKES), ("toe-off", OFFS)):
        for name, method in methods.items():
            score = Score()
            for sequence, steps in prepared:
                from_s = sequence.time_s[0] + _FIRST_STRIDE * steps.stride_s
                for leg in steps.legs:
                    moments = [method(leg, stance) for stance in stances(leg)]
                    found = np.array([moment.time_s for moment in moments if moment])
                    truth = trial.truth[leg.side]
                    true = truth.heel_strike if kind == "heel strike" else truth.toe_off
                    score.add(true, found, from_s=from_s)
            yield kind, name, score


def print_default(trials: tuple[Trial, ...]) -> bool:
    """The table of the default; whether walking and running meet the requirement wherever they must."""
    columns = f"{'mean    MAE miss/extra':>21s}"
    print(f"{'trial':10s}{'skeleton':9s}{' fps        noise':26s}  {'heel strike':>21s}  {'toe-off':>21s}  contact")
    print(f"{'':45s}  {columns}  {columns}  MAE, all ms")
    met = True
    for trial in trials:
        as_recorded = Condition(1 / float(np.median(np.diff(trial.sequence.time_s))))
        print(_row(trial.name, "3D", as_recorded, score_default(trial, [trial.sequence])))
        for skeleton in SKELETONS:
            for condition in CONDITIONS:
                line = score_default(trial, condition.copies(trial, skeleton))
                print(_row(trial.name, skeleton, condition, line))
                if trial.name != "parkinson" and condition.must_meet:
                    met &= meets(trial, line)
    return met


def print_methods(trials: tuple[Trial, ...]) -> None:
    """The table of single methods, at 60 frames per second, without noise and with 1 % of the leg's length."""
    print(f"\n{'trial':10s}{'event':12s}{'method':12s} {'clean':>21s} {'9 mm of noise':>21s}")
    for trial in trials:
        clean = [seen(trial.sequence, fps=60, side=side) for side in LIMBS]
        noisy = [seen(trial.sequence, fps=60, noise_m=0.009, seed=seed) for seed in range(SEEDS)]
        for (kind, name, one), (_, _, two) in zip(
            score_methods(trial, clean), score_methods(trial, noisy), strict=True
        ):
            print(f"{trial.name:10s}{kind:12s}{name:12s} {one!s:>21s} {two!s:>21s}")


def meets(trial: Trial, line: Result) -> bool:
    """Walking events or running contact within what is required, none missed."""
    if line.strikes.missed or line.offs.missed:
        return False
    if trial.name == "run":
        return line.contact_mae <= REQUIRED_MS
    return max(line.strikes.mae, line.offs.mae) <= REQUIRED_MS


def _contact_errors(trial: Trial, side: Limb, strikes: FloatArray64, offs: FloatArray64) -> list[float]:
    """Of each contact whose two ends the plate has, in ms."""
    truth, errors = trial.truth[side], []
    for strike in truth.heel_strike:
        later = truth.toe_off[truth.toe_off > strike]
        own = strikes[np.abs(strikes - strike) < _MATCH_S]
        ends = offs[offs > own[0]] if len(own) else own
        if len(later) and len(ends):
            errors.append(float(1000 * ((ends[0] - own[0]) - (later[0] - strike))))
    return errors


def _times(events: tuple[Event, ...]) -> FloatArray64:
    return np.array([event.time_s for event in events], np.float64)


def _row(name: str, skeleton: str, condition: Condition, line: Result) -> str:
    kind = "" if line.activities == {"running" if name == "run" else "gait"} else f"  taken as {line.activities}"
    return (
        f"{name:10s}{skeleton:9s}{condition}  {line.strikes!s:>21s}  {line.offs!s:>21s}  {line.contact_mae:5.1f}{kind}"
    )


def main() -> None:
    """Print both tables and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of the gait trials")
    trials = load_trials(parser.parse_args().data)
    met = print_default(trials)
    print_methods(trials)
    verdict = "met" if met else "NOT met"
    aim = f"walking events and running contact within {REQUIRED_MS:.0f} ms, none missed"
    print(f"\n{aim}, with the measured noise, and with white noise up to 9 mm: {verdict}")


if __name__ == "__main__":
    main()
