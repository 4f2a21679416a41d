"""Are the error bars of events and parameters as long as they say? First order against Monte Carlo, with known errors.

``python -m benchmarks.motion.parameter_error_bars``: walking and running markers seen from the side and the front,
made-up exercises and jumps; errors of every keypoint are drawn anew, white or as they were measured of the default
model (`keypoint_noise.toml`), their sd known. Ten minutes; ``--draws 50`` is quicker, ratios are then good to 10 %.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.motion.correlated_noise import draw, errors_of, read_errors
from benchmarks.motion.gait_events import SHARED
from benchmarks.motion.gait_trials import load_trials, seen
from benchmarks.motion.jumper import Jumper, filmed_jump
from benchmarks.motion.moving_people import exercise, markers
from gonio.analysis.exercises import analyse_exercise, load_exercise
from gonio.analysis.gait.analysis import analyse_gait
from gonio.analysis.jump import analyse_jump
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis
from gonio.arrays import FloatArray64
from gonio.structures.sequence import PoseSequence

Noise = Literal["white", "measured"]
WHITE = 0.005
"""Sd of white noise along each axis, in parts of the height."""
DRAWS = 150
_SEEN_M = 1.5
"""From the lowest to the highest keypoint of the walker and the runner, who have markers up to the shoulders."""
_FOR_TOTALS = 20
"""Draws that the whole stated sd is taken from."""
_MATCH_S = 0.15
"""An event is that of the clean sequence if it is no farther away."""

_EXERCISES = (
    ("squat", "squat", "left"),
    ("jumping jack", "jumping-jack", "frontal"),
    ("lunge", "lunge", "left"),
    ("elbow curl", "elbow-curl", "left"),
)

Analyse = Callable[[PoseSequence, bool], Analysis]
"""Of a sequence; whether its error bars hold what the methods add."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Somebody who moves, without errors.

    Attributes:
        name: To print.
        clean: In px.
        analyse: What is tried.
    """

    name: str
    clean: PoseSequence
    analyse: Analyse

    def noisy(self, noise: Noise, seed: int) -> PoseSequence:
        """With errors, and their sd in ``keypoint_sd``."""
        rng, errors = np.random.default_rng(seed), read_errors()
        if noise == "white":
            drawn = rng.normal(0, WHITE, self.clean.keypoints[:, 0].shape)
            sd = np.full(len(self.clean.skeleton), WHITE)
        else:
            drawn = draw(self.clean.skeleton, self.clean.time_s, errors, rng)
            axes = [[error.sd for error in errors_of(name, errors)] for name in self.clean.skeleton.keypoint_names]
            sd = np.array([np.sqrt(np.mean(np.square(own or [0.0]))) for own in axes])
        tall_px = _height_px(self.clean)
        keypoints = self.clean.keypoints + drawn[:, None] * tall_px
        keypoint_sd = np.broadcast_to(sd * tall_px, self.clean.scores.shape)
        return replace(self.clean, keypoints=keypoints.astype(np.float32), keypoint_sd=keypoint_sd.astype(np.float32))


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of event, or one parameter.

    Attributes:
        name: ``"left stride_time"``, ``"event heel_strike"``.
        unit: Of the numbers.
        value: Mean over the draws; NaN of events.
        stated: Whole sd that is stated.
        propagated: Part of it that keypoint errors make.
        drawn: Sd over the draws. Of events, the median of their sds.
        same: Share of the draws that are of the same steps or repetitions as most, which alone are compared.
    """

    name: str
    unit: str
    value: float
    stated: float
    propagated: float
    drawn: float
    same: float

    @property
    def ratio(self) -> float:
        """Of what is propagated to what is drawn."""
        return self.propagated / self.drawn if self.drawn > 0 else float("nan")


def rows(scene: Scene, noise: Noise, draws: int) -> Iterator[Row]:
    """Every parameter and every kind of event of a scene."""
    copies = [scene.noisy(noise, seed) for seed in range(draws)]
    found = [scene.analyse(copy, False) for copy in copies]
    whole = [scene.analyse(copy, True) for copy in copies[:_FOR_TOTALS]]
    clean = scene.analyse(replace(copies[0], keypoints=scene.clean.keypoints), False)
    for name in dict.fromkeys(event.name for event in clean.events):
        yield from _event_row(name, clean, found, whole)
    for key in dict.fromkeys((measure.name, measure.side) for one in found for measure in one.measures):
        yield from _measure_row(key, found, whole)


def _measure_row(key: tuple[str, str], found: Sequence[Analysis], whole: Sequence[Analysis]) -> Iterator[Row]:
    measures, stated = ([m for one in some for m in one.measures if (m.name, m.side) == key] for some in (found, whole))
    usual = Counter(measure.count for measure in measures).most_common(1)[0][0]
    alike = [m for m in measures if m.count == usual and np.isfinite(m.value)]
    values = np.array([measure.value for measure in alike])
    sds = np.array([measure.sd for measure in alike])
    if len(values) < 2 or not np.isfinite(sds).any():
        return  # counts have no sd
    name = key[0] if key[1] == "both" else f"{key[1]} {key[0]}"
    whole_sds = np.array([measure.sd for measure in stated if measure.count == usual])
    same = len(alike) / len(found)
    yield Row(name, measures[0].unit, values.mean(), _rms(whole_sds), _rms(sds), float(values.std(ddof=1)), same)


def _event_row(name: str, clean: Analysis, found: Sequence[Analysis], whole: Sequence[Analysis]) -> Iterator[Row]:
    """Event by event of the clean sequence, those that are found in nearly every draw; medians over them."""
    own: list[tuple[float, float, float]] = []
    for event in (event for event in clean.events if event.name == name):
        near = [
            [
                e
                for e in one.events
                if (e.name, e.side) == (name, event.side) and abs(e.time_s - event.time_s) < _MATCH_S
            ]
            for one in (*found, *whole)
        ]
        alike = [some[0] for some in near[: len(found)] if len(some) == 1]
        stated = [some[0].sd_s for some in near[len(found) :] if len(some) == 1]
        if len(alike) > 0.9 * len(found):
            drawn = float(np.std([e.time_s for e in alike], ddof=1))
            own.append((_rms(np.array(stated)), _rms(np.array([e.sd_s for e in alike])), drawn))
    if own:
        stated_s, propagated_s, drawn_s = np.median(own, axis=0).tolist()
        yield Row(f"event {name}", "s", float("nan"), stated_s, propagated_s, drawn_s, 1.0)


def _height_px(sequence: PoseSequence) -> float:
    """Median over time of the extent up and down."""
    heights = sequence.keypoints[:, 0, :, 1]
    return float(np.median(np.nanmax(heights, axis=1) - np.nanmin(heights, axis=1)))


def _rms(values: FloatArray64) -> float:
    return float(np.sqrt(np.nanmean(np.square(values)))) if np.isfinite(values).any() else float("nan")


def scenes(data: Path) -> Iterator[Scene]:
    """Those that are printed."""
    walk, run, *_ = load_trials(data)
    for name, trial in (("walking", walk), ("running", run)):
        yield gait_scene(name, seen(trial.sequence, fps=60), scaled=True)
        yield gait_scene(f"{name}, no feet, no scale", seen(trial.sequence, fps=60, skeleton="coco17"))
    yield gait_scene("walking, from the front", markers("walk", "frontal", 60.0), frontal=True)
    for kind, name, view in _EXERCISES:
        yield exercise_scene(kind, name, view)
    yield jump_scene()


def gait_scene(name: str, clean: PoseSequence, *, scaled: bool = False, frontal: bool = False) -> Scene:
    """Walking or running; without a scale lengths are in leg lengths."""
    scale = _SEEN_M / _height_px(clean) if scaled else None
    options = AnalysisOptions(metres_per_px=scale, view="frontal" if frontal else None)
    return Scene(name, clean, lambda sequence, whole: analyse_gait(sequence, options, method_errors=whole))


def exercise_scene(kind: str, name: str, view: str) -> Scene:
    """Made up, 12 s."""
    spec = load_exercise(name)
    return Scene(f"{kind}, {view}", exercise(kind, view, 30.0), lambda sequence, _: analyse_exercise(sequence, spec))


def jump_scene() -> Scene:
    """Three jumps without a rest."""
    jumps = filmed_jump(Jumper(heights_m=(0.3, 0.35, 0.25)), fps=60.0)
    return Scene("jumps", jumps.sequence, lambda sequence, whole: analyse_jump(sequence, method_errors=whole))


def main() -> None:
    """Print a table for each scene and noise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--only", default="", help="scenes whose name begins so")
    arguments = parser.parse_args()
    for scene in scenes(arguments.data):
        if not scene.name.startswith(arguments.only):
            continue
        for noise in ("white", "measured"):
            print(f"\n{scene.name}, {noise} noise, {arguments.draws} draws")
            print(f"{'':34} {'value':>9} {'stated':>8} {'keypoints':>9} {'drawn':>8} {'ratio':>6} {'same':>6}")
            for row in rows(scene, noise, arguments.draws):
                print(
                    f"{row.name:34} {row.value:9.3f} {row.stated:8.4f} {row.propagated:9.4f} {row.drawn:8.4f}"
                    f" {row.ratio:6.2f} {100 * row.same:4.0f} %  {row.unit}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
