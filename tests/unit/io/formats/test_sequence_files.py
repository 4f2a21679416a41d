"""The one door: each format by its name or first words, and one clear error for what is none."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats import JsonWriter, read_json
from gonio.io.formats.sequence_files import read_keypoints, read_pose_frames, read_sequence, write_sequence
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

MakeSequence = Callable[..., PoseSequence]
MakeFrame = Callable[..., Frame]
MakePoses = Callable[..., Poses]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.csv", "a.parquet", "a.nc", "a.coco.json", "folder"])
def test_two_people_in_pixels(tmp_path: Path, make_sequence: MakeSequence, name: str) -> None:
    sequence = make_sequence(2, unit="px", d=2, skeleton="coco17")
    write_sequence(tmp_path / name, sequence)
    found = read_sequence(tmp_path / name, fps=50, skeleton=sequence.skeleton)
    np.testing.assert_allclose(found.keypoints, sequence.keypoints, atol=6e-4)
    np.testing.assert_allclose(found.scores, sequence.scores, atol=6e-5)
    np.testing.assert_allclose(found.time_s, sequence.time_s)
    assert found.track_ids.tolist() == [2, 5]
    frames = read_pose_frames(tmp_path / name, fps=50)
    assert [len(poses) for poses in frames] == [2] * 5


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.csv", "a.parquet", "a.nc"])
def test_positions_in_metres_beside_pixels(tmp_path: Path, make_sequence: MakeSequence, name: str) -> None:
    sequence = make_sequence(2, unit="px", d=2, skeleton="coco17")
    world = np.random.default_rng(1).normal(size=(*sequence.scores.shape, 3)).astype(np.float32)
    world[2, 0, 3:5] = np.nan
    write_sequence(tmp_path / name, replace(sequence, world=world))
    found = read_sequence(tmp_path / name).world
    np.testing.assert_allclose(np.asarray(found), world, atol=6e-5)
    for step, poses in enumerate(read_pose_frames(tmp_path / name)):
        np.testing.assert_allclose(np.asarray(poses.world), world[step], atol=6e-5)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.nc", "a.trc", "a.c3d", "a.bvh"])
def test_one_person_in_metres(tmp_path: Path, make_sequence: MakeSequence, name: str) -> None:
    """An upright person who faces along x, for markers are turned so that they do."""
    sequence = upright(make_sequence(sure=True))
    write_sequence(tmp_path / name, sequence)
    found = read_sequence(tmp_path / name, skeleton=sequence.skeleton)
    there = np.isfinite(sequence.keypoints)
    np.testing.assert_allclose(found.keypoints[there], sequence.keypoints[there], atol=1e-5)
    assert np.isfinite(found.keypoints[~there]).all() == (name == "a.bvh")  # which has no missing values
    assert (found.unit, found.skeleton.name) == ("m", "halpe26")


def upright(sequence: PoseSequence) -> PoseSequence:
    names = sequence.skeleton.keypoint_names
    lift = np.array([0 if name.endswith(("ankle", "heel", "toe")) else 2 for name in names])
    ahead = np.array([2 if name.endswith("toe") else 0 for name in names])
    return replace(sequence, keypoints=sequence.keypoints + np.stack([ahead, lift, 0 * lift], -1).astype(np.float32))


def test_untracked_people_go_to_a_tracker(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    with JsonWriter(tmp_path / "a.json", model="thunder", skeleton=load_skeleton("coco17")) as out:
        out.write(make_frame(0, 0.0), make_poses(2))
        out.write(make_frame(1, 0.1), make_poses(1))
    with pytest.raises(ConfigError, match="up to 2 people in a frame and no track ids"):
        read_sequence(tmp_path / "a.json")
    assert [len(poses) for poses in read_pose_frames(tmp_path / "a.json")] == [2, 1]


def test_one_untracked_person_is_one_track(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    with JsonWriter(tmp_path / "a.json", model="thunder", skeleton=load_skeleton("coco17")) as out:
        for i, people in enumerate((1, 0, 1)):
            out.write(make_frame(i, i / 10), make_poses(people))
    found = read_sequence(tmp_path / "a.json")
    assert (len(found), found.track_ids.tolist()) == (3, [0])
    assert np.isnan(found.keypoints[1]).all()


def test_pictures_are_no_sequence(tmp_path: Path, make_frame: MakeFrame, make_poses: MakePoses) -> None:
    with JsonWriter(tmp_path / "a.json", model="thunder", skeleton=load_skeleton("coco17")) as out:
        out.write(make_frame(0, None), make_poses(1))
    with pytest.raises(ConfigError, match="pictures without times"):
        read_sequence(tmp_path / "a.json")


def test_written_json_is_the_documented_one(tmp_path: Path, make_sequence: MakeSequence) -> None:
    write_sequence(tmp_path / "a.json", make_sequence(2, unit="px", d=2))
    assert [len(poses) for poses in read_json(tmp_path / "a.json")] == [2] * 5
    record = json.loads((tmp_path / "a.json").read_text())["frames"][0]
    assert record["width"] >= max(x for person in record["people"] for x, _, _ in person["keypoints"])


def test_alphapose_results(tmp_path: Path) -> None:
    result = {"image_id": "7.jpg", "category_id": 1, "keypoints": [1.0, 2.0, 0.5] * 17, "score": 2.5, "idx": 3}
    (tmp_path / "a.json").write_text(json.dumps([result, {**result, "image_id": "9.jpg"}]))
    found = read_sequence(tmp_path / "a.json", fps=10)
    assert (found.time_s.tolist(), found.track_ids.tolist()) == ([0.7, 0.8, 0.9], [3])
    assert np.isnan(found.keypoints[1]).all()


SPORTS2D = (
    "PathFileType\t4\t(X/Y/Z)\trun.trc\nDataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\t"
    "OrigDataStartFrame\tOrigNumFrames\n30\t30\t2\t2\tm\t30\t0\t2\nFrame#\tTime\tHip\t\t\tRBigToe\t\t\t\n"
    "\t\tX1\tY1\tZ1\tX2\tY2\tZ2\n0\t0.0\t500.5\t300.0\t0.0\t620.0\t700.0\t0.0\n1\t0.0333\t510\t300\t0\t\t\t\n"
)


def test_sports2d(tmp_path: Path) -> None:
    """As ``make_trc_with_trc_data`` of its ``process.py`` writes pixels: with m in the header."""
    (tmp_path / "run_Sports2D_px_person00.trc").write_text(SPORTS2D)
    found = read_sequence(tmp_path / "run_Sports2D_px_person00.trc")
    assert (found.unit, found.keypoints.shape, found.skeleton.name) == ("px", (2, 1, 26, 2), "halpe26")
    assert found.point("mid_hip")[0, 0].tolist() == [500.5, 300]
    assert np.isnan(found.point("right_big_toe")[1]).all()
    (tmp_path / "run_Sports2D_m_person00.trc").write_text(SPORTS2D)
    with pytest.raises(MediaError, match="which no person is; correct the unit"):
        read_sequence(tmp_path / "run_Sports2D_m_person00.trc")


@pytest.mark.parametrize(
    ("name", "text", "error", "message"),
    [
        ("a.txt", "hello", MediaError, "no file of keypoints that is known; known are .json"),
        ("a.mot", "hello", MediaError, "holds angles or forces, not keypoints"),
        ("a.json", '{"people": []}', MediaError, "one frame of OpenPose; give the folder"),
        ("a.json", "{", MediaError, "is not JSON"),
        ("a.json", '{"format": "gonio.analysis"}', MediaError, "is a gonio.analysis, numbers and no keypoints"),
        ("a.json", "", MediaError, "0 bytes"),
        ("a.csv", "a,b\n1,2\n", MediaError, "not those of landmarks"),
        ("a.trc", SPORTS2D.replace("Hip", "M1").replace("RBigToe", "M2"), ConfigError, "say with a marker map"),
    ],
    ids=["suffix", "angles", "OpenPose frame", "cut", "record", "empty", "other table", "markers"],
)
def test_what_is_none(tmp_path: Path, name: str, text: str, error: type[Exception], message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(error, match=message):
        read_sequence(tmp_path / name)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.csv", "a.parquet"])
def test_a_frame_rate_beside_times_is_not_used_and_that_is_said(
    tmp_path: Path, make_sequence: MakeSequence, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    sequence = make_sequence(unit="px", d=2)
    write_sequence(tmp_path / name, sequence)
    np.testing.assert_allclose(read_sequence(tmp_path / name, fps=7).time_s, sequence.time_s)
    assert "has a time for each frame; the frame rate of 7 is not used" in caplog.text


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no file"):
        read_sequence(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([0.0, 0.1, 0.1], "frame 2 of 3 is at 0.1 s after 0.1 s"),
        ([0.0, 0.1, 0.0], "frame 2 of 3 is at 0 s after 0.1 s; is it of several videos"),
        ([0.0, 33.0, 67.0], "its frames are 33.5 s apart; times are in seconds; are these milliseconds"),
    ],
    ids=["twice", "back", "milliseconds"],
)
def test_times_that_are_not_of_one_film(
    tmp_path: Path, make_poses: MakePoses, make_frame: MakeFrame, times: list[float], message: str
) -> None:
    with JsonWriter(tmp_path / "a.json", model="m", skeleton=load_skeleton("coco17")) as writer:
        for index, time_s in enumerate(times):
            writer.write(make_frame(index, time_s), make_poses(1, tracked=True))
    with pytest.raises(MediaError, match=message):
        read_keypoints(tmp_path / "a.json")


@pytest.mark.parametrize("suffix", [".trc", ".c3d"])
def test_a_flat_figure_in_metres_stays_flat(tmp_path: Path, make_sequence: MakeSequence, suffix: str) -> None:
    """Gonio and Sports2D write a film in metres with z = 0: whoever goes left there must not be turned round."""
    if suffix == ".c3d":
        pytest.importorskip("ezc3d")
    sequence = make_sequence(unit="m", d=2, sure=True)
    up = sequence.keypoints.copy()
    up[:, :, [sequence.skeleton.index(f"{side}_{part}") for side in ("left", "right") for part in ("ankle", "heel",
              "big_toe")], 1] -= 1.5  # fmt: skip
    sequence = replace(sequence, keypoints=up)
    write_sequence(tmp_path / f"a{suffix}", sequence)
    found = read_sequence(tmp_path / f"a{suffix}", skeleton=sequence.skeleton)
    assert (found.unit, found.keypoints.shape) == ("m", sequence.keypoints.shape)
    np.testing.assert_allclose(found.keypoints, sequence.keypoints, atol=1e-6)
    assert "flat, seen along z, right along x, up along y" in found.history[0]


def test_zeros_of_lost_markers_are_missing(tmp_path: Path) -> None:
    (tmp_path / "run_px_.trc").write_text(SPORTS2D.replace("510\t300\t0\t\t\t", "0\t0\t0\t615\t700\t0"))
    found = read_sequence(tmp_path / "run_px_.trc")
    assert np.isnan(found.point("mid_hip")[1]).all()
    assert np.isfinite(found.point("right_big_toe")).all()


def test_what_does_not_fit(tmp_path: Path, make_sequence: MakeSequence) -> None:
    with pytest.raises(ConfigError, match=r"no format for sequences ends in '.xlsx'"):
        write_sequence(tmp_path / "a.xlsx", make_sequence())
    for name in ("a.json", "a.coco.json", "folder"):
        with pytest.raises(ConfigError, match="in pixels, got a sequence in metres"):
            write_sequence(tmp_path / name, make_sequence())
    strange = replace(make_sequence(unit="px", d=2), skeleton=replace(load_skeleton("halpe26"), name="mine"))
    with pytest.raises(ConfigError, match="a skeleton that ships, not 'mine'"):
        write_sequence(tmp_path / "a.json", strange)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.trc", "a.csv", "a.parquet", "a.nc", "a.c3d", "a.bvh"])
def test_a_failed_write_leaves_the_older_file(tmp_path: Path, make_sequence: MakeSequence, name: str) -> None:
    """A folder in the way stands for any trouble; nothing half-written stays."""
    (tmp_path / name).mkdir()
    with pytest.raises(MediaError, match="it is a folder"):
        write_sequence(tmp_path / name, make_sequence())
    assert [path.name for path in tmp_path.iterdir()] == [name]
