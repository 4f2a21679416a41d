"""Of several people, whoever does what is asked for."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.motion.gait_walker import Gait, walker

from gonio.analysis.result import Analysis, Event, Measure, Repetition
from gonio.io.formats.sequence_files import write_sequence
from gonio.motion.analyse import analyse
from gonio.motion.choice import found, whoever_does_it
from gonio.structures.sequence import PoseSequence

FIRST, SECOND = 1, 2
RUN = Gait(stride_s=0.7, stance=0.35, speed=3.5)


def two_people(path: Path, first: PoseSequence, second: PoseSequence, *, size: float = 0.8) -> Path:
    """Both in one clip, the second seen ``size`` times as tall as the first; stored as JSON."""
    one, other = (sequence.keypoints[:, 0].astype(np.float64) for sequence in (first, second))
    metres = np.stack([one, other * size + (9, 0)], axis=1)
    keypoints = (metres * (200, -200) + (300, 500)).astype(np.float32)  # px, down
    scores = np.concatenate([first.scores, second.scores], axis=1)
    both = PoseSequence(keypoints, scores, first.time_s, np.array([FIRST, SECOND]), first.skeleton)
    write_sequence(path, both)
    return path


def standing(*, frontal: bool = False) -> PoseSequence:
    going = walker(seconds=6, fps=30)
    points = np.repeat(going.keypoints[20:21], len(going), axis=0)
    if frontal:
        side = [0.2 * (("left" in name) - ("right" in name)) for name in going.skeleton.keypoint_names]
        points[:, 0, :, 0] = points[:, 0, :, 0].mean() + np.array(side, np.float32)
    return replace(going, keypoints=points)


@pytest.fixture
def stands_in_front(tmp_path: Path) -> Path:
    return two_people(tmp_path / "two.json", standing(), walker(seconds=6, fps=30))


def test_gait_is_of_whoever_walks(stands_in_front: Path) -> None:
    motion = analyse(stands_in_front, activity="gait")
    assert motion.analysis.track_id == SECOND
    assert [event.name for event in motion.analysis.events].count("heel_strike") > 5
    assert any(one.text.startswith("Track 1 is more in sight") for one in motion.analysis.findings)


def test_somebody_who_stands_and_faces_the_camera_does_not_walk(tmp_path: Path) -> None:
    path = two_people(tmp_path / "two.json", standing(frontal=True), walker(seconds=6, fps=30))
    assert analyse(path, activity="gait").analysis.track_id == SECOND


def test_whoever_walks_does_not_run(tmp_path: Path) -> None:
    path = two_people(tmp_path / "two.json", walker(seconds=6, fps=30), walker(RUN, seconds=6, fps=30))
    assert analyse(path, activity="running").analysis.track_id == SECOND
    assert analyse(path, activity="gait").analysis.track_id == FIRST


def test_whoever_is_asked_for_is_measured_whatever_they_do(stands_in_front: Path) -> None:
    motion = analyse(stands_in_front, activity="gait", track_id=FIRST)
    assert (motion.analysis.track_id, motion.analysis.events) == (FIRST, ())


@pytest.mark.parametrize("activity", ["angles", "auto"])
def test_everybody_has_angles_and_does_something(stands_in_front: Path, activity: str) -> None:
    assert analyse(stands_in_front, activity=activity).analysis.track_id == FIRST


def test_somebody_small_in_the_background_is_not_taken(tmp_path: Path) -> None:
    path = two_people(tmp_path / "two.json", standing(), walker(seconds=6, fps=30), size=0.3)
    assert analyse(path, activity="gait").analysis.track_id == FIRST


def test_nobody_does_it(stands_in_front: Path) -> None:
    steps: list[str] = []
    motion = analyse(stands_in_front, activity="push-up", on_step=lambda name, done, of: steps.append(name))
    assert (motion.analysis.track_id, motion.analysis.repetitions) == (FIRST, ())
    assert any("(tracks 1, 2) does what was asked for" in one.text for one in motion.analysis.findings)
    assert {"cleaning", "cleaning track 2", "measuring track 2"} <= set(steps)


def chosen(activity: str, analyses: Sequence[Analysis]) -> tuple[int, int]:
    """Whose analysis is taken, and how many were measured; ids are places in the list."""
    asked: list[int] = []

    def measured(track: int) -> tuple[Analysis, PoseSequence]:
        asked.append(track)
        return analyses[track], standing()

    analysis, _ = whoever_does_it(activity, range(len(analyses)), measured)
    return analysis.track_id, len(asked)


def squats(track: int, count: int) -> Analysis:
    done = tuple(Repetition(float(i), i + 0.5, i + 1.0, "both", 30.0, 1.0) for i in range(count))
    return Analysis("squat", track, repetitions=done)


def test_one_who_does_it_once_gives_way_to_one_who_does_it_again_and_again() -> None:
    assert chosen("squat", [squats(0, 1), squats(1, 6)]) == (1, 2)
    assert chosen("squat", [squats(0, 1), squats(1, 1)]) == (0, 2)
    assert chosen("squat", [squats(0, 2), squats(1, 6)]) == (0, 1)
    assert chosen("my-own.yaml", [squats(0, 0), squats(1, 1)]) == (1, 2)


def test_at_most_three_are_tried() -> None:
    assert chosen("squat", [squats(n, 0) for n in range(8)]) == (0, 3)


def test_what_counts_as_found() -> None:
    top = Event("top", 1.0, sd_s=0.01)
    assert found(Analysis("golf", 1, events=(top,)), "golf") > 0
    assert found(Analysis("golf", 1), "golf") == 0
    assert found(Analysis("plank", 1, events=(top,)), "plank") > 0  # a hold
    assert found(Analysis("sway", 1, measures=(Measure("sway", 1.0, 0.1, "m"),)), "sway") > 0  # another package's
    assert found(Analysis("gait", 1, measures=(Measure("cadence", float("nan"), 0.1, "steps/min"),)), "gait") == 0
