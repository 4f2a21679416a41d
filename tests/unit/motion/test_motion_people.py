"""Whom an analysis is about, and files of people whom nobody has tracked yet."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats.openpose import write_openpose
from gonio.io.formats.sequence_files import write_sequence
from gonio.io.sources.base import Selection
from gonio.motion.analyse import analyse
from gonio.motion.people import main_people, prepare, read_people, with_person
from gonio.motion.record import file_hash
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

COCO = load_skeleton("coco17")
FIGURE = np.random.default_rng(3).uniform(0, 1, (17, 2)) * (0.4, 1.0)
"""Somebody one unit tall."""


def people(*heights_px: float, steps: int = 40) -> PoseSequence:
    """People who stand side by side, 200 px apart, with ids from 1."""
    keypoints = np.stack([FIGURE * height + (200 * n, 50) for n, height in enumerate(heights_px)])
    shape = (steps, len(heights_px), 17)
    return PoseSequence(
        np.broadcast_to(keypoints, (*shape, 2)).astype(np.float32),
        np.full(shape, 0.9, np.float32),
        np.arange(steps) / 30,
        np.arange(len(heights_px)) + 1,
        COCO,
    )


def test_the_largest_who_stays_is_measured() -> None:
    assert main_people(people(150, 300, 200))[0] == 2
    passing = people(150, 300, 200)
    scores = passing.scores.copy()
    keypoints = passing.keypoints.copy()
    keypoints[5:, 1], scores[5:, 1] = np.nan, 0
    assert main_people(replace(passing, keypoints=keypoints, scores=scores))[0] == 3


def test_those_who_are_as_prominent_come_in_order() -> None:
    assert main_people(people(150, 300, 200, 40)) == [2, 3, 1]


def test_nobody_is_an_error() -> None:
    nobody = people(150)
    with pytest.raises(MediaError, match="nobody to measure"):
        main_people(replace(nobody, keypoints=np.full_like(nobody.keypoints, np.nan)))


def test_the_others_stay_as_they_were() -> None:
    everyone = people(150, 300)
    person = prepare(everyone.person(2))
    together = with_person(everyone, person)
    np.testing.assert_array_equal(together.keypoints[:, 0], everyone.keypoints[:, 0])
    np.testing.assert_array_equal(together.keypoints[:, 1], person.keypoints[:, 0])
    assert person.keypoint_sd is not None
    assert np.isfinite(person.keypoint_sd).all()
    assert any("left and right" in line for line in together.history)


def test_the_persons_own_positions_in_metres_are_taken_over() -> None:
    plain = people(150, 300)
    everyone = replace(plain, world=np.zeros((*plain.scores.shape, 3), np.float32))
    person = everyone.person(2)
    together = with_person(
        everyone, replace(person, world=np.ones((len(person), 1, *plain.scores.shape[2:], 3), np.float32))
    )
    assert together.world is not None
    assert together.world[:, 0].max() == 0
    assert together.world[:, 1].min() == 1


def test_people_without_ids_are_tracked_first(tmp_path: Path) -> None:
    """A file as ``gonio predict`` writes it, of two people whom nobody has told apart."""
    tracked = people(150, 300)
    write_sequence(tmp_path / "poses.json", tracked)
    text = (tmp_path / "poses.json").read_text()
    (tmp_path / "poses.json").write_text(
        text.replace('"track_id":1', '"track_id":null').replace('"track_id":2', '"track_id":null')
    )
    found = read_people(tmp_path / "poses.json")
    assert len(found.track_ids) == 2
    largest = found.person(main_people(found)[0])
    np.testing.assert_allclose(np.nanmax(largest.keypoints[..., 1]), FIGURE[:, 1].max() * 300 + 50, atol=1)


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl", ".parquet", ".nc", ".trc"])
def test_a_part_of_a_file_keeps_its_times(tmp_path: Path, suffix: str) -> None:
    stored = people(150, steps=40)
    if suffix == ".trc":
        stored = replace(stored, keypoints=np.pad(stored.keypoints / 150, [(0, 0)] * 3 + [(0, 1)]), unit="m")
    write_sequence(tmp_path / f"poses{suffix}", stored)
    part = read_people(tmp_path / f"poses{suffix}", part=Selection(0.2, 1.0))
    np.testing.assert_allclose(part.time_s, np.arange(6, 30) / 30, atol=1e-4)


def test_a_part_of_a_file_that_counts_frames_is_by_the_frame_rate(tmp_path: Path) -> None:
    write_openpose(tmp_path / "frames", people(150, steps=40))
    part = read_people(tmp_path / "frames", fps=20, part=Selection(end_s=0.25))
    np.testing.assert_allclose(part.time_s, np.arange(5) / 20)


def test_who_is_not_in_the_part_is_nobody(tmp_path: Path) -> None:
    both = people(150, 300)
    keypoints, scores = both.keypoints.copy(), both.scores.copy()
    keypoints[10:, 1], scores[10:, 1] = np.nan, 0
    write_sequence(tmp_path / "poses.csv", replace(both, keypoints=keypoints, scores=scores))
    assert read_people(tmp_path / "poses.csv", part=Selection(0.5)).track_ids.tolist() == [1]


def test_a_part_without_frames_is_an_error_with_the_length(tmp_path: Path) -> None:
    write_sequence(tmp_path / "poses.csv", people(150, steps=40))
    with pytest.raises(MediaError, match=r"no frame of .* lies in the part .*: it goes from 0\.00 s to 1\.30 s"):
        analyse(tmp_path / "poses.csv", activity="angles", start_s=5)
    with pytest.raises(ConfigError, match="put the end after the start"):
        analyse(tmp_path / "poses.csv", activity="angles", start_s=1, end_s=0.5)


def test_the_history_says_which_part_and_long_steps_say_how_far_they_are(tmp_path: Path) -> None:
    write_sequence(tmp_path / "poses.csv", people(150, steps=160))
    told: list[tuple[str, int, int]] = []
    motion = analyse(
        tmp_path / "poses.csv",
        activity="angles",
        start_s=1,
        end_s=5,
        on_step=lambda step, done, total: told.append((step, done, total)),
    )
    assert motion.sequence.history[0] == "only the part from 1 s to 5 s"
    assert motion.analysis.series[0].time_s[0] == 1.0
    assert {step for step, _, _ in told} == {"cleaning", "measuring"}
    cleaned = [done for step, done, _ in told if step == "cleaning"]
    assert cleaned == sorted(cleaned)
    assert len(set(cleaned)) > 3
    assert told[-2:] == [("cleaning", 120, 120), ("measuring", 0, 120)]


def test_what_does_not_go_together(tmp_path: Path) -> None:
    write_sequence(tmp_path / "poses.csv", people(150))
    with pytest.raises(ConfigError, match="no activity named 'sqaut'; did you mean 'squat'"):
        analyse(tmp_path / "poses.csv", activity="sqaut")
    with pytest.raises(ConfigError, match="no track 9; the tracks are"):
        analyse(tmp_path / "poses.csv", activity="angles", track_id=9)
    with pytest.raises(ConfigError, match="a marker map goes with files of markers"):
        analyse("run.mp4", activity="angles", marker_map=tmp_path / "map.yaml")
    with pytest.raises(ConfigError, match=r"a frame rate and a size go with files of keypoints; 'run\.mp4' is a video"):
        analyse("run.mp4", activity="angles", fps=50)
    with pytest.raises(ConfigError, match=r"'run\.npz' is none that is known by its end; they end in \.json, "):
        analyse("run.npz", activity="angles", fps=50)
    motion = analyse(tmp_path / "poses.csv", activity="angles")
    assert (motion.model, motion.analysis.activity) == (None, "angles")


def test_the_hash_of_a_folder_is_that_of_its_frames(tmp_path: Path) -> None:
    (tmp_path / "x_1_keypoints.json").write_text("{}")
    before = file_hash(str(tmp_path))
    (tmp_path / "notes.txt").write_text("beside them")
    assert file_hash(str(tmp_path)) == before
    (tmp_path / "x_1_keypoints.json").write_text("[]")
    assert file_hash(str(tmp_path)) not in (before, None)
    assert file_hash(str(tmp_path / "nowhere")) is None
