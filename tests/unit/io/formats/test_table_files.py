"""The long table, as CSV and Parquet; pandas is the independent reader."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gonio.errors import ConfigError, MediaError
from gonio.io.formats import CsvWriter
from gonio.io.formats.parquet import read_parquet, write_parquet
from gonio.io.formats.table_csv import read_table_csv, write_table_csv
from gonio.structures.frame import Frame
from gonio.structures.poses import Poses
from gonio.structures.sequence import PoseSequence
from gonio.structures.skeleton import load_skeleton

pandas = pytest.importorskip("pandas")
MakeSequence = Callable[..., PoseSequence]


def full(sequence: PoseSequence) -> PoseSequence:
    """With everything that a sequence can hold."""
    shape = sequence.scores.shape
    flags = np.arange(np.prod(shape)).reshape(shape).astype(np.uint8)
    world = np.random.default_rng(3).normal(size=(*shape, 3)).astype(np.float32)
    world[1, 0] = np.nan
    sd = sequence.scores * np.float32(0.7)
    return replace(sequence, keypoint_sd=sd, flags=flags, world=world, history=("filtered", "filled"))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_written_table_by_pandas(tmp_path: Path, make_sequence: MakeSequence, suffix: str) -> None:
    sequence = full(make_sequence(2))
    path = tmp_path / f"a.{suffix}"
    {"csv": write_table_csv, "parquet": write_parquet}[suffix](path, sequence)
    table = pandas.read_csv(path) if suffix == "csv" else pandas.read_parquet(path)
    assert list(table.columns) == [
        *("frame_index", "time_s", "track_id", "keypoint", "x", "y", "z", "score", "unit", "sd", "flags"),
        *("world_x", "world_y", "world_z"),
    ]
    assert len(table) == 5 * 2 * 26
    knee = table[(table.keypoint == "left_knee") & (table.track_id == 2)]
    np.testing.assert_array_equal(knee.time_s, sequence.time_s)
    np.testing.assert_allclose(knee[["x", "y", "z"]], sequence.point("left_knee")[:, 0], rtol=1e-7)
    assert sequence.world is not None
    world = knee[["world_x", "world_y", "world_z"]]
    np.testing.assert_allclose(world, sequence.world[:, 0, sequence.skeleton.index("left_knee")], rtol=1e-6)
    assert set(table.unit) == {"m"}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_read_back(tmp_path: Path, make_sequence: MakeSequence, suffix: str) -> None:
    sequence = full(make_sequence(2, unit="px", d=2))
    path = tmp_path / f"a.{suffix}"
    if suffix == "csv":
        write_table_csv(path, sequence)
        found = read_table_csv(path)
        assert isinstance(found, PoseSequence)
    else:
        write_parquet(path, sequence)
        found = read_parquet(path)
        assert found.history == sequence.history
    for name in ("keypoints", "scores", "time_s", "track_ids", "keypoint_sd", "flags", "world"):
        np.testing.assert_array_equal(getattr(found, name), getattr(sequence, name), err_msg=name)
    assert (found.skeleton.name, found.unit) == ("halpe26", "px")


def test_another_skeleton(tmp_path: Path, make_sequence: MakeSequence) -> None:
    sequence = make_sequence()
    write_parquet(tmp_path / "a.parquet", sequence)
    found = read_parquet(tmp_path / "a.parquet", load_skeleton("coco17"))
    np.testing.assert_array_equal(found.keypoints, sequence.keypoints[:, :, :17])
    table = pandas.read_parquet(tmp_path / "a.parquet")
    table[table.keypoint == "nose"].to_parquet(tmp_path / "nose.parquet")
    with pytest.raises(ConfigError, match="'lsp14' has none"):
        read_parquet(tmp_path / "nose.parquet", load_skeleton("lsp14"))


def test_table_of_predict(tmp_path: Path, make_frame: Callable[..., Frame], make_poses: Callable[..., Poses]) -> None:
    poses = make_poses(2)
    with CsvWriter(tmp_path / "run.csv", skeleton=load_skeleton("coco17")) as out:
        out.write(make_frame(3, 0.12), poses)
        out.write(make_frame(4, 0.16), make_poses(1))
    found = read_table_csv(tmp_path / "run.csv")
    assert isinstance(found, list)
    assert [(len(one), one.frame_index, one.time_s) for one in found] == [(2, 3, 0.12), (1, 4, 0.16)]
    np.testing.assert_allclose(found[0].keypoints, poses.keypoints, atol=6e-4)
    np.testing.assert_allclose(found[0].boxes, poses.boxes, atol=6e-4)
    np.testing.assert_allclose(found[0].person_scores, poses.person_scores, atol=6e-5)
    assert found[0].track_ids is None


def test_tracked_table_of_predict(
    tmp_path: Path, make_frame: Callable[..., Frame], make_poses: Callable[..., Poses]
) -> None:
    with CsvWriter(tmp_path / "run.csv", skeleton=load_skeleton("coco17")) as out:
        out.write(make_frame(3, 0.12), make_poses(2, tracked=True))
        out.write(make_frame(4, 0.16), make_poses(1, tracked=True))
    found = read_table_csv(tmp_path / "run.csv")
    assert isinstance(found, PoseSequence)
    assert found.track_ids.tolist() == [7, 8]
    assert np.isnan(found.keypoints[1, 1]).all()


@pytest.mark.parametrize("tracked", [True, False], ids=["tracked", "not tracked"])
def test_two_videos_in_one_table_are_not_put_into_one(
    tmp_path: Path, make_frame: Callable[..., Frame], make_poses: Callable[..., Poses], tracked: bool
) -> None:
    with CsvWriter(tmp_path / "run.csv", skeleton=load_skeleton("coco17")) as out:
        for name, count in (("a.mp4", 2), ("b.mp4", 1)):
            for index in range(2):
                out.write(make_frame(index, index / 25, name), make_poses(count, tracked=tracked))
    with pytest.raises(MediaError, match=r"it holds 2 films \(a\.mp4, b\.mp4\); keep the rows of one"):
        read_table_csv(tmp_path / "run.csv")


def test_pictures_are_counted_through(
    tmp_path: Path, make_frame: Callable[..., Frame], make_poses: Callable[..., Poses]
) -> None:
    with CsvWriter(tmp_path / "run.csv", skeleton=load_skeleton("coco17")) as out:
        for index, name in enumerate(("a.jpg", "b.jpg")):
            out.write(make_frame(index, None, name), make_poses(2))
    found = read_table_csv(tmp_path / "run.csv")
    assert isinstance(found, list)
    assert [len(poses) for poses in found] == [2, 2]


GOOD = "frame_index,time_s,track_id,keypoint,x,y,score\n0,0.0,1,nose,1,2,0.5\n1,0.1,1,nose,1,2,0.5\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frame_index,x\n1,2\n", "no column time_s, keypoint, y, score"),
        (GOOD.splitlines()[0] + "\n", "its table has no row"),
        (GOOD[:-9], "line 3 has 4 cells, the first has 7"),
        (GOOD.replace("nose,1,2,0.5\n1", "nose,one,2,0.5\n1"), "column x has an odd cell"),
        (GOOD.replace("\n1,0.1", "\n0,0.0"), "two rows are of the same frame"),
        (GOOD.replace("1,0.1", "1,0.0"), "times do not increase"),
        (GOOD.replace("1,0.1,1", "1,0.1,1.5"), "no whole number"),
        (GOOD.replace("score\n", "score,unit\n").replace("0.5\n", "0.5,ft\n"), "column unit has ft"),
        (GOOD.replace("score\n", "score,z\n").replace("0.5\n", "0.5,3\n"), "positions in space .* and no column unit"),
    ],
    ids=["columns", "header alone", "cut", "word", "twice", "times", "track", "unit", "space"],
)
def test_damaged_csv(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(MediaError, match=message):
        read_table_csv(tmp_path / "a.csv")


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more", bytes(range(256))], ids=["empty", "cut", "binary"])
def test_damaged_parquet(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(MediaError, match=r"a\.parquet"):
        read_parquet(tmp_path / "a.parquet")


@pytest.mark.parametrize("tracked", [True, False])
def test_positions_in_metres_of_predict(
    tmp_path: Path, make_frame: Callable[..., Frame], make_poses: Callable[..., Poses], tracked: bool
) -> None:
    """BlazePose estimates them."""
    written = []
    with CsvWriter(tmp_path / "a.csv", skeleton=load_skeleton("coco17")) as out:
        for index, people in enumerate((0, 2, 1)):
            world = np.random.default_rng(index).normal(size=(people, 17, 3)).astype(np.float32)
            world[:1, 3] = np.nan
            written.append(replace(make_poses(people, tracked=tracked), world=world if people else None))
            out.write(make_frame(index, index / 10), written[-1])
    found = read_table_csv(tmp_path / "a.csv")
    if tracked:
        assert isinstance(found, PoseSequence)
        assert found.world is not None
        expected = PoseSequence.from_poses([replace(poses, time_s=i / 10) for i, poses in enumerate(written)][1:]).world
        np.testing.assert_allclose(found.world, np.asarray(expected), atol=6e-5)
        return
    assert isinstance(found, list)
    for poses, one in zip(found, written[1:], strict=True):
        np.testing.assert_allclose(np.asarray(poses.world), np.asarray(one.world), atol=6e-5)


def test_without_positions_in_metres_there_is_no_column(tmp_path: Path, make_sequence: MakeSequence) -> None:
    write_table_csv(tmp_path / "a.csv", make_sequence(1, unit="px", d=2))
    assert "world" not in (tmp_path / "a.csv").read_text().splitlines()[0]
    found = read_table_csv(tmp_path / "a.csv")
    assert isinstance(found, PoseSequence)
    assert found.world is None
