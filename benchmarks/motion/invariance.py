"""Does a measurement depend on how a clip was filmed? The same mirrored, rolled, turned, slowed, with frames missing.

``python -m benchmarks.motion.invariance [--data FOLDER]``: a few minutes on two cores. Every copy goes the whole
way from the pixels. The first one is only encoded again: what it changes is no invariance lost.
"""

import argparse
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from gonio.analysis.angles_activity import analyse_angles
from gonio.analysis.options import AnalysisOptions
from gonio.analysis.result import Analysis
from gonio.analysis.series import Series, Side
from gonio.arrays import FloatArray64, ImageArray
from gonio.geometry.quarter_turns import turn_image
from gonio.io.sinks.video import VideoSink
from gonio.io.sources import open_source
from gonio.models.loader import load_model
from gonio.models.model import PoseModel
from gonio.models.registry import measuring_name
from gonio.motion.analyse import analyse

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("GONIO_SHARED", ROOT.parent / "shared")) / "data"
ROLL_DEG = 5.0
KEPT = 0.7
"""Part of the frames that the copy of uneven rate has."""
_MATCH_S = 0.3
"""An event of the original is found again no farther away."""
_QUALITY = 10  # of the encoder, hardly to be told from the original
_OTHER: dict[Side, Side] = {"left": "right", "right": "left", "both": "both"}
Named = dict[tuple[str, Side], Series]


@dataclass(frozen=True, slots=True)
class Copy:
    """One way to film the same movement.

    Attributes:
        name: For the head of its column.
        picture: What becomes of each picture.
        slower: Times are multiplied by this.
        kept: Part of the frames that are kept.
        mirrored: Sides are swapped.
        up_deg: Which way is up, told to the analysis.
    """

    name: str
    picture: Callable[[ImageArray], ImageArray] = lambda image: image
    slower: float = 1.0
    kept: float = 1.0
    mirrored: bool = False
    up_deg: float = 0.0

    def write(self, clip: Path, path: Path) -> None:
        """Make the copy; which frames are dropped is drawn, the same ones every time, never the first."""
        drawn = np.random.default_rng(0)
        source = open_source(clip)
        with VideoSink(path, fps_hint=source.fps, crf=_QUALITY) as sink:
            for frame in source:
                if drawn.random() < self.kept or frame.index == 0:
                    sink.write(self.picture(frame.image), (frame.time_s or 0.0) * self.slower)


def rolled(image: ImageArray) -> ImageArray:
    """The picture turned counter-clockwise, in a frame that holds all of it."""
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), ROLL_DEG, 1.0)
    reach = np.abs(turn[:, :2]) @ (width, height)
    new_w, new_h = (2 * int(np.ceil(side / 2)) for side in reach)
    turn[:, 2] += ((new_w - width) / 2, (new_h - height) / 2)
    return np.asarray(cv2.warpAffine(image, turn, (new_w, new_h)), np.uint8)


COPIES = (
    Copy("original"),
    Copy("encoded again"),
    Copy("mirrored", picture=lambda image: np.ascontiguousarray(image[:, ::-1]), mirrored=True),
    Copy(f"rolled {ROLL_DEG:.0f} deg", picture=rolled, up_deg=ROLL_DEG),
    Copy("on its side", picture=lambda image: turn_image(image, 1), up_deg=90.0),
    Copy("on its head", picture=lambda image: turn_image(image, 2), up_deg=180.0),
    Copy("slowed 2x", slower=2.0),
    Copy("30 % dropped", kept=KEPT),
)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What was measured on a copy, in terms of the original: its times, its sides."""

    repetitions: int
    events: dict[tuple[str, Side], FloatArray64]
    angles: Named


def outcome(clip: Path, copy: Copy, *, activity: str, model: PoseModel) -> Outcome:
    """Analyse a copy and undo what is known to have been done to it."""
    options = AnalysisOptions(up_deg=copy.up_deg)
    motion = analyse(clip, activity=activity, options=options, model=model)
    angles = {
        (series.name, side_of(series.side, copy)): series for series in analyse_angles(motion.sequence, options).series
    }
    scaled = {key: _in_time(series, copy.slower) for key, series in angles.items()}
    return Outcome(len(motion.analysis.repetitions), _events(motion.analysis, copy), scaled)


def side_of(side: Side, copy: Copy) -> Side:
    """The side of the original."""
    return _OTHER[side] if copy.mirrored else side


def difference_deg(original: Series, copy: Series) -> float:
    """Median absolute difference where both are valid, at the times of the copy."""
    there = original.valid
    if there.sum() < 2 or not copy.valid.any():
        return float("nan")
    gap = np.isnan(np.interp(copy.time_s, original.time_s, original.valid_values))
    expected = np.interp(copy.time_s, original.time_s[there], original.values[there])
    apart = np.abs(copy.values - expected)[copy.valid & ~gap]
    return float(np.median(apart)) if len(apart) else float("nan")


def event_error(original: FloatArray64, copy: FloatArray64) -> tuple[int, float]:
    """How many events are found again, and the median absolute difference in ms."""
    if not len(original) or not len(copy):
        return 0, float("nan")
    apart = np.abs(original[:, None] - copy).min(axis=1)
    found = apart[apart < _MATCH_S]
    return len(found), float(1000 * np.median(found)) if len(found) else float("nan")


def _in_time(series: Series, slower: float) -> Series:
    return Series(
        series.name, series.unit, series.side, series.time_s / slower, series.values, series.sd, series.reasons
    )


def _events(analysis: Analysis, copy: Copy) -> dict[tuple[str, Side], FloatArray64]:
    keys = {(event.name, event.side) for event in analysis.events}
    return {
        (name, side_of(side, copy)): np.array(
            [event.time_s / copy.slower for event in analysis.events if (event.name, event.side) == (name, side)]
        )
        for name, side in sorted(keys)
    }


def print_clip(clip: Path, activity: str, model: PoseModel) -> None:
    """One table: events and angles down, copies across."""
    print(f"\n{clip.name} as {activity}\n{'':32}" + "".join(f"{copy.name:>16}" for copy in COPIES))
    with TemporaryDirectory() as folder:
        outcomes = []
        for number, copy in enumerate(COPIES):
            path = Path(folder) / f"{number}.mp4"
            if number:
                copy.write(clip, path)
            outcomes.append(outcome(path if number else clip, copy, activity=activity, model=model))
    for label, cells in _rows(outcomes):
        print(f"{label:32}" + "".join(f"{cell:>16}" for cell in cells))


def _rows(outcomes: list[Outcome]) -> Iterator[tuple[str, list[str]]]:
    original, *copies = outcomes
    yield "repetitions", [str(one.repetitions) for one in outcomes]
    for (name, side), times in original.events.items():
        cells = [f"{len(times)}"]
        for one in copies:
            found = one.events.get((name, side), np.zeros(0))
            again, apart_ms = event_error(times, found)
            cells.append(f"{again}/{len(found)} {apart_ms:5.0f} ms")
        yield f"{name.replace('_', ' ')}, {side}", cells
    for key, series in original.angles.items():
        apart = [difference_deg(series, one.angles[key]) if key in one.angles else np.nan for one in copies]
        cells = [f"+- {np.nanmedian(series.sd[series.valid]):.1f} deg", *(f"{value:.1f} deg" for value in apart)]
        yield series.label, cells


def main() -> None:
    """Print both clips' tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of the shared test data")
    data = parser.parse_args().data
    model = load_model(measuring_name())
    print("events: count; of a copy found again / all that it has, median |difference|")
    print("angles: median error bar; of a copy median |difference|; sides and times are the original's")
    print_clip(data / "exercise" / "squats_squat_18.mp4", "squat", model)
    print_clip(ROOT / "samples" / "walk.mp4", "gait", model)


if __name__ == "__main__":
    main()
