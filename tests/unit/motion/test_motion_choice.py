"""Of several people, whoever does what is asked for."""

from pathlib import Path

import numpy as np
from benchmarks.motion.gait_walker import Gait, walker

from gonio.io.formats.sequence_files import write_sequence
from gonio.motion.analyse import analyse
from gonio.structures.sequence import PoseSequence

STANDS, WALKS = 1, 2


def somebody_stands_in_front(path: Path, *, walks: float = 0.8) -> Path:
    """A walker, and somebody who stands, seen as tall as one and as ``walks``; stored as JSON."""
    going = walker(Gait(), seconds=6, fps=30)
    points = going.keypoints[:, 0].astype(np.float64)
    still = np.repeat(points[20:21] + np.array([400, 0]), len(points), axis=0)
    keypoints = np.stack([still, points * walks], axis=1).astype(np.float32)
    scores = np.repeat(going.scores, 2, axis=1)
    both = PoseSequence(keypoints, scores, going.time_s, np.array([STANDS, WALKS]), going.skeleton)
    write_sequence(path, both)
    return path


def test_gait_is_of_whoever_walks(tmp_path: Path) -> None:
    motion = analyse(somebody_stands_in_front(tmp_path / "two.json"), activity="gait")
    assert motion.analysis.track_id == WALKS
    assert [event.name for event in motion.analysis.events].count("heel_strike") > 5
    (why,) = [line for line in motion.analysis.history if "chosen" in line]
    assert "track 1, more in sight" in why


def test_whoever_is_asked_for_is_measured_whatever_they_do(tmp_path: Path) -> None:
    motion = analyse(somebody_stands_in_front(tmp_path / "two.json"), activity="gait", track_id=STANDS)
    assert (motion.analysis.track_id, motion.analysis.events) == (STANDS, ())


def test_everybody_has_angles_and_does_something(tmp_path: Path) -> None:
    path = somebody_stands_in_front(tmp_path / "two.json")
    for activity in ("angles", "auto"):
        assert analyse(path, activity=activity).analysis.track_id == STANDS


def test_somebody_small_in_the_background_is_not_taken(tmp_path: Path) -> None:
    motion = analyse(somebody_stands_in_front(tmp_path / "two.json", walks=0.3), activity="gait")
    assert motion.analysis.track_id == STANDS


def test_nobody_does_it(tmp_path: Path) -> None:
    motion = analyse(somebody_stands_in_front(tmp_path / "two.json"), activity="push-up")
    assert (motion.analysis.track_id, motion.analysis.repetitions) == (STANDS, ())
